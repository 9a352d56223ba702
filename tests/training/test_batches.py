"""Batches are functions of their place."""

import numpy as np
import pytest
import torch
from tests.training.made_up import HOP, SYMBOLS, take, takes

from visinger.corpora.take import Take
from visinger.errors import CorpusError
from visinger.models.batch import Batch
from visinger.phrasing.vocabulary import Vocabulary
from visinger.training.batches import Batches, Place, ahead, fixed
from visinger.training.recipe import Data

VOCABULARY = Vocabulary(SYMBOLS)
WINDOWED = Data(batch_takes=2, window_frames=24, segment_frames=8, whole_take_share=0.25, seed=5)


def batches(count: int = 11, data: Data = WINDOWED, **settings: int) -> Batches:
    return Batches(takes(count), VOCABULARY, data, latent_channels=4, **settings)


def tensors(batch: Batch) -> dict[str, torch.Tensor]:
    return {name: value for name, value in vars(batch).items() if isinstance(value, torch.Tensor)}


def assert_same(one: Batch, other: Batch) -> None:
    assert one.names == other.names
    for name, tensor in tensors(one).items():
        assert torch.equal(tensor, tensors(other)[name]), name


def test_a_place_has_one_batch_whatever_was_asked_before():
    fresh, used = batches(), batches()
    place = Place()
    for _ in range(15):
        used.step(place)
        place = used.following(place)
    for place in (Place(2, 3), Place(0, 1), Place(2, 3)):
        assert_same(fresh.step(place)[0], used.step(place)[0])


def test_a_thread_ahead_of_the_steps_changes_nothing():
    one, other = batches(), batches()
    place = Place(1, 2)
    coming = ahead(one, place, depth=3)
    for _ in range(9):
        at, made = next(coming)
        assert at == place
        assert_same(made[0], other.step(place)[0])
        place = other.following(place)
    coming.close()


@pytest.mark.parametrize("window", [0, 24])
def test_two_processes_share_the_takes_of_one_with_the_double_batch(window):
    data = Data(batch_takes=4, window_frames=window, segment_frames=8, whole_take_share=0.3)
    halved = Data(batch_takes=2, window_frames=window, segment_frames=8, whole_take_share=0.3)
    alone = batches(data=data)
    pair = [batches(data=halved, rank=rank, world=2) for rank in range(2)]
    place = Place()
    for _ in range(2 * alone.steps_per_epoch):
        whole = alone.step(place)[0]
        parts = [process.step(place)[0] for process in pair]
        assert whole.names == parts[0].names + parts[1].names
        for name, tensor in tensors(whole).items():
            joined = torch.cat([tensors(part)[name] for part in parts])
            assert torch.equal(tensor, joined), name
        place = alone.following(place)


def test_micro_batches_share_the_takes_of_one_large_batch():
    large = batches(data=Data(batch_takes=6, window_frames=24, segment_frames=8))
    small = batches(data=Data(batch_takes=2, window_frames=24, segment_frames=8), accumulate=3)
    micros = small.step(Place(1, 1))
    assert len(micros) == 3
    assert large.step(Place(1, 1))[0].names == micros[0].names + micros[1].names + micros[2].names


def test_an_epoch_sings_every_take_and_repeats_only_to_fill_its_last_step():
    made = batches(11)
    for epoch in range(3):
        names = [name for p in range(made.steps_per_epoch) for name in made.names(Place(epoch, p))]
        assert len(names) == 12
        assert set(names) == {take.name for take in takes(11)}
    assert made.plan(0) != made.plan(1)


def test_takes_of_like_length_are_padded_together():
    long_and_short = [take(f"t{k}", seed=k, notes=3 if k % 2 else 12) for k in range(32)]
    made = Batches(long_and_short, VOCABULARY, Data(batch_takes=4), latent_channels=4)
    shares = [
        float(batch.frame_counts.sum()) / batch.f0_hz.numel()
        for p in range(made.steps_per_epoch)
        for batch in made.step(Place(0, p))
    ]
    assert np.mean(shares) > 0.85  # in random order a step would hold about 0.65


