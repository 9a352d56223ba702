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

HOP, FADE = 240, 192  # samples of a frame, and of what is faded at a seam


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


def test_one_edited_note_makes_only_what_hears_it_be_fetched_again(browser, studio) -> None:
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
        kept = [new["key"] for old, new in zip(before, after, strict=True) if old["key"] == new["key"]]
        assert kept == [before[0]["key"]], "the first breath does not hear the second"
        assert asked == changed
        hand.keys("Control+z")
        hand.until("visinger.state.performance_fits")
        rendered_whole(hand)
        assert asked == changed, "what was there before is still there"
        document = hand.page.evaluate("visinger.state.score")
        pcm = fetched(hand)
    np.testing.assert_array_equal(pcm, sung(document))


RUN = """async ({from, loop, length}) => {
  const {Run} = await import("/run.js"), song = visinger.context.player.hearing.heard;
  const clock = new OfflineAudioContext(1, length, song.rate);
  const run = new Run(clock, clock.destination, song, {from, at: 0, loop});
  for (let until = 0; until < length; until += 5000) run.fill(until); // a bit at a time, as the player does
  run.fill(length);
  return packed((await clock.startRendering()).getChannelData(0));
}"""


def test_a_run_through_an_offline_clock_is_the_song_sample_for_sample(browser, studio, offline) -> None:
    """What WebAudio makes of the pieces, and of the seam of a loop."""
    with page_of_three(browser, studio) as hand:
        hand.page.click("#rendered")
        rendered_whole(hand)
        start = 31_337
        straight = {"from": start, "loop": None, "length": len(offline)}
        heard = unpacked(hand.page.evaluate(RUN, straight))
        first, last = 60 * HOP, 110 * HOP
        round_and_round = {"from": first, "loop": {"start": first, "end": last}, "length": 3 * (last - first)}
        looped = unpacked(hand.page.evaluate(RUN, round_and_round)).reshape(3, -1)
    meant = np.concatenate([offline[start:], np.zeros(start, np.float32)])
    np.testing.assert_allclose(heard[FADE:], meant[FADE:], atol=1e-7)
    assert np.abs(heard[:FADE]).max() <= np.abs(meant[:FADE]).max() + 1e-7
    inside = slice(FADE, -FADE)
    np.testing.assert_allclose(looped[:, inside], np.tile(offline[first:last], (3, 1))[:, inside], atol=1e-7)
    loudest = np.abs(offline[first:last]).max()
    seams = np.diff(looped.reshape(-1))[last - first - 2 : last - first + 1]
    assert np.abs(seams).max() < 0.01 * loudest, "no click at the seam"


def test_the_playhead_goes_round_in_a_loop_until_it_is_stopped(browser, studio) -> None:
    with page_of_three(browser, studio) as hand:
        hand.page.evaluate("visinger.state.set('loop', {first_frame: 60, end_frame: 110})")
        hand.page.evaluate("visinger.state.set('playhead_frame', 60)")
        hand.keys("Space")
        seen: list[float] = []

        def rounds() -> bool:
            seen.append(playhead(hand))
            return sum(b < a for a, b in pairwise(seen)) >= 2

        wait_until(rounds)
        hand.keys(".")
        assert phase(hand) == "stopped"
        assert playhead(hand) == 60, "back where playing began"
    assert min(seen) >= 59 and max(seen) <= 111


def test_another_take_is_switched_to_in_place_and_kept(browser, studio, offline) -> None:
    with page_of_three(browser, studio) as hand:
        frames = len(offline) // HOP
        hand.page.evaluate("(end_frame) => visinger.state.set('loop', {first_frame: 0, end_frame})", frames)
        hand.page.focus("#roll")
        hand.keys("Space")
        wait_until(lambda: phase(hand) == "playing" and playhead(hand) > 60)
        hand.page.click("#another-take")
        take = hand.until("visinger.state.takes && visinger.state.takes.list[1]")
        other = sung(SCORE, seed=take["seed"])
        wait_until(lambda: passages(hand, other, offline))
        hand.page.get_by_role("radio", name="Take A").check(force=True)
        wait_until(lambda: max(passages(hand, offline, other)) > min(passages(hand, other, offline)))
        hand.page.get_by_role("radio", name="Take B").check(force=True)
        hand.page.click("#keep-take")
        assert hand.page.evaluate("[visinger.state.seed, visinger.state.takes]") == [take["seed"], None]
        hand.keys(".")
        a, b = passages(hand, offline, other), passages(hand, other, offline)
        hand.keys("Control+z")
        assert hand.page.evaluate("visinger.state.seed") == 0
    first = min(b)
    before = max(at for at in a if at < first)
    assert (b[first] - a[before] - (first - before)) % len(offline) == 0, "to the sample where it was"


def passages(hand: Hand, song: NDArray[np.float32], other: NDArray[np.float32]) -> dict[int, int]:
    """The pieces laid so far that are of one song and not of the other: frame of the clock → sample of the song."""
    found = {}
    for at, piece in tape(hand):
        probe = piece[500:1500]
        if len(probe) < 1000 or not probe.any() or _place(other, probe) is not None:
            continue
        place = _place(song, probe)
        if place is not None:
            found[at] = place - 500
    return found


def _place(song: NDArray[np.float32], passage: NDArray[np.float32]) -> int | None:
    starts = np.flatnonzero(song == passage[0])
    return next((int(k) for k in starts if np.array_equal(song[k : k + len(passage)], passage)), None)
