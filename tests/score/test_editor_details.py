"""What single editors do with parts, groups, meters and versions, and how what is wrong in a file is named."""

import json

import pytest
from editor_files import BLICKS, SCALE, Sung, Tune, ccs, ds, s5p, svp, tssln, ufdata, ust, ustx, vpr, vsq4

from visinger import score
from visinger.errors import ScoreError
from visinger.score.formats import svp as svp_reader

ONE = Tune((Sung(480, 480, 60, "あ"),))


@pytest.fixture
def project(tmp_path):
    def read(name: str, content: bytes | str):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return score.read(tmp_path / name)

    return read


@pytest.fixture
def refusal(project):
    def told(name: str, content: bytes | str) -> str:
        with pytest.raises(ScoreError) as caught:
            project(name, content)
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return told


def starts(part):
    return [note.start_tick for note in part.notes]


# -- OpenUtau ------------------------------------------------------------------------------------------

PARTS = """
bpm: 90
beat_per_bar: 3
beat_unit: 4
tracks:
- {phonemizer: OpenUtau.Core.DiffSinger.DiffSingerChinesePhonemizer, track_name: Lead}
- {phonemizer: '', track_name: Choir}
voice_parts:
- {track_no: 1, position: 0, notes: [{position: 0, duration: 480, tone: 48, lyric: u}]}
- {track_no: 0, position: 2880, notes: [{position: 0, duration: 480, tone: 62, lyric: b}]}
- {track_no: 0, position: 0, notes: [{position: 240, duration: 480, tone: 60, lyric: a}]}
wave_parts: []
"""


def test_parts_of_one_track_are_one_line_and_tracks_are_parts(project):
    read = project("a.ustx", PARTS)
    assert [(part.name, starts(part)) for part in read.parts] == [("Lead", [240, 2880]), ("Choir", [0])]
    assert read.parts[0].language == "zh"


def test_an_older_project_has_one_tempo_and_one_meter(project):
    read = project("a.ustx", PARTS)
    assert float(read.tempo_map.tempos[0].quarters_per_minute) == 90
    assert [(s.beats, s.beat_unit) for s in read.time_signatures] == [(3, 4)]
    assert read.parts[0].notes[1].bar == "3"


def test_meters_that_change_at_bars_stand_at_their_ticks(project):
    text = ustx(SCALE).decode().replace(
        "tempos:", "- bar_position: 1\n  beat_per_bar: 3\n  beat_unit: 8\n- {bar_position: 3, beat_per_bar: 2}\ntempos:"
    )  # fmt: skip
    read = project("a.ustx", text)
    found = [(s.tick, s.beats, s.beat_unit) for s in read.time_signatures]
    assert found == [(0, 4, 4), (1920, 3, 8), (1920 + 2 * 720, 2, 4)]


@pytest.mark.parametrize("trick", ["notes: &n []\nmore: *n\n", "a: &a [1]\n"])
def test_yaml_that_could_grow_by_aliases_is_refused(refusal, trick):
    assert "anchor or alias" in refusal("a.ustx", f"tracks: []\n{trick}")


def test_yaml_tags_build_nothing(refusal, tmp_path):
    trick = f"tracks: !!python/object/apply:pathlib.Path.touch [{tmp_path}/touched]\nvoice_parts: []\n"
    assert "object with named fields" in refusal("a.ustx", trick)
    assert not (tmp_path / "touched").exists()


# -- Synthesizer V -------------------------------------------------------------------------------------


def with_groups(*references, notes=2):
    file = json.loads(svp(ONE)[:-1])
    entry = file["tracks"][0]["mainGroup"]["notes"][0]
    group = {"uuid": "g", "notes": [{**entry, "onset": 480 * k * BLICKS} for k in range(notes)], "parameters": {}}
    file["library"] = [group]
    file["tracks"][0]["groups"] = [{"groupID": "g", "blickOffset": 0, **reference} for reference in references]
    return json.dumps(file)


