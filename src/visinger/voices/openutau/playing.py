"""A bank, played: what it does with phrases as the editor sends them."""

import numpy as np
from numpy.typing import NDArray

from visinger.signal.f0 import track_independent
from visinger.signal.level import rms_db
from visinger.units import cents_between, midi_from_hz
from visinger.voices.openutau.contract import PAD_FRAMES
from visinger.voices.openutau.editor import Editor, Sung, padded_frames
from visinger.voices.openutau.findings import Finding, Findings
from visinger.voices.openutau.words import EXTENDS, EditorNote

NOTE_MS = 800.0
TUNE = (0, 2, 4, 2, 0)  # semitones above the lowest note
FIRST_MS = 1000.0
QUIET_DB = -20.0  # the padding's loudest frame, below the phrase's loud ones
CLICK = 0.02  # of full scale, at the first or last sample
LARGEST_OFFSET = 2e-3  # of full scale: direct current
IN_TUNE_CENTS = 10.0
_COMMON = ("ka", "sa", "na", "ta", "ma", "la", "da", "ra")


def tune(editor: Editor, *, tone: int = 60, notes: int = len(TUNE), held: bool = True) -> list[EditorNote]:
    """A few notes on syllables that the bank's dictionary holds, the last vowel `held` over two; empty without any."""
    dictionary, known = editor.dictionary, editor.duration.tokens

    def sings(lyric: str) -> bool:
        symbols = dictionary.spell(lyric, known)
        return len(symbols) == 2 and not dictionary.is_vowel(symbols[0]) and dictionary.is_vowel(symbols[1])

    lyrics = [lyric for lyric in (*_COMMON, *dictionary.entries) if sings(lyric)][: len(_COMMON)]
    lyrics = lyrics or [symbol for symbol in known if dictionary.types.get(symbol) == "vowel"]
    if not lyrics:
        return []
    made = []
    for k, step in enumerate(TUNE[:notes]):
        lyric = EXTENDS if held and k and k == notes - 1 else lyrics[k % len(lyrics)]
        start = FIRST_MS + k * NOTE_MS
        made.append(EditorNote(lyric, tone + step, start, start + NOTE_MS))
    return made


def play(editor: Editor, *, tone: int = 60) -> Findings:
    """Play a tune and say what is heard. Raises VoiceError where a model fails."""
    notes = tune(editor, tone=tone)
    if not notes:
        yield Finding("wrong", editor.dictionary.name, "holds no syllable to sing", "add entries")
        return
    sung = editor.sing(notes)
    yield from _lengths(editor, notes, sung)
    yield from _repeated(editor, notes, sung)
    if editor.pitch is not None:
        yield from _retaken(editor, notes, sung)
    for count in (1, 2):
        short = editor.sing(tune(editor, tone=tone, notes=count))
        yield from _whole(editor, short, f"{count} note(s)")
    yield from _whole(editor, sung, f"{len(notes)} notes")
    yield from _heard(sung)


def _lengths(editor: Editor, notes: list[EditorNote], sung: Sung) -> Findings:
    """Dsdur's answers: vowels on their notes, every phoneme of some length."""
    place = editor.duration.models["dur"].name
    starts = [phone.start_ms for phone in sung.phones if editor.dictionary.is_vowel(phone.symbol)]
    beats = [note.start_ms for note in notes if not note.lyric.startswith(EXTENDS)]
    late = max((abs(a - b) for a, b in zip(starts, beats, strict=False)), default=0.0)
    shortest = min(phone.end_ms - phone.start_ms for phone in sung.phones)
    longest = max((p.end_ms - p.start_ms for p in sung.phones if not editor.dictionary.is_vowel(p.symbol)), default=0.0)
    if shortest <= 0 or not np.isfinite(longest):
        yield Finding("wrong", place, f"gives a phoneme {shortest:.0f} ms", "give every phoneme a positive length")
    elif late > 1.0:
        yield Finding("doubt", place, f"a vowel starts {late:.0f} ms off its note", "see the types in the dictionary")
    else:
        yield Finding("ok", place, f"vowels on their notes, consonants up to {longest:.0f} ms")


