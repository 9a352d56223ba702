"""A bank is what the editor expects, and sings what the voice does."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
import yaml

from tiny import FACTS, SYMBOLS, kana_score
from visinger import language
from visinger.errors import VisingerError, VoiceError
from visinger.exporting.openutau import write_bank
from visinger.exporting.openutau.dictionaries import dictionary_text, entries
from visinger.exporting.openutau.settings import Bank, texts
from visinger.phrasing.vocabulary import PADDING_ID
from visinger.signal.f0 import track_independent
from visinger.units import cents_between, hz_from_midi
from visinger.voices.description import read_description
from visinger.voices.openutau.archive import opened
from visinger.voices.openutau.comparing import compare
from visinger.voices.openutau.editor import padded_frames
from visinger.voices.openutau.reading import read_editor
from visinger.voices.openutau.words import EditorNote, Phone
from visinger.voices.voice import Voice

MANDARIN = tuple(sorted(language.phoneme_set("zh")))


@pytest.fixture(scope="module")
def editor(tiny_bank):
    with opened(tiny_bank) as files:
        yield read_editor(files)


def note(lyric, tone, start_ms, end_ms):
    return EditorNote(lyric, tone, float(start_ms), float(end_ms))


def test_the_bank_sings_at_the_pitch_that_is_drawn(editor):
    phones = [Phone("k", 500.0, 580.0), Phone("a", 580.0, 2000.0)]
    count = sum(padded_frames(phones, 10.0))
    drawn_hz = hz_from_midi(62 + np.sin(np.arange(count) / 15))
    sung = editor.render(phones, drawn_hz)
    assert len(sung.samples) == 441 * count
    heard_hz = track_independent(sung.samples, 44_100)
    middle = slice(40, 140)
    between = np.sqrt(drawn_hz[:-1] * drawn_hz[1:])
    assert (heard_hz[middle] > 0).mean() > 0.9
    voiced = heard_hz[middle] > 0
    assert np.median(np.abs(cents_between(heard_hz[middle][voiced], between[middle][voiced]))) < 2


def test_notes_that_a_vowel_is_held_over_are_followed(editor):
    notes = [note("ら", 60, 500, 1000), note("+", 67, 1000, 1500)]
    phones = editor.phones(notes)
    drawn_hz = editor.drawn_hz(notes, phones)
    at = int((1000 - phones[0].start_ms) / 10) + 8
    assert abs(np.median(cents_between(drawn_hz[at + 5 : at + 40], hz_from_midi(67)))) < 50
    assert abs(np.median(cents_between(drawn_hz[at - 40 : at - 5], hz_from_midi(60)))) < 50
    assert np.abs(cents_between(drawn_hz[at - 20 : at + 20], drawn_hz[at - 21 : at + 19])).max() < 150  # no leap


def test_vowels_stand_on_their_notes_and_consonants_before_them(editor):
    notes = [
        note("さ", 60, 1000, 1400),
        note("くん", 62, 1400, 2000),
        note("かっ", 64, 2000, 2500),
        note("た", 60, 2500, 3000),
    ]
    phones = editor.phones(notes)
    starts = {phone.symbol + str(k): phone.start_ms for k, phone in enumerate(phones)}
    assert [phone.symbol for phone in phones] == ["s", "a", "k", "u", "N", "k", "a", "cl", "t", "a"]
    assert [starts["a1"], starts["u3"], starts["a6"], starts["a9"]] == pytest.approx([1000, 1400, 2000, 2500])
    assert phones[0].start_ms < 1000
    assert phones[-1].end_ms == 3000
    assert all(phone.end_ms > phone.start_ms for phone in phones)


def test_the_same_phrase_sounds_the_same_wherever_it_stands(editor):
    """Its noise is counted from its own start: the editor's cache may hold what was rendered elsewhere."""
    first = editor.sing([note("ま", 60, 1000, 1500)])
    moved = editor.sing([note("ま", 60, 7000, 7500)])
    assert np.array_equal(first.samples, moved.samples)


def test_it_sings_in_time_and_in_tune_with_its_own_voice(editor, tiny_voice):
    score = kana_score(("", 0, 480), ("さ", 60, 480), ("く", 64, 480), ("ら", 62, 960))
    found = compare(editor, Voice.load(tiny_voice), score)
    assert found.median_cents < 5
    assert np.abs(found.vowels).max() < 1e-6
    assert np.abs(found.consonants).max() <= 0.0101


