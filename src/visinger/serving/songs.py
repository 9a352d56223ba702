"""Songs as they are asked for: a score document in, a performance out, with what was moved and drawn by hand.

Shapes: T frames of the song.
"""

import hashlib
import json
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger import score as scores
from visinger.errors import ScoreError
from visinger.phrasing.drawing import draws_over, with_drawn_pitch, without_drawn_pitch
from visinger.phrasing.performance import Performance
from visinger.phrasing.phrase import REST
from visinger.score.score import Part, Score
from visinger.serving.boundaries import PlacedSound, moves_of, placed_sounds
from visinger.serving.problems import RefusedError
from visinger.serving.requests import SongRequest
from visinger.serving.shelf import Shelf
from visinger.serving.stretches import Stretch, stretches_of
from visinger.voices.performing import perform_all
from visinger.voices.voice import Voice

MOST_KEPT_FRAMES = 500_000  # of performances; an hour and a half
_F0_DIGITS = 3


@dataclass(frozen=True)
class PerformedSong:
    """A song that can be rendered: who sings what, and in which stretches."""

    score: Score  # as the voice sings it, before it is transposed
    part: int
    semitones: int  # it was transposed by
    voice: Voice
    performance: Performance
    predicted_f0_hz: NDArray[np.float64]  # (T) without the pitch that is drawn
    stretches: tuple[Stretch, ...]

    @property
    def seconds(self) -> float:
        return self.performance.samples / self.performance.sample_rate_hz

    def stretch(self, key: str) -> Stretch:
        """The stretch of this key; refuses one that the song has not."""
        for stretch in self.stretches:
            if stretch.key == key:
                return stretch
        raise RefusedError(
            HTTPStatus.NOT_FOUND,
            f"the song has no phrase '{key[:40]}'",
            where="phrase",
            remedy="take a key of the performance of this very request",
        )

    def as_json(self) -> dict[str, object]:
        """The documented performance."""
        performance = self.performance
        return {
            "sample_rate_hz": performance.sample_rate_hz,
            "hop_samples": performance.hop_samples,
            "f0_hz": _rounded(performance.f0_hz()),
            "phonemes": [_phoneme(placed) for placed in placed_sounds(performance)],
            "seed": performance.seed,
            "samples": performance.samples,
            "voice": self.voice.name,
            "warnings": list(performance.warnings),
            "predicted_f0_hz": _rounded(self.predicted_f0_hz),
            "phrases": [
                {"key": s.key, "start_frame": s.start_frame, "frames": s.frames, "silent": s.silent}
                for s in self.stretches
            ],
        }


class Songs:
    """Performs songs, and remembers those performed lately. Safe from several threads."""

    def __init__(self, shelf: Shelf, *, most_seconds: float) -> None:
        self._shelf = shelf
        self._most_seconds = most_seconds
        self._kept: OrderedDict[str, PerformedSong] = OrderedDict()
        self._lock = threading.Lock()

    def performed(self, request: SongRequest) -> PerformedSong:
        """The song of a request; raises VisingerError for all that cannot be sung."""
        key = _key(request)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        song = self.perform(request.read_score(), request)
        with self._lock:
            self._kept[key] = song
            while len(self._kept) > 1 and sum(_frames(s) for s in self._kept.values()) > MOST_KEPT_FRAMES:
                self._kept.popitem(last=False)
        return song

    def perform(self, score: Score, wished: SongRequest) -> PerformedSong:
        """One part of a score, as the request wishes it (its own document is not looked at)."""
        if score.seconds > self._most_seconds:
            raise ScoreError(
                f"the score lasts {float(score.seconds) / 60:.0f} minutes",
                where=score.path or "score",
                remedy=f"this server sings at most {self._most_seconds / 60:g} minutes at once",
            )
        if not 0 <= wished.part < len(score.parts):
            parts = f"it has {len(score.parts)} part(s), counted from 0"
            raise ScoreError(f"no part {wished.part}", where=score.path or "score", remedy=parts)
        if wished.language:
            score = replace(score, language=wished.language)
        if wished.own_pitch:
            score = without_drawn_pitch(score)
        part = wished.part
        voice = self._shelf.voice(wished.voice, wished.singer)
        predicted = voice.perform(
            _as_written(score, part),
            part=part,
            transpose=wished.transpose,
            seed=wished.seed,
            noise_scale=wished.noise_scale,
        )
        voice = voice.for_language(_language(predicted))
        edits = [((edit.note, edit.ordinal), edit.offset_frames) for edit in wished.edits.boundaries]
        if edits:
            predicted = _moved(predicted, voice, edits)
        semitones = _semitones(predicted, score.parts[part])
        performance = predicted
        if draws_over(score.parts[part]):
            performance = with_drawn_pitch(score, predicted, part=part, semitones=semitones)
        return PerformedSong(
            score=score,
            part=part,
            semitones=semitones,
            voice=voice,
            performance=performance,
            predicted_f0_hz=predicted.f0_hz(),
            stretches=stretches_of(performance, voice, wished.singer),
        )


