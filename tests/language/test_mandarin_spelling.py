"""Pinyin against pypinyin's dictionary and a recorded syllable list; hanzi in songs' own words."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from pypinyin import pinyin as readings_of
from pypinyin.pinyin_dict import pinyin_dict
from pypinyin.style._utils import get_finals, get_initials

from visinger.language import SpellingError, phoneme_set, pinyin, spell
from visinger.language.mandarin import phrase_overrides


def sung(*lyrics: str) -> list[str]:
    return ["|".join(" ".join(s.phonemes) for s in note) for note in spell(lyrics, "zh")]


@pytest.mark.parametrize(
    ("typed", "phonemes"),
    [
        ("ju", "j v"),
        ("yuan", "y van"),
        ("yue", "y ve"),
        ("yun", "y vn"),
        ("yu", "y v"),
        ("xun", "x vn"),
        ("quan", "q van"),
        ("wei", "w ei"),
        ("yan", "y an"),
        ("ye", "y e"),
        ("you", "y ou"),
        ("yong", "y ong"),
        ("jiong", "j iong"),
        ("zhi", "zh i"),
        ("zi", "z i"),
        ("zhuang", "zh uang"),
        ("dui", "d ui"),
        ("liu", "l iu"),
        ("lun", "l un"),
        ("lüe", "l ve"),
        ("nü", "n v"),
        ("nv", "n v"),
        ("nu:3", "n v"),
        ("lu", "l u"),
        ("er", "er"),
        ("a", "a"),
        ("ang", "ang"),
        ("ng", "ng"),
        ("hm", "h m"),
        ("m", "m"),
        ("wo", "w o"),
        ("bo", "b o"),
    ],
)
def test_a_pinyin_syllable_sings_its_opencpop_initial_and_final(typed: str, phonemes: str) -> None:
    assert sung(typed) == [phonemes]


@pytest.mark.parametrize(
    ("one", "other"),
    [("lǜ", "lv4"), ("lǘ", "lü"), ("nǚ", "nv"), ("lüè", "lve"), ("xi'an", "xi an"), ("HĂO", "hao"), ("zhōng", "zhong1"),
     ("nihao", "ni hao"), ("jü", "ju"), ("yve", "yue"), ("huar", "hua er"), ("ｍａ", "ma")],
)  # fmt: skip
def test_two_ways_of_typing_sing_alike(one: str, other: str) -> None:
    assert spell([one], "zh") == spell([other], "zh")


def test_xian_is_one_syllable_and_xi_an_two() -> None:
    assert sung("xian", "xi'an") == ["x ian", "x i|an"]


def test_every_reading_in_pypinyins_dictionary_can_be_sung() -> None:
    written = {reading for entry in pinyin_dict.values() for reading in entry.split(",")}
    unsung = {pinyin.toneless(w) for w in written if len(pinyin.syllables(w) or ()) != 1}
    assert unsung <= {"wong", "bong"}  # of three characters that no dictionary of words holds


def test_initials_and_finals_are_pypinyins_but_for_what_opencpop_writes_otherwise() -> None:
    """Opencpop counts y and w as initials and v for every ü; pypinyin's loose finals differ in nothing else."""
    differing = set()
    for typed, syllable in pinyin.table().items():
        if typed[0] in "yw" or syllable.nucleus in ("m", "n", "ng"):
            continue
        initial, final = get_initials(typed, strict=False), get_finals(typed, strict=False)
        if (*((initial,) if initial else ()), final) != syllable.phonemes:
            differing.add(typed)
    assert all(typed[0] in "jqx" and "u" in typed for typed in differing), differing
    assert "ju" in differing


def test_the_table_has_the_syllables_of_the_language_and_the_set_no_idle_phoneme() -> None:
    table = pinyin.table()
    assert 405 <= len(table) <= 440
    used = {p for syllable in table.values() for p in syllable.phonemes}
    assert used | {"SP", "AP"} == phoneme_set("zh").keys()
    assert len(pinyin.INITIALS) == 23 and len(pinyin.FINALS) == 35


