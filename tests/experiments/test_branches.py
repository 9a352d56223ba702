"""Rhythm and pitch branches trained alone: honest folds, exact resumption, tables from what is kept."""

import csv
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
import made_up  # noqa: E402

from visinger.corpora import preparation, storage  # noqa: E402
from visinger.corpora.prepared import Prepared, Takes  # noqa: E402
from visinger.corpora.take import Take  # noqa: E402
from visinger.errors import CorpusError, RecipeError  # noqa: E402
from visinger.evaluation.metrics import Tally  # noqa: E402
from visinger.experiments.branches import comparison, judging, report, songs, study, teaching  # noqa: E402
from visinger.experiments.branches.contenders import CONTENDERS, Singing, Widths  # noqa: E402
from visinger.experiments.branches.settings import Regime, Settings  # noqa: E402
from visinger.experiments.branches.study import Study, Verdict  # noqa: E402
from visinger.models.fastspeech import FastSpeech, FastSpeechConfig, FastSpeechDurationConfig  # noqa: E402
from visinger.models.parts.blocks import BlocksConfig  # noqa: E402
from visinger.models.parts.duration_predictor import DurationConfig  # noqa: E402
from visinger.models.parts.feed_forward_transformer import TransformerConfig  # noqa: E402
from visinger.models.parts.flow import FlowConfig  # noqa: E402
from visinger.models.parts.posterior_encoder import PosteriorConfig  # noqa: E402
from visinger.models.parts.stochastic_duration import StochasticDurationConfig  # noqa: E402
from visinger.models.parts.text_encoder import EmbeddingConfig  # noqa: E402
from visinger.models.visinger import VISinger, VISingerConfig  # noqa: E402
from visinger.models.vits import VITS, VITSConfig  # noqa: E402
from visinger.phrasing.phrase import Phrase  # noqa: E402
from visinger.phrasing.vocabulary import Vocabulary  # noqa: E402

BLOCKS = BlocksConfig(count=1, filter_channels=16, dropout=0.1)
EMBEDDING = EmbeddingConfig(phoneme=8, pitch=4, duration=4)
VITS_TINY = VITSConfig(
    hidden=8,
    latent=4,
    embedding=EMBEDDING,
    text_blocks=BLOCKS,
    duration=StochasticDurationConfig(filter_channels=8, layers=1, couplings=2, bins=4),
    posterior=PosteriorConfig(hidden=8, layers=1),
    flow=FlowConfig(couplings=2, hidden=8, layers=1),
)
TINY = Widths(
    visinger=VISingerConfig(
        hidden=8,
        embedding=EMBEDDING,
        text_blocks=BLOCKS,
        duration=DurationConfig(layers=1, filter_channels=8, dropout=0.1),
        f0_blocks=BLOCKS,
    ),
    fastspeech=FastSpeechConfig(
        hidden=8,
        embedding=EMBEDDING,
        encoder=TransformerConfig(count=1, filter_channels=16),
        duration=FastSpeechDurationConfig(layers=1, filter_channels=8),
        decoder=TransformerConfig(count=1, filter_channels=16),
    ),
    vits=VITS_TINY,
    searched=VITS_TINY,
)
REGIME = Regime(steps=4, batch_takes=2, warm_up_steps=1, validate_every=2)
SETTINGS = Settings(rhythm=REGIME, pitch=REGIME, folds=2, validation_songs=1, precision="32-true", widths=TINY)
BY_NAME = {contender.name: contender for contender in CONTENDERS}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Prepared:
    """Seven made-up songs of two takes each."""
    takes = [replace(made_up.take(f"song{k // 2}-{k}", k, notes=3 + k % 4), song=f"song{k // 2}") for k in range(14)]
    return prepared(tmp_path_factory.mktemp("branches") / "corpus", takes)


def prepared(folder: Path, takes: list[Take]) -> Prepared:
    """Takes on the disk, as `visinger prepare` leaves them."""
    entries = [storage.write(folder, take, job=take.song) for take in takes]
    (folder / preparation.MANIFEST).write_text("".join(json.dumps(e.as_json()) + "\n" for e in entries))
    about = {"format": preparation.FORMAT, "card": asdict(made_up.CARD), "sample_rate_hz": 24_000, "hop_samples": 240}
    (folder / preparation.CARD).write_text(json.dumps(about))
    return Prepared.open(folder)


