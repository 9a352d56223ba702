"""The exported graphs answer as the network does, at any length, in files that stand alone."""

import copy
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tiny import FACTS, SYMBOLS, tiny_config, tiny_model
from visinger.configuration import as_table
from visinger.errors import CheckpointError, OutputError, VisingerError
from visinger.exporting import export, export_model, graphs, rewriting, storage
from visinger.exporting.onnx_files import write_graph
from visinger.models.parts import weight_norm
from visinger.models.parts.source import Source
from visinger.phrasing.phrase import REST
from visinger.phrasing.regulation import owners
from visinger.voices.description import read_description
from visinger.voices.graphs import open_graph, open_graphs

# the package's `export` is the function; this is the module that it stands in
MODULE = sys.modules["visinger.exporting.export"]


@pytest.fixture(scope="module")
def network():
    """The tiny network with its weights rounded as the export rounds them, but not rewritten."""
    model = tiny_model()
    weight_norm.fold(model)
    rewriting.round_to_half(model)
    return model


@pytest.fixture(scope="module")
def exported(tiny_voice):
    return open_graphs(tiny_voice, read_description(tiny_voice))


def close(answer, wanted, share=2e-5):
    wanted = wanted.numpy()
    assert answer.shape == wanted.shape
    assert np.abs(answer - wanted).max() <= share * max(1.0, np.abs(wanted).max())


@torch.no_grad()
@pytest.mark.parametrize(("phonemes", "frames"), [(1, 1), (2, 3), (5, 211), (40, 640)])
def test_every_graph_answers_as_the_network_at_lengths_never_traced(network, exported, phonemes, frames):
    rng = np.random.default_rng(phonemes)
    ids = rng.integers(1, len(SYMBOLS) + 1, phonemes)
    known = rng.integers(FACTS.lowest_midi, FACTS.highest_midi + 1, phonemes)  # others are shown to it as the nearest
    pitches = np.where(rng.random(phonemes) < 0.2, REST, known)
    note_frames = rng.integers(1, 300, phonemes)
    text, predicted = exported.rhythm(ids, pitches, note_frames)
    score = [torch.from_numpy(x)[None] for x in (ids, pitches, note_frames)]
    wanted = network.encode(*score, torch.tensor([phonemes]))
    close(text, wanted)
    close(predicted, network.durations(wanted, score[2], torch.ones(1, 1, phonemes))[0])

    owner, position = owners(np.diff(np.arange(phonemes + 1) * frames // phonemes))
    note = rng.uniform(5.3, 6.4, frames).astype(np.float32)  # MIDI 55 to 74
    f0_hz = (rng.uniform(100, 500, frames) * (rng.random(frames) > 0.3)).astype(np.float32)
    noise = rng.standard_normal((16, frames)).astype(np.float32)
    log_f0, voicing = exported.intonation(text, owner, position, note)
    mask = torch.ones(1, 1, frames)
    spread = network.expand(wanted, torch.from_numpy(owner)[None], torch.from_numpy(position)[None])
    drawn, logit = network.f0(spread, torch.from_numpy(note)[None], mask)
    close(log_f0, drawn[0])
    close(voicing, torch.sigmoid(logit)[0])

    z = exported.prior(text, owner, position, f0_hz, noise)
    mean, log_std = network.prior(spread, torch.from_numpy(f0_hz)[None], mask)
    close(z, network.latent(mean, log_std, torch.from_numpy(noise)[None], mask)[0])

    white = rng.standard_normal(frames * 240).astype(np.float32)
    wave, phases = exported.decoder(z, f0_hz, 0.375, white)
    source = Source(
        torch.from_numpy(f0_hz)[None], torch.tensor([0.375], dtype=torch.float64), torch.from_numpy(white)[None]
    )
    heard, turned = network.decoder.decode(torch.from_numpy(z)[None], source)
    close(wave, heard[0, 0], share=1e-3)
    apart = np.abs(phases - turned[0].numpy())
    assert np.minimum(apart, 1 - apart).max() < 1e-9


@torch.no_grad()
def test_a_hifigan_decoder_answers_as_the_network(tmp_path):
    model, plain = tiny_model("hifigan"), tiny_model("hifigan")
    rewriting.ready(model, half=False)
    cut = graphs.cuts(model)[-1]
    described = write_graph(cut, tmp_path)
    assert list(described.inputs.items()) == [("z", "float32 [1, 16, T]")]
    graph = open_graph(tmp_path / described.file, threads=1)
    for frames in (1, 2, 77):
        z = torch.randn(1, 16, frames)
        close(graph.run({"z": z.numpy()})["wave"], plain.decoder(z)[:, 0])
    # and in two chunks with its stated context, what it gives in one pass
    z = torch.randn(1, 16, 60).numpy()
    reach = plain.decoder.context_frames
    first = graph.run({"z": z[..., : 30 + reach]})["wave"][:, : 30 * 240]
    second = graph.run({"z": z[..., 30 - reach :]})["wave"][:, reach * 240 :]
    whole = graph.run({"z": z})["wave"]
    assert np.abs(np.concatenate([first, second], axis=1) - whole).max() <= 1e-5 * np.abs(whole).max()


@torch.no_grad()
@pytest.mark.parametrize(
    "convolution",
    [
        torch.nn.Conv1d(8, 12, 5, padding=2),
        torch.nn.Conv1d(8, 8, 7, padding=9, dilation=3, groups=8, bias=False),
        torch.nn.Conv1d(8, 4, 4, stride=2),
    ],
)
def test_a_convolution_in_four_dimensions_gives_the_same_numbers(convolution):
    x = torch.randn(2, 8, 50)
    assert torch.allclose(rewriting.FlatConvolution(convolution)(x), convolution(x), atol=1e-5)


def test_no_plain_convolution_is_left_to_slow_kernels():
    model = tiny_model("hifigan")
    rewriting.ready(model, half=True)
    assert not [name for name, m in model.named_modules() if type(m) is torch.nn.Conv1d]


def test_rounding_to_half_keeps_small_and_huge_weights():
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Linear(64, 64))
    with torch.no_grad():
        model[1].weight[0, 0] = 1e6
    before = copy.deepcopy(model.state_dict())
    rewriting.round_to_half(model)
    after = model.state_dict()
    assert torch.equal(after["0.weight"], before["0.weight"].half().float())
    assert not torch.equal(after["0.weight"], before["0.weight"])
    for kept in ("0.bias", "1.weight"):
        assert torch.equal(after[kept], before[kept])


@torch.no_grad()
def test_rounded_weights_move_the_wave_by_less_than_a_hundredth():
    plain, rounded = tiny_model("hifigan"), tiny_model("hifigan")
    rewriting.ready(rounded, half=True)
    z = torch.randn(1, 16, 40)
    clean, moved = plain.decoder(z), rounded.decoder(z)
    assert (clean - moved).norm() < 0.01 * clean.norm()


def test_stored_halves_give_back_the_very_same_weights(tmp_path):
    def answer(model):
        (tmp_path / "g.onnx").write_bytes(model.SerializeToString())
        return open_graph(tmp_path / "g.onnx", threads=1).run({"x": np.ones((1, 40), np.float32)})["z"]

    values = {
        "fits": np.random.default_rng(0).standard_normal((40, 40)).astype(np.float16).astype(np.float32),
        "needs": np.random.default_rng(1).standard_normal((40, 40)).astype(np.float32),
    }
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "fits"], ["y"]),
        onnx.helper.make_node("MatMul", ["y", "needs"], ["z"]),
    ]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 40]) for name in "xz"]
    weights = [onnx.numpy_helper.from_array(value, name) for name, value in values.items()]
    model = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], weights),
        opset_imports=[onnx.helper.make_opsetid("", 18)],
        ir_version=10,
    )
    before = answer(model)
    size = model.ByteSize()
    storage.store_smaller(model)
    assert size - model.ByteSize() > 40 * 40 * 2 - 200
    assert np.array_equal(answer(model), before)


