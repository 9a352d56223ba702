"""PJS 1.1: a hundred short Japanese songs of one male singer, with labels and MusicXML.

MusicXML time is audio time and vowels start on the beat, so durations come
from the labels, notes and lyrics from the MusicXML. The MIDI files carry no
lyrics and differ in length: they are not read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visinger import language, score
from visinger.audio import Wave, read_wave
from visinger.corpora import labels as label_files
from visinger.corpora import pauses
from visinger.corpora.corpus import Job
from visinger.corpora.framing import lay, without_notes
from visinger.corpora.labels import Label
from visinger.corpora.matching import Spelled, match
from visinger.corpora.pjs_corrections import CORRECTIONS, Correction
from visinger.corpora.recording import NO_NOTE, Mismatch, Recording, Role, TimedNote, TimedPhoneme
from visinger.corpora.segmentation import takes
from visinger.corpora.take import CorpusCard, Take
from visinger.errors import CorpusError
from visinger.language import Syllable
from visinger.phrasing.phrase import SILENCE
from visinger.score.score import Score
from visinger.signal import f0, level
from visinger.units import FRAMES_PER_SECOND, SAMPLE_RATE_HZ

LANGUAGE = "ja"
SINGER = "koguchi"
REVISION = "4"  # counts in every job's digest: raise it when the takes change
FLOOR_HZ, CEILING_HZ = 60.0, 800.0  # the songs run from MIDI 40 to 74
SHORTEST_HELD_SECONDS = 0.02  # either side of a vowel split where its note changes
LEEWAY_SECONDS = 0.001  # a label that starts where an edit ends is not part of it
VOWELS = frozenset(("a", "i", "u", "e", "o", "N"))
HOLDING = frozenset(("", "ー", "－", "-", "〜"))

CARD = CorpusCard(
    name="pjs",
    licence="CC BY-SA 4.0",
    credit="Junya Koguchi and Shinnosuke Takamichi: PJS, phoneme-balanced Japanese singing-voice corpus, ver. 1.1",
    home="https://sites.google.com/site/shinnosuketakamichi/research-topics/pjs_corpus",
    language=LANGUAGE,
    convention="vowel-anchored",
    phonemes=tuple(sorted(language.phoneme_set(LANGUAGE))),
    singers=(SINGER,),
    defects=(
        *(f"{song}: {correction.reason}" for song, correction in CORRECTIONS.items()),
        "pjs004 016 029 030 031: the last label runs past the audio's end; trimmed",
        "no breath is labelled: pauses are split into SP and AP by their energy",
    ),
)


@dataclass(frozen=True)
class Aligned:
    """A song's labels with the notes they belong to, before its audio is heard."""

    notes: tuple[TimedNote, ...]
    phonemes: tuple[TimedPhoneme, ...]
    mismatches: tuple[Mismatch, ...]
    label_end_seconds: float
    doubts: tuple[str, ...]


def jobs(root: Path) -> list[Job]:
    """One job a song that has its audio, its labels and its MusicXML.

    Raises CorpusError when `root` holds none, or when a song lacks one of its files.
    """
    songs = sorted(_audio(root))
    if not songs:
        raise CorpusError("holds no song/pjsNNN_song.(wav flac)", where=root, remedy="give the corpus' own folder")
    return [Job(song, tuple(str(path) for path in _files(root, song)), f"revision {REVISION}") for song in songs]


def make(job: Job) -> list[Take]:
    """The takes of one song."""
    audio, label, musicxml = (Path(source) for source in job.sources)
    return takes(lay(without_notes(read_song(job.name, audio, label, musicxml))))


def read(root: Path, *, corrections: bool = True) -> Iterator[Recording]:
    """Every song as a recording; `corrections=False` leaves the corpus' defects in, for inspection."""
    for job in jobs(root):
        audio, label, musicxml = (Path(source) for source in job.sources)
        yield read_song(job.name, audio, label, musicxml, corrections=corrections)


