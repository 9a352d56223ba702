"""docs/serving.md and deploy/: what is shown there works."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("fastapi")
import httpx
from http_server import FIRST, score, served

from visinger.cli.main import main
from visinger.score import write
from visinger.score.formats.json_score import from_document

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for line in DOCUMENT.splitlines() if line.startswith("$ curl")]
OWN = [command for command in COMMANDS if "Authorization" not in command]
REQUEST = json.loads(re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[1])


@pytest.fixture(scope="module")
def client():
    with served() as server:
        yield server


def test_the_curl_commands_of_the_document_do_what_it_says(client, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    write(tmp_path / "song.musicxml", from_document(score(FIRST), Path("score")))
    (tmp_path / "request.json").write_text(json.dumps(REQUEST), encoding="utf-8")
    assert len(OWN) >= 10
    for command in OWN:
        asked = [word.replace("http://127.0.0.1:8270", str(client.base_url)) for word in shlex.split(command)]
        done = subprocess.run(asked, cwd=tmp_path, capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, (command, done.stderr)
        if "-o" in asked:
            assert (tmp_path / asked[asked.index("-o") + 1]).stat().st_size > 100
        else:
            assert json.loads(done.stdout)


def test_the_moved_boundary_of_the_document_is_where_it_says(client):
    phonemes = client.post("/v1/perform", json=REQUEST).json()["phonemes"]
    consonant = next(phoneme for phoneme in phonemes if phoneme["note"] == 1)
    beat = REQUEST["score"]["parts"][0]["notes"][1]["tick"] / 480 * 50
    assert consonant["start_frame"] == beat + REQUEST["edits"]["boundaries"][0]["offset_frames"]


def test_every_route_and_metric_is_in_the_document(client):
    for path in client.get("/openapi.json").json()["paths"]:
        assert path.replace("{job_id}", "ID") in DOCUMENT
    told = set(re.findall(r"visinger_\w+", DOCUMENT))
    counted = set(re.findall(r"^(visinger_\w+?)(?:_bucket)?[{ ]", client.get("/metrics").text, re.MULTILINE))
    assert told - counted <= {"visinger_request_seconds", "visinger_first_byte_seconds"}


def test_the_container_starts_the_server_for_others_and_so_not_without_a_token(monkeypatch, capsys):
    recipe = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    program, verb, *arguments = json.loads(re.search(r"^ENTRYPOINT (.*)$", recipe, re.MULTILINE)[1])
    assert Path(program).name == "visinger"
    monkeypatch.delenv("VISINGER_TOKEN", raising=False)
    assert main([verb, *arguments]) == 2
    assert "--token" in capsys.readouterr().err
    assert re.search(r"^USER (?!0|root)", recipe, re.MULTILINE)


def test_the_containers_health_check_tells_a_server_from_none(client):
    recipe = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    check = json.loads(re.search(r"^HEALTHCHECK.*?CMD (\[.*?\])$", recipe, re.MULTILINE | re.DOTALL)[1])
    code = check[2].replace("http://127.0.0.1:8270", str(client.base_url))
    compile(code, "health check", "exec")
    assert httpx.get(re.search(r"http://[^']+", code)[0]).status_code == 200
