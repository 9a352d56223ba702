"""The editor's side, replayed: notes in, and what OpenUtau would send to a bank's models and make of their answers.

Times are exact here; the editor rounds them to its ticks, a millisecond or so.

Shapes: N phonemes · K notes · T frames · R samples at the vocoder's rate.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visinger.errors import VoiceError
from visinger.units import hz_from_midi
from visinger.voices.openutau.archive import BankFiles
from visinger.voices.openutau.contract import PAD_FRAMES, SILENCE
from visinger.voices.openutau.dictionary import BankDictionary
from visinger.voices.openutau.models import Model, row
from visinger.voices.openutau.settings import Settings
from visinger.voices.openutau.words import EditorNote, Groups, Phone, groups_of

STEPS = 20  # of diffusion, the editor's own default; a bank may ignore them
# what the editor's own predictions and curves lie near, for banks that ask for them
NEUTRAL = {"gender": 0.0, "velocity": 1.0, "energy": -30.0, "breathiness": -60.0, "voicing": -20.0, "tension": 0.0}
FLAGS = {
    "gender": "use_key_shift_embed",
    "velocity": "use_speed_embed",
    "energy": "use_energy_embed",
    "breathiness": "use_breathiness_embed",
    "voicing": "use_voicing_embed",
    "tension": "use_tension_embed",
}


@dataclass(frozen=True)
class Stage:
    """One folder of a bank: its settings, its phonemes' numbers and its models."""

    settings: Settings
    tokens: dict[str, int]
    models: dict[str, Model]

    def ids(self, symbols: Iterable[str]) -> list[int]:
        """Raises VoiceError for a phoneme that this stage does not know."""
        try:
            return [self.tokens[symbol] for symbol in symbols]
        except KeyError as error:
            problem = f"does not hold the phoneme {error}"
            raise VoiceError(problem, where=self.settings.beside("phonemes"), remedy="add it and train") from None


@dataclass(frozen=True)
class Sung:
    """A phrase as a bank sang it; the first sample and the first frame stand at `start_ms`."""

    start_ms: float
    phones: tuple[Phone, ...]
    f0_hz: NDArray[np.float64]  # (T) the curve that was sent
    samples: NDArray[np.float32]  # (R)
    sample_rate_hz: int


