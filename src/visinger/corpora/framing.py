"""A recording laid on the frame grid: durations from the labels, slots from the score.

Shapes: N phonemes · K slots · T frames.

Every time is rounded once, from its absolute value, so nothing drifts. A slot
is one note or one rest. Where the singer pauses and the score has no rest, the
rest takes its time from the end of the note before (at most half of it); where
the score has a rest that is sung through, the note before keeps it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visinger.corpora.recording import NO_NOTE, Recording, TimedPhoneme
from visinger.corpora.take import Take
from visinger.phrasing.phrase import REST, Phrase
from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ, frame_at


@dataclass(frozen=True)
class Framed:
    """A recording's phonemes and slots in frames."""

    recording: Recording
    phonemes: tuple[str, ...]  # (N)
    starts: NDArray[np.int64]  # (N + 1) frame of each phoneme; the last is T
    slot: NDArray[np.int64]  # (N)
    slot_starts: NDArray[np.int64]  # (K + 1)
    slot_notes: NDArray[np.int64]  # (K) index into recording.notes, NO_NOTE for rests
    before_beat: NDArray[np.bool_]  # (N)
    slurred: NDArray[np.bool_]  # (N)

    @property
    def frames(self) -> int:
        return int(self.starts[-1])

    def pitches(self) -> NDArray[np.int64]:
        """(N) the MIDI pitch of each phoneme's note; REST in pauses."""
        paused = np.array([phoneme.paused for phoneme in self.recording.phonemes], dtype=bool)
        notes = self.recording.notes
        by_slot = np.array([REST if k == NO_NOTE else notes[k].pitch_midi for k in self.slot_notes], dtype=np.int64)
        return np.where(paused, REST, by_slot[self.slot])


