"""A song sung in one breath is cut where nothing voiced is near: each part sounds alone as it does in the whole."""

from dataclasses import replace

import numpy as np
import pytest

from tiny import kana_score
from visinger.evaluation.health import clicks
from visinger.serving.stretches import Rendered, sound, sound_kept, stretches_of
from visinger.voices import cutting
from visinger.voices.cutting import CELL_FRAMES, UNVOICED_FRAMES, Cuts, all_cuts, cut_in
from visinger.voices.voice import Voice

WORDS = "さくらさくらのやまもさとも" * 4
NOTES = [(lyric, 60 + k % 7, 480) for k, lyric in enumerate(WORDS)]  # 26 s without a rest
PAUSE_FRAMES = 12


@pytest.fixture(scope="module")
def voice(tiny_voice):
    return Voice.load(tiny_voice)


def unvoiced_in_s(performance, *, every=3):
    """The performance with no pitch for 12 frames of every third half second, as in an s."""
    f0_hz = performance.f0_hz()
    for start in range(100, len(f0_hz) - PAUSE_FRAMES, 50 * every):
        f0_hz[start : start + PAUSE_FRAMES] = 0.0
    return performance.with_f0(f0_hz)


def breath(voice, notes=NOTES):
    return unvoiced_in_s(voice.perform(kana_score(*notes), seed=4))


def parts_and_whole(voice, performance):
    stretches = stretches_of(performance, voice, "")
    return stretches, np.concatenate(list(voice.stream(performance)))


def test_every_part_of_a_breath_rendered_alone_is_that_part_of_the_song_sample_for_sample(voice):
    performance = breath(voice)
    stretches, whole = parts_and_whole(voice, performance)
    assert len(stretches) > 4
    assert stretches[0].start_frame == 0
    for stretch in reversed(stretches):
        first, last = stretch.span(performance)
        alone = np.concatenate(list(sound(stretch, performance, voice)))
        np.testing.assert_array_equal(alone, whole[first:last])


def test_a_breath_of_vowels_alone_is_one_part(voice):
    performance = voice.perform(kana_score(*[("あ", 60, 480)] * 30))
    f0_hz = np.maximum(performance.f0_hz(), 200.0)
    assert len(stretches_of(performance.with_f0(f0_hz), voice, "")) == 1


def test_another_pitch_in_the_middle_is_rendered_again_and_what_is_far_is_not(voice):
    notes = NOTES * 3
    before = breath(voice, notes)
    kept = Rendered(1 << 28)
    for stretch in stretches_of(before, voice, ""):
        list(sound_kept(stretch, before, voice, kept))
    k = len(notes) // 2
    after = breath(voice, [*notes[:k], (notes[k][0], 71, 480), *notes[k + 1 :]])
    stretches, whole = parts_and_whole(voice, after)
    missed = kept.missed
    assert np.array_equal(np.concatenate([b for s in stretches for b in sound_kept(s, after, voice, kept)]), whole)
    olds = {stretch.key for stretch in stretches_of(before, voice, "")}
    again = [stretch for stretch in stretches if stretch.key not in olds]
    assert kept.missed - missed == len(again)
    assert any(s.start_frame <= 50 * k < s.start_frame + s.frames for s in again)
    assert sum(stretch.frames for stretch in again) < 50 * len(notes) / 2


def test_a_cut_is_heard_in_no_sample_before_it_and_leaves_no_click(voice, monkeypatch):
    performance = breath(voice)
    cut = stretches_of(performance, voice, "")[0].frames
    parted = np.concatenate(list(voice.stream(performance)))
    monkeypatch.setattr(cutting, "cut_in", lambda *_place, **_limits: None)
    unparted = np.concatenate(list(voice.stream(performance)))
    first = cut * performance.hop_samples
    level = np.abs(unparted).max()
    assert np.abs(parted[:first] - unparted[:first]).max() < 1e-3 * level
    assert np.abs(parted - unparted).max() > 1e-2 * level, "the phase starts anew"
    assert set(clicks(parted)) <= set(clicks(unparted))


def test_cuts_found_while_the_pitch_comes_in_are_those_of_the_whole():
    rng = np.random.default_rng(3)
    for _ in range(50):
        runs = [np.full(rng.integers(1, 90), rng.choice([0.0, 220.0])) for _ in range(60)]
        f0_hz = np.concatenate(runs).astype(np.float32)
        start = int(rng.integers(0, 1000))
        cuts = Cuts(start, earliest=start + 41)
        edges = np.sort(rng.integers(0, len(f0_hz), 9))
        for piece in np.split(f0_hz, edges):
            cuts.add(piece)
        cuts.finish()
        assert cuts.found == all_cuts(f0_hz, start, earliest=start + 41)
        assert cuts.known == start + len(f0_hz)


def test_a_cut_has_four_unvoiced_frames_on_either_side_and_is_its_cells_own():
    rng = np.random.default_rng(4)
    f0_hz = np.where(rng.random(8000) < 0.9, 0.0, 220.0).astype(np.float32)
    cuts = all_cuts(f0_hz, 0, earliest=41)
    assert len(cuts) > 10
    for cut in cuts:
        assert not f0_hz[cut - UNVOICED_FRAMES // 2 : cut + UNVOICED_FRAMES // 2].any()
    cells = [cut // CELL_FRAMES for cut in cuts]
    assert len(set(cells)) == len(cells)
    changed = f0_hz.copy()
    changed[:400] = 220.0
    assert all_cuts(changed, 0, earliest=41) == [cut for cut in cuts if cut >= 400]


def test_no_pause_is_cut_that_is_shorter_than_what_a_sample_hears():
    f0_hz = np.full(CELL_FRAMES, 220.0, dtype=np.float32)
    f0_hz[200 : 200 + UNVOICED_FRAMES - 1] = 0
    assert cut_in(f0_hz, 0, earliest=0) is None
    f0_hz[200 + UNVOICED_FRAMES - 1] = 0
    assert cut_in(f0_hz, 0, earliest=0) == 200 + UNVOICED_FRAMES // 2
    assert cut_in(f0_hz, 0, earliest=300) is None


def test_the_key_of_a_part_tells_its_place(voice):
    performance = breath(voice)
    keys = [stretch.key for stretch in stretches_of(performance, voice, "")]
    assert len(set(keys)) == len(keys)
    other = stretches_of(replace(performance, seed=5), voice, "")
    assert not set(keys) & {stretch.key for stretch in other}