class Editor:
    """A bank, played."""

    def __init__(
        self,
        files: BankFiles,
        dictionary: BankDictionary,
        *,
        acoustic: Stage,
        vocoder: Stage,
        duration: Stage,
        pitch: Stage | None,
    ) -> None:
        self.files, self.dictionary = files, dictionary
        self.acoustic, self.vocoder, self.duration, self.pitch = acoustic, vocoder, duration, pitch

    def groups(self, notes: Sequence[EditorNote]) -> Groups:
        """The notes' phonemes, before their lengths are known."""
        return groups_of(notes, self.dictionary, self.duration.tokens)

    def phones(self, notes: Sequence[EditorNote]) -> tuple[Phone, ...]:
        """Phonemes with the lengths that dsdur predicts, on the grid of notes that follow each other without a gap."""
        stage, groups = self.duration, self.groups(notes)
        frame_ms = stage.settings.frame_ms
        words = {"word_div": row(groups.counts, np.int64), "word_dur": row(groups.frames(frame_ms), np.int64)}
        linguistic = {"tokens": row(stage.ids(groups.symbols), np.int64), **words}
        given = _named(stage.models["linguistic"], linguistic | _languages(self.files, stage, groups.symbols))
        given["ph_midi"] = row(groups.tones, np.int64)
        given |= {name: tensor for name, tensor in words.items() if name in stage.models["dur"].inputs}
        given |= _speakers(self.files, stage, len(groups.symbols))
        return groups.phones(stage.models["dur"].run(given)[0].reshape(-1).tolist(), frame_ms)

    def drawn_hz(
        self, notes: Sequence[EditorNote], phones: Sequence[Phone], *, kept_midi: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """(T) the pitch that dspitch draws, or the bare notes where the bank has none.

        `kept_midi` (T) stays where it is not NaN, as where a user keeps some notes' pitch.
        """
        start_ms = phones[0].start_ms
        stage = self.pitch
        frame_ms = (stage or self.acoustic).settings.frame_ms
        lengths = padded_frames(phones, frame_ms)
        total = sum(lengths)
        if stage is None:
            times = start_ms + (np.arange(total) - PAD_FRAMES) * frame_ms
            starts = np.array([note.start_ms for note in notes])
            at = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
            return hz_from_midi(np.array([note.tone for note in notes])[at])
        symbols = _padded(phones)
        tones = [float(notes[0].tone), *(float(note.tone) for note in notes)]
        note_frames = _note_frames(notes, start_ms, frame_ms, total)
        linguistic = {"tokens": row(stage.ids(symbols), np.int64), **self._rhythm(stage, phones, lengths)}
        given = _named(stage.models["linguistic"], linguistic | _languages(self.files, stage, symbols))
        given.pop("x_masks", None)
        kept = np.full(total, np.nan) if kept_midi is None else kept_midi
        given |= {
            "note_midi": row(tones, np.float32),
            "note_dur": row(note_frames, np.int64),
            "ph_dur": row(lengths, np.int64),
            "pitch": row(np.where(np.isnan(kept), 60.0, kept), np.float32),
            "retake": row(np.isnan(kept), np.bool_),
            **_sampling(stage.settings),
            **_speakers(self.files, stage, total),
        }
        if stage.settings.flag("use_expr"):
            given["expr"] = row(np.ones(total), np.float32)
        if stage.settings.flag("use_note_rest"):
            given["note_rest"] = row([True, *(False for _ in notes)], np.bool_)
        midi = stage.models["pitch"].run(given)[0].reshape(-1)
        if midi.shape != (total,) or not np.isfinite(midi).all():
            problem = f"gave {midi.shape} pitches for {total} frames, or some that are no numbers"
            raise VoiceError(problem, where=stage.models["pitch"].name, remedy="export the bank again")
        return hz_from_midi(midi)

    def _rhythm(self, stage: Stage, phones: Sequence[Phone], lengths: list[int]) -> dict[str, NDArray[Any]]:
        """Lengths by phoneme, or by word, as the pitch model's settings ask."""
        if not stage.settings.flag("predict_dur"):
            return {"ph_dur": row(lengths, np.int64)}
        vowels = [k for k, phone in enumerate(phones) if self.dictionary.is_vowel(phone.symbol)] or [len(phones) - 1]
        marks = [0, *(vowel + 1 for vowel in vowels), len(phones) + 2]
        ends = np.cumsum([0, *lengths])
        return {
            "word_div": row([after - before for before, after in pairwise(marks)], np.int64),
            "word_dur": row([int(ends[after] - ends[before]) for before, after in pairwise(marks)], np.int64),
        }

    def render(self, phones: Sequence[Phone], f0_hz: NDArray[np.float64]) -> Sung:
        """Acoustic model and vocoder over phonemes and a pitch curve (T)."""
        stage = self.acoustic
        frame_ms = self.vocoder.settings.frame_ms
        lengths = padded_frames(phones, frame_ms)
        total = sum(lengths)
        if len(f0_hz) != total:  # a pitch model of another hop
            f0_hz = np.interp(np.linspace(0, 1, total), np.linspace(0, 1, len(f0_hz)), f0_hz)
        curve = row(f0_hz, np.float32)
        symbols = _padded(phones)
        given: dict[str, NDArray[Any]] = {
            "tokens": row(stage.ids(symbols), np.int64),
            "durations": row(lengths, np.int64),
            "f0": curve,
            **_sampling(stage.settings),
            **_languages(self.files, stage, symbols),
            **_speakers(self.files, stage, total),
        }
        wanted = [name for name, flag in FLAGS.items() if stage.settings.flag(flag)]
        given |= {name: row(np.full(total, NEUTRAL[name]), np.float32) for name in wanted}
        mel = stage.models["acoustic"].run(given)[0]
        if mel.ndim != 3 or mel.shape[:2] != (1, total):
            problem = f"gave a tensor of {mel.shape} for {total} frames"
            raise VoiceError(problem, where=stage.models["acoustic"].name, remedy="export the bank again")
        mel = mel * _base_change(stage.settings.text("mel_base"), self.vocoder.settings.text("mel_base"))
        wave = self.vocoder.models["vocoder"].run({"mel": mel.astype(np.float32), "f0": curve})[0]
        if wave.ndim != 2 or wave.shape[0] != 1 or not np.isfinite(wave).all():
            problem = f"gave a wave of {wave.shape}, or samples that are no numbers"
            raise VoiceError(problem, where=self.vocoder.models["vocoder"].name, remedy="export the bank again")
        start_ms = phones[0].start_ms - PAD_FRAMES * frame_ms
        rate_hz = self.vocoder.settings.whole("sample_rate")
        return Sung(start_ms, tuple(phones), f0_hz, wave[0].astype(np.float32), rate_hz)

    def sing(self, notes: Sequence[EditorNote]) -> Sung:
        """A phrase from its notes alone: predicted lengths, predicted pitch, sound."""
        phones = self.phones(notes)
        return self.render(phones, self.drawn_hz(notes, phones))


def padded_frames(phones: Sequence[Phone], frame_ms: float) -> list[int]:
    """(N) lengths of the phonemes in frames, the silence before and after them included; ends are rounded, not sums."""
    pad = PAD_FRAMES * frame_ms
    return _in_frames([pad, *(phone.end_ms - phone.start_ms for phone in phones), pad], frame_ms)


def _in_frames(lengths_ms: Sequence[float], frame_ms: float) -> list[int]:
    ends = [round(float(end) / frame_ms + 0.5) for end in np.cumsum(lengths_ms)]  # halves to even, as the editor does
    return [after - before for before, after in pairwise([0, *ends])]


def _note_frames(notes: Sequence[EditorNote], start_ms: float, frame_ms: float, total: int) -> list[int]:
    """(K + 1) from the phrase's start to the first note, then from note to note; `total` in sum."""
    before = notes[0].start_ms - start_ms + PAD_FRAMES * frame_ms
    steps = [following.start_ms - note.start_ms for note, following in pairwise(notes)]
    frames = _in_frames([before, *steps], frame_ms)
    return [*frames, total - sum(frames)]


def _padded(phones: Sequence[Phone]) -> list[str]:
    return [SILENCE, *(phone.symbol for phone in phones), SILENCE]


def _named(model: Model, given: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A linguistic model's two outputs, which the editor takes by name."""
    answers = dict(zip(model.outputs, model.run(given), strict=True))
    try:
        return {name: answers[name] for name in ("encoder_out", "x_masks")}
    except KeyError as error:
        raise VoiceError(f"gives no {error}", where=model.name, remedy="export the bank again") from None


def _sampling(settings: Settings) -> dict[str, NDArray[Any]]:
    """How many steps of diffusion are wished for, in whichever way the settings ask."""
    by_steps = settings.flag("use_continuous_acceleration")
    asked = "use_variable_depth" if "use_variable_depth" in settings.values else "use_shallow_diffusion"
    given: dict[str, NDArray[Any]] = {}
    if settings.flag(asked) and settings.text("acoustic"):
        depth = float(settings.text("max_depth") or "1")
        given["depth"] = np.array([depth], np.float32) if by_steps else np.array([int(depth)], np.int64)
    given["steps" if by_steps else "speedup"] = np.array([STEPS if by_steps else 1000 // STEPS], np.int64)
    return given


def _languages(files: BankFiles, stage: Stage, symbols: Sequence[str]) -> dict[str, NDArray[Any]]:
    if not stage.settings.flag("use_lang_id"):
        return {}
    try:
        numbers = json.loads(files.text(stage.settings.beside("languages")))
        return {
            "languages": row([int(numbers.get(s.partition("/")[0], 0)) if "/" in s else 0 for s in symbols], np.int64)
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        where, remedy = stage.settings.beside("languages"), "write it again"
        raise VoiceError("is no mapping of languages to numbers", where=where, remedy=remedy) from None


def _speakers(files: BankFiles, stage: Stage, count: int) -> dict[str, NDArray[Any]]:
    """The first speaker's vector at every place, where the settings name speakers."""
    names = stage.settings.names("speakers")
    if not names:
        return {}
    folder = stage.settings.name.rpartition("/")[0]
    vector = np.frombuffer(files.read(f"{folder}/{names[0]}.emb".lstrip("/")), dtype="<f4")
    if len(vector) != stage.settings.whole("hidden_size"):
        problem = f"the vector of '{names[0]}' has {len(vector)} values, not {stage.settings.whole('hidden_size')}"
        raise VoiceError(problem, where=stage.settings.name, remedy="set hidden_size, or export the vector again")
    return {"spk_embed": np.tile(vector, (1, count, 1)).astype(np.float32)}


def _base_change(ours: str, wanted: str) -> np.float32:
    factors = {("10", "e"): 2.30259, ("e", "10"): 0.434294}
    return np.float32(factors.get((ours, wanted), 1.0))
