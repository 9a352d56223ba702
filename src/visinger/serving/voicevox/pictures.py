"""An icon and a portrait for each singer, drawn here: a mouth that sings waves, in a colour of the singer's name."""

import colorsys
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

ICON_PIXELS = 256
PORTRAIT_PIXELS = (384, 640)  # wide, high
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR = 2

Shade = NDArray[np.float64]


@cache
def icon(name: str) -> bytes:
    """A square PNG."""
    return _drawn(name, ICON_PIXELS, ICON_PIXELS)


@cache
def portrait(name: str) -> bytes:
    """An upright PNG."""
    return _drawn(name, *PORTRAIT_PIXELS)


def _drawn(name: str, wide: int, high: int) -> bytes:
    """A face of one circle, open mouth and closed eyes, before rings that spread from the mouth."""
    hue = zlib.crc32(name.encode()) % 360 / 360
    paper, ring, skin, dark = (
        np.array(colorsys.hls_to_rgb((hue + turn) % 1, lightness, strength))
        for turn, lightness, strength in ((0.0, 0.93, 0.5), (0.0, 0.84, 0.55), (0.04, 0.66, 0.6), (0.62, 0.2, 0.45))
    )
    unit = min(wide, high) / 2
    y, x = np.mgrid[0:high, 0:wide].astype(np.float64)
    x, y = (x + 0.5 - wide / 2) / unit, (y + 0.5 - high / 2) / unit
    soft = 1.5 / unit  # edges a pixel and a half wide

    def inside(distance: Shade) -> Shade:
        return np.clip(0.5 - distance / soft, 0.0, 1.0)[..., None]

    from_mouth = np.hypot(x, y - 0.3)
    picture = paper + (ring - paper) * (0.5 + 0.5 * np.cos(from_mouth * 22))[..., None]
    picture += (skin - picture) * inside(np.hypot(x, y) - 0.62)
    picture += (dark - picture) * inside((np.hypot(x / 0.7, y - 0.26) - 0.24) * 0.7)
    for side in (-0.26, 0.26):
        arch = np.abs(np.hypot(x - side, y + 0.08) - 0.13) - 0.028
        lid = np.maximum(arch, y + 0.08)  # the upper half of a ring: an eye closed in delight
        picture += (dark - picture) * inside(lid)
    return _png((picture.clip(0.0, 1.0) * 255).round().astype(np.uint8))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """The PNG of (high, wide, 3) bytes."""
    high, wide, _ = pixels.shape
    rows = np.concatenate([np.zeros((high, 1), np.uint8), pixels.reshape(high, -1)], axis=1)
    header = struct.pack(">IIBBBBB", wide, high, 8, _TRUE_COLOUR, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in pieces)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
