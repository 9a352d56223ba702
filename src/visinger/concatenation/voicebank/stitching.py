"""The canvas of a phrase that a voicebank sings: bodies held, recorded transitions laid over the vowels' ends.

Shapes: R steps of 5 ms · L steps of a transition.
"""

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation import joins
from visinger.concatenation.analysis import STEP_SAMPLES
from visinger.concatenation.canvas import (
    ATTACK_SECONDS,
    CROSSING_SECONDS,
    EVENING,
    LOG_POWER_PER_DB,
    NUCLEUS_DB,
    RELEASE_SECONDS,
    STEPS,
    Canvas,
)
from visinger.concatenation.voicebank.pieces import Piece
from visinger.units import SAMPLE_RATE_HZ

LONGEST_TRANSITION_STEPS = 44  # 220 ms of a vowel's end
TRANSITION_SHARE = 0.6  # of the vowel that it ends
FADE_STEPS = 12  # from the held vowel into the transition
RECORDED_RELEASE_SECONDS = 0.015  # where the recording itself closes
SUNG_CONSONANT_DB = -2.0  # a bank's syllables were recorded for singing: they keep nearly their own balance
MOST_MOVED_DB = 12.0  # a transition is moved by no more to meet the vowel before it


class StitchedCanvas(Canvas):
    """One phrase in the making; `typical_db` is the level of the bank's vowels."""

    def __init__(
        self,
        f0_hz: NDArray[np.float64],
        *,
        first_frame: int,
        seed: int,
        typical_db: float,
        loudness_db: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__(f0_hz, first_frame=first_frame, seed=seed, loudness_db=loudness_db)
        self.typical_db = typical_db

    def hold(
        self,
        piece: Piece,
        frames: tuple[int, int, int],
        *,
        joined: bool,
        led: bool,
        rng: np.random.Generator,
    ) -> None:
        """Paint a body over frames [start, vowel's start, end), its nucleus held.

        A consonant that was recorded as noise stays that recording; others are
        coded. `joined`: a voiced sound ends where this one starts; `led`: it is
        this piece's own left part, and nothing is to be blended.
        """
        start, vowel, end = (STEPS * frame for frame in frames)
        sounding = vowel
        gain_db = self._gain_db(piece)
        held = joins.lengthen(piece.vowel_start, piece.nucleus, piece.frames - 1, end - vowel, rng=rng)
        self._paint(piece, held, vowel, gain_db)
        if vowel > start and len(piece.consonant):
            self._place_noise(piece, start * STEP_SAMPLES, vowel * STEP_SAMPLES)
        elif vowel > start:
            sounding = start
            murmur = piece.consonant_start + piece.consonant_frames * np.arange(vowel - start) / (vowel - start)
            self._paint(piece, murmur, start, gain_db)
        rise = min(8, (end - vowel) // 2)
        self.finals.append((vowel + rise, end))
        joined = joined and sounding == start and start > 0 and bool(self.voiced[start - 1])
        if joined and not led:
            joins.cross_fade(self.spectrum, start)
        attack = 0.0 if joined else CROSSING_SECONDS if sounding > start else ATTACK_SECONDS
        self._open(sounding * STEP_SAMPLES, end * STEP_SAMPLES, attack, 0.0)

    def close(self, piece: Piece, frames: tuple[int, int]) -> None:
        """Lay the left part of a piece over the end of the vowel that sounds over frames [vowel's start, end).

        Its level is moved to the vowel's where it fades in, so that it brings
        its own way of closing and no step.
        """
        vowel, end = (STEPS * frame for frame in frames)
        steps = min(piece.consonant_start, LONGEST_TRANSITION_STEPS, int(TRANSITION_SHARE * (end - vowel)))
        if steps < 4:
            return
        rows = slice(end - steps, end)
        positions = np.arange(piece.consonant_start - steps, piece.consonant_start, dtype=np.float64)
        laid = joins.sample(piece.spectrum, positions)
        bands = joins.sample(piece.aperiodicity, positions)
        fade = min(FADE_STEPS, steps - 1)
        own = self._gain_db(piece) * LOG_POWER_PER_DB
        step = self.spectrum[rows, 0][:fade].mean() - laid[:fade, 0].mean()
        laid[:, 0] += np.clip(step, own - MOST_MOVED_DB * LOG_POWER_PER_DB, own + MOST_MOVED_DB * LOG_POWER_PER_DB)
        weight = np.ones((steps, 1), dtype=np.float32)
        weight[:fade, 0] = 0.5 - 0.5 * np.cos(np.pi * (np.arange(fade) + 0.5) / fade)
        self.spectrum[rows] += weight * (laid - self.spectrum[rows])
        if self.bands is not None:
            self.bands[rows] += weight * (bands - self.bands[rows])
        begin, last = self.finals[-1]  # its closing is no sagging
        self.finals[-1] = (begin, max(last - steps, begin))

    def release(self, end: int, followed_by: str, *, recorded: bool) -> None:
        """Let the voice end at frame `end`, into "rest", "voiceless" or "voiced"; a `recorded` end is quick."""
        seconds = RELEASE_SECONDS.get(followed_by, 0.0)
        if seconds and recorded:
            seconds = RECORDED_RELEASE_SECONDS
        last = STEPS * end * STEP_SAMPLES
        fall = min(round(seconds * SAMPLE_RATE_HZ), last)
        if fall:
            self.gain[last - fall : last] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 0.5) / fall)

    def _gain_db(self, unit: Piece) -> float:  # type: ignore[override]
        return EVENING * (NUCLEUS_DB - unit.level_db) + (1 - EVENING) * (NUCLEUS_DB - self.typical_db)

    def _consonant_db(self, unit: Piece) -> float:  # type: ignore[override]  # noqa: ARG002
        return SUNG_CONSONANT_DB
