"""VOICEVOX' singing endpoints, written from what its editor and OpenUtau's client send and read.

Talking is not offered: `/speakers` is empty. Refusals are `{"detail": text}` with
status 400, 404 for a singer that is not here, 429 when too many wait.
"""

import io
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import soundfile
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from visinger.audio import Wave
from visinger.errors import VisingerError
from visinger.serving.jobs import CancelledWorkError, Jobs, Lane
from visinger.serving.problems import RefusedError
from visinger.serving.settings import Settings
from visinger.serving.shelf import Shelf
from visinger.serving.voicevox import messages
from visinger.serving.voicevox.cast import Cast, Member
from visinger.serving.voicevox.doors import EditorDoor
from visinger.serving.voicevox.manifest import (
    PICTURES_PATH,
    SAMPLE_RATE_HZ,
    engine_version,
    manifest,
    singer_details,
    singer_message,
)
from visinger.serving.voicevox.messages import QueryMessage, ScoreAndQueryMessage, ScoreMessage
from visinger.serving.voicevox.pictures import icon, portrait

T = TypeVar("T")
Style = Annotated[int, Query(alias="speaker", description="a style's id")]
Uuid = Annotated[str, Query(max_length=64)]


class UnknownError(VisingerError):
    """What was asked for is not here."""


class Stage:
    """The server's own lanes, so that what it says of its line counts these requests too."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def asked(self, task: Callable[[], T]) -> T:
        """What a task for someone at a screen gives; RefusedError rather than wait in a line that is full."""
        return await self._done(self._jobs.reading, task)

    async def sung(self, task: Callable[[], T]) -> T:
        """What a task that makes sound gives; RefusedError as above."""
        return await self._done(self._jobs.singing, task)

    async def _done(self, lane: Lane, task: Callable[[], T]) -> T:
        job = self._jobs.open(lane, None)
        async with self._jobs.turn(job):
            return await self._jobs.work(job, task)


class _PlainRefusals(APIRoute):
    """Answers refusals as the clients read them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(step) for step in first["loc"])
                return _refusal(HTTPStatus.BAD_REQUEST, f"{place}: {first['msg']}")
            except UnknownError as error:
                return _refusal(HTTPStatus.NOT_FOUND, str(error))
            except CancelledWorkError:
                return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the engine is stopping")
            except RefusedError as error:
                return _refusal(error.status, str(error), retry_seconds=error.retry_seconds)
            except VisingerError as error:
                return _refusal(HTTPStatus.BAD_REQUEST, str(error))

        return answered


def _refusal(status: HTTPStatus, text: str, *, retry_seconds: int | None = None) -> JSONResponse:
    """Half surrogate pairs, which a request may bring into a message, cannot be sent as UTF-8."""
    headers = None if retry_seconds is None else {"retry-after": str(retry_seconds)}
    return JSONResponse({"detail": text.encode("utf-8", "replace").decode()}, status, headers)


def add_voicevox(app: FastAPI, settings: Settings, *, shelf: Shelf | None = None) -> None:
    """Let VOICEVOX' editor and OpenUtau's client sing through `app`; call it before the application starts.

    The singers are those of the server's Japanese voices; without one, those of its first voice's language. What
    `create_app` made (voices, the line of jobs) is shared; another application gets its own.
    """
    services = getattr(app.state, "services", None)
    cast = Cast(shelf or (services.shelf if services else Shelf(settings.voices)))
    queue = Jobs(concurrency=settings.concurrency, queue_length=settings.queue_length)
    stage = Stage(services.jobs if services else queue)
    routers = (_about(cast), _singers(cast), _singing(cast, stage))
    for router in routers:
        app.include_router(router)
    paths = {str(getattr(route, "path", "")) for router in routers for route in router.routes}
    app.add_middleware(EditorDoor, paths=frozenset(paths), prefix=f"{PICTURES_PATH}/")


def _about(cast: Cast) -> APIRouter:
    """What the engine is; what it does not do (talking, dictionaries, libraries) is said by empty answers."""
    router = APIRouter(tags=["VOICEVOX"], route_class=_PlainRefusals)
    said = manifest(cast)

    @router.get("/version")
    def version() -> str:
        return engine_version()

    @router.get("/core_versions")
    def core_versions() -> list[str]:
        return [engine_version()]

    @router.get("/engine_manifest")
    def engine_manifest() -> dict[str, Any]:
        return said

    @router.get("/supported_devices")
    def supported_devices() -> dict[str, bool]:
        return {"cpu": True, "cuda": False, "dml": False}

    @router.get("/user_dict")
    def user_dict() -> dict[str, Any]:
        return {}

    @router.post("/import_user_dict", status_code=HTTPStatus.NO_CONTENT)
    def import_user_dict() -> None:
        """The editor gives every engine its talking dictionary; singing has no use for it."""

    return router


