"""Melodies to sing: public-domain tunes by their scale degrees, and plausible new ones from a seed.

A melody is a list of phrases; a phrase is a list of `Tone`s in beats. Nothing
here is copied from an edition: the tunes are written down as degrees.
"""

from dataclasses import dataclass

import numpy as np

LOWEST_MIDI, HIGHEST_MIDI = 56, 70  # the speaker's 310 Hz ± 7 semitones: beyond it WORLD's spectra stray
LONGEST_PHRASE_SECONDS = 5.0
_MAJOR = (0, 2, 4, 5, 7, 9, 11)

# Degree, octave marks (, below ' above), :beats when not one. Bars between phrases.
TUNES = {
    "twinkle": "1 1 5 5 6 6 5:2 | 4 4 3 3 2 2 1:2 | 5 5 4 4 3 3 2:2 | 5 5 4 4 3 3 2:2",
    "ode to joy": "3 3 4 5 5 4 3 2 | 1 1 2 3 3:1.5 2:.5 2:2 | 2 2 3 1 2 3:.5 4:.5 3 1 | 2 3:.5 4:.5 3 2 1 2 5,:2",
    "brother john": "1 2 3 1 1 2 3 1 | 3 4 5:2 3 4 5:2 | 5:.5 6:.5 5:.5 4:.5 3 1 5:.5 6:.5 5:.5 4:.5 3 1",
    "songbie": "5 3:.5 5:.5 1':2 6 1' 5:2 | 5 1:.5 2:.5 3 2:.5 1:.5 2:3 | 5 3:.5 5:.5 1':1.5 7:.5 6 1' 5:2"
    " | 5 2:.5 3:.5 4:1.5 7,:.5 1:3 | 6 1' 1':2 7 6:.5 7:.5 1':2 | 6:.5 7:.5 1':.5 6:.5 6:.5 5:.5 3:.5 1:.5 2:3",
    "molihua": "3 3:.5 5:.5 6:.5 1':.5 1':.5 6:.5 5 5:.5 6:.5 5:2 | 5 5 5 3:.5 5:.5 6 6 5:2"
    " | 3 2:.5 3:.5 5 3:.5 2:.5 1 1:.5 2:.5 1:2 | 3:.5 2:.5 1:.5 3:.5 2:1.5 3:.5 5 6:.5 1':.5 5:2",
    "auld lang syne": "5, 1:1.5 1:.5 1 3 2:1.5 1:.5 2 3 | 1:1.5 1:.5 3 5 6:3 | 6 5:1.5 3:.5 3 1 2:1.5 1:.5 2 3"
    " | 1:1.5 6,:.5 6, 5, 1:3",
    "little lamb": "3 2 1 2 3 3 3:2 | 2 2 2:2 3 5 5:2 | 3 2 1 2 3 3 3 1 | 2 2 3 2 1:3",
    "london bridge": "5:1.5 6:.5 5 4 3 4 5:2 | 2 3 4:2 3 4 5:2 | 2:2 5:2 3 1:3",
    "amazing grace": "5, 1:2 3:.5 1:.5 3:2 2 1:2 | 6, 5,:2 5, 1:2 3:.5 1:.5 3:2 | 2 5:4 3 5:2 3:.5 1:.5 3:2",
    "long long ago": "1 1:.5 2:.5 3 3:.5 4:.5 5:.5 6:.5 5:.5 3:1.5 | 5 4:.5 3:.5 2:2 4 3:.5 2:.5 1:2",
    "susanna": "1:.5 2:.5 3 5 5:1.5 6:.5 5 3 1:1.5 2:.5 | 3 3 2 1 2:3 | 4:2 4:2 6 6:2 6 | 5 5 3 1 2:3",
    "sakura": "6, 6, 7,:2 6, 6, 7,:2 | 6, 7, 1 7, 6, 7,:.5 6,:.5 4,:2 | 3 3 4:2 3:.5 4:.5 3:.5 1:.5 7,:2",
    "skye boat": "5,:1.5 6,:.5 5, 1:2 1 2:1.5 3:.5 2 5:3 | 3:1.5 2:.5 3 6,:2 6, 5,:3",
    "row your boat": "1:1.5 1:1.5 1 2:.5 3:1.5 | 3 2:.5 3 4:.5 5:3 | 5 4:.5 3 2:.5 1:3",
}

