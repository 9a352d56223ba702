"""A bank with one thing wrong is found out, and what is wrong is said in a line."""

import os
import shutil
import zipfile

import onnx
import pytest

from visinger.cli.main import main
from visinger.errors import VisingerError, VoiceError
from visinger.voices import embedded
from visinger.voices.openutau import archive, words
from visinger.voices.openutau.checking import check
from visinger.voices.openutau.dictionary import BankDictionary
from visinger.voices.openutau.onnx_facts import read_facts


@pytest.fixture(scope="module")
def unpacked(tiny_bank, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(tiny_bank) as file:
        file.extractall(folder)
    return folder / "tiny"


@pytest.fixture
def bank(unpacked, tmp_path):
    """A copy to be spoiled; its models are shared until one is written anew."""
    return shutil.copytree(unpacked, tmp_path / "bank", copy_function=os.link)


def rewrite(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.unlink()
    path.write_text(text.replace(old, new), encoding="utf-8")


def wrong(path):
    """What is wrong, one after the other; nothing is looked for, or played, that nobody asks for."""
    return (str(finding) for finding in check(path) if finding.level == "wrong")


def finds(path, *said):
    """True when the texts are found wrong in this order."""
    found = wrong(path)
    return all(any(text in line for line in found) for text in said)


def test_a_bank_made_from_a_voice_is_what_the_editor_expects(tiny_bank):
    findings = list(check(tiny_bank))
    assert [str(f) for f in findings if f.level == "wrong"] == []
    assert any("bit for bit" in f.text for f in findings)
    assert any("keeps the pitch" in f.text for f in findings)
    assert {"acoustic.onnx", "dsvocoder/vocoder.onnx", "dsdur/dur.onnx", "dspitch/pitch.onnx"} <= {
        f.place for f in findings
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("dsvocoder/vocoder.yaml", "hop_size: 441", "hop_size: 512", "hop_size is 512, in dsconfig.yaml 441"),
        ("dsconfig.yaml", 'vocoder: "tiny"', "", "has no 'vocoder'"),
        ("dsconfig.yaml", "use_continuous_acceleration: true", "", "asks for steps, which the editor does not send"),
        ("dspitch/dsconfig.yaml", "use_expr: true", "use_expr: false", "asks for expr"),
        ("dspitch/dsconfig.yaml", "predict_dur: false", "predict_dur: true", "does not take word_div, word_dur"),
        ("dsdur/phonemes.txt", "ky\n", "", "lacks 'ky'"),
        ("phonemes.txt", "SP\n", "sp\n", "lacks 'SP'"),
        ("dsdur/dsdict.yaml", '- {symbol: "ts", type: affricate}\n', "", "'ts' stand in entries but not in symbols"),
        ("dsdur/dsdict.yaml", "entries:", "entries: [", "is no YAML"),
        ("character.txt", "name=", "nom=", "has no name"),
        ("dsvocoder/vocoder.yaml", "mel_base: \"e\"", "mel_base: \"2\"", "mel_base is '2'"),
    ],
)  # fmt: skip
def test_one_wrong_setting_is_found(bank, name, old, new, said):
    rewrite(bank / name, old, new)
    assert finds(bank, said)


@pytest.mark.parametrize("rate_hz", [22_050, 24_000])
def test_a_bank_at_another_rate_is_told_that_older_editors_play_it_wrongly(bank, rate_hz):
    for name in ("dsconfig.yaml", "dsvocoder/vocoder.yaml"):
        rewrite(bank / name, "sample_rate: 44100", f"sample_rate: {rate_hz}")
    assert finds(bank, f"gives {rate_hz} Hz")


def test_weights_in_another_file_are_found(bank):
    model = onnx.load(bank / "acoustic.onnx")
    (bank / "acoustic.onnx").unlink()
    onnx.save(
        model, bank / "acoustic.onnx", save_as_external_data=True, location="acoustic.onnx.data", size_threshold=0
    )
    assert any("its weights lie in other files" in line for line in wrong(bank))


def test_a_missing_model_and_one_that_is_none_are_told_apart(bank):
    (bank / "dsdur" / "dur.onnx").unlink()
    (bank / "dspitch" / "pitch.onnx").unlink()
    (bank / "dspitch" / "pitch.onnx").write_bytes(b"\x08\x0anot a model")
    assert finds(bank, "dsdur/dur.onnx: is missing", "dspitch/pitch.onnx: is no ONNX model")


def test_a_fixed_length_and_a_wrong_type_are_found(bank):
    model = onnx.load(bank / "dspitch" / "linguistic.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 6
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.INT32
    (bank / "dspitch" / "linguistic.onnx").unlink()
    onnx.save(model, bank / "dspitch" / "linguistic.onnx")
    assert finds(bank, "tokens has a fixed length of 6", "ph_dur is int32, the editor sends int64")


def test_a_vocoder_of_another_length_would_make_the_bank_drift(bank):
    for name in ("dsconfig.yaml", "dsvocoder/vocoder.yaml", "dsdur/dsconfig.yaml", "dspitch/dsconfig.yaml"):
        rewrite(bank / name, "hop_size: 441", "hop_size: 512")
    assert finds(bank, "the bank would drift")


def test_a_zip_that_leads_out_of_its_folder_is_found_and_nothing_is_unpacked(tiny_bank, tmp_path):
    evil = tmp_path / "evil.zip"
    shutil.copy(tiny_bank, evil)
    with zipfile.ZipFile(evil, "a") as file:
        file.writestr("../outside.txt", "boo")
        file.writestr("/etc/nothing", "boo")
    assert finds(evil, "../outside.txt: leads out of the folder", "/etc/nothing: leads out of the folder")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_what_is_no_bank_is_refused_in_a_line(tmp_path, monkeypatch):
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    for path, said in (("text.zip", "is no zip"), ("none.zip", "is not there"), ("empty", r"holds no character\.txt")):
        with pytest.raises(VisingerError, match=said):
            list(check(tmp_path / path))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("b/character.txt", "name=b")
        file.writestr("b/dsconfig.yaml", "a: " + " " * (1 << 20))
    monkeypatch.setattr(archive, "LARGEST_TEXT_BYTES", 1 << 16)
    assert finds(tmp_path / "bomb.zip", "is larger than")
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 16)
    with pytest.raises(VoiceError, match="this is no voicebank"):
        list(check(tmp_path / "bomb.zip"))


def test_settings_that_nest_without_end_or_name_python_objects_are_harmless(bank):
    (bank / "dsdur" / "dsconfig.yaml").unlink()
    (bank / "dsdur" / "dsconfig.yaml").write_text("[" * 100_000)
    (bank / "dspitch" / "dsconfig.yaml").unlink()
    (bank / "dspitch" / "dsconfig.yaml").write_text("linguistic: !!python/object/apply:os.system ['true']\n")
    assert finds(bank, "dsdur/dsconfig.yaml: is no YAML", "dspitch/")


def test_versions_are_read_as_onnx_itself_reads_them():
    path = embedded.EMBEDDED / "pjs" / "decoder.onnx"
    model, facts = onnx.load(path), read_facts(path.read_bytes())
    assert (facts.ir_version, facts.opset) == (model.ir_version, model.opset_import[0].version)
    assert (facts.external, facts.domains) == (0, ())
    for damaged in (b"", b"\xff" * 40, path.read_bytes()[:1000]):
        with pytest.raises(ValueError, match="ONNX model"):
            read_facts(damaged)


DICTIONARY = BankDictionary(
    "dsdict.yaml",
    {"k": "stop", "w": "semivowel", "a": "vowel", "i": "vowel", "N": "vowel", "cl": "stop"},
    {"kwa": ("k", "w", "a"), "ka": ("k", "a"), "wa": ("w", "a"), "kai": ("k", "a", "i"), "n": ("N",), "cl": ("cl",)},
    (),
)
KNOWN = {symbol: k for k, symbol in enumerate(["SP", "AP", "k", "w", "a", "i", "N", "cl"])}


def groups(*lyrics):
    notes = [words.EditorNote(lyric, 60 + k, 1000.0 + 500 * k, 1500.0 + 500 * k) for k, lyric in enumerate(lyrics)]
    return [(g.start_ms, g.tone, g.symbols) for g in words.groups_of(notes, DICTIONARY, KNOWN).groups]


def test_the_editor_groups_phonemes_from_vowel_to_vowel():
    """Consonants belong to the group before, with its tone; half a second of silence comes first."""
    assert groups("ka", "wa") == [(500, 60, ["SP", "k"]), (1000, 60, ["a", "w"]), (1500, 61, ["a"]), (2000, 61, [])]


def test_a_glide_after_a_consonant_starts_the_note():
    assert groups("kwa") == [(500, 60, ["SP", "k"]), (1000, 60, ["w", "a"]), (1500, 60, [])]


def test_a_word_of_several_vowels_is_dealt_to_its_notes():
    assert [g[2] for g in groups("kai", "+")] == [["SP", "k"], ["a"], ["i"], []]
    assert [g[2] for g in groups("kai")] == [["SP", "k"], ["a", "i"], []]
    assert [g[2] for g in groups("ka", "+", "cl")] == [["SP", "k"], ["a"], ["cl"], []]


def test_predicted_lengths_are_stretched_to_the_notes_but_not_the_first_consonants():
    notes = [words.EditorNote("ka", 60, 1000.0, 1500.0), words.EditorNote("wa", 62, 1500.0, 1900.0)]
    found = words.groups_of(notes, DICTIONARY, KNOWN)
    phones = found.phones([10.0, 7.0, 30.0, 10.0, 99.0], 10.0)
    assert [(p.symbol, p.start_ms, p.end_ms) for p in phones] == [
        ("k", 930.0, 1000.0),
        ("a", 1000.0, 1375.0),
        ("w", 1375.0, 1500.0),
        ("a", 1500.0, 1900.0),
    ]


def test_a_lyric_that_nobody_knows_is_a_pause_and_is_named():
    notes = [words.EditorNote("xyz", 60, 1000.0, 1500.0), words.EditorNote("k a", 60, 1500.0, 2000.0)]
    found = words.groups_of(notes, DICTIONARY, KNOWN)
    assert found.unknown == ("xyz",)
    assert [g.symbols for g in found.groups] == [["SP"], ["SP", "k"], ["a"], []]


def test_check_exits_with_2_when_something_is_wrong(tiny_bank, tiny_voice, bank, tmp_path, capsys):
    assert (
        main(["check", "openutau", str(tiny_bank), "--voice", str(tiny_voice), "--save", str(tmp_path / "waves")]) == 0
    )
    shown = capsys.readouterr().out
    assert "cents apart" in shown
    assert shown.splitlines()[-1] == "The editor can play it." or "0 wrong" in shown
    assert sorted(p.name for p in (tmp_path / "waves").iterdir()) == ["bank.wav", "voice.wav"]
    (bank / "dsdur" / "dur.onnx").unlink()
    assert main(["check", "openutau", str(bank)]) == 2
    assert "wrong  dsdur/dur.onnx: is missing; export the bank again" in capsys.readouterr().out
    assert main(["check", "openutau", str(bank), "--score", "song.mid"]) == 2
    assert "name one with --voice" in capsys.readouterr().err


def test_export_keeps_its_old_form_beside_the_new_one(tmp_path, capsys):
    for arguments, said in (
        (["openutau", str(tmp_path / "run")], "name it with --corpus"),
        (["run"], "see visinger export --help"),
        (["openutau", "nobody", str(tmp_path / "b.zip")], "no voice 'nobody'"),
        ([str(tmp_path / "run"), str(tmp_path / "v"), "--corpus", str(tmp_path / "none")], "none"),
    ):
        assert main(["export", *arguments]) == 2
        assert said in capsys.readouterr().err