def test_a_group_sings_wherever_it_is_referred_to_at_its_offset_in_time_and_pitch(project):
    first = {"blickOffset": 1920 * BLICKS, "pitchOffset": 0}
    again = {"blickOffset": 3840 * BLICKS, "pitchOffset": 5}
    notes = project("a.svp", with_groups(first, again)).parts[0].notes
    assert [(n.start_tick, n.pitch_midi) for n in notes] == [(480, 60), (1920, 60), (2400, 60), (3840, 65), (4320, 65)]


def test_a_reference_that_is_cut_sings_what_it_shows(project):
    """Notes at 1920, 2400 and 2880; shown from 2160 to 2640."""
    cut = {"blickOffset": 1920 * BLICKS, "blickAbsoluteBegin": 2160 * BLICKS, "blickAbsoluteEnd": 2640 * BLICKS}
    read = project("a.svp", with_groups(cut, notes=3))
    assert [(n.start_tick, n.end_tick) for n in read.parts[0].notes] == [(480, 960), (2160, 2400), (2400, 2640)]
    assert any("outside the shown part" in doubt for doubt in read.doubts)


def test_a_reference_to_nothing_an_instrument_and_a_mute_are_silent(project):
    gone, wav, mute = {"groupID": "x"}, {"isInstrumental": True}, {"mute": True}
    read = project("a.svp", with_groups(gone, wav, mute))
    assert starts(read.parts[0]) == [480]
    assert len(read.doubts) == 1


def test_languages_of_voices_and_notes_are_kept(project):
    file = json.loads(svp(SCALE)[:-1])
    file["tracks"][0]["mainRef"]["database"] = {"language": "mandarin"}
    file["tracks"][0]["mainGroup"]["notes"][0] |= {"phonemes": "s a", "detune": -12}
    file["tracks"][0]["mainGroup"]["notes"][0]["attributes"] = {"languageOverride": "english"}
    part = project("a.svp", json.dumps(file)).parts[0]
    first, second = part.notes[:2]
    assert (part.language, first.language, second.language) == ("zh", "en", "")
    assert (first.phoneme_hint, first.tuning_cents) == (("s", "a"), -12)


def test_a_group_referred_to_without_end_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(svp_reader, "MOST_NOTES", 1000)
    references = [{"groupID": "g"}] * 100
    assert "1,000 notes" in refusal("a.svp", with_groups(*references, notes=20))


# -- VOCALOID ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.vsqx", "a.vpr"])
def test_notes_that_a_shortened_part_hides_are_not_sung(project, name):
    if name == "a.vsqx":
        content = vsq4(SCALE).replace(b"<playTime>61440<", b"<playTime>2400<")
    else:
        file = {"tracks": [{"parts": [{"pos": 0, "duration": 2400, "notes": []}]}]}
        file["tracks"][0]["parts"][0]["notes"] = [
            {"pos": n.start, "duration": n.length, "number": n.pitch, "lyric": n.lyric} for n in SCALE.notes
        ]
        content = packed("Project\\sequence.json", json.dumps(file))
    read = project(name, content)
    assert starts(read.parts[0]) == [0, 480, 960, 1680]
    assert any("outside their part" in doubt for doubt in read.doubts)


def packed(name, text):
    import io
    import zipfile

    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return memory.getvalue()


def test_an_archive_with_backslashes_in_its_names_is_read(project):
    assert starts(project("a.vpr", vpr(SCALE, "Project\\sequence.json")).parts[0])[0] == 0


def test_a_global_tempo_rules_where_it_is_switched_on(project):
    tempo = {"events": [{"pos": 0, "value": 12000}], "global": {"isEnabled": True, "value": 7550}}
    notes = [{"pos": 0, "duration": 480, "number": 60, "lyric": "a"}]
    file = {"masterTrack": {"tempo": tempo}, "tracks": [{"parts": [{"pos": 960, "notes": notes}]}]}
    read = project("a.vpr", packed("Project/sequence.json", json.dumps(file)))
    assert float(read.tempo_map.tempos[0].quarters_per_minute) == 75.5
    assert starts(read.parts[0]) == [960]


