"""Waves: mono float samples with their rate, read from and written to files.

Files are written aside and renamed, so a full disk or a Ctrl-C never leaves
half a song under the name the user asked for.
"""

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from visinger.errors import OutputError, VisingerError

SUFFIXES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS"}
LONGEST_READ_SECONDS = 4 * 3600
LONGEST_PLAYED_SECONDS = 300  # in a notebook, whose file holds the sound
BLOCK_SAMPLES = 1 << 20


@dataclass(frozen=True)
class Wave:
    """Mono audio: `samples` float32 (S,), full scale ±1, at `sample_rate_hz`."""

    samples: NDArray[np.float32]
    sample_rate_hz: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate_hz

    def _repr_html_(self) -> str:
        """A player for notebooks; of a long sound its first minutes, and that is said."""
        played = self.samples[: int(LONGEST_PLAYED_SECONDS * self.sample_rate_hz)]
        content = io.BytesIO()
        soundfile.write(content, np.clip(played, -1.0, 1.0), self.sample_rate_hz, format="FLAC", subtype="PCM_16")
        length = f"{self.seconds:.1f} s"
        if len(played) < len(self.samples):
            length = f"the first {LONGEST_PLAYED_SECONDS} s of {length}"
        source = f"data:audio/flac;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
        return (
            f'<audio controls preload="metadata" src="{source}"></audio><div>{length}, {self.sample_rate_hz} Hz</div>'
        )

    def resampled(self, sample_rate_hz: int) -> "Wave":
        """The same sound at another rate (band-limited, no delay)."""
        if sample_rate_hz == self.sample_rate_hz:
            return self
        samples = soxr.resample(self.samples, self.sample_rate_hz, sample_rate_hz, quality="VHQ")
        return Wave(samples.astype(np.float32), sample_rate_hz)


def read_wave(path: str | Path, *, sample_rate_hz: int | None = None) -> Wave:
    """Read any file libsndfile knows, mixed to mono, resampled if a rate is given.

    Raises VisingerError naming the file when it is missing or not audio.
    """
    try:
        with soundfile.SoundFile(str(path)) as source:
            if source.frames > LONGEST_READ_SECONDS * source.samplerate:
                raise VisingerError(f"longer than {LONGEST_READ_SECONDS // 3600} hours", where=path, remedy="split it")
            blocks = [np.zeros(0, dtype=np.float32)]
            # Block by block, since a damaged header may promise more than any memory holds.
            while len(block := source.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
                if not np.isfinite(block).all():
                    raise VisingerError("holds samples that are no numbers", where=path, remedy="export it again")
                blocks.append(block.mean(axis=1, dtype=np.float32))
            wave = Wave(np.concatenate(blocks), source.samplerate)
    except (soundfile.LibsndfileError, OSError) as error:
        raise VisingerError(f"not readable as audio ({error})", where=path) from error
    return wave if sample_rate_hz is None else wave.resampled(sample_rate_hz)


def write_wave(path: str | Path, wave: Wave) -> None:
    """Write a whole wave; the suffix (.wav .flac .ogg) chooses the format."""
    with open_wave(path, wave.sample_rate_hz) as sink:
        sink.write(wave.samples)


class WaveSink:
    """An open sound file that takes samples block by block."""

    def __init__(self, file: soundfile.SoundFile, path: Path) -> None:
        self._file = file
        self._path = path
        self.samples = 0  # written so far

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples; peaks beyond full scale are clipped, not wrapped."""
        try:
            self._file.write(np.clip(samples, -1.0, 1.0))
        except (soundfile.LibsndfileError, OSError, RuntimeError, AssertionError) as error:
            raise _full(self._path, error) from error
        self.samples += len(samples)


def _full(path: Path, error: object) -> OutputError:
    return OutputError(
        f"could not be written ({error})", where=path, remedy="free some disk space or choose another folder"
    )


@contextmanager
def open_wave(path: str | Path, sample_rate_hz: int) -> Iterator[WaveSink]:
    """A sink whose file appears under `path` only when everything was written."""
    path = Path(path)
    subtype = SUFFIXES.get(path.suffix.lower())
    if subtype is None:
        raise OutputError(
            f"unknown sound format '{path.suffix}'", where=path, remedy=f"use one of {' '.join(SUFFIXES)}"
        )
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:  # from before the file is there: an interrupt may come at any moment
        with _created(aside, path, sample_rate_hz, subtype) as file:
            sink = WaveSink(file, path)
            yield sink
        with soundfile.SoundFile(str(aside)) as written:  # a full disk may show only here
            if written.frames != sink.samples:
                raise _full(path, f"{written.frames} samples of {sink.samples} arrived")
        os.replace(aside, path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise _full(path, error) from error
    finally:
        aside.unlink(missing_ok=True)


def _created(aside: Path, path: Path, sample_rate_hz: int, subtype: str) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(str(aside), "w", samplerate=sample_rate_hz, channels=1, subtype=subtype)
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(
            f"cannot be created ({error})", where=path, remedy="check the folder and its permissions"
        ) from error