def read_song(name: str, audio: Path, label: Path, musicxml: Path, *, corrections: bool = True) -> Recording:
    """One song: audio at 24 kHz with its F0, labels, and the notes they belong to."""
    wave = read_wave(audio, sample_rate_hz=SAMPLE_RATE_HZ)
    pitch = f0.track(wave.samples, SAMPLE_RATE_HZ, floor_hz=FLOOR_HZ, ceiling_hz=CEILING_HZ)
    aligned = align_song(name, label, musicxml, seconds=wave.seconds, corrections=corrections)
    return Recording(
        name=name,
        singer=SINGER,
        language=LANGUAGE,
        convention="vowel-anchored",
        wave=wave,
        f0_hz=pitch,
        notes=aligned.notes,
        phonemes=tuple(_with_breaths(aligned.phonemes, wave, pitch)),
        mismatches=aligned.mismatches,
        label_end_seconds=aligned.label_end_seconds,
        doubts=aligned.doubts,
    )


def align_song(name: str, label: Path, musicxml: Path, *, seconds: float, corrections: bool = True) -> Aligned:
    """Labels and score of a song whose audio is `seconds` long, corrected and matched; pauses not yet split."""
    correction = CORRECTIONS.get(name, Correction("")) if corrections else Correction("")
    written = _labels(label_files.read(label), correction)
    composed = score.read(musicxml)
    notes = _notes(composed, correction)
    sung, mismatches = _assign(notes, _tiled(written, seconds), where=musicxml)
    return Aligned(
        notes=tuple(notes),
        phonemes=tuple(_with_held(sung, notes)),
        mismatches=(*mismatches, *_left_out(composed, notes)),
        label_end_seconds=written[-1].end_seconds,
        doubts=composed.doubts,
    )