def test_a_bar_of_lead_in_in_another_meter_is_taken_off(project):
    """Three bars of 3/4 before bar 1."""
    text = vsq4(ONE).decode().replace("<nu>4<", "<nu>3<").replace("<preMeasure>4", "<preMeasure>3")
    text = text.replace("<vsPart><t>7680<", f"<vsPart><t>{3 * 1440}<")
    assert starts(project("a.vsqx", text).parts[0]) == [480]


def test_vsqx_of_another_resolution_is_scaled(project):
    text = vsq4(ONE).decode().replace("<resolution>480<", "<resolution>960<").replace("<t>7680<", "<t>15360<")
    notes = project("a.vsqx", text).parts[0].notes
    assert [(n.start_tick, n.duration_ticks) for n in notes] == [(240, 240)]


# -- CeVIO, VoiSona, DiffSinger, UTAU --------------------------------------------------------------------


@pytest.mark.parametrize(("name", "write"), [("a.ccs", ccs), ("a.tssln", tssln)])
def test_the_lead_in_bar_stays_where_notes_stand_in_it(project, name, write):
    read = project(name, write(Tune((Sung(-960, 480, 60, "あ"), Sung(0, 480, 62, "い")))))
    assert starts(read.parts[0]) == [960, 1920]


@pytest.mark.parametrize(("name", "write"), [("a.ccs", ccs), ("a.tssln", tssln)])
def test_an_impossible_meter_is_passed_over(project, name, write):
    content = write(ONE).replace(b'BeatType="4"', b'BeatType="0"').replace(b"BeatType\0\1\5\1\4", b"BeatType\0\1\5\1\0")
    read = project(name, content)
    assert starts(read.parts[0]) == [480]
    assert read.doubts == ("a time signature of 4 over 0 is passed over (bar 1)",)


def test_breath_and_staccato_marks_are_kept(project):
    text = ccs(ONE).decode().replace('Lyric="あ"', 'Lyric="あ" Breath="true" Staccato="true" Phonetic="a"')
    (note,) = project("a.ccs", text).parts[0].notes
    assert note.breath_after
    assert note.staccato
    assert note.phoneme_hint == ("a",)


def test_a_scripts_phonemes_come_to_the_word_whose_vowel_they_lead_to(project):
    """`ph_num` groups begin with a vowel: AP·sh ir·zh e SP."""
    segment = {
        **{"offset": 0.5, "text": "AP 试 着 SP", "ph_seq": "AP sh ir zh e SP", "ph_num": "2 2 1 1"},
        **{"note_seq": "rest D#3 C4+20 D4 rest", "note_dur": "0.5 0.5 0.25 0.25 0.5", "note_slur": "0 0 0 1 0"},
    }
    notes = project("a.ds", json.dumps([segment])).parts[0].notes
    assert [(n.lyric, n.phoneme_hint) for n in notes] == [("试", ("sh", "ir")), ("着", ("zh", "e")), (None, ())]
    assert [(n.start_tick, n.pitch_midi, n.tuning_cents) for n in notes] == [
        (960, 51, 0),
        (1440, 60, 20),
        (1680, 62, 0),
    ]


def test_a_script_without_words_is_sung_from_its_phonemes(project):
    segment = {"ph_seq": "SP n i h ao AP", "ph_num": "2 2 1 1", "note_seq": "rest C4 D4 rest", "note_dur": "1 1 1 1"}
    notes = project("a.ds", json.dumps(segment)).parts[0].notes
    assert [n.phonemes for n in notes] == [("n", "i"), ("h", "ao")]
    assert [n.breath_after for n in notes] == [False, True]


