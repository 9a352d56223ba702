"""Checkpoints are whole or absent."""

import json
import resource
from dataclasses import replace

import pytest
import torch
from tests.training.made_up import CARD, SYMBOLS, takes, tiny
from tests.training.test_steps import batches, trainer

from visinger.errors import CheckpointError, OutputError
from visinger.training import checkpoint
from visinger.training.batches import Place
from visinger.training.checkpoint import State
from visinger.training.recipe import Recipe
from visinger.training.steps import Networks, Trainer, build

PHONEMES = len(SYMBOLS) + 1


def state(recipe: Recipe, step: int = 1, **changes: object) -> State:
    made = State(
        step=step,
        place=Place(0, step),
        recipe=recipe.as_table(),
        symbols=SYMBOLS,
        corpus={"name": CARD.name},
        takes="",
        step_takes=2,
    )
    return replace(made, **changes)


@pytest.fixture
def trained() -> Trainer:
    recipe = tiny(training__ema=0.9)
    made = trainer(recipe)
    made.step(batches(recipe, takes(4)).step(Place()), 0, Place())
    return made


def everything(networks: Networks) -> dict[str, torch.Tensor]:
    return {
        f"{name}/{key}": tensor
        for name, tensors in checkpoint._tensors(networks).items()
        for key, tensor in tensors.items()
    }


def test_what_is_saved_comes_back_to_the_bit(tmp_path, trained):
    saved = checkpoint.save(tmp_path, trained.networks, state(trained.recipe, validation=1.5, seconds=3.25))
    fresh = build(replace(trained.recipe, data=replace(trained.recipe.data, seed=99)), PHONEMES)
    checkpoint.restore(saved, fresh)
    before, after = everything(trained.networks), everything(fresh)
    assert before.keys() == after.keys()
    assert any("optimisers/generator" in key and key.endswith("exp_avg_sq") for key in before)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert checkpoint.read_state(saved) == replace(
        state(trained.recipe), validation=1.5, seconds=3.25, recipe=checkpoint.read_state(saved).recipe
    )


def test_half_written_checkpoints_are_neither_seen_nor_kept(tmp_path, trained):
    whole = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    half = checkpoint.folder(tmp_path, 2).with_suffix(".part")
    half.mkdir()
    (half / "state.json").write_text("{}")
    going = checkpoint.folder(tmp_path, 0).with_suffix(".old")
    going.mkdir()
    assert checkpoint.latest(tmp_path) == whole
    checkpoint.clean(tmp_path)
    assert list((tmp_path / "checkpoints").iterdir()) == [whole]


def test_the_newest_and_the_best_are_kept(tmp_path, trained):
    for step, validation in ((1, 3.0), (2, 1.0), (3, None), (4, 2.0), (5, None)):
        checkpoint.save(tmp_path, trained.networks, state(trained.recipe, step, validation=validation))
        checkpoint.prune(tmp_path, keep_last=2)
    assert [path.name[-1] for path in checkpoint.every(tmp_path)] == ["2", "4", "5"]
    assert checkpoint.best(tmp_path) == checkpoint.folder(tmp_path, 2) == checkpoint.locate(tmp_path)
    assert checkpoint.latest(tmp_path) == checkpoint.folder(tmp_path, 5)


def test_the_best_is_one_that_met_the_discriminators(tmp_path, trained):
    """They sharpen a voice and may raise its distance to the recording."""
    recipe = tiny(training__adversarial_from_step=2)
    for step, validation in ((1, 3.0), (2, 1.0), (3, 1.2), (4, 1.1)):
        checkpoint.save(tmp_path, trained.networks, state(recipe, step, validation=validation))
        assert checkpoint.best(tmp_path) == checkpoint.folder(tmp_path, step)


def test_a_full_disk_leaves_the_checkpoints_before(tmp_path, trained):
    whole = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # smaller than the generator's file
    try:
        with pytest.raises(OutputError, match=r"could not be written.*free some disk space"):
            checkpoint.save(tmp_path, trained.networks, state(trained.recipe, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "checkpoints").iterdir()) == [whole]


@pytest.mark.parametrize("name", ["generator.safetensors", "optimisers.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named(tmp_path, trained, name):
    saved = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=rf"{name}.*damaged.*delete this checkpoint"):
        checkpoint.read_state(saved)
        checkpoint.restore(saved, build(trained.recipe, PHONEMES))


def test_a_checkpoint_of_a_later_format_asks_for_an_update(tmp_path, trained):
    saved = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    table = json.loads((saved / "state.json").read_text())
    (saved / "state.json").write_text(json.dumps(table | {"format": 99}))
    with pytest.raises(CheckpointError, match=r"format 99.*update"):
        checkpoint.read_state(saved)


def test_a_folder_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint there"):
        checkpoint.locate(tmp_path)


def test_a_warm_start_matches_phonemes_by_symbol_and_says_what_it_left(tmp_path, trained):
    saved = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    ours = ("u", "ng", "a", "SP")
    wider = tiny(training__ema=0.9, model__posterior__layers=2, model__duration__filter_channels=12)
    fresh = build(wider, len(ours) + 1)
    untaken = checkpoint.warm_start(saved, fresh, ours)
    old = checkpoint.read_tensors(saved, "average")
    rows = "text_encoder.phoneme.weight"
    new = fresh.generator.state_dict()
    distances = "text_encoder.blocks.layers.0.attention.distance_keys"
    assert old[distances].shape[0] == PHONEMES  # as many rows as there are phonemes, and none of theirs
    assert torch.equal(new[distances], old[distances])
    assert torch.equal(new[rows][0], old[rows][0])  # the padding
    for symbol in ("u", "a", "SP"):
        assert torch.equal(new[rows][ours.index(symbol) + 1], old[rows][SYMBOLS.index(symbol) + 1]), symbol
    told = "\n".join(untaken)
    assert f"{rows} has no rows for ng" in told
    assert "posterior_encoder" in told and "is new here" in told
    assert "duration_predictor" in told and "there," in told
    same = [key for key in new if key in old and new[key].shape == old[key].shape]
    assert len(same) > 20
    assert all(torch.equal(new[key], old[key]) for key in same)
    averaged = fresh.average.state_dict()
    assert all(torch.equal(averaged[key], new[key]) for key in new)


def test_a_slim_copy_is_half_as_large_and_can_begin_a_run(tmp_path, trained):
    saved = checkpoint.save(tmp_path / "run", trained.networks, state(trained.recipe))
    slim = checkpoint.slim(saved, tmp_path / "slim")
    full_bytes = sum(path.stat().st_size for path in saved.glob("*.safetensors"))
    assert sum(path.stat().st_size for path in slim.glob("*.safetensors")) < 0.3 * full_bytes
    fresh = build(trained.recipe, PHONEMES)
    assert checkpoint.warm_start(checkpoint.locate(slim), fresh, SYMBOLS) == []
    for key, value in checkpoint.read_tensors(saved, "average").items():
        assert torch.allclose(fresh.generator.state_dict()[key], value, atol=2e-3, rtol=1e-3), key


def test_no_file_of_a_checkpoint_is_a_pickle(tmp_path, trained):
    saved = checkpoint.save(tmp_path, trained.networks, state(trained.recipe))
    files = {f"{name}.safetensors" for name in ("generator", "discriminator", "average", "optimisers")}
    assert {path.name for path in saved.iterdir()} == files | {"state.json"}
