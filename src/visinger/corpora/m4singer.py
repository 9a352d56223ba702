"""M4Singer: 419 Mandarin pop songs of twenty singers, cut into utterances, in four voice types.

Read are `meta.json` (a list of utterances: `item_name` "Alto-1#song#0000",
`phs`, `ph_dur` in seconds, `notes` or `notes_pitch` in MIDI with 0 for rests,
`notes_dur`, `is_slur`, each a list with one entry a phoneme) and the waves
`SINGER#SONG/NNNN.wav` beside it, of 44.1, 48 or 96 kHz. Notes hold their whole
syllable. The phonemes are Mandarin in strict spelling without y and w; they are
written in Opencpop's here, where y and w take a little of their syllable. The
TextGrids and MIDI files say the same and are not read.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from visinger.corpora import phone_mapping
from visinger.corpora.corpus import Job
from visinger.corpora.recording import NO_NOTE, Recording, Role, TimedNote, TimedPhoneme
from visinger.corpora.take import CorpusCard, Take
from visinger.corpora.text_files import field, pitch_of, plain_name, read_json, seconds_of, there
from visinger.corpora.utterance import Annotation, hear, whole
from visinger.errors import CorpusError
from visinger.phrasing.phrase import REST

LANGUAGE = "zh"
REVISION = "1"
LIST = "meta.json"
KEPT = ("item_name", "phs", "ph_dur", "is_slur")

CARD = CorpusCard(
    name="m4singer",
    licence="CC BY-NC-SA 4.0",
    credit="Lichao Zhang et al.: M4Singer, a multi-style, multi-singer and musical score provided Mandarin corpus",
    home="https://github.com/M4Singer/M4Singer",
    language=LANGUAGE,
    convention="consonant-inclusive",
    phonemes=tuple(sorted(phone_mapping.kinds(LANGUAGE))),
    singers=(
        *(f"Alto-{k}" for k in range(1, 8)),
        *(f"Bass-{k}" for k in range(1, 4)),
        *(f"Soprano-{k}" for k in range(1, 4)),
        *(f"Tenor-{k}" for k in range(1, 8)),
    ),
    defects=(
        "44.1, 48 and 96 kHz are mixed: all are resampled",
        "y and w have no labels: they take 60 ms, at most 30 %, of their syllable",
    ),
    hours=29.7,
)


def jobs(root: Path) -> list[Job]:
    """One job an utterance; CorpusError names the entry that does not add up or whose wave is missing."""
    listing = root / LIST
    entries = read_json(listing)
    if not isinstance(entries, list) or not entries:
        raise CorpusError("is no list of utterances", where=listing, remedy="fetch the corpus again")
    work: list[Job] = []
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        where = f"{listing}, entry {number}"
        item = field(entry, "item_name", str, where=where)
        singer, song, utterance = _parts(item, where=where)
        name = plain_name(singer, song, utterance)
        if name in seen:
            raise CorpusError(f"a second utterance '{item}'", where=where, remedy="remove one")
        seen.add(name)
        audio = root / f"{singer}#{song}" / f"{utterance}.wav"
        if not there(audio):
            raise CorpusError(f"no wave {audio.relative_to(root)}", where=where, remedy="fetch the corpus again")
        pitches = "notes" if "notes" in entry else "notes_pitch"
        kept = {key: entry.get(key) for key in (*KEPT, pitches)}
        _columns(kept, where=where)
        settings = {"revision": REVISION, "entry": kept, "where": where}
        work.append(Job(name, (str(audio),), json.dumps(settings, ensure_ascii=False)))
    return work


def make(job: Job) -> list[Take]:
    """The takes of an utterance; they belong to the song, whoever sings it."""
    heard = recording(job)
    _, song, _ = _parts(json.loads(job.settings)["entry"]["item_name"], where=job.name)
    return whole(heard, song=plain_name(song))


def read(root: Path) -> Iterator[Recording]:
    """Every utterance as a recording, for inspection."""
    return (recording(job) for job in jobs(root))


def recording(job: Job) -> Recording:
    """One utterance with its wave, its F0 and its notes."""
    settings = json.loads(job.settings)
    entry, where = settings["entry"], settings["where"]
    singer, _, _ = _parts(entry["item_name"], where=where)
    notes, phonemes = _sung(_columns(entry, where=where), where=where)
    annotation = Annotation(
        name=job.name,
        singer=singer,
        language=LANGUAGE,
        convention="consonant-inclusive",
        notes=tuple(notes),
        phonemes=tuple(phone_mapping.from_strict_finals(phonemes, where=where)),
    )
    return hear(annotation, Path(job.sources[0]), where=where)


def _parts(item: str, *, where: str) -> tuple[str, str, str]:
    """Singer, song and utterance of 'Alto-1#song#0000'; CorpusError for names that would leave the corpus' folder."""
    parts = item.split("#")
    if len(parts) != 3 or not all(parts) or any("/" in part or "\\" in part or part.startswith(".") for part in parts):
        raise CorpusError(f"'{item[:40]}' is no SINGER#SONG#NUMBER", where=where, remedy="mend the entry")
    return parts[0], parts[1], parts[2]


Row = tuple[str, float, int, bool]  # phoneme, seconds, pitch, slurred


def _columns(entry: dict[str, Any], *, where: str) -> list[Row]:
    """The entry's rows, a phoneme each; CorpusError when its lists differ in length or hold something else."""
    pitches = "notes" if "notes" in entry else "notes_pitch"
    columns = [field(entry, key, list, where=where) for key in ("phs", "ph_dur", pitches, "is_slur")]
    if len({len(column) for column in columns}) != 1 or not columns[0]:
        lengths = " ".join(str(len(column)) for column in columns)
        raise CorpusError(f"its lists have different lengths: {lengths}", where=where, remedy="mend the entry")
    return [
        (str(symbol), seconds_of(seconds, where=where), pitch_of(pitch, where=where), slurred in (1, True, "1"))
        for symbol, seconds, pitch, slurred in zip(*columns, strict=True)
    ]


def _sung(rows: list[Row], *, where: str) -> tuple[list[TimedNote], list[TimedPhoneme]]:
    """Notes and phonemes: a note begins at an initial, at a final that has none, and at a slur."""
    notes: list[TimedNote] = []
    phonemes: list[TimedPhoneme] = []
    at = 0.0
    for symbol, seconds, pitch, slurred in rows:
        start, at = at, at + seconds
        kind = phone_mapping.kinds_of_strict(symbol)
        if kind == "silence":
            phonemes.append(TimedPhoneme(phone_mapping.PAUSES.get(symbol, symbol), start, at))
            continue
        if pitch == REST:
            raise CorpusError(f"'{symbol}' is sung on a rest", where=where, remedy="mend the entry")
        role: Role = "nucleus" if kind == "vowel" else "onset"
        joins = role == "nucleus" and not slurred and phonemes and phonemes[-1].role == "onset"
        if joins:
            notes[-1] = TimedNote(notes[-1].start_seconds, at, pitch, None, len(notes) - 1)
        else:
            notes.append(TimedNote(start, at, pitch, None, len(notes)))
        held = slurred and role == "nucleus" and bool(phonemes) and phonemes[-1].note != NO_NOTE
        phonemes.append(TimedPhoneme(symbol, start, at, len(notes) - 1, role, held))
    return notes, phonemes
