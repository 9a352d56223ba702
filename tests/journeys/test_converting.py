"""`visinger convert` as a user meets it: what went in comes out, nothing is overwritten, what is lost is said."""

import contextlib
import io
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from visinger.cli.main import main
from visinger.corpora import lab, textgrid
from visinger.score import Score, read

SAKURA = Path(__file__).resolve().parents[2] / "examples" / "sakura.musicxml"


def visinger(*words: object) -> subprocess.CompletedProcess[str]:
    """The command line, run in this process: what it printed and its exit code."""
    command, out, err = list(map(str, words)), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(command)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def tune(score: Score) -> list[tuple[int, int, int, str | None]]:
    return [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in score.parts[0].notes]


def test_a_score_goes_around_through_every_format_and_comes_back_the_same(tmp_path: Path) -> None:
    road = [tmp_path / f"a{suffix}" for suffix in (".ustx", ".json", ".mid", ".mxl", ".musicxml")]
    for source, target in zip([SAKURA, *road], road, strict=False):
        done = visinger("convert", source, target)
        assert (done.returncode, done.stdout.strip()) == (0, str(target)), done.stderr
    first, last = read(SAKURA), read(road[-1])
    assert tune(last) == tune(first)
    assert last.time_signatures == first.time_signatures
    ticks = range(0, first.length_ticks + 1, 480)
    times = [[float(score.tempo_map.seconds(tick)) for tick in ticks] for score in (first, last)]
    assert times[0] == pytest.approx(times[1], rel=1e-5)


def test_nothing_that_is_there_is_overwritten_unless_forced(tmp_path: Path) -> None:
    target = tmp_path / "a.mid"
    target.write_text("mine")
    done = visinger("convert", SAKURA, target)
    assert done.returncode == 3
    assert "is there already" in done.stderr
    assert "--force" in done.stderr
    assert target.read_text() == "mine"
    assert visinger("convert", SAKURA, target, "--force").returncode == 0
    assert tune(read(target)) == tune(read(SAKURA))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"], "no half-written file beside it"


def test_transposing_moves_every_note_and_too_far_is_refused(tmp_path: Path) -> None:
    assert visinger("convert", SAKURA, tmp_path / "a.mid", "--transpose", "-5").returncode == 0
    before, after = tune(read(SAKURA)), tune(read(tmp_path / "a.mid"))
    assert [n[2] for n in after] == [n[2] - 5 for n in before]
    done = visinger("convert", SAKURA, tmp_path / "b.mid", "--transpose", "90")
    assert done.returncode == 2
    assert "leaves the range" in done.stderr


@pytest.mark.parametrize("name", ["a.wav", "a", "a.svp"])
def test_a_format_that_is_not_written_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    done = visinger("convert", tmp_path / "nothing.musicxml", tmp_path / name)
    assert done.returncode == 3
    assert ".ustx" in done.stderr


def test_the_voices_pitch_goes_to_openutau_and_its_times_to_diffsinger(tiny_voice: Path, tmp_path: Path) -> None:
    for suffix in (".ustx", ".ds"):
        done = visinger("convert", SAKURA, tmp_path / f"a{suffix}", "--voice", tiny_voice)
        assert done.returncode == 0, done.stderr
    project = yaml.safe_load((tmp_path / "a.ustx").read_text(encoding="utf-8"))
    curves = {curve["abbr"]: curve for part in project["voice_parts"] for curve in part["curves"]}
    assert len(curves["pitd"]["xs"]) > 10
    assert max(map(abs, curves["pitd"]["ys"])) <= 1200
    assert tune(read(tmp_path / "a.ustx")) == tune(read(SAKURA))
    segments = json.loads((tmp_path / "a.ds").read_text(encoding="utf-8"))
    assert all({"ph_dur", "f0_seq"} <= segment.keys() for segment in segments)


