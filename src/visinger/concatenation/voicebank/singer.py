"""The voicebank singer: any UTAU bank made to sing any phrase of its language, by rule.

Each note is sung from the recordings of the nearest pitch; between a vowel and
what follows it goes the transition that was recorded (VCV, VC, vowel to vowel),
where there is one, else a cross-fade. Times follow rules and the score lock, F0
follows `contour`, the sound is WORLD's for all that is voiced and the
recordings' own for voiceless consonants. Needs no network and no torch.
"""

import numpy as np

from visinger.audio import Wave
from visinger.concatenation import chance, contour, dynamics
from visinger.concatenation.voicebank.aliases import ANY, SILENT
from visinger.concatenation.voicebank.events import STOP, Event, events
from visinger.concatenation.voicebank.pieces import Piece, Pieces
from visinger.concatenation.voicebank.stitching import StitchedCanvas
from visinger.errors import LyricError
from visinger.language import phoneme_set
from visinger.phrasing.lock import lock
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import BREATH, Phrase
from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ

SHORTEST_ONSET_MS, LONGEST_ONSET_MS = 40.0, 150.0
FALLBACK_ONSET_MS = 70.0
STOP_MS = 90.0
CODA_SHARE = 0.35  # of a note, for a nasal that closes its syllable
_SHORTER_BELOW_FRAMES = 30  # consonants of notes under 0.3 s are hurried


