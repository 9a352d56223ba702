"""What the routes of one application share: its voices, its line of jobs, what it remembers and counts."""

from dataclasses import dataclass

from visinger.serving.jobs import Jobs
from visinger.serving.metrics import Metrics
from visinger.serving.settings import Settings
from visinger.serving.shelf import Shelf
from visinger.serving.songs import Songs
from visinger.serving.streaming import Stage
from visinger.serving.stretches import Rendered


@dataclass(frozen=True)
class Services:
    """`app.state.services` of an application."""

    settings: Settings
    shelf: Shelf
    songs: Songs
    rendered: Rendered
    jobs: Jobs
    stage: Stage
    metrics: Metrics


def services_of(settings: Settings) -> Services:
    """New services; raises VisingerError for voices that cannot be opened."""
    shelf = Shelf(settings.voices)
    rendered = Rendered(settings.cache_bytes)
    jobs = Jobs(concurrency=settings.concurrency, queue_length=settings.queue_length)
    return Services(
        settings=settings,
        shelf=shelf,
        songs=Songs(shelf, most_seconds=settings.song_seconds),
        rendered=rendered,
        jobs=jobs,
        stage=Stage(jobs, stall_seconds=settings.stall_seconds),
        metrics=Metrics(jobs, rendered),
    )
