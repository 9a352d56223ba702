"""What a check found: one line each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from visinger.errors import VisingerError

Level = Literal["ok", "doubt", "wrong"]
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """`wrong` stops the editor or spoils the sound; `doubt` may, somewhere."""

    level: Level
    place: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        cure = f"; {self.remedy}" if self.remedy else ""
        return f"{self.level:<5}  {self.place}: {self.text}{cure}"


Findings = Iterator[Finding]


class Attempts:
    """Runs what may fail and keeps what was refused as findings."""

    def __init__(self) -> None:
        self.failed: list[Finding] = []

    def __call__(self, read: Callable[[], T]) -> T | None:
        """What `read` gives, or None and one more finding."""
        try:
            return read()
        except VisingerError as error:
            place = error.where.rpartition(": ")[2] or "bank"
            self.failed.append(Finding("wrong", place, error.problem, error.remedy))
            return None

    def taken(self) -> list[Finding]:
        """The findings since the last time."""
        found, self.failed = self.failed, []
        return found
