"""A voice that is incomplete or altered is refused with the file's name."""

import json
import shutil

import pytest

from visinger.errors import VoiceError
from visinger.voices import embedded
from visinger.voices.voice import Voice


@pytest.fixture
def copy(tiny_voice, tmp_path):
    return shutil.copytree(tiny_voice, tmp_path / "voice")


def alter(folder, **changes):
    path = folder / "voice.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("name", ["rhythm", "intonation", "prior", "decoder"])
def test_a_missing_graph_is_named(copy, name):
    (copy / f"{name}.onnx").unlink()
    with pytest.raises(VoiceError, match=rf"{name}\.onnx: is missing.*copy or export"):
        Voice.load(copy)


def test_a_truncated_graph_is_named_with_its_sizes(copy):
    path = copy / "prior.onnx"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(
        VoiceError, match=rf"prior\.onnx: is damaged: {len(whole) - 10} bytes where {len(whole)} belong"
    ):
        Voice.load(copy)


def test_a_graph_with_one_flipped_bit_is_refused(copy):
    path = copy / "decoder.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(VoiceError, match=r"decoder\.onnx: is damaged or was altered"):
        Voice.load(copy)


def test_a_folder_without_description_is_no_voice(tmp_path):
    with pytest.raises(VoiceError, match=r"voice\.json: is missing"):
        Voice.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": "1"}', "[" * 100_000, "\ud800"])
def test_a_description_that_is_none_is_refused(copy, text):
    (copy / "voice.json").write_text(text, errors="surrogatepass")
    with pytest.raises(VoiceError, match=r"voice\.json"):
        Voice.load(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate_hz": 0},
        {"hop_samples": "240"},
        {"gain": -1},
        {"phonemes": 5},
        {"graphs": {}},
        {"graphs": None},
        {"context_frames": 10**9},
        {"format": 99},
        {"hop_samples": 256},
    ],
)
def test_a_description_with_a_wrong_value_is_refused(copy, changes):
    alter(copy, **changes)
    with pytest.raises(VoiceError, match=r"voice\.json"):
        Voice.load(copy)


def test_a_description_cannot_point_outside_its_folder(copy):
    graphs = json.loads((copy / "voice.json").read_text())["graphs"]
    graphs["prior"]["file"] = "../voice/prior.onnx"
    alter(copy, graphs=graphs)
    with pytest.raises(VoiceError, match="not a plain file name"):
        Voice.load(copy)


def test_another_language_than_the_voices_is_refused(tiny_voice):
    with pytest.raises(VoiceError, match="sings 'ja', not 'zh'"):
        Voice.load(tiny_voice, language="zh")


def test_an_unknown_name_lists_the_embedded_voices():
    with pytest.raises(VoiceError, match="no voice 'nobody'; give a voice's folder"):
        Voice.load("nobody")


@pytest.fixture
def embedded_here(tiny_voice, tmp_path, monkeypatch):
    """Two embedded voices: the tiny one for Japanese, and its copy that says it sings Mandarin."""
    shutil.copytree(tiny_voice, tmp_path / "tiny-ja")
    alter(shutil.copytree(tiny_voice, tmp_path / "tiny-zh"), name="tiny-zh", language="zh")
    monkeypatch.setattr(embedded, "EMBEDDED", tmp_path)
    embedded.embedded_voices.cache_clear()
    yield tmp_path
    embedded.embedded_voices.cache_clear()


def test_an_embedded_voice_is_found_by_name_and_by_language(embedded_here):
    assert Voice.load("tiny-zh").language == "zh"
    assert Voice.load(language="zh").name == "tiny-zh"
    with pytest.raises(VoiceError, match=r"no embedded voice sings 'ko'.*tiny-ja \(ja\), tiny-zh \(zh\)"):
        Voice.load(language="ko")


def test_the_default_voice_is_the_one_of_the_songs_language(embedded_here):
    voice = Voice.load()
    assert voice.for_language("ja").name == "tiny"
    assert voice.for_language("zh").name == "tiny-zh"
    assert voice.for_language("zh") is voice.for_language("zh")
