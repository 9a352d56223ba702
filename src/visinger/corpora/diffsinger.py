"""DiffSinger voicebank projects (OpenVPI): `transcriptions.csv` beside a folder `wavs`.

The columns `name`, `ph_seq` and `ph_dur` (seconds) are needed; with `note_seq`
(`C4`, `D#3+12`, `rest`) and `note_dur` the notes are those, without them they are
estimated from the voice. Notes begin on their vowels; `ph_num`, where there is
one, tells which phonemes are vowels in a language that is not built in;
`note_slur` follows from the times and is not read. One project, or a folder of
several, each a singer; `corpus.toml` in the root may state language and licence.
Phonemes of opencpop-extension become Opencpop's, marks of language (`zh/a`) fall off.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from visinger.corpora import own_card, phone_mapping
from visinger.corpora.corpus import Job, distinct
from visinger.corpora.estimated_notes import with_estimated_notes
from visinger.corpora.recording import Recording, TimedNote, TimedPhoneme
from visinger.corpora.syllabifying import syllables
from visinger.corpora.take import CorpusCard, Take
from visinger.corpora.text_files import pitch_of, plain_name, read_text, seconds_of, there
from visinger.corpora.utterance import Annotation, hear, whole
from visinger.corpora.word_notes import by_time
from visinger.errors import CorpusError
from visinger.language import Kind
from visinger.language.syllable import SILENCES
from visinger.phrasing.phrase import BREATH, SILENCE

REVISION = "1"
LIST = "transcriptions.csv"
NEEDED = ("name", "ph_seq", "ph_dur")
LONGEST_FIELD = 1 << 18
UNKNOWN = "und"  # ISO 639 for an undetermined language

CARD = CorpusCard(
    name="diffsinger",
    licence="the project's own",
    credit="",
    home="https://github.com/openvpi/DiffSinger",
    language="zh ja en, or the project's own",
    convention="vowel-anchored",
    phonemes=(SILENCE, BREATH),
    singers=(),
    defects=("without note_seq the notes are estimated from the voice",),
)

Row = dict[str, str]


def card(root: Path) -> CorpusCard:
    """The card of the projects below `root`."""
    said, language, listings = own_card.read(root), _language(root), _listings(root)
    symbols = {symbol for path in listings for symbol in _symbols(path)}
    mapped = {phone_mapping.plain(symbol, language, where=root) for symbol in symbols}
    known = set(phone_mapping.kinds(language)) if language != UNKNOWN else set(SILENCES)
    return replace(
        CARD,
        licence=said.licence,
        credit=said.credit,
        home=said.home,
        language=language,
        phonemes=tuple(sorted(mapped | known)),
        singers=tuple(sorted({_singer(root, path, said.singer) for path in listings})),
    )


def jobs(root: Path) -> list[Job]:
    """One job a row; CorpusError names the line that does not add up or whose wave is missing."""
    language, said = _language(root), own_card.read(root)
    work: list[Job] = []
    for listing in _listings(root):
        singer = _singer(root, listing, said.singer)
        for line, row in _rows(listing):
            where = f"{listing}, line {line}"
            audio = _wave(listing.parent, row["name"], where=where)
            _phonemes(row, language, where=where)
            settings = {"revision": REVISION, "row": row, "where": where, "singer": singer, "language": language}
            name = plain_name(singer, row["name"])
            work.append(Job(name, (str(audio),), json.dumps(settings, ensure_ascii=False)))
    if not work:
        raise CorpusError("holds no rows", where=root, remedy=f"give a folder with {LIST} and wavs/")
    return distinct(work, where=root)


def make(job: Job) -> list[Take]:
    """The takes of a row; rows named SONG_NNN or SONG-NNN belong together."""
    name = json.loads(job.settings)["row"]["name"]
    song = name.rstrip("0123456789").rstrip("_- ") if name[-1:].isdigit() and not name.isdigit() else name
    return whole(recording(job), song=plain_name(song or name))


def read(root: Path) -> Iterator[Recording]:
    """Every row as a recording, for inspection."""
    return (recording(job) for job in jobs(root))


def recording(job: Job) -> Recording:
    """One row with its wave, its F0 and its notes, written or estimated."""
    settings = json.loads(job.settings)
    row, language, where = settings["row"], settings["language"], settings["where"]
    phonemes, kinds = _phonemes(row, language, where=where)
    gathered = syllables(phonemes, kinds, language)
    written = _notes(row, where=where)
    notes, sung = by_time(phonemes, gathered, written) if written else ([], phonemes)
    annotation = Annotation(
        name=job.name,
        singer=settings["singer"],
        language=language,
        convention="vowel-anchored",
        notes=tuple(notes),
        phonemes=tuple(sung),
        doubts=() if written else ("no note_seq: the notes are estimated from the voice",),
    )
    heard = hear(annotation, Path(job.sources[0]), where=where)
    if written:
        return heard
    return with_estimated_notes(heard, syllables(heard.phonemes, kinds, language))


def _listings(root: Path) -> list[Path]:
    for pattern in (LIST, f"raw/{LIST}", f"*/{LIST}", f"*/raw/{LIST}", f"raw/*/{LIST}"):
        found = sorted(root.glob(pattern))
        if found:
            return found
    raise CorpusError(f"holds no {LIST}", where=root, remedy="give a DiffSinger project's folder")


def _singer(root: Path, listing: Path, said: str) -> str:
    inside = [part for part in listing.relative_to(root).parent.parts if part != "raw"]
    return plain_name(*inside) if inside else plain_name(said or root.resolve().name)


def _wave(folder: Path, name: str, *, where: str) -> Path:
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise CorpusError(f"'{name[:40]}' cannot name a wave", where=where, remedy="mend the name")
    for candidate in (folder / "wavs" / f"{name}.wav", folder / f"{name}.wav", folder / "wavs" / f"{name}.flac"):
        if there(candidate):
            return candidate
    raise CorpusError(f"no wave wavs/{name}.wav", where=where, remedy="add it, or remove the row")


def _rows(listing: Path) -> list[tuple[int, Row]]:
    """The rows with their line numbers; CorpusError for a missing column and for a row of other fields."""
    reader = csv.DictReader(io.StringIO(read_text(listing)), strict=True)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
        if missing:
            raise CorpusError(f"has no column '{missing[0]}'", where=f"{listing}, line 1", remedy="mend the first line")
        rows = []
        for row in reader:
            if None in row or None in row.values():
                problem = "has more or fewer fields than the first line"
                raise CorpusError(problem, where=f"{listing}, line {reader.line_num}", remedy="mend the line")
            rows.append((reader.line_num, dict(row)))
    except csv.Error as error:
        raise CorpusError(f"is no CSV ({error})", where=f"{listing}, line {reader.line_num}") from error
    return rows


def _symbols(listing: Path) -> frozenset[str]:
    state = listing.stat()
    return _symbols_of(listing, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _symbols_of(listing: Path, size: int, changed_ns: int) -> frozenset[str]:
    """The phonemes of a list, read once as long as it does not change."""
    del size, changed_ns  # part of the key alone
    return frozenset(symbol for _, row in _rows(listing) for symbol in row["ph_seq"].split())


def _language(root: Path) -> str:
    """As `corpus.toml` says, as the phonemes' marks say, or the built-in one whose set holds them all."""
    said = own_card.read(root).language
    if said:
        return said
    symbols = {symbol for path in _listings(root) for symbol in _symbols(path)} - set(phone_mapping.PAUSES)
    marks = {symbol.split("/")[0] for symbol in symbols if "/" in symbol}
    if len(marks) == 1:
        return marks.pop()
    if len(marks) > 1:
        problem = f"mixes the languages {' '.join(sorted(marks))}"
        raise CorpusError(problem, where=root, remedy="prepare each language by itself")
    for language in ("zh", "ja", "en"):
        try:
            for symbol in symbols:
                phone_mapping.plain(symbol, language, where=root)
        except CorpusError:
            continue
        return language
    return UNKNOWN


