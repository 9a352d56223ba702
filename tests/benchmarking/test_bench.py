"""What `visinger bench` reports agrees with itself and with what was really sung."""

import json
import subprocess
import sys

import pytest

import visinger
from visinger.benchmarking import bench, ceilings, newborn, scaling, singing_speed, training_speed
from visinger.benchmarking.ceilings import ConvolutionShape
from visinger.cli.main import main


@pytest.fixture(scope="module")
def small_ceilings():
    """Convolutions that take a millisecond; how fast the machine is does not matter here."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ceilings, "WIDE", (ConvolutionShape(32, 32, 3, 100),))
    patch.setattr(ceilings, "SMALLEST_RUN_OPERATIONS", 1e7)
    patch.setattr(ceilings, "COPY_BYTES", 1 << 22)
    yield
    patch.undo()


def test_the_parts_of_a_benchmark_are_its_whole(tiny_voice, small_ceilings, capsys):
    assert main(["bench", str(tiny_voice), "--quick", "--repeats", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    speed = told["voices"][0]["speed"]
    inside = sum(graph["cpu_seconds"] for graph in speed["graphs"])
    assert inside + speed["rest_cpu_seconds"] == pytest.approx(speed["cpu_seconds"], rel=0.25)
    for graph in speed["graphs"]:
        assert graph["gflops"] == pytest.approx(graph["gigaflop"] / graph["cpu_seconds"], rel=1e-6)
        assert graph["share"] == pytest.approx(graph["gflops"] / speed["best"]["gflops"])
        assert graph["calls"] > 0
    assert told["training"] is None


def test_two_voices_stand_side_by_side_with_their_ratio(tiny_voice, small_ceilings, capsys):
    assert main(["bench", str(tiny_voice), "--compare", str(tiny_voice), "--quick", "--repeats", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("| tiny | tiny | ratio |")
    parameters = next(line for line in lines if line.startswith("| parameters"))
    assert parameters.endswith("1.00 × |")


def test_a_watched_voice_sings_the_same_samples(tiny_voice):
    score = bench.tune(bench.WORDS["ja"][:4], 65, "ja")
    watched = singing_speed.watch(tiny_voice)
    ours, theirs = watched.voice.sing(score), visinger.Voice.load(tiny_voice).sing(score)
    assert (ours.samples == theirs.samples).all()
    assert all(graph.spent for graph in watched.graphs.values())


@pytest.mark.parametrize("language", sorted(bench.WORDS))
def test_the_tune_of_ours_is_sung_in_every_language_that_has_words(language):
    from visinger.phrasing.spelling import spell

    score = bench.tune(bench.WORDS[language], 65, language)
    song = spell(score, language=language)
    assert 20 < float(score.seconds) < 60
    assert len(song.phrases) > 3


def test_a_new_process_tells_its_first_sound_and_its_memory(tiny_voice, tmp_path):
    score = bench._own_tune(str(tiny_voice), tmp_path)
    first = newborn.first_sound(str(tiny_voice), score, repeats=1)
    assert 0 < first.warm_seconds < first.cold_seconds
    song = newborn.whole_song(str(tiny_voice), score, tmp_path / "song.wav")
    assert 3e7 < song.peak_bytes < 2e9
    assert (tmp_path / "song.wav").stat().st_size > 1e6


def test_a_process_that_fails_says_why():
    with pytest.raises(visinger.VisingerError, match="nobody"):
        newborn.first_sound("nobody", "no-score.json", repeats=1)


def test_scaling_is_how_often_one_process_fits_into_the_others_time(monkeypatch):
    wall = {("busy-song", 1): 3.0, ("busy-song", 2): 3.75, ("busy-product", 1): 1.0, ("busy-product", 2): 1.0}
    monkeypatch.setattr(newborn, "together", lambda work, count: wall[work[0], count])
    found = scaling.measure("any", "score", processes=2)
    assert (found.songs, found.products, found.ratio) == (1.6, 2.0, 0.8)


def test_processes_begin_together_and_the_slowest_counts():
    assert newborn.together(["busy-product", "64", "2"], 2) > 0


def test_the_bench_needs_no_torch_for_voices():
    check = "import sys, visinger.benchmarking.bench, visinger.cli.bench; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_bandwidth_is_told_in_gigabytes(small_ceilings):
    assert 0.1 < ceilings.bandwidth_gb_per_second(repeats=2) < 2000


def test_a_made_up_take_is_five_seconds_of_notes():
    take = training_speed.made_up_take(3)
    assert len(take.samples) == 5 * take.sample_rate_hz
    assert len(take.f0_hz) == take.frames.sum() == 500
