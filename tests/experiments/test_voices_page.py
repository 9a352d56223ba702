"""The voices' page: one well-formed file that asks nobody for anything, with gates, sounds, pictures and faults."""

import base64
import io

import pytest
import soundfile
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("pyworld")

from tests.evaluation.choir import ToneSinger, take
from tests.experiments.test_report_page import Reader

from visinger.cli.main import main
from visinger.errors import OutputError
from visinger.evaluation import concert
from visinger.evaluation.exhibit import chosen, read_exhibit, write_exhibit
from visinger.evaluation.gates import Gate
from visinger.evaluation.intervals import Interval
from visinger.experiments.voices_page import write_voices_page

GATES = (
    Gate("clicks", "0", "1/min", Interval(0.0, 0.0, 0.0, 4), True, "0 in 2.0 minutes"),
    Gate("MCD <above> the copy's", "≤ 1.5", "dB", Interval(1.9, 1.8, 2.0, 4), False),
    Gate("words", "≤ 1.5", "×", None, None, "not heard"),
)


@pytest.fixture
def exhibit(tmp_path):
    who = concert.singer(ToneSinger("tones"))
    versions = [
        [concert.recording().sing(one, "given", 0), who.sing(one, "score", 0)] for one in (take(0), take(1), take(2))
    ]
    about = {"voice": "tones", "language": "ja", "about": "Made up.", "command": "visinger evaluate tones"}
    write_exhibit(tmp_path / "tones", about, versions, GATES, gain=1.5)
    return tmp_path / "tones"


def test_the_page_holds_gates_sounds_and_pictures_and_points_at_nothing_outside(exhibit, tmp_path):
    size = write_voices_page(tmp_path / "voices.html", [read_exhibit(exhibit)], {"tones": "It hums.\n\nIt is <flat>."})
    text = (tmp_path / "voices.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert (reader.faults, reader.open) == ([], [])
    assert size == len(text.encode())
    assert all(address.startswith("data:") for address in reader.addresses)
    assert (reader.counts["audio"], reader.counts["img"]) == (6, 6)
    words = " ".join(reader.words)
    assert "1 gates passed, 1 failed, 1 not measured." in words
    assert "1.90 [1.80, 2.00]" in words
    assert "It is <flat>." in words


def test_sounds_play_as_long_as_the_phrase_and_pictures_can_be_seen(exhibit, tmp_path):
    write_voices_page(tmp_path / "voices.html", [read_exhibit(exhibit)], {})
    reader = Reader()
    reader.feed((tmp_path / "voices.html").read_text(encoding="utf-8"))
    kinds = {
        kind: [a.split(",")[1] for a in reader.addresses if a.startswith(f"data:{kind}")] for kind in ("audio", "image")
    }
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(kinds["audio"][0])))
    assert len(samples) / rate == pytest.approx(take(0).phrase.frames / 100, abs=0.1)
    picture = Image.open(io.BytesIO(base64.b64decode(kinds["image"][0])))
    assert picture.format == "WEBP"
    low, high = picture.convert("L").getextrema()
    assert high - low > 100, "singing and silence differ in a spectrogram"


def test_a_page_larger_than_allowed_is_refused_and_not_written(exhibit, tmp_path):
    with pytest.raises(OutputError, match="more than 5000"):
        write_voices_page(tmp_path / "voices.html", [read_exhibit(exhibit)], {}, largest_bytes=5000)
    assert not (tmp_path / "voices.html").exists()


def test_the_command_makes_the_page_and_says_which_gates_are_not_passed(exhibit, tmp_path, capsys):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("Breath is missing.", encoding="utf-8")
    assert main(["exhibit", str(exhibit), "--wrong", f"tones={wrong}", "--out", str(tmp_path / "page.html")]) == 0
    assert "Breath is missing." in (tmp_path / "page.html").read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert "words: not measured" in said
    assert "clicks" not in said
    assert main(["exhibit", str(exhibit), "--wrong", f"nobody={wrong}", "--out", str(tmp_path / "other.html")]) == 2


def test_phrases_are_chosen_from_as_many_songs_as_there_are():
    takes = [take(0, notes=6), take(0, notes=5), take(1, notes=3), take(2, notes=4)]
    assert [one.song for one in chosen(takes, 3)] == ["song0", "song2", "song1"]
