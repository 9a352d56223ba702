"""Standard MIDI files with lyrics (.mid, .midi, .kar) → Score.

Ticks are rescaled to 480 to the quarter note from absolute times, so that
nothing drifts. Each channel of each track becomes a part; where notes run
together the line is made monophonic, with a doubt.
"""

import io
import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import mido

from visinger.errors import ScoreError
from visinger.score.bars import Bars
from visinger.score.bounds import checked, in_singing_order, read_bytes, within_tempos
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.midi_text import decoder, named, syllables, wide
from visinger.score.formats.words import hyphened
from visinger.score.lyrics import cleaned, continues, joined
from visinger.score.score import Note, Part, Score, Tempo, TempoMap, TimeSignature
from visinger.units import TICKS_PER_QUARTER, round_half_up

LONGEST_MIDI_BYTES = 4 * 2**20
DRUMS = 9  # channel 10, counted from 0
CHORD_TICKS = 15  # notes that start within 1/32 of a quarter note are one chord
LYRIC_TICKS = 60  # how far a lyric may stand from its note
_FILM_FRAMES = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}  # a second
_NAMELESS = {"untitled", "master track", "tempo track", "tempo", "conductor", "conductor track"}
_MIDI_ERRORS = (
    *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError, LookupError, AttributeError),
    *(struct.error, OverflowError, mido.KeySignatureError),
)


@dataclass(frozen=True)
class _Sound:
    """A note as played; ticks are already ours."""

    start: int
    end: int
    pitch: int


@dataclass
class _Track:
    """What one track of the file holds, its times in our ticks."""

    name: bytes = b""
    sounds: dict[int, list[_Sound]] = field(default_factory=dict)  # channel → notes
    lyrics: list[tuple[int, bytes]] = field(default_factory=list)
    texts: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass
class _File:
    tracks: list[_Track] = field(default_factory=list)
    tempos: dict[int, Fraction] = field(default_factory=dict)
    signatures: dict[int, tuple[int, int]] = field(default_factory=dict)


def read_midi(path: Path) -> Score:
    """Read a MIDI file; what cannot be read is a `ScoreError`, what was mended a doubt."""
    doubts = Doubts()
    midi, per_quarter = _opened(path, doubts)
    file = _contents(midi, per_quarter, path, doubts)
    signatures = _time_signatures(file)
    bars = Bars(signatures)
    tempo_map = _tempo_map(file, bars, doubts)
    pieces = [text for track in file.tracks for _, text in (*track.lyrics, *track.texts)]
    encoding = wide(pieces) or decoder([*pieces, *(track.name for track in file.tracks)])
    parts = _parts(file, bars, encoding, doubts)
    end = max((note.end_tick for part in parts for note in part.notes), default=0)
    title = _title(file, encoding)
    return checked(
        Score(
            parts=in_singing_order(parts),
            tempo_map=tempo_map,
            time_signatures=signatures,
            length_ticks=bars.whole(end),
            title=title,
            bars=bars.count(bars.whole(end)),
            doubts=doubts.lines(),
            path=path,
        )
    )


def _title(file: _File, encoding: str) -> str:
    """The name of a first track without notes is the piece's, unless it only names the track."""
    if not file.tracks or file.tracks[0].sounds:
        return ""
    name = " ".join(named(file.tracks[0].name, encoding).split())[:200]
    return "" if name.lower() in _NAMELESS else name


def _opened(path: Path, doubts: Doubts) -> tuple[mido.MidiFile, Fraction]:
    """The file, and how many of its ticks make a quarter note."""
    content = read_bytes(path, most_bytes=LONGEST_MIDI_BYTES)
    if content[:4] == b"RIFF":  # a RIFF wrapper: the file proper is its data chunk
        content = content[max(content.find(b"MThd"), 0) :]
    if content[:4] != b"MThd":
        raise ScoreError("this is not a MIDI file", where=path, remedy="export it as a standard MIDI file")
    if content[8:10] == b"\0\2" and content.count(b"MTrk") > 1:
        remedy = "open it where it was made, and export the song you want as type 0 or 1"
        raise ScoreError("this MIDI file holds separate songs, one a track (type 2)", where=path, remedy=remedy)
    content = _with_fitting_chunks(content, doubts)
    try:
        file = mido.MidiFile(file=io.BytesIO(content), charset="latin-1", clip=True)
    except _MIDI_ERRORS as problem:
        reason = str(problem)[:80] or "it ends in the middle of an event"
        raise ScoreError(f"a damaged MIDI file ({reason})", where=path, remedy="export it again") from None
    if file.ticks_per_beat > 0:
        return file, Fraction(file.ticks_per_beat)
    frames, parts = 256 - content[12], content[13]
    if frames not in _FILM_FRAMES or parts == 0:
        remedy = "export it with ticks per quarter note"
        raise ScoreError("its ticks have no length", where=path, remedy=remedy)
    doubts.add("its times are in film frames (SMPTE); bars and beats are told at 120 quarter notes per minute")
    return file, _FILM_FRAMES[frames] * parts / 2