def test_a_window_is_the_recording_at_its_start():
    made = batches()
    by_name = {one.name: one for one in takes(11)}
    for p in range(made.steps_per_epoch):
        batch = made.step(Place(0, p))[0]
        for b, name in enumerate(batch.names):
            one, start, count = by_name[name], int(batch.window_starts[b]), int(batch.frame_counts[b])
            assert np.array_equal(batch.samples[b, : count * HOP], one.samples[start * HOP : (start + count) * HOP])
            assert np.array_equal(batch.f0_hz[b, :count], one.f0_hz[start : start + count])
            assert not batch.samples[b, count * HOP :].any()
            assert not batch.posterior_noise[b, :, count:].any()
            n = int(batch.phoneme_counts[b])
            assert VOCABULARY.phonemes(batch.phonemes[b].numpy()) == one.phrase.phonemes
            assert np.array_equal(batch.frames[b, :n], one.frames)
            assert np.array_equal(batch.note_frames[b, :n], one.phrase.note_frames)
            assert 0 <= int(batch.segment_starts[b]) <= max(count - 8, 0)


def test_some_steps_show_whole_takes_and_the_others_windows():
    made = batches(12)
    widths = [made.step(Place(epoch, p))[0].f0_hz.shape[1] for epoch in range(10) for p in range(6)]
    whole = sum(width > 24 for width in widths)
    assert 5 <= whole <= 25  # a quarter of 60


def mostly_silent() -> Take:
    """Five sung notes after three seconds of silence."""
    from dataclasses import replace

    sung = take("late", seed=3, notes=5)
    silence = 300
    frames, starts = sung.frames.copy(), sung.phrase.slot_starts.copy()
    frames[0] += silence
    starts[1:] += silence
    return replace(
        sung,
        phrase=replace(sung.phrase, slot_starts=starts),
        frames=frames,
        f0_hz=np.concatenate([np.zeros(silence, np.float32), sung.f0_hz]),
        samples=np.concatenate([np.zeros(silence * HOP, np.float32), sung.samples]),
    )


def test_windows_are_rather_sung_than_silent():
    made = Batches([mostly_silent()], VOCABULARY, WINDOWED, latent_channels=4)
    voiced = [float((made.step(Place(epoch, 0))[0].f0_hz > 0).any()) for epoch in range(100)]
    assert np.mean(voiced) > 0.4  # a blind draw of 24 frames among 370 would be voiced in about a quarter
    assert np.mean(voiced) < 1.0  # silence is learnt as well


def test_noise_is_normal_and_belongs_to_the_epoch_and_the_take():
    made = batches(8, Data(batch_takes=8, segment_frames=8))
    first, second = made.step(Place(0, 0))[0], made.step(Place(1, 0))[0]
    noise = first.source_noise
    assert abs(float(noise.mean())) < 0.03
    assert abs(float(noise.std()) - 1) < 0.03
    assert abs(float(torch.corrcoef(noise).triu(1).max())) < 0.2
    again = second.source_noise[second.names.index(first.names[0])]
    assert not torch.equal(noise[0], again)


def test_held_out_takes_are_whole_and_always_the_same():
    one, other = (fixed(takes(5), VOCABULARY, WINDOWED, latent_channels=4) for _ in range(2))
    assert sorted(name for batch in one for name in batch.names) == sorted(take.name for take in takes(5))
    lengths = {take.name: take.phrase.frames for take in takes(5)}
    for a, b in zip(one, other, strict=True):
        assert_same(a, b)
        assert [lengths[name] for name in a.names] == a.frame_counts.tolist()


def test_no_takes_are_refused():
    with pytest.raises(CorpusError, match="no takes"):
        Batches([], VOCABULARY, WINDOWED, latent_channels=4)