def read_upload(content: bytes, name: str, *, verse: int | None = None) -> Score:
    """The score of a file's bytes; `name` tells the format and is how messages name it."""
    plain = Path(name.replace("\\", "/")).name
    suffix = Path(plain).suffix
    if not suffix.isascii() or "\0" in plain or len(suffix) > 16:
        raise ScoreError("the name does not tell the format", where="name", remedy="give one such as song.musicxml")
    with tempfile.TemporaryDirectory(prefix="visinger-") as folder:
        path = Path(folder) / f"score{suffix}"
        path.write_bytes(content)
        try:
            score = scores.read(path, verse=verse)
        except ScoreError as error:
            shown = [text.replace(str(path), plain) for text in (error.problem, error.where, error.remedy)]
            raise ScoreError(shown[0], where=shown[1], remedy=shown[2]) from None
    doubts = tuple(doubt.replace(str(path), plain) for doubt in score.doubts)
    return replace(score, path=Path(plain), doubts=doubts)


def _as_written(score: Score, part: int) -> Score:
    """The score with nothing drawn over the notes of one part: what a voice predicts the pitch of."""
    plain = replace(
        score.parts[part],
        pitch_curve=(),
        bend=(),
        notes=tuple(replace(note, glide=(), vibrato=None, tuning_cents=0.0) for note in score.parts[part].notes),
    )
    return replace(score, parts=(*score.parts[:part], plain, *score.parts[part + 1 :]))


def _moved(performance: Performance, voice: Voice, edits: list[tuple[tuple[int, int], int]]) -> Performance:
    """The performance with boundaries moved, and its pitch predicted for where they are now."""
    moves, lost = moves_of(performance, edits)
    phrases = (performed.phrase for performed in performance.phrases)
    again = tuple(perform_all(voice.graphs, voice.vocabulary, phrases, timing=moves))
    return replace(performance, phrases=again, warnings=(*performance.warnings, *lost))


def _semitones(performance: Performance, part: Part) -> int:
    """How far a performance was transposed, told from its first pitched phoneme."""
    for performed in performance.phrases:
        phrase = performed.phrase
        for n in np.flatnonzero(phrase.pitches != REST).tolist():
            note = int(phrase.score_notes[phrase.slot[n]])
            return int(phrase.pitches[n]) - part.notes[note].pitch_midi
    return 0


def _language(performance: Performance) -> str:
    return next((p.phrase.language for p in performance.phrases if p.phrase.language), "")


def _phoneme(placed: PlacedSound) -> dict[str, object]:
    sound = placed.sound
    return {
        "symbol": sound.symbol,
        "start_frame": sound.start_frame,
        "frames": sound.end_frame - sound.start_frame,
        "note": sound.note,
        "anchored": placed.anchored,
    }


def _rounded(f0_hz: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = np.round(f0_hz, _F0_DIGITS).tolist()
    return rounded


def _frames(song: PerformedSong) -> int:
    return len(song.predicted_f0_hz)


def _key(request: SongRequest) -> str:
    """A digest of all that makes the performance; which stretch is wanted in which format does not."""
    wished = {name: getattr(request, name) for name in SongRequest.model_fields if name not in ("score", "edits")}
    content = json.dumps([wished, request.edits.model_dump(), request.score], sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
