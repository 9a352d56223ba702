"""What is wrong in PJS 1.1, song by song, and how it is mended. All times in seconds of the audio.

Found by `visinger inspect` on the corpus as it is, then settled by looking at
F0 and the level in three bands, every 10 ms around each place. Songs whose
labels are late by the voicing were checked with a second onset detector.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Relabel:
    """Replace the labels that start in [from, to) by these, laid end to end up to `to`."""

    from_seconds: float
    to_seconds: float
    phonemes: tuple[tuple[float, str], ...]  # (start, symbol)


@dataclass(frozen=True)
class Rescore:
    """Replace the notes that start in [from, to) by these."""

    from_seconds: float
    to_seconds: float
    notes: tuple[tuple[float, float, int, str], ...]  # (start, end, MIDI pitch, lyric)


@dataclass(frozen=True)
class Correction:
    """One song's repair: scale, shift, transpose, then edits."""

    reason: str
    time_scale: Fraction = Fraction(1)
    score_shift_seconds: float = 0.0
    label_shift_seconds: float = 0.0
    transpose_semitones: int = 0
    labels: tuple[Relabel, ...] = ()
    notes: tuple[Rescore, ...] = ()


def _late(seconds: float) -> Correction:
    """Voicing leads the labels of most songs by 20 ms; where it differs by 25 ms or more, all times move."""
    side = "later" if seconds > 0 else "earlier"
    return Correction(
        f"labels and notes lie {1000 * abs(seconds):.0f} ms {side}, by the voicing, than in the other songs",
        score_shift_seconds=-seconds,
        label_shift_seconds=-seconds,
    )


CORRECTIONS: dict[str, Correction] = {
    "pjs001": Correction(
        "the MusicXML lacks its first bar (4/4 at 90 bpm), and the labels lie a quarter of a second early",
        score_shift_seconds=8 / 3,
        label_shift_seconds=0.26,
    ),
    "pjs006": _late(0.025),
    "pjs008": Correction(
        "the last る is pushed a whole bar late by a stray whole rest, and is not labelled",
        labels=(Relabel(17.99, 21.35, ((17.997, "i"), (18.115, "r"), (18.150, "u"), (18.600, "pau"))),),
        notes=(Rescore(18.10, 21.40, ((18 + 1 / 6, 18 + 2 / 3, 51, "る"),)),),
    ),
    "pjs012": Correction("sung an octave above the score", transpose_semitones=12),
    "pjs016": Correction("score and labels are at 80 bpm, the audio at 90", time_scale=Fraction(80, 90)),
    "pjs017": _late(0.030),
    "pjs027": _late(0.030),
    "pjs030": _late(-0.030),
    "pjs038": _late(-0.030),
    "pjs045": _late(0.030),
    "pjs046": Correction(
        "the lyric みゅ ends in a line break, and ー stands on a note of its own: read as みゅ and as a held vowel"
    ),
    "pjs060": Correction(
        "a held note without a lyric is labelled xx: it holds the う of ぐ; all times lie 30 ms later than elsewhere",
        score_shift_seconds=-0.030,
        label_shift_seconds=-0.030,
        labels=(Relabel(5.37, 5.506, ((5.372, "u"),)),),
    ),
    "pjs064": Correction(
        "the と of びょおと stands in the second voice and is not labelled",
        labels=(Relabel(7.93, 8.755, ((7.935, "o"), (8.105, "t"), (8.220, "o"), (8.555, "pau"))),),
        notes=(Rescore(7.90, 8.70, ((7.95, 8.25, 59, "お"), (8.25, 8.55, 59, "と"))),),
    ),
    "pjs070": _late(0.030),
    "pjs082": _late(0.030),
}
