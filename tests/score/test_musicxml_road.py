"""Repeats, endings, jumps, verses by round, tempo, fermatas and dynamics along the road."""

from fractions import Fraction

import pytest

from visinger.errors import ScoreError
from visinger.score.formats.container import xml_root
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.measures import PartReader
from visinger.score.formats.unfolding import merged_roads, unfolded

START, END = (
    '<barline location="left"><repeat direction="forward"/></barline>',
    '<barline><repeat direction="backward"/></barline>',
)


def ending(number: str, *, back: bool) -> tuple[str, str]:
    repeat = '<repeat direction="backward"/>' if back else ""
    kind = "stop" if back else "discontinue"
    left = f'<barline location="left"><ending number="{number}" type="start"/></barline>'
    return left, f'<barline location="right"><ending number="{number}" type="{kind}"/>{repeat}</barline>'


def pitches(read) -> list[int]:
    return [note.pitch_midi for note in read.parts[0].notes]


def lyrics(read) -> str:
    return "".join(note.lyric or "-" for note in read.parts[0].notes)


def jump(**attributes: str) -> str:
    shown = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<direction><direction-type><words/></direction-type><sound {shown}/></direction>"


def test_a_repeat_sings_verse_after_verse(sing, n):
    read = sing(
        START + n("C4", 2, words={1: "a", 2: "b"}) + n("D4", 2, words={1: "c", 2: "d"}) + END, n("E4", 4, words="e")
    )
    assert lyrics(read) == "acbde"
    assert read.bars == 3


def test_a_repeat_without_a_second_verse_sings_the_first_again(sing, n):
    assert lyrics(sing(n("C4", 4, words="a") + END)) == "aa"


def test_a_repeat_may_be_sung_five_times(sing, n):
    five = END.replace("/>", ' times="5"/>')
    assert len(pitches(sing(n("C4", 4) + five))) == 5


def test_endings_are_taken_in_turn(sing, n):
    first, second = ending("1", back=True), ending("2", back=False)
    read = sing(n("C4", 4), first[0] + n("D4", 4) + first[1], second[0] + n("E4", 4) + second[1], n("F4", 4))
    assert pitches(read) == [60, 62, 60, 64, 65]


def test_an_ending_for_two_rounds_is_sung_in_both(sing, n):
    first, last = ending("1, 2", back=True), ending("3", back=False)
    read = sing(n("C4", 4), first[0] + n("D4", 4) + first[1], last[0] + n("E4", 4) + last[1])
    assert pitches(read) == [60, 62, 60, 62, 60, 64]


def test_da_capo_al_fine_takes_no_repeats_again(sing, n):
    read = sing(n("C4", 4) + END, n("D4", 4) + jump(fine="yes"), n("E4", 4) + jump(dacapo="yes"))
    assert pitches(read) == [60, 60, 62, 64, 60, 62]


def test_dal_segno_al_coda(sing, n):
    bars = (
        n("C4", 4),
        jump(segno="s") + n("D4", 4),
        n("E4", 4) + jump(tocoda="c"),
        n("F4", 4) + jump(dalsegno="s"),
        jump(coda="c") + n("G4", 4),
    )
    assert pitches(sing(*bars)) == [60, 62, 64, 65, 62, 64, 67]


def test_the_words_alone_are_followed_too(sing, n):
    def said(text):
        return f"<direction><direction-type><words>{text}</words></direction-type></direction>"

    assert pitches(sing(n("C4", 4) + said("Fine"), n("D4", 4) + said("D.C. al Fine"))) == [60, 62, 60]


def test_after_da_capo_the_last_ending_is_sung(sing, n):
    first, second = ending("1", back=True), ending("2", back=False)
    bars = (
        n("C4", 4),
        first[0] + n("D4", 4) + first[1],
        second[0] + n("E4", 4) + second[1] + jump(fine="yes"),
        n("F4", 4) + jump(dacapo="yes"),
    )
    assert pitches(sing(*bars)) == [60, 62, 60, 64, 65, 60, 64]


def test_a_jump_to_nowhere_is_doubted_and_passed_over(sing, n):
    read = sing(n("C4", 4) + jump(dalsegno="x"), n("D4", 4))
    assert pitches(read) == [60, 62]
    assert any("segno" in doubt for doubt in read.doubts)


def test_repeats_without_end_are_bounded(sing, n):
    often = END.replace("/>", ' times="100"/>')
    with pytest.raises(ScoreError, match="bars once its repeats"):
        sing(*[n("C4", 4) + often for _ in range(501)])


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("45a-SimpleRepeat.xml", "1 1 1 1 1 2"),
        ("45b-RepeatWithAlternatives.xml", "1 2 1 3 4"),
        ("45c-RepeatMultipleTimes.xml", "1" + " 2 3" * 5 + " 4 5 6 7" * 3 + " 8"),
        ("45d-Repeats-Nested-Alternatives.xml", "1 2 1 3 4 5 1 6 7 8 9 1 10 1 11 12"),
        ("45e-Repeats-Nested-Alternatives.xml", "1 2 1 3 4 5 5 6 7 6 8 9 8 9 10"),
        ("45g-Repeats-NotEnded.xml", "1 2"),
    ],
)
def test_the_test_suites_repeats_are_taken_as_printed(shared_data, name, bars):
    path = shared_data / "scores/musicxml-test-suite/xmlFiles" / name
    doubts = Doubts()
    measures = PartReader(path, doubts).read(xml_root(path).find("part"))
    numbers = [measure.number for measure in measures]
    visits = unfolded(merged_roads([measures]), doubts, numbers, name)
    assert [numbers[visit.measure] for visit in visits] == bars.split()


