"""The score condition, found again in what OpenUtau's editor sends (VISinger §2.3.1).

No note reaches the acoustic model of a DiffSinger voicebank, only phonemes,
their lengths and a pitch curve. Since vowels stand on the beat, the notes can
be told from them: a *slot* runs from its vowel (or pause) to the next one's,
and consonants belong to the slot that follows them, unless a pause does.

Written for one phrase, without a batch axis, as comparisons and sums, which
export with open lengths. Shapes: N phonemes (at most N slots) · T frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from visinger.language import phoneme_set
from visinger.phrasing.phrase import BREATH, SILENCE

LOWEST_PITCH, HIGHEST_PITCH = 1, 127
PAUSE_FRAMES = 50  # the editor's own padding before a part; the 8 frames around a phrase tell nothing of its rests
CLOSING = ("cl",)  # sound at the end of a slot, wherever they stand


class Kinds(nn.Module):
    """What each phoneme number is: a row of 0 or 1 for each kind; number 0 pads."""

    def __init__(self, symbols: Sequence[str], language: str) -> None:
        super().__init__()
        kinds = phoneme_set(language)
        pauses = [symbol in (SILENCE, BREATH) for symbol in symbols]
        vowels = [kinds.get(symbol) == "vowel" for symbol in symbols]
        closing = [symbol in CLOSING for symbol in symbols]
        self.register_buffer("pauses", torch.tensor([False, *pauses]), persistent=False)
        self.register_buffer("vowels", torch.tensor([False, *vowels]), persistent=False)
        self.register_buffer("closing", torch.tensor([False, *closing]), persistent=False)


@dataclass(frozen=True)
class Slots:
    """Phonemes in their slots."""

    anchors: Bool[Tensor, "N"]  # the first phoneme of a group: what the slot holds
    onset: Bool[Tensor, "N"]  # consonants laid before their slot
    slot: Int[Tensor, "N"]  # each phoneme's own slot
    pause: Bool[Tensor, "N"]  # of each phoneme's slot: is it a rest or breath?

    def sums(self, values: Float[Tensor, "N"], chosen: Bool[Tensor, "N"]) -> Float[Tensor, "N"]:
        """The sum over the chosen phonemes of each slot."""
        return (self._members(self.slot) & chosen[None]).to(values.dtype) @ values

    def group_sums(self, values: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
        """The sum from each slot's anchor to the next: the next slot's consonants included."""
        return self._members(self.group).to(values.dtype) @ values

    def of_anchor(self, values: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
        """(N) what stands at the anchor of each phoneme's own slot."""
        return self.sums(values, self.anchors)[self.slot]

    @property
    def group(self) -> Int[Tensor, "N"]:
        """The slot in whose time each phoneme sounds."""
        return self.slot - self.onset.long()

    def _members(self, of: Int[Tensor, "N"]) -> Bool[Tensor, "N N"]:
        return torch.arange(of.shape[0], device=of.device)[:, None] == of[None]


def slots(kinds: Kinds, tokens: Int[Tensor, "N"], starts: Bool[Tensor, "N"] | None = None) -> Slots:
    """The slots of a phrase's phonemes. `starts` marks where groups start; without it they start at vowels and pauses.

    A phoneme is an onset when nothing that can be held, nor a closing phoneme,
    stands between it and the next group, and that group is sung.
    """
    pauses, vowels, closing = kinds.pauses[tokens], kinds.vowels[tokens], kinds.closing[tokens]
    anchors = vowels | pauses if starts is None else starts
    group = (anchors.long().cumsum(0) - 1).clamp(min=0)
    place = torch.arange(tokens.shape[0], device=tokens.device)
    later = (place[None] >= place[:, None]) & (group[None] == group[:, None])
    held = (later & (vowels | pauses | closing | anchors)[None]).any(dim=1)
    sung_next = ((group[None] == group[:, None] + 1) & (anchors & ~pauses)[None]).any(dim=1)
    onset = ~held & sung_next
    slot = group + onset.long()
    rests = ((slot[:, None] == group[None]) & (anchors & pauses)[None]).any(dim=1)
    return Slots(anchors, onset, slot, rests)


