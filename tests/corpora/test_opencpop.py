"""Opencpop's layout, on a miniature of it."""

from pathlib import Path

import numpy as np
import pytest

from visinger.corpora import opencpop as reader
from visinger.errors import CorpusError
from visinger.units import hz_from_midi


def takes(root: Path) -> dict:
    return {take.name: take for job in reader.jobs(root) for take in reader.make(job)}


def test_an_utterance_becomes_one_take_with_the_labels_durations(opencpop):
    take = takes(opencpop)["2001000001"]
    assert take.phrase.phonemes == ("SP", "x", "iao", "AP", "m", "a", "a", "SP")
    assert take.frames.tolist() == [20, 10, 40, 20, 8, 42, 30, 20]
    assert take.phrase.pitches.tolist() == [0, 60, 60, 0, 64, 64, 67, 0]
    assert take.song == "2001"
    assert len(take.samples) == 190 * 240


def test_a_note_holds_its_whole_syllable_and_a_slur_is_a_note_of_its_own(opencpop):
    phrase = takes(opencpop)["2001000001"].phrase
    assert phrase.convention == "consonant-inclusive"
    assert not phrase.before_beat.any()
    assert phrase.slot.tolist() == [0, 1, 1, 2, 3, 3, 4, 5]
    assert np.diff(phrase.slot_starts).tolist() == [20, 50, 20, 50, 30, 20]
    assert phrase.slurred.tolist() == [False] * 6 + [True, False]


def test_the_tracked_pitch_of_a_vowel_is_the_pitch_of_its_note(opencpop):
    for take in takes(opencpop).values():
        starts = np.concatenate([[0], np.cumsum(take.frames)])
        for n, symbol in enumerate(take.phrase.phonemes):
            if symbol in ("a", "ai", "uo", "iao"):
                middle = take.f0_hz[starts[n] + 8 : starts[n + 1] - 8]
                cents = 1200 * np.log2(np.median(middle) / hz_from_midi(take.phrase.pitches[n]))
                assert abs(cents) < 10, (take.name, symbol)


def test_the_makers_test_songs_are_set_apart(opencpop):
    assert {job.name: job.set_apart for job in reader.jobs(opencpop)} == {
        "2001000001": False,
        "2001000002": False,
        "2044000001": True,
        "2044000002": True,
        "2086000001": False,
        "2100000001": False,
    }


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        (2, "SP qq a SP", "unknown phoneme 'qq'"),
        (2, "SP l a", "different lengths: 3 4 4 4 4"),
        (3, "rest H4 D4 rest", "'H4' is no note"),
        (3, "rest D4 E4 rest", "'l a' has two notes without a slur"),
        (3, "rest rest rest rest", "'l' is sung on a rest"),
        (5, ".2 .1 inf .2", "'inf' is no length"),
        (5, ".2 .1 9.5 .2", "labels of 10.00 s, a wave of 1.00 s"),
        (6, "0 0 2 0", "not in tuple"),
    ],
)
def test_a_line_that_does_not_add_up_is_named(opencpop, field, value, complaint):
    listing = opencpop / "segments" / "transcriptions.txt"
    lines = listing.read_text(encoding="utf-8").splitlines()
    fields = lines[2].split("|")
    fields[field] = value
    lines[2] = "|".join(fields)
    listing.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        takes(opencpop)
    assert complaint in str(caught.value)
    assert "transcriptions.txt, line 3" in str(caught.value)


def test_a_missing_wave_is_named_with_its_line(opencpop):
    (opencpop / "segments" / "wavs" / "2086000001.wav").unlink()
    with pytest.raises(CorpusError, match=r"line 5: no wave 2086000001\.wav"):
        takes(opencpop)