def _phonemes(row: Row, language: str, *, where: str) -> tuple[list[TimedPhoneme], dict[str, Kind]]:
    """The row's phonemes in time, and their kinds; CorpusError when the lists disagree."""
    typed, lengths = row["ph_seq"].split(), row["ph_dur"].split()
    if len(typed) != len(lengths) or not typed:
        problem = f"{len(typed)} phonemes and {len(lengths)} lengths"
        raise CorpusError(problem, where=where, remedy="mend the line")
    symbols = [phone_mapping.plain(symbol, language, where=where) for symbol in typed]
    kinds = phone_mapping.kinds(language, symbols)
    counts = [int(seconds_of(x, where=where)) for x in row.get("ph_num", "").split()]
    if counts and sum(counts) != len(symbols):
        problem = f"ph_num adds up to {sum(counts)}, there are {len(symbols)} phonemes"
        raise CorpusError(problem, where=where, remedy="mend the line")
    if counts and language not in phone_mapping.BUILT_IN:
        begins = {symbols[sum(counts[:k])] for k in range(len(counts))} - set(SILENCES)
        kinds |= {s: "vowel" if s in begins else "voiced" if k == "vowel" else k
                  for s, k in kinds.items() if s not in SILENCES}  # fmt: skip
    phonemes: list[TimedPhoneme] = []
    at = 0.0
    for symbol, length in zip(symbols, lengths, strict=True):
        start, at = at, at + seconds_of(length, where=where)
        role = "pause" if kinds[symbol] == "silence" else "nucleus" if kinds[symbol] == "vowel" else "onset"
        phonemes.append(TimedPhoneme(symbol, start, at, role=role))  # type: ignore[arg-type]
    return phonemes, kinds


def _notes(row: Row, *, where: str) -> list[TimedNote]:
    """The row's notes in time, rests with pitch 0; empty where none are written."""
    names, lengths = row.get("note_seq", "").split(), row.get("note_dur", "").split()
    if len(names) != len(lengths):
        raise CorpusError(f"{len(names)} notes and {len(lengths)} lengths", where=where, remedy="mend the line")
    notes: list[TimedNote] = []
    at = 0.0
    for name, length in zip(names, lengths, strict=True):
        start, at = at, at + seconds_of(length, where=where)
        notes.append(TimedNote(start, at, pitch_of(name, where=where), None, len(notes)))
    return notes
