"""A voice: a score in, a performance to look at and change, a wave out. No torch.

Shapes: T frames · S samples, S = T × hop.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.errors import LyricError, ScoreError, VoiceError, at_bar
from visinger.language import Dictionary, detect, whole_words
from visinger.phrasing.drawing import DrawnPitch, draws_over
from visinger.phrasing.performance import Performance
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.phrasing.spelling import Song, SpelledPart, spelled_part
from visinger.phrasing.vocabulary import Vocabulary
from visinger.score.score import Part, Score
from visinger.units import FRAMES_PER_SECOND, SAMPLE_RATE_HZ, round_half_up
from visinger.voices import compass, embedded
from visinger.voices.compass import Transposition
from visinger.voices.description import FILE_NAME, VoiceDescription, read_description
from visinger.voices.graphs import VoiceGraphs, open_graphs
from visinger.voices.performing import perform_all
from visinger.voices.rendering import Engine, sound
from visinger.voices.rendition import Rendition


@dataclass(frozen=True)
class Stem:
    """One part of a score, sung; all stems of a score have its length."""

    part: str
    wave: Wave


class Voice:
    """Sings scores. `sing` is `render` after `perform`; `stream` is `render` block by block."""

    def __init__(self, description: VoiceDescription, graphs: VoiceGraphs) -> None:
        self.description = description
        self.name = description.name
        self.language = description.language
        self.sample_rate_hz = description.sample_rate_hz
        self.hop_samples = description.hop_samples
        self.vocabulary = Vocabulary(description.phonemes)
        self.graphs = graphs

    @property
    def singers(self) -> tuple[str, ...]:
        """Who can be asked to sing; the first does unless another is named."""
        return self.description.singers or (self.description.singer,)

    @staticmethod
    def load(
        name_or_folder: str | Path = embedded.DEFAULT,
        *,
        language: str | None = None,
        singer: str | None = None,
        threads: int | None = None,
    ) -> "Voice":
        """An embedded voice by name, or the voice in a folder, its files checked; of several singers one by name.

        It works on `threads` threads, or on as many as `graphs.thread_count` says.
        "default" is the embedded voice of the language; without one, that of each score's own language.
        Raises VoiceError naming the file that is missing or damaged, or the voices or singers there are.
        """
        voice = Voice._load(name_or_folder, language, threads)
        return voice if singer is None else voice.for_singer(singer)

    @staticmethod
    def _load(name_or_folder: str | Path, language: str | None, threads: int | None) -> "Voice":
        if name_or_folder != embedded.DEFAULT:
            folder = embedded.folder_of(name_or_folder)
        elif language is not None:
            folder = embedded.folder_for_language(language)
        else:
            known = embedded.embedded_voices()
            if not known:
                raise VoiceError("no voice is embedded in this installation", remedy="give a voice's folder")
            if len(known) > 1:
                return DefaultVoice(next(iter(known.values())), threads=threads)
            folder = embedded.EMBEDDED / next(iter(known))
        description = read_description(folder)
        if language is not None and description.language != language:
            raise VoiceError(
                f"sings '{description.language}', not '{language}'", where=folder, remedy="choose another voice"
            )
        if description.sample_rate_hz != FRAMES_PER_SECOND * description.hop_samples:
            raise VoiceError(
                f"does not have {FRAMES_PER_SECOND} frames a second", where=folder / FILE_NAME, remedy="export it again"
            )
        return Voice(description, open_graphs(folder, description, threads=threads))

    def for_language(self, language: str) -> "Voice":  # noqa: ARG002 -- a voice of its own choosing overrides this
        """The voice that will sing this language: itself, unless it is the default voice."""
        return self

    def for_singer(self, singer: str) -> "Voice":
        """The same voice with that singer from now on; VoiceError names its singers."""
        if singer not in self.singers:
            raise VoiceError(f"no singer '{singer}'", where=self.name, remedy=f"its singers: {', '.join(self.singers)}")
        if not self.description.singers:
            return self
        return Voice(self.description, self.graphs.for_singer(self.singers.index(singer)))

    def perform(
        self,
        score: Score | Song,
        *,
        part: int = 0,
        transpose: Transposition = 0,
        seed: int = 0,
        noise_scale: float | None = None,
        dictionary: Dictionary | None = None,
    ) -> Performance:
        """Decide durations and pitch: everything that may be edited before it is rendered.

        `transpose` in semitones, or "auto" to move the melody into the voice's range. `noise_scale`
        (0 allowed) replaces the voice's own. Words that `dictionary` holds are sung as it says. Pitch
        that the score's source draws (curves, bends, vibrato) is followed. Notes out of range are sung,
        and said in `.warnings`. Raises LyricError, before anything is sung, when the voice lacks a phoneme.
        """
        return self.begin(
            score, part=part, transpose=transpose, seed=seed, noise_scale=noise_scale, dictionary=dictionary
        ).performance()

    def begin(
        self,
        score: Score | Song,
        *,
        part: int = 0,
        transpose: Transposition = 0,
        seed: int = 0,
        noise_scale: float | None = None,
        dictionary: Dictionary | None = None,
    ) -> Rendition:
        """Check all that could refuse the song, and perform nothing yet; see `perform`, which raises the same."""
        song = score if isinstance(score, Song) else self._spelled(score, part, dictionary)
        voice = self.for_language(song.language)
        described = voice.description
        place = _Place(None, None) if isinstance(score, Song) else _Place(score.path, score.parts[part])
        _refuse_unknown(song, voice.vocabulary, place, dictionary.sounds if dictionary else None)
        semitones = transpose
        if semitones == "auto":
            semitones = compass.fitting(song, described.lowest_midi, described.highest_midi)
        compass.refuse_beyond_midi(song, semitones)
        moved = f"transposed by {semitones:+d} semitones into the voice's range"
        told = [moved] if transpose == "auto" and semitones else []
        told += compass.outside_range(
            song, place.part, described.lowest_midi, described.highest_midi, semitones=semitones
        )
        doubts: list[str] = []
        phrases = iter(song.phrases) if isinstance(song, Song) else song.phrases(doubts)
        at_pitch = (compass.transposed_phrase(phrase, semitones) for phrase in phrases)
        performed = perform_all(voice.graphs, voice.vocabulary, at_pitch)
        if isinstance(score, Score) and draws_over(score.parts[part]):
            performed = map(DrawnPitch(score, part, semitones=semitones).followed, performed)
        return Rendition(
            engine=voice._engine(seed, voice._noise_scale(noise_scale)),
            phrases=performed,
            samples=round_half_up(Fraction(song.samples * voice.sample_rate_hz, SAMPLE_RATE_HZ)),
            level_db=song.level_db if isinstance(song, Song) else song.level_db(),
            told=lambda: (*(song.warnings if isinstance(song, Song) else song.warnings(doubts)), *told),
        )

    def render(self, performance: Performance) -> Wave:
        """Make the sound of a performance, edited or not: exactly `performance.samples` samples."""
        blocks = list(self.stream(performance))
        return Wave(np.concatenate(blocks or [np.zeros(0, np.float32)]), performance.sample_rate_hz)

    def sing(
        self,
        score: Score | Song,
        *,
        part: int = 0,
        transpose: Transposition = 0,
        seed: int = 0,
        noise_scale: float | None = None,
        singer: str | None = None,
        dictionary: Dictionary | None = None,
    ) -> Wave:
        """Perform, then render. The same seed gives the same samples; `singer` is one of `singers`."""
        voice = self if singer is None else self.for_singer(singer)
        performance = voice.perform(
            score, part=part, transpose=transpose, seed=seed, noise_scale=noise_scale, dictionary=dictionary
        )
        return voice.render(performance)

    def stream(
        self,
        song: Performance | Score | Song,
        *,
        part: int = 0,
        transpose: Transposition = 0,
        seed: int = 0,
        noise_scale: float | None = None,
        dictionary: Dictionary | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """The wave block by block, each made when it is asked for; joined, they are what `render` gives.

        A score is spelled and performed as it goes: the first block waits for no phrase but the first
        (and the second, where they were cut in a sound). Whatever refuses the score is raised by this
        call. The options after `song` are for scores; a performance has its own.
        """
        if not isinstance(song, Performance):
            return self.begin(
                song, part=part, transpose=transpose, seed=seed, noise_scale=noise_scale, dictionary=dictionary
            ).blocks()
        voice = self.for_language(_language(song))
        if (song.sample_rate_hz, song.hop_samples) != (voice.sample_rate_hz, voice.hop_samples):
            raise VoiceError(
                f"the performance is for {song.sample_rate_hz} Hz", where=voice.name, remedy="perform it again"
            )
        engine = voice._engine(song.seed, song.noise_scale)
        return sound(engine, song.phrases, samples=song.samples, level_db=song.level_db)

    def sing_parts(
        self, score: Score, *, transpose: Transposition = 0, seed: int = 0, noise_scale: float | None = None
    ) -> tuple[Stem, ...]:
        """Every part that has words, each alone; as long as the score, so that they lie beside each other.

        Each part has its own noise, made from the seed and its place.
        """
        return tuple(
            Stem(
                score.parts[k].name,
                self.sing(score, part=k, transpose=transpose, seed=seed + k, noise_scale=noise_scale),
            )
            for k in sung_parts(score)
        )

    def _spelled(self, score: Score, part: int, dictionary: Dictionary | None) -> SpelledPart:
        """The part, spelled; a refused word says first whether the voice sings another language altogether."""
        if not 0 <= part < len(score.parts):
            raise ScoreError(
                f"no part {part + 1}", where=score.path or "score", remedy=f"it has {len(score.parts)} part(s)"
            )
        named = dictionary.language if dictionary is not None else ""
        try:
            language = named or score.language or self._spelling_language
            return spelled_part(score, part=part, language=language, dictionary=dictionary)
        except LyricError as error:
            if not error.where:
                raise LyricError(error.problem, where=score.path or "score", remedy=error.remedy) from error
            worded = [note for note in score.parts[part].notes if note.lyric]
            words = whole_words([note.lyric or "" for note in worded], [note.syllabic for note in worded])
            told = named or score.language or (detect(words) if words else self.language)
            if self._spelling_language in (None, told):
                raise
            raise LyricError(
                f"the words look like '{told}', the voice '{self.name}' sings '{self.language}' ({error.problem})",
                where=error.where,
                remedy="choose a voice of that language",
            ) from error

    @property
    def _spelling_language(self) -> str | None:
        return self.language

    def _noise_scale(self, asked: float | None) -> float:
        if asked is not None and asked < 0:
            raise VoiceError(f"a noise scale of {asked} is below 0", where=self.name, remedy="give 0 or more")
        return self.description.noise_scale if asked is None else asked

    def _engine(self, seed: int, noise_scale: float) -> Engine:
        return Engine(self.graphs, self.vocabulary, self.description, seed, noise_scale)


class DefaultVoice(Voice):
    """Whichever embedded voice sings the song's language; each is opened when first needed."""

    def __init__(self, description: VoiceDescription, *, threads: int | None = None) -> None:
        super().__init__(replace(description, name=embedded.DEFAULT), VoiceGraphs({}, excited=description.excited))
        self._threads = threads
        self._opened: dict[str, Voice] = {}

    def for_language(self, language: str) -> Voice:
        if language not in self._opened:
            self._opened[language] = Voice.load(embedded.folder_for_language(language), threads=self._threads)
        return self._opened[language]

    @property
    def singers(self) -> tuple[str, ...]:
        """Those of all the embedded voices."""
        known = embedded.embedded_voices().values()
        return tuple(dict.fromkeys(name for voice in known for name in voice.singers or (voice.singer,)))

    def for_singer(self, singer: str) -> Voice:
        """The embedded voice that this singer lent theirs."""
        for name in embedded.embedded_voices():
            voice = Voice.load(name, threads=self._threads)
            if singer in voice.singers:
                return voice.for_singer(singer)
        return super().for_singer(singer)

    @property
    def _spelling_language(self) -> str | None:
        return None