def test_a_script_may_write_hanzi_without_spaces(project):
    segment = {"text": "小酒AP窝", "note_seq": "C4 D4 rest E4", "note_dur": "1 1 1 1", "note_slur": "0 0 0 0"}
    notes = project("a.ds", json.dumps(segment)).parts[0].notes
    assert [n.lyric for n in notes] == ["小", "酒", "窝"]
    assert [n.breath_after for n in notes] == [False, True, False]


def test_a_script_by_hand_groups_whole_syllables(project):
    segment = {"ph_seq": "SP k a s o SP", "ph_num": "1 2 2 1", "note_seq": "rest C4 D4 rest", "note_dur": "1 1 1 1"}
    segment["text"] = segment["ph_seq"]
    notes = project("a.ds", json.dumps([segment])).parts[0].notes
    assert [(n.lyric, n.phonemes) for n in notes] == [(None, ("k", "a")), (None, ("s", "o"))]


def test_consonants_before_a_pause_end_the_word_before_it(project):
    """English `cat` ends in its t, whatever follows."""
    segment = {"ph_seq": "SP k ae t SP ih n SP", "ph_num": "2 2 1 2 1", "note_seq": "rest C4 rest D4 rest"}
    notes = project("a.ds", json.dumps([segment | {"note_dur": "1 1 1 1 1"}])).parts[0].notes
    assert [n.phonemes for n in notes] == [("k", "ae", "t"), ("ih", "n")]


def test_slurs_that_a_script_leaves_out_are_told_from_its_durations(project):
    """Three notes for two words: the word of 1.5 s lasts over the second and third."""
    segment = {
        **{"ph_seq": "n i h ao", "ph_num": "1 2 1", "ph_dur": "0.1 0.9 0.1 1.4", "text": "x 你 好"},
        **{"note_seq": "C4 D4 E4 F4", "note_dur": "0.1 1 0.75 0.65"},
    }
    notes = project("a.ds", json.dumps([segment])).parts[0].notes
    assert [n.lyric for n in notes] == ["x", "你", "好", None]


def test_an_older_script_gives_every_phoneme_its_note(project):
    segment = {
        **{"ph_seq": "SP n i i h ao", "note_seq": "rest C4 C4 D4 E4 E4", "is_slur_seq": "0 0 0 1 0 0"},
        **{"note_dur_seq": "0.5 0.5 0.5 0.25 0.5 0.5", "input_type": "phoneme"},
    }
    notes = project("a.ds", json.dumps([segment])).parts[0].notes
    expected = [(480, 60, ("n", "i")), (960, 62, ()), (1200, 64, ("h", "ao"))]
    assert [(n.start_tick, n.pitch_midi, n.phonemes) for n in notes] == expected


def test_segments_of_a_script_stand_at_their_offsets_and_rests_before_zero_move_nothing(project):
    segments = [
        {"offset": -0.5, "text": "SP la", "note_seq": "rest C4", "note_dur": "0.5 1", "note_slur": "0 0"},
        {"offset": 4, "text": "la", "note_seq": "C4", "note_dur": "1", "note_slur": "0"},
    ]
    assert starts(project("a.ds", json.dumps(segments)).parts[0]) == [0, 3840]


def test_sections_of_a_plugins_file_outside_the_selection_are_passed_over(project):
    text = ust(ONE).decode("cp932").replace("[#TRACKEND]", "[#NEXT]\r\nLength=480\r\nLyric=x\r\nNoteNum=70\r\n")
    assert starts(project("a.ust", text.encode("cp932")).parts[0]) == [480]


def test_intensity_is_a_level(project):
    text = ust(ONE).decode("cp932").replace("NoteNum=60", "NoteNum=60\r\nIntensity=50")
    points = project("a.ust", text.replace("Lyric=R\r\nNoteNum=60\r\nIntensity=50", "Lyric=R\r\nNoteNum=60")
                     .encode("cp932")).parts[0].dynamics  # fmt: skip
    assert max(point.level_db for point in points) == 0
    assert min(point.level_db for point in points) == pytest.approx(-6.0206, abs=1e-3)


