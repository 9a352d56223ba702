"""What a singer makes of notes, ties, graces, chords, voices and words in MusicXML."""

from fractions import Fraction
from pathlib import Path

import pytest

from visinger import score
from visinger.errors import ScoreError


def times(part):
    return [(note.start_tick, note.duration_ticks) for note in part.notes]


def words(part):
    return [note.lyric for note in part.notes]


def test_divisions_may_change_in_the_middle_of_a_bar(sing, n):
    change = "<attributes><divisions>6</divisions></attributes>"
    part = sing(n("C4", 2) + change + n("D4", 2) + n("E4", 4) + n("F4", 6), divisions=2).parts[0]
    assert times(part) == [(0, 480), (480, 160), (640, 320), (960, 480)]


def test_seven_notes_in_a_half_leave_no_gap_and_end_on_the_beat(sing, n):
    part = sing("".join(n("C4", 2) for _ in range(7)) + n("G4", 14), divisions=7).parts[0]
    assert part.notes[7].start_tick == 960
    ends = [note.end_tick for note in part.notes[:-1]]
    assert ends == [note.start_tick for note in part.notes[1:]]


def test_a_tie_over_the_bar_line_is_one_note(sing, n):
    bars = n("C4", 3) + n("G4", 1, words="あ", extra='<tie type="start"/>'), n("G4", 2, extra='<tie type="stop"/>')
    part = sing(*bars).parts[0]
    assert times(part)[1] == (1440, 3 * 480)
    assert len(part.notes) == 2


def test_a_tied_note_with_its_own_syllable_is_struck_again(sing, n):
    bar = n("G4", 2, words="き", extra='<tie type="start"/>') + n("G4", 2, words="い", extra='<tie type="stop"/>')
    assert words(sing(bar).parts[0]) == ["き", "い"]


def test_a_slurred_note_without_words_continues_the_syllable(sing, n):
    bar = (
        n("C4", 1, words="花", signs='<slur type="start"/>')
        + n("D4", 1, signs='<slur type="stop"/>')
        + n("E4", 2, words="开")
    )
    assert words(sing(bar).parts[0]) == ["花", None, "开"]


@pytest.mark.parametrize("sign", ["-", "ー", "－", "~"])
def test_a_sign_that_only_holds_is_no_syllable(sing, n, sign):
    assert words(sing(n("C4", 2, words="あ") + n("D4", 2, words=sign)).parts[0]) == ["あ", None]


def test_a_verse_label_is_not_sung(sing, n):
    assert words(sing(n("C4", 4, words="1. 好")).parts[0]) == ["好"]


def test_elided_syllables_share_their_note(tmp_path: Path, sheet):
    elided = "<lyric><text>我</text><elision/><text>爱</text></lyric>"
    spaced = "<lyric><text>ni</text><elision>‿</elision><text>ai</text></lyric>"
    bar = "".join(
        f"<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration>{w}</note>"
        for w in (elided, spaced)
    )
    path = tmp_path / "elision.xml"
    path.write_text(sheet([bar]), encoding="utf-8")
    assert words(score.read(path).parts[0]) == ["我爱", "ni ai"]


def test_a_grace_note_takes_the_syllable_and_the_main_note_goes_on_with_it(sing, n):
    part = sing(n("C4", 2, words="前") + n("D4", 0, extra='<grace slash="yes"/>') + n("E4", 2, words="花")).parts[0]
    assert words(part) == ["前", "花", None]
    grace, main = part.notes[1:]
    assert grace.start_tick == 960, "the syllable starts on the beat"
    assert grace.end_tick == main.start_tick
    assert main.end_tick == 1920
    assert 0 < grace.duration_ticks <= main.duration_ticks


def test_a_grace_note_at_the_end_of_a_bar_is_taken_from_the_note_before(sing, n):
    part = sing(n("C4", 4, words="花") + n("D4", 0, extra="<grace/>"), n("E4", 4, words="开")).parts[0]
    assert words(part) == ["花", None, "开"]
    assert part.notes[1].end_tick == 1920
    assert part.notes[2].start_tick == 1920


def test_grace_notes_never_take_more_than_half_of_their_note(sing, n):
    graces = "".join(n("D4", 0, extra="<grace/>") for _ in range(9))
    part = sing(graces + n("C4", 1) + n("C4", 3)).parts[0]
    assert part.notes[9].duration_ticks == 240
    assert part.notes[0].start_tick == 0


