"""What stands under a note in an editor: syllables, holds, breaths, rests, hints, and names of samples."""

import pytest
from editor_files import Sung, Tune, ust, ustx

from visinger import score
from visinger.score.formats.editor_lyrics import Meaning, understood


@pytest.mark.parametrize("sign", ["-", "ー", "－", "~", "+~", "+*", "", " "])
def test_signs_of_a_hold_hold(sign):
    assert understood(sign).kind == "hold"


@pytest.mark.parametrize("sign", ["R", "r", "SP", "sil", "pau", "a R", "- R", "a -", "Ｒ"])
def test_signs_of_a_rest_are_silent(sign):
    assert understood(sign).kind == "rest"


@pytest.mark.parametrize("sign", ["AP", "br", "br1", "br2", "<AP>", "breath1"])
def test_signs_of_a_breath_are_breaths(sign):
    assert understood(sign).kind == "breath"


@pytest.mark.parametrize("word", ["rest", "breath", "silence", "er", "ar", "are", "no", "null", "sp4ce", "息子"])
def test_words_that_look_like_signs_are_sung(word):
    assert understood(word) == Meaning("sung", word)


def test_a_plus_sings_the_next_syllable():
    assert understood("+").text == understood("+2").text == "+"


@pytest.mark.parametrize(
    ("sample", "syllable"),
    [
        *(("- か", "か"), ("a か", "か"), ("o れ_B3", "れ"), ("i ふぁ_D#4", "ふぁ"), ("かF4", "か"), ("か↑", "か")),
        *(("n ん", "ん"), ("きゃ_強", "きゃ"), ("?か", "か"), ("a かー", "かー"), ("かぁ2", "かぁ"), ("ｶ", "ｶ")),
        *(("xiang", "xiang"), ("hello", "hello"), ("C4", "C4"), ("花", "花"), ("a k", "a k"), ("long4", "long4")),
    ],
)
def test_names_of_samples_are_taken_off_kana_and_nothing_else(sample, syllable):
    assert understood(sample).text == syllable


def test_brackets_hint_beside_a_word_and_spell_without_one():
    assert understood("你[n i]").hint == ("n", "i")
    assert understood("你[n i]").phonemes == ()
    assert understood("[zh ang]").phonemes == ("zh", "ang")
    assert understood(".hh ah").phonemes == ("hh", "ah")


@pytest.fixture
def project(tmp_path):
    def read(name, content):
        (tmp_path / name).write_bytes(content)
        return score.read(tmp_path / name)

    return read


def line(*lyrics):
    return Tune(tuple(Sung(480 * k, 480, 60, lyric) for k, lyric in enumerate(lyrics)))


def test_a_breath_belongs_to_the_note_before_it_and_is_silent_itself(project):
    notes = project("a.ustx", ustx(line("あ", "AP", "い"))).parts[0].notes
    assert [(n.lyric, n.start_tick, n.breath_after) for n in notes] == [("あ", 0, True), ("い", 960, False)]


def test_the_kanji_of_breath_is_a_breath_among_kana_and_a_word_among_hanzi(project):
    assert [n.lyric for n in project("ja.ust", ust(line("あ", "息", "い"))).parts[0].notes] == ["あ", "い"]
    chinese = project("zh.ust", ust(line("休", "息", "吧"), encoding="utf-8"))
    assert [n.lyric for n in chinese.parts[0].notes] == ["休", "息", "吧"]


def test_words_that_yaml_takes_for_other_things_stay_words(project):
    """To YAML `no` is false, `1` a number and `0x1F` another."""
    words = ["no", "on", "1", "true", "1e3", "0x1F", "2026-11-22"]
    assert [n.lyric for n in project("a.ustx", ustx(line(*words))).parts[0].notes] == words


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_of_a_sequence_is_found(project, encoding):
    words = ["花", "开", "了"] if encoding == "gb18030" else ["さ", "く", "ら"]
    assert [n.lyric for n in project("a.ust", ust(line(*words), encoding)).parts[0].notes] == words


def test_hints_travel_through_our_own_format(project, tmp_path):
    read = project("a.ustx", ustx(line("你[n i]", "hello", "+")))
    score.write_json(tmp_path / "again.json", read)
    again = score.read(tmp_path / "again.json")
    assert again == read
    assert [(n.lyric, n.phoneme_hint) for n in again.parts[0].notes] == [("你", ("n", "i")), ("hello", ()), ("+", ())]


def test_a_hyphen_at_a_syllables_end_goes_on_with_the_word(tmp_path):
    path = tmp_path / "a.ust"
    path.write_bytes(ust(Tune((Sung(0, 480, 60, "hel-"), Sung(480, 480, 62, "lo"), Sung(960, 480, 64, "you")))))
    notes = score.read(path).parts[0].notes
    assert [(n.lyric, n.syllabic) for n in notes] == [("hel", "begin"), ("lo", "end"), ("you", "single")]
