"""Refusals as the API gives them: one JSON form for all, with place, problem and remedy; never a traceback."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from visinger.errors import OutputError, VisingerError

_SEE = "see the API's documentation at /docs"


class Detail(BaseModel):
    """What is wrong, where, and what to do about it."""

    problem: str = Field(examples=["the lyric 'qq' cannot be spelled"])
    where: str = Field(examples=["song.musicxml, bar 3, beat 2"])
    remedy: str = Field(examples=["write a syllable of the language"])


class Problem(BaseModel):
    """The body of every refusal."""

    detail: Detail


REFUSALS: dict[int | str, dict[str, object]] = {
    "4XX": {"model": Problem, "description": "The request was refused: what is wrong, where, and what to do"}
}


class RefusedError(VisingerError):
    """A request that is refused with a status of its own."""

    def __init__(
        self, status: HTTPStatus, problem: str, *, where: str = "", remedy: str = "", retry_seconds: int | None = None
    ) -> None:
        super().__init__(problem, where=where, remedy=remedy)
        self.status = status
        self.retry_seconds = retry_seconds


def status_of(error: VisingerError) -> HTTPStatus:
    """4xx for all that a caller can mend; only a disk of ours that refuses is our own fault."""
    if isinstance(error, RefusedError):
        return error.status
    if isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.UNPROCESSABLE_ENTITY


def body_of(error: VisingerError) -> dict[str, dict[str, str]]:
    """The documented form of a refusal."""
    return {"detail": {"problem": error.problem, "where": error.where, "remedy": error.remedy}}


def response_to(error: VisingerError) -> JSONResponse:
    """The refusal as a response."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, RefusedError) and error.retry_seconds is not None:
        headers["Retry-After"] = str(error.retry_seconds)
    if status_of(error) == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(_sendable(body_of(error)), status_of(error), headers)


def _sendable(body: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Half surrogate pairs, which a request may bring into a message, cannot be sent as UTF-8."""
    return {
        key: {name: text.encode("utf-8", "replace").decode() for name, text in entry.items()}
        for key, entry in body.items()
    }


def answer_problems(app: FastAPI) -> None:
    """Make the application answer every refusal, its own and the framework's, in this form."""

    @app.exception_handler(VisingerError)
    async def _refused(_request: Request, error: VisingerError) -> JSONResponse:
        return response_to(error)

    @app.exception_handler(RequestValidationError)
    async def _malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0] if error.errors() else {"msg": "malformed", "loc": ()}
        return response_to(
            RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                str(first["msg"]),
                where=_place(first["loc"]),
                remedy=_SEE,
            )
        )

    @app.exception_handler(HTTPException)
    async def _framework(_request: Request, error: HTTPException) -> JSONResponse:
        response = response_to(RefusedError(HTTPStatus(error.status_code), str(error.detail), remedy=_SEE))
        response.headers.update(error.headers or {})
        return response


def _place(location: Sequence[object]) -> str:
    return " → ".join(str(step) for step in location)
