"""A song sounds while it is still being read: early, in bounded memory, and as it would have sounded anyway."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tiny import kana_score
from visinger.errors import LyricError, ScoreError
from visinger.phrasing.drawing import with_drawn_pitch
from visinger.phrasing.vocabulary import Vocabulary
from visinger.score import write_json
from visinger.score.score import BendPoint, PitchPoint, Score, TempoMap, Vibrato
from visinger.voices.voice import Voice

UNBROKEN = kana_score(*[(lyric, 60 + k % 7, 480) for k, lyric in enumerate("さくらさくらのやまもさとも" * 4)])  # 26 s


@pytest.fixture(scope="module")
def voice(tiny_voice):
    return Voice.load(tiny_voice)


def song(seconds: int) -> Score:
    """Notes of half a second, a rest after every eighth."""
    notes = [("ら" if k % 9 else None, 62 if k % 9 else 0, 480) for k in range(1, 2 * seconds + 1)]
    return kana_score(*notes)


@dataclass(frozen=True)
class WatchedTempo(TempoMap):
    """A tempo map that remembers which ticks it was asked about."""

    asked: list[int] = field(default_factory=list, compare=False)

    def seconds(self, tick: int) -> Fraction:
        self.asked.append(tick)
        return super().seconds(tick)


def joined(blocks) -> bytes:
    return np.concatenate(list(blocks)).tobytes()


def test_the_first_block_asks_for_no_note_beyond_its_own_phrases(voice):
    score = song(300)
    tempo = WatchedTempo(score.tempo_map.tempos)
    blocks = voice.stream(replace(score, tempo_map=tempo))
    tempo.asked.clear()  # only how long the song is was asked so far
    assert len(next(blocks)) > 0
    assert max(tempo.asked) < 40 * 960  # of 300 seconds, 960 ticks each
    assert min(len(block) for block in blocks) > 0
    assert max(tempo.asked) > 290 * 960


@pytest.mark.parametrize("transpose", [0, -5, "auto"])
def test_a_stream_of_an_unbroken_line_is_the_song_sample_for_sample(voice, transpose):
    assert len(voice.perform(UNBROKEN).phrases) > 2
    wave = voice.sing(UNBROKEN, seed=2, transpose=transpose)
    assert joined(voice.stream(UNBROKEN, seed=2, transpose=transpose)) == wave.samples.tobytes()


def test_a_stream_follows_drawn_pitch_across_cuts_as_the_whole_performance_does(voice):
    part = UNBROKEN.parts[0]
    trembling = tuple(
        replace(note, vibrato=Vibrato(0.8, 180.0, 50.0), tuning_cents=-10.0) if k % 5 == 0 else note
        for k, note in enumerate(part.notes)
    )
    curve = (PitchPoint(4000, 64.0), PitchPoint(16_000, 66.0), PitchPoint(16_001, None))
    bend = tuple(BendPoint(tick, 40.0 * (tick // 480 % 2)) for tick in range(0, 24_960, 480))
    score = replace(UNBROKEN, parts=(replace(part, notes=trembling, pitch_curve=curve, bend=bend),))
    performance = voice.perform(score, seed=5, transpose=2)
    assert joined(voice.stream(score, seed=5, transpose=2)) == joined(voice.stream(performance))
    plain = replace(score, parts=(replace(score.parts[0], pitch_curve=(), bend=(), notes=part.notes),))
    own = voice.perform(plain, seed=5, transpose=2)
    afterwards = with_drawn_pitch(score, own, semitones=2)
    np.testing.assert_array_equal(afterwards.f0_hz(), performance.f0_hz())


def test_what_refuses_a_song_refuses_it_before_its_first_block_however_late_it_stands(voice, monkeypatch):
    last = UNBROKEN.parts[0].notes[-1]

    def ending(**changes: object) -> Score:
        notes = (*UNBROKEN.parts[0].notes[:-1], replace(last, **changes))
        return replace(UNBROKEN, parts=(replace(UNBROKEN.parts[0], notes=notes),))

    with pytest.raises(LyricError, match=f"bar {last.bar}, beat"):
        voice.stream(ending(lyric="xqzt"))
    with pytest.raises(ScoreError, match="leaves the range of MIDI"):
        voice.stream(ending(pitch_midi=126), transpose=2)
    monkeypatch.setattr(voice, "vocabulary", Vocabulary([s for s in voice.vocabulary.symbols if s != "g"]))
    with pytest.raises(LyricError, match=f"bar {last.bar}.*no phoneme 'g'"):
        voice.stream(ending(lyric="が"))


def test_warnings_are_the_same_whether_a_song_is_sung_at_once_or_as_it_goes(voice):
    score = kana_score(("ら", 60, 480), (None, 0, 960), ("ら", 90, 480), ("ら", 60, 960))
    notes = list(score.parts[0].notes)
    notes[1] = replace(notes[1], lyric=None)
    score = replace(score, parts=(replace(score.parts[0], notes=tuple(notes)),), doubts=("the reader's own",))
    rendition = voice.begin(score)
    for _ in rendition.blocks():
        pass
    assert rendition.warnings == voice.perform(score).warnings
    for text in ("the reader's own", "again", "natural range"):
        assert sum(text in warning for warning in rendition.warnings) == 1


def test_a_song_ten_times_as_long_needs_hardly_more_memory(tiny_voice, tmp_path: Path):
    pytest.importorskip("resource")
    code = (
        "import sys, resource; from visinger.cli.main import main; code = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024); sys.exit(code)"
    )

    def peak_mb(minutes: int) -> int:
        write_json(tmp_path / f"{minutes}.json", song(60 * minutes))
        words = ["sing", tmp_path / f"{minutes}.json", "-o", tmp_path / "x.wav", "--voice", tiny_voice, "--quiet"]
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        return int(done.stdout.splitlines()[-1])

    assert peak_mb(10) < peak_mb(1) + 15  # nine minutes of samples alone would be 52 MB
