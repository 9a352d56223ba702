"""From phrases to performances: durations under the score lock, then pitch (VISinger §2.3.2, §2.3.3).

Shapes: N phonemes · T frames.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.lock import lock
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import REST, Phrase
from visinger.phrasing.regulation import owners
from visinger.phrasing.vocabulary import Vocabulary
from visinger.units import hz_from_midi
from visinger.voices.graphs import VoiceGraphs

VOICED_FROM = 0.5  # voicing probability
LOWEST_HZ, HIGHEST_HZ = 30.0, 3000.0  # no singer leaves these; a wild prediction must not either
NEUTRAL_MIDI = 60  # of a phrase without any note
BLEND_FRAMES = 8  # either side of a cut inside a vowel

Timing = Callable[[Phrase, NDArray[np.int64]], NDArray[np.int64]]
"""A phrase and its locked durations (N) → the durations (N) to sing, of the same sum."""


def as_locked(_phrase: Phrase, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The durations as the score lock left them."""
    return frames


def note_log_f0(pitches: NDArray[np.int64]) -> NDArray[np.float32]:
    """(N) natural log of each phoneme's note pitch in Hz, as the F0 predictor was taught to read it.

    Rests hold the note before them, those at the start take the first note to
    come, and a phrase of rests lies at C4.
    """
    sung = np.flatnonzero(pitches != REST)
    if len(sung) == 0:
        held = np.full(len(pitches), NEUTRAL_MIDI)
    else:
        last = np.searchsorted(sung, np.arange(len(pitches)), side="right") - 1
        held = pitches[sung[np.maximum(last, 0)]]
    return np.log(hz_from_midi(held)).astype(np.float32)


def perform_phrase(
    graphs: VoiceGraphs, vocabulary: Vocabulary, phrase: Phrase, *, timing: Timing = as_locked
) -> PhrasePerformance:
    """Durations (eq. 8, then the score lock) and F0 of one phrase; silence costs nothing.

    `timing` may move the boundaries between phonemes before the pitch is predicted for them.
    """
    if phrase.silent:
        return PhrasePerformance(phrase, lock(phrase, phrase.note_frames.astype(np.float64)), np.zeros(phrase.frames))
    text, predicted = graphs.rhythm(vocabulary.ids(phrase.phonemes), phrase.pitches, phrase.note_frames)
    frames = timing(phrase, lock(phrase, predicted.astype(np.float64)))
    owner, position = owners(frames)
    log_f0, voicing = graphs.intonation(text, owner, position, note_log_f0(phrase.pitches)[owner])
    f0_hz = np.exp(np.clip(log_f0.astype(np.float64), np.log(LOWEST_HZ), np.log(HIGHEST_HZ)))
    return PhrasePerformance(phrase, frames, np.where(voicing >= VOICED_FROM, f0_hz, 0.0))


def perform_all(
    graphs: VoiceGraphs, vocabulary: Vocabulary, phrases: Iterable[Phrase], *, timing: Timing = as_locked
) -> Iterator[PhrasePerformance]:
    """Perform phrase by phrase; where two were cut inside a vowel their pitch curves are joined smoothly.

    Looks one phrase ahead, and only at such a cut.
    """
    held: PhrasePerformance | None = None
    for phrase in phrases:
        performed = perform_phrase(graphs, vocabulary, phrase, timing=timing)
        if held is not None:
            held, performed = _joined(held, performed)
            yield held
            held = None
        if performed.phrase.kept.stop < phrase.frames:
            held = performed
        else:
            yield performed
    if held is not None:
        yield held


def overlap_frames(before: Phrase, after: Phrase) -> int:
    """Frames on either side of the join that both phrases have; 0 where they were not cut."""
    if before.start_frame + before.kept.stop != after.start_frame + after.kept.start:
        return 0
    contexts = before.frames - before.kept.stop, after.kept.start
    kept = (phrase.kept.stop - phrase.kept.start for phrase in (before, after))
    return int(max(min(*contexts, *kept, BLEND_FRAMES), 0))


def rising(frames: int) -> NDArray[np.float64]:
    """(2 × frames) weights from 0 to 1 across a join, for the phrase that comes."""
    return (np.arange(2 * frames) + 0.5) / (2 * frames)


def _joined(before: PhrasePerformance, after: PhrasePerformance) -> tuple[PhrasePerformance, PhrasePerformance]:
    """Both phrases' pitch around their join, cross-faded in log-F0 where both are voiced."""
    reach = overlap_frames(before.phrase, after.phrase)
    if reach == 0:
        return before, after
    here = slice(before.phrase.kept.stop - reach, before.phrase.kept.stop + reach)
    there = slice(after.phrase.kept.start - reach, after.phrase.kept.start + reach)
    old, new, weight = before.f0_hz[here], after.f0_hz[there], rising(reach)
    both = (old > 0) & (new > 0)
    mixed = np.exp((1 - weight) * np.log(np.where(both, old, 1.0)) + weight * np.log(np.where(both, new, 1.0)))
    blended = np.where(both, mixed, np.where(weight < 0.5, old, new))
    first, second = before.f0_hz.copy(), after.f0_hz.copy()
    first[here], second[there] = blended, blended
    return replace(before, f0_hz=first), replace(after, f0_hz=second)
