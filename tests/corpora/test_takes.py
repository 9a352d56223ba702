"""From labels and score to takes: matching, the frame grid, the cuts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from songs import MELODY, recording

from visinger.corpora import labels, pauses
from visinger.corpora.framing import cut, lay, spread
from visinger.corpora.matching import Spelled, match
from visinger.corpora.recording import NO_NOTE, TimedPhoneme
from visinger.corpora.segmentation import segments, takes
from visinger.errors import CorpusError
from visinger.units import HOP_SAMPLES


def paired(spelled: str, labelled: str) -> list[tuple[str, str]]:
    first, second = spelled.split(), labelled.split()
    pairs = match([Spelled(s, 0.1 * k) for k, s in enumerate(first)], [(s, 0.1 * k) for k, s in enumerate(second)])
    return [("" if a is None else first[a], "" if b is None else second[b]) for a, b in pairs]


def test_a_phoneme_left_out_by_the_label_is_the_one_left_over():
    assert paired("k a r e r u", "k a r e") == [*((s, s) for s in "kare"), ("r", ""), ("u", "")]


def test_a_phoneme_only_labelled_is_left_over_on_the_other_side():
    assert ("", "cl") in paired("a t a", "a cl t a")


def test_a_misspelled_vowel_keeps_its_neighbours_in_place():
    assert paired("g u s e", "g xx s e") == [("g", "g"), ("u", "xx"), ("s", "s"), ("e", "e")]


def test_of_two_equal_vowels_the_time_tells_which_was_sung():
    spelled = [Spelled("o", 1.0), Spelled("o", 2.0)]
    assert match(spelled, [("o", 1.02)]) == [(0, 0), (1, None)]
    assert match(spelled, [("o", 1.98)]) == [(0, None), (1, 0)]


@given(st.lists(st.sampled_from("aiukst"), max_size=12), st.lists(st.sampled_from("aiukst"), max_size=12))
@settings(max_examples=60, deadline=None)
def test_matching_keeps_order_and_loses_nothing(spelled, labelled):
    pairs = match([Spelled(s, k) for k, s in enumerate(spelled)], [(s, k) for k, s in enumerate(labelled)])
    assert [a for a, _ in pairs if a is not None] == list(range(len(spelled)))
    assert [b for _, b in pairs if b is not None] == list(range(len(labelled)))


@given(st.lists(st.integers(-5, 60), min_size=1, max_size=40), st.integers(40, 60))
@settings(max_examples=100, deadline=None)
def test_boundaries_leave_every_phoneme_a_frame_and_end_where_the_song_ends(wanted, total):
    starts = spread(np.sort(np.array(wanted)), total)
    assert starts[0] == 0
    assert starts[-1] == total
    assert np.diff(starts).min() >= 1


def test_boundaries_that_need_no_mending_are_the_rounded_times():
    assert spread(np.array([0, 7, 12, 30]), 50).tolist() == [0, 7, 12, 30, 50]


def test_slots_follow_the_score_and_durations_the_labels():
    song = recording()
    late = replace(
        song, phonemes=tuple(p.at(max(p.start_seconds + 0.03, 0), p.end_seconds + 0.03) for p in song.phonemes)
    )
    framed = lay(late)
    for k, note in enumerate(framed.slot_notes):
        if note != NO_NOTE:
            assert framed.slot_starts[k] == round(100 * MELODY[note][0])
    nuclei = [n for n, p in enumerate(late.phonemes) if p.role == "nucleus"]
    assert all(abs(framed.starts[n] - 100 * MELODY[late.phonemes[n].note][0] - 3) <= 1 for n in nuclei)


def test_consonants_lie_before_the_beat_in_the_time_of_the_slot_before():
    framed = lay(recording())
    consonants = [n for n, p in enumerate(framed.recording.phonemes) if p.role == "onset"]
    assert framed.before_beat[consonants].all()
    assert framed.before_beat.sum() == len(consonants)
    for n in consonants:
        assert framed.starts[n] < framed.slot_starts[framed.slot[n]] == framed.starts[n + 1]


def test_takes_are_about_five_seconds_and_their_sound_is_the_songs():
    song = recording()
    made = takes(lay(song))
    assert len(made) >= 2
    for take in made:
        assert 2.0 <= take.phrase.frames / 100 <= 8.0
        first = take.phrase.start_frame * HOP_SAMPLES
        np.testing.assert_array_equal(take.samples, song.wave.samples[first : first + len(take.samples)])
    assert [take.name for take in made] == [f"made-{k:02d}" for k in range(len(made))]


def test_every_sung_phoneme_of_the_song_is_in_exactly_one_take():
    song = recording()
    sung = [p.symbol for p in song.phonemes if not p.paused]
    kept = [symbol for take in takes(lay(song)) for symbol in take.phrase.phonemes if symbol != "SP"]
    assert kept == sung


def test_a_song_without_a_pause_is_cut_before_closures_and_the_consonant_joins_its_own_note():
    melody = tuple((0.5 + 0.4 * k, 0.4, 50 + k % 5, "t" if k % 3 == 0 else "n", "a") for k in range(40))
    framed = lay(recording(melody))
    pieces = segments(framed)
    assert len(pieces) >= 3
    for first, end in pieces:
        assert (end - first) / 100 <= 8.0
    for first, end in pieces[1:]:
        take = cut(framed, "x", first, end)
        assert take.phrase.phonemes[:2] == ("t", "a")
        assert not take.phrase.before_beat[0]
        assert take.phrase.slot[:2].tolist() == [0, 0]
        assert take.phrase.note_frames[0] == 46  # its 40 frames and the consonant's 6


def test_a_long_pause_is_not_kept_whole():
    melody = (*MELODY[:6], *((start + 8.0, *rest) for start, *rest in MELODY[6:12]))
    made = takes(lay(recording(melody)))
    silence = sum(int(t.frames[n]) for t in made for n, symbol in enumerate(t.phrase.phonemes) if symbol == "SP")
    assert silence <= 2 * len(made) * 51


def test_a_pause_the_score_does_not_have_takes_its_time_from_the_note_before():
    song = recording(((0.5, 1.0, 50, "", "a"), (1.5, 1.0, 52, "", "a")))
    phonemes = list(song.phonemes)
    first = next(n for n, p in enumerate(phonemes) if p.note == 0)
    phonemes[first] = phonemes[first].at(0.5, 1.2)
    phonemes.insert(first + 1, TimedPhoneme("SP", 1.2, 1.5))
    framed = lay(replace(song, phonemes=tuple(phonemes)))
    assert framed.slot_notes.tolist() == [NO_NOTE, 0, NO_NOTE, 1, NO_NOTE]
    assert framed.slot_starts.tolist() == [0, 50, 120, 150, 250, 310]


def test_a_silent_song_makes_no_take():
    song = recording()
    silent = replace(song, notes=(), phonemes=(TimedPhoneme("SP", 0.0, song.wave.seconds),))
    assert takes(lay(silent)) == []


def test_a_breath_is_heard_between_silences():
    level_db = np.concatenate([np.full(30, -62.0), np.full(25, -40.0), np.full(20, -60.0)])
    runs = pauses.split(level_db, np.zeros(75), threshold_db=-48.0)
    assert [symbol for symbol, _, _ in runs] == ["SP", "AP", "SP"]
    assert abs(runs[1][1] - 30) <= 3
    assert abs(runs[1][2] - 55) <= 3


def test_a_click_and_a_vowels_end_are_no_breaths():
    click = np.full(60, -62.0)
    click[20:23] = -30.0
    assert [symbol for symbol, _, _ in pauses.split(click, np.zeros(60), threshold_db=-48.0)] == ["SP"]
    voiced = np.where(np.arange(60) < 20, 200.0, 0.0)
    ending = np.where(np.arange(60) < 20, -38.0, -62.0)
    assert [symbol for symbol, _, _ in pauses.split(ending, voiced, threshold_db=-48.0)] == ["SP"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0 10 a\n10 20\n", "line 2: '10 20' is not 'start end phoneme'"),
        ("0 1000 a\n500 2000 b\n", "line 2: the label 'b' runs backwards or overlaps"),
        ("0 10 a\n30 20 b\n", "line 2: the label 'b' runs backwards"),
        ("\n\n", "holds no labels"),
    ],
)
def test_a_broken_label_file_is_named_with_its_line(tmp_path, text, complaint):
    (tmp_path / "x.lab").write_text(text)
    with pytest.raises(CorpusError) as caught:
        labels.read(tmp_path / "x.lab")
    assert complaint in str(caught.value)


def test_labels_are_in_units_of_100_nanoseconds(tmp_path):
    (tmp_path / "x.lab").write_text("0 33740000 pau\n33740000 34260000 m\n")
    assert labels.read(tmp_path / "x.lab")[1] == labels.Label(3.374, 3.426, "m")