def test_every_recorded_syllable_of_the_mandarin_voice_is_one_of_ours(shared_data: Path) -> None:
    names = {re.sub(r"^_|\d\.mp3$", "", p.name.split("-", 1)[1]) for p in (shared_data / "cmn-syllables").glob("*.mp3")}
    assert len(names) > 400
    assert {name for name in names if len(pinyin.syllables(name) or ()) != 1} == set()


def test_a_songs_hanzi_read_each_other() -> None:
    assert sung(*"好一朵美丽的茉莉花") == ["h ao", "y i", "d uo", "m ei", "l i", "d e", "m o", "l i", "h ua"]
    assert sung(*"音乐")[1] == "y ve" and sung(*"快乐")[1] == "l e"
    assert sung(*"银行")[1] == "h ang" and sung(*"行走")[0] == "x ing"
    assert sung(*"长亭外")[0] == "ch ang" and sung(*"成长")[1] == "zh ang"
    assert sung(*"白了头")[1] == "l e"


def test_traditional_characters_read_like_simplified_ones() -> None:
    for traditional, simplified in (
        ("音樂", "音乐"),
        ("長江", "长江"),
        ("還給", "还给"),
        ("銀行", "银行"),
        ("重來", "重来"),
    ):
        assert sung(*traditional) == sung(*simplified), traditional


def test_the_phrase_table_corrects_what_pypinyin_reads_wrong() -> None:
    assert sung(*"长睫毛") == ["ch ang", "j ie", "m ao"]
    assert sung(*"问君此去几时还")[-1] == "h uan"
    assert sung(*"轻轻地")[-1] == "d e"


def test_every_row_of_the_phrase_table_is_a_possible_reading_that_pypinyin_misses() -> None:
    table, longest = phrase_overrides()
    assert longest <= 8
    for phrase, read in table.items():
        if phrase == "嗯":  # dictionaries know it only as a hum; songs sing en
            continue
        assert len(phrase) == len(read)
        assert lazy_pinyin(phrase, style=Style.NORMAL, v_to_u=False) != list(read), phrase
        for character, syllable in zip(phrase, read, strict=True):
            possible = readings_of(character, style=Style.NORMAL, heteronym=True)[0]
            assert syllable in [p.replace("ü", "v") for p in possible], (phrase, character)


def test_punctuation_is_not_sung_and_parts_contexts() -> None:
    assert sung("花，", "「儿」") == ["h ua", "er"]
    with pytest.raises(SpellingError):
        spell(["，"], "zh")


def test_erhua_is_er_on_its_own_note_and_after_its_syllable() -> None:
    assert sung("花儿", "花", "儿") == ["h ua|er", "h ua", "er"]


def test_what_brackets_hold_is_sung() -> None:
    assert sung("长(zhang)", "长[ch ang]", "[la]", "OK[ou]", "[m]", "【hē】") == [
        "zh ang",
        "ch ang",
        "l a",
        "ou",
        "m",
        "h e",
    ]


def test_a_breath_may_be_typed_as_a_lyric() -> None:
    assert sung("AP", "[SP]") == ["AP", "SP"]


@pytest.mark.parametrize("lyric", ["ok", "zz", "hello", "♪", "x", "あ", "花b", "㐀[q]", "1"])
def test_what_cannot_be_sung_is_refused_with_its_position_and_a_remedy(lyric: str) -> None:
    with pytest.raises(SpellingError) as refused:
        spell(["你", lyric], "zh")
    assert refused.value.index == 1
    assert refused.value.remedy


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=30))
def test_any_text_is_spelled_or_refused_but_nothing_breaks(text: str) -> None:
    for language in ("zh", "ja"):
        try:
            (note,) = spell([text], language)
        except SpellingError as refused:
            assert refused.index == 0
        else:
            kinds = phoneme_set(language)
            assert note and all(p in kinds for s in note for p in s.phonemes)
