"""A bank's singing beside our own renderer's: the same notes, each through its own path.

Pitch is heard in the sound by a tracker that knows nothing of either, and so
are onsets; the phonemes' planned starts are compared beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.errors import VoiceError
from visinger.phrasing.performance import Performance
from visinger.phrasing.phrase import BREATH, REST, SILENCE
from visinger.phrasing.slots import SlotTable
from visinger.phrasing.sounds import performed_sounds
from visinger.phrasing.spelling import Song, slot_table, spell
from visinger.score.score import Part, Score
from visinger.signal.f0 import track_independent
from visinger.signal.onsets import vowel_onsets
from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, cents_between
from visinger.voices import compass
from visinger.voices.openutau.editor import Editor, Sung
from visinger.voices.openutau.words import EXTENDS, EditorNote
from visinger.voices.voice import Voice

MEDIAN_CENTS = 5.0  # what a bank's pitch may differ by
ONSET_SECONDS = 1 / FRAMES_PER_SECOND  # and its onsets
ROOM_FRAMES = 50  # the editor's padding before a part


@dataclass(frozen=True)
class Comparison:
    """A song sung twice; times in seconds, differences are the bank's less ours."""

    bank: Wave
    ours: Wave
    cents: NDArray[np.float64]  # (T) of the frames voiced in both
    voiced_in_one: float  # share of the frames voiced in either
    vowels: NDArray[np.float64]  # (K) of the vowels' planned starts, where notes begin
    consonants: NDArray[np.float64]  # (L) of the other phonemes'
    heard: NDArray[np.float64]  # (M) of the onsets found in both

    @property
    def median_cents(self) -> float:
        return float(np.median(np.abs(self.cents))) if len(self.cents) else float("inf")


def in_time(differences: NDArray[np.float64]) -> float:
    """Share of the onsets within a frame of ours; 1 where there are none."""
    return float(np.mean(np.abs(differences) <= ONSET_SECONDS + 1e-9)) if len(differences) else 1.0


def compare(editor: Editor, voice: Voice, score: Score, *, part: int = 0, most_seconds: float = 60.0) -> Comparison:
    """Sing a part's phrases through the bank as the editor does, and through the voice, moved into its range.

    Both are given the same phrases: what stands between two rests, half a second
    of silence around it. Phrases are taken until `most_seconds` are reached, one
    at least. Raises VoiceError where the bank's dictionary lacks a word.
    """
    language, described = score.language or voice.language, voice.description
    song = spell(score, part=part, language=language)
    score = score.transposed(compass.fitting(song, described.lowest_midi, described.highest_midi))
    table = _with_room(slot_table(score, part=part, language=language)[0])
    chosen = _stretches(table)
    chosen = [s for k, s in enumerate(chosen) if not k or table.starts[s[1]] <= most_seconds * FRAMES_PER_SECOND]
    length = int(table.starts[chosen[-1][1]]) + ROOM_FRAMES
    sung = [editor.sing(editor_notes(table, slots, score.parts[part], editor)) for slots in chosen]
    performed = [_performed(voice, table, slots) for slots in chosen]
    bank = laid_out(sung, length / FRAMES_PER_SECOND)
    ours = _joined(voice, performed, length)
    theirs_hz, ours_hz = (track_independent(w.samples, w.sample_rate_hz) for w in (bank, ours))
    both, either = (theirs_hz > 0) & (ours_hz > 0), (theirs_hz > 0) | (ours_hz > 0)
    sounds = [sound for each in performed for sound in performed_sounds(each) if _is_sung(sound.symbol)]
    near = [sound.start_frame / FRAMES_PER_SECOND for sound in sounds if not sound.before_beat and not sound.slurred]
    heard = vowel_onsets(bank.samples, bank.sample_rate_hz, near) - vowel_onsets(
        ours.samples, ours.sample_rate_hz, near
    )
    theirs = [(p.symbol, p.start_ms / 1000) for each in sung for p in each.phones if _is_sung(p.symbol)]
    own = [(s.symbol, s.start_frame / FRAMES_PER_SECOND) for s in sounds if not s.slurred]
    if [symbol for symbol, _ in theirs] != [symbol for symbol, _ in own]:
        problem, where = "spells the song's words otherwise than the voice", editor.dictionary.name
        raise VoiceError(problem, where=where, remedy="export the bank again")
    planned = np.array([a - b for (_, a), (_, b) in zip(theirs, own, strict=True)])
    anchored = np.array([not sound.before_beat for sound in sounds if not sound.slurred])
    return Comparison(
        bank=bank,
        ours=ours,
        cents=cents_between(theirs_hz[both], ours_hz[both]),
        voiced_in_one=float((either & ~both).sum()) / max(int(either.sum()), 1),
        vowels=planned[anchored],
        consonants=planned[~anchored],
        heard=heard[~np.isnan(heard)],
    )


