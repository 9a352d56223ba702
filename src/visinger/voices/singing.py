"""Score files in, sound files out: what `visinger sing` does, for programs too.

A song is written block by block while it is rendered, so its length does not
show in memory, and its file appears only when it is whole.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger import score as scores
from visinger.audio import SUFFIXES, open_wave
from visinger.errors import OutputError, ScoreError
from visinger.files import write_text
from visinger.language import read_dictionary
from visinger.phrasing.drawing import without_drawn_pitch
from visinger.phrasing.labels import check_suffix, write_labels
from visinger.phrasing.performance import Performance, PhrasePerformance, read_f0_csv
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.score.score import Score
from visinger.units import round_half_up
from visinger.voices import embedded
from visinger.voices.compass import Transposition
from visinger.voices.rendition import Rendition
from visinger.voices.voice import Voice, sung_parts

ALL_PARTS = "all"
SAMPLE_RATES_HZ = (8_000, 192_000)


@dataclass(frozen=True)
class Wishes:
    """How a score is to be sung; every field is an option of `visinger sing`."""

    voice: str | Path = embedded.DEFAULT
    singer: str = ""  # of a voice of several; empty: its first
    part: str = ""  # a part's name or number; "all"; empty: the first with words
    language: str = ""  # "zh", "ja", "en" or a dictionary's; empty: the score's own, or told from the words
    dictionary: Path | None = None  # a user's words (language/dictionary.py)
    own_pitch: bool = False  # pass over curves, bends and vibrato that the source draws
    verse: int | None = None
    lyrics: Path | None = None
    transpose: Transposition = 0
    tempo: float = 1.0
    seed: int = 0
    noise_scale: float | None = None
    f0: Path | None = None
    sample_rate_hz: int | None = None
    save_performance: Path | None = None
    save_labels: Path | None = None  # .lab or .TextGrid


@dataclass(frozen=True)
class Sung:
    """What was sung, and where it is."""

    score: str
    part: str
    output: str
    voice: str
    bars: int
    notes: int
    phonemes: int  # breaths and silences not counted
    seconds: float  # of audio
    wall_seconds: float
    times_real_time: float
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def read(path: Path, wishes: Wishes) -> Score:
    """The score as wished: verse, lyrics and tempo applied."""
    score = scores.read(path, verse=wishes.verse)
    if wishes.lyrics is not None:
        if wishes.part == ALL_PARTS:
            raise ScoreError("lyrics are for one part", where=wishes.lyrics, remedy="name it with --part")
        text = _read_text(wishes.lyrics)
        wanted = part_index(score, wishes.part) if wishes.part else _longest_part(score)
        score = scores.with_lyrics(score, text, part=wanted)
    if wishes.own_pitch:
        score = without_drawn_pitch(score)
    if wishes.language:
        score = replace(score, language=wishes.language)
    return score if wishes.tempo == 1.0 else score.at_tempo(wishes.tempo)


def chosen_parts(score: Score, wanted: str) -> tuple[int, ...]:
    """Indices of the parts to sing; ScoreError naming the parts there are."""
    worded = sung_parts(score)
    if wanted and wanted != ALL_PARTS:
        return (part_index(score, wanted),)
    if not worded:
        raise ScoreError("no part has lyrics", where=score.path or "score", remedy="give the words with --lyrics FILE")
    return worded if wanted == ALL_PARTS else worded[:1]


def sing(
    path: Path,
    output: Path,
    voice: Voice,
    wishes: Wishes,
    *,
    progress: Callable[[float, float], None] = lambda _done, _total: None,
) -> list[Sung]:
    """Sing the wished parts of one score; `output` is the sound file, stems get the part's name in it.

    `progress` is told seconds done and seconds in all. Raises VisingerError for
    anything the user can mend, before or while writing; no half file is left.
    """
    if wishes.save_labels is not None:
        check_suffix(wishes.save_labels)
    score = read(path, wishes)
    parts = chosen_parts(score, wishes.part)
    dictionary = None if wishes.dictionary is None else read_dictionary(wishes.dictionary)
    sung = []
    for part in parts:
        began = time.perf_counter()
        rendition = voice.begin(
            score,
            part=part,
            transpose=wishes.transpose,
            seed=wishes.seed,
            noise_scale=wishes.noise_scale,
            dictionary=dictionary,
        )
        alone = len(parts) == 1
        name = score.parts[part].name
        target = output if alone else output.with_name(f"{output.stem}-{part + 1}-{_safe(name)}{output.suffix}")
        heard = _Heard(keep=wishes.save_performance is not None or wishes.save_labels is not None)
        phrases = rendition.phrases
        if wishes.f0 is not None:
            curve = read_f0_csv(wishes.f0, frames=rendition.frames)
            phrases = map(partial(PhrasePerformance.with_f0, song_f0_hz=curve), phrases)
        _write(target, rendition, heard.listening(phrases), wishes.sample_rate_hz, progress)
        if heard.keep:
            _keep(rendition.performance(heard.phrases), score, part, wishes, alone=alone)
        seconds = rendition.samples / rendition.sample_rate_hz
        wall = time.perf_counter() - began
        sung.append(
            Sung(
                score=str(path),
                part=name,
                output=str(target),
                voice=rendition.voice,
                bars=score.bars,
                notes=len(score.parts[part].notes),
                phonemes=heard.phonemes,
                seconds=round(seconds, 3),
                wall_seconds=round(wall, 3),
                times_real_time=round(seconds / max(wall, 1e-9), 2),
                warnings=(*rendition.warnings, *_other_parts(score, parts, wishes)),
            )
        )
    return sung


@dataclass
class _Heard:
    """What passes by while a song is sung: counted, and kept only if that is wished."""

    keep: bool
    phonemes: int = 0  # breaths and silences not counted
    phrases: list[PhrasePerformance] = field(default_factory=list)

    def listening(self, phrases: Iterable[PhrasePerformance]) -> Iterator[PhrasePerformance]:
        for performed in phrases:
            self.phonemes += sum(symbol not in (SILENCE, BREATH) for symbol in performed.phrase.phonemes)
            if self.keep:
                self.phrases.append(performed)
            yield performed


def _other_parts(score: Score, parts: tuple[int, ...], wishes: Wishes) -> tuple[str, ...]:
    """What to say where only the first of several parts with words was sung, unasked."""
    others = [score.parts[k].name for k in sung_parts(score) if k not in parts]
    if not others or wishes.part:
        return ()
    return (f"sang part '{score.parts[parts[0]].name}'; other parts with words: {', '.join(others)} (--part)",)


def _keep(performance: Performance, score: Score, part: int, wishes: Wishes, *, alone: bool) -> None:
    """Write what is to be saved of a performance beside its sound; of several parts each with its number."""

    def numbered(path: Path) -> Path:
        return path if alone else path.with_stem(f"{path.stem}-{part + 1}")

    if wishes.save_performance is not None:
        write_performance(numbered(wishes.save_performance), performance)
    if wishes.save_labels is not None:
        write_labels(numbered(wishes.save_labels), performance, score.parts[part])


def outputs(paths: list[Path], output: Path | None) -> list[Path]:
    """Where each score's sound goes: `-o` names a file for one score, a folder for several.

    Raises OutputError when two scores would share a file.
    """
    if output is not None and output.suffix.lower() in SUFFIXES and not output.is_dir():
        if len(paths) > 1:
            raise OutputError("one file for several scores", where=output, remedy="give a folder to -o")
        _make_folder(output.parent)
        return [output]
    if output is not None and output.suffix and not output.is_dir() and len(paths) == 1:
        raise OutputError(
            f"unknown sound format '{output.suffix}'", where=output, remedy=f"use one of {' '.join(SUFFIXES)}"
        )
    folder = output or Path()
    _make_folder(folder)
    targets = [folder / f"{path.stem}.wav" for path in paths]
    ((most, count),) = Counter(targets).most_common(1)
    if count > 1:
        raise OutputError("two scores of one name", where=most, remedy="sing them in separate calls")
    return targets


def write_performance(path: Path, performance: Performance) -> None:
    """Write the performance's exchange form (JSON), whole or not at all."""
    write_text(path, json.dumps(performance.as_json(), ensure_ascii=False) + "\n")