def _audio(root: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(root.glob("song/*")):
        name = re.fullmatch(r"(pjs\d{3})_song\.(wav|flac)", path.name)
        if name:
            found[name[1]] = path
    for path in sorted(root.glob("pjs[0-9][0-9][0-9]/*_song.wav")):  # the layout of the original archive
        found[path.parent.name] = path
    return found


def _files(root: Path, song: str) -> tuple[Path, Path, Path]:
    audio = _audio(root)[song]
    beside = audio.parent if audio.parent.name == song else None
    label = (beside or root / "lab") / f"{song}.lab"
    musicxml = (beside or root / "musicxml") / f"{song}.musicxml"
    for path in (label, musicxml):
        if not path.is_file():
            raise CorpusError(f"{song} has no such file", where=path, remedy="fetch the corpus again")
    return audio, label, musicxml


def _labels(written: list[Label], correction: Correction) -> list[Label]:
    scale, shift = float(correction.time_scale), correction.label_shift_seconds
    moved = [Label(x.start_seconds * scale + shift, x.end_seconds * scale + shift, x.symbol) for x in written]
    for edit in correction.labels:
        kept = [x for x in moved if not edit.from_seconds <= x.start_seconds < edit.to_seconds - LEEWAY_SECONDS]
        ends = [start for start, _ in edit.phonemes[1:]] + [edit.to_seconds]
        new = [Label(start, end, symbol) for (start, symbol), end in zip(edit.phonemes, ends, strict=True)]
        moved = sorted(kept + new, key=lambda x: x.start_seconds)
    return moved


def _notes(written: Score, correction: Correction) -> list[TimedNote]:
    part = next((part for part in written.parts if part.sung), None)
    if part is None:
        raise CorpusError("no part has lyrics", where=written.path or "score")
    tempo, scale, shift = written.tempo_map, correction.time_scale, correction.score_shift_seconds
    notes = [
        TimedNote(
            float(tempo.seconds(note.start_tick) * scale) + shift,
            float(tempo.seconds(note.end_tick) * scale) + shift,
            note.pitch_midi + correction.transpose_semitones,
            note.lyric,
            index,
        )
        for index, note in enumerate(part.notes)
    ]
    for edit in correction.notes:
        kept = [note for note in notes if not edit.from_seconds <= note.start_seconds < edit.to_seconds]
        new = [TimedNote(start, end, pitch, lyric, NO_NOTE) for start, end, pitch, lyric in edit.notes]
        notes = sorted(kept + new, key=lambda note: note.start_seconds)
    return notes


def _left_out(written: Score, notes: list[TimedNote]) -> list[Mismatch]:
    """Lyrics in voices that are not read, unless a correction has brought them in."""
    sung = [part for part in written.parts if part.sung]
    seconds = written.tempo_map.seconds
    left_out = [(float(seconds(note.start_tick)), note.lyric) for part in sung[1:] for note in part.notes if note.lyric]
    there = {(round(note.start_seconds, 3), note.lyric) for note in notes}
    return [Mismatch(at, lyric, "") for at, lyric in left_out if (round(at, 3), lyric) not in there]


def _tiled(written: list[Label], seconds: float) -> list[Label]:
    """Labels trimmed to the audio, holes and ends filled with pauses, pauses side by side joined."""
    tiled: list[Label] = []
    at = 0.0
    for label in [*written, Label(seconds, seconds, "pau")]:
        start, end = max(min(label.start_seconds, seconds), 0.0), min(label.end_seconds, seconds)
        if start > at + 1e-9:
            tiled.append(Label(at, start, "pau"))
        if end > max(start, at) + 1e-9:
            tiled.append(Label(max(start, at), end, label.symbol))
        at = max(at, end)
    joined: list[Label] = []
    for label in tiled:
        if joined and joined[-1].paused and label.paused:
            joined[-1] = Label(joined[-1].start_seconds, label.end_seconds, "pau")
        else:
            joined.append(label)
    return joined


def _spelled(notes: list[TimedNote], *, where: Path) -> list[tuple[int, Role, Spelled]]:
    """What the lyrics ask for: (note, role, phoneme), held vowels as optional ones."""
    lyrics = [("" if note.lyric is None else note.lyric.strip()) for note in notes]
    worded = [k for k, lyric in enumerate(lyrics) if lyric not in HOLDING]
    try:
        syllables = dict(zip(worded, language.spell([lyrics[k] for k in worded], LANGUAGE), strict=True))
    except language.SpellingError as error:
        start = notes[worded[error.index]].start_seconds
        raise CorpusError(error.problem, where=f"{where}, {start:.2f} s", remedy=error.remedy) from error
    asked: list[tuple[int, Role, Spelled]] = []
    held = ""
    for k, note in enumerate(notes):
        for syllable in syllables.get(k, (Syllable((), ""),)):
            onsets: list[tuple[Role, str, bool]] = [("onset", symbol, False) for symbol in syllable.onset]
            nucleus: list[tuple[Role, str, bool]] = [("nucleus", syllable.nucleus or held, syllable.continues)]
            codas: list[tuple[Role, str, bool]] = [("coda", symbol, False) for symbol in syllable.coda]
            held = syllable.nucleus or held
            asked += [
                (k, role, Spelled(symbol, note.start_seconds, optional))
                for role, symbol, optional in onsets + nucleus + codas
                if symbol
            ]
    return asked


def _assign(notes: list[TimedNote], tiled: list[Label], *, where: Path) -> tuple[list[TimedPhoneme], list[Mismatch]]:
    """Every label with the note it belongs to; where label and lyric differ the label is what was sung."""
    asked = _spelled(notes, where=where)
    sung = [k for k, label in enumerate(tiled) if not label.paused]
    pairs = match([x for _, _, x in asked], [(tiled[k].symbol, tiled[k].start_seconds) for k in sung])
    phonemes = [TimedPhoneme(x.symbol if not x.paused else SILENCE, x.start_seconds, x.end_seconds) for x in tiled]
    mismatches: list[Mismatch] = []
    orphans: list[int] = []
    for want, have in pairs:
        label = tiled[sung[have]] if have is not None else None
        if want is None or label is None:
            if label is not None:
                orphans.append(sung[have])
                mismatches.append(Mismatch(label.start_seconds, "", label.symbol))
            elif want is not None and not asked[want][2].optional:
                mismatches.append(Mismatch(asked[want][2].seconds, asked[want][2].symbol, ""))
            continue
        note, role, wanted = asked[want]
        if wanted.symbol != label.symbol:
            mismatches.append(Mismatch(label.start_seconds, wanted.symbol, label.symbol))
        n = sung[have]
        contiguous = n > 0 and phonemes[n - 1].note != NO_NOTE
        slurred = wanted.optional and contiguous and phonemes[n - 1].symbol == label.symbol
        phonemes[n] = TimedPhoneme(label.symbol, label.start_seconds, label.end_seconds, note, role, slurred)
    for n in orphans:
        phonemes[n] = _adopted(phonemes, n, len(notes))
    return phonemes, mismatches


def _adopted(phonemes: list[TimedPhoneme], n: int, notes: int) -> TimedPhoneme:
    """A label that no lyric asks for goes to the note before it, or opens the first note."""
    before = next((p for p in reversed(phonemes[:n]) if p.note != NO_NOTE), None)
    after = next((p for p in phonemes[n + 1 :] if p.note != NO_NOTE), None)
    orphan = phonemes[n]
    if before is None and after is None and notes == 0:
        raise CorpusError("labels without a single note", remedy="check the score")
    note = before.note if before is not None else after.note if after is not None else 0
    role: Role = "coda" if before is not None else "onset"
    return TimedPhoneme(orphan.symbol, orphan.start_seconds, orphan.end_seconds, note, role)


def _with_held(phonemes: list[TimedPhoneme], notes: list[TimedNote]) -> list[TimedPhoneme]:
    """A note that only holds the vowel before it gets its part of that vowel, cut where the note starts."""
    owned = {p.note for p in phonemes}
    result: list[TimedPhoneme] = []
    for phoneme in phonemes:
        result.append(phoneme)
        following = phoneme.note + 1
        while (
            phoneme.note != NO_NOTE
            and following < len(notes)
            and following not in owned
            and (notes[following].lyric or "").strip() in HOLDING
            and result[-1].symbol in VOWELS
        ):
            last, at = result[-1], notes[following].start_seconds
            if not last.start_seconds + SHORTEST_HELD_SECONDS < at < last.end_seconds - SHORTEST_HELD_SECONDS:
                break
            result[-1] = last.at(last.start_seconds, at)
            result.append(TimedPhoneme(last.symbol, at, last.end_seconds, following, "nucleus", True))
            following += 1
    return result


def _with_breaths(phonemes: Sequence[TimedPhoneme], wave: Wave, f0_hz: np.ndarray) -> list[TimedPhoneme]:
    """Pauses split by their energy into silences and breaths."""
    level_db = level.rms_db(wave.samples)[: len(f0_hz)]
    total = len(level_db)
    vowels = [level_db[pauses.frames_of(p.start_seconds, p.end_seconds, total)] for p in phonemes if p.symbol in VOWELS]
    vowel_level_db = float(np.median(np.concatenate(vowels))) if vowels else 0.0
    threshold_db = pauses.breath_level_db(level_db, vowel_level_db)
    result: list[TimedPhoneme] = []
    for phoneme in phonemes:
        if not phoneme.paused:
            result.append(phoneme)
            continue
        here = pauses.frames_of(phoneme.start_seconds, phoneme.end_seconds, total)
        runs = pauses.split(level_db[here], f0_hz[here], threshold_db=threshold_db)
        edges = [phoneme.start_seconds, *((here.start + first) / FRAMES_PER_SECOND for _, first, _ in runs[1:])]
        edges.append(phoneme.end_seconds)
        for (symbol, _, _), start, end in zip(runs, edges[:-1], edges[1:], strict=True):
            result.append(TimedPhoneme(symbol, start, end))
    return result
