"""What stands on the disk: whole, bounded, by revision, and never written over by another window."""

import json
from pathlib import Path

import pytest

from awaiting import awaited

pytest.importorskip("fastapi", reason="the studio needs visinger[studio]")
pytest.importorskip("httpx", reason="the tests of the server need the package httpx")

import httpx
from hands import serving, song

from visinger.cli.main import main
from visinger.serving.application import create_app
from visinger.serving.problems import RefusedError
from visinger.serving.settings import Settings
from visinger.studio import projects as keeping
from visinger.studio.application import PAGE, mount, page_paths
from visinger.studio.projects import EARLIER_SECONDS, FORMAT, MOST_EARLIER, Projects
from visinger.studio.studio import listen, open_song

NAME = "0123456789abcdef"


def project(title: str = "") -> dict[str, object]:
    return {"format": FORMAT, "version": 1, "score": {**song(), "title": title}}


@pytest.fixture
def client(tmp_path):
    with serving(tmp_path) as address, httpx.Client(base_url=address) as made:
        yield made


def test_a_project_is_kept_given_back_listed_and_forgotten(client, tmp_path) -> None:
    path = f"/studio/projects/{NAME}"
    assert client.get(path).status_code == 404
    kept = client.put(path, json={"base_revision": 0, "project": project("春")})
    assert kept.json() == {"revision": 1}
    assert client.get(path).json() == {"revision": 1, "project": project("春")}
    assert client.put(path, json={"base_revision": 1, "project": project("夏")}).json() == {"revision": 2}
    (listed,) = client.get("/studio/projects").json()["projects"]
    assert (listed["id"], listed["title"], listed["notes"]) == (NAME, "夏", 12)
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.get("/studio/projects").json() == {"projects": []}
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_who_began_from_another_revision_is_refused_and_nothing_is_written_over(client) -> None:
    path = f"/studio/projects/{NAME}"
    client.put(path, json={"base_revision": 0, "project": project("mine")})
    refused = client.put(path, json={"base_revision": 0, "project": project("theirs")})
    assert refused.status_code == 409
    assert "revision 1" in refused.json()["detail"]["problem"]
    assert client.get(path).json()["project"] == project("mine")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("../../etc/passwd", {"base_revision": 0, "project": project()}),
        ("0123456789ABCDEF", {"base_revision": 0, "project": project()}),
        (NAME, {"base_revision": -1, "project": project()}),
        (NAME, {"base_revision": 0, "project": {"format": "something else"}}),
        (NAME, {"base_revision": 0, "project": {**project(), "takes": ["\ud800"]}}),
        (NAME, {"base_revision": 0, "project": {**project(), "takes": "x" * (keeping.LONGEST_PROJECT_BYTES + 1)}}),
        (NAME, {"base_revision": 0, "project": project(), "more": 1}),
    ],
)
def test_what_is_no_project_is_refused_in_one_line(client, tmp_path, name, body) -> None:
    reply = client.put(f"/studio/projects/{name}", content=json.dumps(body))
    assert 400 <= reply.status_code < 500
    assert reply.json()["detail"]["problem"]
    assert list(tmp_path.glob("*.json")) == []


def test_numbers_that_json_has_not_are_refused(client) -> None:
    body = json.dumps({"base_revision": 0, "project": {**project(), "seed": float("nan")}})
    assert client.put(f"/studio/projects/{NAME}", content=body).status_code == 422


def test_a_version_each_ten_minutes_is_set_aside_and_stands_in_for_a_damaged_file(tmp_path) -> None:
    now = [1_000_000.0]
    kept = Projects(tmp_path, clock=lambda: now[0])
    for revision in range(40):
        kept.write(NAME, project(str(revision)), base_revision=revision)
        now[0] += EARLIER_SECONDS / 2
    earlier = sorted((tmp_path / "earlier").iterdir())
    assert len(earlier) == MOST_EARLIER
    titles = [json.loads(path.read_text(encoding="utf-8"))["project"]["score"]["title"] for path in earlier]
    assert [int(title) for title in titles] == list(range(20, 40, 2)), "every other one: ten minutes apart"
    (tmp_path / f"{NAME}.json").write_text('{"revision": 40, "proj', encoding="utf-8")
    found = json.loads(kept.read(NAME) or "")
    assert found["project"]["score"]["title"] == "38"
    assert kept.write(NAME, found["project"], base_revision=found["revision"]) == 40, "and work goes on from it"


