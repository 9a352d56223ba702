"""MusicXML as programs really write it: odd encodings, rounds, chords, marks that nobody sees."""

import pytest

from visinger import score

START = '<barline location="left"><repeat direction="forward"/></barline>'
END = '<barline><repeat direction="backward"{}/></barline>'


def ending(numbers: str, bar: str, *, back: bool = True) -> str:
    repeat = '<repeat direction="backward"/>' if back else ""
    first = f'<barline location="left"><ending number="{numbers}" type="start"/></barline>'
    return f'{first}{bar}<barline><ending number="{numbers}" type="stop"/>{repeat}</barline>'


def words(read):
    return [note.lyric for note in read.parts[0].notes]


@pytest.mark.parametrize(
    ("declared", "encoding", "lyric"),
    [
        ("UTF-16", "utf-16", "蛍"),
        ("windows-31j", "cp932", "蛍"),
        ("EUC-JP", "euc-jp", "蛍"),
        ("Big5", "big5", "螢"),
        ("x-mac-roman", "mac-roman", "Été"),
        ("ISO-8859-1", "latin-1", "Été"),
        ("UTF-8", "utf-8-sig", "蛍"),
    ],
)
def test_a_score_is_read_in_the_encoding_that_it_declares(tmp_path, sheet, n, declared, encoding, lyric):
    path = tmp_path / "song.xml"
    text = f'<?xml version="1.0" encoding="{declared}"?>' + sheet([n("C4", 4, words=lyric)])
    path.write_bytes(text.encode(encoding))
    assert words(score.read(path)) == [lyric]


def test_blank_lines_before_the_declaration_do_no_harm(tmp_path, sheet, n):
    path = tmp_path / "song.xml"
    path.write_text('\n \n<?xml version="1.0"?>' + sheet([n("C4", 4, words="la")]), encoding="utf-8")
    assert words(score.read(path)) == ["la"]


def test_marks_that_nobody_sees_are_no_part_of_a_lyric(sing, n):
    assert words(sing(n("C4", 2, words="\u200bla\u00a0") + n("D4", 2, words="so\u00adfa\ufeff"))) == ["la", "sofa"]


def test_an_ending_may_be_for_a_range_of_rounds(sing, n):
    first = START + n("C4", 4, words={1: "a", 2: "b", 3: "c", 4: "d"})
    read = sing(first, ending("1-3", n("D4", 4, words="x")), ending("4", n("E4", 4, words="z"), back=False))
    assert words(read) == ["a", "x", "b", "x", "c", "x", "d", "z"]


def test_lyrics_may_say_their_round_instead_of_a_number(sing, n):
    here = n("C4", 4, words="a").replace('number="1"', 'time-only="1"')
    second = '<lyric time-only="2, 3"><text>b</text></lyric></note>'
    read = sing(START + here.replace("</note>", second) + END.format(' times="3"'))
    assert words(read) == ["a", "b", "b"]


def test_a_note_may_be_sung_in_one_round_alone(sing, n):
    second = n("D4", 2, words="b").replace("<note>", '<note time-only="2">')
    read = sing(START + n("C4", 2, words="a") + second + END.format(""))
    assert words(read) == ["a", "a", "b"]
    assert [note.start_tick for note in read.parts[0].notes] == [0, 1920, 2880]


def test_a_chord_is_as_long_as_its_first_note(sing, n):
    """Found by fuzzing: a longer note of a chord once reached past the end of the score."""
    read = sing(n("C4", 4, words="la") + n("E4", 40, extra="<chord/>"))
    assert [(note.pitch_midi, note.duration_ticks) for note in read.parts[0].notes] == [(64, 1920)]
    assert read.length_ticks == 1920
    other = n("E4", 40, extra="<chord/>", words="lo").replace("</duration>", "</duration><voice>2</voice>")
    read = sing(n("C4", 4, words="la") + other)
    assert [part.notes[0].duration_ticks for part in read.parts] == [1920, 1920]


def test_humming_is_said_not_to_be_sung(sing, n):
    hum = n("C4", 2).replace("</note>", "<lyric><humming/></lyric></note>")
    read = sing(hum + n("D4", 2, words="la"))
    assert any("humming" in doubt for doubt in read.doubts)
