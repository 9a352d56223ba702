"""HTS label files: `start end phoneme` a line, in units of 100 ns."""

from dataclasses import dataclass
from pathlib import Path

from visinger.errors import CorpusError

UNITS_PER_SECOND = 10_000_000
LARGEST_BYTES = 1_000_000
PAUSES = frozenset(("pau", "sil", "SP", "AP", "br"))


@dataclass(frozen=True)
class Label:
    """A phoneme as labelled, in seconds of the recording."""

    start_seconds: float
    end_seconds: float
    symbol: str

    @property
    def paused(self) -> bool:
        return self.symbol in PAUSES


def read(path: Path) -> list[Label]:
    """The labels of a monophone .lab file, in order.

    Raises CorpusError naming the line that is not `start end phoneme`, runs
    backwards or overlaps the one before.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise CorpusError(f"larger than {LARGEST_BYTES} bytes: not a label file", where=path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"not a readable label file ({error})", where=path) from error
    labels: list[Label] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            start, end, symbol = line.split()
            label = Label(int(start) / UNITS_PER_SECOND, int(end) / UNITS_PER_SECOND, symbol)
        except ValueError as error:
            raise CorpusError(
                f"'{line[:60]}' is not 'start end phoneme'", where=f"{path}, line {number}", remedy="mend the label"
            ) from error
        before = labels[-1].end_seconds if labels else 0.0
        if label.end_seconds < label.start_seconds or label.start_seconds < before - 1e-6:
            raise CorpusError(
                f"the label '{symbol}' runs backwards or overlaps the one before",
                where=f"{path}, line {number}",
                remedy="mend its times",
            )
        labels.append(label)
    if not labels:
        raise CorpusError("holds no labels", where=path)
    return labels
