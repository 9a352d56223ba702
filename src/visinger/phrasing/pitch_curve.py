"""A pitch curve drawn by hand or by another program, read from a CSV file.

Shapes: T frames.
"""

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.errors import ScoreError
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

LARGEST_FILE_BYTES = 128 * 2**20
MOST_POINTS = 5_000_000
LOWEST_HZ, HIGHEST_HZ = 20.0, 4000.0
REMEDY = "write lines of time_seconds,f0_hz with rising times and 0 where unvoiced"


def read_f0_csv(
    path: str | Path, *, frames: int, hop_samples: int = HOP_SAMPLES, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> NDArray[np.float64]:
    """(T) the curve of a file of `time_seconds,f0_hz` lines at the centres of `frames` frames.

    Between two voiced points the pitch moves in a straight line on the log
    scale; a point of 0 is unvoiced, and between it and a voiced one the nearer
    decides. Frames outside the file's times are NaN: the singer's own pitch
    stays there. Raises `ScoreError` naming the line.
    """
    times, f0_hz = _points(Path(path))
    centres = (np.arange(frames) + 0.5) * hop_samples / sample_rate_hz
    return at_times(times, f0_hz, centres)


def at_times(
    times_seconds: NDArray[np.float64], f0_hz: NDArray[np.float64], wanted_seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The curve through points of rising times at other times: log-linear, 0 unvoiced, NaN outside."""
    voiced = f0_hz > 0
    after = np.clip(np.searchsorted(times_seconds, wanted_seconds, side="right"), 1, max(len(times_seconds) - 1, 1))
    after = np.minimum(after, len(times_seconds) - 1)
    before = np.maximum(after - 1, 0)
    span = np.maximum(times_seconds[after] - times_seconds[before], 1e-12)
    weight = np.clip((wanted_seconds - times_seconds[before]) / span, 0.0, 1.0)
    log_f0 = np.log(np.where(voiced, f0_hz, 1.0))
    mixed = np.exp((1 - weight) * log_f0[before] + weight * log_f0[after])
    nearest = np.where(weight < 0.5, f0_hz[before], f0_hz[after])
    drawn = np.where(voiced[before] & voiced[after], mixed, nearest)
    outside = (wanted_seconds < times_seconds[0]) | (wanted_seconds > times_seconds[-1])
    return np.where(outside, np.nan, drawn)


def _points(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The file's times and pitches; its first line may be a heading."""
    times: list[float] = []
    pitches: list[float] = []
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            limit = f"keep it under {LARGEST_FILE_BYTES // 2**20} MB"
            raise ScoreError("the pitch curve is too large", where=path, remedy=limit)
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if not row or not "".join(row).strip() or row[0].lstrip().startswith("#"):
                    continue
                point = _point(row)
                if point is None and number == 1:
                    continue  # the heading
                _check(point, row, times, f"{path}, line {number}")
                times.append(point[0])  # type: ignore[index]
                pitches.append(point[1])  # type: ignore[index]
    except OSError as error:
        raise ScoreError(f"the pitch curve cannot be read ({error.strerror})", where=path, remedy=REMEDY) from None
    except (UnicodeDecodeError, csv.Error):
        raise ScoreError("the pitch curve is not a text file of numbers", where=path, remedy=REMEDY) from None
    if not times:
        raise ScoreError("the pitch curve holds no point", where=path, remedy=REMEDY)
    return np.array(times), np.array(pitches)


def _point(row: list[str]) -> tuple[float, float] | None:
    try:
        return float(row[0]), float(row[1])
    except (ValueError, IndexError):
        return None


def _check(point: tuple[float, float] | None, row: list[str], times: list[float], where: str) -> None:
    if point is None or len(row) > 2 or not all(map(math.isfinite, point)):
        raise ScoreError(f"'{','.join(row)[:40]}' is no pair of numbers", where=where, remedy=REMEDY)
    seconds, f0_hz = point
    if times and seconds <= times[-1]:
        raise ScoreError(f"the time {seconds:g} s does not follow {times[-1]:g} s", where=where, remedy=REMEDY)
    if f0_hz != 0 and not LOWEST_HZ <= f0_hz <= HIGHEST_HZ:
        limits = f"keep the pitch in {LOWEST_HZ:g}–{HIGHEST_HZ:g} Hz, or 0 where unvoiced"
        raise ScoreError(f"a pitch of {f0_hz:g} Hz", where=where, remedy=limits)
    if len(times) >= MOST_POINTS:
        raise ScoreError("too many points", where=where, remedy=f"give at most {MOST_POINTS}")
