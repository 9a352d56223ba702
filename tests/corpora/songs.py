"""Songs made here: notes, labels and a voice of sawtooth and noise that follows them exactly."""

from functools import cache

import numpy as np

from visinger.audio import Wave
from visinger.corpora.recording import NO_NOTE, Recording, TimedNote, TimedPhoneme
from visinger.signal import f0
from visinger.units import SAMPLE_RATE_HZ, hz_from_midi

UNVOICED = ("k", "s", "t", "sh", "h")
# (seconds from the start, seconds, MIDI pitch, consonant, vowel); 60 ms consonants before the beat
MELODY = [
    (
        0.80 + 0.45 * k + 0.9 * (k // 6),
        0.45,
        48 + (k * 5) % 9,
        ("", "s", "n", "t", "k", "m", "sh")[k % 7],
        "aiueo"[k % 5],
    )
    for k in range(30)
]
CONSONANT_SECONDS = 0.06


@cache  # nothing changes a recording
def recording(melody=MELODY, *, name: str = "made", tail_seconds: float = 0.6) -> Recording:
    """The melody sung: vowels start on their notes, pauses where the melody has gaps."""
    notes, phonemes = [], []
    at = 0.0
    for k, (start, seconds, pitch, consonant, vowel) in enumerate(melody):
        begin = start - (CONSONANT_SECONDS if consonant else 0.0)
        if begin > at + 0.2:
            phonemes.append(TimedPhoneme("SP", at, begin))
        elif phonemes:
            phonemes[-1] = phonemes[-1].at(phonemes[-1].start_seconds, begin)
        if consonant:
            phonemes.append(TimedPhoneme(consonant, begin, start, k, "onset"))
        phonemes.append(TimedPhoneme(vowel, start, start + seconds, k, "nucleus"))
        notes.append(TimedNote(start, start + seconds, pitch, "ら", k))
        at = start + seconds
    phonemes.append(TimedPhoneme("SP", at, at + tail_seconds))
    wave = Wave(sung(phonemes, notes), SAMPLE_RATE_HZ)
    return Recording(
        name=name,
        singer="sawtooth",
        language="ja",
        convention="vowel-anchored",
        wave=wave,
        f0_hz=f0.track(wave.samples, SAMPLE_RATE_HZ),
        notes=tuple(notes),
        phonemes=tuple(phonemes),
        label_end_seconds=wave.seconds,
    )


def sung(phonemes: list[TimedPhoneme], notes: list[TimedNote]) -> np.ndarray:
    total = round(phonemes[-1].end_seconds * SAMPLE_RATE_HZ)
    noise = np.random.default_rng(3)
    samples = noise.normal(0, 1e-4, total)
    for p in phonemes:
        first, end = round(p.start_seconds * SAMPLE_RATE_HZ), round(p.end_seconds * SAMPLE_RATE_HZ)
        if p.note == NO_NOTE:
            continue
        if p.symbol in UNVOICED:
            samples[first:end] += noise.normal(0, 0.02, end - first)
        else:
            time = np.arange(first, end) / SAMPLE_RATE_HZ
            hz = float(hz_from_midi(notes[p.note].pitch_midi))
            samples[first:end] += sum(np.sin(2 * np.pi * k * hz * time) / k for k in range(1, 12)) * 0.08
    return samples.astype(np.float32)
