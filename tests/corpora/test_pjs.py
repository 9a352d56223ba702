"""PJS itself, where it is on this machine: the published figures come out again."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from visinger.corpora import pjs
from visinger.corpora.framing import lay, without_notes
from visinger.corpora.inspection import inspect
from visinger.corpora.pjs_corrections import CORRECTIONS
from visinger.corpora.recording import NO_NOTE
from visinger.corpora.segmentation import takes
from visinger.errors import CorpusError

DEFECTIVE = {f"pjs{number:03d}" for number in (1, 4, 6, 8, 12, 16, 27, 46, 60, 64, 82)}
SOUND = {"pjs003", "pjs050"}


@pytest.fixture(scope="module")
def root(shared_data) -> Path:
    return shared_data / "pjs"


@pytest.fixture(scope="module")
def aligned(root) -> dict[str, pjs.Aligned]:
    songs = {}
    for job in pjs.jobs(root):
        audio, label, musicxml = (Path(source) for source in job.sources)
        songs[job.name] = pjs.align_song(job.name, label, musicxml, seconds=soundfile.info(audio).duration)
    return songs


def test_all_94_songs_are_found_and_their_labels_follow_their_lyrics(aligned):
    assert len(aligned) == 94
    assert {name: song.mismatches for name, song in aligned.items() if song.mismatches} == {}


def test_every_note_with_a_lyric_is_sung_and_every_phoneme_has_a_note(aligned):
    for name, song in aligned.items():
        sung = {p.note for p in song.phonemes if not p.paused}
        assert NO_NOTE not in sung, name
        assert sung == set(range(len(song.notes))), name


def test_vowels_begin_on_their_notes_and_consonants_before_them(aligned):
    late, early = [], []
    for song in aligned.values():
        for p in song.phonemes:
            if p.role == "nucleus" and not p.slurred:
                late.append(p.start_seconds - song.notes[p.note].start_seconds)
            elif p.role == "onset":
                early.append(song.notes[p.note].start_seconds - p.start_seconds)
    assert 0.005 <= np.median(np.abs(late)) <= 0.010  # 7 ms
    assert np.percentile(np.abs(late), 90) <= 0.025  # 21 ms
    assert 0.050 <= np.median(early) <= 0.075


def test_eighteen_minutes_are_sung(aligned):
    seconds = sum(p.seconds for song in aligned.values() for p in song.phonemes if not p.paused)
    assert seconds / 60 == pytest.approx(18.0, abs=0.1)


def test_identical_neighbours_and_very_short_phones_are_as_many_as_labelled(aligned):
    sung = [song.phonemes for song in aligned.values()]
    identical = sum(a.symbol == b.symbol and not a.paused for song in sung for a, b in pairwise(song))
    assert identical == 335 + 1  # the label files' own, and the う of pjs060 that was labelled xx
    assert sum(p.seconds < 0.01 and not p.paused for song in sung for p in song) == 32


def test_a_corrected_octave_brings_the_voice_to_its_notes(root):
    (job,) = [job for job in pjs.jobs(root) if job.name == "pjs012"]
    song = pjs.read_song(job.name, *map(Path, job.sources))
    figures = inspect("pjs", [song]).figures
    assert figures.in_tune_share > 0.55
    assert figures.median_cents < 45
    made = takes(lay(without_notes(song)))
    assert sum(take.phrase.frames for take in made) / 100 > song.sung_seconds
    for take in made:
        starts = np.concatenate([[0], np.cumsum(take.frames)])[:-1]
        nuclei = ~take.phrase.before_beat & (take.phrase.pitches > 0) & np.isin(take.phrase.phonemes, list("aiueo"))
        distance = np.abs(starts - take.phrase.slot_starts[take.phrase.slot])[nuclei]
        assert np.median(distance) <= 2


def test_inspection_finds_the_known_defects_by_itself(root):
    wanted = [job for job in pjs.jobs(root) if job.name in DEFECTIVE | SOUND]
    songs = (pjs.read_song(job.name, *map(Path, job.sources), corrections=False) for job in wanted)
    found: dict[str, dict[str, str]] = {}
    for finding in inspect("pjs", songs).findings:
        found.setdefault(finding.song, {})[finding.kind] = finding.detail
    assert set(found) == DEFECTIVE
    assert "+2.4" in found["pjs001"]["score-offset"]
    assert "moved by +0.2" in found["pjs001"]["label-offset"]
    assert "2.40 s past" in found["pjs004"]["past-end"]
    assert "lyric-mismatch" in found["pjs008"]
    assert "+12 semitones" in found["pjs012"]["transposed"]
    assert "× 0.88" in found["pjs016"]["label-scale"] or "× 0.89" in found["pjs016"]["label-scale"]
    assert "odd-lyric" in found["pjs046"]
    assert "'xx'" in found["pjs060"]["unknown-phoneme"]
    assert "と" in found["pjs064"]["lyric-mismatch"]
    for song in ("pjs006", "pjs027", "pjs082"):
        assert "labels-late" in found[song]


def test_every_correction_says_why():
    assert all(len(correction.reason) > 20 for correction in CORRECTIONS.values())
    assert all(any(song in defect for defect in pjs.CARD.defects) for song in CORRECTIONS)


def test_a_folder_without_songs_and_a_song_without_labels_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="give the corpus' own folder"):
        pjs.jobs(tmp_path)
    (tmp_path / "song").mkdir()
    soundfile.write(tmp_path / "song" / "pjs901_song.wav", np.zeros(2400), 24_000)
    with pytest.raises(CorpusError, match=r"lab/pjs901\.lab: pjs901 has no such file"):
        pjs.jobs(tmp_path)
