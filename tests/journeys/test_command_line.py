"""The command line as a user meets it: songs come out, mistakes cost one clear line and leave nothing behind."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visinger.audio import read_wave
from visinger.cli.main import VERBS, main
from visinger.score import read as read_score
from visinger.score import write_json

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

ONE_NOTE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>V</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>{divisions}</divisions></attributes>
<direction><sound tempo="{tempo}"/></direction>
<note><pitch><step>C</step><octave>{octave}</octave></pitch><duration>{duration}</duration>
<lyric><text>{lyric}</text></lyric></note></measure></part></score-partwise>
"""


def one_note(folder: Path, *, name: str = "one.musicxml", **changes: object) -> Path:
    values = {"divisions": 1, "tempo": 60, "octave": 4, "duration": 1, "lyric": "ら"} | changes
    path = folder / name
    path.write_text(ONE_NOTE.format(**values), encoding="utf-8")
    return path


def visinger(*words: object) -> subprocess.CompletedProcess[str]:
    """The command line, run in this process: what it printed and its exit code."""
    command, out, err = list(map(str, words)), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(command)
        except SystemExit as leaving:  # argparse's own way out
            code = int(leaving.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def refused(done: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("visinger: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_two_scores_are_sung_into_a_folder_at_the_length_and_rate_asked_for(tiny_voice: Path, tmp_path: Path) -> None:
    scores = [one_note(tmp_path, name="a.musicxml"), one_note(tmp_path, name="b.musicxml", duration=2, lyric="き")]
    saved = tmp_path / "p.json"
    done = visinger(
        "sing", *scores, "-o", tmp_path / "out", "--voice", tiny_voice, "--sample-rate", 44100, "--json",
        "--save-performance", saved,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reports = json.loads(done.stdout)
    assert [report["seconds"] for report in reports] == [1.0, 2.0]
    for report, seconds in zip(reports, (1, 2), strict=True):
        wave = read_wave(report["output"])
        assert (wave.sample_rate_hz, len(wave.samples)) == (44100, 44100 * seconds)
    performance = json.loads(saved.with_stem("p-b").read_text(encoding="utf-8"))
    assert performance["hop_samples"] == 240
    assert sum(p["frames"] for p in performance["phonemes"]) == len(performance["f0_hz"]) == 200


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tiny_voice: Path, tmp_path: Path) -> None:
    score = one_note(tmp_path)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert (
            visinger("sing", score, "-o", tmp_path / f"{name}.wav", "--voice", tiny_voice, "--seed", seed).returncode
            == 0
        )
    a, b, c = ((tmp_path / f"{name}.wav").read_bytes() for name in "abc")
    assert a == b != c


def test_a_midi_without_words_is_sung_on_those_of_a_text_file(tiny_voice: Path, tmp_path: Path) -> None:
    import mido

    track = mido.MidiTrack()
    for pitch in (60, 62):
        track += [mido.Message("note_on", note=pitch, time=0), mido.Message("note_off", note=pitch, time=480)]
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(track)
    song.save(tmp_path / "la.mid")
    silent = refused(visinger("sing", tmp_path / "la.mid", "-o", tmp_path / "la.wav", "--voice", tiny_voice))
    assert "--lyrics" in silent
    (tmp_path / "words.txt").write_text("らり", encoding="utf-8")
    done = visinger(
        "sing",
        tmp_path / "la.mid",
        "--lyrics",
        tmp_path / "words.txt",
        "-o",
        tmp_path / "la.wav",
        "--voice",
        tiny_voice,
    )
    assert done.returncode == 0, done.stderr
    assert len(read_wave(tmp_path / "la.wav").samples) == 48000  # the bar is sung to its end


def test_a_drawn_curve_is_what_the_performance_says(tiny_voice: Path, tmp_path: Path) -> None:
    (tmp_path / "f0.csv").write_text("time_seconds,f0_hz\n0,220\n1,220\n", encoding="utf-8")
    done = visinger(
        "sing", one_note(tmp_path), "--f0", tmp_path / "f0.csv", "--voice", tiny_voice, "-o", tmp_path / "x.wav",
        "--save-performance", tmp_path / "p.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert np.allclose(json.loads((tmp_path / "p.json").read_text())["f0_hz"], 220.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tempo": 0}, "bar 1"),
        ({"duration": 601}, "10 minutes"),
        ({"lyric": "㐀"}, "bar 1"),  # a character that no dictionary of sung Japanese has
        ({"lyric": "xqzt"}, "xqzt"),
    ],
)
def test_a_score_that_cannot_be_sung_is_refused_in_one_line(
    changes: dict[str, object], said: str, tiny_voice: Path, tmp_path: Path
) -> None:
    score = one_note(tmp_path, **changes)
    language = ["--language", "ja"] if "lyric" in changes else []
    line = refused(visinger("sing", score, "-o", tmp_path / "x.wav", "--voice", tiny_voice, *language))
    assert "one.musicxml" in line
    assert said in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.musicxml"]