def curves(verdict: Verdict) -> dict:
    return {"curve": verdict.curve, "best": verdict.best_step, "heard": verdict.readings}


# ---- folds ----


@pytest.mark.parametrize("count", [2, 3, 5])
def test_no_song_is_both_taught_and_judged(corpus, count):
    song_of = {entry.name: entry.song for entry in corpus.entries}
    judged = []
    for fold in songs.folds(corpus, count, validation_songs=1):
        parts = [{song_of[name] for name in part} for part in (fold.train, fold.validation, fold.test)]
        assert all(parts)
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(corpus.entries)
        judged += fold.test
    assert sorted(judged) == sorted(song_of)  # every take is judged exactly once


def test_folds_without_songs_to_learn_from_are_refused(corpus):
    with pytest.raises(CorpusError, match="validation"):
        songs.folds(corpus, 2, validation_songs=6)


# ---- teaching ----


@pytest.mark.parametrize("name", [c.name for c in CONTENDERS])
def test_every_contender_is_taught_and_judged_on_every_held_out_take(corpus, tmp_path, name):
    one = Study(corpus, tmp_path, SETTINGS)
    verdict = one.settle(one.folds[0], BY_NAME[name])
    for reading in BY_NAME[name].readings:
        heard = verdict.readings[reading.name]
        assert tuple(h.take for h in heard) == one.folds[0].test
        assert all(np.isfinite(t.total) and t.count > 0 for h in heard for t in h.tallies.values())
    assert Verdict.of_json(one.path(1, name).read_text(encoding="utf-8")) == verdict
    assert not one.path(1, name).with_suffix("").exists()  # no checkpoints are left lying about


def test_the_same_seed_gives_the_same_verdict(corpus, tmp_path):
    again = [Study(corpus, tmp_path / side, SETTINGS) for side in "ab"]
    first, second = (one.settle(one.folds[0], BY_NAME["vits-labelled"]) for one in again)
    assert curves(first) == curves(second)