def test_the_highest_note_of_a_chord_is_sung_and_doubted(sing, n):
    read = sing(n("E4", 4, words="あ") + n("C5", 4, extra="<chord/>") + n("G4", 4, extra="<chord/>"))
    assert [note.pitch_midi for note in read.parts[0].notes] == [72]
    assert words(read.parts[0]) == ["あ"]
    assert any("chord" in doubt and "bar 1, beat 1" in doubt for doubt in read.doubts)


def test_voices_with_words_become_parts_of_their_own(sing, n):
    low = "<voice>2</voice>"
    bar = n("E4", 4, words="あ") + "<backup><duration>4</duration></backup>" + n("C4", 4, words="い", extra=low)
    read = sing(bar)
    assert [words(part) for part in read.parts] == [["あ"], ["い"]]
    assert len({part.name for part in read.parts}) == 2


def test_a_part_without_words_follows_those_that_are_sung(tmp_path: Path, sheet, n):
    path = tmp_path / "duo.xml"
    path.write_text(sheet([n("C3", 4)], [n("E4", 4, words="ら")]), encoding="utf-8")
    parts = score.read(path).parts
    assert [(part.name, part.sung) for part in parts] == [("Part 1", True), ("Part 0", False)]


def test_overlapping_notes_of_one_voice_are_cut(sing, n):
    read = sing(n("E4", 4) + "<backup><duration>2</duration></backup>" + n("C4", 2))
    assert times(read.parts[0]) == [(0, 960), (960, 960)]
    assert any("overlapping" in doubt for doubt in read.doubts)


def test_a_transposing_part_sounds_at_concert_pitch(sing, n):
    clarinet = (
        "<attributes><transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes>"
    )
    assert sing(clarinet + n("C5", 4)).parts[0].notes[0].pitch_midi == 72 - 2 - 12


def test_forward_leaves_a_rest(sing, n):
    part = sing(n("C4", 1) + "<forward><duration>2</duration></forward>" + n("D4", 1)).parts[0]
    assert times(part) == [(0, 480), (1440, 480)]


def test_cue_and_unpitched_notes_are_passed_over_with_their_time(sing, n):
    drum = "<note><unpitched/><duration>1</duration></note>"
    read = sing(n("C4", 1) + n("D4", 1, extra="<cue/>") + drum + n("E4", 1))
    assert times(read.parts[0]) == [(0, 480), (1440, 480)]
    assert sum("passed over" in doubt for doubt in read.doubts) == 2


def test_a_microtone_is_sung_as_the_nearest_semitone_and_doubted(sing):
    pitch = "<pitch><step>C</step><alter>0.6</alter><octave>4</octave></pitch>"
    read = sing(f"<note>{pitch}<duration>4</duration></note>")
    assert read.parts[0].notes[0].pitch_midi == 61
    assert any("microtone" in doubt for doubt in read.doubts)


def test_breath_marks_and_staccato_reach_the_note(sing, n):
    breath = "<articulations><breath-mark/></articulations>"
    caesura = "<articulations><caesura/><staccato/></articulations>"
    notes = sing(n("C4", 2, signs=breath) + n("D4", 2, signs=caesura)).parts[0].notes
    assert [note.breath_after for note in notes] == [True, True]
    assert [note.staccato for note in notes] == [False, True]


def test_the_beats_of_a_pick_up_are_the_last_of_a_bar(sing, n):
    read = sing(n("G4", 1), n("C5", 4))
    assert [(note.bar, note.beat) for note in read.parts[0].notes] == [("1", Fraction(4)), ("2", Fraction(1))]
    assert [(s.tick, s.beats, s.beat_unit) for s in read.time_signatures] == [(0, 1, 4), (480, 4, 4)]
    assert read.length_ticks == 5 * 480


def test_a_timewise_score_is_the_same_music(tmp_path: Path, sheet, n):
    part, path = sheet([n("C4", 4, words="あ"), n("D4", 4)]), tmp_path / "partwise.xml"
    path.write_text(part, encoding="utf-8")
    head = "<attributes><divisions>1</divisions></attributes>"
    timewise = tmp_path / "timewise.xml"
    timewise.write_text(
        f'<score-timewise><part-list><score-part id="P0"><part-name>Part 0</part-name></score-part></part-list>'
        f'<measure number="1"><part id="P0">{head}{n("C4", 4, words="あ")}</part></measure>'
        f'<measure number="2"><part id="P0">{n("D4", 4)}</part></measure></score-timewise>',
        encoding="utf-8",
    )
    assert score.read(timewise).parts == score.read(path).parts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "shift_jis", "gb18030"])
