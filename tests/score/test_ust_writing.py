"""Scores written for UTAU: what the format holds comes back, what it does not is said."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visinger.score import (
    BendPoint,
    GlidePoint,
    LevelPoint,
    Note,
    Part,
    PitchPoint,
    Score,
    Tempo,
    TempoMap,
    TimeSignature,
    Vibrato,
    read,
)
from visinger.score.intonation import drawn_pitch
from visinger.score.writing import write

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
UNHURRIED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # a busy machine is no fault of a score's
FLAT = TempoMap((Tempo(0, Fraction(120)),))


def around(folder: Path, part: Part, tempo_map: TempoMap = FLAT, **rest: object) -> Score:
    """The part written for UTAU and read again."""
    end = part.notes[-1].end_tick
    write(folder / "a.ust", Score((part,), tempo_map, length_ticks=end, **rest))
    return read(folder / "a.ust")


def tune(part: Part) -> list[tuple[int, int, int, str | None]]:
    return [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in part.notes]


@st.composite
def glides(draw: st.DrawFn) -> tuple[GlidePoint, ...]:
    times = sorted(draw(st.sets(st.integers(-120, 200), min_size=2, max_size=5)))
    shapes = st.sampled_from(["linear", "sine", "slow-start", "slow-end"])
    return tuple(GlidePoint(float(ms), float(draw(st.integers(-700, 700))), draw(shapes)) for ms in times)


vibratos = st.builds(
    Vibrato,
    share=st.integers(1, 100).map(lambda percent: percent / 100),
    period_ms=st.integers(60, 500).map(float),
    depth_cents=st.integers(1, 200).map(float),
    fade_in=st.integers(0, 100).map(lambda percent: percent / 100),
    fade_out=st.integers(0, 100).map(lambda percent: percent / 100),
    phase=st.integers(0, 99).map(lambda percent: percent / 100),
)


@st.composite
def lines(draw: st.DrawFn) -> Part:
    """Notes with rests between some of them; the words in one language."""
    words = draw(st.sampled_from([["か", "きゃ", "ん", "っと"], ["你", "好", "长"], ["la", "moon", "ré"]]))
    notes, now = [], 0
    for k in range(draw(st.integers(1, 6))):
        now += draw(st.sampled_from([0, 0, 120, 1000]))
        length = draw(st.integers(30, 2000))
        lyric = draw(st.sampled_from([*words, None] if k else words))
        glide = draw(st.one_of(st.just(()), glides()))
        vibrato = draw(st.one_of(st.none(), vibratos))
        notes.append(Note(now, length, draw(st.integers(36, 84)), lyric, glide=glide, vibrato=vibrato))
        now += length
    return Part("声", tuple(notes))


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED)
@given(lines())
def test_notes_words_glides_and_vibrato_come_back(tmp_path: Path, part: Part):
    back = around(tmp_path, part).parts[0]
    assert tune(back) == tune(part)
    assert [note.vibrato for note in back.notes] == [nearly(note.vibrato) for note in part.notes]
    onsets = {tick for note in part.notes for tick in (note.start_tick, note.end_tick)}
    ticks = np.array([t for t in range(1, part.notes[-1].end_tick, 7) if min(abs(t - o) for o in onsets) > 2.0])
    before, after = (drawn_pitch(each, FLAT, ticks.astype(float)) for each in (part, back))
    reached = early(part, ticks)
    np.testing.assert_array_equal(np.isnan(before), np.isnan(after))
    assert np.nanmax(np.abs(before - after)[~reached], initial=0) < 1e-4


def early(part: Part, ticks: np.ndarray) -> np.ndarray:
    """Ticks within a glide that begins before its note: UTAU leads that from the note before, wherever it began."""
    reached = np.zeros(len(ticks), dtype=bool)
    for note in part.notes:
        first = min((point.ms for point in note.glide), default=0.0) * 0.96 - 2
        reached |= (ticks >= note.start_tick + first) & (ticks <= note.start_tick + 2)
    return reached


def nearly(vibrato: Vibrato | None) -> object:
    """Equal but for the last digit of a percentage."""
    if vibrato is None:
        return None

    class Close:
        def __eq__(self, other: object) -> bool:
            return all(getattr(other, key) == pytest.approx(value) for key, value in vars(vibrato).items())

        __hash__ = None

    return Close()


tempos = st.lists(st.tuples(st.integers(1, 4000), st.integers(30, 300)), max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=UNHURRIED)
@given(lines(), tempos)
def test_every_note_sounds_at_its_second_whatever_the_tempo_does_inside_it(tmp_path: Path, part: Part, marks: list):
    speeds = {0: Fraction(120)} | {tick: Fraction(bpm) for tick, bpm in marks}
    tempo_map = TempoMap(tuple(Tempo(tick, speeds[tick]) for tick in sorted(speeds)))
    plain = Part("V", tuple(Note(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in part.notes))
    back = around(tmp_path, plain, tempo_map)
    sung = {n.start_tick: n for n in back.parts[0].notes}
    for note in plain.notes:
        same = sung[note.start_tick]
        assert (same.pitch_midi, same.lyric) == (note.pitch_midi, note.lyric)
        for tick in (note.start_tick, note.end_tick):
            assert float(back.tempo_map.seconds(tick)) == pytest.approx(float(tempo_map.seconds(tick)), abs=1e-6)
    assert sum(n.duration_ticks for n in back.parts[0].notes) == sum(n.duration_ticks for n in plain.notes)
    assert all(n.lyric is None for tick, n in sung.items() if tick not in {m.start_tick for m in plain.notes})


@settings(max_examples=20, deadline=None, suppress_health_check=UNHURRIED)
@given(lines(), st.lists(st.tuples(st.integers(0, 3000), st.integers(40, 80)), min_size=2, max_size=6))
def test_a_drawn_curve_comes_back_to_half_a_cent_every_five_ticks(tmp_path: Path, part: Part, points: list):
    curve = tuple(PitchPoint(tick, float(pitch)) for tick, pitch in sorted(dict(points).items()))
    bend = (BendPoint(0, 0.0), BendPoint(500, 37.0), BendPoint(900, 0.0))
    drawn = Part("V", part.notes, pitch_curve=curve, bend=bend)
    back = around(tmp_path, drawn).parts[0]
    assert tune(back) == tune(part)
    for note in part.notes:
        ticks = np.arange(note.start_tick + 5, note.end_tick, 5, dtype=float)
        wanted = np.clip(drawn_pitch(drawn, FLAT, ticks), note.pitch_midi - 20.47, note.pitch_midi + 20.47)
        np.testing.assert_allclose(drawn_pitch(back, FLAT, ticks), wanted, atol=0.0051)


@pytest.mark.parametrize("name", ["sakura", "kojo-no-tsuki", "molihua", "songbie", "hotaru-no-hikari"])
def test_the_example_songs_come_back_in_time_and_in_words(tmp_path: Path, name: str):
    song = read(EXAMPLES / f"{name}.musicxml")
    write(tmp_path / "a.ust", song)
    back = read(tmp_path / "a.ust")
    sung = [[note for note in s.parts[0].notes if note.lyric] for s in (song, back)]
    assert [(n.pitch_midi, n.lyric) for n in sung[0]] == [(n.pitch_midi, n.lyric) for n in sung[1]]
    at = [
        [float(s.tempo_map.seconds(n.start_tick)) for n in notes] for s, notes in zip((song, back), sung, strict=True)
    ]
    np.testing.assert_allclose(at[0], at[1], atol=1e-5)
    ends = [float(s.tempo_map.seconds(s.parts[0].notes[-1].end_tick)) for s in (song, back)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-4)


def test_kana_are_written_as_utau_reads_them_and_other_words_in_unicode(tmp_path: Path):
    kana = Part("V", (Note(0, 480, 60, "さ"), Note(480, 480, 60, None)))
    assert around(tmp_path, kana, title="さくら").title == "さくら"
    content = (tmp_path / "a.ust").read_bytes()
    assert b"\r\nLyric=\x82\xb3\r\n" in content  # さ in Shift-JIS
    assert b"Charset" not in content
    assert "\r\nLyric=ー\r\n".encode("cp932") in content
    hanzi = Part("V", (Note(0, 480, 60, "你"), Note(480, 480, 60, "好")))
    assert [n.lyric for n in around(tmp_path, hanzi, title="你好").parts[0].notes] == ["你", "好"]
    assert b"Charset=UTF-8" in (tmp_path / "a.ust").read_bytes()


def test_breaths_find_their_place_in_rests_and_intensity_holds_the_level(tmp_path: Path):
    words = ((0, "か", True), (960, "さ", True), (1440, "ら", False))
    notes = tuple(Note(tick, 480, 60, lyric, breath_after=breath) for tick, lyric, breath in words)
    part = Part("V", notes, dynamics=(LevelPoint(0, -6.0), LevelPoint(959, -6.0), LevelPoint(960, 0.0)))
    song = Score((part, Part("Piano", notes[:1])), FLAT, (TimeSignature(0, 3, 4),), length_ticks=1920)
    said = write(tmp_path / "a.ust", song)
    back = read(tmp_path / "a.ust").parts[0]
    assert [note.breath_after for note in back.notes] == [True, False, False]
    levels = np.interp([240, 1200], [p.tick for p in back.dynamics], [p.level_db for p in back.dynamics])
    np.testing.assert_allclose(levels, [-6, 0], atol=0.1)
    assert [any(word in line for line in said) for word in ("Piano", "time signatures", "breath")] == [True] * 3


def test_typed_phonemes_stay_an_order(tmp_path: Path):
    notes = (Note(0, 480, 60, None, phonemes=("r", "a")), Note(480, 480, 60, "さ"))
    assert [n.phonemes for n in around(tmp_path, Part("V", notes)).parts[0].notes] == [("r", "a"), ()]
