"""Small MusicXML scores, written in a test as strings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from visinger import score
from visinger.score import Score

ATTRIBUTES = (
    "<attributes><divisions>{divisions}</divisions>"
    "<time><beats>{beats}</beats><beat-type>4</beat-type></time></attributes>"
)


def note(pitch: str, duration: int, *, words: str | dict[int, str] = "", extra: str = "", signs: str = "") -> str:
    """`<note>` of a pitch such as C4 or F#4 (or R); `extra` before the notations, `signs` inside them."""
    if pitch == "R":
        head = "<rest/>"
    else:
        alter = {"#": 1, "b": -1}.get(pitch[1])
        altered = f"<alter>{alter}</alter>" if alter else ""
        head = f"<pitch><step>{pitch[0]}</step>{altered}<octave>{pitch[-1]}</octave></pitch>"
    lyrics = words if isinstance(words, dict) else {1: words} if words else {}
    text = "".join(f'<lyric number="{k}"><text>{w}</text></lyric>' for k, w in lyrics.items())
    length = f"<duration>{duration}</duration>" if duration else ""
    return f"<note>{extra}{head}{length}<notations>{signs}</notations>{text}</note>"


def document(*parts: list[str], divisions: int = 1, beats: int = 4) -> str:
    """A score of parts, each a list of the contents of its bars."""
    names = "".join(f'<score-part id="P{k}"><part-name>Part {k}</part-name></score-part>' for k in range(len(parts)))
    body = ""
    for k, bars in enumerate(parts):
        head = ATTRIBUTES.format(divisions=divisions, beats=beats)
        measures = (f'<measure number="{n + 1}">{"" if n else head}{bar}</measure>' for n, bar in enumerate(bars))
        body += f'<part id="P{k}">{"".join(measures)}</part>'
    return f'<score-partwise version="4.0"><part-list>{names}</part-list>{body}</score-partwise>'


@pytest.fixture
def sing(tmp_path: Path) -> Callable[..., Score]:
    """Writes bars as a MusicXML file of one part and reads it."""

    def read(*bars: str, divisions: int = 1, beats: int = 4, verse: int | None = None) -> Score:
        path = tmp_path / "song.musicxml"
        path.write_text(document(list(bars), divisions=divisions, beats=beats), encoding="utf-8")
        return score.read(path, verse=verse)

    return read


@pytest.fixture
def n() -> Callable[..., str]:
    return note


@pytest.fixture
def sheet() -> Callable[..., str]:
    return document
