"""What the studio plays: it begins before all is rendered, and every sample is the offline rendering's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hands import Hand, visitor, wait_until
from numpy.typing import NDArray
from three_phrases import SCORE, fetched, opened, rendered_whole, sung, unpacked


@contextmanager
def page_of_three(browser: Any, studio: tuple[str, Any]) -> Iterator[Hand]:
    with visitor(browser, studio[0]) as hand:
        yield opened(hand)


def phase(hand: Hand) -> str:
    return str(hand.page.evaluate("visinger.context.player.phase"))


def playhead(hand: Hand) -> float:
    return float(hand.page.evaluate("visinger.state.playhead_frame"))


def tape(hand: Hand) -> list[tuple[int, NDArray[np.float32]]]:
    """(frame of the sound card's clock, samples) of every piece that was laid, in order."""
    laid = hand.page.evaluate("window.tape")
    return [(piece["at"], unpacked(piece["samples"])) for piece in laid]


@pytest.fixture(scope="module")
def offline() -> NDArray[np.float32]:
    return sung(SCORE)


def test_playing_begins_with_the_first_stretch_waits_for_the_second_and_loses_nothing(browser, studio, offline) -> None:
    with page_of_three(browser, studio) as hand:
        held: list[Any] = []
        asked: list[str] = []

        def gate(route: Any) -> None:
            asked.append(json.loads(route.request.post_data)["phrase"])
            held.append(route) if len(asked) == 2 else route.continue_()

        hand.page.route("**/v1/render", gate)
        hand.page.focus("#roll")
        hand.keys("Space")
        wait_until(lambda: phase(hand) == "playing")
        progress = hand.page.evaluate("visinger.context.player.hearing.heard.progress()")
        assert progress["done_seconds"] < 0.4 * progress["seconds"], "it sounds before the song is rendered"
        wait_until(lambda: phase(hand) == "waiting")
        phrases = hand.page.evaluate("visinger.state.performance.phrases")
        sounding = [phrase for phrase in phrases if not phrase["silent"]]
        stood = playhead(hand)
        assert abs(stood - sounding[1]["start_frame"]) < 30, "it stands where nothing has arrived"
        hand.page.wait_for_timeout(150)
        assert playhead(hand) == pytest.approx(stood, abs=6), "and stays there"
        held[0].continue_()
        wait_until(lambda: phase(hand) == "playing")
        wait_until(lambda: phase(hand) == "stopped")
        assert asked == [phrase["key"] for phrase in sounding], "each stretch was asked for once, in order"
        assert playhead(hand) == 0
        pieces = tape(hand)
    waits = [k for k in range(1, len(pieces)) if pieces[k][0] != pieces[k - 1][0] + len(pieces[k - 1][1])]
    assert waits, "elsewhere piece follows piece without a sample between"
    dying = [k - 1 for k in waits]  # what dies away before a wait is played again after it
    assert all(len(pieces[k][1]) <= 192 and pieces[k][1][-1] == pytest.approx(0, abs=1e-3) for k in dying)
    whole = np.concatenate([samples for k, (_, samples) in enumerate(pieces) if k not in dying])
    np.testing.assert_array_equal(whole, offline)


def test_one_edited_note_makes_one_stretch_be_fetched_again(browser, studio) -> None:
    with page_of_three(browser, studio) as hand:
        hand.page.click("#rendered")
        rendered_whole(hand)
        before = hand.page.evaluate("visinger.state.performance.phrases")
        asked: list[str] = []
        hand.page.on("request", lambda r: asked.append(r.post_data_json["phrase"]) if "render" in r.url else None)
        hand.page.evaluate("visinger.state.select([4])")
        hand.page.focus("#roll")
        hand.keys("ArrowUp")
        hand.until("visinger.state.performance_fits")
        after = hand.page.evaluate("visinger.state.performance.phrases")
        rendered_whole(hand)
        changed = [new["key"] for old, new in zip(before, after, strict=True) if old["key"] != new["key"]]
        assert len(changed) == 1
        assert asked == changed
        hand.keys("Control+z")
        hand.until("visinger.state.performance_fits")
        rendered_whole(hand)
        assert asked == changed, "what was there before is still there"
        document = hand.page.evaluate("visinger.state.score")
        pcm = fetched(hand)
    np.testing.assert_array_equal(pcm, sung(document))


def test_a_run_through_an_offline_clock_is_the_song_sample_for_sample(browser, studio, offline) -> None:
    script = """async (from) => {
      const {Run} = await import("/run.js"), song = visinger.context.player.hearing.heard;
      const clock = new OfflineAudioContext(1, song.samples, song.rate);
      const run = new Run(clock, clock.destination, song, {from, at: 0});
      run.fill(Infinity);
      return packed((await clock.startRendering()).getChannelData(0));
    }"""
    with page_of_three(browser, studio) as hand:
        hand.page.click("#rendered")
        rendered_whole(hand)
        start = 31_337
        heard = unpacked(hand.page.evaluate(script, start))
    fade = 192  # 8 ms
    meant = np.concatenate([offline[start:], np.zeros(start, np.float32)])
    np.testing.assert_allclose(heard[fade:], meant[fade:], atol=1e-7)
    assert np.abs(heard[:fade]).max() <= np.abs(meant[:fade]).max() + 1e-7


def test_a_loop_goes_round_without_a_gap_and_its_ends_are_faded(browser, studio, offline) -> None:
    with page_of_three(browser, studio) as hand:
        hand.page.evaluate("visinger.state.set('loop', {first_frame: 60, end_frame: 110})")
        hand.page.evaluate("visinger.state.set('playhead_frame', 60)")
        hand.keys("Space")
        seen = []

        def rounds() -> bool:
            seen.append(playhead(hand))
            return sum(b < a for a, b in pairwise(seen)) >= 3

        wait_until(rounds)
        hand.keys(".")
        pieces = tape(hand)
    assert min(seen) >= 59 and max(seen) <= 111
    played = np.concatenate([samples for _, samples in pieces])
    assert all(b[0] == a[0] + len(a[1]) for a, b in pairwise(pieces))
    length, fade = 50 * 240, 192
    first, second = played[:length], played[length : 2 * length]
    meant = offline[60 * 240 : 110 * 240]
    np.testing.assert_array_equal(first[: length - fade], meant[: length - fade])
    np.testing.assert_array_equal(second[fade : length - fade], meant[fade : length - fade])
    assert max(abs(first[-1]), abs(second[0])) < 0.01 * np.abs(meant).max(), "no click at the seam"


def test_another_take_is_switched_to_in_place_and_kept(browser, studio, offline) -> None:
    with page_of_three(browser, studio) as hand:
        frames = len(offline) // 240
        hand.page.evaluate("(end_frame) => visinger.state.set('loop', {first_frame: 0, end_frame})", frames)
        hand.page.focus("#roll")
        hand.keys("Space")
        wait_until(lambda: phase(hand) == "playing" and playhead(hand) > 60)
        hand.page.click("#another-take")
        take = hand.until("visinger.state.takes && visinger.state.takes.list[1]")
        other = sung(SCORE, seed=take["seed"])
        clock = "(() => [performance.now() / 10, visinger.state.playhead_frame])()"
        began, at = hand.page.evaluate(clock)
        hand.until("visinger.context.player.hearing.heard !== visinger.context.player.hearing.song")
        hand.page.wait_for_timeout(900)
        now, then = hand.page.evaluate(clock)
        assert phase(hand) == "playing"
        off = (then - at - (now - began) + frames / 2) % frames - frames / 2
        assert abs(off) < 12, "the place is not lost"
        hand.page.get_by_role("radio", name="Take A").check(force=True)
        hand.page.wait_for_timeout(500)
        assert phase(hand) == "playing"
        hand.page.get_by_role("radio", name="Take B").check(force=True)
        hand.page.click("#keep-take")
        assert hand.page.evaluate("[visinger.state.seed, visinger.state.takes]") == [take["seed"], None]
        hand.keys(".")
        hand.until("visinger.state.performance_fits")
        pieces = [samples for _, samples in tape(hand)]
        hand.keys("Control+z")
        assert hand.page.evaluate("visinger.state.seed") == 0

    def found(song: NDArray[np.float32]) -> set[int]:
        """Which pieces are passages of a song."""
        return {
            k for k, piece in enumerate(pieces) if len(piece) > 2000 and piece.any() and _holds(song, piece[500:1500])
        }

    a, b = found(offline), found(other)
    assert a and b and not a & b, "both takes were played, and they are not the same"
    assert min(a) < min(b) < max(a), "first A, then B, then A again"


def _holds(song: NDArray[np.float32], passage: NDArray[np.float32]) -> bool:
    starts = np.flatnonzero(song == passage[0])
    return any(np.array_equal(song[k : k + len(passage)], passage) for k in starts)
