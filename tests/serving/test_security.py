"""Who may call: loopback by its own name, a token elsewhere, no other site's page, nothing too large."""

import pytest

from awaiting import awaited

pytest.importorskip("fastapi")
import httpx
from starlette.responses import PlainTextResponse

from visinger.errors import VisingerError
from visinger.serving.security import Guard
from visinger.serving.settings import Settings

TOKEN = "a-long-enough-token"
OPEN = Settings(host="0.0.0.0", token=TOKEN)


async def _echo(scope, receive, send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await PlainTextResponse(body)(scope, receive, send)


def ask(settings: Settings, path: str = "/v1/voices", *, content=None, base="http://127.0.0.1:8270", **headers: str):
    names = {name.replace("_", "-"): value for name, value in headers.items()}

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(_echo, settings, open_paths=("/page.js",)))
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.post(path, content=content, headers=names)

    return awaited(call())


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1:8270", "http://localhost:1", "http://[::1]:8270", "http://LOCALHOST"]
)
def test_loopback_is_called_by_its_own_names(name):
    assert ask(Settings(), base=name).status_code == 200


@pytest.mark.parametrize(
    "name", ["http://evil.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example:8270"]
)
def test_a_name_rebound_to_loopback_is_refused(name):
    assert ask(Settings(), base=name).status_code == 403


def test_a_name_that_was_allowed_is_answered():
    assert ask(Settings(allowed_hosts=("Studio.Local",)), base="http://studio.local:80").status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://[", "file://"])
def test_a_page_of_another_origin_is_refused(origin):
    assert ask(Settings(), origin=origin).status_code == 403


def test_a_page_of_its_own_origin_is_answered():
    assert ask(Settings(), origin="http://127.0.0.1:8270").status_code == 200


@pytest.mark.parametrize(
    "given",
    ["", TOKEN, "Basic " + TOKEN, "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Bearer {TOKEN.upper()}"],
)
def test_without_the_token_nothing_is_answered_elsewhere(given):
    reply = ask(OPEN, authorization=given) if given else ask(OPEN)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in reply.text


def test_with_the_token_or_for_health_and_the_page_it_is():
    assert ask(OPEN, authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask(OPEN, "/v1/health").status_code == 200
    assert ask(OPEN, "/page.js").status_code == 200
    assert ask(OPEN, "/v1/health/../voices").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_nobody_serves_others_without_a_token(host):
    with pytest.raises(VisingerError, match="--token"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(host):
    assert Settings(host=host).on_loopback


@pytest.mark.parametrize("token", ["short", "with a space in it", "ö" * 20])
def test_a_token_that_is_none_is_refused(token):
    with pytest.raises(VisingerError, match="guessed"):
        Settings(token=token)


def test_a_body_goes_through_whole_up_to_the_limit():
    settings = Settings(body_bytes=2000)
    assert ask(settings, content=b"x" * 2000).content == b"x" * 2000
    assert ask(settings, content=b"x" * 2001).status_code == 413


def test_a_body_that_does_not_say_its_length_is_stopped_at_the_limit():
    async def endless():
        while True:
            yield b"x" * 500

    assert ask(Settings(body_bytes=2000), content=endless()).status_code == 413


def test_no_answer_may_be_framed_sniffed_or_read_by_other_sites():
    for reply in (ask(Settings()), ask(OPEN)):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in reply.headers
