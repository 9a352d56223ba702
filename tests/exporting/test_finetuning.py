"""A voice in, somebody's recordings in, that somebody's voice out."""

import json
import math
import shutil
import sys
from dataclasses import replace

import pytest
import torch
from tests.training.made_up import SYMBOLS, TINY, prepared, take, tiny

from visinger.cli.main import main
from visinger.corpora.prepared import Prepared
from visinger.errors import VisingerError, VoiceError
from visinger.exporting.adapting import Consent, adapt, init_of
from visinger.exporting.export import TRAINING_ONLY
from visinger.exporting.recovery import recover, write_start
from visinger.training import checkpoint, finetuning
from visinger.training.finetuning import Plan
from visinger.training.loop import Options, train
from visinger.voices.description import read_description
from visinger.voices.voice import Voice

CONSENT = Consent("Ana", "CC BY 4.0", "sung by Ana")
SMALL = {key: value for key, value in TINY.items() if key.startswith(("discriminator.", "data."))}
PLAN = Plan(settling_steps=3, steps=2, settings=SMALL)
QUIET = Options(accelerator="cpu", progress=False, say=lambda _: None)
BEFORE = 40


@pytest.fixture(scope="module")
def voice(tiny_voice, tmp_path_factory):
    """The tiny voice, which says that it took forty steps."""
    folder = shutil.copytree(tiny_voice, tmp_path_factory.mktemp("voices") / "before")
    described = read_description(folder)
    replace(described, licence="CC BY-SA 4.0", credit="the first singer", steps=BEFORE).write(folder)
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Eight takes of one song; their language has an 'l'."""
    sung = [replace(take(f"mine-{k}", seed=50 + k), singer="ana", song="mine") for k in range(8)]
    folder = prepared(tmp_path_factory.mktemp("corpora") / "mine", sung=sung, singers=("ana",))
    about = json.loads((folder / "corpus.json").read_text())
    about["card"]["phonemes"] = [*SYMBOLS, "l"]
    (folder / "corpus.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="module")
def made(voice, recordings, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "ana"
    return adapt(voice, recordings, out, consent=CONSENT, plan=PLAN, options=QUIET)


def no_graphs(monkeypatch):
    """Leave the new voice's graphs out: they are exported once, for `made`."""
    monkeypatch.setattr(sys.modules["visinger.exporting.export"], "cuts", lambda _: ())


def weights(path):
    return checkpoint.read_tensors(path, "generator")


def test_settling_moves_nothing_but_what_the_voice_had_lost(made):
    work = made.voice.folder.with_name("ana.work")
    start, settled = weights(work / "start"), weights(checkpoint.latest(work / finetuning.SETTLING))
    kept = [name for name in start if name != "text_encoder.phoneme.weight"]
    assert all(torch.equal(start[name], settled[name]) for name in kept)
    assert not [name for name in start if name.startswith(TRAINING_ONLY)]
    adapted = weights(checkpoint.latest(work / finetuning.ADAPTING))
    assert all(not torch.equal(settled[name], adapted[name]) for name in ("decoder.pre.weight", "decoder.pre.bias"))
    assert not torch.equal(settled["posterior_encoder.enter.weight"], adapted["posterior_encoder.enter.weight"])


def test_on_little_singing_the_rhythm_stays_the_voices_own(voice, recordings, made, tmp_path):
    """The miniature has seconds of singing; only a phoneme that the voice lacks, as in `made`, lets its text learn."""
    known = shutil.copytree(recordings, tmp_path / "known")
    about = json.loads((known / "corpus.json").read_text())
    about["card"]["phonemes"] = list(SYMBOLS)
    (known / "corpus.json").write_text(json.dumps(about))
    write_start(recover(voice), tmp_path / "start")
    told: list[str] = []
    options = replace(QUIET, say=told.append)
    done = finetuning.finetune(tmp_path / "start", known, tmp_path / "work", plan=PLAN, options=options)
    for work, stays in ((tmp_path / "work", True), (made.voice.folder.with_name("ana.work"), False)):
        settled = weights(checkpoint.latest(work / finetuning.SETTLING))
        adapted = weights(checkpoint.latest(work / finetuning.ADAPTING))
        rhythm = [key for key in settled if key.startswith(("text_encoder.", "duration_predictor."))]
        assert all(torch.equal(settled[key], adapted[key]) for key in rhythm) == stays
        assert not torch.equal(settled["decoder.pre.weight"], adapted["decoder.pre.weight"])
    assert done.after.duration_mae_ms == pytest.approx(done.before.duration_mae_ms, rel=1e-6)
    assert sum("the rhythm stays the voice's own" in line for line in told) == 1


def test_new_phonemes_begin_as_the_nearest_and_old_ones_stay_sayable(made, voice):
    work = made.voice.folder.with_name("ana.work")
    settled = checkpoint.latest(work / finetuning.SETTLING)
    symbols, before = checkpoint.read_state(settled).symbols, recover(voice).description.phonemes
    assert symbols[: len(SYMBOLS) + 1] == (*SYMBOLS, "l")
    assert set(symbols) == {*before, "l"}
    rows = "text_encoder.phoneme.weight"
    ours, theirs = weights(settled)[rows], weights(work / "start")[rows]
    assert torch.equal(ours[symbols.index("l") + 1], theirs[before.index("r") + 1])
    assert torch.equal(ours[symbols.index("m") + 1], theirs[before.index("m") + 1])
    assert Voice.load(made.voice.folder).description.phonemes == symbols


