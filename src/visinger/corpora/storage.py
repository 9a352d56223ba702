"""A take as one .npz file, and its line in the manifest.

Samples are kept as 16-bit integers. Files are written aside and renamed; they
are read without pickle, bounded in size, and every array is checked.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.corpora.corpus import file_digest
from visinger.corpora.take import Take
from visinger.errors import CorpusError
from visinger.files import read_arrays, written_whole
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase

FULL_SCALE = 32768
LONGEST_TAKE_FRAMES = 60_000  # ten minutes of 10 ms frames
LARGEST_BYTES = 64 << 20
LARGEST_ARRAY_BYTES = 64 << 20
TAKES = "takes"


@dataclass(frozen=True)
class Entry:
    """A take in the manifest (takes.jsonl)."""

    name: str
    song: str
    singer: str
    frames: int
    phonemes: int  # sung ones
    bytes: int
    sha256: str
    job: str
    set_apart: bool = False  # for test, by the corpus' makers

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class StoredTake:
    """A take whose samples are still 16-bit: half the memory."""

    take_fields: dict[str, object]
    samples: NDArray[np.int16]

    def take(self) -> Take:
        samples = self.samples.astype(np.float32) / FULL_SCALE
        return Take(samples=samples, **self.take_fields)  # type: ignore[arg-type]


def file_of(name: str) -> str:
    """The path of a take below its corpus' folder; CorpusError for a name that is no plain file name."""
    if not name or len(name) > 120 or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
        raise CorpusError(f"'{name}' cannot be the name of a take", remedy="use letters, digits, - _ and .")
    return f"{TAKES}/{name}.npz"


def write(folder: Path, take: Take, *, job: str, set_apart: bool = False) -> Entry:
    """Write a take below `folder`; returns its line of the manifest."""
    path = folder / file_of(take.name)
    phrase = take.phrase
    arrays = {
        "phonemes": np.array(phrase.phonemes, dtype=np.str_),
        "pitches": phrase.pitches.astype(np.int16),
        "slot": phrase.slot.astype(np.int32),
        "before_beat": phrase.before_beat,
        "slot_starts": phrase.slot_starts.astype(np.int32),
        "score_notes": phrase.score_notes.astype(np.int32),
        "slurred": phrase.slurred,
        "frames": take.frames.astype(np.int32),
        "f0_hz": take.f0_hz.astype(np.float32),
        "samples": np.clip(np.round(take.samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16),
        "numbers": np.array([phrase.start_frame, take.sample_rate_hz, take.hop_samples], dtype=np.int64),
        "texts": np.array([take.name, take.song, take.singer, phrase.convention, phrase.language], dtype=np.str_),
    }
    with written_whole(path, make_folder=True) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    sung = sum(symbol not in (SILENCE, BREATH) for symbol in phrase.phonemes)
    return Entry(
        name=take.name,
        song=take.song,
        singer=take.singer,
        frames=phrase.frames,
        phonemes=sung,
        bytes=path.stat().st_size,
        sha256=file_digest(path),
        job=job,
        set_apart=set_apart,
    )


def read(folder: Path, entry: Entry) -> StoredTake:
    """A take of the manifest; CorpusError naming the file when it is missing, damaged or not this take."""
    path = folder / file_of(entry.name)
    remedy = "prepare the corpus again: only what is missing or damaged is made anew"
    try:
        if path.stat().st_size != entry.bytes or entry.bytes > LARGEST_BYTES:
            raise CorpusError(f"has {path.stat().st_size} bytes, not {entry.bytes}", where=path, remedy=remedy)
        arrays = read_arrays(path, most_bytes=LARGEST_ARRAY_BYTES)
        take = _restored(arrays)
        take.take()  # checks the lengths against each other
    except (OSError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise CorpusError(f"not a readable take ({error})", where=path, remedy=remedy) from error
    if take.take_fields["name"] != entry.name:
        raise CorpusError(f"holds the take '{take.take_fields['name']}'", where=path, remedy=remedy)
    return take


def _restored(arrays: dict[str, NDArray]) -> StoredTake:
    name, song, singer, convention, language = (str(text) for text in arrays["texts"])
    start_frame, sample_rate_hz, hop_samples = (int(number) for number in arrays["numbers"])
    slot, slot_starts = arrays["slot"].astype(np.int64), arrays["slot_starts"].astype(np.int64)
    phonemes, count = tuple(str(symbol) for symbol in arrays["phonemes"]), len(arrays["phonemes"])
    by_phoneme = ("pitches", "slot", "before_beat", "slurred", "frames")
    if any(arrays[key].shape != (count,) for key in by_phoneme) or count == 0:
        raise ValueError("arrays of different lengths")
    if slot.min() < 0 or slot.max() >= len(slot_starts) - 1 or not 0 < slot_starts[-1] <= LONGEST_TAKE_FRAMES:
        raise ValueError("slots out of bounds")
    if convention not in ("vowel-anchored", "consonant-inclusive"):
        raise ValueError(f"unknown convention '{convention}'")
    phrase = Phrase(
        phonemes=phonemes,
        pitches=arrays["pitches"].astype(np.int64),
        slot=slot,
        before_beat=arrays["before_beat"].astype(bool),
        slot_starts=slot_starts,
        score_notes=arrays["score_notes"].astype(np.int64),
        slurred=arrays["slurred"].astype(bool),
        start_frame=start_frame,
        convention=convention,  # type: ignore[arg-type]
        language=language,
    )
    fields: dict[str, object] = {
        "name": name,
        "song": song,
        "singer": singer,
        "phrase": phrase,
        "frames": arrays["frames"].astype(np.int64),
        "f0_hz": arrays["f0_hz"].astype(np.float32),
        "sample_rate_hz": sample_rate_hz,
        "hop_samples": hop_samples,
    }
    return StoredTake(fields, arrays["samples"].astype(np.int16, copy=False))
