"""The public API by the requests of its contract, on a real socket; what it sends is the offline rendering."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi")
import soundfile
from http_server import FIRST, SECOND, THIRD, score, served

import visinger
from visinger.score.formats.json_score import from_document, read_json
from visinger.serving.formats import ffmpeg, formats
from visinger.signal.f0 import track_independent
from visinger.units import cents_between, hz_from_midi

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SONG = score(FIRST, SECOND, THIRD, rest_ticks=1440)  # rests of a second and a half
PAUSED = score(FIRST, SECOND, rest_ticks=4800)  # of five, in which nothing is sung


@pytest.fixture(scope="module")
def client():
    with served() as server:
        yield server


@pytest.fixture(scope="module")
def voice():
    return visinger.Voice.load("pjs")


def performed(client, document, **more) -> dict:
    reply = client.post("/v1/perform", json={"score": document, "voice": "pjs", **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def rendered(client, document, **more) -> np.ndarray:
    body = {"score": document, "voice": "pjs", "format": "pcm_f32", **more}
    reply = client.post("/v1/render", json=body)
    assert reply.status_code == 200, reply.text
    return np.frombuffer(reply.content, dtype="<f4")


def offline(voice, document, **more) -> np.ndarray:
    return voice.sing(from_document(document, Path("score")), **more).samples


# -- what there is -------------------------------------------------------------------------------------


def test_the_server_says_that_it_is_well_and_who_sings(client):
    health = client.get("/v1/health").json()
    assert health["status"] == "ok"
    assert health["formats"] == list(formats())
    voices = {voice["name"]: voice for voice in client.get("/v1/voices").json()}
    assert "default" not in voices
    assert voices["pjs"]["language"] == "ja"
    assert "CC BY-SA" in voices["pjs"]["licence"]
    assert voices["pjs"]["lowest_midi"] < voices["pjs"]["highest_midi"]
    queue = client.get("/v1/queue").json()
    assert queue == {"running": 0, "waiting": 0, "limit": client.services.settings.queue_length}


def test_a_score_file_becomes_a_document_that_reads_as_the_file_does(client):
    content = (EXAMPLES / "sakura.musicxml").read_bytes()
    reply = client.post("/v1/scores", params={"name": "さくら.musicxml"}, content=content).json()
    assert from_document(reply["score"], Path("score")) == visinger.read_score(EXAMPLES / "sakura.musicxml")
    assert reply["sung_parts"] == [0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("song.mid", b"MThd"),
        ("a/b\\song.ustx", b"notes: ["),
        ("song.wav", b"RIFF"),
        ("song", b""),
        ("x.mxl", b"PK\3\4"),
    ],
)
def test_a_file_that_is_no_score_is_refused_by_its_own_name(client, name, content):
    reply = client.post("/v1/scores", params={"name": name}, content=content)
    assert reply.status_code == 422
    detail = reply.json()["detail"]
    assert detail["problem"]
    assert detail["where"].startswith(name.replace("\\", "/").rpartition("/")[2])
    assert "/tmp" not in reply.text


# -- performing ----------------------------------------------------------------------------------------


def test_the_performance_is_the_voices_own(client, voice):
    got = performed(client, SONG, seed=3)
    own = voice.perform(from_document(SONG, Path("score")), seed=3).as_json()
    assert {key: got[key] for key in ("sample_rate_hz", "hop_samples", "f0_hz", "seed")} == {
        key: own[key] for key in ("sample_rate_hz", "hop_samples", "f0_hz", "seed")
    }
    plain = [{key: phoneme[key] for key in own["phonemes"][0]} for phoneme in got["phonemes"]]
    assert plain == own["phonemes"]
    assert got["predicted_f0_hz"] == got["f0_hz"]
    assert got["voice"] == "pjs"


def test_the_phrases_tile_the_song(client):
    got = performed(client, PAUSED)
    starts = [phrase["start_frame"] for phrase in got["phrases"]]
    ends = [phrase["start_frame"] + phrase["frames"] for phrase in got["phrases"]]
    assert starts == [0, *ends[:-1]]
    assert ends[-1] * got["hop_samples"] >= got["samples"] > (ends[-1] - 1) * got["hop_samples"]
    assert {phrase["silent"] for phrase in got["phrases"]} == {True, False}


def test_drawn_pitch_is_followed_and_the_prediction_stays_beside_it(client, voice):
    drawn = json.loads(json.dumps(score(FIRST, SECOND)))
    drawn["parts"][0]["pitch_curve"] = [[1000, 64.0], [1900, 64.0], [1901, None]]
    got = performed(client, drawn)
    own = voice.perform(from_document(drawn, Path("score")))
    assert np.allclose(got["f0_hz"], own.f0_hz(), atol=1e-3)
    frames = np.arange(120, 190)
    voiced = np.array(got["f0_hz"])[frames]
    assert np.allclose(voiced[voiced > 0], hz_from_midi(64.0), rtol=1e-3)
    assert got["predicted_f0_hz"] == performed(client, score(FIRST, SECOND))["f0_hz"]
    assert performed(client, drawn, own_pitch=True)["f0_hz"] == got["predicted_f0_hz"]
    assert np.array_equal(rendered(client, drawn), voice.render(own).samples)


# -- rendering -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [SONG, PAUSED], ids=["short rests", "long rests"])
def test_every_phrase_alone_has_the_samples_of_the_offline_rendering(client, voice, document):
    whole = offline(voice, document, seed=5)
    got = performed(client, document, seed=5)
    assert len(got["phrases"]) >= 3
    assert got["samples"] == len(whole)
    for phrase in reversed(got["phrases"]):  # in another order than they are sung in
        first = phrase["start_frame"] * got["hop_samples"]
        last = min(first + phrase["frames"] * got["hop_samples"], got["samples"])
        alone = rendered(client, document, seed=5, phrase=phrase["key"])
        assert np.array_equal(alone, whole[first:last])
    assert np.array_equal(rendered(client, document, seed=5), whole)


def test_where_two_phrases_meet_there_is_no_click(client):
    got, whole = performed(client, SONG), rendered(client, SONG)
    meetings = [phrase["start_frame"] * got["hop_samples"] for phrase in got["phrases"][1:]]
    loudest_step = np.abs(np.diff(whole)).max()
    for sample in meetings:
        around = whole[sample - 240 : sample + 240]
        assert np.abs(np.diff(around)).max() < loudest_step / 50


def test_dynamics_are_those_of_the_song_within_a_phrase_too(client, voice):
    louder = json.loads(json.dumps(SONG))
    louder["parts"][0]["dynamics"] = [{"tick": 0, "level_db": -12.0}, {"tick": 6000, "level_db": 3.0}]
    whole, got = offline(voice, louder), performed(client, louder)
    phrase = got["phrases"][1]
    first = phrase["start_frame"] * got["hop_samples"]
    alone = rendered(client, louder, phrase=phrase["key"])
    assert np.array_equal(alone, whole[first : first + len(alone)])


def test_only_what_changed_gets_another_key(client):
    before = [phrase["key"] for phrase in performed(client, SONG)["phrases"]]
    changed = json.loads(json.dumps(SONG))
    changed["parts"][0]["notes"][-1]["lyric"] = "み"
    after = [phrase["key"] for phrase in performed(client, changed)["phrases"]]
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]
    other_seed = [phrase["key"] for phrase in performed(client, SONG, seed=1)["phrases"]]
    assert not set(other_seed) & set(before)


def test_what_was_rendered_once_is_not_rendered_again(client):
    rendered_already = client.services.rendered
    song = score(SECOND, THIRD)
    first = rendered(client, song)
    missed = rendered_already.missed
    assert np.array_equal(rendered(client, song), first)
    assert rendered_already.missed == missed


def test_a_key_of_another_song_is_refused(client):
    key = performed(client, SONG)["phrases"][0]["key"]
    reply = client.post("/v1/render", json={"score": SONG, "voice": "pjs", "seed": 9, "phrase": key})
    assert reply.status_code == 404
    assert reply.json()["detail"]["remedy"]


# -- formats -------------------------------------------------------------------------------------------


def test_a_score_file_is_sung_as_the_command_line_sings_it(client, voice, tmp_path):
    document = score(FIRST)
    (tmp_path / "song.json").write_text(json.dumps(document), encoding="utf-8")
    content = (tmp_path / "song.json").read_bytes()
    reply = client.post("/v1/sing", params={"name": "song.json", "voice": "pjs", "seed": 2}, content=content)
    assert reply.headers["content-type"] == "audio/wav"
    assert len(reply.headers["x-job-id"]) >= 8
    visinger.write_wave(tmp_path / "song.wav", voice.sing(read_json(tmp_path / "song.json"), seed=2))
    assert reply.content == (tmp_path / "song.wav").read_bytes()


@pytest.mark.parametrize("name", ["flac", "ogg"])
def test_compressed_sound_has_the_songs_length_and_pitch(client, name):
    song = score([("ら", 57, 960)], rest_ticks=480)
    wave = rendered(client, song)
    reply = client.post("/v1/render", json={"score": song, "voice": "pjs", "format": name})
    assert reply.headers["content-type"] == f"audio/{name}"
    samples, rate = soundfile.read(io.BytesIO(reply.content), dtype="float32")
    assert rate == 24_000
    assert soundfile.info(io.BytesIO(reply.content)).frames == len(samples) == len(wave)
    if name == "flac":
        assert np.abs(samples - np.clip(wave, -1, 1)).max() < 1 / 0x7FFF
    else:
        f0_hz = track_independent(samples.astype(np.float64), rate)
        middle = f0_hz[len(f0_hz) // 4 : len(f0_hz) // 2]
        assert np.abs(np.median(cents_between(middle[middle > 0], hz_from_midi(57)))) < 30


@pytest.mark.skipif(ffmpeg() is None, reason="no ffmpeg on this machine")
def test_mp3_plays_to_its_end(client, tmp_path):
    song = score([("ら", 57, 960)], rest_ticks=480)
    reply = client.post("/v1/render", json={"score": song, "voice": "pjs", "format": "mp3"})
    assert reply.headers["content-type"] == "audio/mpeg"
    (tmp_path / "song.mp3").write_bytes(reply.content)
    asked = [ffmpeg(), "-v", "error", "-i", str(tmp_path / "song.mp3"), "-f", "f32le", "-ac", "1", "pipe:1"]
    decoded = subprocess.run(asked, capture_output=True, check=True)
    assert not decoded.stderr
    samples = np.frombuffer(decoded.stdout, dtype="<f4")
    assert abs(len(samples) - int(reply.headers["x-samples"])) < 3 * 1152  # a coder's delay and its last frame
    wave = rendered(client, song)
    assert np.std(samples) == pytest.approx(np.std(wave), rel=0.1)


@pytest.mark.parametrize("to", ["musicxml", "mid", "ust", "ustx", "json"])
def test_a_converted_song_holds_the_same_notes(client, to):
    reply = client.post("/v1/convert", params={"to": to}, json={"score": SONG, "transpose": 2})
    assert reply.status_code == 200, reply.text
    assert isinstance(json.loads(reply.headers["x-warnings"]), list)
    back = client.post("/v1/scores", params={"name": f"song.{to}"}, content=reply.content).json()["score"]
    notes = [(note["tick"], note["duration"], note["pitch"] - 2) for note in back["parts"][0]["notes"]]
    assert notes == [(note["tick"], note["duration"], note["pitch"]) for note in SONG["parts"][0]["notes"]]


@pytest.mark.parametrize("to", ["lab", "TextGrid", "ds"])
def test_labels_are_those_of_the_performance(client, to):
    body = {"score": SONG, "voice": "pjs"}
    text = client.post("/v1/convert", params={"to": to}, json=body).content.decode()
    symbols = [phoneme["symbol"] for phoneme in performed(client, SONG)["phonemes"]]
    if to == "lab":
        assert [line.split()[2] for line in text.splitlines()] == [
            {"SP": "pau", "AP": "br"}.get(symbol, symbol) for symbol in symbols
        ]
    elif to == "ds":
        sung = " ".join(segment["ph_seq"] for segment in json.loads(text)).split()
        assert [s for s in sung if s not in ("SP", "AP")] == [s for s in symbols if s not in ("SP", "AP")]
    else:
        assert text.count('text = "') >= len(symbols)


# -- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"voice": "/etc"}, "no voice"),
        ({"voice": "../pjs"}, "no voice"),
        ({"singer": "nobody"}, "no singer"),
        ({"part": 7}, "no part"),
        ({"transpose": 100}, "range of MIDI"),
        ({"language": "xx"}, ""),
        ({"score": score([("ら", 200, 480)])}, "notes 1"),
        ({"score": score([("qq", 60, 480)])}, "bar 1, beat 1"),
        ({"noise_scale": 11}, "noise_scale"),
        ({"format": "aiff"}, "format"),
        ({"edits": {"boundaries": [{"note": -1, "ordinal": 0, "offset_frames": 0}]}}, "boundaries"),
        ({"path": "x"}, "path"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_place_problem_and_remedy(client, change, told):
    reply = client.post("/v1/render", json={"score": SONG, "voice": "pjs", **change})
    assert 400 <= reply.status_code < 500
    detail = reply.json()["detail"]
    assert set(detail) == {"problem", "where", "remedy"}
    assert detail["problem"]
    assert told in " ".join(detail.values())


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"score": ' + b"9" * 5000 + b"}", b'{"score": NaN}']
)
def test_a_body_that_is_no_request_is_refused_in_the_same_form(client, body):
    reply = client.post("/v1/perform", content=body, headers={"Content-Type": "application/json"})
    assert 400 <= reply.status_code < 500
    assert set(reply.json()["detail"]) == {"problem", "where", "remedy"}


def test_an_address_that_is_not_there_is_refused_in_the_same_form(client):
    for method, path, status in (
        ("GET", "/v2/voices", 404),
        ("GET", "/v1/render", 405),
        ("GET", "/v1/jobs/nobodys", 404),
    ):
        reply = client.request(method, path)
        assert reply.status_code == status
        assert set(reply.json()["detail"]) == {"problem", "where", "remedy"}


def test_a_song_beyond_the_servers_limit_is_refused_before_it_is_thought_of(voice):
    from visinger.serving.requests import SongRequest
    from visinger.serving.shelf import Shelf
    from visinger.serving.songs import Songs

    long = score(FIRST, rest_ticks=480 * 120)
    with pytest.raises(visinger.VisingerError, match=r"at most 0\.5 minutes"):
        Songs(Shelf(), most_seconds=30).performed(SongRequest(score=long))


def test_the_metrics_count_requests_jobs_and_sound(client):
    def value(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    before = value("visinger_sung_seconds_total"), value('visinger_requests_total{method="POST",route="/v1/render"')
    sound = rendered(client, SONG)
    after = value("visinger_sung_seconds_total"), value('visinger_requests_total{method="POST",route="/v1/render"')
    assert after[0] - before[0] == pytest.approx(len(sound) / 24_000, abs=0.01)
    assert after[1] - before[1] == 1
    assert value("process_resident_memory_bytes") > 1e6
