"""Melodies and ranges."""

from dataclasses import replace

import numpy as np
import pytest

from tiny import kana_score
from visinger.errors import ScoreError
from visinger.phrasing.phrase import REST
from visinger.phrasing.spelling import spell
from visinger.voices import compass


def song(*pitches: int):
    return spell(kana_score(*(("ら", pitch, 480) for pitch in pitches)))


def pitches(of):
    return [int(p) for phrase in of.phrases for p in phrase.pitches]


def test_a_melody_within_the_range_stays_where_it_is():
    assert compass.fitting(song(60, 64, 67), 55, 76) == 0


def test_a_melody_an_octave_too_low_is_lifted_by_an_octave():
    assert compass.fitting(song(48, 52, 55), 60, 80) == 12


def test_a_melody_too_high_for_the_range_goes_down_an_octave_rather_than_less():
    assert compass.fitting(song(72, 76, 79), 55, 76) == -12


def test_where_no_octave_fits_the_smallest_shift_is_taken():
    assert compass.fitting(song(58, 70), 60, 73) == 2


def test_a_melody_wider_than_the_range_is_centred():
    assert compass.fitting(song(40, 80), 55, 75) == 5


def test_a_single_short_high_note_does_not_move_the_song():
    notes = [("ら", 62, 480)] * 30 + [("ら", 90, 240)]
    assert compass.fitting(spell(kana_score(*notes)), 55, 76) == 0


def test_transposing_moves_notes_but_not_rests():
    moved = compass.transposed(spell(kana_score(("ら", 60, 480), (None, 0, 480), ("ら", 62, 480))), 5)
    assert set(pitches(moved)) == {REST, 65, 67}


def test_a_transposition_out_of_midi_is_refused_with_what_would_do():
    with pytest.raises(ScoreError, match=r"transpose by -59 … \+67"):
        compass.transposed(song(60), 100)


def test_notes_out_of_range_are_counted_and_the_first_is_placed():
    score = kana_score(("ら", 60, 480), ("ら", 80, 480), ("ら", 81, 480))
    (warning,) = compass.outside_range(spell(score), score.parts[0], 55, 76)
    assert warning.startswith("2 notes lie outside the voice's natural range G3 … E5 (first: G♯5 at bar 1, beat 2)")


def test_transposing_is_advised_only_where_it_would_change_something():
    score = kana_score(*[("ら", 78, 480)] * 4, ("ら", 95, 30))
    ranged = spell(score), score.parts[0], 55, 76
    (warning,) = compass.outside_range(*ranged)
    assert warning.endswith("sung all the same, --transpose auto would move the melody")
    semitones = compass.fitting(ranged[0], 55, 76)
    assert semitones == -12
    (left,) = compass.outside_range(*ranged, semitones=semitones)
    assert left.startswith("1 note lies")
    assert "--transpose" not in left


def test_a_song_without_notes_has_nothing_to_move():
    silent = song(60)
    phrases = tuple(replace(p, pitches=np.zeros_like(p.pitches)) for p in silent.phrases)
    assert compass.fitting(replace(silent, phrases=phrases), 55, 76) == 0


@pytest.mark.parametrize(("midi", "name"), [(69, "A4"), (60, "C4"), (61, "C♯4"), (21, "A0")])
def test_pitches_are_named_in_scientific_notation(midi, name):
    assert compass.pitch_name(midi) == name
