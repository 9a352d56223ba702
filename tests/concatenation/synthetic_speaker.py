"""A synthetic speaker: syllables of noise and harmonics whose parts are known to the sample."""

import numpy as np

from visinger.language import pinyin
from visinger.phrasing.phrase import Phrase

RATE = 24_000
SPEECH_HZ = 300.0
FORMANTS_HZ = {"a": (900, 1400), "i": (350, 2700), "u": (380, 800), "e": (550, 1300), "o": (500, 900), "n": (280, 1100)}
NOISE_SECONDS = {"h": 0.09, "sh": 0.14, "t": 0.06, "b": 0.02}
MURMUR_SECONDS = 0.08
VOICE_FROM_SECONDS = 0.3  # where the voice of every recording starts
SYLLABLES = ("a1", "an1", "ba1", "ba3", "ma1", "ma4", "ni1", "hao1", "hao2", "shi4", "ta1", "ta3", "wo1", "lu1")


def voice(shape: list[tuple[float, str]], rng: np.random.Generator) -> np.ndarray:
    """Harmonics of 300 Hz under two formants that move from one vowel to the next; (seconds, vowel) each."""
    ends = np.cumsum([seconds for seconds, _ in shape])
    centres = ends - np.array([seconds for seconds, _ in shape]) / 2
    clock = np.arange(int(ends[-1] * RATE)) / RATE
    first, second = (np.interp(clock, centres, [FORMANTS_HZ[v][k] for _, v in shape]) for k in (0, 1))
    phase = 2 * np.pi * SPEECH_HZ * clock
    samples = np.zeros(len(clock))
    for k in range(1, 38):
        hz = SPEECH_HZ * k
        strength = 1 / (1 + ((hz - first) / 120) ** 2) + 0.5 / (1 + ((hz - second) / 160) ** 2) + 0.003
        samples += strength * np.sin(k * phase + k * k)
    samples *= 0.25 * np.minimum(1, clock / 0.01) * np.minimum(1, (clock[-1] - clock) / 0.06)
    return samples + rng.normal(0, 1e-4, len(samples))


def recording(name: str) -> np.ndarray:
    rng = np.random.default_rng(sum(name.encode()))
    syllable = pinyin.syllables(name)[0]
    initial, final = "".join(syllable.onset), syllable.nucleus
    shape = [(0.3 / len(final), letter if letter in FORMANTS_HZ else "e") for letter in final]
    if initial in ("m", "n", "l"):
        shape = [(MURMUR_SECONDS, "n"), *shape]
    if initial == "w":
        shape = [(0.06, "u"), *shape]
    samples = np.concatenate([np.zeros(int(VOICE_FROM_SECONDS * RATE)), voice(shape, rng), np.zeros(RATE // 4)])
    length = int(NOISE_SECONDS.get(initial, 0) * RATE)
    at = int(VOICE_FROM_SECONDS * RATE)
    samples[at - length : at] += rng.normal(0, 0.03, length)
    return samples + rng.normal(0, 2e-5, len(samples))


Sung = list[tuple[str, int, int]]


def phrase_of(sung: Sung, *, start_frame: int = 0) -> Phrase:
    """A phrase from (pinyin or SP, AP, "-" to hold; MIDI pitch; frames of the slot)."""
    rows, starts, last = [], [0], ""
    for slot, (text, pitch, frames) in enumerate(sung):
        starts.append(starts[-1] + frames)
        if text in ("SP", "AP"):
            rows.append((text, 0, slot, False, False))
            continue
        if text != "-":
            syllable = pinyin.syllables(text)[0]
            rows.extend((symbol, pitch, slot, True, False) for symbol in syllable.onset)
            last = syllable.nucleus
        rows.append((last, pitch, slot, False, text == "-"))
    phonemes, pitches, slots, before, slurred = zip(*rows, strict=True)
    return Phrase(
        phonemes=phonemes,
        pitches=np.array(pitches),
        slot=np.array(slots),
        before_beat=np.array(before),
        slot_starts=np.array(starts),
        score_notes=np.array([-1 if text in ("SP", "AP") else k for k, (text, _, _) in enumerate(sung)]),
        slurred=np.array(slurred),
        start_frame=start_frame,
        language="zh",
    )
