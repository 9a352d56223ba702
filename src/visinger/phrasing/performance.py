"""A performance: how a singer means to sing a song, phoneme by phoneme and frame by frame.

Everything in it may be edited before it is rendered: durations (`frames`, whose
sum per phrase must stay the phrase's), the pitch curve (`f0_hz`) and the level.

Shapes: N phonemes · T frames.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.phrase import Phrase
from visinger.phrasing.pitch_curve import read_f0_csv
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

__all__ = ["Performance", "PhrasePerformance", "read_f0_csv"]


@dataclass(frozen=True)
class PhrasePerformance:
    """One phrase with its times and its pitch."""

    phrase: Phrase
    frames: NDArray[np.int64]  # (N) length of each phoneme; sums to phrase.frames
    f0_hz: NDArray[np.float64]  # (T) 0 where unvoiced

    def __post_init__(self) -> None:
        if int(self.frames.sum()) != self.phrase.frames:
            raise ValueError(f"durations sum to {self.frames.sum()}, the phrase has {self.phrase.frames} frames")
        if len(self.f0_hz) != self.phrase.frames:
            raise ValueError(f"F0 has {len(self.f0_hz)} frames, the phrase has {self.phrase.frames}")
        if len(self.frames) != len(self.phrase.phonemes) or (self.frames < 0).any():
            raise ValueError("a phrase needs one duration per phoneme, none negative")

    @property
    def phoneme_starts(self) -> NDArray[np.int64]:
        """(N) the frame of the phrase that each phoneme starts on."""
        return np.cumsum(self.frames) - self.frames

    def with_f0(self, song_f0_hz: NDArray[np.float64]) -> "PhrasePerformance":
        """The same phrase on another pitch curve, which is the whole song's: (T) Hz, 0 = unvoiced, NaN = as it was."""
        first = self.phrase.start_frame
        within = song_f0_hz[max(first, 0) : max(first + self.phrase.frames, 0)]  # context reaches past neither end
        drawn = self.f0_hz.astype(np.float64)
        part = slice(max(-first, 0), max(-first, 0) + len(within))
        drawn[part] = np.where(np.isnan(within), drawn[part], within)
        return replace(self, f0_hz=drawn)


@dataclass(frozen=True)
class Performance:
    """A whole song: contiguous phrases, the level the score asks for, and the seed of its noise."""

    phrases: tuple[PhrasePerformance, ...]
    samples: int  # length of the wave: round(sample rate × score seconds)
    level_db: NDArray[np.float64]  # (T of the song) dynamics of the score, 0 dB = mf
    seed: int = 0
    noise_scale: float = 0.667
    sample_rate_hz: int = SAMPLE_RATE_HZ
    hop_samples: int = HOP_SAMPLES
    warnings: tuple[str, ...] = field(default=())

    def f0_hz(self) -> NDArray[np.float64]:
        """(T) the song's pitch curve, the phrases' kept frames joined; 0 where unvoiced."""
        return np.concatenate([p.f0_hz[p.phrase.kept] for p in self.phrases] or [np.zeros(0)])

    def with_f0(self, f0_hz: NDArray[np.float64]) -> "Performance":
        """The same performance on another pitch curve for the whole song.

        f0_hz: (T) Hz, 0 = unvoiced, NaN = as it was. Raises `ValueError` for another length.
        """
        total = sum(p.phrase.kept.stop - p.phrase.kept.start for p in self.phrases)
        if len(f0_hz) != total:
            raise ValueError(f"a curve of {len(f0_hz)} frames for a song of {total}")
        return replace(self, phrases=tuple(p.with_f0(f0_hz) for p in self.phrases))

    def with_frames(self, phrase: int, frames: NDArray[np.int64]) -> "Performance":
        """The same performance with other durations (N) in one phrase; their sum must stay the phrase's."""
        phrases = list(self.phrases)
        phrases[phrase] = replace(phrases[phrase], frames=np.asarray(frames, dtype=np.int64))
        return replace(self, phrases=tuple(phrases))

    def _repr_html_(self) -> str:
        """Notes, pitch and phonemes for notebooks."""
        from visinger.phrasing.picture import shown  # it draws performances, so it knows them first

        return shown(self)

    def as_json(self) -> dict[str, object]:
        """The documented exchange form; absolute frames of the song, cuts undone."""
        phonemes: list[dict[str, str | int]] = []
        for p in self.phrases:
            starts = p.phoneme_starts
            kept = p.phrase.kept
            for n, symbol in enumerate(p.phrase.phonemes):
                first = max(int(starts[n]), kept.start)
                last = min(int(starts[n] + p.frames[n]), kept.stop)
                if last <= first:
                    continue
                note = int(p.phrase.score_notes[p.phrase.slot[n]])
                before = phonemes[-1] if phonemes else None
                joins = first == kept.start and before and (before["symbol"], before["note"]) == (symbol, note)
                if before and joins:
                    before["frames"] = int(before["frames"]) + last - first
                else:
                    start = p.phrase.start_frame + first
                    phonemes.append({"symbol": symbol, "start_frame": start, "frames": last - first, "note": note})
        return {
            "sample_rate_hz": self.sample_rate_hz,
            "hop_samples": self.hop_samples,
            "f0_hz": [round(float(f), 3) for f in self.f0_hz()],
            "phonemes": phonemes,
            "seed": self.seed,
        }
