"""The pitch that editors draw: curves, wheels, glides and vibrato, each against what its format says in numbers."""

import json
import math

import numpy as np
import pytest
from editor_files import BLICKS, Sung, Tune, ccs, svp, ufdata, ust, ustx, vpr, vsq4, vvproj

from visinger import score
from visinger.score.intonation import drawn_pitch, draws_pitch

TWO = Tune((Sung(0, 960, 60, "あ"), Sung(960, 960, 64, "い")))


@pytest.fixture
def project(tmp_path):
    def read(name: str, content: bytes | str):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return score.read(tmp_path / name)

    return read


def pitch_at(read, *ticks):
    return drawn_pitch(read.parts[0], read.tempo_map, np.array(ticks, dtype=float))


def openutau(note_extra: str = "", curve: str = "") -> str:
    text = ustx(TWO).decode()
    head, second = text.split("  - position: 960")
    second = second.replace("    lyric: い\n", f"    lyric: い\n{note_extra}")
    return (head + "  - position: 960" + second).replace("  curves: []\n", curve or "  curves: []\n")


def test_notes_alone_draw_nothing_and_give_their_own_pitch(project):
    read = project("a.ustx", openutau())
    assert not draws_pitch(read.parts[0])
    assert pitch_at(read, 0, 959, 960, 1919).tolist() == [60, 60, 64, 64]
    assert np.isnan(pitch_at(read, 1920, 5000)).all()


def test_a_bend_in_cents_is_added_between_its_points_alone(project):
    curve = "  curves:\n  - xs: [480, 720]\n    ys: [0, 120]\n    abbr: pitd\n"
    read = project("a.ustx", openutau(curve=curve))
    assert pitch_at(read, 470, 600, 719, 730) == pytest.approx([60, 60.6, 61.195, 60])


def test_dynamics_in_tenths_of_a_decibel_become_levels(project):
    curve = "  curves:\n  - xs: [480, 720]\n    ys: [-60, 30]\n    abbr: dyn\n"
    points = project("a.ustx", openutau(curve=curve)).parts[0].dynamics
    assert [(point.tick, point.level_db) for point in points] == [(480, 0), (480, -6), (720, 3), (720, 0)]


def test_a_glide_snaps_to_the_note_before_and_ends_on_its_own(project):
    """From 60 at 40 ms before the onset to 64 at 40 ms after it: halfway on the onset itself."""
    points = "    pitch:\n      data:\n      - {x: -40, y: 7, shape: io}\n      - {x: 40, y: 0, shape: io}\n"
    read = project("a.ustx", openutau(points + "      snap_first: true\n"))
    onset, forty_ms = 960, 40 * 0.96
    found = pitch_at(read, onset - forty_ms - 1, onset, onset + forty_ms, 1500)
    assert found == pytest.approx([60, 62, 64, 64], abs=1e-9)


def test_tuning_is_off_the_semitone(project):
    assert pitch_at(project("a.ustx", openutau("    tuning: 25\n")), 1000) == pytest.approx(64.25)


def vibrato_facts(read, start_tick, end_tick):
    """Crest and frequency (Hz) over some ticks at 120 to the minute."""
    ticks = np.arange(start_tick, end_tick, 0.5)
    wave = pitch_at(read, *ticks) - 64
    crossings = np.sum((wave[1:] >= 0) != (wave[:-1] >= 0))
    return np.abs(wave).max(), crossings / 2 / ((end_tick - start_tick) / 960)


@pytest.mark.parametrize("program", ["OpenUtau", "UTAU"])
def test_vibrato_has_the_depth_and_rate_that_are_written(project, program):
    """The last half of the note, 100 ms a period, 50 cents deep."""
    if program == "OpenUtau":
        wave = "    vibrato: {length: 50, period: 100, depth: 50, in: 0, out: 0, shift: 0, drift: 0}\n"
        read = project("a.ustx", openutau(wave))
    else:
        text = ust(TWO).decode("cp932").replace("NoteNum=64", "NoteNum=64\r\nVBR=50,100,50,0,0,0,0,0")
        read = project("a.ust", text.encode("cp932"))
    assert pitch_at(read, 960, 1200, 1439).tolist() == [64, 64, 64], "the first half is straight"
    crest, hertz = vibrato_facts(read, 1440, 1920)
    assert crest == pytest.approx(0.5, abs=0.001)
    assert hertz == pytest.approx(10, abs=1.1)


