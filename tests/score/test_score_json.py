"""Our JSON score: what is written is read again, what is wrong is named."""

import json
from fractions import Fraction

import pytest

from visinger import score
from visinger.errors import OutputError, ScoreError
from visinger.score import LevelPoint, Note, Part, Score, Tempo, TempoMap, TimeSignature

NOTES = (
    Note(0, 480, 60, "さ", bar="0", beat=Fraction(4)),
    Note(480, 320, 62, None, staccato=True, bar="1", beat=Fraction(1)),
    Note(800, 640, 64, "く", syllabic="begin", phonemes=("k", "u"), breath_after=True, bar="1", beat=Fraction(5, 3)),
)
SONG = Score(
    parts=(
        Part("歌", NOTES, dynamics=(LevelPoint(0, 0.0), LevelPoint(480, -4.5)), verses=(1, 2)),
        Part("Piano", (Note(0, 1, 127),)),
    ),
    tempo_map=TempoMap((Tempo(0, Fraction(96)), Tempo(700, Fraction(184, 3)))),
    time_signatures=(TimeSignature(0, 1, 4), TimeSignature(480, 6, 8)),
    length_ticks=1920,
    title="さくら “桜”",
    language="ja",
    bars=2,
    doubts=("a chord (bar 1)",),
)
LEAST = {"format": "visinger-score", "version": 1, "parts": [{"notes": [{"tick": 0, "duration": 480, "pitch": 60}]}]}


@pytest.fixture
def read(tmp_path):
    def written(content):
        path = tmp_path / "song.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return score.read(path)

    return written


def with_note(**changes):
    document = json.loads(json.dumps(LEAST))
    document["parts"][0]["notes"][0].update(changes)
    return document


def test_a_written_score_is_read_as_an_equal_one(tmp_path):
    score.write_json(tmp_path / "song.json", SONG)
    assert score.read(tmp_path / "song.json") == SONG


def test_a_few_keys_are_enough_and_the_rest_is_counted(read):
    song = read(LEAST)
    assert song.seconds == Fraction(1, 2)
    assert song.bars == 1
    assert song.parts[0].notes[0].lyric is None


def test_bars_and_beats_are_counted_through_the_time_signatures(read):
    document = with_note(tick=480 + 5 * 240)
    document["time_signatures"] = [{"tick": 0, "beats": 1, "beat_unit": 4}, {"tick": 480, "beats": 6, "beat_unit": 8}]
    note = read(document).parts[0].notes[0]
    assert (note.bar, note.beat) == ("2", 6)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not a visinger score"),
        ("[" * 100_000, "reason|not JSON"),
        ('{"format": "visinger-score", "version": NaN}', "reason"),
        ('{"format": "visinger-score", "version": 1e999999, "parts": []}', "version"),
        (LEAST | {"version": 2}, "version"),
        (LEAST | {"tempo": 3}, "unknown key 'tempo'"),
        (LEAST | {"parts": []}, "no part has a note"),
        (LEAST | {"parts": [{"notes": []}]}, "no part has a note"),
        (LEAST | {"parts": 3}, "must be a list"),
        (LEAST | {"tempos": [{"tick": 0, "quarters_per_minute": 0}]}, "tempo of 0"),
        (LEAST | {"tempos": [{"tick": 10, "quarters_per_minute": 60}]}, "start at tick 0"),
        (LEAST | {"tempos": [{"tick": 0, "quarters_per_minute": "1/0"}]}, "zero"),
        (LEAST | {"tempos": [{"tick": 0, "quarters_per_minute": "1e9"}]}, "fraction"),
        (LEAST | {"length_ticks": 10}, "before the end"),
        (LEAST | {"title": 5}, "must be text"),
        (with_note(pitch=128), "'pitch' must be a whole number from 0 to 127"),
        (with_note(duration=0), "'duration' must be"),
        (with_note(duration=True), "'duration' must be"),
        (with_note(lyric=5), "'lyric' must be text"),
        (with_note(syllabic="half"), "one of single"),
        (with_note(colour="red"), "unknown key 'colour'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(read, content, problem):
    with pytest.raises(ScoreError, match=problem) as refusal:
        read(content)
    assert "song.json" in str(refusal.value)
    assert refusal.value.remedy


def test_overlapping_notes_are_refused(read):
    document = with_note()
    document["parts"][0]["notes"].append({"tick": 479, "duration": 1, "pitch": 60})
    with pytest.raises(ScoreError, match="note 2 starts before note 1 ends"):
        read(document)


def test_a_score_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        score.write_json(tmp_path / "no such folder" / "song.json", SONG)
    (tmp_path / "song.json").mkdir()
    with pytest.raises(OutputError):
        score.write_json(tmp_path / "song.json", SONG)
    assert [path.name for path in tmp_path.iterdir()] == ["song.json"]


def test_half_a_character_is_refused_where_it_stands_and_mended_in_other_programs_files(tmp_path):
    r"""An escape such as `\ud83d` alone can be read from JSON, but neither written nor printed; found by fuzzing."""
    note = {"tick": 0, "duration": 480, "pitch": 60}
    song = {"format": "visinger-score", "version": 1, "parts": [{"notes": [note | {"lyric": "\ud83d"}]}]}
    (tmp_path / "a.json").write_text(json.dumps(song), encoding="ascii")
    with pytest.raises(ScoreError, match=r"note.* 1.*half a character"):
        score.read(tmp_path / "a.json")
    segment = {"text": "a\ud83d 😀", "note_seq": "C4 D4", "note_dur": "1 1", "note_slur": "0 0"}
    (tmp_path / "a.ds").write_text(json.dumps(segment), encoding="ascii")
    assert [n.lyric for n in score.read(tmp_path / "a.ds").parts[0].notes] == ["a\ufffd", "😀"]


def test_an_empty_lyric_goes_on_with_the_syllable_before(tmp_path):
    notes = [{"tick": 0, "duration": 480, "pitch": 60, "lyric": "a"}, {"tick": 480, "duration": 480, "pitch": 62}]
    notes[1]["lyric"] = ""
    song = {"format": "visinger-score", "version": 1, "parts": [{"notes": notes}]}
    (tmp_path / "a.json").write_text(json.dumps(song), encoding="utf-8")
    assert [n.lyric for n in score.read(tmp_path / "a.json").parts[0].notes] == ["a", None]
