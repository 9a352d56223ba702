"""Ctrl-C and SIGTERM: noted, and obeyed between two steps; a second one is obeyed at once."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

import torch
from torch import Tensor

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Knows whether somebody asked to stop. Outside the main thread nobody can."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signal module's signature
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def as_tensor(self, *, timed_out: bool) -> Tensor:
        """(asked, timed out) as 0 or 1, for processes to agree on."""
        return torch.tensor([float(self.asked), float(timed_out)])