def test_labels_say_when_each_phoneme_is_sung(tiny_voice: Path, tmp_path: Path) -> None:
    for words in (("a.lab",), ("b.lab", "--lab-times", "seconds"), ("a.TextGrid",)):
        done = visinger("convert", SAKURA, tmp_path / words[0], *words[1:], "--voice", tiny_voice)
        assert done.returncode == 0, done.stderr
    htk, seconds = (lab.read(tmp_path / name) for name in ("a.lab", "b.lab"))
    phones = next(tier for tier in textgrid.read(tmp_path / "a.TextGrid") if tier.name == "phones")
    assert [line.label.symbol for line in htk] == [i.text for i in phones.intervals]
    length = float(read(SAKURA).seconds)
    for end in (htk[-1].label.end_seconds, seconds[-1].label.end_seconds, phones.intervals[-1].end_seconds):
        assert end == pytest.approx(length, abs=0.01)


def test_a_sung_song_can_leave_its_labels(tiny_voice: Path, tmp_path: Path) -> None:
    words = ("sing", SAKURA, "-o", tmp_path / "a.wav", "--voice", tiny_voice, "--save-labels")
    assert visinger(*words, tmp_path / "a.TextGrid").returncode == 0
    assert textgrid.read(tmp_path / "a.TextGrid")[0].name == "words"
    done = visinger(*words, tmp_path / "a.doc")
    assert (done.returncode, "use .lab or .TextGrid" in done.stderr) == (3, True)


def test_what_is_lost_is_said_and_one_part_can_be_taken(tmp_path: Path) -> None:
    done = visinger("convert", SAKURA, tmp_path / "a.ds", "--part", "1")
    assert done.returncode == 0, done.stderr
    assert "neither bars nor tempo" in done.stderr
    assert "nobody has performed it" in done.stderr
    done = visinger("convert", SAKURA, tmp_path / "b.mid", "--part", "Tuba")
    assert (done.returncode, "its parts" in done.stderr) == (2, True)


DICTIONARY = "[language]\nja\tJapanese\n[words]\nsomm\ts o N\nflor\tf u r o\n"


def worded(path: Path, *words: str) -> Path:
    notes = [{"tick": 480 * k, "duration": 480, "pitch": 64, "lyric": word} for k, word in enumerate(words)]
    song = {"format": "visinger-score", "version": 1, "language": "ja", "parts": [{"notes": notes}]}
    path.write_text(json.dumps(song), encoding="utf-8")
    return path


def test_a_dictionary_is_heard_in_what_a_voice_performs(tmp_path: Path) -> None:
    song = worded(tmp_path / "song.json", "somm", "か", "flor")
    book = tmp_path / "words.txt"
    book.write_text(DICTIONARY, encoding="utf-8")
    assert visinger("convert", song, tmp_path / "a.lab").returncode == 2, "nobody knows how 'somm' is sung"
    done = visinger("convert", song, tmp_path / "a.lab", "--dictionary", book)
    assert done.returncode == 0, done.stderr
    symbols = [line.label.symbol for line in lab.read(tmp_path / "a.lab") if not line.label.paused]
    assert symbols == ["s", "o", "N", "k", "a", "f", "u", "r", "o"]


def test_a_dictionary_without_a_voice_is_refused_since_it_would_do_nothing(tmp_path: Path) -> None:
    book = tmp_path / "words.txt"
    book.write_text(DICTIONARY, encoding="utf-8")
    done = visinger("convert", SAKURA, tmp_path / "a.mid", "--dictionary", book)
    assert done.returncode == 2
    assert "--voice" in done.stderr


def test_inspect_reads_words_as_a_dictionary_says(tmp_path: Path) -> None:
    song = worded(tmp_path / "song.json", "somm", "か", "flor")
    book = tmp_path / "words.txt"
    book.write_text(DICTIONARY, encoding="utf-8")
    plain, told = visinger("inspect", song), visinger("inspect", song, "--dictionary", book)
    assert (plain.returncode, told.returncode) == (0, 0)
    assert "'somm'" in plain.stdout.partition("doubt")[2]
    assert "doubt" not in told.stdout
    assert visinger("inspect", song, "--dictionary", tmp_path / "none.txt").returncode == 2
