"""VOICEVOX' singing endpoints, by the requests that its editor and OpenUtau's client send."""

import base64
import io
import json
import re
import uuid
import wave
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("fastapi")
from voicevox_engine import DO_RE_MI, asked, changed, onsets, served, song, sounded, spans

from visinger.serving.settings import Settings
from visinger.serving.voicevox.doors import EDITOR_ORIGIN
from visinger.signal.f0 import track_independent
from visinger.units import cents_between, hz_from_midi

# The phonemes that both clients know.
CONSONANTS = "b by ch cl d dy f g gw gy h hy j k kw ky m my n ny p py r ry s sh t ts ty v w y z"
KNOWN = {"pau", *"AEINOUaeiou", *CONSONANTS.split()}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def engine():
    with served() as client:
        yield client


# -- what the engine says of itself --------------------------------------------------------------------


def test_the_manifest_has_all_that_the_editor_reads(engine):
    said = engine.get("/engine_manifest").json()
    assert said["frame_rate"] == 93.75, "OpenUtau's client knows no other"
    assert said["default_sampling_rate"] == 24_000
    assert said["supported_features"]["sing"] is True
    uuid.UUID(said["uuid"])
    for key in ("manifest_version", "name", "brand_name", "url", "terms_of_service"):
        assert isinstance(said[key], str)
    assert {"update_infos", "dependency_licenses"} <= said.keys()
    assert any("CC BY-SA 4.0" in licence["license"] for licence in said["dependency_licenses"])
    assert engine.get("/version").json()


def test_a_singer_has_the_styles_that_the_clients_have_built_in(engine):
    singers = engine.get("/singers").json()
    styles = {style["id"]: style["type"] for singer in singers for style in singer["styles"]}
    assert styles[6000] == "singing_teacher"
    assert styles[3001] == "frame_decode"
    assert len(styles) == sum(len(singer["styles"]) for singer in singers)
    assert engine.get("/speakers").json() == []
    assert engine.get("/user_dict").json() == {}
    assert engine.get("/supported_devices").json()["cpu"] is True


def test_a_singer_shows_pictures_of_our_own_drawing_and_its_terms(engine):
    singer = engine.get("/singers").json()[0]
    info = engine.get("/singer_info", params={"speaker_uuid": singer["speaker_uuid"]}).json()
    assert "CC BY-SA 4.0" in info["policy"]
    assert [style["id"] for style in info["style_infos"]] == [style["id"] for style in singer["styles"]]
    icon = base64.b64decode(info["style_infos"][0]["icon"])
    assert pixels(icon).shape == (256, 256, 3)
    assert len(np.unique(pixels(icon).reshape(-1, 3), axis=0)) > 20
    by_url = {"speaker_uuid": singer["speaker_uuid"], "resource_format": "url"}
    linked = engine.get("/singer_info", params=by_url).json()
    assert engine.get(linked["portrait"]).content == base64.b64decode(info["portrait"])
    missing = engine.get("/singer_info", params={"speaker_uuid": str(uuid.uuid4())})
    assert (missing.status_code, type(missing.json()["detail"])) == (404, str)