def test_everything_lies_in_one_folder_with_names_that_any_archive_keeps(tiny_bank):
    with zipfile.ZipFile(tiny_bank) as archive:
        names = archive.namelist()
        assert {name.partition("/")[0] for name in names} == {"tiny"}
        for name in names:
            assert name.isascii()
            if name.endswith(".txt"):  # the editor's installer rewrites these from an encoding of the user's choice
                assert archive.read(name).isascii()
        phonemes = archive.read("tiny/phonemes.txt").decode().splitlines()
    assert phonemes.index("a") == SYMBOLS.index("a") + 1
    assert phonemes[PADDING_ID] not in SYMBOLS


def test_licence_and_credit_stand_in_the_bank(tiny_bank):
    with zipfile.ZipFile(tiny_bank) as archive:
        for name in ("tiny/character.txt", "tiny/readme.txt", "tiny/CARD.md"):
            text = archive.read(name).decode()
            assert FACTS.licence in text
            assert FACTS.credit in text


def test_names_in_other_letters_keep_them_where_they_survive(tiny_voice):
    described = replace(read_description(tiny_voice), name="桜", credit="Vocals: José 歌手")
    files = texts(Bank(described, "歌手", "1"))
    assert files["character.txt"].isascii()
    assert "Vocals: Jose ??" in files["character.txt"]
    about = yaml.safe_load(files["character.yaml"])
    assert (about["name"], about["voice"], about["author"]) == ("桜", "歌手", "Vocals: José 歌手")
    assert Bank(described, "歌手", "1").folder == "visinger-voice"


def test_a_latent_wider_than_the_editor_allows_is_refused(tiny_voice):
    described = read_description(tiny_voice)
    assert texts(Bank(replace(described, latent_channels=254), "a", "1"))
    with pytest.raises(VisingerError, match="255 latent channels are more"):
        texts(Bank(replace(described, latent_channels=255), "a", "1"))
    with pytest.raises(VisingerError, match="no whole number of samples at 44100 Hz"):
        texts(Bank(replace(described, hop_samples=256), "a", "1"))


def test_a_bank_is_a_zip_and_a_singer_one_of_the_voice_s(tiny_voice, tmp_path):
    with pytest.raises(VisingerError, match=r"end it in \.zip"):
        write_bank(tiny_voice, tmp_path / "bank.rar")
    with pytest.raises(VoiceError, match=r"no singer 'Nobody'.*its singers: chance"):
        write_bank(tiny_voice, tmp_path / "bank.zip", singer="Nobody")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("code", "symbols"), [("ja", SYMBOLS), ("zh", MANDARIN)])
def test_every_entry_is_spelled_as_our_own_singer_spells_it(code, symbols):
    listed = entries(code, symbols)
    typed = [each for each in listed if each not in ("SP", "AP", "っ", "ッ", "cl")]
    for each in typed:
        (syllables,) = language.spell([each], code)
        assert tuple(s for syllable in syllables for s in syllable.phonemes) == listed[each], each


def test_mandarin_has_all_pinyin_and_japanese_all_kana_both_kinds_and_romaji():
    zh, ja = entries("zh", MANDARIN), entries("ja", SYMBOLS)
    assert set(language.pinyin.table()) <= zh.keys()
    assert zh["lü"] == zh["lv"] == ("l", "v")
    assert zh["huar"] == ("h", "ua", "er")
    hiragana = {chr(code) for code in range(ord("ぁ"), ord("ゖ") + 1)}
    assert hiragana <= ja.keys()
    assert {chr(ord(kana) + 0x60) for kana in hiragana} <= ja.keys()
    assert ja["しゃ"] == ja["シャ"] == ja["sha"] == ja["sya"] == ("sh", "a")
    assert ja["N"] == ja["ん"] == ja["n"] == ("N",)  # the editor's own phonemizer writes ん as N


def test_a_voice_without_a_phoneme_has_no_entry_that_needs_it():
    listed = entries("ja", tuple(symbol for symbol in SYMBOLS if symbol != "ky"))
    assert "kya" not in listed
    assert "ka" in listed


def test_words_that_yaml_takes_for_truth_values_stay_words():
    table = yaml.safe_load(dictionary_text("ja", SYMBOLS))
    graphemes = [entry["grapheme"] for entry in table["entries"]]
    assert {"no", "n", "yo"} <= set(graphemes)
    assert all(isinstance(each, str) for each in graphemes)
    assert all(isinstance(symbol, str) for entry in table["entries"] for symbol in entry["phonemes"])
    types = {entry["symbol"]: entry["type"] for entry in table["symbols"]}
    assert types["a"] == types["N"] == "vowel"
    assert not {"semivowel", "liquid"} & set(types.values())  # the editor lets those stand on the beat