def test_the_files_are_small_old_enough_to_run_and_know_nothing_of_this_machine(tiny_voice):
    for path in tiny_voice.glob("*.onnx"):
        data = path.read_bytes()
        model = onnx.load_from_string(data)
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
        assert model.ir_version <= 10
        assert not [w.name for w in model.graph.initializer if w.external_data]
        assert b"site-packages" not in data
        assert str(Path.home()).encode() not in data
        assert b"forward(" not in data


def test_the_description_says_what_each_graph_takes_and_gives(tiny_voice):
    described = read_description(tiny_voice)
    assert described.graphs["rhythm"].inputs == {
        name: "int64 [1, N]" for name in ("phonemes", "pitches", "note_frames")
    }
    assert described.graphs["intonation"].outputs == {"log_f0": "float32 [1, T]", "voicing": "float32 [1, T]"}
    assert described.graphs["prior"].inputs["noise"] == "float32 [1, 16, T]"
    assert described.graphs["decoder"].inputs["start_phase"] == "float64 [1]"
    assert described.graphs["decoder"].outputs["phases"] == "float64 [1, T + 1]"
    assert described.phonemes == SYMBOLS
    assert (described.context_frames, described.excited) == (tiny_model().decoder.context_frames, True)


def test_the_card_is_honest_about_steps_and_missing_measurements(tiny_voice):
    card = (tiny_voice / "CARD.md").read_text(encoding="utf-8")
    assert "0 steps" in card
    assert "Nothing was measured" in card
    assert "CC0-1.0" in card


def no_graphs(monkeypatch):
    """Leave the graphs out, so that what surrounds them is tested quickly; the networks that were to be cut."""
    seen = []
    monkeypatch.setattr(MODULE, "cuts", lambda model: seen.append(model) or ())
    return seen


def exported_quickly(folder, *, facts=FACTS, **options):
    model = tiny_model()
    recipe = {"model": as_table(model.config)}
    return export_model(model, SYMBOLS, folder, facts=facts, recipe=recipe, steps=1234, **options)


