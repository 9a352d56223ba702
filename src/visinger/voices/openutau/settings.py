"""dsconfig.yaml, vocoder.yaml and their like, as the editor reads them: unknown keys passed over, defaults filled in.

Scalars stay text, whatever YAML would make of them, and tags build nothing.
"""

import json
from dataclasses import dataclass, field

import yaml

from visinger.errors import VoiceError
from visinger.voices.openutau.archive import BankFiles

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the same in C, where it was built
DEEPEST, MOST_EVENTS = 40, 4_000_000
_DEFAULTS = {
    "phonemes": "phonemes.txt",
    "sample_rate": "44100",
    "hop_size": "512",
    "win_size": "2048",
    "fft_size": "2048",
    "num_mel_bins": "128",
    "mel_fmin": "40",
    "mel_fmax": "16000",
    "mel_base": "10",
    "mel_scale": "slaney",
    "hidden_size": "256",
    "predict_dur": "true",
    "model": "model.onnx",
}


@dataclass(frozen=True)
class Settings:
    """One settings file; `name` is its path in the bank."""

    name: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """The value as written, or the editor's default; empty where there is neither."""
        value = self.values.get(key)
        return str(value) if isinstance(value, str) and value else _DEFAULTS.get(key, "")

    def flag(self, key: str) -> bool:
        return self.text(key).lower() in ("true", "yes", "on", "y")

    def number(self, key: str) -> float:
        """Raises VoiceError where the value is no number."""
        try:
            return float(self.text(key))
        except ValueError:
            raise VoiceError(
                f"'{key}' is no number", where=self.name, remedy=f"write {key}: {_DEFAULTS[key]}"
            ) from None

    def whole(self, key: str) -> int:
        return int(self.number(key))

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where there is none."""
        value = self.values.get(key)
        return tuple(str(each) for each in value) if isinstance(value, list) else ()

    @property
    def frame_ms(self) -> float:
        return 1000.0 * self.number("hop_size") / self.number("sample_rate")

    def beside(self, key: str) -> str:
        """The path in the bank of a file that this one names."""
        folder = self.name.rpartition("/")[0]
        return f"{folder}/{self.text(key)}" if folder else self.text(key)


def read_settings(files: BankFiles, name: str) -> Settings:
    """One settings file. Raises VoiceError when it is missing or no mapping in YAML."""
    table = read_yaml(files, name)
    if not isinstance(table, dict):
        raise VoiceError("is no list of settings", where=f"{files.path}: {name}", remedy="write 'key: value' lines")
    return Settings(name, {str(key): value for key, value in table.items()})


def read_yaml(files: BankFiles, name: str) -> object:
    """A YAML file of mappings, lists and texts. Raises VoiceError for anything else."""
    text = files.text(name)
    try:
        _refuse_excess(text)
        return yaml.load(text, Loader=_LOADER)  # the base loader builds texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        raise VoiceError(f"is no YAML ({reason})", where=f"{files.path}: {name}", remedy="write it again") from None


def _refuse_excess(text: str) -> None:
    """Raise ValueError for what the loader would crash on, or what would put one value at many places."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or number > MOST_EVENTS or isinstance(event, yaml.AliasEvent):
            raise ValueError("it nests too deep, holds too much, or has aliases")


def read_phonemes(files: BankFiles, name: str) -> dict[str, int]:
    """Phonemes and their numbers: the lines of a .txt, or the mapping in a .json. Raises VoiceError for neither."""
    text = files.text(name)
    if not name.lower().endswith(".json"):
        return {line: number for number, line in enumerate(text.splitlines())}
    try:
        table = json.loads(text)
        return {str(symbol): int(number) for symbol, number in table.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        problem, remedy = "is no mapping of phonemes to numbers", "write it again"
        raise VoiceError(problem, where=f"{files.path}: {name}", remedy=remedy) from None
