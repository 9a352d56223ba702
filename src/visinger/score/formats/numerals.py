"""Numbers in MusicXML: parsed exactly, and none so long that arithmetic with it is an attack."""

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

_DECIMAL = re.compile(r"[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})")
_INTEGER = re.compile(r"[+-]?\d{1,9}")
_VALUES = {
    **{"maxima": Fraction(32), "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2)},
    **{"quarter": Fraction(1), "eighth": Fraction(1, 2)},
    **{f"{4 * 2**n}{'nd' if 4 * 2**n == 32 else 'th'}": Fraction(1, 2**n) for n in range(2, 9)},
}


def decimal(text: str | None) -> Fraction | None:
    """The number exactly, or None where the text is none."""
    text = (text or "").strip()
    return Fraction(text if text[-1:] != "." else text + "0") if _DECIMAL.fullmatch(text) else None


def integer(text: str | None) -> int | None:
    """The whole number, or None where the text is none."""
    text = (text or "").strip()
    return int(text) if _INTEGER.fullmatch(text) else None


def number_list(text: str) -> list[int]:
    """The numbers of `1, 2` or `1-3`, in order, each once; at most two digits each."""
    found: dict[int, None] = {}
    for first, last in re.findall(r"(?<!\d)(\d{1,2})(?:\s*[-–]\s*(\d{1,2}))?(?!\d)", text):
        found |= dict.fromkeys(range(int(first), int(last or first) + 1))
    return [number for number in found if number > 0]


def unit_quarters(name: str | None, dots: int) -> Fraction | None:
    """The length in quarter notes of a printed value such as `half` with some dots."""
    value = _VALUES.get((name or "").strip())
    return value * (2 - Fraction(1, 2 ** min(dots, 8))) if value else None


def note_value(element: Element) -> Fraction | None:
    """The length in quarter notes that a `<note>` is printed with: type, dots and tuplet."""
    value = unit_quarters(element.findtext("type"), len(element.findall("dot")))
    change = element.find("time-modification")
    if value and change is not None:
        actual, normal = integer(change.findtext("actual-notes")), integer(change.findtext("normal-notes"))
        if actual and normal and 0 < actual <= 1000 and 0 < normal <= 1000:
            value *= Fraction(normal, actual)
    return value
