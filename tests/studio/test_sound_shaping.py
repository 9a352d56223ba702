"""Pitch drawn, boundaries dragged, files taken away: what the studio's hands do is heard, and read again."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hands import Hand
from numpy.typing import NDArray
from three_phrases import SCORE, fetched, opened, rendered_whole, sung

import visinger
from visinger.corpora import textgrid
from visinger.units import hz_from_midi, midi_from_hz

RATE, HOP = 24000, 240
LONG = 2  # the index of the first phrase's last note, three beats long


def wave(hand: Hand) -> NDArray[np.float32]:
    """The samples that the page has fetched, the whole song."""
    rendered_whole(hand)
    return fetched(hand)


def performed(hand: Hand) -> dict[str, Any]:
    hand.until("visinger.state.performance_fits")
    return dict(hand.page.evaluate("visinger.state.performance"))


def keys_of(hand: Hand) -> list[str]:
    return [phrase["key"] for phrase in performed(hand)["phrases"] if not phrase["silent"]]


def seconds(hand: Hand, index: int) -> tuple[float, float]:
    """When a note begins and ends."""
    script = """(k) => { const n = visinger.state.notes[k];
      return [n.tick, n.tick + n.duration].map((t) => visinger.view.tick_to_frame(t) / 100); }"""
    first, last = hand.page.evaluate(script, index)
    return first, last


def heard_midi(samples: NDArray[np.float32], first: float, last: float) -> float:
    """The median pitch of a passage: the highest peak of each window's autocorrelation."""
    size, pitches = 2048, []
    for start in range(round(first * RATE), round(last * RATE) - size, HOP):
        spectrum = np.fft.rfft(samples[start : start + size] * np.hanning(size), 2 * size)
        similar = np.fft.irfft(np.abs(spectrum) ** 2)
        lags = np.arange(RATE // 700, RATE // 90)
        lag = lags[np.argmax(similar[lags])]
        before, here, after = similar[lag - 1 : lag + 2]
        period = lag + (before - after) / (2 * (before - 2 * here + after))
        pitches.append(midi_from_hz(RATE / period))
    return float(np.median(pitches))


def with_pitch_tool(hand: Hand, mode: str) -> None:
    hand.page.get_by_role("radio", name="Pitch", exact=True).check(force=True)
    hand.page.get_by_role("radio", name=mode, exact=True).check(force=True)


def test_drawn_pitch_is_sung_erased_pitch_is_the_singers_again(desk) -> None:
    hand = opened(desk)
    hand.page.click("#rendered")
    own, own_keys = wave(hand), keys_of(hand)
    with_pitch_tool(hand, "Draw")
    x, y = hand.place(LONG, 0.3)
    wide, high = hand.pixels(ticks=0.6 * 3 * 480, semitones=3)
    hand.drag((x, y + high), (wide, 0))  # a level line, three semitones above the note
    drawn = wave_after(hand)
    assert keys_of(hand)[1:] == own_keys[1:], "the other phrases are as they were"
    first, last = seconds(hand, LONG)
    middle = (first + 0.4 * (last - first), first + 0.8 * (last - first))
    note = SCORE["parts"][0]["notes"][LONG]["pitch"]
    assert heard_midi(drawn, *middle) == pytest.approx(note + 3, abs=0.35)
    assert abs(heard_midi(own, *middle) - note) < 1.2
    frames = slice(round(middle[0] * 100), round(middle[1] * 100))
    np.testing.assert_allclose(performed(hand)["f0_hz"][frames], hz_from_midi(np.float64(note + 3)), rtol=0.005)
    with_pitch_tool(hand, "Erase")
    hand.drag(hand.place(LONG, -0.2), hand.pixels(ticks=1.5 * 3 * 480))
    assert keys_of(hand) == own_keys
    assert "pitch_curve" not in hand.page.evaluate("visinger.state.part_document")
    hand.keys("Control+z")
    np.testing.assert_array_equal(wave_after(hand), drawn)


def wave_after(hand: Hand) -> NDArray[np.float32]:
    hand.until("visinger.state.performance_fits")
    return wave(hand)


def test_vibrato_and_glide_are_shaped_by_handle_by_number_and_by_key(desk) -> None:
    hand = opened(desk)
    own = np.array(performed(hand)["f0_hz"])
    with_pitch_tool(hand, "Handles")
    hand.page.mouse.click(*hand.place(LONG))
    hand.page.click("#vibrato")
    hand.page.fill("#pitch-depth_cents", "100")
    hand.page.fill("#pitch-period_ms", "200")
    hand.page.fill("#pitch-share", "100")
    first, last = seconds(hand, LONG)
    waved = np.array(performed(hand)["f0_hz"])
    inside = slice(round((first + 0.5) * 100), round((last - 0.3) * 100))
    cents = 1200 * np.log2(waved[inside] / own[inside])
    assert cents.max() == pytest.approx(100, abs=3) and cents.min() == pytest.approx(-100, abs=3)
    crests = np.flatnonzero((cents[1:-1] > cents[:-2]) & (cents[1:-1] >= cents[2:]) & (cents[1:-1] > 50))
    np.testing.assert_allclose(np.diff(crests), 20, atol=1)  # every 200 ms

    handle = "(name) => visinger.context.pitch.handles.handles_of(2).find((one) => one.name === name)"
    box = hand.page.locator("#pitch-canvas").bounding_box()
    depth = hand.page.evaluate(handle, "depth")
    _, high = hand.pixels(semitones=-0.5)
    hand.drag((box["x"] + depth["x"], box["y"] + depth["y"]), (0, high))
    assert hand.notes("vibrato")[LONG][0]["depth_cents"] == pytest.approx(50, abs=6)
    hand.page.focus("#pitch-canvas")
    hand.keys("v", "g")
    assert hand.notes("vibrato glide")[LONG][0] is None
    glide = hand.notes("glide")[LONG][0]
    assert [point["ms"] for point in glide] == [-60, 60]
    sung_now = np.array(performed(hand)["f0_hz"])
    note = SCORE["parts"][0]["notes"][LONG]["pitch"]
    before = SCORE["parts"][0]["notes"][LONG - 1]["pitch"]
    onset = round(first * 100)
    midway = 12 * np.log2(sung_now[onset - 1 : onset + 1].mean() / hz_from_midi(np.float64((note + before) / 2)))
    assert abs(midway) < 0.35, "on the beat the pitch is half way"
    np.testing.assert_allclose(sung_now[onset + 12 : inside.stop], own[onset + 12 : inside.stop], rtol=1e-5)
    hand.keys("Delete")
    np.testing.assert_array_equal(performed(hand)["f0_hz"], own)


def test_pitch_is_drawn_by_keyboard_alone(desk) -> None:
    hand = opened(desk)
    own = np.array(performed(hand)["f0_hz"])
    hand.page.focus("#roll")
    hand.keys("2")
    for _ in range(40):
        hand.keys("Tab")
        if hand.page.evaluate("document.activeElement.id") == "pitch-canvas":
            break
    hand.keys("Home", "ArrowRight", "ArrowRight", *["ArrowUp"] * 5)
    first, last = seconds(hand, LONG)
    bent = np.array(performed(hand)["f0_hz"])
    inside = slice(round((first + 0.3) * 100), round((last - 0.2) * 100))
    np.testing.assert_allclose(1200 * np.log2(bent[inside] / own[inside]), 50, atol=2)
    hand.keys("Control+z")
    np.testing.assert_array_equal(performed(hand)["f0_hz"], own, "five steps of a key are one of undo")


def test_a_dragged_boundary_moves_its_phoneme_and_nothing_of_the_song(desk) -> None:
    hand = opened(desk)
    before = performed(hand)
    hand.keys("3")
    hand.page.evaluate("visinger.view.zoom(3, 0)")
    phonemes = before["phonemes"]
    index = next(k for k, p in enumerate(phonemes) if (p["symbol"], p["note"]) == ("n", 4))
    assert not phonemes[index]["anchored"]
    box = hand.page.locator("#phoneme-canvas").bounding_box()
    x = hand.page.evaluate("(frame) => visinger.view.frame_to_x(frame)", phonemes[index]["start_frame"])
    wide = hand.page.evaluate("visinger.view.frame_to_x(100) - visinger.view.frame_to_x(96)")
    hand.drag((box["x"] + x, box["y"] + box["height"] / 2), (-wide, 0))
    after = performed(hand)
    moved = [new["start_frame"] - old["start_frame"] for old, new in zip(phonemes, after["phonemes"], strict=True)]
    assert {k: by for k, by in enumerate(moved) if by} == {index: -4}
    assert after["samples"] == before["samples"]
    anchors = [[p["start_frame"] for p in each["phonemes"] if p["anchored"]] for each in (before, after)]
    assert anchors[0] == anchors[1], "every beat is where it was"

    hand.keys("ArrowUp", "ArrowUp")  # the boundary that was dragged is the one that keys move
    later = performed(hand)["phonemes"][index]["start_frame"]
    assert later == phonemes[index]["start_frame"] - 2
    hand.keys(*["Shift+ArrowDown"] * 40)
    pushed = performed(hand)["phonemes"]
    assert pushed[index - 1]["frames"] >= 1 and sum(p["frames"] for p in pushed) == sum(p["frames"] for p in phonemes)
    anchored = next(k for k, p in enumerate(phonemes) if p["anchored"] and p["note"] == 4)
    x = hand.page.evaluate("(frame) => visinger.view.frame_to_x(frame)", phonemes[anchored]["start_frame"])
    held = hand.page.evaluate("visinger.state.edits.boundaries")
    hand.drag((box["x"] + x + 1, box["y"] + 8), (3 * wide, 0))
    assert hand.page.evaluate("visinger.state.edits.boundaries") == held, "a vowel on its beat does not move"
    hand.page.focus("#phoneme-canvas")
    hand.keys("Delete")
    assert performed(hand)["phonemes"] == phonemes


def test_every_export_opens_again(desk, tmp_path) -> None:
    hand = opened(desk)
    performance = performed(hand)
    formats = hand.page.evaluate("(async () => (await visinger.context.api.get_json('/v1/health')).formats)()")
    assert ("mp3" in formats) == (shutil.which("ffmpeg") is not None)
    files = {}
    sounds = [name for name in ("wav", "flac", "ogg", "mp3") if name in formats]
    for name in (*sounds, "musicxml", "mid", "ust", "ustx", "json", "ds", "lab", "TextGrid", "performance"):
        hand.keys("Control+e")
        with hand.page.expect_download() as waiting:
            hand.page.click(f"[data-format={name}]")
        files[name] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[name])
        hand.until("!document.querySelector('#export-sheet[open]')")
    hand.keys("Control+e")
    hand.page.locator("[data-format=wav]").wait_for()
    assert hand.page.locator("[data-format=mp3]").is_visible() == ("mp3" in formats)
    assert files["wav"].name == "三つ.wav"
    own = sung(SCORE)
    for name in sounds:
        found, rate = soundfile.read(files[name])
        assert rate == RATE
        assert abs(len(found) - len(own)) <= (0 if name in ("wav", "flac", "ogg") else 4000), name
    for name in ("wav", "flac"):
        np.testing.assert_allclose(soundfile.read(files[name])[0], own, atol=2**-15)
    notes = [(n["tick"], n["duration"], n["pitch"], n["lyric"]) for n in SCORE["parts"][0]["notes"]]
    for name in ("musicxml", "mid", "ust", "ustx", "json"):
        read = visinger.read_score(files[name]).parts[0].notes
        assert [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in read] == notes, name
    script = visinger.read_score(files["ds"]).parts[0].notes
    assert [note.pitch_midi for note in script] == [note[2] for note in notes]
    tiers = textgrid.read(files["TextGrid"])
    labels = [line.split() for line in files["lab"].read_text(encoding="utf-8").splitlines()]
    starts = [round(int(label[0]) / 1e5) for label in labels]
    assert starts == [p["start_frame"] for p in performance["phonemes"]]
    assert tiers
    assert json.loads(files["performance"].read_text(encoding="utf-8"))["phonemes"] == performance["phonemes"]


