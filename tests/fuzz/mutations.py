"""Ways to damage a file: blind ones that break its syntax, and ones that know it, so that the damage goes deep."""

import io
import json
import random
import re
import zipfile
from collections.abc import Callable

Damage = Callable[[bytes, random.Random], bytes]
ODD_BYTES = b"0123456789<>/-\"'{}[],.:;\t\n \x00\xff\x80|#="
WILD_TEXTS = [
    *(b"0", b"-1", b"1", b"3", b"480", b"-1920", b"999999999", b"-999999999", b"1e9", b"1e300", b"-0.0001", b"1e-9"),
    *(b"", b"R", b"x", b"-", b"NaN", b"inf", b"9" * 400, b"1/3", b"1,2,3", b"1;2", b"null", b"true", b"yes", b"start"),
    *("花".encode(), "ー".encode(), b"+", b"C", b"quarter", b"end", b"A4", b"12/8"),
]
WILD_VALUES = [
    *(0, -1, 1, 3, 480, -1920, 10**9, -(10**9), 10**15, 10**40, 0.5, -1e-4, 1e300, float("nan"), float("inf")),
    *(None, True, "", "x", "-", "R", "60", "+", [], {}, [1, 2], [[1, 2], [3]], {"points": [1]}, "1 2 3", "\ud800"),
]
XML_PIECES = [
    b"<backup><duration>%d</duration></backup>",
    b"<forward><duration>%d</duration></forward>",
    b"<attributes><divisions>%d</divisions></attributes>",
    b"<attributes><time><beats>%d</beats><beat-type>8</beat-type></time></attributes>",
    b"<attributes><transpose><chromatic>-%d</chromatic><octave-change>-1</octave-change></transpose></attributes>",
    b"<grace slash='yes'/>",
    b"<chord/>",
    b"<cue/>",
    b"<rest measure='yes'/>",
    b"<tie type='start'/>",
    b"<tie type='stop'/>",
    b"<voice>%d</voice>",
    b"<staff>%d</staff>",
    b"<sound tempo='%d'/>",
    b"<sound dacapo='yes'/>",
    b"<sound dalsegno='a'/>",
    b"<sound segno='a'/>",
    b"<sound tocoda='c'/>",
    b"<sound coda='c'/>",
    b"<sound fine='yes'/>",
    b"<barline location='left'><repeat direction='forward'/></barline>",
    b"<barline><repeat direction='backward' times='%d'/></barline>",
    b"<barline location='left'><ending number='1, %d' type='start'/></barline>",
    b"<barline><ending number='%d' type='stop'/><repeat direction='backward'/></barline>",
    b"<direction><direction-type><wedge type='crescendo' number='%d'/></direction-type></direction>",
    b"<direction><direction-type><wedge type='stop'/></direction-type></direction>",
    b"<direction><direction-type><dynamics><sfp/></dynamics></direction-type></direction>",
    b"<direction><direction-type><words>D.S.</words></direction-type><offset sound='yes'>-%d</offset></direction>",
    b"<notations><fermata/><articulations><breath-mark/></articulations></notations>",
    b"<lyric number='%d'><syllabic>middle</syllabic><text>la</text><elision/><text>-</text><extend/></lyric>",
]
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TAG = re.compile(rb"<[^<>]*>")


