"""Figures: spectrograms of the recording and of what was sung, side by side.

Shapes: M mel bands · T frames.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visinger.errors import VisingerError
from visinger.evaluation.concert import Sung
from visinger.files import written_whole
from visinger.signal.mel import HIGH_HZ, log_mel, mel_from_hz
from visinger.signal.spectrogram import linear
from visinger.units import FRAMES_PER_SECOND

QUIETEST_DB = -80.0
COLOURS = 64


def spectrograms(path: Path, sung: Sequence[Sung], *, kind: str = "mel") -> None:
    """Draw one panel a version of the same take, phonemes below, its F0 curve within; write a PNG.

    `kind` is "mel" (80 bands to 12 kHz) or "linear". Raises VisingerError
    where matplotlib is missing, OutputError when the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from PIL import Image  # matplotlib brings it
    except ImportError as error:
        raise VisingerError("matplotlib is not installed", remedy="pip install 'visinger[train]'") from error
    seconds = max(one.take.phrase.frames for one in sung) / FRAMES_PER_SECOND
    figure = Figure(figsize=(max(8.0, 2.2 * seconds), 2.6 * len(sung)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, one in zip(figure.subplots(len(sung), 1, squeeze=False)[:, 0], sung, strict=True):
        _panel(axes, one, kind)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=90)
    # a palette is a third of the size and looks the same
    with written_whole(path, make_folder=True) as aside, Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS).save(aside, format="png", optimize=True)


def _panel(axes, one: Sung, kind: str) -> None:
    take = one.take
    rate, length = take.sample_rate_hz, take.phrase.frames / FRAMES_PER_SECOND
    if kind == "mel":
        picture = log_mel(one.samples, rate) * (20 / np.log(10))
        top = float(mel_from_hz(HIGH_HZ))
        step = top / (len(picture) + 1)  # band k has its peak at (k + 1) × step
        pitch = mel_from_hz(one.f0_hz)
        ticks_hz = np.array([250, 500, 1000, 2000, 4000, 8000])
        axes.set_yticks(mel_from_hz(ticks_hz), [f"{hz / 1000:g}" for hz in ticks_hz])
    else:
        picture = 20 * np.log10(np.maximum(linear(np.asarray(one.samples, np.float32)), 1e-6))
        top, pitch = rate / 2000, one.f0_hz / 1000
        step = -top / (len(picture) - 1)  # bin 0 is centred on 0 Hz
    loudest = float(np.percentile(picture, 99.9))
    axes.imshow(
        picture,
        origin="lower",
        aspect="auto",
        extent=(0.0, length, step / 2, top - step / 2),
        vmin=loudest + QUIETEST_DB,
        vmax=loudest,
        cmap="magma",
        interpolation="nearest",
    )
    times = (np.arange(len(one.f0_hz)) + 0.5) / FRAMES_PER_SECOND
    axes.plot(times, np.where(one.f0_hz > 0, pitch, np.nan), color="cyan", linewidth=0.8)
    starts = np.concatenate([[0], np.cumsum(one.frames)]) / FRAMES_PER_SECOND
    for start in starts[1:-1]:
        axes.axvline(start, color="white", linewidth=0.3, alpha=0.6)
    axes.set_xticks((starts[:-1] + starts[1:]) / 2, take.phrase.phonemes, fontsize=6)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("kHz")
    axes.set_ylim(0.0, top)
    axes.set_title(f"{take.name}: {one.singer}" + ("" if one.mode == "given" else ", from the score"), fontsize=9)
