"""Where a breath's sound may be cut, so that what lies between two cuts depends on nothing far away (beyond the paper).

The decoder sees some frames on either side; only its phase runs on. Where
nothing voiced is near, the phase is not heard, and may start anew: in the
middle of every pause of the voice that is long enough, one a cell of the
song's own time. A cut depends on the pitch inside its cell alone, so an edit
moves no cut but those nearby.

Shapes: T frames.
"""

import numpy as np
from numpy.typing import NDArray

CELL_FRAMES = 400  # 4 s: decoding their context twice costs a seventh
UNVOICED_FRAMES = 8  # a sample hears the source within four frames: two windows of four hops


class Cuts:
    """The cuts of one breath in time order, found while its pitch comes in; none lies before `earliest`."""

    def __init__(self, first_frame: int, *, earliest: int) -> None:
        self._earliest = earliest
        self._open: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # pitch of the cell that is not whole yet
        self.known = first_frame  # every cut before it is found
        self.found: list[int] = []

    def add(self, f0_hz: NDArray[np.float32]) -> None:
        """Take more frames; 0 is unvoiced."""
        self._open = np.concatenate([self._open, f0_hz])
        while len(self._open) >= (room := CELL_FRAMES - self.known % CELL_FRAMES):
            self._close(room)

    def finish(self) -> None:
        """No frame comes any more."""
        self._close(len(self._open))

    def after(self, frame: int) -> int | None:
        """The first cut behind a frame."""
        return next((cut for cut in self.found if cut > frame), None)

    def _close(self, frames: int) -> None:
        cut = cut_in(self._open[:frames], self.known, earliest=self._earliest)
        self.found += [] if cut is None else [cut]
        self.known += frames
        self._open = self._open[frames:]


def cut_in(f0_hz: NDArray[np.float32], first_frame: int, *, earliest: int) -> int | None:
    """The frame to cut before in (a part of) a cell: the middle of a run inside, that nearest to the cell's own."""
    unvoiced = np.concatenate([[False], f0_hz <= 0, [False]])
    edges = np.flatnonzero(unvoiced[1:] != unvoiced[:-1])
    starts, ends = edges[::2], edges[1::2]
    middles = first_frame + (starts + ends) // 2
    within = (starts > 0) & (ends < len(f0_hz))  # what begins or ends the cell may begin or end the breath
    parts = within & (ends - starts >= UNVOICED_FRAMES)
    middles = middles[parts & (middles >= earliest)]
    if len(middles) == 0:
        return None
    centre = first_frame // CELL_FRAMES * CELL_FRAMES + CELL_FRAMES // 2
    return int(middles[np.argmin(np.abs(middles - centre))])


def all_cuts(f0_hz: NDArray[np.float32], first_frame: int, *, earliest: int) -> list[int]:
    """The cuts of a whole breath (T)."""
    cuts: list[int] = []
    start = 0
    while start < len(f0_hz):
        stop = start + CELL_FRAMES - (first_frame + start) % CELL_FRAMES
        cut = cut_in(f0_hz[start:stop], first_frame + start, earliest=earliest)
        cuts += [] if cut is None else [cut]
        start = stop
    return cuts