def test_the_declared_encoding_is_read(tmp_path: Path, sheet, n, encoding):
    path = tmp_path / "encoded.xml"
    declared = encoding.removesuffix("-sig")
    path.write_bytes(f'<?xml version="1.0" encoding="{declared}"?>{sheet([n("C4", 4, words="花")])}'.encode(encoding))
    assert words(score.read(path).parts[0]) == ["花"]


def test_the_verse_asked_for_is_sung(sing, n):
    bar = n("C4", 2, words={1: "春", 2: "秋"}) + n("D4", 2, words={1: "花", 2: "月"})
    assert words(sing(bar, verse=2).parts[0]) == ["秋", "月"]
    assert words(sing(bar).parts[0]) == ["春", "花"]
    assert sing(bar).parts[0].verses == (1, 2)
    with pytest.raises(ScoreError, match="no verse 3"):
        sing(bar, verse=3)


def test_a_refrain_printed_once_is_sung_with_every_verse(sing, n):
    verse = "".join(n("C4", 1, words={1: a, 2: b}) for a, b in zip("春夏秋冬", "东西南北", strict=True))
    refrain = "".join(n("G4", 1, words=w) for w in "来来来来")
    assert words(sing(verse, refrain, verse=2).parts[0]) == [*"东西南北", *"来来来来"]


def test_a_melisma_of_the_second_verse_does_not_sing_the_first(sing, n):
    bar = n("C4", 1, words={1: "春", 2: "秋"}) + n("D4", 1, words={1: "花"}) + n("E4", 2, words={1: "开", 2: "落"})
    assert words(sing(bar, verse=2).parts[0]) == ["秋", None, "落"]


@pytest.mark.parametrize(
    ("bar", "problem"),
    [
        ("<direction><sound tempo='0'/></direction>{n}", "tempo of 0"),
        ("<note><pitch><step>C</step><octave>12</octave></pitch><duration>4</duration></note>", "0 to 127"),
        ("<note><pitch><step>X</step><octave>4</octave></pitch><duration>4</duration></note>", "step"),
        ("<note><pitch><step>C</step><octave>4</octave></pitch><duration>-4</duration></note>", "duration"),
        ("<attributes><divisions>0</divisions></attributes>{n}", "divisions"),
    ],
)  # fmt: skip
def test_what_cannot_be_sung_is_refused_with_bar_and_beat(sing, n, bar, problem):
    with pytest.raises(ScoreError, match=problem) as refusal:
        sing(n("C4", 4), bar.format(n=n("C4", 4)))
    assert "song.musicxml, bar 2, beat 1" in str(refusal.value)
    assert refusal.value.remedy


def test_a_note_over_ten_minutes_is_refused(sing, n):
    with pytest.raises(ScoreError, match="longer than 10 minutes"):
        sing(n("C4", 1201))
    assert sing(n("C4", 1200)).seconds == 600


def test_a_score_over_ten_hours_is_refused(sing, n):
    hour = n("C4", 1) + "".join(n("R", 1000) for _ in range(72))
    assert sing(hour.replace(">1000<", ">999<")).seconds < 36_001
    with pytest.raises(ScoreError, match="hours"):
        sing(hour)


def test_a_score_without_notes_is_refused(sing, n):
    with pytest.raises(ScoreError, match="no part has a note"):
        sing(n("R", 4))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("61a-Lyrics", "Tra la li Ja! - Tra - ra! - Bah! -"),
        ("61b-MultipleLyrics", "Tra la la, ja! - Tra - ra..."),
        ("61d-Lyrics-Melisma", "Me - - - lis ma. -"),
        ("61e-Lyrics-Chords", "Ly rics on chords"),
        ("61f-Lyrics-GracedNotes", "Ly - - rics on - notes - - - with - graces"),
        ("61k-Lyrics-SpannersExtenders", "A - long - - er - - Text - -"),
    ],
)
def test_the_test_suites_words_stand_where_they_are_printed(shared_data, name, text):
    """Read off the suite's own descriptions and pictures; `-` goes on with the syllable before."""
    path = shared_data / f"scores/musicxml-test-suite/xmlFiles/{name}.xml"
    assert " ".join(lyric or "-" for lyric in words(score.read(path).parts[0])) == text


@pytest.mark.parametrize("name", ["72a-TransposingInstruments", "72b-TransposingInstruments-Full"])
def test_the_test_suites_transposing_instruments_sound_in_unison(shared_data, name):
    read = score.read(shared_data / f"scores/musicxml-test-suite/xmlFiles/{name}.xml")
    assert len(read.parts) > 2
    assert len({tuple(note.pitch_midi for note in part.notes) for part in read.parts}) == 1
