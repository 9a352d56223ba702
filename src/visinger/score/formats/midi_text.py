"""Text in MIDI files: bytes without a stated encoding, in lyric events or in the older karaoke style."""

import re
from collections.abc import Callable, Sequence

_ASCII = re.compile(rb"[\x00-\x7f]*")


def decoder(pieces: Sequence[bytes]) -> str:
    """The name of the encoding that all text of a file most likely is in.

    UTF-8 if everything is valid UTF-8, which other encodings hardly ever are by
    chance. Then Shift-JIS if it gives mostly kana, GB 18030 if it gives mostly
    everyday hanzi, and Latin-1, which can always be read.
    """
    foreign = [piece for piece in pieces if not _ASCII.fullmatch(piece)]
    if not foreign or _share(foreign, "utf-8", lambda _: True) > 0:
        return "utf-8"
    if _share(foreign, "cp932", lambda c: "\u3041" <= c <= "\u30fe") >= 0.5:
        return "cp932"
    # GB 2312's own bytes are both above 0xA0; a single accented letter between ASCII ones is not such a pair.
    if _share(foreign, "gb2312", _hanzi) >= 0.5:
        return "gb18030"
    for encoding in ("cp932", "gb18030"):
        if _share(foreign, encoding, _hanzi) >= 0.9:
            return encoding
    return "latin-1"


def _hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _share(pieces: Sequence[bytes], encoding: str, fits: Callable[[str], bool]) -> float:
    """The share of characters beyond ASCII that `fits`; 0 where a piece cannot be decoded."""
    try:
        text = "".join(piece.decode(encoding) for piece in pieces)
    except UnicodeDecodeError:
        return 0.0
    beyond = [character for character in text if character > "\x7f"]
    return sum(map(fits, beyond)) / len(beyond) if beyond else 0.0


def syllable(text: str) -> str | None:
    r"""The syllable in a lyric or karaoke event; None for headers.

    Karaoke files write `\` before a new verse, `/` before a new line and `@`
    before remarks.
    """
    if text.startswith("@"):
        return None
    return text.strip("\\/ \t\r\n\x00\u3000") or None
