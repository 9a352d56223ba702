"""Performances edited: pitch drawn, durations moved, songs written down with their cuts undone."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sung_lines import note, score_of

from visinger.errors import LyricError, ScoreError
from visinger.phrasing import UnknownPhonemeError, Vocabulary, lock, owners, spell
from visinger.phrasing.performance import Performance, PhrasePerformance, read_f0_csv


def performance_of(beats: int = 40) -> Performance:
    """A legato song of quarters at 60 bpm, long enough to be cut inside vowels, at 220 Hz."""
    song = spell(score_of([note(k, 1, "かん" if k % 3 else "ら") for k in range(beats)]))
    phrases = tuple(
        PhrasePerformance(p, lock(p, np.full(len(p.phonemes), 9.0)), np.full(p.frames, 220.0)) for p in song.phrases
    )
    return Performance(phrases, song.samples, song.level_db)


def test_a_songs_json_lists_each_phoneme_once_end_to_end() -> None:
    performance = performance_of()
    assert any(p.phrase.keep_frames for p in performance.phrases)
    written = json.loads(json.dumps(performance.as_json()))
    phonemes = written["phonemes"]
    assert all(a["start_frame"] + a["frames"] == b["start_frame"] for a, b in pairwise(phonemes))
    assert phonemes[0]["start_frame"] == 0
    assert sum(p["frames"] for p in phonemes) == 4000 == len(written["f0_hz"])
    expected = [s for k in range(40) for s in (("k", "a", "N") if k % 3 else ("r", "a"))]
    assert [p["symbol"] for p in phonemes] == expected


def test_a_drawn_pitch_replaces_the_songs_in_context_too_and_nan_keeps_it() -> None:
    performance = performance_of()
    drawn = np.linspace(200, 400, 4000)
    drawn[1000:2000] = np.nan
    drawn[3000:] = 0
    changed = performance.with_f0(drawn)
    assert np.allclose(changed.f0_hz(), np.where(np.isnan(drawn), 220, drawn))
    for p in changed.phrases:
        there = drawn[p.phrase.start_frame : p.phrase.start_frame + p.phrase.frames]
        assert np.allclose(p.f0_hz, np.where(np.isnan(there), 220, there))
    assert np.allclose(performance.f0_hz(), 220)  # the original is as it was
    with pytest.raises(ValueError, match="3999 frames for a song of 4000"):
        performance.with_f0(drawn[:-1])


def test_durations_may_be_moved_but_not_their_sum() -> None:
    performance = performance_of(3)
    frames = performance.phrases[0].frames.copy()
    frames[:2] += (3, -3)
    assert performance.with_frames(0, frames).phrases[0].frames.tolist() == frames.tolist()
    assert performance.with_frames(0, frames).phrases[0].phoneme_starts[1] == frames[0]
    frames[0] += 1
    with pytest.raises(ValueError, match="sum to"):
        performance.with_frames(0, frames)
    with pytest.raises(ValueError, match="none negative"):
        performance.with_frames(0, np.array([-5, performance.phrases[0].phrase.frames + 5, *[0] * (len(frames) - 2)]))


def test_frames_know_their_owner_and_their_place_in_it() -> None:
    owner, position = owners(np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert np.allclose(position[0], [1 / 4, 3 / 4, 1 / 6, 3 / 6, 5 / 6])
    assert np.allclose(position[1], np.log([1, 2, 1, 2, 3]))


def test_a_vocabulary_numbers_its_phonemes_from_one_and_names_the_nearest_to_a_stranger() -> None:
    vocabulary = Vocabulary(["SP", "AP", "a", "k", "ky"])
    assert vocabulary.ids(["k", "a", "SP"]).tolist() == [4, 3, 1]
    assert vocabulary.phonemes([4, 3, 0]) == ("k", "a")
    assert vocabulary.size == 6 and "ky" in vocabulary and "kw" not in vocabulary
    with pytest.raises(UnknownPhonemeError, match=r"'kw'.*near it: k") as refused:
        vocabulary.ids(["kw"])
    assert isinstance(refused.value, LyricError)
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(["a", "a"])


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "curve.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_drawn_curve_is_straight_in_cents_between_its_points(tmp_path: Path) -> None:
    path = write(tmp_path, "time_seconds,f0_hz\n0.005,220\n# a comment\n0.105,440\n\n")
    curve = read_f0_csv(path, frames=20)
    assert np.allclose(curve[:11], 220 * 2 ** (np.arange(11) / 10))
    assert np.isnan(curve[11:]).all()


def test_a_point_of_nought_is_unvoiced_as_far_as_it_is_the_nearest(tmp_path: Path) -> None:
    curve = read_f0_csv(write(tmp_path, "0.005,300\n0.065,0\n0.125,300\n"), frames=13)
    assert (curve > 0).tolist() == [True] * 3 + [False] * 6 + [True] * 4
    assert np.allclose(curve[curve > 0], 300)


def test_a_single_point_is_a_curve_of_one_moment(tmp_path: Path) -> None:
    curve = read_f0_csv(write(tmp_path, "0.015,300\n"), frames=3)
    assert np.isnan(curve).tolist() == [True, False, True] and curve[1] == pytest.approx(300)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no point"),
        ("time,f0\n", "holds no point"),
        ("0,220\nx,230\n", "line 2: 'x,230' is no pair"),
        ("0,220\n1\n", "line 2"),
        ("0,220,1\n", "line 1"),
        ("0,220\n0,230\n", "line 2: the time 0 s does not follow"),
        ("0,nan\n", "line 1"),
        ("0,inf\n", "line 1"),
        ("0,-5\n", "line 1: a pitch of -5 Hz"),
        ("0,90000\n", "90000 Hz"),
        ("0;220\n1;220\n", "no pair"),
    ],
)
def test_a_faulty_curve_names_its_line_and_a_remedy(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScoreError, match=problem) as refused:
        read_f0_csv(write(tmp_path, text), frames=10)
    assert refused.value.remedy


def test_a_curve_that_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "curve.csv"
    binary.write_bytes(bytes(range(256)))
    for path in (binary, tmp_path / "missing.csv", tmp_path):
        with pytest.raises(ScoreError, match="curve"):
            read_f0_csv(path, frames=10)