class VoicebankSinger:
    """Sings phrases with the pieces of one bank."""

    name = "voicebank"
    sample_rate_hz = SAMPLE_RATE_HZ
    hop_samples = HOP_SAMPLES

    def __init__(self, pieces: Pieces, *, manner: contour.Manner | None = None) -> None:
        self.pieces = pieces
        self.manner = manner or contour.Manner()

    @property
    def _middle_midi(self) -> float:
        """The middle of the recorded pitches, at which a note is neither loud nor soft."""
        return float(np.mean([pitch.midi for pitch in self.pieces.pitches]))

    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:
        """Times by rule under the score lock, pitch by rule; raises LyricError for another language's phonemes."""
        kinds = phoneme_set(self.pieces.language)
        predicted = np.maximum(phrase.note_frames.astype(np.float64), 1.0)
        voiced = np.array([kinds.get(symbol) in ("vowel", "voiced") for symbol in phrase.phonemes])
        for event in events(phrase, self.pieces.language):
            frames = phrase.note_frames[event.first]
            hurry = min(1.0, 0.55 + 0.45 * frames / _SHORTER_BELOW_FRAMES)
            if event.symbol == STOP:
                predicted[event.nuclei] = STOP_MS * hurry * FRAMES_PER_SECOND / 1000
            elif not event.onset and not event.silent and _closes(phrase, event):
                predicted[event.nuclei[0]] = CODA_SHARE * frames
            rng = chance.of_note(seed, _note(phrase, event), chance.DURATION)
            for n in event.onset:
                own_ms = self.pieces.consonant_ms(phrase.phonemes[n]) or FALLBACK_ONSET_MS
                length_ms = np.clip(own_ms, SHORTEST_ONSET_MS, LONGEST_ONSET_MS) * hurry * rng.lognormal(0.0, 0.15)
                predicted[n] = length_ms / len(event.onset) * FRAMES_PER_SECOND / 1000
        frames = lock(phrase, predicted)
        f0_hz = contour.draw(phrase, frames, voiced, seed=seed, manner=self.manner)
        return PhrasePerformance(phrase, frames, f0_hz)

    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        """The sound, exactly T × 240 samples at 24 kHz; `seed` chooses among recordings."""
        phrase, pieces = performance.phrase, self.pieces
        starts = np.concatenate([[0], np.cumsum(performance.frames)])
        canvas = StitchedCanvas(
            performance.f0_hz,
            first_frame=phrase.start_frame,
            seed=seed,
            typical_db=pieces.typical_db,
            loudness_db=dynamics.curve(
                phrase, performance.frames, seed=seed, dynamics=self.manner.dynamics, middle_midi=self._middle_midi
            ),
        )
        sung = events(phrase, pieces.language)
        before: Event | None = None  # the sounding event that ends where this one starts
        for place, event in enumerate(sung):
            begin, end = int(starts[event.first]), int(starts[event.last + 1])
            after = sung[place + 1] if place + 1 < len(sung) else None
            if event.symbol == BREATH and pieces.breath is not None and end > begin:
                canvas.breathe(pieces.breath, begin, end)
            if event.silent or end <= begin:
                before = None if event.silent else before
                continue
            body = self._body(phrase, event, self._kinds_of_end(phrase, before) if before else (SILENT,), seed)
            vowel = int(starts[event.nuclei[0]])
            transition = None
            if before is not None:
                transition = self._transition(phrase, before, event, body)
                if transition is not None:
                    canvas.close(transition, (int(starts[before.nuclei[0]]), begin))
                canvas.release(begin, "voiceless" if len(body.consonant) else "voiced", recorded=transition is not None)
            rng = chance.of_note(seed, _note(phrase, event), chance.RECORDING)
            led = transition is body
            canvas.hold(body, (begin, vowel, end), joined=before is not None, led=led, rng=rng)
            if after is None or after.silent:
                self._end(canvas, phrase, event, (vowel, end), into="voiceless" if _stops(after) else "rest")
            before = event
        return Wave(canvas.wave(), SAMPLE_RATE_HZ)

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        """Perform, then render."""
        return self.render(self.perform(phrase, seed=seed), seed=seed)

    def _end(self, canvas: StitchedCanvas, phrase: Phrase, event: Event, frames: tuple[int, int], *, into: str) -> None:
        """A vowel's end before silence."""
        kinds, pitches = self._kinds_of_end(phrase, event), self._pitches(phrase, event)
        found = (self.pieces.endings.get((pitch, kind)) for pitch in pitches for kind in kinds)
        ending = next((piece for piece in found if piece is not None), None)
        if ending is not None:
            canvas.close(ending, frames)
        canvas.release(frames[1], into, recorded=ending is not None)

    def _body(self, phrase: Phrase, event: Event, left: tuple[str, ...], seed: int) -> Piece:
        """The piece that sings an event after a vowel end of the kinds `left`; the nearest pitch first.

        Raises LyricError where the syllable was never recorded.
        """
        sounds = tuple(phrase.phonemes[n] for n in event.onset), event.symbol
        wanted = (*left, ANY, SILENT)
        for pitch in self._pitches(phrase, event):
            recorded = self.pieces.bodies.get((pitch, sounds), ())
            for kind in wanted:
                fitting = [piece for piece in recorded if piece.left == kind]
                if fitting:
                    rng = chance.of_note(seed, _note(phrase, event), chance.RECORDING)
                    return fitting[int(rng.integers(len(fitting)))]
            if recorded:
                return recorded[0]
        written = " ".join((*sounds[0], sounds[1]))
        raise LyricError(
            f"the voicebank has no recording of '{written}'",
            where=self.pieces.path,
            remedy="choose other lyrics, or a fuller bank",
        )

    def _transition(self, phrase: Phrase, before: Event, event: Event, body: Piece) -> Piece | None:
        """What was recorded between two events; None where nothing was."""
        ends = self._kinds_of_end(phrase, before)
        if body.left in ends:
            return body
        first = phrase.phonemes[event.first]
        for pitch in self._pitches(phrase, before):
            for end in ends:
                if event.onset:
                    found = self.pieces.closings.get((pitch, end, first))
                    if found is not None:
                        return found
        return None

    def _pitches(self, phrase: Phrase, event: Event) -> list[int]:
        return self.pieces.by_nearness(int(phrase.pitches[event.nuclei[0]]))

    def _kinds_of_end(self, phrase: Phrase, event: Event) -> tuple[str, ...]:
        """The kind of end of an event, and what may stand in for it."""
        kind = self.pieces.spelling.end_of(tuple(phrase.phonemes[n] for n in event.onset), event.symbol)
        return (kind, *self.pieces.spelling.near.get(kind, ()))


def _closes(phrase: Phrase, event: Event) -> bool:
    """True for a sound that closes the syllable of its own note."""
    n = event.nuclei[0]
    return n > 0 and phrase.slot[n] == phrase.slot[n - 1] and not phrase.before_beat[n - 1]


def _stops(after: Event | None) -> bool:
    return after is not None and after.symbol == STOP


def _note(phrase: Phrase, event: Event) -> int:
    """The song's index of the note that an event is sung on; SILENCE and breaths share one."""
    return int(phrase.score_notes[phrase.slot[event.nuclei[0]]])
