"""A voice of several singers: who sings is asked once, and the sound is the network's."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tiny import FACTS, SYMBOLS, kana_score, tiny_config, tiny_model
from visinger.cli.main import main
from visinger.errors import VoiceError
from visinger.exporting import export_model, graphs, rewriting
from visinger.exporting.onnx_files import write_graph
from visinger.exporting.voice_card import card_text
from visinger.models.parts import weight_norm
from visinger.models.visinger import VISinger
from visinger.score.formats.json_score import write_json
from visinger.voices import embedded
from visinger.voices.description import read_description
from visinger.voices.graphs import open_graphs
from visinger.voices.voice import DefaultVoice, Voice

SINGERS = ("ana", "ben")
SCORE = kana_score(("さ", 64, 480), ("く", 62, 480), ("ら", 60, 960))


def duet_model() -> VISinger:
    """The tiny network for two, who differ from their first phoneme on."""
    alone = tiny_model()
    model = VISinger(tiny_config(), len(SYMBOLS) + 1, singers=2)
    rows = torch.randn(2, alone.config.hidden, generator=torch.Generator().manual_seed(1))
    model.load_state_dict(alone.state_dict() | {"singer_embedding.weight": rows})
    return model.eval()


@pytest.fixture(scope="module")
def duet(tiny_voice, tmp_path_factory):
    """The tiny voice, but for the one graph that differs where there are two singers."""
    folder = shutil.copytree(tiny_voice, tmp_path_factory.mktemp("voices") / "duet")
    model = duet_model()
    rewriting.ready(model, half=True)
    one = read_description(tiny_voice)
    rhythm = write_graph(graphs.cuts(model)[0], folder)
    replace(one, name="duet", singers=SINGERS, graphs={**one.graphs, "rhythm": rhythm}).write(folder)
    return folder


def test_rhythm_alone_is_told_who_sings(duet):
    described = read_description(duet)
    assert described.singers == SINGERS
    assert described.graphs["rhythm"].inputs["singer"] == "int64 [1]"
    assert not any("singer" in described.graphs[name].inputs for name in ("intonation", "prior", "decoder"))
    assert "| Singers | ana, ben |" in card_text(described, {}, parameters=1)


def test_an_export_names_as_many_singers_as_the_network_has(tmp_path):
    for singers in ((), ("ana",), ("ana", "ben", "eve")):
        facts = replace(FACTS, singers=singers)
        with pytest.raises(ValueError, match=f"{len(singers)} names for 2 singers"):
            export_model(duet_model(), SYMBOLS, tmp_path / "voice", facts=facts, recipe={}, steps=0)


@torch.no_grad()
@pytest.mark.parametrize("singer", [0, 1])
def test_each_singers_text_and_durations_are_the_networks(duet, singer):
    network = duet_model()
    weight_norm.fold(network)
    rewriting.round_to_half(network)
    exported = open_graphs(duet, read_description(duet)).for_singer(singer)
    rng = np.random.default_rng(singer)
    for phonemes in (2, 11):
        score = [rng.integers(low, high, phonemes) for low, high in ((1, len(SYMBOLS)), (55, 77), (1, 300))]
        text, frames = exported.rhythm(*score)
        given = [torch.from_numpy(row)[None] for row in score]
        wanted = network.encode(*given, torch.tensor([phonemes]), singers=torch.tensor([singer]))
        drawn = network.durations(wanted, given[2], torch.ones(1, 1, phonemes))
        assert np.abs(text - wanted.numpy()).max() < 1e-4
        assert np.abs(frames - drawn[0].numpy()).max() < 1e-3


def test_a_voice_sings_as_whoever_is_asked_and_first_as_the_first(duet):
    voice = Voice.load(duet)
    assert voice.singers == SINGERS
    first, ana, ben = (voice.sing(SCORE, singer=name).samples for name in (None, *SINGERS))
    assert np.array_equal(first, ana)
    assert not np.array_equal(ana, ben)
    loaded = Voice.load(duet, singer="ben")
    assert np.array_equal(loaded.sing(SCORE).samples, ben)
    assert np.array_equal(loaded.render(loaded.perform(SCORE)).samples, ben)


def test_an_unknown_singer_is_refused_with_the_known_ones(duet, tiny_voice):
    with pytest.raises(VoiceError, match=r"duet: no singer 'eve'; its singers: ana, ben"):
        Voice.load(duet, singer="eve")
    alone = Voice.load(tiny_voice)
    assert alone.for_singer("chance") is alone
    with pytest.raises(VoiceError, match=r"no singer 'ana'; its singers: chance"):
        alone.for_singer("ana")


def test_the_command_line_takes_a_singer_and_lists_them_when_it_is_wrong(duet, tmp_path, capsys):
    score = tmp_path / "song.json"
    write_json(score, SCORE)
    told = ["sing", str(score), "--voice", str(duet), "-o", str(tmp_path / "song.wav"), "--quiet"]
    assert main([*told, "--singer", "eve"]) == 2
    assert "no singer 'eve'; its singers: ana, ben" in capsys.readouterr().err
    assert not (tmp_path / "song.wav").exists()
    assert main([*told, "--singer", "ben"]) == 0
    assert (tmp_path / "song.wav").is_file()


@pytest.mark.parametrize("singers", [["ana"], ["ana", "ana"], [], ["ana", 5], "ana"])
def test_singers_that_do_not_fit_the_graphs_are_refused(duet, tmp_path, singers):
    copy = shutil.copytree(duet, tmp_path / "voice")
    table = json.loads((copy / "voice.json").read_text())
    (copy / "voice.json").write_text(json.dumps({**table, "singers": singers}))
    with pytest.raises(VoiceError, match=r"voice\.json: holds a wrong value"):
        read_description(copy)


def test_a_voice_of_one_is_described_as_before_there_could_be_several(duet, tiny_voice):
    """So that older programs read it; one of several they refuse, by its format."""
    one, two = (json.loads((folder / "voice.json").read_text()) for folder in (tiny_voice, duet))
    assert (one["format"], two["format"]) == (1, 2)
    assert "singers" not in one
    assert set(one["graphs"]["rhythm"]["inputs"]) == {"phonemes", "pitches", "note_frames"}


@pytest.mark.parametrize("name", sorted(embedded.embedded_voices()))
def test_an_embedded_voice_asks_its_graphs_what_it_always_asked(name):
    """Bit for bit what onnxruntime gives for the three inputs that such a voice has had from the start."""
    import onnxruntime

    voice = Voice.load(name)
    assert voice.singers == (voice.description.singer,)
    session = onnxruntime.InferenceSession(str(embedded.EMBEDDED / name / "rhythm.onnx"))
    starts = {"phonemes": 1, "pitches": 56, "note_frames": 3}  # pitches that both know
    score = {key: np.arange(start, start + 11)[None] for key, start in starts.items()}
    wanted = session.run(["text", "predicted_frames"], score)
    text, frames = voice.graphs.rhythm(*(row[0] for row in score.values()))
    assert np.array_equal(text, wanted[0])
    assert np.array_equal(frames, wanted[1][0])


def test_the_default_voice_finds_the_embedded_voice_of_a_singer():
    voice = Voice.load()
    for name, described in embedded.embedded_voices().items():
        assert voice.for_singer(described.singer).name == name
    assert isinstance(voice, DefaultVoice)
    with pytest.raises(VoiceError, match=r"no singer 'eve'; its singers: .*PJS"):
        voice.for_singer("eve")