def _write(
    target: Path,
    rendition: Rendition,
    phrases: Iterable[PhrasePerformance],
    sample_rate_hz: int | None,
    progress: Callable[[float, float], None],
) -> None:
    rate_hz = sample_rate_hz or rendition.sample_rate_hz
    total = rendition.samples / rendition.sample_rate_hz
    with open_wave(target, rate_hz) as sink:
        for block in _resampled(rendition.blocks(phrases), rendition, rate_hz):
            sink.write(block)
            progress(sink.samples / rate_hz, total)


def _resampled(
    blocks: Iterator[NDArray[np.float32]], rendition: Rendition, sample_rate_hz: int
) -> Iterator[NDArray[np.float32]]:
    """The blocks at another rate, round(seconds × rate) samples in all."""
    if sample_rate_hz == rendition.sample_rate_hz:
        yield from blocks
        return
    low, high = SAMPLE_RATES_HZ
    if not low <= sample_rate_hz <= high:
        raise OutputError(f"{sample_rate_hz} Hz is no usable sample rate", remedy=f"choose {low} to {high}")
    import soxr

    left = round_half_up(rendition.samples * sample_rate_hz / rendition.sample_rate_hz)
    stream = soxr.ResampleStream(rendition.sample_rate_hz, sample_rate_hz, 1, dtype="float32", quality="VHQ")
    for block in blocks:
        out = stream.resample_chunk(block)[:left]
        left -= len(out)
        yield out
    out = stream.resample_chunk(np.zeros(0, np.float32), last=True)[:left]
    yield np.concatenate([out, np.zeros(left - len(out), np.float32)])


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > 1 << 22:
            raise ScoreError("too large to be lyrics", where=path, remedy="give a text file under 4 MB")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScoreError(f"not readable as UTF-8 text ({error})", where=path) from error


def part_index(score: Score, wanted: str) -> int:
    """The part of this name or number (from 1); ScoreError naming the parts there are."""
    names = [part.name for part in score.parts]
    for k, name in enumerate(names):
        if wanted == name:
            return k
    folded = [name.casefold() for name in names]
    if wanted.casefold() in folded:
        return folded.index(wanted.casefold())
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    listed = ", ".join(f"{k + 1} '{name}'" for k, name in enumerate(names))
    raise ScoreError(f"no part '{wanted}'", where=score.path or "score", remedy=f"its parts: {listed}")


def _longest_part(score: Score) -> int:
    worded = sung_parts(score)
    return worded[0] if worded else max(range(len(score.parts)), key=lambda k: len(score.parts[k].notes))


def _safe(name: str) -> str:
    """A part's name as a piece of a file name."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:40] or "part"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be created ({error})", where=folder, remedy="choose another folder") from error
