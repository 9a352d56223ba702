"""What `inspect` says and draws of a score."""

from fractions import Fraction
from xml.etree import ElementTree

from visinger.score import Note, Part, Score, Tempo, TempoMap, piano_roll, summarise

SVG = "{http://www.w3.org/2000/svg}"
SONG = Score(
    (
        Part("Voice <1>", (Note(0, 480, 60, "花"), Note(960, 480, 69, None), Note(1440, 480, 67, "&開"))),
        Part("Piano", (Note(0, 1920, 48),)),
    ),
    TempoMap((Tempo(0, Fraction(60)), Tempo(960, Fraction(30)))),
    length_ticks=1920,
    title="A & B",
    bars=1,
    doubts=("of a chord the highest note is taken (bar 1)",),
)


def test_a_summary_says_what_there_is_to_sing():
    said = summarise(SONG)
    for fact in ("A & B", "0 min 06.0 s", "1 bars in 4/4", "30 to 60", "3 notes, C4 to A4", "2 syllables", "no words"):
        assert fact in said
    assert said.splitlines()[-1] == "doubt    of a chord the highest note is taken (bar 1)"


def test_the_piano_roll_is_well_formed_and_to_scale():
    root = ElementTree.fromstring(piano_roll(SONG))
    drawn = [r for r in root.iter(f"{SVG}rect") if r.get("rx")]
    starts = [float(r.get("x")) for r in drawn]
    heights = [float(r.get("y")) for r in drawn]
    assert len(drawn) == 4
    # One quarter lasts a second at first and two seconds after the slowing: 0, 2 and 4 s.
    assert (starts[2] - starts[1]) / (starts[1] - starts[0]) == 1
    assert heights[1] < heights[2] < heights[0] < heights[3], "higher notes stand higher"
    assert {t.text for t in root.iter(f"{SVG}text")} >= {"花", "&開"}


def test_a_very_long_score_stays_drawable():
    hours = Score((Part("Voice", (Note(0, 480, 60, "ら"),)),), length_ticks=480 * 2 * 3600 * 3)
    assert float(ElementTree.fromstring(piano_roll(hours)).get("width")) <= 61_000
