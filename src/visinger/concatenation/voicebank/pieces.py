"""The pieces of a voicebank: every usable alias measured and coded, kept in one .npz beside nothing else.

Shapes: F frames of 5 ms of a piece · S samples of its consonant.

A piece runs from the end of the vowel before (where it was recorded with one),
over its consonant, into its vowel:

    0 ─── left ─── consonant_start ─── consonant ─── vowel_start ─── nucleus ─── F
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation.analysis import SPECTRUM_SIZE
from visinger.concatenation.voicebank.aliases import ANY, SILENT
from visinger.concatenation.voicebank.spellings import TABLES, Spelling
from visinger.errors import VisingerError
from visinger.files import read_arrays, written_whole
from visinger.units import midi_from_hz

FORMAT = 1
LARGEST_DATABASE_BYTES = 2 << 30
_PCM = 32_767.0
Sounds = tuple[tuple[str, ...], str]


@dataclass(frozen=True, eq=False)
class Piece:
    """One alias, ready to be sung."""

    kind: str  # body, closing, ending, breath
    left: str  # kind of vowel end before it; "-" after silence, "" not said
    onset: tuple[str, ...]
    symbol: str  # the vowel or final; empty for closings and endings
    pitch: int  # index of the bank's pitch
    spectrum: NDArray[np.floating]  # (F, 60) WORLD's coded envelope
    aperiodicity: NDArray[np.floating]  # (F, bands)
    consonant: NDArray[np.float32]  # (S) a voiceless consonant's own sound, one step into the vowel; else empty
    consonant_start: int
    vowel_start: int
    nucleus: int
    level_db: float
    f0_hz: float

    @property
    def frames(self) -> int:
        return len(self.spectrum)

    @property
    def consonant_frames(self) -> int:
        return self.vowel_start - self.consonant_start


@dataclass(frozen=True)
class Pitch:
    """One of the pitches that a bank was recorded at."""

    label: str
    notes: frozenset[int]  # MIDI pitches its maker assigned to it; empty where that is not said
    f0_hz: float  # the median of its recordings

    @property
    def midi(self) -> float:
        return float(midi_from_hz(self.f0_hz))


@dataclass(frozen=True, eq=False)
class Pieces:
    """All pieces of one bank, found by what they sound like."""

    path: Path
    language: str
    pitches: tuple[Pitch, ...]
    pieces: tuple[Piece, ...]

    @property
    def spelling(self) -> Spelling:
        return TABLES[self.language]

    def pitch_for(self, pitch_midi: int) -> int:
        """The pitch that sings a note: the one assigned to it, else the nearest."""
        assigned = [k for k, pitch in enumerate(self.pitches) if pitch_midi in pitch.notes]
        if assigned:
            return assigned[0]
        return min(range(len(self.pitches)), key=lambda k: abs(self.pitches[k].midi - pitch_midi))

    def by_nearness(self, pitch_midi: int) -> list[int]:
        """All pitches, the one for this note first, then the nearest to it."""
        first = self.pitch_for(pitch_midi)
        others = [k for k in range(len(self.pitches)) if k != first]
        return [first, *sorted(others, key=lambda k: abs(self.pitches[k].midi - pitch_midi))]

    @cached_property
    def bodies(self) -> dict[tuple[int, Sounds], tuple[Piece, ...]]:
        """Bodies by pitch and sounds."""
        return _grouped({(p.pitch, (p.onset, p.symbol)): [] for p in self._of("body")}, self._of("body"))

    @cached_property
    def closings(self) -> dict[tuple[int, str, str], Piece]:
        """Vowel to consonant, by pitch, kind of end and the consonant's phoneme."""
        return {(p.pitch, p.left, p.onset[0]): p for p in reversed(self._of("closing"))}

    @cached_property
    def endings(self) -> dict[tuple[int, str], Piece]:
        """Vowel to silence, by pitch and kind of end."""
        return {(p.pitch, p.left): p for p in reversed(self._of("ending"))}

    @cached_property
    def syllables(self) -> tuple[Sounds, ...]:
        """Everything that can be sung on a note, in a fixed order."""
        return tuple(sorted({(p.onset, p.symbol) for p in self._of("body")}))

    @cached_property
    def transitions(self) -> frozenset[tuple[str, str]]:
        """`(kind of end, first phoneme after it)` of every recorded way from a vowel into what follows."""
        closings = {(p.left, p.onset[0]) for p in self._of("closing")}
        bodies = {
            (p.left, p.onset[0] if p.onset else p.symbol) for p in self._of("body") if p.left not in (ANY, SILENT)
        }
        return frozenset(closings | bodies)

    def consonant_ms(self, symbol: str) -> float | None:
        """The median length of a consonant in this bank; None where it has none."""
        return self._consonants_ms.get(symbol)

    @cached_property
    def _consonants_ms(self) -> dict[str, float]:
        lengths: dict[str, list[float]] = {}
        for piece in self._of("body"):
            if len(piece.onset) == 1:
                lengths.setdefault(piece.onset[0], []).append(5.0 * piece.consonant_frames)
        return {symbol: float(np.median(found)) for symbol, found in lengths.items()}

    @cached_property
    def breath(self) -> NDArray[np.float32] | None:
        """The coded spectrum (60) of a breath: of recorded ones, else of the h's noise; None without either."""
        breaths = [p.spectrum.astype(np.float32) for p in self._of("breath") if p.frames >= 8]
        aspired = [
            p.spectrum[p.consonant_start : p.vowel_start].astype(np.float32)
            for p in self._of("body")
            if p.onset == ("h",) and p.consonant_frames >= 8
        ]
        rows = [r[1:-2] for r in breaths or aspired]
        return np.concatenate(rows).mean(axis=0) if rows else None

    @cached_property
    def typical_db(self) -> float:
        """The median level of the bodies."""
        return float(np.median([p.level_db for p in self._of("body")]))

    def _of(self, kind: str) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind == kind]