def note_frames(found: Slots, group_frames: Float[Tensor, "N"]) -> Int[Tensor, "N"]:
    """(N) d_N, the length of each phoneme's slot, from the slots' lengths.

    A pause at either end counts as half a second at least.
    """
    frames = group_frames[found.slot]
    outer = (found.slot == 0) | (found.slot == found.slot[-1])
    longer = torch.where(outer & found.pause, frames.clamp(min=PAUSE_FRAMES), frames)
    return longer.round().long().clamp(min=1)


@dataclass(frozen=True)
class Placed:
    """Which phoneme owns each frame, and where in it the frame lies, as `length_regulator.owners` gives them."""

    owner: Int[Tensor, "T"]
    since: Int[Tensor, "T"]  # frames from the phoneme's start
    length: Int[Tensor, "T"]  # of the phoneme

    @property
    def position(self) -> Float[Tensor, "2 T"]:
        relative = (self.since + 0.5) / self.length.clamp(min=1)
        return torch.stack([relative.clamp(max=1.0), torch.log1p(self.since.to(relative.dtype))])


def placed(durations: Int[Tensor, "N"], f0: Float[Tensor, "T"]) -> Placed:
    """The frames' owners; frames after the last phoneme belong to it. `f0` tells how many frames there are."""
    ends = durations.cumsum(0)
    time = torch.arange(f0.shape[0], device=f0.device)
    owner = (time[:, None] >= ends[None]).long().sum(dim=1).clamp(max=durations.shape[0] - 1)
    length = durations[owner]
    return Placed(owner, (time - (ends[owner] - length)).clamp(min=0), length)


def sung_pitches(found: Slots, at: Placed, f0_hz: Float[Tensor, "T"]) -> Int[Tensor, "N"]:
    """(N) pitch IDs: the mean MIDI pitch of each slot's vowel, rounded; 0 in pauses.

    Frames in the middle of a vowel count most: at its ends the voice is on its
    way from or to another note.
    """
    midi = 69.0 + 12.0 * torch.log2(f0_hz.clamp(min=1.0) / 440.0)
    weight = torch.minimum(at.since + 1, at.length - at.since).clamp(min=1).to(midi.dtype)
    owned = (torch.arange(found.slot.shape[0], device=f0_hz.device)[:, None] == at.owner[None]).to(midi.dtype) * weight
    mean = (owned @ midi) / owned.sum(dim=1).clamp(min=1.0)
    return pitch_ids(found, mean)


def pitch_ids(found: Slots, midi: Float[Tensor, "N"]) -> Int[Tensor, "N"]:
    """(N) the anchors' pitch for all of their slot, rounded; 0 in pauses."""
    pitches = torch.floor(found.of_anchor(midi) + 0.5).long().clamp(min=LOWEST_PITCH, max=HIGHEST_PITCH)
    return torch.where(found.pause, torch.zeros_like(pitches), pitches)


def held_log_f0(pitches: Int[Tensor, "N"]) -> Float[Tensor, "N"]:
    """`f0_predictor.note_log_f0` for one phrase, in operations that ONNX has."""
    place = torch.arange(pitches.shape[0], device=pitches.device)
    sung = pitches > 0
    before = torch.where(sung[None] & (place[None] <= place[:, None]), place[None], -1).amax(dim=1)
    first = torch.where(sung, place, pitches.shape[0] - 1).amin(dim=0, keepdim=True)
    held = pitches[torch.where(before >= 0, before, first)]
    held = torch.where(held > 0, held, 60)
    return (held.float() - 69.0) * (0.057762265046662105) + 6.0867747269123065  # ln 2 / 12; ln 440
