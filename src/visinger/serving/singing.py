"""Routes that sing: a song performed, a song rendered, a score file sung at once."""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Header, Query, Request
from fastapi.responses import Response

from visinger.serving.converting import SCORE_FILE
from visinger.serving.formats import MEDIA_TYPES, Format, encoder
from visinger.serving.jobs import Job
from visinger.serving.requests import PerformanceReply, RenderRequest, SingQuery, SongRequest
from visinger.serving.services import Services
from visinger.serving.songs import PerformedSong, read_upload
from visinger.serving.streaming import Opened
from visinger.serving.stretches import Stretch, sound_kept
from visinger.voices import singing

JobId = Annotated[
    str | None,
    Header(alias="X-Job-Id", description="an id of your own for the job: 8–64 of A-Za-z0-9_-"),
]
_SOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sound, streamed while it is made; `X-Samples` at `X-Sample-Rate-Hz` in all",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in set(MEDIA_TYPES.values())},
    }
}


def add_routes(app: FastAPI, services: Services) -> None:
    """POST /v1/perform, /v1/render, /v1/sing."""
    stage = services.stage

    @app.post(
        "/v1/perform",
        tags=["singing"],
        summary="How a voice means to sing a song",
        response_class=Response,
        responses={200: {"model": PerformanceReply}},
    )
    async def perform(request: Request, song: SongRequest, _job_id: JobId = None) -> Response:
        def task(job: Job) -> Response:
            performed = services.songs.performed(song)
            job.seconds = job.done_seconds = performed.seconds
            text = json.dumps(performed.as_json(), ensure_ascii=False, separators=(",", ":"))
            return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})

        return await stage.result(request, task)

    @app.post(
        "/v1/render",
        tags=["singing"],
        summary="The sound of a song, or of one stretch of it",
        response_class=Response,
        responses=_SOUND,
    )
    async def render(request: Request, song: RenderRequest, _job_id: JobId = None) -> Response:
        def opening(job: Job) -> Opened:
            performed = services.songs.performed(song)
            stretches = performed.stretches if song.phrase is None else (performed.stretch(song.phrase),)
            return _opened(services, performed, stretches, song.format, job)

        return await stage.stream(request, opening)

    _add_sing(app, services)


def _add_sing(app: FastAPI, services: Services) -> None:
    @app.post(
        "/v1/sing",
        tags=["singing"],
        summary="A score file, sung",
        response_class=Response,
        responses=_SOUND,
        openapi_extra={"requestBody": SCORE_FILE},
    )
    async def sing(request: Request, wished: Annotated[SingQuery, Query()], _job_id: JobId = None) -> Response:
        content = await request.body()

        def opening(job: Job) -> Opened:
            score = read_upload(content, wished.name, verse=wished.verse)
            (part,) = singing.chosen_parts(score, wished.part)[:1]
            performed = services.songs.perform(score, wished.song(part))
            return _opened(services, performed, performed.stretches, wished.format, job)

        return await services.stage.stream(request, opening)


def _opened(services: Services, song: PerformedSong, stretches: tuple[Stretch, ...], name: Format, job: Job) -> Opened:
    """The sound of some of a song's stretches, in the format asked for."""
    performance = song.performance
    spans = [stretch.span(performance) for stretch in stretches]
    samples = sum(last - first for first, last in spans)
    rate = performance.sample_rate_hz
    job.seconds = samples / rate
    encoding = encoder(name, sample_rate_hz=rate, samples=samples)

    def pieces() -> Iterator[bytes]:
        try:
            for stretch in stretches:
                for block in sound_kept(stretch, performance, song.voice, services.rendered):
                    job.go_on()
                    job.done_seconds += len(block) / rate  # before it is heard: who hears it may ask at once
                    services.metrics.sung.inc(len(block) / rate)
                    yield encoding.feed(block)
            yield encoding.finish()
        finally:
            encoding.abandon()

    headers = {"X-Samples": str(samples), "X-Sample-Rate-Hz": str(rate), "X-Voice": quote(song.voice.name)}
    return Opened(MEDIA_TYPES[name], encoding.length_bytes, pieces(), headers)
