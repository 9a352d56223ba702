"""The logbook of a run: `log.csv` for ever, TensorBoard for the eyes and ears.

`log.csv` has one value a row (step, seconds, split, name, value), so that terms
may come and go. What a killed run wrote beyond its last checkpoint is struck out
when it is resumed, in both books.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

COLUMNS = ("step", "seconds", "split", "name", "value")
QUIETEST = -11.5129  # ln 1e-5, where log-mels are clamped


class Logbook:
    """Both books of a run, opened at the step it goes on from."""

    def __init__(self, run: Path, step: int) -> None:
        run.mkdir(parents=True, exist_ok=True)
        path = run / "log.csv"
        _strike_out(path, step)
        self._file = path.open("a", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        if path.stat().st_size == 0:
            self._rows.writerow(COLUMNS)
        self._board = SummaryWriter(str(run / "tensorboard"), purge_step=step + 1 if step else None)

    def close(self) -> None:
        """Write what is still waiting."""
        self._file.close()
        self._board.close()

    def scalars(self, step: int, seconds: float, split: str, values: Mapping[str, float]) -> None:
        """Values after `step` steps and that many seconds of training; `split` is train or validation."""
        for name, value in values.items():
            self._rows.writerow((step, f"{seconds:.2f}", split, name, f"{value:.6g}"))
            self._board.add_scalar(f"{split}/{name}", value, step)
        self._file.flush()

    def sound(self, step: int, name: str, samples: NDArray[np.float32], sample_rate_hz: int) -> None:
        """A sung take, (S)."""
        self._board.add_audio(name, np.clip(samples, -1, 1)[None], step, sample_rate=sample_rate_hz)

    def spectrograms(self, step: int, name: str, *log_mels: NDArray[np.float32]) -> None:
        """Log-mel spectrograms (80, T) one over the other, the first at the bottom, low bands below."""
        stacked = _pile(log_mels)
        grey = np.clip((stacked - QUIETEST) / (2.0 - QUIETEST), 0, 1)
        self._board.add_image(name, (grey[::-1] * 255).astype(np.uint8)[None].copy(), step)


def _pile(log_mels: tuple[NDArray[np.float32], ...]) -> NDArray[np.float32]:
    width = min(m.shape[1] for m in log_mels)
    line = np.full((2, width), 2.0, dtype=np.float32)
    rows: list[NDArray[np.float32]] = []
    for log_mel in log_mels:
        rows += [log_mel[:, :width], line]
    return np.concatenate(rows[:-1])


def _strike_out(path: Path, step: int) -> None:
    """Keep the rows up to `step`; a row that a kill cut short goes too."""
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS)]
    kept = [row for row in rows if row[0] == COLUMNS[0] or (row[0].isdigit() and int(row[0]) <= step)]
    if step == 0:
        kept = []
    aside = path.with_suffix(".part")
    with aside.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(kept)
    aside.replace(path)
