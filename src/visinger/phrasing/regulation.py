"""Which phoneme each frame belongs to, and where in it (VISinger §2.3.2, on the host).

Shapes: N phonemes · T frames.
"""

import numpy as np
from numpy.typing import NDArray


def owners(frames: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The phoneme (T) that owns each frame, and the frame's position (2, T) inside it.

    Position row 0 is relative: 0 at the phoneme's start, 1 at its end, taken at
    the frame's centre. Row 1 is log(1 + frames since its start). A phoneme of no
    frames owns none.
    """
    counts = np.asarray(frames, dtype=np.int64)
    owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    since = np.arange(len(owner), dtype=np.int64) - starts[owner]
    relative = (since + 0.5) / counts[owner]
    return owner, np.stack([relative, np.log1p(since)]).astype(np.float32)
