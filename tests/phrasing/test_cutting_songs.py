"""Cutting: kept frames tile the song, phrases stay bounded, cuts do not change what is sung."""

import time
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sung_lines import note, score_of

from visinger.phrasing import LONGEST_PHRASE_FRAMES, Phrase, lock, owners, spell
from visinger.phrasing.cutting import (
    CONTEXT_FRAMES,
    FIRST_PHRASE_FRAMES,
    LONGEST_CONTEXT_FRAMES,
    SHORTEST_CONTEXT_FRAMES,
    cut,
    cut_as_laid,
)
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.phrasing.slots import SlotTable
from visinger.phrasing.spelling import slot_table, spelled_part
from visinger.score import Score, read

bounded = settings(max_examples=60, deadline=None, derandomize=True)

LYRICS = ("か", "さん", "ー", "あっ", "しょ", "ん", "さくら")
lines = st.lists(
    st.tuples(st.integers(10, 2000), st.sampled_from(LYRICS), st.sampled_from((0, 0, 0, 30, 300, 5000)), st.booleans()),
    min_size=1,
    max_size=40,
)


def song_of(drawn: list[tuple[int, str, int, bool]]) -> Score:
    """A score of notes (ticks, lyric, ticks of rest after it, breath mark) at 100 bpm."""
    notes, tick = [], 0
    for k, (ticks, lyric, rest, breath) in enumerate(drawn):
        notes.append(note(tick / 480, ticks / 480, "ら" if k == 0 else lyric, breath_after=breath))
        tick += ticks + rest
    return score_of(notes, bpm=100)


def kept_frames(phrases: tuple[Phrase, ...]) -> int:
    return sum(p.kept.stop - p.kept.start for p in phrases)


@bounded
@given(lines)
def test_kept_frames_tile_the_song_and_phrases_stay_bounded(drawn: list[tuple[int, str, int, bool]]) -> None:
    song = spell(song_of(drawn))
    at = 0
    for phrase in song.phrases:
        assert phrase.start_frame + phrase.kept.start == at
        at = phrase.start_frame + phrase.kept.stop
        assert 0 < phrase.kept.stop - phrase.kept.start <= LONGEST_PHRASE_FRAMES
        assert phrase.frames <= LONGEST_PHRASE_FRAMES + 2 * LONGEST_CONTEXT_FRAMES
        assert phrase.kept.start >= 0 and phrase.kept.stop <= phrase.frames
        assert (np.diff(phrase.slot_starts) >= 0).all() and phrase.slot_starts[0] == 0
        assert (np.diff(phrase.slot) >= 0).all()
        assert set(phrase.slot.tolist()) == set(range(len(phrase.slot_starts) - 1))
    assert at == song.frames


def sung_frames(phrase: Phrase, frames: np.ndarray) -> list[tuple[str, int]]:
    """(symbol, note) of each kept frame."""
    owner, _ = owners(frames)
    return [(phrase.phonemes[n], int(phrase.score_notes[phrase.slot[n]])) for n in owner[phrase.kept]]


@bounded
@given(lines, st.integers(0, 2**31))
def test_cutting_does_not_change_what_is_sung_on_any_frame(drawn: list[tuple[int, str, int, bool]], seed: int) -> None:
    """The song locked whole and locked phrase by phrase, from predictions that depend on phoneme and note alone."""
    lengths = np.random.default_rng(seed).gamma(1.0, 20.0, 4096)  # some consonants far too long

    def predicted(phrase: Phrase) -> np.ndarray:
        notes = phrase.score_notes[phrase.slot]
        roles = np.array([ord(s[0]) for s in phrase.phonemes])
        held = ~phrase.before_beat & np.isin(phrase.phonemes, ["a", "i", "u", "e", "o", "N"])
        return np.where(held, 40.0, lengths[(notes * 131 + roles) % len(lengths)])

    score = song_of(drawn)
    song = spell(score)
    joined = [frame for p in song.phrases for frame in sung_frames(p, lock(p, predicted(p)))]
    whole = whole_song(score)
    expected = sung_frames(whole, lock(whole, predicted(whole)))
    assert joined == expected


@bounded
@given(lines)
def test_a_song_cut_while_it_is_laid_out_is_cut_as_from_its_whole_table(
    drawn: list[tuple[int, str, int, bool]],
) -> None:
    spelled = spelled_part(song_of(drawn))
    slots = list(spelled.slots([]))
    whole = cut(SlotTable.of(slots, spelled.frames, "ja"))
    as_laid = tuple(cut_as_laid(slots, spelled.frames, "ja"))
    assert [vars(p).keys() for p in whole] == [vars(p).keys() for p in as_laid]
    for one, other in zip(whole, as_laid, strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, vars(other)[name], err_msg=name)


def test_a_phrase_asks_for_no_more_of_the_song_than_its_length_and_context() -> None:
    spelled = spelled_part(score_of([note(k, 1, "ら") for k in range(600)]))
    laid = []

    def watched():
        for slot in spelled.slots([]):
            laid.append(slot.start_frame)
            yield slot

    for phrase in cut_as_laid(watched(), spelled.frames, "ja"):
        start = phrase.start_frame + phrase.kept.start
        assert laid[-1] <= start + LONGEST_PHRASE_FRAMES + 2 * LONGEST_CONTEXT_FRAMES + 100  # notes are 100 frames
    assert len(laid) == 600