def test_measurements_stand_on_the_card_in_their_own_words(tmp_path, monkeypatch):
    no_graphs(monkeypatch)
    measured = {
        "verdict": "Not yet good.",
        "clips": 12,
        "PJS, held out by song": {"F0 MAE (cents)": 23.456789, "a|b": "yes"},
    }
    exported_quickly(tmp_path / "voice", measured=measured)
    card = (tmp_path / "voice" / "CARD.md").read_text(encoding="utf-8")
    assert re.search(r"# tiny\n\nNot yet good\.\n", card)
    assert "| clips | 12 |" in card
    assert "### PJS, held out by song" in card
    assert "| F0 MAE (cents) | 23.46 |" in card
    assert r"| a\|b | yes |" in card
    assert "1,234 steps" in card


def test_the_owners_own_terms_go_with_the_voice_and_the_card_points_at_them(tmp_path, monkeypatch):
    no_graphs(monkeypatch)
    exported_quickly(tmp_path / "free")
    exported_quickly(tmp_path / "bound", facts=replace(FACTS, terms="商用利用は\nお問い合わせください"))
    assert (tmp_path / "bound" / "TERMS.txt").read_text(encoding="utf-8") == "商用利用は\nお問い合わせください\n"
    assert "TERMS.txt" in (tmp_path / "bound" / "CARD.md").read_text(encoding="utf-8")
    assert not (tmp_path / "free" / "TERMS.txt").exists()
    assert "TERMS.txt" not in (tmp_path / "free" / "CARD.md").read_text(encoding="utf-8")


def test_a_voice_is_replaced_but_nothing_else_is(tmp_path, monkeypatch):
    no_graphs(monkeypatch)
    exported_quickly(tmp_path / "voice")
    (tmp_path / "voice" / "stale").touch()
    exported_quickly(tmp_path / "voice")
    assert sorted(p.name for p in (tmp_path / "voice").iterdir()) == ["CARD.md", "recipe.toml", "voice.json"]
    precious = tmp_path / "songs"
    precious.mkdir()
    (precious / "song.wav").touch()
    with pytest.raises(OutputError, match="no voice"):
        exported_quickly(precious)
    assert [p.name for p in precious.iterdir()] == ["song.wav"]


def test_a_failed_export_leaves_no_folder_behind(tmp_path, monkeypatch):
    def refuse(model):
        raise OSError("No space left on device")

    monkeypatch.setattr(MODULE, "cuts", refuse)
    with pytest.raises(OutputError, match=r"could not be written \(No space left on device\)"):
        exported_quickly(tmp_path / "voice")
    assert list(tmp_path.iterdir()) == []


def test_a_network_goes_on_working_after_its_export(tmp_path, monkeypatch):
    no_graphs(monkeypatch)
    model = tiny_model("hifigan")
    z = torch.randn(1, 16, 3)
    before = model.decoder(z)
    export_model(model, SYMBOLS, tmp_path / "voice", facts=FACTS, recipe={}, steps=0)
    assert torch.equal(model.decoder(z), before)


def test_only_a_visinger_becomes_a_voice(tmp_path):
    with pytest.raises(VisingerError, match="a Linear cannot be exported"):
        export_model(torch.nn.Linear(1, 1), SYMBOLS, tmp_path / "v", facts=FACTS, recipe={}, steps=0)


def checkpoint(folder, **changes):
    """A checkpoint as training leaves it, its averaged weights a tenth higher."""
    from safetensors.torch import save_file

    folder.mkdir()
    weights = {name: tensor.contiguous() for name, tensor in tiny_model().state_dict().items()}
    save_file(weights, folder / "generator.safetensors")
    save_file({n: t + 0.1 if t.is_floating_point() else t for n, t in weights.items()}, folder / "average.safetensors")
    state = {
        "format": 1,
        "step": 77,
        "place": {"epoch": 0, "position": 3},
        "recipe": {"system": "visinger", "model": as_table(tiny_config())},
        "symbols": SYMBOLS,
        "corpus": {},
        "takes": "",
        "step_takes": 2,
    }
    (folder / "state.json").write_text(json.dumps({**state, **changes}))
    return folder


def test_a_checkpoint_is_exported_with_its_averaged_weights_steps_and_recipe(tmp_path, monkeypatch):
    seen = no_graphs(monkeypatch)
    voice = export(checkpoint(tmp_path / "step"), tmp_path / "voice", facts=FACTS, half=False)
    average = tiny_model().length_regulator.place.weight + 0.1
    assert torch.equal(seen[0].length_regulator.place.weight[:, :, 0], average)
    assert voice.description.steps == 77
    assert 'decoder = "harmonic"' in (tmp_path / "voice" / "recipe.toml").read_text()


def test_weights_of_another_network_are_refused_by_name(tmp_path):
    recipe = {"system": "visinger", "model": {**as_table(tiny_config()), "hidden": 24}}
    with pytest.raises(CheckpointError, match=r"average\.safetensors: does not fit its recipe's network"):
        export(checkpoint(tmp_path / "step", recipe=recipe), tmp_path / "voice", facts=FACTS)