def test_the_voice_says_whose_it_is_on_which_terms_and_what_it_measured(made):
    described = made.voice.description
    assert described.singer == "Ana"
    assert described.licence == "CC BY 4.0; begun with a voice under CC BY-SA 4.0"
    assert described.credit == "sung by Ana; finetuned from tiny: the first singer"
    assert described.steps == BEFORE + PLAN.settling_steps + made.finetuned.steps == BEFORE + 3 + 2
    card = (made.voice.folder / "CARD.md").read_text(encoding="utf-8")
    was, now = made.finetuned.before, made.finetuned.after
    assert f"| mel distance (ln) | {was.mel_distance:.3g} → {now.mel_distance:.3g} |" in card
    assert f"| Dur MAE (ms) | {was.duration_mae_ms:.3g} → {now.duration_mae_ms:.3g} |" in card
    assert "F0 MAE (cents)" in card
    assert "| Trained | 45 steps |" in card
    assert all(math.isfinite(value) for figures in (was, now) for value in vars(figures).values())


def test_what_is_measured_was_never_learnt_from(made, recordings):
    corpus = Prepared.open(recordings)
    test, train = (set(corpus.names(part, made.finetuned.split)) for part in ("test", "train"))
    assert made.finetuned.after.takes == len(test)
    assert not test & train


def test_the_same_call_goes_on_and_asks_for_more_steps(made, voice, recordings, monkeypatch):
    """The stage that is done is not done again; more steps of the second are taken on top of those there are."""
    no_graphs(monkeypatch)
    work = made.voice.folder.with_name("ana.work")
    settled = sorted((work / finetuning.SETTLING).rglob("*.safetensors"))
    ages = [path.stat().st_mtime_ns for path in settled]
    more = adapt(voice, recordings, made.voice.folder, consent=CONSENT, plan=replace(PLAN, steps=4), options=QUIET)
    assert [path.stat().st_mtime_ns for path in settled] == ages
    assert more.finetuned.steps == 4
    assert more.finetuned.before == made.finetuned.before
    assert checkpoint.latest(work / finetuning.ADAPTING).name == "step-00000004"


def test_minutes_that_are_over_still_give_a_voice(voice, recordings, tmp_path, monkeypatch):
    no_graphs(monkeypatch)
    plan = Plan(settling_steps=1000, steps=1000, minutes=1e-6, settings=SMALL)
    done = adapt(voice, recordings, tmp_path / "quick", consent=CONSENT, plan=plan, options=QUIET)
    assert not done.finetuned.finished
    assert done.finetuned.steps == 0
    assert done.voice.description.singer == "Ana"


def test_a_checkpoint_that_has_its_posterior_encoder_needs_no_settling(recordings, tmp_path):
    train(tiny("small", training__precision="32-true"), prepared(tmp_path / "first"), tmp_path / "run", options=QUIET)
    start = checkpoint.locate(tmp_path / "run")
    done = finetuning.finetune(start, recordings, tmp_path / "work", plan=PLAN, options=QUIET)
    assert (done.settled, done.steps) == (0, 2)
    assert not (tmp_path / "work" / finetuning.SETTLING).exists()


def test_settling_teaches_the_posterior_encoder_to_mean_what_the_decoder_knows(voice, recordings, tmp_path):
    """The distance of what is decoded from the posterior falls though the decoder stands still."""
    start = tmp_path / "start"
    recovered = recover(voice)
    write_start(recovered, start)
    settings = SMALL | {"data.batch_takes": 4, "optimiser.learning_rate": 5e-3}
    recipe = finetuning.settling_recipe(recovered.recipe.as_table(), 24, settings)
    train(recipe, recordings, tmp_path / "run", options=replace(QUIET, init=start))
    rows = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    mel = [float(row[4]) for row in rows if row[2:4] == ["validation", "mel"]]
    assert mel[-1] < mel[0]


@pytest.mark.parametrize("lacking", ["singer", "licence", "credit"])
def test_a_singer_who_was_not_asked_is_not_copied(lacking):
    said = {"singer": "Ana", "licence": "CC0", "credit": "Ana", lacking: " "}
    with pytest.raises(
        VisingerError, match=rf"needs its singer's consent, and --{lacking} is not said; ask the singer"
    ):
        Consent(**said)


def test_the_command_line_asks_for_consent_before_anything_is_done(voice, recordings, tmp_path, capsys):
    told = ["finetune", str(voice), str(recordings), "--out", str(tmp_path / "new"), "--quiet"]
    assert main(told) == 2
    assert "--singer, --licence, --credit is not said" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([*told, "--steps", "0", "--singer", "A", "--licence", "B", "--credit", "C"]) == 2


def test_a_work_folder_of_another_voice_is_not_gone_on_with(made, recordings, tmp_path, voice):
    other = shutil.copytree(voice, tmp_path / "other")
    table = json.loads((other / "voice.json").read_text())
    (other / "voice.json").write_text(json.dumps(table | {"name": "other"}))
    with pytest.raises(VoiceError, match="a finetuning of another voice than 'other' is there"):
        adapt(other, recordings, made.voice.folder, consent=CONSENT, plan=PLAN, options=QUIET)


def test_a_run_may_begin_with_a_voice_as_with_a_checkpoint(voice, tmp_path):
    recovered = init_of(voice, tmp_path / "run")
    assert recovered == tmp_path / "run.start"
    assert checkpoint.read_state(recovered).symbols == read_description(voice).phonemes
    assert init_of(recovered, tmp_path / "another") == recovered, "a checkpoint is taken as it is"
