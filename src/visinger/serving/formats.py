"""Sound as it is sent: encoded block by block, so that it can be heard before the song is done.

Shapes: S samples.
"""

import queue
import shutil
import struct
import subprocess
import threading
from functools import cache
from typing import Literal, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from visinger.errors import OutputError

Format = Literal["wav", "flac", "ogg", "mp3", "pcm_f32"]
MEDIA_TYPES: dict[str, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "pcm_f32": "application/octet-stream",
}
MOST_WAV_BYTES = 2**32 - 64  # sizes in a RIFF header have 32 bits
_WAV_HEADER_BYTES = 44
_SUBTYPES = {"flac": "PCM_16", "ogg": "VORBIS"}
_MP3_KBITS = "192k"
_FFMPEG_SECONDS = 60


class Encoder(Protocol):
    """Takes samples in order; gives bytes as they are ready."""

    length_bytes: int | None  # of the whole, where it is known beforehand

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        """What is ready after these samples; perhaps nothing."""

    def finish(self) -> bytes:
        """The rest."""

    def abandon(self) -> None:
        """Let go of everything; after `finish` it does nothing."""


@cache
def ffmpeg() -> str | None:
    """Where ffmpeg is; None on a machine without it."""
    return shutil.which("ffmpeg")


def formats() -> tuple[str, ...]:
    """The formats that this machine can send."""
    return tuple(name for name in MEDIA_TYPES if name != "mp3" or ffmpeg())


def encoder(name: Format, *, sample_rate_hz: int, samples: int) -> Encoder:
    """An encoder for one sound of a known length; OutputError where the format cannot be made or hold it."""
    if name == "wav":
        return _Wav(sample_rate_hz, samples)
    if name == "pcm_f32":
        return _Raw(samples)
    if name == "mp3":
        return _Mp3(sample_rate_hz)
    return _Libsndfile(name, sample_rate_hz, samples)


class _Raw:
    """32-bit floats, little-endian, as they were rendered: nothing clipped."""

    def __init__(self, samples: int) -> None:
        self.length_bytes: int | None = 4 * samples

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        return bytes(samples.astype("<f4", copy=False).data)

    def finish(self) -> bytes:
        return b""

    def abandon(self) -> None:
        return None


class _Wav:
    """16-bit PCM, the same bytes as `write_wave` writes; the header stands first, so the length must be known."""

    def __init__(self, sample_rate_hz: int, samples: int) -> None:
        self.length_bytes: int | None = _WAV_HEADER_BYTES + 2 * samples
        if self.length_bytes > MOST_WAV_BYTES:
            raise OutputError("a WAV file holds at most 4 GB", where="format", remedy="ask for flac or ogg")
        sizes = struct.pack("<4sI4s", b"RIFF", self.length_bytes - 8, b"WAVE")
        layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16)
        self._header = sizes + layout + struct.pack("<4sI", b"data", 2 * samples)

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        header, self._header = self._header, b""
        whole = np.clip(np.floor(samples * np.float32(0x8000)), -0x8000, 0x7FFF)  # as libsndfile rounds
        return header + bytes(whole.astype("<i2").data)

    def finish(self) -> bytes:
        return self.feed(np.zeros(0, np.float32))

    def abandon(self) -> None:
        return None


class _Outlet:
    """A file that libsndfile writes to and that nobody can go back in."""

    def __init__(self) -> None:
        self._ready = bytearray()
        self._position = 0
        self._length = 0

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        skipped = self._length - self._position  # written over what has gone out already: kept as it was
        self._ready += piece[max(skipped, 0) :]
        self._position += len(piece)
        self._length = max(self._length, self._position)
        return len(piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        start = {0: 0, 1: self._position, 2: self._length}[whence]
        self._position = min(max(start + offset, 0), self._length)
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, _count: int = -1) -> bytes:
        return b""

    def take(self) -> bytes:
        ready = bytes(self._ready)
        self._ready.clear()
        return ready


class _Libsndfile:
    """FLAC and Ogg Vorbis."""

    length_bytes: int | None = None

    def __init__(self, name: str, sample_rate_hz: int, samples: int) -> None:
        self._outlet = _Outlet()
        self._samples = samples if name == "flac" else None
        try:
            self._file = soundfile.SoundFile(
                self._outlet, "w", sample_rate_hz, 1, format=name.upper(), subtype=_SUBTYPES[name]
            )
        except soundfile.LibsndfileError as error:
            raise OutputError(f"{name} cannot be made ({error})", where="format", remedy="ask for wav") from None

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        self._file.write(np.clip(samples, -1.0, 1.0))
        return self._counted(self._outlet.take())

    def finish(self) -> bytes:
        self._file.close()
        return self._counted(self._outlet.take())

    def abandon(self) -> None:
        self._file.close()

    def _counted(self, piece: bytes) -> bytes:
        """FLAC's first bytes with the length in them (36 bits of STREAMINFO); libsndfile knows it only at the end."""
        if self._samples is None or len(piece) < 26:
            return piece
        head = bytearray(piece)
        if head[:4] == b"fLaC" and head[4] & 0x7F == 0:
            total = min(self._samples, 2**36 - 1)
            head[21] = (head[21] & 0xF0) | (total >> 32)
            head[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
        self._samples = None
        return bytes(head)


class _Mp3:
    """MP3 by ffmpeg, which reads samples from a pipe and nothing else."""

    length_bytes: int | None = None

    def __init__(self, sample_rate_hz: int) -> None:
        program = ffmpeg()
        if program is None:
            raise OutputError("mp3 needs ffmpeg, which is not here", where="format", remedy="ask for flac or ogg")
        taken = ("-f", "f32le", "-ar", str(sample_rate_hz), "-ac", "1", "-i", "pipe:0")
        given = ("-f", "mp3", "-b:a", _MP3_KBITS, "-write_xing", "0", "pipe:1")
        self._process = subprocess.Popen(
            [program, "-hide_banner", "-loglevel", "error", "-nostdin", *taken, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._ready: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True, name="ffmpeg")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := self._process.stdout.read1(1 << 16):  # type: ignore[attr-defined]
            self._ready.put(piece)

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.clip(samples, -1.0, 1.0).astype("<f4").tobytes())
            self._process.stdin.flush()
        except OSError as error:
            raise OutputError("ffmpeg stopped", where="format", remedy="ask for flac or ogg") from error
        return self._taken()

    def finish(self) -> bytes:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join(_FFMPEG_SECONDS)
        self.abandon()
        return self._taken()

    def abandon(self) -> None:
        if self._process.poll() is None and self._reader.is_alive():
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and (pipe is self._process.stdin or not self._reader.is_alive()):
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        self._process.wait(_FFMPEG_SECONDS)

    def _taken(self) -> bytes:
        pieces = []
        while not self._ready.empty():
            pieces.append(self._ready.get())
        return b"".join(pieces)
