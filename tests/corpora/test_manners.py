"""Takes whose manner is known are measured as having it."""

import json

import numpy as np
import pytest

from visinger.cli import main
from visinger.corpora import manners, preparation, storage
from visinger.corpora.corpus import Job
from visinger.corpora.take import CorpusCard, Take
from visinger.phrasing.phrase import Phrase
from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ, hz_from_midi

CONSONANT_FRAMES, REST_FRAMES = 8, 30
PITCHES = (50, 55, 52, 58, 53, 50)
NOTE_FRAMES = (60, 40, 80, 40, 60, 120)


def cosine_rise(frames, *, end: float, length: float) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((frames - (end - length)) / length, 0, 1))


def phrase_of(pitches, lengths, *, consonants=True) -> Phrase:
    """Silence, a breath, `na` or `a` on every note, silence."""
    rows = [("SP", 0, 0, False), ("AP", 0, 1, False)]
    for k, pitch in enumerate(pitches):
        if consonants:
            rows.append(("s" if k % 2 else "n", pitch, k + 2, True))
        rows.append(("a", pitch, k + 2, False))
    rows.append(("SP", 0, len(pitches) + 2, False))
    symbols, midi, slots, before = zip(*rows, strict=True)
    return Phrase(
        phonemes=symbols,
        pitches=np.array(midi),
        slot=np.array(slots),
        before_beat=np.array(before),
        slot_starts=np.cumsum([0, REST_FRAMES, REST_FRAMES, *lengths, REST_FRAMES]),
        score_notes=np.array([-1, -1, *range(len(pitches)), -1]),
        slurred=np.zeros(len(rows), dtype=bool),
        language="ja",
    )


def made(name, *, midi=None, level=None, pitches=PITCHES, lengths=NOTE_FRAMES, consonants=True) -> Take:
    """A take whose pitch is `midi` (T) and whose level is `level` (T, dB); steps and an even level otherwise."""
    phrase = phrase_of(pitches, lengths, consonants=consonants)
    ends = [*phrase.slot_starts[1:]]
    frames = []
    for n in range(len(phrase.phonemes)):
        following = n + 1 < len(phrase.phonemes) and phrase.before_beat[n + 1]
        if phrase.before_beat[n]:
            frames.append(CONSONANT_FRAMES)
        else:
            frames.append(int(ends[phrase.slot[n]]) - sum(frames) - (CONSONANT_FRAMES if following else 0))
    frames = np.array(frames)
    symbols = np.repeat(np.array(phrase.phonemes), frames)
    written = np.repeat(phrase.pitches, np.array(frames)).astype(float)
    midi = written if midi is None else midi
    level = np.full(phrase.frames, -20.0) if level is None else level
    f0_hz = np.where((symbols == "a") | (symbols == "n"), hz_from_midi(midi), 0.0)
    at = np.arange(phrase.frames * HOP_SAMPLES) / HOP_SAMPLES - 0.5
    hz = np.interp(at, np.arange(phrase.frames), np.where(f0_hz > 0, f0_hz, 100.0))
    tone = np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ) * np.sqrt(2)
    noise = np.random.default_rng(len(name)).normal(0, 1, len(at))
    softer = {"SP": -120.0, "AP": -15.0, "s": -6.0, "n": 0.0, "a": 0.0}
    gain_db = np.repeat(level + np.array([softer[s] for s in symbols]), HOP_SAMPLES)
    voiced = np.repeat(f0_hz > 0, HOP_SAMPLES)
    samples = np.where(voiced, tone, noise) * 10 ** (gain_db / 20)
    return Take(
        name=name,
        song=name,
        singer="made",
        phrase=phrase,
        frames=frames,
        f0_hz=f0_hz.astype(np.float32),
        samples=samples.astype(np.float32),
        sample_rate_hz=SAMPLE_RATE_HZ,
        hop_samples=HOP_SAMPLES,
    )


def clock(phrase: Phrase) -> np.ndarray:
    return np.arange(phrase.frames) + 0.5


def test_a_vibrato_of_five_and_a_half_hertz_and_forty_cents_is_measured_as_that():
    phrase = phrase_of((50,), (200,), consonants=False)
    since = (clock(phrase) - phrase.slot_starts[2]) / FRAMES_PER_SECOND
    swings = np.where(since > 0.5, 0.4 * np.sin(2 * np.pi * 5.5 * (since - 0.5)), 0.0)
    takes = [
        made("swung", midi=50 + swings, pitches=(50,), lengths=(200,), consonants=False),
        made("plain", pitches=(50,), lengths=(200,), consonants=False),
    ]
    found = manners.measure("made", takes).pitch
    assert found.long_notes == 2
    assert found.vibrato_share == 0.5
    assert found.vibrato_hz == pytest.approx(5.5, abs=0.1)
    assert found.vibrato_semitones == pytest.approx(0.4, abs=0.03)
    assert found.vibrato_after_seconds == pytest.approx(0.5, abs=0.12)


def test_unsteadiness_is_no_vibrato():
    phrase = phrase_of((50,), (300,), consonants=False)
    quick = np.random.default_rng(1).normal(0, 0.05, phrase.frames)
    found = manners.measure("made", [made("rough", midi=50 + quick, pitches=(50,), lengths=(300,), consonants=False)])
    assert found.pitch.vibrato_share == 0
    assert found.pitch.jitter_semitones == pytest.approx(0.05, abs=0.01)
    assert found.pitch.drift_semitones < 0.02


