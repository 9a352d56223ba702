"""The gates' arithmetic, on figures worked by hand, and the scale on singers whose faults are known."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("pyworld")

from visinger.audio import Wave
from visinger.evaluation import gates, intervals
from visinger.evaluation.gates import Evidence
from visinger.evaluation.judging import Verdict
from visinger.evaluation.metrics import Tally
from visinger.evaluation.scales import Scale, SungNote, scale_score, sing_scale
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, hz_from_midi


def verdict(take, singer, mode, *, errors=10.0, mcd=5.0, onsets=(0.0, 10.0, -10.0), bright=-24.0, clicks=0.0):
    tallies = {
        "curve_within_50_cents": Tally(99, 100),
        "phoneme_error_rate": Tally(errors, 100),
        "mcd_db": Tally(100 * mcd, 100),
        "clicks_per_minute": Tally(clicks, 0.5),
    }
    values = {
        "curve_cents": np.array([1.0, 2.0, 9.0]),
        "onset_ms": np.array(onsets),
        "dc_db": np.array([-70.0]),
        "above_8khz_db": np.array([bright]),
    }
    return Verdict(take, singer, mode, tallies, values)


def evidence(**ours):
    verdicts = []
    for k in range(7):
        take = f"song{k}-00"
        verdicts += [
            verdict(take, "recording", "given"),
            verdict(take, "posterior copy", "given", mcd=4.0),
            verdict(take, "voice", "given", **ours),
            verdict(take, "voice", "score", **ours),
        ]
    notes = tuple(SungNote(pitch, "a", 3.0, 1.0, 1.0) for pitch in range(36, 85))
    scale = Scale(notes, clicks=0, finite=True)
    return Evidence("voice", verdicts, verdicts, "the recordings", [], scale, "C3–C5", -18.4, {"voice": 19.0})


def of(found, start):
    return next(gate for gate in found if gate.name.startswith(start))


def test_a_voice_within_every_bound_passes_every_gate_that_was_measured():
    found = gates.gates(evidence())
    assert {gate.passed for gate in found} == {True, None}
    assert [gate.name for gate in found if gate.passed is None] == [
        "vowel frames within 50 cents of the curve, examples",
        "median distance from the curve, examples",
    ]


@pytest.mark.parametrize(
    ("fault", "gate", "figure"),
    [
        ({"errors": 16.0}, "phoneme error rate", 1.6),
        ({"mcd": 5.6}, "MCD", 1.6),
        ({"onsets": (0.0, 16.0, -16.0)}, "onset spread", 6.0),
        ({"bright": -28.0}, "power above 8 kHz", -4.0),
        ({"clicks": 1.0}, "clicks", 2.0),
    ],
)
def test_one_fault_fails_its_own_gate_alone(fault, gate, figure):
    found = gates.gates(evidence(**fault))
    assert [one.name for one in found if one.passed is False] == [of(found, gate).name]
    assert of(found, gate).figure.value == pytest.approx(figure)


def test_figures_on_their_bounds_pass():
    found = gates.gates(evidence(errors=15.0, mcd=5.5, onsets=(0.0, 15.0, -15.0), bright=-27.0))
    assert False not in {gate.passed for gate in found}


def test_words_on_too_few_phonemes_prove_nothing():
    whole = evidence()
    few = replace(whole, words=[v for v in whole.words if v.take < "song5"])
    gate = of(gates.gates(few), "phoneme error rate")
    assert gate.passed is False
    assert "fewer than 600" in gate.detail


def test_a_recogniser_that_mistakes_half_of_the_recordings_judges_nobody():
    deaf = [
        verdict(f"song{k}-00", who, mode, errors=50.0)
        for k in range(7)
        for who, mode in (("recording", "given"), ("voice", "score"))
    ]
    gate = of(gates.gates(replace(evidence(), words=deaf)), "phoneme error rate")
    assert (gate.figure.value, gate.passed) == (1.0, None)
    assert "too poor" in gate.detail


def test_without_a_posterior_copy_the_mcd_gate_is_neither_passed_nor_failed():
    whole = evidence()
    gate = of(gates.gates(replace(whole, verdicts=[v for v in whole.verdicts if v.singer != "posterior copy"])), "MCD")
    assert (gate.figure, gate.passed) == (None, None)


def test_loudness_beyond_one_lu_fails():
    assert of(gates.gates(replace(evidence(), corpus_lufs=-16.9)), "corpus").passed is False


def test_gates_are_read_back_as_they_were_written():
    found = gates.gates(evidence())
    assert gates.from_json(gates.as_json(found)) == found
    assert gates.markdown(found).count("\n") == len(found) + 1


def test_a_ratio_of_two_singers_that_err_alike_is_one_whatever_clips_are_drawn():
    errors, counts = [1, 5, 9], [10, 20, 30]
    found = intervals.paired_ratio(errors, counts, errors, counts)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
    assert intervals.paired_ratio([2, 10, 18], counts, errors, counts).value == pytest.approx(2.0)


def test_a_statistic_paired_with_itself_is_nothing():
    clips = [np.arange(5.0), np.arange(3.0) ** 2]
    found = intervals.paired_statistic(clips, clips, np.ptp)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


class Organ:
    """Sings any score in harmonics, from 440 Hz up a given number of cents sharp."""

    def __init__(self, sharp_cents=0.0):
        self.sharp_cents = sharp_cents
        self.description = SimpleNamespace(language="ja", phonemes=("SP", "a", "i", "k"))

    def perform(self, score, *, transpose, seed):  # noqa: ARG002
        f0_hz = np.zeros(round(float(score.seconds) * 100))
        for note in score.parts[0].notes:
            start = note.start_tick * 50 // 480
            f0_hz[start : start + 50] = hz_from_midi(note.pitch_midi)
        return SimpleNamespace(f0_hz=lambda: f0_hz)

    def render(self, performance):
        curve = performance.f0_hz()
        curve = np.where(curve > 439, curve * 2 ** (self.sharp_cents / 1200), curve)
        phase = 2 * np.pi * np.cumsum(np.repeat(curve, HOP_SAMPLES)) / SAMPLE_RATE_HZ
        sound = sum(np.sin(k * phase) / k for k in range(1, 8))
        return Wave((0.1 * sound * (np.repeat(curve, HOP_SAMPLES) > 0)).astype(np.float32), SAMPLE_RATE_HZ)


def test_the_scale_has_every_semitone_from_36_to_84():
    notes = scale_score(("a", "i"), "ja").parts[0].notes
    assert [note.pitch_midi for note in notes] == list(range(36, 85))
    assert all(b.start_tick >= a.start_tick + a.duration_ticks for a, b in pairwise(notes))


def test_a_singer_in_tune_misses_no_note_of_the_scale_and_one_that_is_sharp_above_a4_misses_those():
    assert sing_scale(Organ()).missed == ()
    missed = sing_scale(Organ(sharp_cents=80)).missed
    assert [note.pitch_midi for note in missed] == list(range(69, 85))
    assert all(note.off_cents == pytest.approx(80, abs=5) and note.curve_off_cents < 1 for note in missed)
