"""A miniature of Opencpop's layout, written here: sawtooth vowels and noise for consonants."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 24_000

# name, phonemes, notes, phoneme seconds, slurs; a note's length is that of its phonemes
UTTERANCES = {
    "2001000001": (
        "SP x iao AP m a a SP",
        "rest C4 C4 rest E4 E4 G4 rest",
        ".2 .1 .4 .2 .08 .42 .3 .2",
        "0 0 0 0 0 0 1 0",
    ),
    "2001000002": ("SP d uo r e SP", "rest A#3/Bb3 A#3/Bb3 C4 C4 rest", ".15 .05 .4 .1 .5 .2", "0 0 0 0 0 0"),
    "2044000001": ("SP l a SP", "rest D4 D4 rest", ".2 .1 .5 .2", "0 0 0 0"),
    "2044000002": ("SP f a s o SP", "rest D4 D4 E4 E4 rest", ".2 .1 .5 .1 .4 .2", "0 0 0 0 0 0"),
    "2086000001": ("SP ai AP", "rest F4 rest", ".2 .6 .2", "0 0 0"),
    "2100000001": ("SP h ai SP", "rest F4 F4 rest", ".2 .1 .6 .2", "0 0 0 0"),
}
HZ = {"C4": 261.63, "D4": 293.66, "E4": 329.63, "F4": 349.23, "G4": 392.0, "A#3/Bb3": 233.08}
VOWELS = ("a", "o", "e", "iao", "uo", "ai")


def transcription(name: str) -> str:
    phonemes, notes, seconds, slurs = UTTERANCES[name]
    symbols, pitches, lengths = phonemes.split(), notes.split(), [float(x) for x in seconds.split()]
    totals = list(lengths)
    for n in range(1, len(symbols)):
        if symbols[n] in VOWELS and symbols[n - 1] not in (*VOWELS, "SP", "AP"):
            totals[n] = totals[n - 1] = lengths[n] + lengths[n - 1]
    text = "词" * (len(symbols) // 2)
    return "|".join(
        [
            name,
            text,
            " ".join(symbols),
            " ".join(pitches),
            " ".join(f"{x:.4f}" for x in totals),
            " ".join(map(str, lengths)),
            slurs,
        ]
    )


def sound(name: str) -> np.ndarray:
    phonemes, notes, seconds, _ = UTTERANCES[name]
    noise = np.random.default_rng(7)
    pieces = []
    for symbol, note, length in zip(phonemes.split(), notes.split(), seconds.split(), strict=True):
        count = round(float(length) * RATE)
        if symbol in VOWELS:
            time = np.arange(count) / RATE
            pieces.append(sum(np.sin(2 * np.pi * k * HZ[note] * time) / k for k in range(1, 9)) * 0.1)
        else:
            level = {"SP": 1e-4, "AP": 0.005}.get(symbol, 0.02)
            pieces.append(noise.normal(0, level, count))
    return np.concatenate(pieces).astype(np.float32)


@pytest.fixture
def opencpop(tmp_path: Path) -> Path:
    root = tmp_path / "opencpop"
    waves = root / "segments" / "wavs"
    waves.mkdir(parents=True)
    for name in UTTERANCES:
        soundfile.write(waves / f"{name}.wav", sound(name), RATE)
    lines = [transcription(name) for name in UTTERANCES]
    (root / "segments" / "transcriptions.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    apart = [line for line in lines if line.startswith("2044")]
    (root / "segments" / "test.txt").write_text("\n".join(apart) + "\n", encoding="utf-8")
    rest = [line for line in lines if not line.startswith("2044")]
    (root / "segments" / "train.txt").write_text("\n".join(rest) + "\n", encoding="utf-8")
    return root
