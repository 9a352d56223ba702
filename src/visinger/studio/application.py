"""The studio's page and its projects, on top of the public API.

GET    /, /main.js …            the page: files of a table made at the start, never joined to a folder
GET    /studio/projects         the songs kept here, the latest first
GET    /studio/projects/{id}    {"revision", "project"}
PUT    /studio/projects/{id}    {"base_revision", "project"} → {"revision"}; 409 when another has saved meanwhile
DELETE /studio/projects/{id}
"""

import re
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel, ConfigDict, Field

from visinger.serving.problems import REFUSALS, RefusedError
from visinger.studio.projects import Projects

PAGE = Path(__file__).with_name("page")
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",  # an upgraded studio is there at the next load
}
LATEST_REVISION = 2**53
_MODULE = re.compile(r"[a-z0-9_]+\.[a-z]+")


class ProjectRequest(BaseModel):
    """A project to keep."""

    model_config = ConfigDict(extra="forbid")

    base_revision: Annotated[int, Field(ge=0, le=LATEST_REVISION, description="the revision the work began from")]
    project: Annotated[dict[str, Any], Field(description="what the page saves: the score and how it is to be sung")]


class ProjectKept(BaseModel):
    """Which revision is kept now."""

    revision: int


class ProjectSummary(BaseModel):
    """One song of the list."""

    id: str
    title: str
    notes: int
    changed: Annotated[float, Field(description="seconds since 1970")]


class ProjectList(BaseModel):
    """The songs kept here."""

    projects: list[ProjectSummary]


def page_paths() -> tuple[str, ...]:
    """Every address of the page's own files, for whoever must let them pass without a token."""
    return ("/", *(f"/{name}" for name in _files()))


def mount(app: FastAPI, projects: Projects) -> FastAPI:
    """Give the application the page and the routes of projects; returns it."""
    app.include_router(_project_routes(projects))
    files = _files()
    for name, path in {"": files["index.html"], **files}.items():
        app.add_api_route(f"/{name}", _sender(path), include_in_schema=False, response_class=Response)
    return app


def _files() -> dict[str, Path]:
    return {
        path.name: path
        for path in sorted(PAGE.iterdir())
        if path.suffix in MEDIA_TYPES and _MODULE.fullmatch(path.name) and path.is_file()
    }


def _sender(path: Path) -> Any:
    def send() -> Response:
        return Response(path.read_bytes(), media_type=MEDIA_TYPES[path.suffix], headers=HEADERS)

    return send


def _project_routes(projects: Projects) -> APIRouter:
    router = APIRouter(prefix="/studio", tags=["studio"], responses=REFUSALS)
    fresh = {"Cache-Control": "no-store"}

    @router.get("/projects", summary="The songs kept here")
    def listed(response: Response) -> ProjectList:
        response.headers.update(fresh)
        return ProjectList(projects=[ProjectSummary(**asdict(one)) for one in projects.summaries()])

    @router.get("/projects/{identity}", summary="One song, as it was saved last")
    def read(identity: str) -> Response:
        text = projects.read(identity)
        if text is None:
            raise _unknown(identity)
        return Response(text, media_type="application/json", headers=fresh)

    @router.put("/projects/{identity}", summary="Keep a song")
    def write(identity: str, body: ProjectRequest) -> ProjectKept:
        return ProjectKept(revision=projects.write(identity, body.project, base_revision=body.base_revision))

    @router.delete("/projects/{identity}", summary="Forget a song", status_code=HTTPStatus.NO_CONTENT)
    def remove(identity: str) -> None:
        if not projects.remove(identity):
            raise _unknown(identity)

    return router


def _unknown(identity: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.NOT_FOUND, "this song is not kept here", where=identity, remedy="see GET /studio/projects"
    )
