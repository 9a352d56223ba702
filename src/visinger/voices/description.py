"""A voice's own description: `voice.json`, what it is, what it can sing and which files it needs."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from visinger.errors import VoiceError

FORMAT = 2  # 1, still written where it says all, has one singer
FILE_NAME = "voice.json"
LARGEST_DESCRIPTION_BYTES = 1 << 20
LARGEST_GRAPH_BYTES = 1 << 30
GRAPHS = ("rhythm", "intonation", "prior", "decoder")


@dataclass(frozen=True)
class GraphFile:
    """One ONNX file of a voice: its size and digest, and the tensors it takes and gives, as 'float32 [1, T]'."""

    file: str
    bytes: int
    sha256: str
    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True)
class VoiceDescription:
    """Everything a runtime must know before it opens a graph."""

    name: str
    language: str
    singer: str
    licence: str
    credit: str
    sample_rate_hz: int
    hop_samples: int
    phonemes: tuple[str, ...]  # in the order of their ids; ids start at 1, 0 pads
    lowest_midi: int  # the natural range, inclusive
    highest_midi: int
    gain: float  # fixed amplitude factor of the voice
    noise_scale: float  # how far the latent strays from its mean unless told otherwise
    excited: bool  # the decoder takes F0, phase and noise beside the latent
    context_frames: int  # what the decoder must see on either side of a chunk
    latent_channels: int
    recipe: str
    steps: int  # trained for, those of the runs whose weights it began with included
    graphs: dict[str, GraphFile]
    singers: tuple[str, ...] = ()  # in the order of the numbers that `rhythm` takes; empty: one, and it takes none

    @property
    def format(self) -> int:
        """The oldest format that can say this."""
        return 2 if self.singers else 1

    def write(self, folder: Path) -> None:
        """Write `voice.json` into the folder."""
        table = asdict(self) | {"format": self.format}
        if not self.singers:
            del table["singers"]
        text = json.dumps(table, ensure_ascii=False, indent=1)
        (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8")


def read_description(folder: Path) -> VoiceDescription:
    """The description in a voice folder.

    Raises VoiceError when it is missing, not JSON, of a newer format, or lacks a value.
    """
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > LARGEST_DESCRIPTION_BYTES:
            raise VoiceError("too large to be a voice's description", where=path, remedy="export the voice again")
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VoiceError("is missing, so this is no voice", where=path, remedy="give a voice's folder") from None
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise VoiceError(f"not readable ({error})", where=path, remedy="export the voice again") from error
    return _checked(table, path)


def _checked(table: Any, path: Path) -> VoiceDescription:
    if not isinstance(table, dict) or not isinstance(table.get("format"), int):
        raise VoiceError("not a voice's description", where=path, remedy="export the voice again")
    if table["format"] > FORMAT:
        raise VoiceError(
            f"format {table['format']} is newer than this program ({FORMAT})", where=path, remedy="upgrade visinger"
        )
    missing = [f.name for f in fields(VoiceDescription) if f.default is MISSING and f.name not in table]
    if missing:
        raise VoiceError(f"lacks '{missing[0]}'", where=path, remedy="export the voice again")
    try:
        graphs = {name: _graph_file(table["graphs"][name]) for name in GRAPHS}
        return VoiceDescription(
            name=str(table["name"]),
            language=str(table["language"]),
            singer=str(table["singer"]),
            licence=str(table["licence"]),
            credit=str(table["credit"]),
            sample_rate_hz=_within(table["sample_rate_hz"], 8_000, 192_000),
            hop_samples=_within(table["hop_samples"], 1, 8_192),
            phonemes=tuple(str(symbol) for symbol in table["phonemes"]),
            lowest_midi=_within(table["lowest_midi"], 1, 127),
            highest_midi=_within(table["highest_midi"], 1, 127),
            gain=float(_within(table["gain"], 0, 1_000)),
            noise_scale=float(_within(table["noise_scale"], 0, 10)),
            excited=bool(table["excited"]),
            context_frames=_within(table["context_frames"], 0, 1_000),
            latent_channels=_within(table["latent_channels"], 1, 65_536),
            recipe=str(table["recipe"]),
            steps=int(table["steps"]),
            graphs=graphs,
            singers=_singers(table.get("singers", []), graphs["rhythm"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise VoiceError(f"holds a wrong value ({error})", where=path, remedy="export the voice again") from error


def _singers(names: Any, rhythm: GraphFile) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ValueError("'singers' is no list of names")
    if len(names) == 1 or len(set(names)) != len(names) or bool(names) != ("singer" in rhythm.inputs):
        raise ValueError("'singers' and the graphs disagree")
    return tuple(names)


def _within(value: Any, lowest: int, highest: int) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise ValueError(f"{value!r} is not between {lowest} and {highest}")
    return value


def _graph_file(entry: dict[str, Any]) -> GraphFile:
    name = str(entry["file"])
    if Path(name).name != name:
        raise ValueError(f"'{name}' is not a plain file name")
    return GraphFile(name, int(entry["bytes"]), str(entry["sha256"]), dict(entry["inputs"]), dict(entry["outputs"]))


def checked_graph(folder: Path, graph: GraphFile) -> Path:
    """Where one graph lies, its size and digest found as described.

    Raises VoiceError naming the file when it is missing, cut short or altered.
    """
    path = folder / graph.file
    remedy = "copy or export the voice again"
    try:
        size = path.stat().st_size
        if size != graph.bytes or size > LARGEST_GRAPH_BYTES:
            raise VoiceError(f"is damaged: {size} bytes where {graph.bytes} belong", where=path, remedy=remedy)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise VoiceError("is missing from the voice", where=path, remedy=remedy) from None
    except OSError as error:
        raise VoiceError(f"not readable ({error})", where=path, remedy=remedy) from error
    if digest != graph.sha256:
        raise VoiceError("is damaged or was altered: its contents are not those described", where=path, remedy=remedy)
    return path