def blind(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken out, doubled, a stretch replaced by one from elsewhere, or the end cut off."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                changed[at : at + 1] = bytes([chance.choice(ODD_BYTES)])
            case 2:
                del changed[at : at + chance.randint(1, 40)]
            case 3:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case 4:
                source = chance.randrange(len(changed) + 1)
                changed[at : at + 20] = changed[source : source + 20]
            case 5 if chance.random() < 0.2:
                del changed[at:]
    return bytes(changed)


def numbers(content: bytes, chance: random.Random) -> bytes:
    """A few numbers of a text exchanged for wild ones, or for others of the same file."""
    places = list(_NUMBER.finditer(content))
    chosen = sorted(chance.sample(places, min(len(places), chance.randint(1, 4))), key=lambda m: -m.start())
    for place in chosen:
        value = chance.choice([*WILD_TEXTS, *(chance.choice(places).group() for _ in range(10))])
        content = content[: place.start()] + value + content[place.end() :]
    return content


def lines(content: bytes, chance: random.Random) -> bytes:
    """Whole lines taken out, doubled or moved, and fields of a line exchanged."""
    rows = content.splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        if not rows:
            break
        at, row = chance.randrange(len(rows)), chance.choice(rows)
        match chance.randrange(4):
            case 0:
                del rows[at]
            case 1:
                rows.insert(at, row)
            case 2:
                rows[at] = row
            case 3:
                fields = re.split(rb"([\t,=|])", rows[at])
                fields[chance.randrange(len(fields))] = chance.choice(WILD_TEXTS)
                rows[at] = b"".join(fields)
    return b"".join(rows)


def elements(content: bytes, chance: random.Random) -> bytes:
    """XML elements taken out, doubled, moved, renamed, emptied, or new ones put in; it mostly stays well-formed."""
    for _ in range(chance.randint(1, 5)):
        tags = [m for m in _TAG.finditer(content) if m.group()[1:2] not in (b"/", b"?", b"!")]
        if not tags:
            break
        tag, other = chance.choice(tags), chance.choice(tags)
        first, last = tag.start(), _end_of(content, tag)
        span = content[first:last]
        match chance.randrange(6):
            case 0:
                content = content[:first] + content[last:]
            case 1:
                content = content[:last] + span * chance.randint(1, 3) + content[last:]
            case 2:
                rest = content[:first] + content[last:]
                at = other.start() - (len(span) if other.start() >= last else 0)
                content = rest[:at] + span + rest[at:] if not first < other.start() < last else content
            case 3:
                name, new = _name(tag), _name(other)
                content = content[:first] + span.replace(b"<" + name, b"<" + new, 1) + content[last:]
                if span.endswith(b"</" + name + b">"):
                    closing = first + len(new) + len(span) - len(name) * 2 - 1
                    content = content[:closing] + new + content[closing + len(name) :]
            case 4:
                closing = span.rfind(b"</")
                if closing >= 0:
                    content = content[: tag.end()] + chance.choice(WILD_TEXTS) + content[first + closing :]
            case 5:
                piece = chance.choice(XML_PIECES)
                piece = piece % chance.choice((0, 1, 2, 3, 16, 99, 10**9)) if b"%d" in piece else piece
                content = content[:first] + piece + content[first:]
    return content


def _name(tag: re.Match[bytes]) -> bytes:
    return re.split(rb"[\s/>]", tag.group()[1:], maxsplit=1)[0]


def _end_of(content: bytes, tag: re.Match[bytes]) -> int:
    """Past the element that a tag opens (elements do not hold their like in a score)."""
    if tag.group().endswith(b"/>"):
        return tag.end()
    closing = b"</" + _name(tag) + b">"
    at = content.find(closing, tag.end())
    return at + len(closing) if at >= 0 else tag.end()


def values(content: bytes, chance: random.Random) -> bytes:
    """A few values of a JSON document taken out, or exchanged for wild ones or for others of the same document."""
    document = json.loads(content)
    for _ in range(chance.randint(1, 4)):
        places: list = []
        open_values = [document]
        while open_values:
            value = open_values.pop()
            if isinstance(value, dict | list):
                keys = list(value) if isinstance(value, dict) else range(len(value))
                places += [(value, key) for key in keys]
                open_values += [value[key] for key in keys]
        if not places:
            break
        container, key = chance.choice(places)
        if chance.random() < 0.15:
            del container[key]
            continue
        source, name = chance.choice(places)
        value = chance.choice(WILD_VALUES) if chance.random() < 0.6 else source[name]
        container[key] = json.loads(json.dumps(value))  # a copy: a value inside itself is no JSON
    return json.dumps(document).encode()


def packed(inner: Damage) -> Damage:
    """Damage to what is packed in a zip archive's first .xml entry, or (one time in four) to the archive itself."""

    def damage(content: bytes, chance: random.Random) -> bytes:
        if chance.random() < 0.25:
            return blind(content, chance)
        memory = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as new:
            names = archive.namelist()
            for name in names:
                data = archive.read(name)
                hurt = name != "META-INF/container.xml" or chance.random() < 0.1
                new.writestr(name, inner(data, chance) if hurt else data)
        return memory.getvalue()

    return damage


# -- MIDI ----------------------------------------------------------------------------------------------

MIDI_EVENTS = [
    *(b"\xff\x51\x03\x00\x00\x00", b"\xff\x51\x03\xff\xff\xff", b"\xff\x51\x01\x07", b"\xff\x51\x83\xff\xff\xff"),
    *(b"\xff\x58\x04\x00\x02\x18\x08", b"\xff\x58\x04\x07\xff\x18\x08", b"\xff\x58\x02\x03\x02", b"\xff\x2f\x00"),
    *(b"\xff\x54\x05\x61\x00\x00\x00\x00", b"\xff\x59\x02\x7f\x05", b"\xff\x20\x01\x20", b"\xff\x60\x01\x00"),
    *(b"\xff\x05\x02\x82\xb3", b"\xff\x05\x03\xe3\x81\x95", b"\xff\x05\x00", b"\xff\x01\x03\x5cla", b"\xff\x05\x03la-"),
    *(b"\xff\x7f\x04\x00\x00\x00\x41", b"\xff\x03\x02\x8f\x89", b"\xf0\x03\x41\x10\xf7", b"\xf7\x02\x41\xf7"),
    *(b"\xf8", b"\xfa", b"\xf4", b"\x90\x3c\x40", b"\x80\x3c\x00", b"\x3c\x00", b"\x99\x24\x7f", b"\xe0\x00\x40"),
    *(b"\xc0\x05", b"\xb0\x7b\x00", b"\x90\xff\xff"),
]


def events(content: bytes, chance: random.Random) -> bytes:
    """Events of MIDI tracks taken out, doubled, moved, put in, their times changed; chunk lengths fit again."""
    head, tracks = bytearray(content[:14]), []
    at = 14
    while at + 8 <= len(content) and content[at : at + 4] == b"MTrk":
        size = int.from_bytes(content[at + 4 : at + 8])
        tracks.append(_events(content[at + 8 : at + 8 + size]))
        at += 8 + size
    if chance.random() < 0.15:
        k = chance.randrange(8, 14)
        head[k] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xE7, 0xFF))
    for _ in range(chance.randint(1, 6)):
        track = chance.choice(tracks)
        if not track:
            continue
        k, other = chance.randrange(len(track)), chance.choice(track)
        match chance.randrange(6):
            case 0:
                del track[k]
            case 1:
                track.insert(k, other)
            case 2:
                track[k] = (chance.choice((0, 1, 47, 480, 10_000, 0x0FFFFFFF)), track[k][1])
            case 3:
                track.insert(k, (chance.choice((0, 0, 5, 480)), chance.choice(MIDI_EVENTS)))
            case 4:
                track[k] = (track[k][0], track[k][1][: chance.randint(0, 3)])
            case 5:
                tracks.append(list(track))
    body = b""
    for track in tracks:
        data = b"".join(_length(delta) + event for delta, event in track)
        body += b"MTrk" + len(data).to_bytes(4) + data
    return bytes(head) + body


def _length(number: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.insert(0, 0x80 | number & 0x7F)
    return bytes(digits)


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    while at < len(data):
        number = number << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            break
    return number, at


def _events(data: bytes) -> list[tuple[int, bytes]]:
    """(delta, bytes) of each event; a running status stays as it is."""
    found, at, status = [], 0, 0
    while at < len(data):
        delta, at = _number(data, at)
        if at >= len(data):
            break
        start = at
        if data[at] & 0x80:
            status, at = data[at], at + 1
        if status == 0xFF or status in (0xF0, 0xF7):
            size, at = _number(data, at + (status == 0xFF))
            at += size
        else:
            at += 1 if status & 0xE0 == 0xC0 else 2
        found.append((delta, data[start:at]))
    return found


def mixed(*ways: Damage) -> Damage:
    """One of several ways at random; one file in five is damaged blindly."""

    def damage(content: bytes, chance: random.Random) -> bytes:
        way = blind if chance.random() < 0.2 else chance.choice(ways)
        return way(content, chance)

    return damage
