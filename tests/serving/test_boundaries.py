"""Boundaries moved by hand: the score lock is kept, whatever is asked for."""

import numpy as np
import pytest

pytest.importorskip("fastapi")
from hypothesis import given, settings
from hypothesis import strategies as st

from visinger.phrasing.lock import lock
from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.phrase import Phrase
from visinger.serving.boundaries import moves_of, placed_sounds

# s|a k|a·n (SP): three notes, the second closed by a coda, then a rest
SYMBOLS = ("s", "a", "k", "a", "N", "t", "o", "SP")
SLOT = (0, 0, 1, 1, 1, 2, 2, 3)
BEFORE = (True, False, True, False, False, True, False, False)
NOTES = (0, 1, 2, -1)


def phrase(starts: tuple[int, ...], *, start_frame: int = 0) -> Phrase:
    slot = np.array(SLOT)
    return Phrase(
        phonemes=SYMBOLS,
        pitches=np.array([60 if symbol != "SP" else 0 for symbol in SYMBOLS]),
        slot=slot,
        before_beat=np.array(BEFORE),
        slot_starts=np.array(starts),
        score_notes=np.array(NOTES),
        slurred=np.zeros(len(SYMBOLS), dtype=bool),
        start_frame=start_frame,
    )


def sung(of: Phrase) -> Performance:
    frames = lock(of, np.full(len(SYMBOLS), 8.0))
    return Performance((PhrasePerformance(of, frames, np.zeros(of.frames)),), of.frames * 240, np.zeros(of.frames))


SONG = sung(phrase((0, 60, 120, 180, 220)))


def starts_after(performance: Performance, edits: list[tuple[tuple[int, int], int]]) -> dict[tuple[int, int], int]:
    """Where each phoneme starts once the edits are made."""
    moves, _ = moves_of(performance, edits)
    first = performance.phrases[0]
    frames = moves(first.phrase, first.frames)
    moved = performance.with_frames(0, frames)
    return {(p.sound.note, p.ordinal): p.sound.start_frame for p in placed_sounds(moved)}


def test_vowels_on_their_beats_are_anchored_and_consonants_are_not():
    anchored = {(p.sound.note, p.sound.symbol): p.anchored for p in placed_sounds(SONG)}
    assert anchored[1, "a"] and anchored[2, "o"] and anchored[-1, "SP"]
    assert not (anchored[1, "k"] or anchored[1, "N"] or anchored[2, "t"])
    assert anchored[0, "s"], "the song begins with it"
    assert not anchored[0, "a"], "late, since nothing precedes its consonant: it may come nearer to its beat"


def test_a_consonant_starts_where_it_is_put_and_the_vowel_before_it_gives_the_frames():
    before = starts_after(SONG, [])
    after = starts_after(SONG, [((1, 0), -20)])
    assert after[1, 0] == 60 - 20
    assert {place: start for place, start in after.items() if place != (1, 0)} == {
        place: start for place, start in before.items() if place != (1, 0)
    }


def test_a_coda_may_be_shortened_to_a_frame():
    after = starts_after(SONG, [((1, 2), 1000)])
    assert after[1, 2] == after[2, 0] - 1


def test_a_vowel_on_its_beat_stays_and_that_is_said():
    _, said = moves_of(SONG, [((1, 1), -5), ((2, 9), 3), ((77, 0), 3)])
    assert len(said) == 3
    assert "on the beat" in said[0]
    assert "passed over" in said[1]
    assert starts_after(SONG, [((1, 1), -5)]) == starts_after(SONG, [])


@settings(max_examples=200, deadline=None)
@given(
    lengths=st.lists(st.integers(3, 90), min_size=4, max_size=4),
    edits=st.lists(
        st.tuples(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(-300, 300)), max_size=8
    ),
)  # fmt: skip
def test_beats_length_and_order_survive_any_edit(lengths, edits):
    of = phrase((0, *np.cumsum(lengths).tolist()))
    song = sung(of)
    moves, _ = moves_of(song, edits)
    frames = moves(of, song.phrases[0].frames)
    assert frames.sum() == of.frames
    assert (frames >= 1).all() or of.frames < len(SYMBOLS)
    moved = song.with_frames(0, frames)
    held = {(p.sound.note, p.ordinal): p.sound.start_frame for p in placed_sounds(song) if p.anchored}
    now = {(p.sound.note, p.ordinal): p.sound.start_frame for p in placed_sounds(moved)}
    assert {place: now[place] for place in held} == held


def test_both_sides_of_a_cut_move_a_phoneme_to_the_same_frame():
    """A phrase that was cut lacks the first phonemes of its first note: its ordinals count on."""
    whole = phrase((0, 60, 120, 180, 220))
    keep = np.arange(3, 8)  # from the second note's vowel on
    cut = Phrase(
        phonemes=tuple(SYMBOLS[n] for n in keep),
        pitches=whole.pitches[keep],
        slot=whole.slot[keep] - 1,
        before_beat=whole.before_beat[keep],
        slot_starts=np.array([0, 40, 100, 140]),  # begins 20 frames into the note
        score_notes=whole.score_notes[1:],
        slurred=np.array([True, False, False, False, False]),
        start_frame=80,
        keep_frames=(15, 140),
    )
    moves, _ = moves_of(SONG, [((1, 2), 40), ((2, 0), -6)])
    left, right = moves(whole, SONG.phrases[0].frames), moves(cut, lock(cut, np.full(5, 8.0)))
    starts = np.cumsum(left) - left
    again = 80 + np.cumsum(right) - right
    assert starts[4:6].tolist() == again[1:3].tolist() == [100, 114]