# -- tempo -------------------------------------------------------------------------------------------


def metronome(unit: str, speed: str, *, dots: int = 0) -> str:
    inside = f"<beat-unit>{unit}</beat-unit>{'<beat-unit-dot/>' * dots}<per-minute>{speed}</per-minute>"
    return f"<direction><direction-type><metronome>{inside}</metronome></direction-type></direction>"


def test_a_dotted_beat_counts_one_and_a_half_quarters(sing, n):
    assert sing(metronome("quarter", "80", dots=1) + n("C4", 4)).seconds == Fraction(4 * 60, 120)
    assert sing(metronome("half", "60") + n("C4", 4)).seconds == 2
    assert sing(metronome("eighth", "120") + n("C4", 4)).seconds == 4


def test_a_tempo_in_the_middle_of_a_note_counts_from_there(sing, n):
    bar = '<sound tempo="60"/>' + n("C4", 4) + '<backup><duration>2</duration></backup><sound tempo="120"/>'
    read = sing(bar)
    assert read.seconds == 2 + 1
    assert [(t.tick, t.quarters_per_minute) for t in read.tempo_map.tempos] == [(0, 60), (960, 120)]


def test_a_tempo_nobody_can_sing_at_costs_its_mark_and_not_the_score(sing, n):
    rush = metronome("quarter", "1600")
    read = sing('<sound tempo="60"/>' + n("C4", 4), n("D4", 2) + rush + n("E4", 2), '<sound tempo="2"/>' + n("F4", 4))
    assert [int(t.quarters_per_minute) for t in read.tempo_map.tempos] == [60, 1000, 5]
    assert read.seconds == 4 + 2 + Fraction(2 * 60, 1000) + Fraction(4 * 60, 5)
    (fast,) = [doubt for doubt in read.doubts if "1600" in doubt]
    assert "sung at 1000" in fast
    assert "bar 2, beat 3" in fast
    assert any("tempo of 2 " in doubt and "bar 3, beat 1" in doubt for doubt in read.doubts)


def test_a_metric_modulation_keeps_the_pulse(sing, n):
    same = "<metronome><beat-unit>quarter</beat-unit><beat-unit>quarter</beat-unit><beat-unit-dot/></metronome>"
    change = f"<direction><direction-type>{same}</direction-type></direction>"
    read = sing(metronome("quarter", "80") + n("C4", 4), change + n("C4", 4))
    assert read.tempo_map.tempos[-1].quarters_per_minute == 120


def test_a_repeat_returns_to_the_tempo_of_its_place(sing, n):
    read = sing('<sound tempo="60"/>' + n("C4", 4), START + n("D4", 4), '<sound tempo="120"/>' + n("E4", 4) + END)
    assert read.seconds == 4 + (4 + 2) * 2


def test_a_fermata_holds_its_note_half_as_long_again(sing, n):
    read = sing('<sound tempo="60"/>' + n("C4", 1) + n("D4", 2, signs="<fermata/>") + n("E4", 1))
    assert read.seconds == 1 + 3 + 1
    assert read.parts[0].notes[1].duration_ticks == 960
    assert read.tempo_map.seconds(480) == 1
    assert read.tempo_map.seconds(1440) == 4


def test_without_a_tempo_120_is_taken_and_doubted(sing, n):
    read = sing(n("C4", 4))
    assert read.seconds == 2
    assert any("no tempo" in doubt for doubt in read.doubts)


# -- dynamics ----------------------------------------------------------------------------------------


def dynamics(name: str) -> str:
    return f"<direction><direction-type><dynamics><{name}/></dynamics></direction-type></direction>"


def wedge(kind: str) -> str:
    return f'<direction><direction-type><wedge type="{kind}"/></direction-type></direction>'


def curve(read) -> list[tuple[int, float]]:
    return [(point.tick, point.level_db) for point in read.parts[0].dynamics]


def level_at(read, tick: int) -> float:
    points = curve(read)
    before = [p for p in points if p[0] <= tick][-1]
    after = next((p for p in points if p[0] > tick), before)
    return before[1] + (after[1] - before[1]) * (tick - before[0]) / max(after[0] - before[0], 1)


def test_marks_step_by_four_decibels_around_mezzoforte(sing, n):
    read = sing("".join(dynamics(mark) + n("C4", 1) for mark in ("p", "mp", "mf", "f")))
    assert [level_at(read, tick) for tick in (100, 600, 1000, 1500)] == [-8, -4, 0, 4]


def test_a_hairpin_leads_in_a_straight_line_to_the_next_mark(sing, n):
    read = sing(dynamics("p") + wedge("crescendo") + n("C4", 2) + wedge("stop") + dynamics("f") + n("D4", 2))
    assert [level_at(read, tick) for tick in (0, 480, 960, 1900)] == [-8, -2, 4, 4]


def test_a_hairpin_without_a_mark_is_one_step(sing, n):
    read = sing(dynamics("mf") + wedge("diminuendo") + n("C4", 4) + wedge("stop"), n("C4", 4))
    assert level_at(read, 2500) == -4


def test_a_repeat_returns_to_the_dynamics_of_its_place(sing, n):
    read = sing(dynamics("p") + n("C4", 4), START + n("D4", 4), dynamics("f") + n("E4", 4) + END)
    assert [level_at(read, tick) for tick in (100, 2000, 4000, 6000, 8000)] == [-8, -8, 4, -8, 4]


def test_a_score_without_dynamics_has_no_curve(sing, n):
    assert curve(sing(n("C4", 4))) == []