def _singers(cast: Cast) -> APIRouter:
    router = APIRouter(tags=["VOICEVOX"], route_class=_PlainRefusals)

    def member(uuid: str) -> Member:
        found = cast.of_uuid(uuid)
        if found is None:
            raise UnknownError(f"no singer {uuid}", where="speaker_uuid", remedy="see /singers")
        return found

    @router.get("/speakers")
    def speakers() -> list[Any]:
        return []

    @router.get("/speaker_info")
    def speaker_info(speaker_uuid: Uuid) -> dict[str, Any]:
        raise UnknownError(f"{speaker_uuid} does not talk", where="speaker_uuid", remedy="see /singers")

    @router.get("/singers")
    def singers() -> list[dict[str, Any]]:
        return [singer_message(each) for each in cast.members]

    @router.get("/singer_info")
    def singer_info(
        request: Request, speaker_uuid: Uuid, resource_format: Literal["base64", "url"] = "base64"
    ) -> dict[str, Any]:
        address = str(request.base_url).rstrip("/") if resource_format == "url" else ""
        return singer_details(member(speaker_uuid), address=address)

    @router.get(f"{PICTURES_PATH}/{{speaker_uuid}}/{{kind}}.png")
    def picture(speaker_uuid: str, kind: Literal["icon", "portrait"]) -> Response:
        draw = icon if kind == "icon" else portrait
        return Response(draw(member(speaker_uuid).name), media_type="image/png")

    @router.get("/is_initialized_speaker")
    def is_initialized_speaker(style: Style) -> bool:
        return cast.is_open(style)

    @router.post("/initialize_speaker", status_code=HTTPStatus.NO_CONTENT)
    def initialize_speaker(style: Style) -> None:
        cast.singer(style)

    return router


def _singing(cast: Cast, stage: Stage) -> APIRouter:
    router = APIRouter(tags=["VOICEVOX"], route_class=_PlainRefusals)

    @router.post("/sing_frame_audio_query")
    async def sing_frame_audio_query(style: Style, score: ScoreMessage) -> dict[str, Any]:
        notes = score.wire_notes()
        query = await stage.asked(lambda: cast.singer(style).query(notes))
        return messages.query_message(query, sample_rate_hz=SAMPLE_RATE_HZ)

    @router.post("/sing_frame_f0")
    async def sing_frame_f0(style: Style, both: ScoreAndQueryMessage) -> list[float]:
        notes, phonemes = both.score.wire_notes(), both.frame_audio_query.wire_phonemes()
        return messages.pitch_message(await stage.asked(lambda: cast.singer(style).f0(notes, phonemes)))

    @router.post("/sing_frame_volume")
    async def sing_frame_volume(style: Style, both: ScoreAndQueryMessage) -> list[float]:
        notes, phonemes = both.score.wire_notes(), both.frame_audio_query.wire_phonemes()
        return messages.volume_message(await stage.asked(lambda: cast.singer(style).volume(notes, phonemes)))

    @router.post("/frame_synthesis", response_class=Response, responses={200: {"content": {"audio/wav": {}}}})
    async def frame_synthesis(style: Style, wanted: QueryMessage) -> Response:
        query = wanted.query()

        def sounded() -> bytes:
            wave = cast.singer(style).sound(query, volume_scale=wanted.volumeScale)
            return _wav(wave.resampled(wanted.outputSamplingRate), stereo=wanted.outputStereo)

        return Response(await stage.sung(sounded), media_type="audio/wav")

    return router


def _wav(wave: Wave, *, stereo: bool) -> bytes:
    """A whole WAV file of 16 bits."""
    samples = np.clip(wave.samples, -1.0, 1.0)
    content = io.BytesIO()
    channels = np.stack([samples, samples], axis=1) if stereo else samples
    soundfile.write(content, channels, wave.sample_rate_hz, format="WAV", subtype="PCM_16")
    return content.getvalue()
