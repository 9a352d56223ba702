"""A toy language: vowels that are tones with formants, and one hiss."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visinger.alignment import learning, recogniser  # noqa: E402
from visinger.alignment.augmentation import Lesson, augmented, lesson  # noqa: E402
from visinger.alignment.learning import LearningConfig, learn  # noqa: E402
from visinger.alignment.network import RecogniserConfig, RecogniserNetwork  # noqa: E402
from visinger.alignment.recogniser import PhonemeRecogniser  # noqa: E402
from visinger.corpora.take import Take  # noqa: E402
from visinger.errors import CheckpointError, LyricError  # noqa: E402
from visinger.phrasing.phrase import Phrase  # noqa: E402
from visinger.signal.mel import log_mel  # noqa: E402
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ  # noqa: E402

FORMANTS_HZ = {"a": (800, 1200), "i": (280, 2300), "u": (320, 800)}
SMALL = RecogniserConfig(stem_channels=8, width=48, blocks=1, recurrent=32, dropout=0.0)


def sound(symbol: str, frames: int, f0_hz: float, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(frames * HOP_SAMPLES) / SAMPLE_RATE_HZ
    if symbol == "SP":
        return 1e-4 * rng.standard_normal(len(time))
    if symbol == "s":
        return 0.05 * np.diff(rng.standard_normal(len(time) + 1))
    wave = np.zeros(len(time))
    for k in range(1, int(4000 / f0_hz)):
        gain = sum(1 / (1 + ((k * f0_hz - f) / 100) ** 2) for f in FORMANTS_HZ[symbol])
        wave += gain * np.sin(2 * np.pi * k * f0_hz * time)
    return 0.1 * wave


def sing(seed: int) -> Take:
    rng = np.random.default_rng(seed)
    words = [symbol for _ in range(5) for symbol in (["s"] if rng.random() < 0.5 else []) + [rng.choice(list("aiu"))]]
    phonemes = ("SP", *words, "SP")
    frames = rng.integers(8, 18, size=len(phonemes))
    samples = np.concatenate(
        [sound(p, int(n), float(rng.uniform(150, 260)), rng) for p, n in zip(phonemes, frames, strict=True)]
    )
    count, total = len(phonemes), int(frames.sum())
    phrase = Phrase(
        phonemes=phonemes,
        pitches=np.full(count, 57),
        slot=np.zeros(count, np.int64),
        before_beat=np.zeros(count, bool),
        slot_starts=np.array([0, total]),
        score_notes=np.array([0]),
        slurred=np.zeros(count, bool),
    )
    return Take(
        f"toy-{seed}",
        "toy",
        "nobody",
        phrase,
        frames,
        np.zeros(total, np.float32),
        samples,
        SAMPLE_RATE_HZ,
        HOP_SAMPLES,
    )


@pytest.fixture(scope="module")
def taught() -> PhonemeRecogniser:
    torch.set_num_threads(1)
    config = LearningConfig(
        epochs=16, batch_frames=600, learning_rate=6e-3, averaging=0.9, speeds=(1.0,), network=SMALL
    )
    return learn([sing(seed) for seed in range(48)], config)


def test_a_language_of_three_vowels_and_a_hiss_is_learnt_in_seconds(taught):
    found = [taught.errors(log_mel(t.samples), t.phrase.phonemes) for t in (sing(1000 + k) for k in range(10))]
    errors, phonemes = sum(e.errors for e in found), sum(e.phonemes for e in found)
    assert phonemes >= 60
    assert errors / phonemes < 0.1


def test_other_words_are_not_heard_in_a_wave(taught):
    take = sing(2000)
    swapped = [{"a": "i", "i": "u", "u": "a"}.get(p, p) for p in take.phrase.phonemes]
    vowels = sum(p in "aiu" for p in take.phrase.phonemes)
    assert taught.errors(log_mel(take.samples), swapped).errors >= 0.8 * vowels


def test_known_words_are_found_where_they_were_sung(taught):
    take = sing(3000)
    found = taught.align(log_mel(take.samples), take.phrase.phonemes)
    bounds = np.concatenate([[0], np.cumsum(take.frames)])
    middles = (found.starts + found.ends) / 2
    true_starts, true_ends = bounds[1:-2], bounds[2:-1]
    assert np.mean((middles >= true_starts) & (middles <= true_ends)) >= 0.9


def test_a_phoneme_never_taught_is_named(taught):
    with pytest.raises(LyricError, match="'zh'"):
        taught.align(np.zeros((80, 50), np.float32), ["a", "zh"])


def test_what_was_saved_hears_the_same(taught, tmp_path):
    taught.save(tmp_path)
    mel = log_mel(sing(4000).samples)
    again = PhonemeRecogniser.load(tmp_path)
    np.testing.assert_array_equal(again.log_probabilities(mel), taught.log_probabilities(mel))
    assert again.symbols == taught.symbols == ("a", "i", "s", "u")
    assert again.story["takes"] == 48


def test_a_missing_damaged_or_mixed_up_recogniser_is_refused(taught, tmp_path):
    with pytest.raises(CheckpointError, match="no readable recogniser"):
        PhonemeRecogniser.load(tmp_path / "nowhere")
    taught.save(tmp_path)
    weights = tmp_path / recogniser.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="do not belong together"):
        PhonemeRecogniser.load(tmp_path)
    (tmp_path / recogniser.CARD).write_text(json.dumps({"symbols": 3}), encoding="utf-8")
    with pytest.raises(CheckpointError):
        PhonemeRecogniser.load(tmp_path)


def test_a_clip_is_heard_the_same_alone_and_beside_a_longer_one():
    torch.manual_seed(0)
    network = RecogniserNetwork(SMALL, phonemes=4).eval()
    short, long = torch.randn(80, 61), torch.randn(80, 140)
    together = torch.zeros(2, 80, 140)
    together[0, :, :61], together[1] = short, long
    with torch.inference_mode():
        alone = network(short[None], torch.tensor([61])).ctc[0]
        beside = network(together, torch.tensor([61, 140]))
    assert beside.counts.tolist() == [31, 70]
    torch.testing.assert_close(beside.ctc[0, :31], alone, atol=1e-5, rtol=1e-4)


def test_the_default_network_stays_below_a_million_and_a_half_parameters():
    network = RecogniserNetwork(RecogniserConfig(), phonemes=60)
    assert sum(p.numel() for p in network.parameters()) < 1_500_000


def test_silence_and_breath_are_no_words():
    assert recogniser.spoken(["SP", "k", "a", "AP", "i", "SP"]) == ("k", "a", "i")


def test_faster_playing_shortens_and_raises_and_keeps_labels_in_place():
    labels = np.repeat([0, 1, 2], 40)
    time = np.arange(120 * HOP_SAMPLES) / SAMPLE_RATE_HZ
    samples = np.sin(2 * np.pi * 1000 * time)
    normal, fast = (lesson(samples, labels, np.array([1, 2]), speed=s) for s in (1.0, 1.25))
    assert fast.frames == 96
    assert np.bincount(fast.frame_labels).tolist() == [32, 32, 32]
    # 1000 Hz is mel 15; 1250 Hz lies ln(1.25) / (ln(6.4) / 27) = 3.25 mel above; 80 bands share 50.3 mel
    peaks = [int(clip.log_mel.mean(axis=1).argmax()) for clip in (normal, fast)]
    mels_per_band = (15 + np.log(12) / (np.log(6.4) / 27)) / 81
    assert peaks[1] - peaks[0] == pytest.approx(3.25 / mels_per_band, abs=1.0)


def test_a_variation_keeps_every_label_and_the_number_of_bands():
    clip = Lesson(
        np.random.default_rng(0).normal(size=(80, 200)).astype(np.float32),
        np.repeat([0, 3, 5, 0], 50),
        np.array([3, 5]),
    )
    rng = np.random.default_rng(1)
    for _ in range(20):
        varied = augmented(clip, rng)
        assert varied.log_mel.shape == (80, len(varied.frame_labels))
        assert varied.log_mel.dtype == np.float32
        changes = varied.frame_labels[np.flatnonzero(np.diff(varied.frame_labels, prepend=-1))]
        assert changes.tolist() == [0, 3, 5, 0]
        assert 0.79 * 200 <= varied.frames <= 1.26 * 200


def test_frames_are_labelled_by_the_phoneme_that_owns_them():
    take = sing(5)
    labels = learning.frame_labels(take, {"a": 1, "i": 2, "s": 3, "u": 4})
    assert len(labels) == take.phrase.frames
    assert not labels[: take.frames[0]].any()
    assert labels[take.frames[0]] == {"a": 1, "i": 2, "s": 3, "u": 4}[take.phrase.phonemes[1]]