# Rhythms of a bar of four beats with how often they occur
_BARS = (
    ((1, 1, 1, 1), 5),
    ((1, 1, 2), 5),
    ((2, 1, 1), 3),
    ((1.5, 0.5, 1, 1), 5),
    ((1, 0.5, 0.5, 1, 1), 5),
    ((0.5, 0.5, 1, 1, 1), 4),
    ((1.5, 0.5, 2), 4),
    ((0.5, 0.5, 0.5, 0.5, 1, 1), 6),
    ((1, 0.5, 0.5, 2), 3),
    ((0.5, 1, 0.5, 1, 1), 3),
    ((0.75, 0.25, 1, 1, 1), 2),
    ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1), 5),
    ((0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 3),
    ((1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 4),
    ((0.5, 0.5, 1, 0.5, 0.5, 1), 4),
    ((3, 1), 2),
    ((2, 2), 2),
)
_ENDINGS = (((2, 2), 3), ((1, 1, 2), 5), ((1, 3), 4), ((4,), 2), ((0.5, 0.5, 3), 3), ((1.5, 0.5, 2), 3))
_SCALES = (
    ((0, 2, 4, 7, 9), 5),  # gong
    ((0, 3, 5, 7, 10), 3),  # yu
    ((0, 2, 5, 7, 9), 2),  # zhi
    (_MAJOR, 4),
    ((0, 2, 3, 5, 7, 8, 10), 3),
)


@dataclass(frozen=True)
class Tone:
    """One note: pitch, length, and whether it continues the syllable before."""

    pitch_midi: int
    beats: float
    slurred: bool = False


@dataclass(frozen=True)
class Melody:
    """A song's worth of phrases at one tempo."""

    name: str
    beats_per_minute: float
    phrases: tuple[tuple[Tone, ...], ...]


def melody(index: int, seed: int, *, phrases: int) -> Melody:
    """The melody of song `index`: every fourth is a tune until all are used once, the others are new."""
    rng = np.random.default_rng([seed, index, 11])
    names = sorted(TUNES)
    if index % 4 == 1 and index // 4 < len(names):
        name = names[index // 4]
        lines = fitted([_parsed(line) for line in TUNES[name].split("|")], rng)
    else:
        name = f"new {index}"
        lines = _invented(phrases, rng)
    lines = [lines[k % len(lines)] for k in range(phrases)]
    longest = max(sum(tone.beats for tone in line) for line in lines)
    tempo = max(float(rng.uniform(76, 144)), 60 * longest / LONGEST_PHRASE_SECONDS)
    return Melody(name, tempo, tuple(_with_slurs(line, rng) for line in lines))


def _parsed(line: str) -> list[tuple[int, float]]:
    """Semitones above the tonic, and beats."""
    tones = []
    for token in line.split():
        degree, _, beats = token.partition(":")
        octave = degree.count("'") - degree.count(",")
        tones.append((_MAJOR[int(degree.strip("',")) - 1] + 12 * octave, float(beats or 1)))
    return tones


def fitted(lines: list[list[tuple[int, float]]], rng: np.random.Generator) -> list[list[Tone]]:
    """Intervals laid into the singer's range on a random tonic; what still sticks out moves by an octave."""
    heights = [height for line in lines for height, _ in line]
    lowest, highest = LOWEST_MIDI - min(heights), HIGHEST_MIDI - max(heights)
    tonic = int(rng.integers(lowest, highest + 1)) if highest >= lowest else (lowest + highest) // 2
    return [[Tone(_folded(tonic + height), beats) for height, beats in line] for line in lines]


def _folded(pitch_midi: int) -> int:
    while pitch_midi > HIGHEST_MIDI:
        pitch_midi -= 12
    while pitch_midi < LOWEST_MIDI:
        pitch_midi += 12
    return pitch_midi


def _invented(phrases: int, rng: np.random.Generator) -> list[list[Tone]]:
    """Phrases of two bars over one scale: A A' B A'' and so on, ends on the tonic, its third or its fifth."""
    scale = _drawn(_SCALES, rng)
    tonic = int(rng.integers(LOWEST_MIDI, LOWEST_MIDI + 12))
    ladder = [p for p in range(LOWEST_MIDI, HIGHEST_MIDI + 1) if (p - tonic) % 12 in scale]
    resting = [k for k, p in enumerate(ladder) if (p - tonic) % 12 in (0, 4, 7)]
    first_rhythm = [*_drawn(_BARS, rng), *_drawn(_ENDINGS, rng)]
    lines: list[list[Tone]] = []
    for number in range(phrases):
        if number % 4 == 1:  # A': as before, another end
            rhythm = first_rhythm
            head = [ladder.index(tone.pitch_midi) for tone in lines[0][: len(lines[0]) // 2]]
        elif number % 4 == 3 and rng.uniform() < 0.5:
            rhythm, head = first_rhythm, []
        else:
            rhythm = first_rhythm if number == 0 else [*_drawn(_BARS, rng), *_drawn(_ENDINGS, rng)]
            head = []
        steps = head or [int(rng.integers(len(ladder) // 4, 3 * len(ladder) // 4))]
        while len(steps) < len(rhythm):
            steps.append(_next_step(steps[-1], len(ladder), rng))
        goal = min(resting, key=lambda k: (abs(k - steps[-1]), k))
        lines.append([Tone(ladder[k], beats) for k, beats in zip([*steps[:-1], goal], rhythm, strict=True)])
    return lines


def _next_step(step: int, count: int, rng: np.random.Generator) -> int:
    """Mostly neighbours, some repeats and thirds, few leaps; the edges of the range push back."""
    size = int(rng.choice([0, 1, 2, 3, 4], p=[0.17, 0.47, 0.22, 0.09, 0.05]))
    upward = rng.uniform() > step / max(count - 1, 1)
    return int(np.clip(step + (size if upward else -size), 0, count - 1))


def _with_slurs(line: list[Tone], rng: np.random.Generator) -> tuple[Tone, ...]:
    """Some neighbours are sung on one syllable."""
    tones = [line[0]]
    for tone in line[1:]:
        moves = tone.pitch_midi != tones[-1].pitch_midi
        slurred = moves and not tones[-1].slurred and rng.uniform() < 0.09
        tones.append(Tone(tone.pitch_midi, tone.beats, slurred))
    return tuple(tones)


def _drawn(weighted: tuple, rng: np.random.Generator) -> tuple:
    weights = np.array([weight for _, weight in weighted], dtype=np.float64)
    return weighted[int(rng.choice(len(weighted), p=weights / weights.sum()))][0]