def test_one_project_too_many_is_refused_with_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(keeping, "MOST_PROJECTS", 2)
    kept = Projects(tmp_path)
    for number in range(2):
        kept.write(f"{number:016x}", project(), base_revision=0)
    with pytest.raises(RefusedError, match="remove songs"):
        kept.write(f"{3:016x}", project(), base_revision=0)
    kept.write(f"{1:016x}", project("again"), base_revision=1)


def test_the_same_file_opens_the_work_begun_on_it_and_a_changed_one_opens_anew(tmp_path) -> None:
    kept, path = Projects(tmp_path / "projects"), tmp_path / "tune.json"
    path.write_text(json.dumps({**song(), "title": ""}), encoding="utf-8")
    first = open_song(kept, path)
    stored = json.loads(kept.read(first) or "")
    assert stored["project"]["score"]["title"] == "tune"
    kept.write(first, project("worked on"), base_revision=1)
    assert open_song(kept, path) == first
    assert json.loads(kept.read(first) or "")["project"]["score"]["title"] == "worked on"
    path.write_text(json.dumps({**song(), "title": "", "bars": 9}), encoding="utf-8")
    assert open_song(kept, path) != first


def test_a_port_that_is_taken_and_a_song_that_is_none_are_said_in_one_line(tmp_path, capsys) -> None:
    folder = ["--projects", str(tmp_path), "--no-browser"]
    with listen("127.0.0.1", 0) as taken:
        assert main(["studio", "--port", str(taken.getsockname()[1]), *folder]) == 2
    assert "choose another --port" in capsys.readouterr().err
    assert main(["studio", str(tmp_path / "absent.mid"), *folder]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_the_page_is_served_whole_and_allows_nothing_from_elsewhere(client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not [token for token in policy.replace(";", " ").split() if "://" in token or token == "*"]
    for path in sorted(PAGE.iterdir()):
        reply = client.get(f"/{path.name}")
        assert reply.status_code == 200, path.name
        assert reply.content == path.read_bytes()
        addresses = {word for word in reply.text.replace('"', " ").split() if word.startswith(("http:", "https:"))}
        assert addresses <= {"http://www.w3.org/2000/svg"}, "the page fetches nothing from the network"
    assert client.get("/../studio.py").status_code == 404


def test_every_text_is_there_in_english_chinese_and_japanese() -> None:
    for path in sorted(Path(PAGE).glob("texts*.json")):
        texts = json.loads(path.read_text(encoding="utf-8"))
        assert set(texts) == {"en", "zh", "ja"}
        for tongue in ("zh", "ja"):
            assert set(texts[tongue]) == set(texts["en"]), (path.name, tongue)
            for name, text in texts["en"].items():
                if isinstance(text, str):
                    places = {word.split("}")[0] for word in text.split("{")[1:]}
                    there = {word.split("}")[0] for word in texts[tongue][name].split("{")[1:]}
                    assert places == there, (path.name, tongue, name)


def test_in_a_network_the_page_is_open_and_all_it_asks_for_needs_the_token(tmp_path) -> None:
    settings = Settings(host="0.0.0.0", token="a" * 24)
    app = mount(create_app(settings, open_paths=page_paths()), Projects(tmp_path))
    transport = httpx.ASGITransport(app)

    async def statuses(headers: dict[str, str]) -> list[int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.7:8271", headers=headers) as client:
            paths = ("/", "/main.js", "/texts.json", "/v1/voices", "/studio/projects", f"/studio/projects/{NAME}")
            return [(await client.get(path)).status_code for path in paths]

    assert awaited(statuses({})) == [200, 200, 200, 401, 401, 401]
    assert awaited(statuses({"Authorization": "Bearer " + "a" * 24})) == [200, 200, 200, 200, 200, 404]
