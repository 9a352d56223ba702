"""The unit database: every recording of a folder of spoken syllables, analysed once.

Shapes: U units · F frames of 5 ms of all units, end to end · S samples of all consonants.

A database is one .npz file (no pickle) beside nothing else; it remembers which
recordings it was made of and is made anew when they change.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.audio import read_wave
from visinger.concatenation.analysis import SPECTRUM_SIZE, Analysis, analyse
from visinger.errors import CorpusError, VisingerError
from visinger.files import read_arrays, written_whole
from visinger.language import pinyin
from visinger.units import SAMPLE_RATE_HZ

FORMAT = 3
MOST_FILES = 20_000
LONGEST_SYLLABLE_SECONDS = 5.0
LARGEST_DATABASE_BYTES = 1 << 30
_NAME = re.compile(r"(?:[a-z]+-)?_?(?P<pinyin>[a-zv]+)(?P<tone>[1-5])$")
_PCM = 32_767.0


@dataclass(frozen=True, eq=False)
class Unit:
    """One recorded syllable; the arrays are views into its database."""

    initial: str
    final: str
    tone: int
    spectrum: NDArray[np.float16]  # (f, 60)
    aperiodicity: NDArray[np.float16]  # (f, bands)
    consonant: NDArray[np.float32]  # (s) empty when the initial is voiced or absent
    vowel_start: int
    nucleus: int
    level_db: float
    f0_hz: float

    @property
    def frames(self) -> int:
        return len(self.spectrum)

    @property
    def consonant_ms(self) -> float:
        return 5.0 * self.vowel_start


@dataclass(frozen=True, eq=False)
class Units:
    """All recordings of one speaker, found by initial and final."""

    path: Path
    units: tuple[Unit, ...]

    @cached_property
    def by_syllable(self) -> dict[tuple[str, str], tuple[Unit, ...]]:
        """Recordings of each (initial, final); the initial is "" where there is none."""
        return _grouped(self.units, lambda unit: (unit.initial, unit.final))

    @cached_property
    def by_initial(self) -> dict[str, tuple[Unit, ...]]:
        return _grouped(self.units, lambda unit: unit.initial)

    @cached_property
    def by_final(self) -> dict[str, tuple[Unit, ...]]:
        return _grouped(self.units, lambda unit: unit.final)

    def without_tone(self, tone: int | None) -> "Units":
        """The database without the recordings of one tone, except where a syllable has no other."""
        if tone is None:
            return self
        others = {(u.initial, u.final) for u in self.units if u.tone != tone}
        kept = tuple(u for u in self.units if u.tone != tone or (u.initial, u.final) not in others)
        return Units(self.path, kept)

    def only_without(self, tone: int) -> "Units":
        """The recordings that `without_tone` leaves out, and no others."""
        kept = set(map(id, self.without_tone(tone).units))
        return Units(self.path, tuple(u for u in self.units if id(u) not in kept))


def _grouped(units: Iterable[Unit], key: Callable[[Unit], object]) -> dict:
    groups: dict[object, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    return {name: tuple(members) for name, members in groups.items()}


def kept_at(folder: Path) -> Path:
    """Where the database of a folder's recordings is kept, unless another place is named."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "visinger" / f"units-{fingerprint(folder)[:16]}.npz"


def recordings(folder: Path) -> dict[Path, tuple[str, str, int]]:
    """The recordings of a folder with their initial, final and tone, by file name (`ba1`, `cmn-lv4`).

    Files whose name is no pinyin syllable are passed over. Raises CorpusError
    when none is left.
    """
    found: dict[Path, tuple[str, str, int]] = {}
    files = sorted(p for p in Path(folder).glob("*") if p.suffix.lower() in (".mp3", ".wav", ".flac", ".ogg"))
    for path in files[:MOST_FILES]:
        match = _NAME.match(path.stem)
        read = pinyin.syllables(match["pinyin"]) if match else None
        if match and read and len(read) == 1:
            found[path] = ("".join(read[0].onset), read[0].nucleus, int(match["tone"]))
    if not found:
        raise CorpusError(
            "no recordings of toned syllables", where=folder, remedy="name them like cmn-zhong1.mp3, ü written v"
        )
    return found


def fingerprint(folder: Path) -> str:
    """Changes when a recording is added, taken away or has another size, and with the format."""
    listed = [f"{path.name} {path.stat().st_size}" for path in recordings(folder)]
    return hashlib.sha256("\n".join([f"format {FORMAT}", *listed]).encode()).hexdigest()