def _repeated(editor: Editor, notes: list[EditorNote], sung: Sung) -> Findings:
    """The editor keeps answers under a hash of what was asked: the same must sound the same."""
    again = editor.sing(notes)
    if np.array_equal(again.samples, sung.samples) and np.array_equal(again.f0_hz, sung.f0_hz):
        yield Finding("ok", "caches", "the same phrase gives the same samples, bit for bit")
    else:
        yield Finding(
            "doubt", "caches", "the same phrase sounds different each time", "what is kept will not be what is rendered"
        )


def _retaken(editor: Editor, notes: list[EditorNote], sung: Sung) -> Findings:
    """Pitch that the user keeps stays; the rest is drawn."""
    assert editor.pitch is not None
    place = editor.pitch.models["pitch"].name
    kept = np.full(len(sung.f0_hz), np.nan)
    half = len(kept) // 2
    kept[:half] = midi_from_hz(sung.f0_hz[:half]) + 3.0
    drawn = midi_from_hz(editor.drawn_hz(notes, sung.phones, kept_midi=kept))
    if np.abs(drawn[:half] - kept[:half]).max() < 0.01:
        yield Finding("ok", place, "keeps the pitch of what is not retaken")
    else:
        yield Finding(
            "doubt", place, "draws over pitch that the user keeps", "give back 'pitch' where 'retake' is false"
        )


def _whole(editor: Editor, sung: Sung, told: str) -> Findings:
    """As many samples as the frames that were sent."""
    settings = editor.vocoder.settings
    frames = sum(padded_frames(sung.phones, settings.frame_ms))
    wanted = frames * settings.whole("hop_size")
    place = editor.vocoder.models["vocoder"].name
    if len(sung.samples) == wanted:
        yield Finding("ok", place, f"{told}: {frames} frames, {wanted} samples")
    else:
        text = f"{told}: {len(sung.samples)} samples for {frames} frames, not {wanted}"
        yield Finding("wrong", place, text, "the bank would drift: give hop_size samples a frame")


def _heard(sung: Sung) -> Findings:
    """The sound itself: ends, level, pitch."""
    samples, rate_hz = sung.samples, sung.sample_rate_hz
    hop = len(samples) // len(sung.f0_hz)
    level_db = rms_db(samples, hop=hop, window=hop)
    loud_db = float(np.percentile(level_db, 95))
    pads = np.concatenate([level_db[: PAD_FRAMES // 2], level_db[-PAD_FRAMES // 2 :]])
    if pads.max() > loud_db + QUIET_DB:
        text = f"the padding is {pads.max() - loud_db:.0f} dB beside the singing"
        yield Finding("doubt", "sound", text, "the silence around a phrase should be silent")
    else:
        yield Finding("ok", "sound", f"the padding is silent ({max(pads.max() - loud_db, -99.0):.0f} dB)")
    edge, offset, peak = max(abs(samples[0]), abs(samples[-1])), abs(float(samples.mean())), np.abs(samples).max()
    if edge > CLICK or offset > LARGEST_OFFSET:
        text = f"it starts or ends at {edge:.3f}, its mean is {offset:.4f}"
        yield Finding("doubt", "sound", text, "fade its ends and remove the offset")
    if peak > 1.0:
        yield Finding("doubt", "sound", f"it is clipped (peak {peak:.2f})", "lower the vocoder's level")
    if peak < 1e-3:
        yield Finding("wrong", "sound", "nothing is heard", "check that the vocoder is the acoustic model's own")
        return
    yield from _tuned(samples, rate_hz, hop, sung.f0_hz)


def _tuned(samples: NDArray[np.float32], rate_hz: int, hop: int, sent_hz: NDArray[np.float64]) -> Findings:
    heard_hz = track_independent(samples, rate_hz, hop=hop)[: len(sent_hz)]
    between = np.sqrt(sent_hz[:-1] * sent_hz[1:])  # frames are heard around their centres, and sent for their starts
    heard_hz = heard_hz[: len(between)]
    voiced = heard_hz > 0
    if voiced.mean() < 0.2:
        yield Finding("doubt", "sound", "hardly anything has a pitch", "check phonemes and their order")
        return
    off = float(np.median(np.abs(cents_between(heard_hz[voiced], between[: len(heard_hz)][voiced]))))
    if off <= IN_TUNE_CENTS:
        yield Finding("ok", "sound", f"sings the pitch that was drawn (median {off:.1f} cents apart)")
    else:
        text = f"is {off:.0f} cents off the pitch that was drawn (median)"
        yield Finding("doubt", "sound", text, "the vocoder must follow f0")