@dataclass(frozen=True)
class _Place:
    """Where a note is looked up for messages."""

    path: Path | None
    part: Part | None

    def of(self, note: int) -> str:
        if self.part is None or not 0 <= note < len(self.part.notes):
            return ""
        return at_bar(self.path, self.part.notes[note].bar, self.part.notes[note].beat)


def sung_parts(score: Score) -> tuple[int, ...]:
    """The parts that have words."""
    return tuple(k for k, part in enumerate(score.parts) if part.sung)


def _language(performance: Performance) -> str:
    return next((p.phrase.language for p in performance.phrases if p.phrase.language), "")


def _refuse_unknown(
    song: Song | SpelledPart, vocabulary: Vocabulary, place: _Place, sounds: Mapping[str, str] | None
) -> None:
    """Raise LyricError, at the first phoneme that the voice was not trained on, naming all of them."""
    symbols = song.symbols()
    if isinstance(song, SpelledPart) and vocabulary.missing((SILENCE, BREATH)):
        symbols = {slot.symbol: slot.note for slot in song.slots([])} | symbols  # which of the pauses there will be
    missing = vocabulary.missing(symbols)
    if missing:
        try:
            vocabulary.ids(missing, language=song.language, sounds=sounds)
        except LyricError as unknown:
            raise type(unknown)(unknown.problem, where=place.of(symbols[missing[0]]), remedy=unknown.remedy) from None
