"""How a corpus is sung: pitch, loudness and consonants, measured take by take, as one table.

What the rules of `concatenation` draw (`contour.Manner`, `dynamics.Dynamics`)
can be read off it, for real singing and for the rules' own.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from visinger.corpora import sung_levels, sung_pitch
from visinger.corpora.sung_levels import ATTACK_FRAMES, ConsonantManner, LoudnessManner
from visinger.corpora.sung_notes import sung
from visinger.corpora.sung_pitch import PitchManner
from visinger.corpora.take import Take
from visinger.units import FRAMES_PER_SECOND


@dataclass(frozen=True)
class Manners:
    """The manner of a corpus; NaN stands for what it does not show."""

    name: str
    pitch: PitchManner
    loudness: LoudnessManner
    consonants: tuple[ConsonantManner, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def text(self) -> str:
        """The table for people."""
        return "\n".join(
            [
                f"{self.name}: {self.pitch.notes} notes",
                *_pitch_lines(self.pitch),
                *_loudness_lines(self.loudness),
                *(_consonant_line(one) for one in self.consonants),
            ]
        )


def measure(name: str, takes: Iterable[Take]) -> Manners:
    """Measure takes, read one at a time; two seconds a minute of singing."""
    notes = [sung(take) for take in takes]
    return Manners(name, sung_pitch.measure(notes), sung_levels.loudness(notes), sung_levels.consonants(notes))


def _pitch_lines(p: PitchManner) -> list[str]:
    return [
        f"notes       settle {p.off_centre_cents:.0f} cents from the written pitch",
        f"glides      {p.glide_seconds * 1000:.0f} ms long, arriving {p.arrival_seconds * 1000:+.0f} ms from the onset "
        f"of the vowel; {p.overshoot_semitones:.2f} semitones beyond, {p.preparation_semitones:.2f} against before "
        f"({p.glides} of two semitones or more)",
        f"after rests {p.start_semitones:+.2f} semitones from the note; {p.scooped_share:.0%} more than half a "
        f"semitone below, these by {p.scoop_semitones:.2f} for {p.scoop_seconds * 1000:.0f} ms ({p.starts} notes)",
        f"before them {p.end_semitones:+.2f} semitones at the voice's end; {p.fallen_share:.0%} more than half a "
        f"semitone below ({p.ends} notes)",
        f"vibrato     {p.vibrato_share:.0%} of {p.long_notes} notes over 0.45 s: {p.vibrato_hz:.1f} Hz, "
        f"± {p.vibrato_semitones:.2f} semitones, from {p.vibrato_after_seconds:.2f} s after the onset",
        f"without it  drift {p.drift_semitones:.3f}, jitter {p.jitter_semitones:.3f} semitones (standard deviations)",
    ]


def _loudness_lines(v: LoudnessManner) -> list[str]:
    times = "/".join(f"{1000 * k // FRAMES_PER_SECOND}" for k in ATTACK_FRAMES)
    inside = "/".join(f"{level:+.1f}" for level in v.attack_db)
    first = "/".join(f"{level:+.1f}" for level in v.start_attack_db)
    return [
        f"loudness    {v.db_per_semitone:+.2f} dB a semitone, {v.db_per_doubling:+.2f} dB a doubling of the note's "
        f"length; a phrase's middle {v.arch_db:+.1f}, its end {v.tilt_db:+.1f}, its last note {v.last_db:+.1f} dB; "
        f"left unexplained {v.chance_db:.1f} of {v.spread_db:.1f} dB ({v.notes} notes)",
        f"attacks     {inside} dB {times} ms after the onset, {first} after a rest",
        f"held notes  {v.decay_db_per_second:+.1f} dB a second, before a rest {v.last_decay_db_per_second:+.1f}; "
        f"there {v.release_seconds * 1000:.0f} ms from 3 to 20 dB under the note",
        f"breaths     {v.breath_db:+.1f} dB against the vowels, {v.breath_seconds * 1000:.0f} ms ({v.breaths})",
    ]


def _consonant_line(c: ConsonantManner) -> str:
    return (
        f"{c.kind:<11} {c.level_db:+.1f} ± {c.level_spread_db:.1f} dB against the vowel, {c.milliseconds:.0f} ms, "
        f"elastic by {c.elasticity:.2f} in their own note and {c.elasticity_before:.2f} in the one before, "
        f"spread {c.spread:.2f} ({c.count} consonants)"
    )