def whole_song(score: Score) -> Phrase:
    """The score as one phrase, however long."""
    table, _, _ = slot_table(score)
    return table.phrase(0, table.frames, keep=(0, table.frames))


def test_a_song_is_cut_at_rests_first_and_without_context() -> None:
    """Four bars of six seconds, each with a rest of a second and a half at its end."""
    notes = [note(6 * bar + k, 1) for bar in range(4) for k in range(4)]
    phrases = spell(score_of(notes, beats=24)).phrases
    assert len(phrases) == 4
    for phrase in phrases:
        assert phrase.keep_frames is None
        assert phrase.phonemes[-1] == SILENCE


def test_without_rests_a_song_is_cut_at_breaths() -> None:
    notes = [note(k, 1, breath_after=k % 6 == 5) for k in range(36)]
    song = spell(score_of(notes))
    assert len(song.phrases) > 3
    for phrase in song.phrases[1:-1]:
        owner, _ = owners(lock(phrase, np.full(len(phrase.phonemes), 8.0)))
        assert phrase.phonemes[owner[phrase.kept.stop]] == BREATH
        assert phrase.frames - phrase.kept.stop >= SHORTEST_CONTEXT_FRAMES


def test_without_rests_and_breaths_a_song_is_cut_inside_its_long_vowels_with_context() -> None:
    notes = [note(k, 1, "ら") for k in range(40)]
    notes[13] = note(13, 1, "あ")
    song = spell(score_of(notes))
    for phrase in song.phrases[:-1]:
        owner, _ = owners(lock(phrase, np.full(len(phrase.phonemes), 8.0)))
        n = owner[phrase.kept.stop]
        assert phrase.phonemes[n] == "a" and owner[phrase.kept.stop - 1] == n
        assert phrase.frames - phrase.kept.stop >= SHORTEST_CONTEXT_FRAMES


def test_a_held_note_of_minutes_is_cut_into_phrases_that_go_on_with_its_vowel() -> None:
    song = spell(score_of([note(0, 300, "かん"), note(300, 1)]))
    assert all(p.phonemes == ("a",) and p.slurred.all() for p in song.phrases[1:-2])
    assert song.phrases[0].phonemes == ("k", "a")
    assert [s for p in song.phrases[-2:] for s in p.phonemes].count("N") >= 1


def test_a_long_silence_becomes_silent_phrases_of_bounded_size() -> None:
    song = spell(score_of([note(40, 1), note(100, 1)], beats=150))
    silent = sum(p.kept.stop - p.kept.start for p in song.phrases if p.silent)
    assert silent > 0.9 * song.frames
    assert all(p.frames <= LONGEST_PHRASE_FRAMES for p in song.phrases)
    assert [p.silent for p in song.phrases].count(False) == 2


def test_the_first_sound_does_not_wait_for_ten_seconds() -> None:
    rests = [note(k * 1.0, 0.5) for k in range(30)]
    legato = [note(k, 1) for k in range(30)]
    late = [note(20 + k, 1) for k in range(30)]
    for notes in (rests, legato, late):
        song = spell(score_of(notes))
        first = next(p for p in song.phrases if not p.silent)
        assert first.kept.stop - first.kept.start <= FIRST_PHRASE_FRAMES + (first.keep_frames is None) * CONTEXT_FRAMES
        assert first.frames <= FIRST_PHRASE_FRAMES + LONGEST_CONTEXT_FRAMES


def test_notes_too_fast_to_hold_a_cut_are_still_cut() -> None:
    """Three thousand notes of ten milliseconds."""
    song = spell(score_of([note(k / 48, 1 / 48, "あ") for k in range(6000)], bpm=125))
    assert kept_frames(song.phrases) == song.frames == 6000
    assert max(p.frames for p in song.phrases) <= LONGEST_PHRASE_FRAMES + 2 * LONGEST_CONTEXT_FRAMES


def test_phrases_of_an_hour_are_made_in_seconds() -> None:
    score = score_of([note(k / 2, 1 / 2, "か") for k in range(14_400)], bpm=120)
    began = time.process_time()
    song = spell(score)
    assert song.frames == 360_000
    assert time.process_time() - began < 3


def test_context_lies_on_its_own_side_of_a_cut_in_a_long_last_note() -> None:
    drawn = [(960, "さくら", 0, False)] * 12 + [(1900, "か", 0, False)]
    phrases = spell(song_of(drawn)).phrases
    cut = [p for p in phrases if p.keep_frames is not None]
    assert cut
    for phrase in cut:
        assert phrase.kept.stop <= phrase.frames
        assert phrase.kept.start >= 0
    assert kept_frames(phrases) == spell(song_of(drawn)).frames


def test_every_frame_of_the_example_songs_is_kept_once() -> None:
    for path in sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.musicxml")):
        song = spell(read(path))
        at = 0
        for phrase in song.phrases:
            assert phrase.start_frame + phrase.kept.start == at
            assert phrase.kept.stop <= phrase.frames
            at += phrase.kept.stop - phrase.kept.start
        assert at == song.frames