@pytest.mark.parametrize(("length_ms", "arrival_ms"), [(80, 30), (140, 60), (100, -20)])
def test_a_glide_is_measured_with_its_length_and_its_arrival(length_ms, arrival_ms):
    phrase = phrase_of(PITCHES, NOTE_FRAMES, consonants=False)
    midi = np.full(phrase.frames, float(PITCHES[0]))
    for k in range(1, len(PITCHES)):
        end = phrase.slot_starts[k + 2] + arrival_ms / 10
        midi += (PITCHES[k] - PITCHES[k - 1]) * cosine_rise(clock(phrase), end=end, length=length_ms / 10)
    found = manners.measure("made", [made("glides", midi=midi, consonants=False)]).pitch
    assert found.glides == 5
    assert found.glide_seconds == pytest.approx(length_ms / 1000, abs=0.006)
    assert found.arrival_seconds == pytest.approx(arrival_ms / 1000, abs=0.004)
    assert max(found.overshoot_semitones, found.preparation_semitones) < 0.05
    assert found.off_centre_cents < 1


def test_a_note_approached_from_below_is_a_scoop_and_one_that_lets_go_a_fall():
    phrase = phrase_of(PITCHES, NOTE_FRAMES, consonants=False)
    begin, end = phrase.slot_starts[2], phrase.slot_starts[-2]
    midi = np.repeat(np.array([0, 0, *PITCHES, 0.0]), np.diff(phrase.slot_starts))
    midi = midi - 1.5 * (1 - cosine_rise(clock(phrase), end=begin + 12, length=12))
    midi = midi - 1.0 * cosine_rise(clock(phrase), end=end, length=10)
    found = manners.measure("made", [made("scooped", midi=midi, consonants=False)]).pitch
    assert (found.starts, found.scooped_share, found.ends, found.fallen_share) == (1, 1, 1, 1)
    assert found.scoop_semitones == pytest.approx(1.5, abs=0.1)
    assert found.scoop_seconds == pytest.approx(0.08, abs=0.02)
    assert found.end_semitones == pytest.approx(-1, abs=0.1)


def loud_takes():
    """0.7 dB a semitone, 0.5 dB a doubling of the length, 2 dB less on the last note; each take at its own distance."""
    takes = []
    for k in range(8):
        rng = np.random.default_rng(k)
        pitches, lengths = rng.integers(48, 62, 9).tolist(), rng.choice([30, 45, 60, 90], 9).tolist()
        notes = 0.7 * np.array(pitches) + 0.5 * np.log2(lengths)
        notes[-1] -= 2
        notes += rng.uniform(-6, 6) - 65
        take = made(f"loud{k}", pitches=pitches, lengths=lengths)
        of_slot = np.array([notes.mean(), notes.mean(), *notes, notes.mean()])
        level = np.repeat(of_slot[take.phrase.slot], take.frames)
        takes.append(made(f"loud{k}", pitches=pitches, lengths=lengths, level=level))
    return takes


def test_what_makes_a_note_loud_is_told_apart():
    found = manners.measure("made", loud_takes()).loudness
    assert found.notes == 72
    assert found.db_per_semitone == pytest.approx(0.7, abs=0.02)
    assert found.db_per_doubling == pytest.approx(0.5, abs=0.1)
    assert found.last_db == pytest.approx(-2, abs=0.2)
    assert abs(found.arch_db) < 0.3
    assert found.chance_db < 0.2
    assert found.spread_db > 2


def test_consonants_and_breaths_are_measured_against_their_vowels():
    found = manners.measure("made", loud_takes())
    unvoiced, voiced = found.consonants
    assert unvoiced.level_db == pytest.approx(-6, abs=0.7)
    assert voiced.level_db == pytest.approx(0, abs=0.3)
    assert {unvoiced.milliseconds, voiced.milliseconds} == {10 * CONSONANT_FRAMES}
    assert unvoiced.elasticity == pytest.approx(0, abs=0.01)
    assert found.loudness.breaths == 8
    assert found.loudness.breath_db == pytest.approx(-15, abs=1.5)
    assert found.loudness.breath_seconds == (REST_FRAMES - CONSONANT_FRAMES) / FRAMES_PER_SECOND


def test_a_note_that_dies_away_is_measured_with_its_slope():
    phrase = phrase_of((50, 52), (120, 120), consonants=False)
    since = np.maximum(clock(phrase) - phrase.slot_starts[3], 0) / FRAMES_PER_SECOND
    level = -20 - 8 * since
    take = made("dying", level=level, pitches=(50, 52), lengths=(120, 120), consonants=False)
    found = manners.measure("made", [take]).loudness
    assert found.last_decay_db_per_second == pytest.approx(-8, abs=0.3)
    assert found.decay_db_per_second == pytest.approx(0, abs=0.3)
    assert np.isnan(found.db_per_semitone)  # two notes tell no slope


@pytest.fixture
def prepared(tmp_path):
    card = CorpusCard("made", "CC0", "", "", "ja", "vowel-anchored", ("AP", "SP", "a", "n", "s"), ("made",))
    preparation._claim(tmp_path, card)
    takes = loud_takes()
    entries = [storage.write(tmp_path, take, job=take.name) for take in takes]
    done = [preparation.Done(entry.job, "", (entry,)) for entry in entries]
    preparation._conclude(tmp_path, done, [Job(e.job, (), "").name for e in entries], {})
    return tmp_path


def test_the_table_is_shown_by_inspect(prepared, capsys):
    assert main.main(["inspect", str(prepared), "--manner"]) == 0
    shown = capsys.readouterr().out
    assert "+0.70 dB a semitone" in shown
    assert main.main(["inspect", str(prepared), "--manner", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["loudness"]["breaths"] == 8