# -- complaints ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.ust", ust(ONE).replace(b"NoteNum=60\r\n[#TR", b"NoteNum=sixty\r\n[#TR"), "line 13: NoteNum is 'sixty'"),
        ("a.ust", b"[#0000]\nLyric=a\nNoteNum=60\n", "line 1: a note without Length"),
        ("a.ust", b"hello", "not a UST"),
        ("a.ustx", ustx(ONE).replace(b"tone: 60", b"tone: [1]"), "part 1, note 1: 'tone' is a list"),
        ("a.ustx", b"tracks: [\n  }\n", "line 2: this is not YAML"),
        ("a.ustx", ustx(ONE).replace(b"tone: 60", b"tone: 460"), "bar 1, beat 2: a pitch outside"),
        ("a.ustx", ustx(ONE).replace(b"bpm: 120", b"bpm: 0"), "bar 1, beat 1: a tempo of 0"),
        ("a.ustx", b"hello: world\n", "not an OpenUtau project"),
        ("a.svp", svp(ONE).replace(b'"pitch": 60', b'"pitch": null'), "track 1, mainGroup, note 1: 'pitch' is missing"),
        ("a.svp", b'{"tracks": [', "line 1, column 13: this is not JSON"),
        ("a.svp", b"{}", "not a Synthesizer V project"),
        ("a.s5p", s5p(ONE).replace(b'"onset"', b'"offset"'), "track 1, note 1: 'onset' is missing"),
        ("a.ufdata", ufdata(ONE).replace(b'"key": 60', b'"key": "C"'), "project, track 1, note 1: 'key' is 'C'"),
        ("a.ufdata", b"[]", "object with named fields"),
        ("a.vsqx", vsq4(ONE).replace(b"<dur>480</dur>", b""), "track 1, part 1, note 1: <dur> is missing"),
        ("a.vsqx", b"<html/>", "its root is <html>"),
        ("a.vpr", b"PK\x03\x04 and no more", "damaged archive"),
        ("a.vpr", packed("readme.txt", "hello"), "without a project"),
        ("a.ccs", ccs(ONE).replace(b'PitchStep="0"', b'PitchStep="x"'), "song 1, note 1: PitchStep is 'x'"),
        ("a.ccs", b"<a/>", "not a CeVIO project"),
        ("a.ds", ds(ONE).replace(b'"rest C4"', b'"rest H4"'), "segment 1: 'H4' is no note"),
        ("a.ds", b"[{}]", "segment 1: a segment without notes"),
        ("a.ds", ds(ONE).replace(b'"0 0"', b'"0 0 0"'), "3 slurs do not fit"),
        ("a.tssln", b"TSSolution\0\1\xff", "byte 13: a text without an end"),
        ("a.dv", b"SHARPKEY\5\0\0\0\xff\xff\0\0", "the file ends"),
        ("a.vsq", b"MThd", "damaged VSQ"),
    ],
)
def test_a_complaint_names_the_file_and_the_place_in_it(refusal, name, content, place):
    told = refusal(name, content)
    assert name in told
    assert place in told


def test_a_kind_that_is_not_known_is_refused_with_a_way_out(refusal):
    assert ".ufdata" in refusal("a.acep", b"{}")


def test_notes_that_overlap_are_cut_and_said_so(project):
    read = project("a.ufdata", ufdata(Tune((Sung(0, 600, 60, "あ"), Sung(480, 480, 62, "い")))))
    assert [(n.start_tick, n.end_tick) for n in read.parts[0].notes] == [(0, 480), (480, 960)]
    assert read.doubts == ("Vocal: notes that run into the next are cut (bar 1, beat 2)",)


def test_an_unused_track_is_no_part(project):
    file = json.loads(ufdata(ONE))
    file["project"]["tracks"].insert(0, {"name": "empty", "notes": []})
    assert [part.name for part in project("a.ufdata", json.dumps(file)).parts] == ["Vocal"]