def pixels(png: bytes) -> np.ndarray:
    """(high, wide, 3) of a PNG without filters, read by its specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert int.from_bytes(png[at + 8 + size : at + 12 + size]) == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + size
    wide, high = int.from_bytes(chunks[b"IHDR"][:4]), int.from_bytes(chunks[b"IHDR"][4:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(high, 1 + 3 * wide)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(high, wide, 3)


def test_a_voice_can_be_opened_before_it_is_needed(engine):
    assert engine.post("/initialize_speaker", params={"speaker": 3001}).status_code == 204
    assert engine.get("/is_initialized_speaker", params={"speaker": 6000}).json() is True


# -- the query -----------------------------------------------------------------------------------------


def test_the_contracts_example_is_answered_frame_by_frame(engine):
    query = asked(engine, DO_RE_MI)
    assert [p["phoneme"] for p in query["phonemes"]] == ["pau", "d", "o", "r", "e", "m", "i", "pau"]
    assert [p["note_id"] for p in query["phonemes"]] == ["a", "b", "b", "c", "c", "d", "d", "e"]
    assert sum(p["frame_length"] for p in query["phonemes"]) == len(query["f0"]) == len(query["volume"]) == 165
    assert (query["volumeScale"], query["outputSamplingRate"], query["outputStereo"]) == (1, 24_000, False)
    assert min(query["f0"]) > 0, "the editor takes logarithms"
    assert all(0 <= volume <= 1 for volume in query["volume"])


def test_vowels_start_on_their_notes_and_consonants_in_the_note_before(engine):
    query = asked(engine, DO_RE_MI)
    assert onsets(query) == [15, 60, 105]
    assert spans(query)[-1] == ("pau", 150, 165)
    assert all(p["frame_length"] >= 1 for p in query["phonemes"])


def test_the_pitch_lies_on_the_notes(engine):
    query = asked(engine, song(("", None, 20), ("ら", 57, 90), ("ま", 59, 90), ("の", 52, 90), ("", None, 20)))
    vowels = [span for span in spans(query) if span[0] in "aiueo"]
    for (_, first, end), key in zip(vowels, (57, 59, 52), strict=True):
        off = cents_between(np.median(query["f0"][first:end]), hz_from_midi(key))
        assert abs(off) < 60, "the singer's own intonation, around the note"


@pytest.mark.parametrize(
    ("lyrics", "phonemes"),
    [
        (["カ", "ー"], "k a a"),
        (["きゃ", "っ", "と"], "ky a a cl t o"),
        (["さん", "ン"], "s a N N"),
        (["ティ", "ふぁ", "くゎ"], "t i f a kw a"),
        (["ヴァ", "を", "ぢ"], "b a o j i"),
        (["らら"], "r a r a"),
        (["ra", "シェ"], "r a sh e"),
    ],
)
def test_kana_are_spelled_as_they_are_sung(engine, lyrics, phonemes):
    query = asked(engine, song(("", None, 20), *((lyric, 57, 40) for lyric in lyrics), ("", None, 20)))
    named = [p["phoneme"] for p in query["phonemes"]]
    assert named == ["pau", *phonemes.split(), "pau"]
    assert set(named) <= KNOWN


def test_every_rest_is_a_pause_of_its_own_however_short(engine):
    query = asked(
        engine, song(("", None, 20), ("か", 57, 40), ("", None, 2), ("さ", 57, 40), ("", None, 3), ("", None, 9))
    )
    assert [p["phoneme"] for p in query["phonemes"]] == ["pau", "k", "a", "pau", "s", "a", "pau", "pau"]
    assert onsets(query) == [20, 62]
    assert sum(p["frame_length"] for p in query["phonemes"]) == 114


def test_rests_alone_are_a_query_too(engine):
    query = asked(engine, song(("", None, 10), ("", None, 3)))
    assert [p["frame_length"] for p in query["phonemes"]] == [10, 3]
    assert min(query["f0"]) > 0
    assert np.abs(sounded(engine, query)[0]).max() == 0


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (song(("か", 57, 40)), "first note is no rest"),
        (song(("", None, 9), ("", 57, 40)), "note without a lyric"),
        (song(("", None, 9), ("か", None, 40)), "lyric without a key"),
        (song(("", None, 9), ("か", 57, 0)), "no frames"),
        (song(("", None, 9), ("か", 57, 9), ("qq!", 57, 40)), r"notes\[2\].*qq"),
        (song(("", None, 9), ("ー", 57, 40)), r"notes\[1\].*none was sung before"),
        (song(("", None, 1), *[("きゃ", 57, 1)] * 9), "too short"),
        (song(("", None, 56_000), ("か", 57, 9_000)), "frames in all"),
        (song(("", None, 9), ("か", 157, 9)), "key"),
        ({"notes": []}, "notes"),
        ({}, "notes"),
        ({"notes": [{"key": 60}]}, "frame_length"),
    ],
)
def test_bad_scores_are_refused_in_words(engine, score, said):
    response = engine.post("/sing_frame_audio_query", params={"speaker": 6000}, json=score)
    assert response.status_code == 400
    assert np.size(response.json()["detail"]) == 1

    assert re.search(said, response.json()["detail"])


def test_an_unknown_style_is_refused_with_those_there_are(engine):
    response = engine.post("/sing_frame_audio_query", params={"speaker": 7}, json=DO_RE_MI)
    assert response.status_code == 400
    assert "6000" in response.json()["detail"]


# -- edited queries ------------------------------------------------------------------------------------


def test_pitch_and_volume_of_an_unedited_query_are_the_querys_own(engine):
    query = asked(engine, DO_RE_MI)
    for path, key in (("/sing_frame_f0", "f0"), ("/sing_frame_volume", "volume")):
        assert changed(engine, path, DO_RE_MI, query).json() == query[key]


def test_the_pitch_of_a_changed_score_follows_its_keys_on_the_edited_times(engine):
    """OpenUtau sends its own times, empty curves and no note ids."""
    query = asked(engine, DO_RE_MI)
    moved = [{"phoneme": p["phoneme"], "frame_length": p["frame_length"]} for p in query["phonemes"]]
    moved[1]["frame_length"] += 10  # a longer d
    moved[2]["frame_length"] += 20
    higher = song(*((n["lyric"], n["key"] and n["key"] + 5, n["frame_length"]) for n in DO_RE_MI["notes"]))
    empty = query | {"f0": [], "volume": [], "phonemes": moved}
    response = changed(engine, "/sing_frame_f0", higher, empty)
    f0_hz = np.array(response.json())
    assert len(f0_hz) == 195
    vowels = [span for span in spans(empty) if span[0] in "oei"]
    for (_, first, end), key in zip(vowels, (65, 67, 69), strict=True):
        assert abs(cents_between(np.median(f0_hz[first:end]), hz_from_midi(key))) < 80


def test_phonemes_of_another_score_are_refused(engine):
    query = asked(engine, DO_RE_MI)
    other = song(("", None, 15), ("か", 60, 45), ("", None, 15))
    response = changed(engine, "/sing_frame_f0", other, query)
    assert response.status_code == 400
    assert "not those of the score" in response.json()["detail"]


# -- sound ---------------------------------------------------------------------------------------------


def test_the_sound_has_256_samples_a_frame_and_any_rate_and_channels(engine):
    query = asked(engine, DO_RE_MI)
    samples, rate_hz = sounded(engine, query)
    assert (samples.shape, rate_hz) == ((165 * 256,), 24_000)
    samples, rate_hz = sounded(engine, query | {"outputSamplingRate": 44_100, "outputStereo": True})
    assert (samples.shape, rate_hz) == ((77_616, 2), 44_100)
    np.testing.assert_array_equal(samples[:, 0], samples[:, 1])
    response = engine.post("/frame_synthesis", params={"speaker": 3001}, json=query)
    with wave.open(io.BytesIO(response.content)) as file:
        assert (file.getsampwidth(), file.getnframes()) == (2, 165 * 256)


def test_the_same_query_sounds_the_same(engine):
    query = asked(engine, DO_RE_MI)
    np.testing.assert_array_equal(sounded(engine, query)[0], sounded(engine, query)[0])


def test_volume_is_a_factor_frame_by_frame(engine):
    query = asked(engine, DO_RE_MI)
    whole, _ = sounded(engine, query)
    half, _ = sounded(engine, query | {"volumeScale": 0.5})
    np.testing.assert_allclose(half, whole / 2, atol=1e-4)
    volume = np.array(query["volume"])
    volume[105:] = 0
    cut, _ = sounded(engine, query | {"volume": volume.tolist()})
    np.testing.assert_array_equal(cut[: 103 * 256], whole[: 103 * 256])
    assert np.abs(cut[107 * 256 :]).max() < 1e-4
    assert np.abs(whole[107 * 256 :]).max() > 0.05


def test_a_drawn_pitch_is_what_is_heard(engine):
    """A tracker that shares nothing with the voice hears the curve, moved by a fourth and set trembling."""
    score = song(("", None, 30), ("ら", 55, 120), ("ま", 57, 120), ("の", 53, 120), ("", None, 30))
    query = asked(engine, score)
    t = np.arange(len(query["f0"]))
    drawn = np.array(query["f0"]) * 2 ** ((4 + 0.4 * np.sin(2 * np.pi * t / 18)) / 12)
    samples, rate_hz = sounded(engine, query | {"f0": drawn.tolist()})
    heard = track_independent(samples, rate_hz, hop=256)
    inside = np.zeros(len(heard), dtype=bool)
    for name, first, end in spans(query):
        if name in "aiueo":
            inside[first + 8 : end - 8] = True
    inside &= heard > 0
    assert inside.sum() > 200
    off = np.abs(cents_between(heard[inside], drawn[: len(heard)][inside]))
    assert np.median(off) < 5


def test_a_pitch_of_nothing_is_sung_without_voice(engine):
    query = asked(engine, DO_RE_MI)
    samples, rate_hz = sounded(engine, query | {"f0": [0.0] * 165})
    assert np.abs(samples).max() > 1e-3
    heard, sung = (track_independent(wave, rate_hz, hop=256) for wave in (samples, sounded(engine, query)[0]))
    both = (heard > 0) & (sung > 0)
    at_the_note = np.abs(1200 * np.log2(heard[both] / sung[both])) < 50
    # a resonance of the noise may seem to have a pitch, but hardly the note's
    assert at_the_note.sum() < (sung > 0).sum() / 10


@pytest.mark.parametrize("f0_hz", [5e-324, 1.0, 1e300])
def test_a_pitch_that_nobody_sings_is_sound_all_the_same(engine, f0_hz):
    samples, _ = sounded(engine, asked(engine, DO_RE_MI) | {"f0": [f0_hz] * 165})
    assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"f0": [200.0] * 164}, "164 values for 165"),
        ({"volume": []}, "0 values for 165"),
        ({"f0": [-1.0] * 165}, "f0"),
        ({"outputSamplingRate": 10**9}, "outputSamplingRate"),
        ({"phonemes": []}, "phonemes"),
        ({"phonemes": [{"phoneme": "xyz", "frame_length": 165}]}, "no phoneme 'xyz'"),
        ({"phonemes": [{"phoneme": "a", "frame_length": -165}]}, "frame_length"),
    ],
)
def test_bad_queries_are_refused_in_words(engine, change, said):
    query = asked(engine, DO_RE_MI) | change
    response = engine.post("/frame_synthesis", params={"speaker": 3001}, json=query)
    assert response.status_code == 400
    assert said in response.json()["detail"]


def test_numbers_that_are_none_are_refused(engine):
    body = json.dumps(asked(engine, DO_RE_MI) | {"f0": [float("nan")] * 165})
    response = engine.post("/frame_synthesis", params={"speaker": 3001}, content=body, headers=JSON)
    assert response.status_code == 400


def test_every_phoneme_that_the_clients_know_can_be_sounded(engine):
    names = ["pau", *(name for consonant in sorted(KNOWN - {"pau"}) for name in (consonant, "a")), "t", "pau"]
    phonemes = [{"phoneme": name, "frame_length": 6} for name in names]
    frames = 6 * len(names)
    query = {"f0": [200.0] * frames, "volume": [1.0] * frames, "phonemes": phonemes}
    samples, _ = sounded(engine, query | {"volumeScale": 1, "outputSamplingRate": 24_000, "outputStereo": False})
    assert len(samples) == frames * 256


# -- five minutes --------------------------------------------------------------------------------------


def test_a_song_of_five_minutes_never_drifts(engine):
    """Notes of 47 frames, 501.3 ms each, last five minutes; the last vowels start on their frames still."""
    notes = [("", None, 47)]
    for k in range(597):
        notes.append(("", None, 47) if k % 12 == 11 else ("たかさ"[k % 3], (55, 57, 59)[k % 3], 47))
    query = asked(engine, song(*notes, ("", None, 47)))
    starts = [47 * k for k, (lyric, _, _) in enumerate(notes) if lyric]
    assert len(query["f0"]) == 47 * 599
    assert onsets(query) == starts
    assert all(b > a for a, b in pairwise(first for _, first, _ in spans(query)))


def test_the_pitch_goes_on_smoothly_where_a_long_song_is_cut(engine):
    """Twenty seconds without a rest are predicted in pieces; held vowels show no seam."""
    words = [("ら" if k == 0 else "ー", 57, 150) for k in range(13)]
    f0_hz = np.array(asked(engine, song(("", None, 20), *words, ("", None, 20)))["f0"])
    steps = np.abs(cents_between(f0_hz[1:], f0_hz[:-1]))
    place = (np.arange(len(steps)) - 20) % 150  # within the note, at whose ends the singer moves
    held = (place > 30) & (place < 120) & (np.arange(len(steps)) > 20) & (np.arange(len(steps)) < len(steps) - 20)
    assert steps[held].max() < 4


# -- who may call --------------------------------------------------------------------------------------


def test_the_editors_window_may_call_and_other_sites_may_not(engine):
    asking = {"Origin": EDITOR_ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = engine.options("/frame_synthesis", headers=asking)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == "app://."
    answer = engine.get("/singers", headers={"Origin": EDITOR_ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "app://.")
    for origin in ("https://example.com", "null", "app://other", "http://127.0.0.1:9999"):
        refused = engine.get("/singers", headers={"Origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers
    assert engine.get("/singers", headers={"Origin": str(engine.base_url)}).status_code == 200


def test_within_the_whole_server_the_editor_is_let_in_here_and_nowhere_else():
    """The server's own guard refuses other origins; its voices and its line of jobs are shared."""
    with served(Settings(concurrency=1, queue_length=0), whole=True) as engine:
        assert (
            engine.get("/singers", headers={"Origin": EDITOR_ORIGIN}).headers["access-control-allow-origin"]
            == "app://."
        )
        assert engine.get("/v1/voices", headers={"Origin": EDITOR_ORIGIN}).status_code == 403
        assert engine.get("/singers", headers={"Host": "rebound.example"}).status_code == 403
        notes = [("", None, 47), *[("らーか"[k % 3], 57, 47) for k in range(300)]]
        with ThreadPoolExecutor(4) as pool:
            ask = partial(engine.post, "/sing_frame_audio_query?speaker=6000", json=song(*notes))
            asking = [pool.submit(ask) for _ in range(4)]
            answers = sorted(response.result().status_code for response in asking)
        assert answers[0] == 200
        assert set(answers[1:]) <= {200, 429}
        assert 429 in answers, "one is sung, none may wait"
        full = next(r.result() for r in asking if r.result().status_code == 429)
        assert isinstance(full.json()["detail"], str)
        assert int(full.headers["retry-after"]) > 0
        assert engine.post("/sing_frame_audio_query?speaker=6000", json=DO_RE_MI).status_code == 200