def _with_fitting_chunks(content: bytes, doubts: Doubts) -> bytes:
    """The file with only its tracks, as many as its head says and as long as their heads say."""
    at = 8 + int.from_bytes(content[4:8])
    if len(content) < 14 or at < 14:
        return content
    tracks: list[bytes] = []
    fits = True
    while at + 8 <= len(content):
        length = int.from_bytes(content[at + 4 : at + 8])
        if content[at : at + 4] == b"MTrk":
            tracks.append(content[at + 8 : at + 8 + length])
            fits &= len(tracks[-1]) == length
        at += 8 + length
    if not fits or len(tracks) != int.from_bytes(content[10:12]):
        doubts.add("the file is cut short, or its tracks are miscounted; what is there is read")
    head = b"MThd\0\0\0\6" + content[8:10] + len(tracks).to_bytes(2) + content[12:14]
    return head + b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks)


def _contents(midi: mido.MidiFile, per_quarter: Fraction, path: Path, doubts: Doubts) -> _File:
    """Everything of interest, at absolute ticks of ours."""
    file, scale = _File(), TICKS_PER_QUARTER / per_quarter
    for midi_track in midi.tracks:
        track, now, sounding = _Track(), 0, {}  # type: ignore[var-annotated]
        file.tracks.append(track)
        for message in midi_track:
            now += message.time
            tick = round_half_up(now * scale)
            if message.type == "note_on" and message.velocity > 0:
                _end(track, sounding, message, tick)
                sounding[message.channel, message.note] = tick
            elif message.type in ("note_on", "note_off"):
                _end(track, sounding, message, tick)
            elif message.is_meta:
                _meta(message, tick, track, file, path)
        for (channel, pitch), start in sounding.items():
            doubts.add("a note that is never let go ends with its track")
            track.sounds.setdefault(channel, []).append(_Sound(start, max(tick, start + 1), pitch))
    if midi.ticks_per_beat < 0:
        file.tempos = {0: Fraction(120)}  # film frames pass at their own speed
    return file


def _end(track: _Track, sounding: dict[tuple[int, int], int], message: mido.Message, tick: int) -> None:
    """Let go of a note; a note struck again while it sounds ends there."""
    start = sounding.pop((message.channel, message.note), None)
    if start is not None and tick > start:
        track.sounds.setdefault(message.channel, []).append(_Sound(start, tick, message.note))


def _meta(message: mido.MetaMessage, tick: int, track: _Track, file: _File, path: Path) -> None:
    if message.type == "set_tempo":
        if message.tempo <= 0:
            where, remedy = f"{path}, tick {tick}", "correct the tempo"
            raise ScoreError("a tempo of no time per quarter note", where=where, remedy=remedy)
        file.tempos[tick] = Fraction(60_000_000, message.tempo)
    elif message.type == "time_signature":
        if message.numerator > 0 and 1 <= message.denominator <= 64:
            file.signatures[tick] = (message.numerator, message.denominator)
    elif message.type == "track_name":
        track.name = track.name or message.name.encode("latin-1", "replace")
    elif message.type in ("lyrics", "text"):
        target = track.lyrics if message.type == "lyrics" else track.texts
        target.append((tick, message.text.encode("latin-1", "replace")))


def _time_signatures(file: _File) -> tuple[TimeSignature, ...]:
    signatures = {0: (4, 4)} | file.signatures
    return tuple(TimeSignature(tick, *signatures[tick]) for tick in sorted(signatures))


def _tempo_map(file: _File, bars: Bars, doubts: Doubts) -> TempoMap:
    for tick, speed in file.tempos.items():
        file.tempos[tick], doubt = within_tempos(speed)
        if doubt:
            bar, beat = bars.place(tick)
            doubts.add(doubt, str(bar), beat)
    if not file.tempos:
        doubts.add("the file has no tempo; 120 quarter notes per minute are taken")
    tempos = {0: Fraction(120)} | file.tempos
    return TempoMap(tuple(Tempo(tick, tempos[tick]) for tick in sorted(tempos)))


# -- parts -----------------------------------------------------------------------------------------


def _parts(file: _File, bars: Bars, encoding: str, doubts: Doubts) -> list[Part]:
    """Each channel of each track as a line; then every track's words to the line that they fit."""
    lines: list[list[Note]] = []
    names: list[str] = []
    homes: list[int] = []  # the track of each line
    for k, track in enumerate(file.tracks):
        own = named(track.name, encoding).strip()[:80] or f"Track {k}"
        for channel, sounds in sorted(track.sounds.items()):
            name = own if len(track.sounds) == 1 else f"{own}, channel {channel + 1}"
            if channel == DRUMS:
                doubts.add(f"{name}: drums are passed over")
                continue
            names.append(_distinct(name, names))
            lines.append(_line(sounds, bars, names[-1], doubts))
            homes.append(k)
    for k, track in enumerate(file.tracks):
        words = _words(track, encoding, [note.start_tick for line in lines for note in line])
        if words:
            candidates = [n for n, home in enumerate(homes) if home == k] or list(range(len(lines)))
            if candidates:
                best = max(candidates, key=lambda n: _fit(words, lines[n]))
                lines[best] = _worded(lines[best], words, bars, names[best], doubts)
    return [
        Part(name, tuple(line), verses=(1,) if any(note.lyric for note in line) else ())
        for name, line in zip(names, lines, strict=True)
    ]


