"""The HTTP API: scores in, performances and sound out (docs/serving.md).

    GET    /v1/health              it answers, and in which version
    GET    /v1/voices              who can be asked to sing
    GET    /v1/queue               how busy it is
    POST   /v1/scores              a score file → a score document
    POST   /v1/convert             a song → a file of another format
    POST   /v1/sing                a score file → sound
    POST   /v1/perform             a song → how it will be sung
    POST   /v1/render              a song, or one stretch of it → sound
    GET    /v1/jobs/{id}           how far a request is; DELETE cancels it
    GET    /metrics                Prometheus

Others mount more on the application that `create_app` makes: the studio its page, VOICEVOX' endpoints.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, Response

from visinger.serving import converting, singing
from visinger.serving.describing import add_page
from visinger.serving.formats import formats
from visinger.serving.metrics import CONTENT_TYPE, Counted
from visinger.serving.problems import REFUSALS, answer_problems
from visinger.serving.requests import HealthReply, JobReply, QueueReply, VoiceReply
from visinger.serving.security import Guard
from visinger.serving.services import Services, services_of
from visinger.serving.settings import Settings
from visinger.serving.streaming import expect_broken_off_sounds

DESCRIPTION = """Lyrics and a score in, singing out.

Every refusal has the form `{"detail": {"problem", "where", "remedy"}}`. Responses that take work carry `X-Job-Id`;
a client may choose it (8–64 of `A-Za-z0-9_-`) to follow the job under `/v1/jobs` while it waits.
"""


def create_app(settings: Settings | None = None, *, open_paths: tuple[str, ...] = ()) -> FastAPI:
    """The application with all of /v1; raises VisingerError for settings or voices that cannot be.

    `open_paths` are answered without a token: the files of a page that asks for it.
    """
    services = services_of(settings or Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await services.stage.close()

    app = FastAPI(
        title="visinger",
        version=version("visinger"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        responses=REFUSALS,
    )
    app.state.services = services
    expect_broken_off_sounds()
    answer_problems(app)
    add_page(app)
    _add_state(app, services)
    converting.add_routes(app, services)
    singing.add_routes(app, services)
    app.add_middleware(Counted, metrics=services.metrics)
    app.add_middleware(Guard, settings=services.settings, open_paths=open_paths)
    return app


def _add_state(app: FastAPI, services: Services) -> None:
    """The routes that only look."""

    @app.get("/v1/health", tags=["server"], summary="Whether the server answers")
    async def health() -> HealthReply:
        return HealthReply(status="ok", version=version("visinger"), formats=list(formats()))

    @app.get("/metrics", tags=["server"], summary="Prometheus' metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(services.metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/v1/voices", tags=["voices"], summary="Who can be asked to sing")
    async def voices() -> list[VoiceReply]:
        return [
            VoiceReply(
                name=name,
                language=described.language,
                singers=list(described.singers or (described.singer,)),
                lowest_midi=described.lowest_midi,
                highest_midi=described.highest_midi,
                licence=described.licence,
                credit=described.credit,
                singer=described.singer,
                sample_rate_hz=described.sample_rate_hz,
                hop_samples=described.hop_samples,
                phonemes=list(described.phonemes),
            )
            for name, described in services.shelf.described.items()
        ]

    @app.get("/v1/queue", tags=["server"], summary="How busy the server is")
    async def queue() -> QueueReply:
        jobs = services.jobs
        return QueueReply(running=jobs.running, waiting=jobs.waiting, limit=jobs.limit)

    @app.get("/v1/jobs/{job_id}", tags=["jobs"], summary="How far a request is")
    async def job(job_id: str) -> JobReply:
        return JobReply.model_validate(services.jobs.get(job_id).as_json())

    @app.delete("/v1/jobs/{job_id}", tags=["jobs"], summary="Cancel a request")
    async def cancel(job_id: str) -> JobReply:
        found = services.jobs.get(job_id)
        services.jobs.cancel(found)
        return JobReply.model_validate(found.as_json())