def test_the_spectrogram_is_the_discrete_fourier_transform(desk) -> None:
    script = """async ([samples, hz]) => {
      const {Spectrum} = await import("/fft.js"), {levels, row_of_hz} = await import("/spectra.js");
      const power = [...new Spectrum(samples.length).of(samples, new Float64Array(samples.length).fill(1))];
      const tone = Float32Array.from({length: 24000}, (_, k) => 0.05 * Math.sin(2 * Math.PI * hz * k / 24000));
      const shown = levels({samples: tone, first: 0, columns: 100, hop: 240, rate: 24000, rows: 144});
      const column = [...shown.slice(50 * 144, 51 * 144)];
      const peak = Math.max(...column);
      return {power, loudest: column.indexOf(peak), row: row_of_hz(hz, 144, 12000), peak};
    }"""
    samples = np.random.default_rng(3).normal(size=512)
    found = desk.page.evaluate(script, [samples.tolist(), 43 * RATE / 1024])
    np.testing.assert_allclose(found["power"], np.abs(np.fft.rfft(samples)) ** 2, rtol=1e-9, atol=1e-9)
    assert found["loudest"] == int(found["row"])
    level_db = 20 * np.log10(0.05)
    assert found["peak"] == pytest.approx(255 * (level_db + 100) / 85, abs=1), "a sine is as loud as it is"


def test_sound_has_words_in_every_language() -> None:
    page = Path(visinger.__file__).parent / "studio" / "page"
    texts = json.loads((page / "texts_sound.json").read_text(encoding="utf-8"))
    assert texts["en"].keys() == texts["zh"].keys() == texts["ja"].keys()
    for name, english in texts["en"].items():
        places = {part.split("}")[0] for part in english.split("{")[1:]}
        for tongue in ("zh", "ja"):
            assert {part.split("}")[0] for part in texts[tongue][name].split("{")[1:]} == places, (tongue, name)
