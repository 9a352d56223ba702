"""Words for a melody: how a text is parted into syllables, and how it meets the notes."""

import pytest

from visinger.errors import ScoreError
from visinger.score import Note, Part, Score, with_lyrics
from visinger.score.lyrics import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("让我来，将你摘下！", list("让我来将你摘下")),
        ("きゃっと", ["きゃっ", "と"]),
        ("シンジョウ", ["シ", "ン", "ジョ", "ウ"]),
        ("さっ き", ["さっ", "き"]),
        ("さ っ き", ["さ", "っ", "き"]),
        ("らー ら", ["ら", None, "ら"]),
        ("ni hao - xi'an", ["ni", "hao", None, "xi'an"]),
        ("hel-lo la - -", ["hel", "lo", "la", None, None]),
        ("长(chang)亭外", ["长(chang)", "亭", "外"]),
        ("长（chang） 亭", ["长(chang)", "亭"]),
        ("é à", ["é", "à"]),
        ("花-\n\n开", ["花", None, "开"]),
        ("。！", []),
    ],
)
def test_a_text_is_parted_into_what_one_note_carries(text, expected):
    assert tokens(text) == expected


@pytest.fixture
def melody():
    notes = tuple(Note(480 * k, 480, 60, bar=str(k // 4 + 1), beat=k % 4 + 1) for k in range(6))
    return Score((Part("Voice", notes),), length_ticks=4 * 960)


def test_each_note_gets_its_word(melody):
    sung = with_lyrics(melody, "さくらー さく")
    assert [note.lyric for note in sung.parts[0].notes] == ["さ", "く", "ら", None, "さ", "く"]
    assert sung.parts[0].sung
    assert not melody.parts[0].sung


def test_too_few_words_name_the_bar_where_they_run_out(melody):
    with pytest.raises(ScoreError, match="5 words for 6 notes") as refusal:
        with_lyrics(melody, "さくらさく")
    assert "bar 2, beat 2" in str(refusal.value)


def test_too_many_words_name_those_left_over(melody):
    with pytest.raises(ScoreError, match=r"8 words for 6 notes.*'ら が'"):
        with_lyrics(melody, "さくらさくららが")


def test_words_do_not_begin_with_a_hold(melody):
    with pytest.raises(ScoreError, match="begin with a hold"):
        with_lyrics(melody, "- さくらさく")


def test_a_part_that_is_not_there_is_refused(melody):
    with pytest.raises(ScoreError, match="no part 1"):
        with_lyrics(melody, "さくらさくら", part=1)