def test_an_entity_bomb_and_a_zip_bomb_are_refused_at_once(tiny_voice: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.musicxml"
    entities = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 10))
    bomb.write_text(
        f'<!DOCTYPE x [<!ENTITY e0 "la">{entities}]><score-partwise>&e9;</score-partwise>', encoding="utf-8"
    )
    zipped = tmp_path / "bomb.mxl"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="s.xml"/></rootfiles></container>'
        )
        archive.writestr("s.xml", b" " * (300 << 20))
    for path in (bomb, zipped):
        began = time.monotonic()
        assert path.name in refused(visinger("inspect", path))
        assert time.monotonic() - began < 20


def test_a_note_out_of_range_is_sung_and_said(tiny_voice: Path, tmp_path: Path) -> None:
    done = visinger("sing", one_note(tmp_path, octave=8), "-o", tmp_path / "x.wav", "--voice", tiny_voice)
    assert done.returncode == 0, done.stderr
    assert "natural range" in done.stderr


def test_a_voice_with_a_truncated_file_is_refused_by_that_files_name(tiny_voice: Path, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(tiny_voice, broken)
    decoder = broken / "decoder.onnx"
    decoder.write_bytes(decoder.read_bytes()[:-100])
    line = refused(visinger("sing", one_note(tmp_path), "-o", tmp_path / "x.wav", "--voice", broken))
    assert "decoder.onnx" in line


def test_a_full_disk_leaves_no_half_song(tiny_voice: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal_ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    code = f"{signal_ignored}; from visinger.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    score = one_note(tmp_path, duration=20)
    done = subprocess.run(
        [sys.executable, "-c", code, "sing", str(score), "-o", str(tmp_path / "x.wav"), "--voice", str(tiny_voice)],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
    )
    assert "x.wav" in refused(done, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.musicxml"]


@pytest.mark.skipif(os.name != "posix", reason="interrupts are sent as POSIX signals")
def test_an_interrupt_leaves_no_half_song(tiny_voice: Path, tmp_path: Path) -> None:
    score = one_note(tmp_path, duration=500)
    running = subprocess.Popen(
        [sys.executable, "-m", "visinger.cli.main", "sing", score, "-o", tmp_path / "x.wav", "--voice", tiny_voice],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".x*")) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "interrupted" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.musicxml"]


def test_every_verb_explains_itself() -> None:
    for verb in VERBS:
        done = visinger(verb, "--help")
        assert done.returncode == 0, done.stderr
        assert verb in done.stdout


def test_hanzi_given_to_a_japanese_voice_are_refused_for_their_language(tiny_voice: Path, tmp_path: Path) -> None:
    line = refused(
        visinger("sing", EXAMPLES / "molihua.mid", "-o", tmp_path / "x.wav", "--voice", tiny_voice),
    )
    assert "look like 'zh'" in line
    assert "bar 1" in line


def test_an_unknown_language_is_refused_naming_the_file_and_the_known_ones(tiny_voice: Path, tmp_path: Path) -> None:
    score = read_score(one_note(tmp_path))
    write_json(tmp_path / "klingon.json", replace(score, language="tlh"))
    line = refused(visinger("sing", tmp_path / "klingon.json", "-o", tmp_path / "x.wav", "--voice", tiny_voice))
    assert "klingon.json" in line
    assert "zh" in line
    assert "ja" in line
