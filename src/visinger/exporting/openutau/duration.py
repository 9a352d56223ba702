"""dsdur: the lengths of phonemes on the notes of a part (VISinger eqs. 7-8, then the score lock).

The editor's words run from a vowel to the next; it stretches what is predicted
for a word to the time between its notes, consonants and all. So that they keep
their predicted lengths, the prediction is locked to the words here already
(`phrasing/lock.py`'s rule for vowel-anchored phrases) and nothing is left to
stretch. Only the consonants before the first note are taken as they come.

Shapes: N phonemes · W words.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from visinger.exporting.openutau.acoustic import ScoreReader
from visinger.exporting.openutau.syllables import PAUSE_FRAMES, Kinds, Slots, note_frames, pitch_ids, slots
from visinger.models.visinger import VISinger
from visinger.phrasing.lock import (
    KEPT_FRAMES,
    KEPT_SHARE_DENOMINATOR,
    KEPT_SHARE_NUMERATOR,
    LONGEST_CODA_FRAMES,
    LONGEST_ONSET_FRAMES,
)
from visinger.phrasing.phrase import SILENCE

LEAST = 1e-3  # of a predicted length, in frames


class DurationLinguistic(nn.Module):
    """The editor hands its outputs on unread: phoneme, its word's length, and whether it starts a word."""

    def forward(
        self, tokens: Int[Tensor, "1 N"], word_div: Int[Tensor, "1 W"], word_dur: Int[Tensor, "1 W"]
    ) -> tuple[Float[Tensor, "1 N 3"], Bool[Tensor, "1 N"]]:
        ends = word_div[0].cumsum(0)
        place = torch.arange(tokens.shape[1], device=tokens.device)
        word = (place[:, None] >= ends[None]).long().sum(dim=1).clamp(max=word_div.shape[1] - 1)
        starts = (place[:, None] == (ends - word_div[0])[None]).any(dim=1)
        packed = torch.stack([tokens[0].float(), word_dur[0][word].float(), starts.float()], dim=1)
        return packed[None], tokens == 0


class Duration(nn.Module):
    """Packed words and their pitches → the length of every phoneme in frames, summing to the words'."""

    def __init__(self, model: VISinger, symbols: Sequence[str], language: str, *, singer: int = 0) -> None:
        super().__init__()
        self.read, self.model = ScoreReader(model, singer), model
        self.kinds = Kinds(symbols, language)
        self.register_buffer("silence", torch.tensor([symbols.index(SILENCE) + 1]), persistent=False)

    def forward(
        self,
        encoder_out: Float[Tensor, "1 N 3"],
        x_masks: Bool[Tensor, "1 N"],  # noqa: ARG002 -- of padding, of which a phrase has none
        ph_midi: Int[Tensor, "1 N"],
    ) -> Float[Tensor, "1 N"]:
        packed = encoder_out[0]
        # a part ends in silence, of which the editor says nothing
        tokens = torch.cat([packed[:, 0].round().long(), self.silence])
        words = torch.cat([packed[:, 1], torch.full_like(packed[:1, 1], PAUSE_FRAMES)])
        starts = torch.cat([packed[:, 2] > 0.5, torch.ones_like(self.silence, dtype=torch.bool)])
        midi = torch.cat([ph_midi[0].to(packed.dtype), torch.zeros_like(packed[:1, 0])])
        found = slots(self.kinds, tokens, starts)
        lengths = note_frames(found, found.sums(words, found.anchors))
        text = self.read(tokens, pitch_ids(found, midi), lengths)
        every = torch.ones_like(words)[None, None]
        predicted = self.model.durations(text, lengths[None], every)[0].clamp(min=LEAST)
        return locked(found, predicted, found.sums(words, found.anchors))[None, :-1]


def locked(found: Slots, predicted: Float[Tensor, "N"], slot_frames: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
    """Consonants at their predicted lengths within bounds, vowels and codas in what is left of their slot.

    `slot_frames` (slots first) are the times from vowel to vowel. The sums are
    whole frames; how a sum is divided is left to the editor's own rounding.
    """
    body, anchors = ~found.onset, found.anchors
    one = torch.ones_like(predicted)
    onsets, bodies = found.sums(one, found.onset), found.sums(one, body)
    wanted = torch.floor(found.sums(predicted, found.onset) + 0.5)
    wanted = torch.maximum(torch.minimum(wanted, onsets.clamp(min=LONGEST_ONSET_FRAMES)), onsets)
    kept = torch.maximum(
        KEPT_FRAMES * bodies, torch.ceil(KEPT_SHARE_NUMERATOR * slot_frames / KEPT_SHARE_DENOMINATOR - LEAST)
    )
    room = (slot_frames - kept).clamp(min=0.0)
    at_least = torch.minimum((slot_frames - bodies).clamp(min=0.0), _next(onsets))
    taken = torch.minimum(_next(wanted), torch.maximum(room, at_least))  # from each slot by the consonants after it
    totals = slot_frames - taken
    early = torch.cat([torch.zeros_like(taken[:1]), taken[:-1]])

    codas = bodies - found.sums(one, anchors)
    coda_predicted = found.sums(predicted, body & ~anchors)
    all_predicted = coda_predicted + found.sums(predicted, anchors)
    closing = torch.floor(totals * coda_predicted / all_predicted.clamp(min=LEAST) + 0.5)
    most = torch.minimum(torch.floor(totals / 2), codas.clamp(min=LONGEST_CODA_FRAMES))
    closing = torch.maximum(torch.minimum(closing, most), codas)
    closing = torch.where(codas > 0, torch.minimum(closing, (totals - 1).clamp(min=0.0)), torch.zeros_like(closing))

    share = predicted / torch.where(found.onset, found.sums(predicted, found.onset)[found.slot], one)
    onset_frames = share * early[found.slot]
    coda_frames = predicted / coda_predicted[found.slot].clamp(min=LEAST) * closing[found.slot]
    held = (totals - closing)[found.slot]
    return torch.where(found.onset, onset_frames, torch.where(anchors, held, coda_frames)).clamp(min=LEAST)


def _next(values: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
    """Each slot's follower's; the last has none."""
    return torch.cat([values[1:], torch.zeros_like(values[:1])])
