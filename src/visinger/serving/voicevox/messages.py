"""The messages of VOICEVOX' singing endpoints, each bounded; keys as the clients write them."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from visinger.errors import ScoreError
from visinger.serving.voicevox.lines import WirePhoneme
from visinger.serving.voicevox.singing import Query, WireNote
from visinger.voices.singing import SAMPLE_RATES_HZ

LONGEST_FRAMES = 56_250  # ten minutes
MOST_NOTES, MOST_PHONEMES = 6_000, 20_000
LOUDEST = 100.0
_PITCH_DIGITS, _VOLUME_DIGITS = 4, 4

Frames = Annotated[int, Field(ge=0, le=LONGEST_FRAMES)]
Curve = Annotated[list[Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(max_length=LONGEST_FRAMES)]


class Message(BaseModel):
    """Clients of other versions send keys that we do not know; they are passed over."""

    model_config = ConfigDict(extra="ignore")


class NoteMessage(Message):
    """A note, or a rest: without a key and with an empty lyric."""

    id: str | None = Field(None, max_length=200)
    key: int | None = Field(None, ge=0, le=127)
    frame_length: Frames
    lyric: str = Field(max_length=100)


class ScoreMessage(Message):
    """Notes one after another; the first is a rest."""

    notes: list[NoteMessage] = Field(min_length=1, max_length=MOST_NOTES)

    def wire_notes(self) -> tuple[WireNote, ...]:
        """Raises ScoreError naming the note that is neither a note nor a rest."""
        notes = []
        for k, note in enumerate(self.notes):
            lyric = note.lyric.strip()
            if (note.key is None) != (not lyric):
                problem = "a note without a lyric" if note.key is not None else "a lyric without a key"
                raise ScoreError(problem, where=f"notes[{k}]", remedy="a rest has neither, a note has both")
            if note.frame_length == 0:
                raise ScoreError("a note of no frames", where=f"notes[{k}]", remedy="give 1 or more")
            notes.append(WireNote(note.frame_length, note.key, lyric, note.id))
        if not notes[0].rests:
            raise ScoreError("the first note is no rest", where="notes[0]", remedy="put a rest before it")
        _bounded(sum(note.frames for note in notes))
        return tuple(notes)


class PhonemeMessage(Message):
    """A phoneme and its frames; `note_id` is that of its note, where it had one."""

    phoneme: str = Field(max_length=40)
    frame_length: Frames
    note_id: str | None = Field(None, max_length=200)


class QueryMessage(Message):
    """How a song is to sound, frame by frame."""

    f0: Curve
    volume: Curve
    phonemes: list[PhonemeMessage] = Field(min_length=1, max_length=MOST_PHONEMES)
    volumeScale: float = Field(1.0, ge=0, le=LOUDEST, allow_inf_nan=False)  # noqa: N815 -- the wire's own names
    outputSamplingRate: int = Field(24_000, ge=SAMPLE_RATES_HZ[0], le=SAMPLE_RATES_HZ[1])  # noqa: N815
    outputStereo: bool = False  # noqa: N815

    def wire_phonemes(self) -> tuple[WirePhoneme, ...]:
        phonemes = tuple(WirePhoneme(p.phoneme, p.frame_length, p.note_id) for p in self.phonemes)
        _bounded(sum(phoneme.frames for phoneme in phonemes))
        return phonemes

    def query(self) -> Query:
        """Raises ScoreError where the lengths disagree."""
        phonemes = self.wire_phonemes()
        length = sum(phoneme.frames for phoneme in phonemes)
        for name, curve in (("f0", self.f0), ("volume", self.volume)):
            if len(curve) != length:
                problem = f"{len(curve)} values for {length} frames of phonemes"
                raise ScoreError(problem, where=name, remedy="give one for each frame")
        return Query(phonemes, np.array(self.f0), np.minimum(np.array(self.volume), LOUDEST))


class ScoreAndQueryMessage(Message):
    """A score with the query whose phonemes were moved."""

    score: ScoreMessage
    frame_audio_query: QueryMessage


def query_message(query: Query, *, sample_rate_hz: int) -> dict[str, object]:
    """The query as its JSON document."""
    return {
        "f0": pitch_message(query.f0_hz),
        "volume": volume_message(query.volume),
        "phonemes": [{"phoneme": p.name, "frame_length": p.frames, "note_id": p.note} for p in query.phonemes],
        "volumeScale": 1.0,
        "outputSamplingRate": sample_rate_hz,
        "outputStereo": False,
    }


def pitch_message(f0_hz: NDArray[np.float64]) -> list[float]:
    return [round(value, _PITCH_DIGITS) for value in f0_hz.tolist()]


def volume_message(volume: NDArray[np.float64]) -> list[float]:
    return [round(value, _VOLUME_DIGITS) for value in volume.tolist()]


def _bounded(frames: int) -> None:
    if not 0 < frames <= LONGEST_FRAMES:
        limit = f"send 1 to {LONGEST_FRAMES}, as editors do phrase by phrase"
        raise ScoreError(f"{frames} frames in all", remedy=limit)