def _distinct(name: str, taken: Sequence[str]) -> str:
    n, candidate = 1, name
    while candidate in taken:
        n += 1
        candidate = f"{name} {n}"
    return candidate


def _line(sounds: Sequence[_Sound], bars: Bars, name: str, doubts: Doubts) -> list[Note]:
    """One note at a time: the highest of a chord; a note under a longer one is accompaniment; legato is cut."""
    kept: list[_Sound] = []
    for sound in sorted(sounds, key=lambda s: (s.start, -s.pitch)):
        before = kept[-1] if kept else None
        if before is None or sound.start >= before.end:
            kept.append(sound)
            continue
        bar, beat = bars.place(sound.start)
        if sound.start - before.start <= CHORD_TICKS:
            doubts.add(f"{name}: of notes played together the highest is taken", str(bar), beat)
            if sound.pitch > before.pitch:
                kept[-1] = sound
        elif sound.end <= before.end and sound.pitch < before.pitch:
            doubts.add(f"{name}: a lower note under a longer one is passed over", str(bar), beat)
        else:
            doubts.add(f"{name}: notes that run into the next are cut", str(bar), beat)
            kept[-1] = replace(before, end=sound.start)
            kept.append(sound)
    notes = []
    for sound in kept:
        bar, beat = bars.place(sound.start)
        notes.append(Note(sound.start, sound.end - sound.start, sound.pitch, bar=str(bar), beat=beat))
    return notes


# -- words -----------------------------------------------------------------------------------------


def _words(track: _Track, encoding: str, starts: Sequence[int]) -> list[tuple[int, str]]:
    """The syllables of a track with their ticks: its lyric events, or text events that fall on notes."""
    events = track.lyrics or track.texts
    texts = syllables([text.decode(encoding, "replace") for _, text in events])
    words = [(tick, cleaned(text)) for (tick, _), text in zip(events, texts, strict=True) if text]
    if not track.lyrics:
        onsets = sorted(starts)
        on_notes = sum(abs(tick - _nearest(tick, onsets)) <= LYRIC_TICKS for tick, _ in words) if onsets else 0
        ticks = {tick for tick, _ in words}
        # Titles, remarks and other programs' data stand at few places, most of them at the start.
        if 2 * on_notes < len(words) or len(ticks) < 2 or 2 * len(ticks) < len(words):
            return []
    return [(tick, text) for tick, text in words if text]


def _nearest(tick: int, onsets: Sequence[int]) -> int:
    k = bisect_left(onsets, tick)
    return min(onsets[max(k - 1, 0) : k + 1], key=lambda onset: abs(onset - tick))


def _fit(words: Sequence[tuple[int, str]], line: Sequence[Note]) -> int:
    """How many syllables fall on a note of the line."""
    onsets = [note.start_tick for note in line]
    return sum(abs(tick - _nearest(tick, onsets)) <= LYRIC_TICKS for tick, _ in words) if onsets else -1


def _worded(line: list[Note], words: Sequence[tuple[int, str]], bars: Bars, name: str, doubts: Doubts) -> list[Note]:
    """The line with each syllable on its note: at the same tick, else the nearest, else the next note."""
    onsets = [note.start_tick for note in line]
    texts: dict[int, str] = {}
    exact = Counter(tick for tick, _ in words)
    ticks = sorted(exact)
    for tick, text in words:
        later = bisect_right(ticks, tick)
        following = ticks[later] if later < len(ticks) else None
        k = _note_for(tick, following, onsets, exact)
        if k is None:
            doubts.add(f"{name}: a lyric without a note is passed over ({text[:20]})", str(bars.place(tick)[0]))
        else:
            before = texts.get(k, "")
            texts[k] = before[:-1] + text if before[1:].endswith("-") else joined(before, text)
    sung = {k: text for k, text in texts.items() if text and not continues(text)}
    return hyphened([replace(note, lyric=sung.get(k)) for k, note in enumerate(line)])


def _note_for(tick: int, following: int | None, onsets: Sequence[int], exact: Counter[int]) -> int | None:
    """Which note a lyric at `tick` belongs to; `following` is the next lyric's tick."""
    k = bisect_left(onsets, tick)
    if k < len(onsets) and onsets[k] == tick:
        return k
    near = [n for n in (k - 1, k) if 0 <= n < len(onsets) and abs(onsets[n] - tick) <= LYRIC_TICKS]
    free = [n for n in near if onsets[n] not in exact]
    if free:
        return min(free, key=lambda n: abs(onsets[n] - tick))
    if k < len(onsets) and (following is None or onsets[k] < following) and onsets[k] not in exact:
        return k
    return None