@pytest.mark.parametrize("name", ["vits", "visinger-f0"])
def test_a_lesson_stopped_and_gone_on_with_is_the_lesson_never_stopped(corpus, tmp_path, name, monkeypatch):
    whole = Study(corpus, tmp_path / "whole", SETTINGS)
    never_stopped = whole.settle(whole.folds[0], BY_NAME[name])

    halves = Study(corpus, tmp_path / "halves", SETTINGS)
    advance = teaching.Course.advance

    def stop_in_the_third_step(self, batch):
        if self.step == 2:
            signal.raise_signal(signal.SIGTERM)  # asked once: obeyed at the next validation
            signal.raise_signal(signal.SIGTERM)  # asked twice: at once, with two steps kept
        return advance(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(teaching.Course, "advance", stop_in_the_third_step)
        with pytest.raises(KeyboardInterrupt):
            halves.settle(halves.folds[0], BY_NAME[name])
    assert not halves.path(1, name).exists()
    assert curves(halves.settle(halves.folds[0], BY_NAME[name])) == curves(never_stopped)


def test_the_weights_of_the_best_validation_are_judged(corpus, tmp_path):
    """A learning rate that ruins the network after a good start."""
    wild = Regime(steps=6, batch_takes=2, warm_up_steps=6, learning_rate=10.0, validate_every=1)
    one = Study(corpus, tmp_path, replace(SETTINGS, pitch=wild))
    verdict = one.settle(one.folds[0], BY_NAME["phoneme-level"])
    errors = [point.error for point in verdict.curve]
    assert verdict.best_step == 1 + int(np.argmin(errors))
    assert verdict.best_step < 6
    assert errors[-1] > min(errors)


def test_the_branches_are_the_systems_own_networks(corpus):
    singing = Singing(37, 5.0, songs.habits(corpus.takes(), Vocabulary(corpus.card.phonemes)))
    with torch.device("meta"):
        systems = {
            "visinger": VISinger(VISingerConfig(), 37),
            "vits": VITS(VITSConfig(), 37),
            "fastspeech": FastSpeech(FastSpeechConfig(), 37),
        }
        branches = {name: contender.build(Widths(), singing) for name, contender in BY_NAME.items()}
    for branch, parts in (
        ("visinger", {"text_encoder": "text_encoder", "duration_predictor": "duration_predictor"}),
        ("visinger-f0", {p: p for p in ("text_encoder", "length_regulator", "f0_predictor")}),
    ):
        for ours, theirs in parts.items():
            assert sizes(getattr(branches[branch], ours)) == sizes(getattr(systems["visinger"], theirs))
    for part in ("text_encoder", "duration_predictor"):
        assert sizes(getattr(branches["vits-labelled"].system, part)) == sizes(getattr(systems["vits"], part))
    for part in ("score_embedding", "encoder", "decoder", "residual_link"):
        assert sizes(getattr(branches["fastspeech-f0"].system, part)) == sizes(getattr(systems["fastspeech"], part))


def sizes(network: torch.nn.Module) -> dict:
    return {name: tuple(p.shape) for name, p in network.named_parameters()}


# ---- what is measured ----


def test_the_score_itself_errs_by_as_much_as_the_singer_leaves_it(corpus, tmp_path):
    """Made-up singers sing the note exactly, so the notes have no error but voicing."""
    one = Study(corpus, tmp_path, SETTINGS)
    heard = one.settle(one.folds[0], BY_NAME["score-notes"]).readings["score-notes"]
    silent = sum((corpus.load([h.take])[0].f0_hz == 0).sum() for h in heard)
    assert sum(h.tallies["f0_mae_cents"].total for h in heard) == pytest.approx(0.0, abs=1.0)
    assert sum(h.tallies["semitone_accuracy"].mean for h in heard) == len(heard)
    assert sum(h.tallies["voicing_error"].total for h in heard) == silent


def test_pitch_is_compared_wherever_the_recording_is_voiced():
    take = made_up.take("song0-0", 3)
    sharp = np.where(take.f0_hz > 0, take.f0_hz, 100.0) * 2 ** (50 / 1200)
    for voiced in (np.zeros(len(sharp), bool), take.f0_hz > 0):
        heard = judging.pitch(take, sharp.astype(np.float64), voiced).tallies
        assert heard["f0_mae_cents"].mean == pytest.approx(50.0, abs=0.01)
        assert heard["f0_mae_cents"].count == np.count_nonzero(take.f0_hz)
    assert heard["voicing_error"].mean == 0.0


def test_the_score_lock_mends_a_vowel_but_not_a_consonant():
    """All durations foretold two frames long: the lock gives the vowel what the consonant leaves of the note."""
    take = made_up.take("song0-0", 3)
    heard = judging.rhythm(take, take.frames * 2.0)
    sung = np.array([p not in ("SP", "AP") for p in take.phrase.phonemes])
    assert heard.tallies["unlocked_mae_frames"].mean == pytest.approx(take.frames[sung].mean())
    # twice as long, both: their shares of the note are the recorded ones
    assert heard.tallies["locked_mae_frames"].mean == 0.0
    consonants = judging.rhythm(take, np.where(np.isin(take.phrase.phonemes, ("k", "s", "m")), 4.0, take.frames))
    assert consonants.tallies["unlocked_consonant_mae_frames"].mean == pytest.approx(1.0)
    assert len(heard.deviations_ms["locked"]) == np.count_nonzero(sung)


def made_rhythm(name: str, seed: int) -> Take:
    """Consonants take exactly a fifth of their note, whose length is anything from 0.1 s to 1.6 s."""
    base, rng = made_up.take(name, seed, notes=8), np.random.default_rng(seed)
    lengths = 5 * np.round(np.exp(rng.uniform(np.log(2), np.log(32), size=10))).astype(int)
    slot = base.phrase.slot
    consonant = np.isin(base.phrase.phonemes, ("k", "s", "m"))
    frames = np.where(consonant, lengths[slot] // 5, lengths[slot] - lengths[slot] // 5)
    frames[[0, -1]] = lengths[[0, -1]]
    phrase = Phrase(
        phonemes=base.phrase.phonemes,
        pitches=base.phrase.pitches,
        slot=slot,
        before_beat=base.phrase.before_beat,
        slot_starts=np.concatenate([[0], np.cumsum(lengths)]),
        score_notes=base.phrase.score_notes,
        slurred=base.phrase.slurred,
        convention="consonant-inclusive",
        language="ja",
    )
    total = int(lengths.sum())
    hum = np.full(total, 200.0, np.float32)
    return Take(name, name, "nobody", phrase, frames, hum, np.zeros(total * 240, np.float32), 24_000, 240)


def test_shares_of_a_note_are_learnt_better_with_note_norm(tmp_path):
    corpus = prepared(tmp_path / "corpus", [made_rhythm(f"song{k}", k) for k in range(16)])
    fold = songs.folds(corpus, 4, validation_songs=2)[0]
    train, held_out = (corpus.load(names) for names in (fold.train, fold.validation))
    regime = Regime(steps=60, batch_takes=8, learning_rate=3e-3, warm_up_steps=5, validate_every=20)
    settings = replace(SETTINGS, rhythm=regime)
    errors = {}
    for name in ("visinger", "no-note-norm"):
        errors[name] = taught_error(BY_NAME[name], train, held_out, settings, tmp_path / name)
    assert errors["visinger"] < 0.7 * errors["no-note-norm"]


def taught_error(contender, train: Takes, held_out: Takes, settings: Settings, folder: Path) -> float:
    vocabulary = Vocabulary(made_up.SYMBOLS)
    torch.manual_seed(0)
    branch = contender.build(settings.widths, Singing(vocabulary.size, 5.0, songs.habits(train, vocabulary)))
    course = teaching.Course(contender, branch, settings=settings, folder=folder)
    batches = teaching.batches_of(contender, train, vocabulary, settings)
    lesson = teaching.teach(
        course, batches, teaching.held_out_batches(contender, held_out, vocabulary, settings), vocabulary
    )
    return min(point.error for point in lesson.curve)


def test_habits_are_exact_where_a_singer_has_habits(tmp_path):
    """Vowels keep four fifths of every note here; consonants, which keep a fifth, are known by their middle alone."""
    takes = [made_rhythm(f"song{k}", k) for k in range(6)]
    corpus = prepared(tmp_path / "corpus", takes)
    one = Study(corpus, tmp_path / "out", SETTINGS)
    fold = one.folds[0]
    heard = one.settle(fold, BY_NAME["habits"]).readings["habits"]
    taught = np.concatenate([take.frames[np.isin(take.phrase.phonemes, "s")] for take in corpus.load(fold.train)])
    assert songs.habits(corpus.load(fold.train), one.vocabulary).frames[one.vocabulary.ids(["s"])] == np.median(taught)
    for one_take in heard:
        tallies = one_take.tallies
        assert tallies["unlocked_mae_frames"].total == pytest.approx(tallies["unlocked_consonant_mae_frames"].total)
        assert tallies["unlocked_consonant_mae_frames"].mean > 0.5


# ---- the study and its report ----


def test_the_study_does_what_is_missing_and_no_more(corpus, tmp_path):
    one, told = Study(corpus, tmp_path, SETTINGS), []
    names = ["score-notes", "phoneme-level"]
    done = list(one.run(names, minutes=10, report=told.append))
    order = [(fold, name) for name in ("score-notes", "phoneme-level") for fold in (1, 2)]
    assert [(v.fold, v.contender) for v in done] == order
    assert list(one.run(names, minutes=10, report=told.append)) == []
    one.path(2, "score-notes").unlink()
    assert [(v.fold, v.contender) for v in one.run(names, minutes=10, report=told.append)] == [(2, "score-notes")]


def test_a_folder_of_other_settings_is_refused(corpus, tmp_path):
    one, told = Study(corpus, tmp_path, SETTINGS), []
    one.settle(one.folds[0], BY_NAME["score-notes"])
    assert len(Study(corpus, tmp_path, SETTINGS).verdicts()) == 1
    # the other group's regime does not matter to it
    assert len(Study(corpus, tmp_path, replace(SETTINGS, rhythm=replace(REGIME, steps=9))).verdicts()) == 1
    with pytest.raises(RecipeError, match="other settings"):
        list(Study(corpus, tmp_path, replace(SETTINGS, seed=7)).run(minutes=1, report=told.append))
    with pytest.raises(RecipeError, match="contenders: visinger"):
        one.missing(["vizinger"])
    one.path(1, "vits").write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError, match="delete it"):
        one.verdicts()


def kept(one: Study, contender: str, errors: dict[str, float], *, fold: int, deviations=(1.0, -2.0)) -> None:
    """A verdict on the disk: so many frames of error on each song, of ten phonemes."""
    names = [m.tally for m in comparison.MEASURES["rhythm"]]
    heard = tuple(
        judging.Heard(
            f"{song}-0", song, {n: Tally(10 * e, 10) for n in names}, {"unlocked": list(deviations), "locked": [0.0]}
        )
        for song, e in errors.items()
    )
    readings = {reading.name: heard for reading in BY_NAME[contender].readings}
    curve = (teaching.Point(2, 1.0, 3.0, 4.5), teaching.Point(4, 0.5, 2.0, 3.5))
    verdict = study.Verdict(contender, fold, 1_500_000, 4, 12.0, curve, readings, one.conditions(BY_NAME[contender]))
    path = one.path(fold, contender)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(verdict.as_json(), encoding="utf-8")


def test_tables_are_made_from_what_is_kept(corpus, tmp_path):
    one = Study(corpus, tmp_path / "out", SETTINGS)
    better = {f"s{k}": 1.0 + 0.1 * k for k in range(8)}
    kept(one, "visinger", better, fold=1)
    kept(one, "no-note-norm", {song: e + 0.5 for song, e in better.items()}, fold=1)
    kept(one, "visinger", {"s9": 1.0}, fold=2)  # only one of them has finished the second fold
    written = report.write(one, tmp_path / "report", name="branches", command="visinger branches …")
    rows = list(csv.DictReader((tmp_path / "report" / "branches.csv").read_text(encoding="utf-8").splitlines()))
    figures = {(r["contender"], r["kind"]): r for r in rows if r["measure"] == "unlocked_mae_ms"}
    assert float(figures["visinger", "figure"]["value"]) == pytest.approx(10 * (sum(better.values()) + 1.0) / 9)
    gap = figures["no-note-norm", "minus visinger"]
    assert float(gap["value"]) == pytest.approx(5.0)
    assert float(gap["low"]) == pytest.approx(5.0) and gap["songs"] == "8"
    assert float(gap["p_value"]) == pytest.approx(2 / 2**8, rel=1e-3)  # all of eight songs on one side
    assert "0 of 8" in written.text and "no-note-norm (1 of 2)" in written.text
    assert "`visinger branches …`" in written.text
    asked = report.write(one, tmp_path / "asked", name="one", command="…", only=("visinger",))
    assert "All folds are finished" in asked.text, "of those that were asked for"
    # their best validation was the last of four steps
    assert "still learning" in written.text.rpartition("VISinger without note norm")[2]
    assert all(path.stat().st_size > 0 for path in written.files)
    assert (tmp_path / "report" / "branches" / "duration-deviation.png").read_bytes().startswith(b"\x89PNG")


def test_what_differs_in_nothing_has_no_small_p_value(corpus, tmp_path):
    one = Study(corpus, tmp_path, SETTINGS)
    for name in ("visinger", "vits"):
        kept(one, name, {f"s{k}": 1.0 + k for k in range(5)}, fold=1)
    tested = comparison.differences(comparison.lines(one.verdicts(), "rhythm"), "rhythm")
    assert {d.p_value for d in tested} == {1.0} and {d.difference.value for d in tested} == {0.0}
    assert {d.reading.name for d in tested} == {"vits", "vits-still"}


def test_the_command_teaches_judges_and_reports(corpus, tmp_path, monkeypatch, capsys):
    from visinger.cli.main import main
    from visinger.experiments.branches import settings

    monkeypatch.setattr(settings, "Settings", lambda: SETTINGS)
    out, folder = tmp_path / "out", tmp_path / "report"
    arguments = ["branches", "--corpus", str(corpus.folder), "--out", str(out), "--report", str(folder)]
    assert main([*arguments, "--only", "score-notes"]) == 0
    page = (folder / "branches.md").read_text(encoding="utf-8")
    assert "contenders: score-notes. All folds are finished." in page
    assert main([*arguments, "--minutes", "0"]) == 0
    undone = (folder / "branches.md").read_text(encoding="utf-8").partition("Folds not finished: ")[2].partition(".")[0]
    assert "visinger (0 of 2)" in undone
    assert "score-notes" not in undone
    assert str(folder / "branches.csv") in capsys.readouterr().out
    assert main([*arguments, "--folds", "3"]) == 2  # another study
    assert "give another --out" in capsys.readouterr().err
