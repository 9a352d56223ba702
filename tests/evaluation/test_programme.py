import csv
import json

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pyworld")

from tests.evaluation.choir import ToneSinger, take
from tests.tiny import kana_score

from visinger.errors import VisingerError
from visinger.evaluation import concert, examples, programme
from visinger.evaluation.exhibit import read_exhibit
from visinger.evaluation.programme import EvaluateOptions, evaluate
from visinger.score import write_json
from visinger.voices.voice import Voice


class MadeUpCorpus:
    """As `corpora.prepared.Prepared` answers."""

    @staticmethod
    def open(folder):  # noqa: ARG004
        return MadeUpCorpus()

    def takes(self, split, by):
        assert by == "song"
        return [take(k) for k in {"test": range(3), "train": range(3, 5)}[split]]


@pytest.fixture
def corpus(monkeypatch):
    monkeypatch.setattr(programme, "Prepared", MadeUpCorpus)


def test_an_evaluation_writes_tables_and_pictures_of_every_singer(corpus, tmp_path, tiny_voice):
    who = ToneSinger("tones")
    options = EvaluateOptions(
        out=tmp_path / "results",
        work=tmp_path / "work",
        corpus=tmp_path,
        voices=(str(tiny_voice),),
        name="made-up",
        takes=2,
        words=False,
        pictures=1,
        command="visinger evaluate made-up",
    )
    said: list[str] = []
    found = evaluate(options, more=[concert.singer(who)], report=said.append)
    sung = [("recording", "given"), ("WORLD copy", "given"), ("tones", "given"), ("tones", "score")]
    assert [(row.singer, row.mode) for row in found.rows][:4] == sung
    assert [(row.mode, row.clips) for row in found.rows][4:] == [("given", 2), ("score", 2)]
    table = list(csv.DictReader((tmp_path / "results" / "made-up.csv").read_text(encoding="utf-8").splitlines()))
    tones = {(row["mode"], row["measure"]): float(row["value"]) for row in table if row["singer"] == "tones"}
    assert tones["score", "duration_mae_frames"] == 0.0
    assert tones["given", "curve_within_50_cents"] > 95
    assert (tmp_path / "results" / "made-up.md").read_text(encoding="utf-8").startswith("# made-up: test takes")
    assert len(list((tmp_path / "results" / "made-up").glob("*.png"))) == 1
    assert all(path.is_file() for path in found.files)
    assert found.files[-1].name == "made-up-tiny.json"
    assert "## Gates: tiny" in (tmp_path / "results" / "made-up.md").read_text(encoding="utf-8")
    shown = read_exhibit(tmp_path / "work" / "exhibits" / "tiny")
    assert [list(phrase.sounds) for phrase in shown.phrases] == [
        ["recording", "tiny, from the score alone", "tiny, recording's times and pitch"]
    ] * 2
    assert {gate.name: gate.passed for gate in shown.gates}["MCD above the posterior copy's"] is None
    assert "tones, score: 2 of 2 takes" in said

    times = who.sung
    evaluate(options, more=[concert.singer(who)])
    assert who.sung == times, "the second evaluation only listens"


def test_examples_have_the_scores_length_and_are_heard_against_their_own_curve(tmp_path, tiny_voice):
    folder = tmp_path / "scores"
    folder.mkdir()
    write_json(folder / "a.json", kana_score(("さ", 60, 480), ("く", 62, 480), ("ら", 64, 777), quarters_per_minute=97))
    voice = Voice.load(tiny_voice)
    sung, refused = examples.sing_examples(voice, folder, keep_in=tmp_path / "waves")
    (one,) = sung
    assert refused == []
    assert one.samples == one.samples_wanted
    assert one.seconds == pytest.approx((480 + 480 + 777) / 480 * 60 / 97)
    assert one.following.within.count > 50
    assert (tmp_path / "waves" / "a.wav").is_file()
    assert "| a.json | tiny |" in examples.example_table(sung)


def test_a_score_in_a_language_that_the_voice_does_not_know_is_said_and_not_sung(tmp_path, tiny_voice):
    folder = tmp_path / "scores"
    folder.mkdir()
    score = kana_score(("茉", 60, 480), ("莉", 62, 480))
    write_json(folder / "m.json", score)
    text = json.loads((folder / "m.json").read_text(encoding="utf-8"))
    text["language"] = "zh"
    (folder / "m.json").write_text(json.dumps(text), encoding="utf-8")
    sung, refused = examples.sing_examples(Voice.load(tiny_voice), folder)
    assert sung == []
    assert len(refused) == 1


def test_an_empty_folder_of_examples_is_refused(tmp_path, tiny_voice):
    with pytest.raises(VisingerError, match="no scores here"):
        examples.sing_examples(Voice.load(tiny_voice), tmp_path)


def test_the_vowels_of_a_performance_are_those_of_its_kept_frames(tiny_voice):
    performance = Voice.load(tiny_voice).perform(kana_score(("さ", 60, 480), ("あ", 62, 480), (None, 0, 480)))
    vowel = examples.vowel_frames(performance)
    assert len(vowel) == len(performance.f0_hz())
    sung = sum(
        int(frames)
        for p in performance.phrases
        for symbol, frames in zip(p.phrase.phonemes, p.frames, strict=True)
        if symbol in "aiueo"
    )
    assert np.count_nonzero(vowel) == sung


def test_a_voice_exported_again_is_another_voice(tmp_path):
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "weights").write_bytes(b"1")
    before = programme._fingerprint(str(tmp_path / "voice"))
    assert before == programme._fingerprint(str(tmp_path / "voice"))
    (tmp_path / "voice" / "weights").write_bytes(b"2")
    assert before != programme._fingerprint(str(tmp_path / "voice"))