def _is_sung(symbol: str) -> bool:
    return symbol not in (SILENCE, BREATH)


def _with_room(table: SlotTable) -> SlotTable:
    """The song after half a second of silence, so that its first consonants have their place."""
    return SlotTable(
        phonemes=(SILENCE, *table.phonemes),
        pitches=np.concatenate([[REST], table.pitches]),
        slot=np.concatenate([[0], table.slot + 1]),
        before_beat=np.concatenate([[False], table.before_beat]),
        slurred=np.concatenate([[False], table.slurred]),
        coda=np.concatenate([[False], table.coda]),
        starts=np.concatenate([[0], table.starts + ROOM_FRAMES]),
        score_notes=np.concatenate([[-1], table.score_notes]),
        language=table.language,
    )


def _stretches(table: SlotTable) -> list[tuple[int, int]]:
    """The slots [first, last) of each phrase: all between two rests."""
    silent = [symbol == SILENCE for symbol in table.symbols()]
    edges = [k for k in range(1, len(silent)) if silent[k] != silent[k - 1]] + [len(silent)] * (not silent[-1])
    return list(zip(edges[::2], edges[1::2], strict=True))


def _performed(voice: Voice, table: SlotTable, slots: tuple[int, int]) -> Performance:
    """The same phrase, performed by the voice, half a second of silence around it where the song has as much."""
    first, last = (int(table.starts[k]) for k in slots)
    bounds = max(first - ROOM_FRAMES, int(table.starts[slots[0] - 1])), min(last + ROOM_FRAMES, table.frames)
    phrase = table.phrase(*bounds, keep=bounds)
    samples = (bounds[1] - bounds[0]) * HOP_SAMPLES
    return voice.perform(Song((phrase,), samples, np.zeros(phrase.frames), language=table.language))


def _joined(voice: Voice, performed: Sequence[Performance], frames: int) -> Wave:
    wave = np.zeros(frames * voice.hop_samples, dtype=np.float32)
    for each in performed:
        first = each.phrases[0].phrase.start_frame * voice.hop_samples
        samples = voice.render(each).samples[: len(wave) - first]
        wave[first : first + len(samples)] += samples
    return Wave(wave, voice.sample_rate_hz)


def editor_notes(table: SlotTable, slots: tuple[int, int], part: Part, editor: Editor) -> list[EditorNote]:
    """The slots [first, last) as a user would type them: words, "+" for a vowel that goes on, AP for a breath.

    A word that the dictionary does not hold as written (hanzi) becomes an entry
    of the same phonemes, as the editor's own phonemizer makes them. Raises
    VoiceError where there is none.
    """
    notes = part.notes
    by_sound: dict[tuple[str, ...], str] = {}
    for typed, phonemes in editor.dictionary.entries.items():
        by_sound.setdefault(phonemes, typed)
    made: list[EditorNote] = []
    for k in range(*slots):
        index = int(table.score_notes[k])
        own = np.flatnonzero(table.slot == k)
        phonemes = tuple(table.phonemes[n] for n in own)
        start_ms, end_ms = (1000.0 * float(frame) / FRAMES_PER_SECOND for frame in table.starts[k : k + 2])
        if end_ms == start_ms:
            continue
        tone = notes[index].pitch_midi if index >= 0 else made[-1].tone if made else notes[0].pitch_midi
        written = (notes[index].lyric or "") if index >= 0 else BREATH
        if table.slurred[own[0]]:
            lyric = EXTENDS
        elif editor.dictionary.spell(written, editor.duration.tokens) == phonemes:
            lyric = written
        elif phonemes in by_sound:
            lyric = by_sound[phonemes]
        else:
            raise VoiceError(
                f"lacks '{written}' ({' '.join(phonemes)})", where=editor.dictionary.name, remedy="add it as an entry"
            )
        made.append(EditorNote(lyric, tone, start_ms, end_ms))
    return made


def laid_out(phrases: Sequence[Sung], seconds: float) -> Wave:
    """The phrases at their times in one wave of that length; what would come before its start is left out."""
    rate_hz = phrases[0].sample_rate_hz
    wave = np.zeros(round(seconds * rate_hz), dtype=np.float32)
    for sung in phrases:
        first = round(sung.start_ms * rate_hz / 1000)
        samples = sung.samples[max(-first, 0) :]
        room = wave[max(first, 0) : max(first, 0) + len(samples)]
        room += samples[: len(room)]
    return Wave(wave, rate_hz)
