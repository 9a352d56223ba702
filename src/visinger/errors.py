"""The errors a user can cause, each with its place and its remedy.

Every message says where (file, bar and beat, or line), what is wrong and what
to do. The command line prints it as one line and exits with the class's code;
nothing but these may reach a user as a refusal.
"""

from pathlib import Path


class VisingerError(Exception):
    """A mistake the user can mend. `str(error)` is one line: place: problem; remedy."""

    exit_code = 2

    def __init__(self, problem: str, *, where: str | Path = "", remedy: str = "") -> None:
        self.problem, self.where, self.remedy = _sayable(problem), _sayable(str(where)), _sayable(remedy)
        place = f"{self.where}: " if self.where else ""
        cure = f"; {self.remedy}" if remedy else ""
        super().__init__(f"{place}{self.problem}{cure}")

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), str(self)), self.__dict__  # comes whole from another process


def _again(kind: type[VisingerError], message: str) -> VisingerError:
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def _sayable(text: str) -> str:
    r"""The text with halves of characters as `\udce3`: file names may hold them, and no terminal prints them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


class ScoreError(VisingerError):
    """A score that cannot be read or sung; `where` is 'FILE, bar B, beat b'."""


class LyricError(VisingerError):
    """A lyric that cannot be spelled in the language or sung by the voice."""


class VoiceError(VisingerError):
    """A voice folder that is missing, incomplete or damaged."""


class CorpusError(VisingerError):
    """A corpus whose files are missing or contradict each other."""


class RecipeError(VisingerError):
    """A recipe with an unknown key, a wrong type or a missing base."""


class CheckpointError(VisingerError):
    """A checkpoint that is missing, damaged or of another recipe."""


class OutputError(VisingerError):
    """A result that could not be written: full disk, no permission, unknown suffix."""

    exit_code = 3


def at_bar(path: str | Path | None, bar: int | str, beat: object) -> str:
    """The place of a note as messages name it: 'FILE, bar 3, beat 2.5'."""
    shown = f"{float(beat):g}" if not isinstance(beat, str) else beat  # type: ignore[arg-type]
    return f"{path or 'score'}, bar {bar}, beat {shown}"
