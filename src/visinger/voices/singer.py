"""A neural voice as one singer among others: phrase by phrase, for evaluation and comparison."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.phrase import Phrase
from visinger.voices.performing import perform_phrase
from visinger.voices.voice import Voice


class VoiceSinger:
    """`phrasing.singer.Singer` on top of a voice."""

    def __init__(self, voice: Voice, *, noise_scale: float | None = None) -> None:
        self.voice = voice
        self.name = voice.name
        self.sample_rate_hz = voice.sample_rate_hz
        self.hop_samples = voice.hop_samples
        self._noise_scale = voice.description.noise_scale if noise_scale is None else noise_scale

    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:  # noqa: ARG002 -- times and pitch are not drawn
        """Durations under the score lock, and pitch."""
        voice = self.voice.for_language(phrase.language)
        return perform_phrase(voice.graphs, voice.vocabulary, phrase)

    def predicted_frames(self, phrase: Phrase) -> NDArray[np.float64]:
        """(N) d̂ of eq. 8 in frames, before the score lock."""
        voice = self.voice.for_language(phrase.language)
        _, frames = voice.graphs.rhythm(voice.vocabulary.ids(phrase.phonemes), phrase.pitches, phrase.note_frames)
        return frames.astype(np.float64)

    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        """Exactly T × hop samples, a cut phrase's context included."""
        whole = replace(performance, phrase=replace(performance.phrase, keep_frames=None))
        frames = performance.phrase.frames
        return self.voice.render(
            Performance(
                phrases=(whole,),
                samples=frames * self.hop_samples,
                level_db=np.zeros(frames),
                seed=seed,
                noise_scale=self._noise_scale,
                sample_rate_hz=self.sample_rate_hz,
                hop_samples=self.hop_samples,
            )
        )

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        """Perform, then render."""
        return self.render(self.perform(phrase, seed=seed), seed=seed)