def test_synthesizer_v_counts_vibrato_from_trough_to_crest_and_in_seconds(project):
    """A depth of 0.6 semitones at 8 Hz, from 0.25 s after the onset."""
    file = json.loads(svp(TWO)[:-1])
    attributes = {"dF0Vbr": 0.6, "fF0Vbr": 8.0, "tF0VbrStart": 0.25, "tF0VbrLeft": 0.0, "tF0VbrRight": 0.0}
    file["tracks"][0]["mainGroup"]["notes"][1]["attributes"] = attributes
    read = project("a.svp", json.dumps(file))
    assert pitch_at(read, 960 + 230).tolist() == [64]
    crest, hertz = vibrato_facts(read, 960 + 240, 1920)
    assert crest == pytest.approx(0.3, abs=0.001)
    assert hertz == pytest.approx(8, abs=0.7)


def test_the_deviation_of_a_group_moves_with_its_reference(project):
    file = json.loads(svp(TWO)[:-1])
    track = file["tracks"][0]
    group = {**track["mainGroup"], "uuid": "g"}
    points = [0, 100.0, 480 * BLICKS, 100.0, 480 * BLICKS, -50.0]
    group["parameters"] = {"pitchDelta": {"mode": "linear", "points": points}}
    file["library"] = [group]
    track["groups"] = [{"groupID": "g", "blickOffset": 1920 * BLICKS, "pitchOffset": -2}]
    read = project("a.svp", json.dumps(file))
    assert pitch_at(read, 100, 1930, 2390, 2500, 3000).tolist() == [60, 59, 59, 57.5, 61.5]


@pytest.mark.parametrize(("semitones", "wheel", "cents"), [(None, 4096, 100), (12, 8191, 1200), (24, -8192, -2400)])
def test_vocaloids_wheel_turns_by_its_sensitivity(project, semitones, wheel, cents):
    """Full turn is the sensitivity in semitones, two where none is set."""
    sensitivity = f'<cc><t>0</t><v id="S">{semitones}</v></cc>' if semitones else ""
    events = f'{sensitivity}<cc><t>480</t><v id="P">{wheel}</v></cc><cc><t>720</t><v id="P">0</v></cc>'
    read = project("a.vsqx", vsq4(TWO).decode().replace("<note>", events + "<note>", 1))
    found = (pitch_at(read, 470, 480, 719, 720) - 60) * 100
    assert found == pytest.approx([0, cents, cents, 0], abs=0.5)


def test_cevios_frames_are_five_milliseconds_of_log_hertz_after_the_lead_in(project):
    """Frame 400 is 2 s: the end of the bar of lead-in, tick 0 of the score; 48 frames are 240 ms."""
    drawn = f'<Data Index="400" Repeat="48">{math.log(440.0)}</Data><Data>{math.log(880.0)}</Data>'
    parameter = f'<Parameter><LogF0 Length="1000">{drawn}</LogF0></Parameter>'
    read = project("a.ccs", ccs(TWO, parameter))
    assert pitch_at(read, 0, 100, 225) == pytest.approx([69, 69, 69])
    assert pitch_at(read, 231) == pytest.approx(81, abs=0.5)
    assert pitch_at(read, 480).tolist() == [60], "undrawn frames have the note's own pitch"


def test_a_scripts_f0_is_the_pitch_that_is_sung(project):
    segment = {"offset": 1.0, "text": "あ", "note_seq": "C4", "note_dur": "1.0", "note_slur": "0"}
    segment |= {"f0_timestep": "0.1", "f0_seq": "440 440 220 0 0 220"}
    read = project("a.ds", json.dumps([segment]))
    second = 960
    found = pitch_at(read, *(second + np.array([0, 96, 144, 240, 400, 480])))
    assert found == pytest.approx([69, 69, 63, 57, 60, 57])


def test_voicevox_draws_hertz_in_frames_of_its_engine(project):
    """Ninety-six ticks are a tenth of a second, in which 9.375 frames pass."""
    file = json.loads(vvproj(TWO))
    file["song"]["tracks"]["a"]["pitchEditData"] = [-1, -1, *[440.0] * 10, -1]
    read = project("a.vvproj", json.dumps(file))
    frame = 960 / 93.75
    assert pitch_at(read, frame, 2 * frame + 1, 11 * frame, 12 * frame + 2) == pytest.approx([60, 69, 69, 60])


