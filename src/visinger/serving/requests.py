"""What callers send and get, as the API documents it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from visinger.score.formats.json_score import from_document
from visinger.score.score import Score
from visinger.serving.formats import Format
from visinger.serving.score_schema import SCORE_SCHEMA
from visinger.voices import embedded

MOST_EDITS = 50_000
FARTHEST_FRAMES = 60_000
DOCUMENT = Path("score")  # how messages name a score that came without a file

SCORE_EXAMPLE: dict[str, Any] = {
    "format": "visinger-score",
    "version": 1,
    "language": "ja",
    "tempos": [{"tick": 0, "quarters_per_minute": 100}],
    "parts": [
        {
            "name": "voice",
            "notes": [
                {"tick": 0, "duration": 480, "pitch": 57, "lyric": "さ"},
                {"tick": 480, "duration": 480, "pitch": 57, "lyric": "く"},
                {"tick": 960, "duration": 960, "pitch": 59, "lyric": "ら"},
            ],
        }
    ],
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BoundaryEdit(_Strict):
    """A phoneme that starts elsewhere than where the voice would have it."""

    note: Annotated[int, Field(ge=0, le=10**7, description="index of the note in its part")]
    ordinal: Annotated[int, Field(ge=0, le=1000, description="which of the note's phonemes, from 0")]
    offset_frames: Annotated[
        int, Field(ge=-FARTHEST_FRAMES, le=FARTHEST_FRAMES, description="its start, from the note's first frame")
    ]


class Edits(_Strict):
    """What was changed by hand after the voice performed."""

    boundaries: Annotated[list[BoundaryEdit], Field(max_length=MOST_EDITS)] = []


class SongRequest(_Strict):
    """One part of a score, and how it is to be sung."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"score": SCORE_EXAMPLE, "transpose": "auto"}]})

    score: Annotated[
        dict[str, Any],
        WithJsonSchema({**SCORE_SCHEMA, "description": "a score document, as POST /v1/scores gives it"}),
    ]
    part: Annotated[int, Field(ge=0, le=10_000, description="index of the part, from 0")] = 0
    voice: Annotated[str, Field(max_length=200, description='a name from /v1/voices, or "default"')] = embedded.DEFAULT
    singer: Annotated[str, Field(max_length=200, description="of a voice of several; empty: its first")] = ""
    language: Annotated[str, Field(max_length=20, description="of the words; empty: told from them")] = ""
    transpose: Annotated[int, Field(ge=-127, le=127)] | Literal["auto"] = 0
    seed: Annotated[int, Field(ge=0, lt=2**63, description="of the noise; the same seed, the same samples")] = 0
    noise_scale: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = None
    own_pitch: Annotated[bool, Field(description="pass over the pitch that the score draws")] = False
    edits: Edits = Edits()

    def read_score(self) -> Score:
        """The document as a score; raises ScoreError naming the place in it."""
        return from_document(self.score, DOCUMENT)


class RenderRequest(SongRequest):
    """A song, or one stretch of it, to be heard."""

    phrase: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="the key of one of the performance's phrases; null: the whole song"
    )
    format: Format = "wav"


class SingQuery(BaseModel):
    """How a score file is to be sung at once."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str, Field(max_length=255, description="the file's name; its suffix tells the format", examples=["song.mid"])
    ]
    voice: Annotated[str, Field(max_length=200)] = embedded.DEFAULT
    singer: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str, Field(max_length=20)] = ""
    part: Annotated[
        str, Field(max_length=200, description="a name or, from 1, a number; empty: the first with words")
    ] = ""
    verse: Annotated[int, Field(ge=1, le=999)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    transpose: Annotated[int, Field(ge=-127, le=127)] | Literal["auto"] = 0
    own_pitch: bool = False
    format: Format = "wav"

    def song(self, part: int) -> SongRequest:
        """The same wishes for one part, without a document."""
        return SongRequest(
            score={},
            part=part,
            voice=self.voice,
            singer=self.singer,
            language=self.language,
            transpose=self.transpose,
            seed=self.seed,
            own_pitch=self.own_pitch,
        )


class ScoreReply(BaseModel):
    """A file as a score document."""

    score: Annotated[dict[str, Any], WithJsonSchema({**SCORE_SCHEMA, "examples": [SCORE_EXAMPLE]})]
    doubts: list[str] = Field(description="what the reader mended or passed over, with its place")
    sung_parts: list[int] = Field(description="indices of the parts that have words")


class PerformedPhoneme(BaseModel):
    """One phoneme on the song's frames."""

    symbol: str
    start_frame: int
    frames: int
    note: int = Field(description="index of the note in its part; -1 for pauses and breaths")
    anchored: bool = Field(description="its start is held by the score, so it cannot be moved")


class PerformedPhrase(BaseModel):
    """A stretch that sounds independently of the others."""

    key: str = Field(description="a digest of all that makes its sound: equal keys, equal samples")
    start_frame: int
    frames: int
    silent: bool


class PerformanceReply(BaseModel):
    """How a voice means to sing: phonemes, frames, pitch, and the stretches that can be rendered alone."""

    sample_rate_hz: int
    hop_samples: int
    f0_hz: list[float] = Field(description="what will be sung, a value a frame; 0 is unvoiced")
    phonemes: list[PerformedPhoneme]
    seed: int
    samples: int
    voice: str
    warnings: list[str]
    predicted_f0_hz: list[float] = Field(description="what the voice would sing without the pitch that is drawn")
    phrases: list[PerformedPhrase]


class VoiceReply(BaseModel):
    """A voice that can be asked for."""

    name: str
    language: str
    singers: list[str]
    lowest_midi: int
    highest_midi: int
    licence: str
    credit: str
    singer: str
    sample_rate_hz: int
    hop_samples: int
    phonemes: list[str]


class QueueReply(BaseModel):
    """How busy the server is."""

    running: int
    waiting: int
    limit: int = Field(description="requests that may wait; one more is refused with 429")


class JobReply(BaseModel):
    """How far a job is."""

    id: str
    state: Literal["waiting", "singing", "done", "cancelled", "failed"]
    done_seconds: float
    seconds: float = Field(description="of sound in all; 0 until the song is performed")


class HealthReply(BaseModel):
    """The server answers."""

    status: Literal["ok"]
    version: str
    formats: list[str] = Field(description="the sound formats this machine can send")
