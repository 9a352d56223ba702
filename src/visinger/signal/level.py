"""Level: how strong a signal is, frame by frame.

Shapes: S samples · T frames, frame t centred on sample t × hop + hop / 2.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.signal.spectrogram import frames, hann
from visinger.units import HOP_SAMPLES

SILENCE_DB = -120.0


def rms_db(samples: ArrayLike, *, hop: int = HOP_SAMPLES, window: int | None = None) -> NDArray[np.float64]:
    """Root mean square level (T) in dB below full scale, over a Hann window of `window` samples (4 hops).

    Digital silence is −120 dB.
    """
    window = 4 * hop if window is None else window
    taper = hann(window) / hann(window).sum()
    power = np.square(frames(np.asarray(samples, dtype=np.float64), size=window, hop=hop)) @ taper
    return 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DB / 10)))
