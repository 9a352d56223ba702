"""The API's own description: true to what is answered, and nothing that fits it or breaks it brings the server down."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("jsonschema")
import jsonschema
from http_server import FIRST, score, served

import visinger
from visinger.score.formats.json_score import document_of
from visinger.serving.score_schema import SCORE_SCHEMA
from visinger.serving.settings import Settings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RICH = score(FIRST, title="x", bars=2, doubts=["…"], tempos=[{"tick": 0, "quarters_per_minute": "241/2"}])
RICH["parts"][0] |= {
    "dynamics": [{"tick": 0, "level_db": -3.5}],
    "pitch_curve": [[0, 60.5], [10, None]],
    "bend": [[0, -20.0]],
    "verses": [1],
}
RICH["parts"][0]["notes"][0] |= {
    "glide": [{"ms": -40, "cents": -200, "shape": "sine"}],
    "vibrato": {"share": 0.5, "period_ms": 180, "depth_cents": 30},
    "lyric": None,
    "phonemes": ["s", "a"],
}


@pytest.fixture(scope="module")
def client():
    with served(Settings(song_seconds=20, body_bytes=2**20)) as server:
        yield server


@pytest.mark.parametrize("name", [path.name for path in sorted(EXAMPLES.glob("*.musicxml"))])
def test_the_described_score_is_the_one_that_is_written(name):
    jsonschema.validate(json.loads(json.dumps(document_of(visinger.read_score(EXAMPLES / name)))), SCORE_SCHEMA)


def test_the_described_score_knows_every_key_that_is_read(client):
    jsonschema.validate(RICH, SCORE_SCHEMA)
    reply = client.post("/v1/convert", params={"to": "json"}, json={"score": RICH})
    assert reply.status_code == 200, reply.text
    jsonschema.validate(reply.json(), SCORE_SCHEMA)
    note = SCORE_SCHEMA["properties"]["parts"]["items"]["properties"]["notes"]["items"]
    for path, schema in (((), SCORE_SCHEMA), (("parts", 0), SCORE_SCHEMA["properties"]["parts"]["items"]),
                         (("parts", 0, "notes", 0), note)):  # fmt: skip
        wrong = json.loads(json.dumps(RICH))
        inner = wrong
        for step in path:
            inner = inner[step]
        inner["no such key"] = 1
        told = client.post("/v1/perform", json={"score": wrong}).json()["detail"]["remedy"]
        assert set(told.removeprefix("known are ").split(", ")) == set(schema["properties"])


def test_every_route_is_versioned_described_and_says_how_it_refuses(client):
    described = client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        assert path.startswith("/v1/") or path == "/metrics"
        for method, operation in methods.items():
            assert operation["summary"], (path, method)
            assert operation["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


def test_the_description_can_be_read_offline(client):
    """One page, nothing of it from elsewhere, every route and every field in it, and all its links lead somewhere."""
    reply = client.get("/docs")
    described = client.get("/openapi.json").json()
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert not re.search(r"https?:|<script|@import|url\(", reply.text)
    for path in described["paths"]:
        assert f"<code>{path}</code>" in reply.text
    for schema in described["components"]["schemas"].values():
        assert all(f"<code>{name}" in reply.text for name in schema.get("properties", {}))
    anchors = set(re.findall(r'id="(\w+)"', reply.text))
    assert set(re.findall(r'href="#(\w+)"', reply.text)) <= anchors


def test_what_is_answered_is_what_is_described(client):
    described = client.get("/openapi.json").json()
    song = {"score": RICH, "voice": "pjs"}
    answers = {
        ("/v1/perform", "post"): client.post("/v1/perform", json=song),
        ("/v1/scores", "post"): client.post("/v1/scores?name=a.json", content=json.dumps(RICH).encode()),
        ("/v1/voices", "get"): client.get("/v1/voices"),
        ("/v1/health", "get"): client.get("/v1/health"),
        ("/v1/queue", "get"): client.get("/v1/queue"),
    }
    for (path, method), reply in answers.items():
        assert reply.status_code == HTTPStatus.OK, reply.text
        schema = described["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(reply.json(), {**schema, "components": described["components"]})
    wrong = client.post("/v1/perform", json={})
    jsonschema.validate(wrong.json(), {"$ref": "#/components/schemas/Problem", "components": described["components"]})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "path", ["/v1/scores", "/v1/convert", "/v1/perform", "/v1/render", "/v1/sing", "/v1/jobs/{job_id}"]
)
def test_no_request_made_from_the_description_or_against_it_brings_a_fault(client, path):
    schemathesis = pytest.importorskip("schemathesis")
    import hypothesis

    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    schema.config.update(base_url=str(client.base_url))

    def try_all(operation, mode) -> int:
        tried = 0

        @hypothesis.settings(
            max_examples=3,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.generate],
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def ask(case) -> None:
            nonlocal tried
            reply = case.call()
            tried += 1
            assert reply.status_code < 500, (case, reply.text)
            if reply.status_code >= 400:
                assert set(reply.json()["detail"]) == {"problem", "where", "remedy"}

        ask()
        return tried

    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in (operation for operation in operations if operation.path == f"/v1/{path}"):
        assert try_all(operation, schemathesis.GenerationMode.POSITIVE)
        if operation.body:
            assert try_all(operation, schemathesis.GenerationMode.NEGATIVE)