@pytest.mark.parametrize("absolute", [True, False])
def test_utaformatix_says_whether_its_semitones_are_absolute(project, absolute):
    file = json.loads(ufdata(TWO))
    values = [62.0, None, 62.5] if absolute else [2.0, 2.0, 2.5]
    file["project"]["tracks"][0]["pitch"] = {"ticks": [0, 240, 480], "values": values, "isAbsolute": absolute}
    read = project("a.ufdata", json.dumps(file))
    assert pitch_at(read, 0, 300, 480).tolist() == ([62, 60, 62.5] if absolute else pytest.approx([62, 62.125, 62.5]))


def test_the_older_utau_bends_in_cents_every_five_ticks(project):
    text = ust(TWO).decode("cp932").replace("Mode2=True", "Mode2=False")
    read = project("a.ust", text.replace("NoteNum=60", "NoteNum=60\r\nPitchBend=0,100,200,100").encode("cp932"))
    assert pitch_at(read, 5, 10, 12.5, 100).tolist() == [61, 62, 61.5, 60]


def test_utaus_portamento_starts_from_the_note_before(project):
    text = ust(TWO).decode("cp932").replace("NoteNum=64", "NoteNum=64\r\nPBS=-50;3\r\nPBW=50,50\r\nPBY=-20\r\nPBM=s,s")
    read = project("a.ust", text.encode("cp932"))
    around = [960 - 48.5, 960, 960 + 24, 960 + 48]
    assert pitch_at(read, *around) == pytest.approx([60, 62, 63, 64], abs=1e-6)


def test_vocaloid_five_keeps_its_bend_and_its_vibrato(project):
    import io
    import zipfile

    archive = zipfile.ZipFile(io.BytesIO(vpr(TWO)))
    file = json.loads(archive.read("Project/sequence.json"))
    part = file["tracks"][1]["parts"][0]
    wheel = [{"pos": 0, "value": -8192}, {"pos": 480, "value": 0}]
    part["controllers"] = [{"name": "pitchBend", "events": wheel}]
    part["notes"][1]["vibrato"] = {
        **{"type": 1, "duration": 480, "depths": [{"pos": 0, "value": 64}], "rates": [{"pos": 0, "value": 50}]}
    }
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as packed:
        packed.writestr("Project/sequence.json", json.dumps(file))
    read = project("a.vpr", memory.getvalue())
    assert pitch_at(read, 10, 490).tolist() == [58, 60]
    assert read.parts[0].notes[1].vibrato.share == 0.5
    assert read.parts[0].language == "ja"


def test_what_is_drawn_survives_our_own_format_and_transposition(project, tmp_path):
    points = "    pitch:\n      data:\n      - {x: -40, y: 0, shape: o}\n      - {x: 40, y: 0, shape: l}\n"
    wave = "    vibrato: {length: 50, period: 100, depth: 50, in: 10, out: 10, shift: 25, drift: 5}\n"
    curve = "  curves:\n  - xs: [480, 720]\n    ys: [0, 120]\n    abbr: pitd\n"
    read = project("a.ustx", openutau(points + wave, curve))
    score.write_json(tmp_path / "again.json", read)
    assert score.read(tmp_path / "again.json") == read
    ticks = np.arange(0.0, 1920, 7)
    assert pitch_at(read.transposed(3), *ticks) == pytest.approx(pitch_at(read, *ticks) + 3)


def test_inspecting_a_project_tells_what_is_drawn(project):
    wave = "    vibrato: {length: 50, period: 100, depth: 50, in: 10, out: 10, shift: 0, drift: 0}\n    tuning: 5\n"
    told = score.summarise(project("a.ustx", openutau(wave)))
    assert "1 note with vibrato, 1 note off the semitone" in told


def test_a_note_has_its_pitch_from_its_very_first_tick(project):
    """Onsets in seconds are fractions that no float holds."""
    for tick in range(0, 40_000, 97):
        part = score.Part("V", (score.Note(tick, 30, 36, "か"),))
        assert drawn_pitch(part, score.TempoMap(), np.array([tick], dtype=float)).tolist() == [36]
