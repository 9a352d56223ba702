"""Routes for score files: read into a document, written from one."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from visinger.phrasing.ds_writer import write_ds
from visinger.phrasing.labels import LABELS, write_labels
from visinger.score.formats.json_score import document_of
from visinger.score.score import Score
from visinger.score.writing import write
from visinger.serving.jobs import Job
from visinger.serving.requests import ScoreReply, SongRequest
from visinger.serving.services import Services
from visinger.serving.songs import Songs, read_upload
from visinger.voices.voice import sung_parts

Written = Literal["musicxml", "mid", "ust", "ustx", "json", "ds", "lab", "TextGrid"]
SCORE_FILE: dict[str, Any] = {
    "required": True,
    "description": "the file's bytes, as they are",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_MEDIA_TYPES = {
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "mid": "audio/midi",
    "json": "application/json",
    "ds": "application/json",
}
_OTHER = "application/octet-stream"
_MOST_HEADER_BYTES = 4000

FileName = Annotated[
    str, Query(max_length=255, description="the file's name; its suffix tells the format", examples=["song.musicxml"])
]
Verse = Annotated[int | None, Query(ge=1, le=999, description="sing this verse throughout")]


def add_routes(app: FastAPI, services: Services) -> None:
    """POST /v1/scores and /v1/convert."""

    @app.post(
        "/v1/scores",
        tags=["scores"],
        summary="A score file as a score document",
        response_class=Response,
        responses={200: {"model": ScoreReply}},
        openapi_extra={"requestBody": SCORE_FILE},
    )
    async def read(request: Request, name: FileName, verse: Verse = None) -> Response:
        content = await request.body()

        def task(_job: Job) -> Response:
            score = read_upload(content, name, verse=verse)
            reply = {"score": document_of(score), "doubts": list(score.doubts), "sung_parts": list(sung_parts(score))}
            return Response(_text(reply), media_type="application/json", headers={"Cache-Control": "no-store"})

        return await services.stage.result(request, task)

    @app.post(
        "/v1/convert",
        tags=["scores"],
        summary="A song in another format",
        response_class=Response,
        responses={200: {"description": "The file. `X-Warnings` is a JSON list of what it cannot hold.", "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in {*_MEDIA_TYPES.values(), _OTHER}
        }}},
    )  # fmt: skip
    async def convert(request: Request, song: SongRequest, to: Annotated[Written, Query()]) -> Response:
        def task(_job: Job) -> Response:
            content, warnings = converted(services.songs, song, to)
            title = str(song.score.get("title") or "song")[:100]
            headers = {
                "Cache-Control": "no-store",
                "Content-Disposition": f"attachment; filename*=UTF-8''{_quoted(title)}.{to}",
                "X-Warnings": _header_list(warnings),
            }
            return Response(content, media_type=_MEDIA_TYPES.get(to, _OTHER), headers=headers)

        return await services.stage.result(request, task)


def converted(songs: Songs, song: SongRequest, to: Written) -> tuple[bytes, tuple[str, ...]]:
    """The file's bytes, and what the format cannot hold.

    Labels and DiffSinger's scripts are written from the performance, with its
    moved boundaries; the others from the score, with the pitch that is drawn in it.
    """
    suffix = f".{to}".lower()
    performed = songs.performed(song) if suffix in (*LABELS, ".ds") or song.transpose == "auto" else None
    score = performed.score if performed is not None else _named(song.read_score(), song.language)
    semitones = performed.semitones if performed is not None else int(song.transpose)
    score = score.transposed(semitones) if semitones else score
    with tempfile.TemporaryDirectory(prefix="visinger-") as folder:
        path = Path(folder) / f"song.{to}"
        warnings: tuple[str, ...] = ()
        if suffix in LABELS:
            assert performed is not None
            write_labels(path, performed.performance, score.parts[song.part])
        elif suffix == ".ds":
            assert performed is not None
            write_ds(path, score, part=song.part, performance=performed.performance)
        else:
            warnings = write(path, score)
        return path.read_bytes(), tuple(warning.replace(str(path), path.name) for warning in warnings)


def _named(score: Score, language: str) -> Score:
    return replace(score, language=language) if language else score


def _text(value: object) -> bytes:
    """JSON in ASCII: whatever a file smuggled into its words can be sent."""
    return json.dumps(value, separators=(",", ":")).encode()


def _quoted(title: str) -> str:
    return quote(title.encode("utf-8", "replace"), safe="")


def _header_list(warnings: tuple[str, ...]) -> str:
    """As many of the warnings as a header may hold."""
    kept = list(warnings)
    while len(text := json.dumps(kept)) > _MOST_HEADER_BYTES:
        kept.pop()
    return text