def _grouped(groups: dict, pieces: list[Piece]) -> dict:
    for piece in pieces:
        groups[piece.pitch, (piece.onset, piece.symbol)].append(piece)
    return {key: tuple(members) for key, members in groups.items()}


def write(path: Path, language: str, pitches: list[Pitch], pieces: list[Piece], mark: str) -> None:
    """Write a database aside and rename it."""
    with written_whole(path, make_folder=True) as aside:
        np.savez(
            aside,
            fingerprint=np.array(mark),
            language=np.array(language),
            pitch_labels=np.array([p.label for p in pitches]),
            pitch_notes=np.array([" ".join(map(str, sorted(p.notes))) for p in pitches]),
            pitch_hz=np.array([p.f0_hz for p in pitches]),
            texts=np.array([(p.kind, p.left, " ".join(p.onset), p.symbol) for p in pieces]),
            places=np.array([_places(p) for p in pieces], dtype=np.int64),
            measures=np.array([(p.level_db, p.f0_hz) for p in pieces]),
            spectrum=np.concatenate([p.spectrum for p in pieces]).astype(np.float16),
            aperiodicity=np.concatenate([p.aperiodicity for p in pieces]).astype(np.float16),
            consonants=np.round(np.concatenate([p.consonant for p in pieces]) * _PCM).astype(np.int16),
        )


def _places(piece: Piece) -> tuple[int, ...]:
    return (
        piece.pitch,
        piece.frames,
        len(piece.consonant),
        piece.consonant_start,
        piece.vowel_start,
        piece.nucleus,
    )


def mark_of(path: Path) -> str:
    """The fingerprint that a database carries; empty where it is missing or damaged."""
    try:
        return str(read_arrays(path, most_bytes=LARGEST_DATABASE_BYTES, only=("fingerprint",))["fingerprint"])
    except (OSError, ValueError, KeyError):
        return ""


def load(path: str | Path) -> Pieces:
    """Read a database; raises VisingerError when it is missing, damaged or of another format."""
    path = Path(path)
    remedy = "make it again from the voicebank"
    try:
        if path.stat().st_size > LARGEST_DATABASE_BYTES:
            raise VisingerError("too large for a voicebank's pieces", where=path, remedy=remedy)
        tables = read_arrays(path, most_bytes=LARGEST_DATABASE_BYTES)
        pitches = tuple(
            Pitch(str(label), frozenset(int(n) for n in str(notes).split()), float(hz))
            for label, notes, hz in zip(tables["pitch_labels"], tables["pitch_notes"], tables["pitch_hz"], strict=True)
        )
        language = str(tables["language"])
        if language not in TABLES:
            raise ValueError(f"unknown language '{language}'")
        return Pieces(path, language, pitches, tuple(_restored(tables, len(pitches))))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise VisingerError(f"not readable as a voicebank's pieces ({error})", where=path, remedy=remedy) from error


def _restored(tables: dict[str, NDArray], pitches: int) -> list[Piece]:
    places = tables["places"]
    frame_ends, sample_ends = np.cumsum(places[:, 1]), np.cumsum(places[:, 2])
    if tables["spectrum"].shape != (frame_ends[-1], SPECTRUM_SIZE) or len(tables["consonants"]) != sample_ends[-1]:
        raise ValueError("its tables contradict each other")
    restored = []
    for k, (pitch, frames, samples, consonant, vowel, nucleus) in enumerate(places.tolist()):
        if not 0 <= consonant <= vowel <= nucleus <= frames or not 0 <= pitch < pitches:
            raise ValueError(f"piece {k} has its vowel outside its frames")
        rows = slice(frame_ends[k] - frames, frame_ends[k])
        kind, left, onset, symbol = (str(text) for text in tables["texts"][k])
        wave = tables["consonants"][sample_ends[k] - samples : sample_ends[k]].astype(np.float32) / np.float32(_PCM)
        restored.append(
            Piece(
                kind=kind,
                left=left,
                onset=tuple(onset.split()),
                symbol=symbol,
                pitch=pitch,
                spectrum=tables["spectrum"][rows],
                aperiodicity=tables["aperiodicity"][rows],
                consonant=wave,
                consonant_start=consonant,
                vowel_start=vowel,
                nucleus=nucleus,
                level_db=float(tables["measures"][k, 0]),
                f0_hz=float(tables["measures"][k, 1]),
            )
        )
    return restored
