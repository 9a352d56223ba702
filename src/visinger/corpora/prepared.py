"""A prepared corpus, opened: its card, its manifest, its splits and its takes."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, overload

from visinger.corpora import splits, storage
from visinger.corpora.corpus import file_digest
from visinger.corpora.preparation import CARD, FORMAT, MANIFEST, SPLITS
from visinger.corpora.splits import By, Counted, Part
from visinger.corpora.storage import Entry, StoredTake
from visinger.corpora.take import CorpusCard, Take
from visinger.errors import CorpusError

LARGEST_LIST_BYTES = 256 << 20
UNFINISHED = "prepare the corpus (again): an interrupted preparation goes on where it stopped"
_WRONG = (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
Parsed = TypeVar("Parsed")


class Takes(Sequence[Take]):
    """Takes in memory, their samples as 16-bit integers until one is asked for."""

    def __init__(self, stored: Sequence[StoredTake], entries: Sequence[Entry]) -> None:
        self._stored = tuple(stored)
        self.entries = tuple(entries)

    def __len__(self) -> int:
        return len(self._stored)

    @overload
    def __getitem__(self, index: int) -> Take: ...
    @overload
    def __getitem__(self, index: slice) -> "Takes": ...
    def __getitem__(self, index: int | slice) -> "Take | Takes":
        if isinstance(index, slice):
            return Takes(self._stored[index], self.entries[index])
        return self._stored[index].take()

    @property
    def frame_counts(self) -> list[int]:
        """T of each take, known without touching its samples."""
        return [entry.frames for entry in self.entries]


@dataclass(frozen=True)
class Prepared:
    """A folder that `prepare` made."""

    folder: Path
    card: CorpusCard
    sample_rate_hz: int
    hop_samples: int
    entries: tuple[Entry, ...]

    @staticmethod
    def open(folder: str | Path) -> "Prepared":
        """Read card and manifest, and check that every take's file is there in its full size.

        Raises CorpusError naming the file that is missing, damaged or too short.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise CorpusError("no such folder", where=folder, remedy="give the folder that was prepared")
        about = _parsed(folder / CARD, _about)
        entries = _parsed(folder / MANIFEST, _entries)
        for entry in entries:
            path = folder / storage.file_of(entry.name)
            size = path.stat().st_size if path.is_file() else None
            if size != entry.bytes:
                found = "is missing" if size is None else f"has {size} bytes, not {entry.bytes}"
                raise CorpusError(found, where=path, remedy=UNFINISHED)
        return Prepared(folder, about[0], about[1], about[2], entries)

    def names(self, split: Part, by: By = "song") -> tuple[str, ...]:
        """The names of a part's takes; CorpusError when this corpus is too small for that split."""
        if split not in splits.PARTS:
            raise CorpusError(f"no part is called '{split}'", remedy=f"parts: {' '.join(splits.PARTS)}")
        divided = _parsed(self.folder / SPLITS, _divisions)
        if by not in divided:
            try:
                return splits.divide(self.counted(), by)[split]
            except CorpusError as error:
                raise CorpusError(error.problem, where=self.folder, remedy=error.remedy) from None
        return divided[by][split]

    def takes(self, split: Part | None = None, by: By = "song") -> Takes:
        """The takes of a part, or all of them."""
        return self.load([entry.name for entry in self.entries] if split is None else self.names(split, by))

    def load(self, names: Sequence[str]) -> Takes:
        """Takes by name, in the order asked."""
        known = {entry.name: entry for entry in self.entries}
        unknown = next((name for name in names if name not in known), None)
        if unknown is not None:
            raise CorpusError(f"no take is called '{unknown}'", where=self.folder / MANIFEST)
        entries = [known[name] for name in names]
        return Takes([storage.read(self.folder, entry) for entry in entries], entries)

    def folds(self, count: int) -> list[tuple[str, ...]]:
        """Names of `count` groups of whole songs, for cross-validation."""
        return splits.folds(self.counted(), count)

    def counted(self) -> list[Counted]:
        return [Counted(entry.name, entry.song, entry.phonemes, entry.set_apart) for entry in self.entries]

    def verify(self) -> None:
        """Compare every file with its sha256; CorpusError names the first that differs."""
        for entry in self.entries:
            path = self.folder / storage.file_of(entry.name)
            if file_digest(path) != entry.sha256:
                raise CorpusError("is not what was prepared", where=path, remedy=UNFINISHED)

    def __iter__(self) -> Iterator[Take]:
        """Every take, read one at a time."""
        return (storage.read(self.folder, entry).take() for entry in self.entries)


def _parsed(path: Path, parse: Callable[[str], Parsed]) -> Parsed:
    try:
        if path.stat().st_size > LARGEST_LIST_BYTES:
            raise ValueError("larger than any list of takes")
        return parse(path.read_text(encoding="utf-8"))
    except (*_WRONG, CorpusError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CorpusError(f"cannot be read ({reason})", where=path, remedy=UNFINISHED) from error


def _about(text: str) -> tuple[CorpusCard, int, int]:
    about = json.loads(text)
    if about["format"] != FORMAT:
        raise ValueError(f"format {about['format']}, this version reads {FORMAT}")
    listed = {key: tuple(value) if isinstance(value, list) else value for key, value in about["card"].items()}
    card = CorpusCard(**listed)
    for field in fields(CorpusCard):
        value = getattr(card, field.name)
        kind: Any = (int, float) if field.type is float else str if field.type is str else tuple
        if not isinstance(value, kind) or (kind is tuple and not all(isinstance(text, str) for text in value)):
            raise ValueError(f"'{field.name}' is of the wrong type")
    rates = int(about["sample_rate_hz"]), int(about["hop_samples"])
    if min(rates) < 1:
        raise ValueError(f"{rates[0]} Hz in hops of {rates[1]} samples")
    return card, *rates


def _divisions(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    divided = json.loads(text)
    for by, parts in divided.items():
        for part in splits.PARTS:
            names = parts[part]
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError(f"'{by}', '{part}' is no list of takes")
    return {by: {part: tuple(parts[part]) for part in splits.PARTS} for by, parts in divided.items()}


def _entries(text: str) -> tuple[Entry, ...]:
    kinds: dict[str, Any] = {field.name: field.type for field in fields(Entry)}
    entries = tuple(Entry(**json.loads(line)) for line in text.splitlines() if line.strip())
    for entry in entries:
        wrong = next((key for key, kind in kinds.items() if not isinstance(getattr(entry, key), kind)), None)
        if wrong is not None:
            raise ValueError(f"take '{entry.name}': '{wrong}' is of the wrong type")
        storage.file_of(entry.name)  # refuses names that lead out of the folder
    if not entries:
        raise ValueError("it lists no takes")
    return entries
