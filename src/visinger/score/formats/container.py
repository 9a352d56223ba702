"""Opens XML and zip archives (.mxl, .vpr) safely: bounded, no entities, nothing unpacked to disk."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from visinger.errors import ScoreError
from visinger.score.bounds import LONGEST_FILE_BYTES, read_bytes

MOST_TAGS = 4_000_000  # an orchestral movement has about half of that
LONGEST_CONTAINER_BYTES = 2**20
# Expat itself reads UTF-8, UTF-16, ASCII and Latin-1; these are the others that scores declare.
_DECODED_HERE = {
    **{name: "cp932" for name in ("shift_jis", "shift-jis", "sjis", "x-sjis", "cp932", "ms932", "windows-31j")},
    **{"euc-jp": "euc_jp", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030"},
    **{"big5": "big5hkscs", "euc-kr": "cp949", "ks_c_5601-1987": "cp949"},
    **{"windows-1252": "cp1252", "cp1252": "cp1252", "windows-1250": "cp1250", "windows-1251": "cp1251"},
    **{"x-mac-roman": "mac_roman", "macintosh": "mac_roman", "macroman": "mac_roman"},
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 5, 9, 15)},
}
_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.-]{1,40})["'][^>]{0,200}\?>""")
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError),
    *(EOFError, OSError, ValueError, KeyError, IndexError),
)


def xml_root(path: Path) -> Element:
    """The root element of a score, whatever it is packed in; every fault is a `ScoreError`."""
    content = read_bytes(path)
    if content[:4] == b"PK\x03\x04":
        content = _unpacked(content, path)
    return _parsed(content, path)


def _entry(archive: zipfile.ZipFile, name: str, most_bytes: int, path: Path) -> bytes:
    """One entry; counts the bytes that really come out, since the header may lie."""
    with archive.open(name) as entry:
        content = entry.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ScoreError(
            f"its entry {name[:60]!r} unpacks to more than {most_bytes / 2**20:g} MB",
            where=path,
            remedy="this looks like a zip bomb; export the score again",
        )
    return content


def archived(content: bytes, wanted: Callable[[str], bool], path: Path) -> bytes:
    """The first entry of a zip archive whose name is wanted, with the same bounds; nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next((name for name in archive.namelist() if wanted(name)), None)
            if name is not None:
                return _entry(archive, name, LONGEST_FILE_BYTES, path)
    except _ZIP_ERRORS as problem:
        reason = str(problem)[:80] or type(problem).__name__
        raise ScoreError(f"a damaged archive ({reason})", where=path, remedy="save the project again") from None
    raise ScoreError("an archive without a project in it", where=path, remedy="save the project again")


def _unpacked(content: bytes, path: Path) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            score = ""
            if "META-INF/container.xml" in names:
                listing = _parsed(_entry(archive, "META-INF/container.xml", LONGEST_CONTAINER_BYTES, path), path)
                score = next((e.get("full-path", "") for e in listing.iter() if e.tag.endswith("rootfile")), "")
            if score not in names:
                looks_right = (n for n in names if n.endswith((".musicxml", ".xml")) and not n.startswith("META-INF"))
                score = next(looks_right, "")
            if score:
                return _entry(archive, score, LONGEST_FILE_BYTES, path)
    except _ZIP_ERRORS as problem:
        reason = str(problem)[:80] or type(problem).__name__
        raise ScoreError(f"a damaged .mxl archive ({reason})", where=path, remedy="export the score again") from None
    raise ScoreError("an .mxl archive without a score in it", where=path, remedy="export the score again")


def _as_utf8(content: bytes, path: Path) -> bytes:
    """The document in UTF-8 where expat does not know its declared encoding."""
    if b"\0" not in content[:4]:
        content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")  # blank lines before `<?xml` are common
    declaration = _DECLARATION.match(content)
    encoding = declaration.group(1).decode().lower() if declaration else ""
    if not declaration or encoding not in _DECODED_HERE:
        return content
    try:
        return content[declaration.end() :].decode(_DECODED_HERE[encoding]).encode()
    except UnicodeDecodeError:
        problem = f"the text is not in the encoding that it declares ({encoding})"
        raise ScoreError(problem, where=path, remedy="save the score as UTF-8") from None


def _parsed(content: bytes, path: Path) -> Element:
    if content.count(b"<") > 2 * MOST_TAGS:
        raise ScoreError(f"more than {MOST_TAGS:,} XML elements", where=path, remedy="split the score")
    try:
        # A DOCTYPE is part of MusicXML; entities and anything outside the file are not.
        root: Element = fromstring(_as_utf8(content, path), forbid_dtd=False, forbid_entities=True)
    except DefusedXmlException:
        problem = "the XML defines entities, which a score does not need and which can exhaust memory"
        raise ScoreError(problem, where=path, remedy="remove them") from None
    except ParseError as problem:
        line, column = problem.position
        place = f"{path}, line {line}, column {column + 1}"
        reason = str(problem).split(":")[0]
        raise ScoreError(f"this is not well-formed XML ({reason})", where=place, remedy="export it again") from None
    except (ValueError, LookupError) as problem:
        reason = str(problem)[:80]
        raise ScoreError(f"the XML cannot be decoded ({reason})", where=path, remedy="save it as UTF-8") from None
    return root