def spread(wanted: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Boundaries (n + 1) from 0 to `total`, each as wanted but at least one frame after the one before.

    `wanted` holds n starts; needs n <= total.
    """
    count = len(wanted)
    if count > total:
        raise ValueError(f"{count} phonemes do not fit into {total} frames")
    steps = np.arange(count)
    earliest = np.maximum.accumulate(np.maximum(wanted, 0) - steps) + steps  # at least one frame each
    starts = np.minimum(earliest, total - (count - steps))
    starts[0] = 0
    return np.append(starts, total).astype(np.int64)


def lay(recording: Recording) -> Framed:
    """The recording on its frame grid; the wave's last incomplete frame is dropped."""
    total = len(recording.wave.samples) // HOP_SAMPLES
    phonemes = recording.phonemes
    starts = spread(np.array([frame_at(p.start_seconds) for p in phonemes], dtype=np.int64), total)
    groups = _groups(phonemes)
    slot = np.zeros(len(phonemes), dtype=np.int64)
    before_beat = np.zeros(len(phonemes), dtype=bool)
    for k, (note, first, end) in enumerate(groups):
        slot[first:end] = k
        if note != NO_NOTE and recording.convention == "vowel-anchored":
            before_beat[first:end] = _before_nucleus(phonemes[first:end])
    wanted = _slot_seconds(recording, groups)
    slot_starts = spread(np.array([frame_at(seconds) for seconds in wanted], dtype=np.int64), total)
    return Framed(
        recording=recording,
        phonemes=tuple(p.symbol for p in phonemes),
        starts=starts,
        slot=slot,
        slot_starts=slot_starts,
        slot_notes=np.array([note for note, _, _ in groups], dtype=np.int64),
        before_beat=before_beat,
        slurred=np.array([p.slurred for p in phonemes], dtype=bool),
    )


def _groups(phonemes: tuple[TimedPhoneme, ...]) -> list[tuple[int, int, int]]:
    """`(note, first, end)` runs of phonemes; a pause inside a note stays with the note."""
    groups: list[tuple[int, int, int]] = []
    for n, phoneme in enumerate(phonemes):
        if groups and groups[-1][0] == phoneme.note:
            groups[-1] = (phoneme.note, groups[-1][1], n + 1)
        elif not phoneme.paused and len(groups) >= 2 and groups[-2][0] == phoneme.note:
            note, first, _ = groups[-2]
            groups[-2:] = [(note, first, n + 1)]
        else:
            groups.append((phoneme.note, n, n + 1))
    return groups


def _before_nucleus(phonemes: tuple[TimedPhoneme, ...]) -> list[bool]:
    """True for all that a note sings before its first nucleus."""
    nuclei = [n for n, phoneme in enumerate(phonemes) if phoneme.role == "nucleus"]
    first = nuclei[0] if nuclei else 0
    return [n < first for n in range(len(phonemes))]


def _slot_seconds(recording: Recording, groups: list[tuple[int, int, int]]) -> list[float]:
    """The wanted start of every slot: notes as written, rests where the note before ends."""
    notes, phonemes = recording.notes, recording.phonemes
    seconds: list[float] = []
    for k, (note, first, _) in enumerate(groups):
        if note != NO_NOTE:
            seconds.append(notes[note].start_seconds)
            continue
        if k == 0:
            seconds.append(0.0)
            continue
        before = notes[groups[k - 1][0]]
        if k + 1 == len(groups):
            written = before.end_seconds if before.end_seconds < recording.wave.seconds else None
            following = recording.wave.seconds
        else:
            following = notes[groups[k + 1][0]].start_seconds
            written = before.end_seconds if following - before.end_seconds >= 1 / FRAMES_PER_SECOND else None
        if written is None:  # no rest in the score: from the note's end, at most half of it
            halfway = (before.start_seconds + following) / 2
            written = max(phonemes[first].start_seconds, halfway)
            written = min(written, following - 1 / FRAMES_PER_SECOND)
        seconds.append(written)
    return seconds


def cut(framed: Framed, name: str, first_frame: int, end_frame: int) -> Take:
    """The take between two frames of the song.

    A rest or a pause may be cut in its middle. Where the cut falls between two
    notes, the right one's consonants have nothing to lean on: they belong to
    their own note's slot, which then starts with them.
    """
    first = int(np.searchsorted(framed.starts, first_frame, side="right")) - 1
    end = int(np.searchsorted(framed.starts, end_frame, side="left"))
    bounds = np.clip(framed.starts[first : end + 1], first_frame, end_frame)
    low, high = int(framed.slot[first]), int(framed.slot[end - 1]) + 1
    slot_starts = framed.slot_starts[low : high + 1] - first_frame
    slot_starts = spread(slot_starts[:-1], end_frame - first_frame)
    slot = framed.slot[first:end] - low
    recording = framed.recording
    notes = [NO_NOTE if k == NO_NOTE else recording.notes[k].index for k in framed.slot_notes[low:high]]
    phrase = Phrase(
        phonemes=framed.phonemes[first:end],
        pitches=framed.pitches()[first:end],
        slot=slot,
        before_beat=framed.before_beat[first:end] & (slot > 0),
        slot_starts=slot_starts,
        score_notes=np.array(notes, dtype=np.int64),
        slurred=framed.slurred[first:end] & (np.arange(end - first) > 0),
        start_frame=first_frame,
        convention=recording.convention,
        language=recording.language,
    )
    return Take(
        name=name,
        song=recording.name,
        singer=recording.singer,
        phrase=phrase,
        frames=np.diff(bounds),
        f0_hz=recording.f0_hz[first_frame:end_frame].astype(np.float32),
        samples=recording.wave.samples[first_frame * HOP_SAMPLES : end_frame * HOP_SAMPLES],
        sample_rate_hz=SAMPLE_RATE_HZ,
        hop_samples=HOP_SAMPLES,
    )


def without_notes(recording: Recording) -> Recording:
    """The recording with only the notes that have a phoneme, so that every slot is sung."""
    sung = sorted({p.note for p in recording.phonemes if p.note != NO_NOTE})
    place = {note: k for k, note in enumerate(sung)}
    phonemes = tuple(replace(p, note=place.get(p.note, NO_NOTE)) for p in recording.phonemes)
    return replace(recording, notes=tuple(recording.notes[k] for k in sung), phonemes=phonemes)
