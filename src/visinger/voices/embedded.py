"""Where voices lie: those embedded in the package, and any folder a user names."""

from functools import cache
from pathlib import Path

from visinger.errors import VoiceError
from visinger.voices.description import FILE_NAME, VoiceDescription, read_description

EMBEDDED = Path(__file__).parent / "embedded"
DEFAULT = "default"


@cache
def embedded_voices() -> dict[str, VoiceDescription]:
    """The embedded voices' descriptions by folder name, in alphabetical order."""
    return {path.parent.name: read_description(path.parent) for path in sorted(EMBEDDED.glob(f"*/{FILE_NAME}"))}


def folder_of(name_or_folder: str | Path) -> Path:
    """The folder of an embedded voice's name, or the folder itself.

    Raises VoiceError naming the embedded voices when there is no such thing.
    """
    name = str(name_or_folder)
    if isinstance(name_or_folder, str) and name in embedded_voices():
        return EMBEDDED / name
    if Path(name_or_folder).is_dir():
        return Path(name_or_folder)
    raise VoiceError(f"no voice '{name}'", remedy=f"give a voice's folder{_or_a_name()}")


def folder_for_language(language: str) -> Path:
    """The embedded voice that sings a language; raises VoiceError naming the languages there are."""
    for name, description in embedded_voices().items():
        if description.language == language:
            return EMBEDDED / name
    raise VoiceError(f"no embedded voice sings '{language}'", remedy=f"give a voice's folder{_or_a_name()}")


def _or_a_name() -> str:
    known = [f"{name} ({description.language})" for name, description in embedded_voices().items()]
    return f", or one of: {', '.join(known)}" if known else " (no voice is embedded in this installation)"
