"""Text in MIDI files: bytes without a stated encoding, in lyric events or in the older karaoke style."""

import re
from collections.abc import Callable, Sequence

_ASCII = re.compile(rb"[\x00-\x7f]*")
_TAG = re.compile(r"\{[#@][^{}]{0,200}\}")  # `{#Title=…}`, `{@JP}`: about the song, not of it
_SPACES = tuple(" \u3000")
_GAPS = "\\/ \t\r\n\x00\u3000\ufeff"
_LETTER = re.compile(r"[^\W\d_\u2e80-\uffff]")  # of alphabets; kana and hanzi are syllables already


def decoder(pieces: Sequence[bytes]) -> str:
    """The name of the encoding that all text of a file most likely is in.

    What the file says itself (`{@JP}`, `{@LATIN}`); UTF-8 if everything is valid UTF-8, which other encodings hardly
    ever are by chance. Then Shift-JIS or EUC-JP if they give mostly kana, GB 18030 or Big5 if they give mostly everyday
    hanzi, and Latin-1, which can always be read.
    """
    for tag, encoding in ((b"{@JP}", "cp932"), (b"{@LATIN}", "latin-1")):
        if any(piece.lstrip().startswith(tag) for piece in pieces):
            return encoding
    foreign = [piece for piece in pieces if not _ASCII.fullmatch(piece)]
    if not foreign or _share(foreign, "utf-8", lambda _: True) > 0:
        return "utf-8"
    for encoding in ("cp932", "euc_jp"):
        if _share(foreign, encoding, lambda c: "\u3041" <= c <= "\u30fe") >= 0.5:
            return encoding
    return _chinese(foreign) or next(
        (encoding for encoding in ("cp932", "gb18030") if _share(foreign, encoding, _of_east_asia) >= 0.9),
        "cp932" if _share(foreign, "cp932", lambda c: "\uff66" <= c <= "\uff9f") >= 0.9 else "latin-1",
    )


def wide(pieces: Sequence[bytes]) -> str:
    """UTF-16 of one byte order or the other, where all of a file's words are in it; else nothing.

    Told by the mark at a text's start, by the empty byte of every ASCII letter, or by kana. Hanzi alone without a mark
    are told only if no encoding of single bytes fits: in it a pair of Latin letters is a hanzi too.
    """
    words = [piece for piece in pieces if piece]
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if any(word.startswith(mark) for word in words):
            return encoding
    if not words or any(len(word) % 2 for word in words):
        return ""
    together = b"".join(words)
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        high, low = together[first::2], together[1 - first :: 2]
        kana = _share(words, encoding, lambda c: "\u3041" <= c <= "\u30fe")
        if (high.count(0) > len(high) / 2 and not low.count(0)) or kana >= 0.5:
            return encoding
        if decoder(words) == "latin-1" and _share(words, encoding, lambda c: _leads(c, "gb2312", 0xB0, 0xD7)) >= 0.9:
            return encoding
    return ""


def named(name: bytes, encoding: str) -> str:
    """The name of a track, which is seldom as wide as the words are."""
    wide_name = encoding.startswith("utf-16") and wide([name]) == encoding
    return name.decode(encoding if wide_name or not encoding.startswith("utf-16") else decoder([name]), "replace")


def _chinese(foreign: Sequence[bytes]) -> str:
    """GB 18030 or Big5, whichever gives more hanzi of its first, everyday level; neither if that is few."""
    simplified = _share(foreign, "gb18030", lambda c: _hanzi(c) and _leads(c, "gb2312", 0xB0, 0xD7))
    traditional = _share(foreign, "big5", lambda c: _hanzi(c) and _leads(c, "big5", 0xA4, 0xC6))
    if max(simplified, traditional) >= 0.5:
        return "gb18030" if simplified >= traditional else "big5"
    # GB 2312's own bytes are both above 0xA0; a single accented letter between ASCII ones is not such a pair.
    return "gb18030" if _share(foreign, "gb2312", _hanzi) >= 0.5 else ""


def _leads(character: str, encoding: str, first: int, last: int) -> bool:
    """Whether the encoding has the character, its first byte from `first` to `last`."""
    return first <= (character.encode(encoding, "ignore") or b"\0")[0] <= last


def _hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _of_east_asia(character: str) -> bool:
    return _hanzi(character) or "\u3001" <= character <= "\u30fe"


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
    return _TAG.sub("", text).strip(_GAPS) or None


def syllables(texts: Sequence[str]) -> list[str]:
    r"""The syllable of each lyric or karaoke event, empty where there is none, with `-` where its word goes on.

    Karaoke files and many others put a space where a word ends (`Twin`, `kle `) or begins (`Twin`, `kle`, ` lit`);
    in such files letters without one between them are one word. So are `hel` and `-lo`.
    """
    words = [syllable(text) or "" for text in texts]
    lettered = [text for text, word in zip(texts, words, strict=True) if _LETTER.match(word)]
    spaced = 5 * sum(text[:1] in _SPACES or text[-1:] in _SPACES for text in lettered) >= len(lettered)
    found: list[str] = []
    last, parted = -1, True
    for text, word in zip(texts, words, strict=True):
        if not text or text.startswith("@"):
            found.append("")
            continue
        hyphened = word[:1] == "-" and _LETTER.match(word, 1) is not None
        here = word[1:] if hyphened else word
        goes_on = hyphened or (spaced and not parted and text[0] not in _GAPS and _LETTER.match(here) is not None)
        if goes_on and last >= 0 and (_LETTER.match(found[last], len(found[last]) - 1) or found[last][-1] in "'’"):
            found[last] += "-"
        parted = text[-1] in _GAPS or (parted and not here)
        last = len(found) if here else last
        found.append(here)
    return found
