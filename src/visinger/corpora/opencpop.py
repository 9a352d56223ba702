"""Opencpop: a hundred Mandarin pop songs of one female singer, already cut into utterances.

Only `segments/` is read: `wavs/`, `transcriptions.txt` (seven fields a line,
between bars: name, text, phonemes, note and note length of each phoneme, phoneme
lengths, slur flags) and `train.txt`, `test.txt`. Notes hold their whole
syllable (consonant-inclusive); their lengths are those of their phonemes.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from visinger import language
from visinger.audio import read_wave
from visinger.corpora.corpus import Job
from visinger.corpora.framing import cut, lay
from visinger.corpora.recording import NO_NOTE, Recording, Role, TimedNote, TimedPhoneme
from visinger.corpora.take import CorpusCard, Take
from visinger.corpora.text_files import there
from visinger.errors import CorpusError
from visinger.phrasing.phrase import BREATH, REST, SILENCE
from visinger.signal import f0
from visinger.units import SAMPLE_RATE_HZ

LANGUAGE = "zh"
SINGER = "opencpop"
REVISION = "1"
FIELDS = 7
LARGEST_LIST_BYTES = 64 << 20
FARTHEST_END_SECONDS = 0.1  # labels may end this far beyond the audio
SAME_LENGTH_SECONDS = 0.02
_KINDS = language.phoneme_set(LANGUAGE)
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

CARD = CorpusCard(
    name="opencpop",
    licence="CC BY-NC-ND 4.0",
    credit="Yu Wang et al.: Opencpop, a high-quality open source Chinese popular song corpus",
    home="https://wenet.org.cn/opencpop/",
    language=LANGUAGE,
    convention="consonant-inclusive",
    phonemes=tuple(sorted(_KINDS)),
    singers=(SINGER,),
    hours=5.2,
)


@dataclass(frozen=True)
class Line:
    """One utterance of the transcriptions; the tuples have one entry a phoneme."""

    name: str
    text: str
    phonemes: tuple[str, ...]
    pitches: tuple[int, ...]
    note_seconds: tuple[float, ...]
    seconds: tuple[float, ...]
    slurred: tuple[bool, ...]


def jobs(root: Path) -> list[Job]:
    """One job an utterance, test utterances set apart as the corpus' makers did.

    Raises CorpusError naming file and line for a line that does not parse or a wave that is missing.
    """
    folder = root / "segments" if (root / "segments").is_dir() else root
    listing = folder / "transcriptions.txt"
    apart = _names(folder / "test.txt")
    work: list[Job] = []
    seen: set[str] = set()
    for number, text in _lines(listing):
        where = f"{listing}, line {number}"
        line = parse(text, where=where)
        if line.name in seen:
            raise CorpusError(f"a second utterance '{line.name}'", where=where, remedy="remove one")
        seen.add(line.name)
        audio = folder / "wavs" / f"{line.name}.wav"
        if not there(audio):
            raise CorpusError(f"no wave {audio.name} in {audio.parent}", where=where, remedy="fetch the corpus again")
        settings = json.dumps({"revision": REVISION, "line": text, "where": where}, ensure_ascii=False)
        work.append(Job(line.name, (str(audio),), settings, set_apart=line.name in apart))
    if not work:
        raise CorpusError("holds no utterance", where=listing)
    missing = sorted(apart - seen)
    if missing:
        raise CorpusError(f"lists '{missing[0]}', which transcriptions.txt lacks", where=folder / "test.txt")
    return work


def make(job: Job) -> list[Take]:
    """The one take of an utterance; it belongs to the song that its name begins with."""
    framed = lay(_recording(job))
    return [replace(cut(framed, job.name, 0, framed.frames), song=job.name[:4])]


def read(root: Path) -> Iterator[Recording]:
    """Every utterance as a recording, for inspection."""
    return (_recording(job) for job in jobs(root))


def _recording(job: Job) -> Recording:
    settings = json.loads(job.settings)
    line = parse(settings["line"], where=settings["where"])
    return read_utterance(line, Path(job.sources[0]), where=settings["where"])


def parse(text: str, *, where: str) -> Line:
    """One line of transcriptions.txt; CorpusError at `where` for anything that does not add up."""
    fields = text.rstrip("\r\n").split("|")
    if len(fields) != FIELDS:
        raise CorpusError(f"{len(fields)} fields, not {FIELDS}", where=where, remedy="mend the line")
    name, words, *columns = fields
    if not re.fullmatch(r"[\w-]+", name):
        raise CorpusError(f"'{name[:40]}' cannot name an utterance", where=where, remedy="mend the line")
    rows = [column.split() for column in columns]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        counts = " ".join(str(len(row)) for row in rows)
        raise CorpusError(f"its lists have different lengths: {counts}", where=where, remedy="mend the line")
    unknown = next((symbol for symbol in rows[0] if symbol not in _KINDS), None)
    if unknown is not None:
        raise CorpusError(f"unknown phoneme '{unknown}'", where=where, remedy="mend the line")
    try:
        line = Line(
            name,
            words,
            tuple(rows[0]),
            tuple(_pitch(note) for note in rows[1]),
            tuple(_length(length) for length in rows[2]),
            tuple(_length(length) for length in rows[3]),
            tuple(bool(("0", "1").index(flag)) for flag in rows[4]),
        )
    except ValueError as error:
        raise CorpusError(str(error), where=where, remedy="mend the line") from error
    return line


def read_utterance(line: Line, audio: Path, *, where: str) -> Recording:
    """An utterance with its wave at 24 kHz, its F0 and its notes."""
    wave = read_wave(audio, sample_rate_hz=SAMPLE_RATE_HZ)
    if sum(line.seconds) > wave.seconds + FARTHEST_END_SECONDS:
        raise CorpusError(f"labels of {sum(line.seconds):.2f} s, a wave of {wave.seconds:.2f} s", where=where)
    notes: list[TimedNote] = []
    phonemes: list[TimedPhoneme] = []
    at = 0.0
    for note, members in _notes(line, where=where):
        start = at
        for n in members:
            symbol, end = line.phonemes[n], at + line.seconds[n]
            paused = symbol in (SILENCE, BREATH)
            role: Role = "pause" if paused else "nucleus" if _KINDS[symbol] == "vowel" else "onset"
            owner = NO_NOTE if note == NO_NOTE else len(notes)
            phonemes.append(TimedPhoneme(symbol, at, end, owner, role, line.slurred[n] and not paused))
            at = end
        if note != NO_NOTE:
            notes.append(TimedNote(start, at, line.pitches[members[0]], None, len(notes)))
    if wave.seconds - at > FARTHEST_END_SECONDS and not phonemes[-1].paused:
        phonemes.append(TimedPhoneme(SILENCE, at, wave.seconds))
    return Recording(
        name=line.name,
        singer=SINGER,
        language=LANGUAGE,
        convention="consonant-inclusive",
        wave=wave,
        f0_hz=f0.track(wave.samples, SAMPLE_RATE_HZ),
        notes=tuple(notes),
        phonemes=tuple(phonemes),
        label_end_seconds=at,
    )


def _notes(line: Line, *, where: str) -> list[tuple[int, list[int]]]:
    """`(0 or NO_NOTE, its phonemes)`: a note begins at a consonant, at a vowel that has none, and at a slur."""
    groups: list[tuple[int, list[int]]] = []
    for n, symbol in enumerate(line.phonemes):
        kind = _KINDS[symbol]
        before = _KINDS[line.phonemes[n - 1]] if n else "silence"
        if kind == "silence":
            joins = before == "silence" and n > 0
            note = NO_NOTE
        else:
            joins = kind == "vowel" and before in ("voiced", "unvoiced") and not line.slurred[n]
            note = 0
        if joins:
            groups[-1][1].append(n)
        else:
            groups.append((note, [n]))
        if note != NO_NOTE and line.pitches[n] == REST:
            raise CorpusError(f"'{symbol}' is sung on a rest", where=where, remedy="mend the line")
        first = groups[-1][1][0]
        length_differs = abs(line.note_seconds[n] - line.note_seconds[first]) > SAME_LENGTH_SECONDS
        if note != NO_NOTE and (line.pitches[n] != line.pitches[first] or length_differs):
            symbols = " ".join(line.phonemes[first : n + 1])
            raise CorpusError(f"the syllable '{symbols}' has two notes without a slur", where=where)
    return groups


def _pitch(text: str) -> int:
    """MIDI pitch of 'G#4/Ab4', 'C4', 'rest'."""
    if text == "rest":
        return REST
    found = re.fullmatch(r"([A-G])([#b]?)(-?\d)", text.split("/")[0])
    if found is None:
        raise ValueError(f"'{text[:20]}' is no note")
    return 12 * (int(found[3]) + 1) + _STEPS[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]]


def _length(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and 0 <= seconds < 600):
        raise ValueError(f"'{text[:20]}' is no length in seconds")
    return seconds


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        if path.stat().st_size > LARGEST_LIST_BYTES:
            raise CorpusError("too large for a list of utterances", where=path)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"cannot be read ({error})", where=path, remedy="give the corpus' own folder") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _names(path: Path) -> frozenset[str]:
    """The utterances that a list names; none where there is no such list."""
    return frozenset(line.split("|")[0].strip() for _, line in _lines(path)) if path.is_file() else frozenset()
