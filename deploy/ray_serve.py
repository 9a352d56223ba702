"""The HTTP API as a Ray Serve application: `serve run deploy.ray_serve:app`, from the root of a checkout.

Each replica is a whole server of its own, made in its own process; see docs/serving.md, "More than one machine".
"""

import os

from fastapi import FastAPI
from ray import serve

from visinger.serving.application import create_app
from visinger.serving.settings import Settings

CONCURRENCY = 2  # songs that a replica sings at the same time


def singers() -> FastAPI:
    """The application of one replica. Ray's proxies stand before it: a token where they leave this machine."""
    token = os.environ.get("VISINGER_TOKEN", "")
    host = "0.0.0.0" if token else "127.0.0.1"
    return create_app(Settings(host=host, token=token, concurrency=CONCURRENCY, queue_length=CONCURRENCY))


@serve.deployment(
    num_replicas=int(os.environ.get("VISINGER_REPLICAS", "2")),
    max_ongoing_requests=4 * CONCURRENCY,
    ray_actor_options={"num_cpus": 1},
)
@serve.ingress(singers)
class Singers:
    """The routes are the application's."""


app = Singers.bind()
