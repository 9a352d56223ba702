"""Taking recordings apart, and keeping what was found."""

from pathlib import Path

import numpy as np
import pytest
from synthetic_speaker import MURMUR_SECONDS, NOISE_SECONDS, RATE, recording

from visinger.audio import Wave, write_wave
from visinger.concatenation import inventory, units
from visinger.concatenation.analysis import analyse
from visinger.errors import CorpusError, LyricError, VisingerError


def test_a_voiceless_initial_ends_where_the_voice_starts(synthetic):
    for initial in ("h", "sh", "t"):
        for unit in synthetic.by_initial[initial]:
            assert unit.consonant_ms == pytest.approx(1000 * NOISE_SECONDS[initial], abs=12)
            assert len(unit.consonant) == (unit.vowel_start + 1) * 120


def test_a_nasal_ends_where_the_spectrum_is_half_way_to_the_vowel(synthetic):
    (unit,) = synthetic.by_syllable["n", "i"]
    # the formants start moving in the middle of the murmur and arrive in the middle of the vowel
    half_way_ms = 1000 * (MURMUR_SECONDS / 2 + (MURMUR_SECONDS + 0.3) / 4)
    assert unit.consonant_ms == pytest.approx(half_way_ms, abs=60)
    assert len(unit.consonant) == 0


def test_the_nucleus_lies_in_the_vowel_and_before_a_nasal_coda(synthetic):
    for unit in synthetic.units:
        assert unit.vowel_start < unit.nucleus < unit.frames
    (unit,) = synthetic.by_syllable["", "an"]
    assert unit.nucleus < 0.5 * unit.frames


def test_pitch_and_level_of_a_known_voice_are_measured(synthetic):
    assert all(abs(unit.f0_hz - 300) < 2 for unit in synthetic.units)
    louder = analyse(2 * recording("a1"), "", "a")
    assert louder.level_db == pytest.approx(synthetic.by_syllable["", "a"][0].level_db + 6.02, abs=0.1)


def test_a_click_in_a_vowel_is_mended():
    clean = recording("a1")
    clicked = clean.copy()
    clicked[int(0.45 * RATE)] += 0.5
    reference, mended = (analyse(samples, "", "a") for samples in (clean, clicked))
    frames = min(len(reference.spectrum), len(mended.spectrum))
    difference = np.abs(reference.spectrum[:frames, :30] - mended.spectrum[:frames, :30]).max(axis=1)
    assert difference.max() < 1.0  # nepers; a click in the open is above 3


def test_noise_alone_is_no_syllable():
    assert analyse(np.random.default_rng(0).normal(0, 0.1, RATE), "", "a") is None
    assert analyse(np.zeros(RATE), "", "a") is None


def test_files_that_are_no_syllables_are_passed_over_and_an_empty_folder_refused(speaker, tmp_path):
    assert len(units.recordings(speaker)) == 14
    with pytest.raises(CorpusError, match="no recordings of toned syllables"):
        units.recordings(tmp_path)


def test_a_database_is_kept_until_a_recording_changes(tmp_path):
    folder, cache = tmp_path / "in", tmp_path / "out" / "units.npz"
    folder.mkdir()
    write_wave(folder / "a1.wav", Wave(recording("a1").astype(np.float32), RATE))
    units.prepare(folder, cache)
    first = cache.read_bytes()

    def forbidden(work, jobs):
        raise AssertionError("analysed again")

    units.prepare(folder, cache, parallel=forbidden)
    write_wave(folder / "an1.wav", Wave(recording("an1").astype(np.float32), RATE))
    assert len(units.prepare(folder, cache).units) == 2
    (folder / "an1.wav").unlink()
    units.prepare(folder, cache)
    assert cache.read_bytes() == first  # the same recordings make the same bytes
    cache.write_bytes(first[: len(first) // 2])
    assert len(units.prepare(folder, cache).units) == 1  # a damaged one is made anew


@pytest.mark.parametrize("damage", ["missing", "truncated", "not a database", "another file"])
def test_a_bad_database_is_refused_by_name(synthetic, tmp_path, damage):
    path = tmp_path / "units.npz"
    whole = Path(synthetic.path).read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[: len(whole) // 3])
    elif damage == "not a database":
        np.savez(path, x=np.zeros(3))
    elif damage == "another file":
        path.write_text("hello")
    with pytest.raises(VisingerError, match=r"units\.npz.*make it again"):
        units.load(path)


def test_leaving_out_a_tone_leaves_no_syllable_without_a_recording(synthetic):
    rest = synthetic.without_tone(4)
    assert {u.tone for u in rest.by_syllable["m", "a"]} == {1}
    assert {u.tone for u in rest.by_syllable["sh", "i"]} == {4}  # there is no other
    assert set(rest.by_syllable) == set(synthetic.by_syllable)


def test_a_syllable_never_recorded_is_put_together(synthetic):
    choice = inventory.choose(synthetic, "sh", "an", np.random.default_rng(0))
    assert (choice.consonant.initial, choice.vowel.final) == ("sh", "an")
    with pytest.raises(LyricError, match="final 'ong'"):
        inventory.choose(synthetic, "t", "ong", np.random.default_rng(0))
    with pytest.raises(LyricError, match="initial 'q'"):
        inventory.choose(synthetic, "q", "i", np.random.default_rng(0))


def test_syllables_with_several_recordings_are_sung_with_all_of_them(synthetic):
    tones = {inventory.choose(synthetic, "h", "ao", np.random.default_rng(k)).vowel.tone for k in range(40)}
    assert tones == {1, 2}
