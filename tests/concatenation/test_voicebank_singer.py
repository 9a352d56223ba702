"""What a voicebank sings, measured on the sound."""

from itertools import pairwise

import numpy as np
import pytest

from visinger.concatenation import contour
from visinger.concatenation.dynamics import Dynamics
from visinger.concatenation.voicebank.singer import VoicebankSinger
from visinger.errors import LyricError
from visinger.phrasing.phrase import Phrase
from visinger.signal import f0, onsets
from visinger.units import cents_between

Sung = list[tuple[str, int, int]]
EVEN = Dynamics(db_per_semitone=0, db_per_doubling=0, last_decay_db_per_second=0, chance_db=0)
SONG: Sung = [
    ("SP", 0, 25),
    ("k a", 62, 45),
    ("m i", 65, 40),
    ("-", 67, 30),
    ("a", 64, 35),
    ("k u", 62, 40),
    ("i", 60, 50),
    ("AP", 0, 45),
    ("s a", 72, 40),
    ("k i cl", 74, 50),
    ("k a N", 76, 80),
    ("SP", 0, 30),
]


def phrase_of(sung: Sung) -> Phrase:
    """A phrase from (phonemes, the last vowel held, or "-"; MIDI pitch; frames of the slot)."""
    rows, starts, held = [], [0], ""
    for slot, (text, pitch, frames) in enumerate(sung):
        starts.append(starts[-1] + frames)
        symbols = [held] if text == "-" else text.split()
        vowel = next((k for k, s in enumerate(symbols) if s in "aiueoN"), 0)
        for k, symbol in enumerate(symbols):
            rows.append((symbol, pitch, slot, k < vowel, text == "-"))
        held = symbols[vowel]
    phonemes, pitches, slots, before, slurred = zip(*rows, strict=True)
    return Phrase(
        phonemes=phonemes,
        pitches=np.array(pitches),
        slot=np.array(slots),
        before_beat=np.array(before),
        slot_starts=np.array(starts),
        score_notes=np.array([-1 if text in ("SP", "AP") else k for k, (text, _, _) in enumerate(sung)]),
        slurred=np.array(slurred),
        language="ja",
    )


@pytest.fixture(scope="module")
def singer(bank_pieces):
    return VoicebankSinger(bank_pieces)


@pytest.fixture(scope="module")
def sung(singer):
    performance = singer.perform(phrase_of(SONG), seed=4)
    return performance, singer.render(performance, seed=4).samples


def spans(performance):
    starts = np.concatenate([[0], np.cumsum(performance.frames)]) * 240
    return [slice(int(a), int(b)) for a, b in pairwise(starts)]


def test_the_wave_has_the_phrases_length_and_no_silence_sounds(sung):
    performance, samples = sung
    assert len(samples) == performance.phrase.frames * 240
    assert 0.1 < np.abs(samples).max() < 1
    for symbol, span in zip(performance.phrase.phonemes, spans(performance), strict=True):
        if symbol in ("SP", "cl"):
            middle = samples[span.start + 240 : span.stop - 240]
            assert np.abs(middle).max() < 0.003 or (symbol == "SP" and not middle.any())


def test_the_voice_follows_the_curve(sung):
    performance, samples = sung
    for tracker in (f0.track, f0.track_independent):
        tracked = tracker(samples)
        both = (tracked > 0) & (performance.f0_hz > 0)
        error_cents = np.abs(cents_between(tracked[both], performance.f0_hz[both]))
        assert both.sum() > 0.9 * (performance.f0_hz > 0).sum()
        assert np.median(error_cents) < 5
        assert np.mean(error_cents < 50) > 0.96


def test_vowels_start_on_their_slots(sung):
    performance, samples = sung
    phrase = performance.phrase
    after_noise = [n for n in range(1, len(phrase.phonemes)) if phrase.phonemes[n - 1] in ("k", "s")]
    assert len(after_noise) == 5
    slots = phrase.slot_starts[phrase.slot[after_noise]] / 100
    assert np.abs(onsets.vowel_onsets(samples, 24_000, slots) - slots).max() < 0.015


def test_levels_do_not_jump_at_joins_beyond_what_the_dynamics_ask(singer, sung):
    performance, samples = sung
    sounds = list(zip(performance.phrase.phonemes, spans(performance), strict=True))
    even = VoicebankSinger(singer.pieces, manner=contour.Manner(dynamics=EVEN)).render(performance, seed=4).samples
    vowels = [even[span].std() for symbol, span in sounds if symbol in "aiu"]
    assert 20 * np.log10(max(vowels) / min(vowels)) < 8
    of_pitch = dict(zip(performance.phrase.pitches.tolist(), sounds, strict=True))  # the last sound of each note
    high, low = sounds[sounds.index(of_pitch[74]) - 1][1], of_pitch[60][1]  # both are an i
    louder_db = 20 * np.log10(samples[high].std() / samples[low].std())
    assert louder_db > 20 * np.log10(even[high].std() / even[low].std()) + 6
    assert np.abs(np.diff(samples)).max() < 0.35


def spectrum(samples, at):
    piece = samples[at - 360 : at + 360] * np.hanning(720)
    power = np.square(np.abs(np.fft.rfft(piece, 1024)))
    bands = np.add.reduceat(power, np.arange(0, 360, 12))
    return np.log(bands / bands.sum() + 1e-6)


@pytest.mark.parametrize("kind", ["vcv", "cvvc"])
def test_a_recorded_transition_is_heard(kind, bank_pieces, cvvc_pieces):
    """At its last moment the a before m has moved further towards m than a cross-fade brings it alone."""
    whole = bank_pieces if kind == "vcv" else cvvc_pieces
    bare = type(whole)(whole.path, "ja", whole.pitches, tuple(
        p for p in whole.pieces if p.kind == "body" and p.left in ("", "-")))  # fmt: skip
    phrase = phrase_of([("SP", 0, 20), ("a", 60, 60), ("m i", 60, 60), ("SP", 0, 20)])
    moved = {}
    for name, found in (("recorded", whole), ("cross-faded", bare)):
        performance = VoicebankSinger(found).perform(phrase)
        samples = VoicebankSinger(found).render(performance).samples
        boundary = int(performance.frames[:2].sum()) * 240
        vowel = spectrum(samples, boundary - 30 * 240)
        moved[name] = [np.linalg.norm(spectrum(samples, boundary - 240 * back) - vowel) for back in (1, 6)]
    assert not np.allclose(moved["recorded"], moved["cross-faded"], rtol=0.02)
    assert ("a", "m") in whole.transitions
    assert not bare.transitions


def test_the_same_seed_sings_the_same_bytes_and_another_sings_differently(singer):
    phrase = phrase_of(SONG[:5])
    first, again, other = (singer.sing(phrase, seed=seed).samples for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_syllable_never_recorded_is_refused_by_name(singer):
    with pytest.raises(LyricError, match="no recording of 'p a'"):
        singer.sing(phrase_of([("SP", 0, 20), ("p a", 60, 50)]))
    with pytest.raises(LyricError, match="has no 'zh'"):
        singer.sing(phrase_of([("zh a", 60, 50)]))


def test_a_pitch_that_lacks_a_syllable_borrows_it_from_the_next(bank_pieces):
    lacking = tuple(p for p in bank_pieces.pieces if not (p.pitch == bank_pieces.pitch_for(76) and p.onset == ("s",)))
    found = type(bank_pieces)(bank_pieces.path, "ja", bank_pieces.pitches, lacking)
    assert np.abs(VoicebankSinger(found).sing(phrase_of([("SP", 0, 20), ("s a", 76, 60)])).samples).max() > 0.05
