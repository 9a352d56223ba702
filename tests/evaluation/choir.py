"""Made-up singers with known faults, and takes for them to sing."""

import numpy as np

from visinger.audio import Wave
from visinger.corpora.take import Take
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import Phrase
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, hz_from_midi

FORMANTS_HZ = {"a": (800, 1200), "i": (280, 2300), "u": (320, 800), "m": (250, 1000)}


def sound(phrase: Phrase, frames: np.ndarray, f0_hz: np.ndarray, seed: int = 0) -> np.ndarray:
    """Harmonics through formants where pitched, hiss for s, nothing for silence."""
    per_sample = np.repeat(f0_hz, HOP_SAMPLES)
    phase = 2 * np.pi * np.cumsum(per_sample) / SAMPLE_RATE_HZ
    wave = 1e-5 * np.random.default_rng(seed).standard_normal(len(phase))
    hiss = np.random.default_rng(seed + 1).standard_normal(len(phase) + 1)
    bounds = np.concatenate([[0], np.cumsum(frames)]) * HOP_SAMPLES
    for symbol, start, end in zip(phrase.phonemes, bounds, bounds[1:], strict=False):
        here = slice(int(start), int(end))
        if symbol == "s":
            wave[here] += 0.03 * np.diff(hiss)[here]
        elif symbol in FORMANTS_HZ:
            pitch = per_sample[here]
            for k in range(1, 40):
                gain = sum(1 / (1 + ((k * pitch - f) / 120) ** 2) for f in FORMANTS_HZ[symbol])
                wave[here] += 0.1 * gain * np.sin(k * phase[here]) * (pitch > 0) * (k * pitch < 11_000)
    return wave.astype(np.float32)


def take(seed: int, *, notes: int = 4) -> Take:
    """A line of sa-, ma- and plain vowels on notes of a third of a second, sung 10 ms late and 8 cents flat."""
    rng = np.random.default_rng(seed)
    slot_frames, onset_frames = 36, 6
    phonemes, pitches, slot, before, frames = ["SP"], [0], [0], [False], [30]
    for note in range(1, notes + 1):
        pitch = int(rng.integers(52, 62))
        consonant = ("s", "m", "")[note % 3]
        if consonant:
            frames[-1] -= onset_frames
            phonemes.append(consonant), pitches.append(pitch), slot.append(note), before.append(True)
            frames.append(onset_frames)
        phonemes.append(str(rng.choice(list("aiu")))), pitches.append(pitch), slot.append(note), before.append(False)
        frames.append(slot_frames)
    phonemes.append("SP"), pitches.append(0), slot.append(notes + 1), before.append(False), frames.append(20)
    frames[0] += 1
    frames[-1] -= 1
    phrase = Phrase(
        phonemes=tuple(phonemes),
        pitches=np.array(pitches),
        slot=np.array(slot),
        before_beat=np.array(before),
        slot_starts=np.concatenate([[0, 30], 30 + slot_frames * np.arange(1, notes + 1), [50 + slot_frames * notes]]),
        score_notes=np.array([-1, *range(notes), -1]),
        slurred=np.zeros(len(phonemes), bool),
        language="ja",
    )
    durations = np.array(frames)
    f0_hz = curve(phrase, durations) * 2 ** (-8 / 1200)
    samples = sound(phrase, durations, f0_hz, seed)
    return Take(
        f"song{seed}-00", f"song{seed}", "nobody", phrase, durations, f0_hz.astype(np.float32), samples,
        SAMPLE_RATE_HZ, HOP_SAMPLES,
    )  # fmt: skip


def curve(phrase: Phrase, frames: np.ndarray) -> np.ndarray:
    """The notes' pitches, unvoiced in s and in silence."""
    voiced = np.array([symbol in FORMANTS_HZ for symbol in phrase.phonemes])
    return np.repeat(np.where(voiced, hz_from_midi(phrase.pitches), 0.0), frames)


class ToneSinger:
    """Sings the score on the beat; `sharp_cents` is how far its sound lies above what it means to sing."""

    sample_rate_hz, hop_samples = SAMPLE_RATE_HZ, HOP_SAMPLES

    def __init__(self, name: str = "tones", *, sharp_cents: float = 0.0, gain: float = 1.0) -> None:
        self.name, self.sharp_cents, self.gain = name, sharp_cents, gain
        self.sung = 0

    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:  # noqa: ARG002
        lengths = np.diff(phrase.slot_starts)
        frames = np.where(phrase.before_beat, 6, lengths[phrase.slot])
        for n in np.flatnonzero(phrase.before_beat):
            frames[n - 1] -= 6
        return PhrasePerformance(phrase, frames, curve(phrase, frames))

    def predicted_frames(self, phrase: Phrase) -> np.ndarray:
        return self.perform(phrase).frames + 3.0

    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        self.sung += 1
        f0_hz = performance.f0_hz * 2 ** (self.sharp_cents / 1200)
        samples = self.gain * sound(performance.phrase, performance.frames, f0_hz, seed)
        return Wave(samples.astype(np.float32), SAMPLE_RATE_HZ)

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        return self.render(self.perform(phrase, seed=seed), seed=seed)
