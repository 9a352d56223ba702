"""Inspection finds the defects that are planted, and none that are not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from songs import MELODY, recording

from visinger.audio import Wave
from visinger.corpora.inspection import inspect, open_recordings
from visinger.corpora.preparation import prepare
from visinger.corpora.recording import Mismatch
from visinger.errors import CorpusError


@pytest.fixture(scope="module")
def song():
    return recording()


def kinds(song) -> list[str]:
    return sorted({finding.kind for finding in inspect("made", [song]).findings})


def moved(song, *, scale=1.0, shift=0.0):
    phonemes = tuple(p.at(p.start_seconds * scale + shift, p.end_seconds * scale + shift) for p in song.phonemes)
    return replace(song, phonemes=phonemes)


def test_a_faultless_song_has_no_findings(song):
    assert kinds(song) == []


def test_labels_past_the_end_are_found(song):
    finding, *_ = inspect("made", [replace(song, label_end_seconds=song.wave.seconds + 0.5)]).findings
    assert finding.kind == "past-end"
    assert "0.50 s past" in finding.detail


def test_a_song_an_octave_above_its_notes_is_found(song):
    low = replace(song, notes=tuple(replace(note, pitch_midi=note.pitch_midi - 12) for note in song.notes))
    (finding,) = inspect("made", [low]).findings
    assert finding.kind == "transposed"
    assert "+12 semitones" in finding.detail


def test_a_vibrato_or_a_few_wrong_notes_are_no_transposition(song):
    wrong = [replace(note, pitch_midi=note.pitch_midi + (7 if k % 6 == 0 else 0)) for k, note in enumerate(song.notes)]
    assert kinds(replace(song, notes=tuple(wrong))) == []


def test_a_score_that_lacks_its_first_bar_is_found(song):
    early = [replace(n, start_seconds=n.start_seconds - 2.0, end_seconds=n.end_seconds - 2.0) for n in song.notes]
    found = inspect("made", [replace(song, notes=tuple(early))]).findings
    (offset,) = [finding for finding in found if finding.kind == "score-offset"]
    assert "+2.00 s" in offset.detail


def test_a_score_at_another_tempo_is_found_with_its_factor(song):
    slow = [replace(n, start_seconds=n.start_seconds / 0.9, end_seconds=n.end_seconds / 0.9) for n in song.notes]
    found = inspect("made", [replace(song, notes=tuple(slow))]).findings
    (scale,) = [finding for finding in found if finding.kind == "score-scale"]
    assert "0.900" in scale.detail


def test_labels_at_another_tempo_than_the_audio_are_found_with_the_factor(song):
    (scale,) = [f for f in inspect("made", [moved(song, scale=1 / 0.9)]).findings if f.kind == "label-scale"]
    assert float(scale.detail.split("× ")[1].split(";")[0]) == pytest.approx(0.9, abs=0.01)


def test_labels_that_lie_elsewhere_than_the_audio_are_found_with_the_distance(song):
    (offset,) = [f for f in inspect("made", [moved(song, shift=-0.3)]).findings if f.kind == "label-offset"]
    assert float(offset.detail.split("by ")[1].split(" s")[0]) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(("shift", "kind"), [(0.06, "labels-late"), (-0.06, "labels-early")])
def test_labels_a_little_late_or_early_are_found(song, shift, kind):
    assert kind in kinds(moved(song, shift=shift))


def test_a_phoneme_without_a_label_inside_a_vowel_is_found(song):
    samples = song.wave.samples.copy()
    vowel = next(p for p in song.phonemes if p.note == 4 and p.role == "nucleus")
    middle = int((vowel.start_seconds + vowel.end_seconds) / 2 * 24_000)
    samples[middle - 1440 : middle + 1440] *= 1e-3
    (finding,) = inspect("made", [replace(song, wave=Wave(samples, 24_000))]).findings
    assert finding.kind == "gap-in-vowel"
    assert finding.seconds == pytest.approx(middle / 24_000, abs=0.08)


def test_a_vowel_labelled_in_silence_is_found(song):
    samples = song.wave.samples.copy()
    vowel = next(p for p in song.phonemes if p.note == 4 and p.role == "nucleus")
    samples[int(vowel.start_seconds * 24_000) : int(vowel.end_seconds * 24_000)] *= 1e-3
    assert "vowel-in-silence" in kinds(replace(song, wave=Wave(samples, 24_000)))


def test_singing_in_an_unlabelled_pause_is_found(song):
    without = tuple(p for p in song.phonemes if p.note != 29)
    last = next(p for p in song.phonemes if p.note == 29)
    tail = without[-1].at(last.start_seconds, song.wave.seconds)
    assert "sound-in-pause" in kinds(replace(song, phonemes=(*without[:-1], tail), notes=song.notes[:29]))


def test_words_that_labels_do_not_follow_and_unknown_phonemes_are_found(song):
    odd = replace(song, mismatches=(Mismatch(3.0, "r", ""),), doubts=("a bar too long (bar 7)",))
    named = tuple(replace(p, symbol="xx") if p.note == 3 and p.role == "onset" else p for p in odd.phonemes)
    found = {finding.kind: finding for finding in inspect("made", [replace(odd, phonemes=named)]).findings}
    assert set(found) == {"lyric-mismatch", "unknown-phoneme", "score-doubt"}
    assert "'r' has no label" in found["lyric-mismatch"].detail


def test_figures_are_those_of_the_melody(song):
    figures = inspect("made", [song]).figures
    assert figures.phonemes == 30 + sum(bool(consonant) for *_, consonant, _ in MELODY)
    assert figures.sung_minutes * 60 == pytest.approx(sum(p.seconds for p in song.phonemes if not p.paused))
    assert figures.in_tune_share > 0.97
    assert figures.median_cents < 5
    assert figures.onset_median_ms < 1e-6
    assert figures.phoneme_median_ms["s"] == pytest.approx(60, abs=0.1)


def test_a_prepared_corpus_is_inspected_with_report_table_and_plots(opencpop, tmp_path):
    prepare("opencpop", opencpop, tmp_path / "out", workers=1, progress=False)
    name, songs = open_recordings(tmp_path / "out")
    inspection = inspect(name, songs, plots=tmp_path / "plots")
    assert (name, inspection.figures.songs) == ("opencpop", 4)
    rows = (tmp_path / "plots" / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(inspection.findings)
    assert all(set(json.loads(row)) == {"song", "seconds", "kind", "detail"} for row in rows)
    assert (tmp_path / "plots" / "corpus.png").read_bytes()[:4] == b"\x89PNG"
    assert "opencpop: 4 songs" in inspection.text()


def test_a_finding_is_drawn(song, tmp_path):
    inspect("made", [replace(song, label_end_seconds=song.wave.seconds + 1)], plots=tmp_path)
    assert (tmp_path / "made.png").read_bytes()[:4] == b"\x89PNG"


def test_a_folder_that_is_no_corpus_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="neither prepared nor a known corpus"):
        open_recordings(tmp_path)


def test_raw_folders_are_told_apart_by_their_layout(opencpop):
    name, recordings = open_recordings(opencpop)
    assert name == "opencpop"
    assert np.isclose(next(iter(recordings)).wave.seconds, 1.9)
