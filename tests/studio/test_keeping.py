"""Nothing is lost: servers that die, windows that meet, and what stands on the disk."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hands import arrive, free_port, visitor, wait_until


@contextmanager
def program(folder: Path, port: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`visinger studio` as its own process, which tests may kill."""
    command = [sys.executable, "-m", "visinger.cli.main", "studio", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--projects", str(folder), *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().split()[0]
        assert address.startswith(f"http://127.0.0.1:{port}/"), address
        process.address = address  # type: ignore[attr-defined]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_server_that_is_killed_and_started_again_loses_nothing(browser, tmp_path) -> None:
    port = free_port()
    with program(tmp_path, port) as server, visitor(browser, server.address) as hand:
        hand.open()
        hand.page.evaluate("visinger.state.select([0])")
        hand.page.focus("#roll")
        hand.keys("ArrowUp")
        hand.saved()
        identity, raised = hand.identity(), hand.notes()

        server.send_signal(signal.SIGKILL)
        server.wait()
        hand.keys("Shift+ArrowUp", "ArrowRight", "Delete")
        hand.page.get_by_text("Kept on this device").wait_for()
        edited = hand.notes()
        stored = json.loads((tmp_path / f"{identity}.json").read_text(encoding="utf-8"))["project"]
        assert len(stored["score"]["parts"][0]["notes"]) == len(raised), "a file killed at any moment is whole"

        with program(tmp_path, port) as again:
            hand.saved()  # on its own, without a hand
            assert len(hand.kept(tmp_path)["score"]["parts"][0]["notes"]) == len(raised) - 1
            again.kill()
            again.wait()
            hand.keys("End", "Delete")
            hand.until("visinger.state.status.saving === 'offline'")
            edited = hand.notes()
            hand.page.close()  # the page is gone, too; only the device remembers

        with program(tmp_path, port) as third:
            page = hand.page.context.new_page()
            arrive(page, f"{third.address}#{identity}")
            reborn = type(hand)(page)
            assert reborn.notes() == edited
            reborn.saved()
            assert len(reborn.kept(tmp_path)["score"]["parts"][0]["notes"]) == len(edited)


def test_two_windows_on_one_song_keep_both_works(browser, studio) -> None:
    address, folder = studio
    with visitor(browser, address) as one, visitor(browser, address) as two:
        one.open()
        one.saved()
        two.page.goto(f"{address}#{one.identity()}")
        two.until("visinger.state.notes.length > 10")
        assert two.notes() == one.notes()
        for hand, key in ((one, "ArrowUp"), (two, "ArrowDown")):
            hand.page.evaluate("visinger.state.select([0])")
            hand.page.focus("#roll")
            hand.keys(key)
            hand.saved()
        wait_until(lambda: two.identity() != one.identity())
        assert "changed in another window" in two.page.locator("#messages").inner_text()
        kept = [hand.kept(folder)["score"]["parts"][0]["notes"][0]["pitch"] for hand in (one, two)]
        assert kept == [one.notes()[0][2], two.notes()[0][2]]
        assert kept[0] - kept[1] == 2


def test_songs_kept_are_listed_opened_and_removed(browser, studio) -> None:
    address, folder = studio
    with visitor(browser, address) as hand:
        hand.open("molihua.musicxml")
        first = hand.identity()
        hand.page.get_by_label("Title of the song").fill("Jasmine")
        hand.keys("Enter")
        hand.saved()
        hand.open()
        hand.saved()
        hand.page.get_by_role("button", name="Open a song").click()
        hand.page.get_by_role("button", name="Jasmine").first.click()
        hand.until(f"location.hash === '#{first}'")
        assert hand.notes("lyric")[0] == ("好",)
        hand.open()
        hand.saved()
        hand.page.once("dialog", lambda asked: asked.accept())
        hand.page.get_by_role("button", name="Open a song").click()
        hand.page.get_by_role("button", name="Remove “Jasmine”").click()
        wait_until(lambda: not (folder / f"{first}.json").exists())
