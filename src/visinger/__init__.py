"""VISinger: lyrics and a score in, singing out.

    import visinger

    voice = visinger.Voice.load()
    wave = voice.sing(visinger.read_score("song.musicxml"))
    visinger.write_wave("song.wav", wave)

Names are looked up when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visinger.audio import Wave, read_wave, write_wave
    from visinger.errors import VisingerError
    from visinger.phrasing.performance import Performance
    from visinger.score import read as read_score
    from visinger.score.score import Note, Part, Score
    from visinger.voices.voice import Voice

__all__ = [
    "Note",
    "Part",
    "Performance",
    "Score",
    "VisingerError",
    "Voice",
    "Wave",
    "read_score",
    "read_wave",
    "write_wave",
]

_HOMES = {
    "Note": ("visinger.score.score", "Note"),
    "Part": ("visinger.score.score", "Part"),
    "Performance": ("visinger.phrasing.performance", "Performance"),
    "Score": ("visinger.score.score", "Score"),
    "VisingerError": ("visinger.errors", "VisingerError"),
    "Voice": ("visinger.voices.voice", "Voice"),
    "Wave": ("visinger.audio", "Wave"),
    "read_score": ("visinger.score", "read"),
    "read_wave": ("visinger.audio", "read_wave"),
    "write_wave": ("visinger.audio", "write_wave"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'visinger' has no attribute '{name}'")
    module, attribute = _HOMES[name]
    found = getattr(import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