def prepare(
    folder: str | Path,
    cache: str | Path,
    *,
    parallel: Callable[[Callable, list], Iterable] = map,
) -> Units:
    """The database of a folder of recordings, read from `cache` (.npz) or made and kept there.

    Analysis takes about 0.1 s a recording; `parallel(function, items)` may spread it.
    """
    folder, cache = Path(folder), Path(cache)
    mark = fingerprint(folder)
    if cache.is_file():
        try:
            stored = read_arrays(cache, most_bytes=LARGEST_DATABASE_BYTES, only=("fingerprint",))
            if str(stored.get("fingerprint", "")) == mark:
                return load(cache)
        except (OSError, ValueError, VisingerError):
            pass  # a damaged cache is made anew
    named = recordings(folder)
    analysed = list(parallel(analyse_file, [(path, initial, final) for path, (initial, final, _) in named.items()]))
    kept = [(name, found) for name, found in zip(named.values(), analysed, strict=True) if found is not None]
    if not kept:
        raise CorpusError("no voice in any of the recordings", where=folder, remedy="check the files")
    write(cache, [name for name, _ in kept], [found for _, found in kept], mark)
    return load(cache)


def analyse_file(job: tuple[Path, str, str]) -> Analysis | None:
    """Read one recording and analyse it: the piece of work that `prepare` hands out."""
    path, initial, final = job
    wave = read_wave(path, sample_rate_hz=SAMPLE_RATE_HZ)
    return analyse(wave.samples[: int(LONGEST_SYLLABLE_SECONDS * SAMPLE_RATE_HZ)], initial, final)


def write(path: Path, names: list[tuple[str, str, int]], found: list[Analysis], mark: str) -> None:
    """Write a database aside and rename it."""
    with written_whole(path, make_folder=True) as aside:
        np.savez(
            aside,
            fingerprint=np.array(mark),
            initials=np.array([initial for initial, _, _ in names]),
            finals=np.array([final for _, final, _ in names]),
            tones=np.array([tone for _, _, tone in names], dtype=np.int64),
            frames=np.array([len(a.spectrum) for a in found], dtype=np.int64),
            samples=np.array([len(a.consonant) for a in found], dtype=np.int64),
            places=np.array([(a.vowel_start, a.nucleus) for a in found], dtype=np.int64),
            measures=np.array([(a.level_db, a.f0_hz) for a in found]),
            spectrum=np.concatenate([a.spectrum for a in found]).astype(np.float16),
            aperiodicity=np.concatenate([a.aperiodicity for a in found]).astype(np.float16),
            consonants=np.round(np.concatenate([a.consonant for a in found]) * _PCM).astype(np.int16),
        )


def load(path: str | Path) -> Units:
    """Read a database; raises VisingerError when it is missing, damaged or of another format."""
    path = Path(path)
    remedy = "make it again from the recordings"
    try:
        if path.stat().st_size > LARGEST_DATABASE_BYTES:
            raise VisingerError("too large for a unit database", where=path, remedy=remedy)
        tables = read_arrays(path, most_bytes=LARGEST_DATABASE_BYTES)
        return Units(path, tuple(_units(tables)))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise VisingerError(f"not a readable unit database ({error})", where=path, remedy=remedy) from error


def _units(tables: dict[str, NDArray]) -> Iterable[Unit]:
    frames_end, samples_end = np.cumsum(tables["frames"]), np.cumsum(tables["samples"])
    if tables["spectrum"].shape != (frames_end[-1], SPECTRUM_SIZE) or len(tables["consonants"]) != samples_end[-1]:
        raise ValueError("its tables contradict each other")
    for k, (frames, samples) in enumerate(zip(tables["frames"], tables["samples"], strict=True)):
        rows = slice(frames_end[k] - frames, frames_end[k])
        wave = tables["consonants"][samples_end[k] - samples : samples_end[k]]
        vowel_start, nucleus = (int(place) for place in tables["places"][k])
        if not 0 <= vowel_start <= nucleus < frames:
            raise ValueError(f"unit {k} has its vowel outside its frames")
        yield Unit(
            initial=str(tables["initials"][k]),
            final=str(tables["finals"][k]),
            tone=int(tables["tones"][k]),
            spectrum=tables["spectrum"][rows],
            aperiodicity=tables["aperiodicity"][rows],
            consonant=wave.astype(np.float32) / np.float32(_PCM),
            vowel_start=vowel_start,
            nucleus=nucleus,
            level_db=float(tables["measures"][k, 0]),
            f0_hz=float(tables["measures"][k, 1]),
        )
