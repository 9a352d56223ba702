"""Many scores at once: each as if it were alone, none lost for another."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tiny import kana_score
from visinger.cli.main import main
from visinger.errors import OutputError, VisingerError, VoiceError
from visinger.language import SpellingError
from visinger.score import write_json
from visinger.voices.batch import Outcome, exit_code, sing_all
from visinger.voices.singing import Wishes, outputs

NAMES = ("a", "b", "refused", "c")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    for k, name in enumerate(NAMES):
        last = "xqzt" if name == "refused" else "あ"
        write_json(folder / f"{name}.json", kana_score(("ら", 60 + k, 960), (last, 64, 480)))
    return folder


def scores(folder: Path) -> list[Path]:
    return [folder / f"{name}.json" for name in NAMES]


def sung(folder: Path, out: Path, wishes: Wishes, **how: object) -> list[Outcome]:
    return sing_all(scores(folder), outputs(scores(folder), out), wishes, **how)


@pytest.fixture(scope="module")
def alone(folder, tiny_voice, tmp_path_factory) -> Path:
    """What one process sings."""
    out = tmp_path_factory.mktemp("alone")
    assert len(sung(folder, out, Wishes(voice=tiny_voice), jobs=1)) == 4
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_processes_sing_the_same_bytes_and_report_in_order(folder, alone, tiny_voice, tmp_path):
    told: list[str] = []
    shares: list[float] = []
    outcomes = sung(
        folder,
        tmp_path,
        Wishes(voice=tiny_voice),
        jobs=2,
        told=lambda outcome: told.append(outcome.score.stem),
        progress=lambda done, total: shares.append(done / total),
    )
    assert contents(tmp_path) == contents(alone)
    assert told == [outcome.score.stem for outcome in outcomes] == list(NAMES)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    refusal = outcomes[2].refusal
    assert isinstance(refusal, SpellingError)
    assert "refused.json, bar 1, beat 3" in str(refusal)
    assert refusal.remedy
    assert [len(outcome.sung) for outcome in outcomes] == [1, 1, 0, 1]


def test_a_cluster_sings_the_same_bytes(folder, alone, tiny_voice, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.chdir(folder)
    names = [path.relative_to(folder) for path in scores(folder)]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        outcomes = sing_all(names, outputs(names, tmp_path), Wishes(voice=tiny_voice), dask=cluster.scheduler_address)
    assert contents(tmp_path) == contents(alone)
    assert [outcome.refusal is None for outcome in outcomes] == [True, True, False, True]


def test_a_scheduler_that_does_not_answer_is_named(folder, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "100ms"}), pytest.raises(VisingerError) as refused:
        sung(folder, tmp_path, Wishes(), dask="tcp://127.0.0.1:9")
    assert distributed
    assert refused.value.where == "tcp://127.0.0.1:9"


def test_a_voice_that_is_missing_stops_everything_at_once(folder, tmp_path):
    for jobs in (1, 2):
        with pytest.raises(VoiceError, match="no voice 'nobody'"):
            sung(folder, tmp_path, Wishes(voice="nobody"), jobs=jobs)
    assert not contents(tmp_path)


def test_each_score_of_several_saves_a_performance_of_its_own(folder, tiny_voice, tmp_path):
    sung(folder, tmp_path, Wishes(voice=tiny_voice, save_performance=tmp_path / "p.json"), jobs=1)
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["p-a.json", "p-b.json", "p-c.json"]


def test_the_command_reports_the_refused_at_the_end_and_exits_with_2(folder, alone, tiny_voice, tmp_path, capsys):
    words = ["sing", *scores(folder), "-o", tmp_path, "--voice", tiny_voice]
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr()
    assert [line.split(".wav")[0][-1] for line in said.out.splitlines()] == ["a", "b", "c"]
    *_, refusal, summary = said.err.splitlines()
    assert refusal.startswith("visinger: ")
    assert "refused.json" in refusal
    assert summary == "1 of 4 scores were refused, the others are sung"
    assert contents(tmp_path) == contents(alone)


def test_the_worst_refusal_decides_the_exit_code():
    fine = Outcome(Path("a"), ())
    mistaken = replace(fine, refusal=VisingerError("no"))
    full = replace(fine, refusal=OutputError("full"))
    assert [exit_code(each) for each in ([fine], [fine, mistaken], [full, mistaken])] == [0, 2, 3]


def test_a_refusal_comes_whole_from_another_process():
    error = SpellingError("no such sound", index=3, where="song, bar 1", remedy="write another")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is SpellingError
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.skipif(os.name != "posix", reason="interrupts are sent as POSIX signals")
def test_an_interrupt_stops_every_process_and_leaves_no_half_song(tiny_voice, tmp_path):
    for name in "ab":
        write_json(tmp_path / f"{name}.json", kana_score(*[("ら", 60, 1920)] * 1000))  # half an hour each
    words = ["sing", tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path, "--voice", tiny_voice, "--jobs", "2"]
    running = subprocess.Popen(
        [sys.executable, "-m", "visinger.cli.main", *words],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob(".*.wav"))) < 2 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130, said
    assert said.splitlines()[-1].startswith("visinger: interrupted")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]
