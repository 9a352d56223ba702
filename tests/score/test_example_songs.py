"""The example songs: up to date, right in their bars, singable, the same in both formats."""

import runpy
from itertools import accumulate, pairwise
from pathlib import Path

import pytest

from visinger import score

EXAMPLES = Path(__file__).parents[2] / "examples"
SONGS = sorted(path.stem for path in (EXAMPLES / "songs").glob("*.song"))
TEXTS = {
    "molihua": "好一朵美丽的茉莉花" * 2 + "芬芳美丽满枝桠又香又白人人夸让我来将你摘下送给别人家茉莉花呀茉莉花",
    "songbie": "长亭外古道边芳草碧连天晚风拂柳笛声残夕阳山外山天之涯地之角知交半零落一瓢浊酒尽余欢今宵别梦寒",
    "sakura": "さくらさくらやよいのそらわみわたすかぎりかすみかくもかにおいぞいずるいざやいざやみにゆかん",
    "kojo-no-tsuki": (
        "はるころのはなのえんめぐるさかずきかげさしてちよのまつがえわけいでしむかしのひかりいまいずこ"
        "あきじんえいのしものいろなきゆくかりのかずみせてううるつるぎにてりそいしむかしのひかりいまいずこ"
    ),
    "hotaru-no-hikari": (
        "ほたるのひかりまどのゆきふみよむつきひかさねつついつしかとしもすぎのとおあけてぞけさわわかれゆく"
    ),
}


@pytest.fixture(scope="module", params=SONGS)
def name(request):
    return request.param


@pytest.fixture
def song(name):
    return score.read(EXAMPLES / f"{name}.musicxml")


def test_the_files_are_what_the_songs_engrave_to(tmp_path):
    for file in runpy.run_path(str(EXAMPLES / "engrave.py"))["engrave"](tmp_path):
        assert file.read_bytes() == (EXAMPLES / file.name).read_bytes(), f"run examples/engrave.py: {file.name}"


def test_the_words_are_the_songs(name, song):
    assert "".join(note.lyric or "" for note in song.parts[0].notes) == TEXTS[name]


def test_a_song_is_read_without_a_doubt(song):
    assert song.doubts == ()


def test_every_song_stays_within_a_voice(song):
    pitches = [note.pitch_midi for part in song.parts for note in part.notes]
    assert min(pitches) >= 55
    assert max(pitches) <= 74


def test_the_midi_file_is_the_same_song(name, song):
    midi = score.read(EXAMPLES / f"{name}.mid")

    def facts(read):
        return [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric) for n in read.parts[0].notes]

    assert facts(midi) == facts(song)
    assert midi.length_ticks == song.length_ticks
    assert midi.title == song.title
    assert float(midi.seconds) == pytest.approx(float(song.seconds), abs=1e-3)  # MIDI counts whole microseconds


def test_the_musicxml_that_we_write_is_the_same_song(song, tmp_path):
    score.write_musicxml(tmp_path / "again.musicxml", song)
    again = score.read(tmp_path / "again.musicxml")

    def facts(read):
        return [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric, n.breath_after) for n in read.parts[0].notes]

    assert facts(again) == facts(song)
    assert again.parts[0].dynamics == song.parts[0].dynamics
    assert again.time_signatures == song.time_signatures
    assert float(again.seconds) == pytest.approx(float(song.seconds), abs=1e-6)


def test_the_jasmine_flower_begins_as_everybody_knows_it():
    """3 35 6i i6 | 5 56 5 - in numbered notation, from C."""
    notes = score.read(EXAMPLES / "molihua.musicxml").parts[0].notes[:11]
    assert [note.pitch_midi for note in notes] == [64, 64, 67, 69, 72, 72, 69, 67, 67, 69, 67]
    assert list(accumulate((n.duration_ticks for n in notes), initial=0)) == [
        *(0, 480, 720, 960, 1200, 1440, 1680, 1920, 2400, 2640, 2880, 3840)
    ]


def test_the_examples_show_what_scores_hold():
    """Between them: rests, melisma, breaths, tempo changes, dynamics, verses, a pick-up, a note over a bar line."""
    songs = [score.read(EXAMPLES / f"{name}.musicxml") for name in SONGS]
    lines = [song.parts[0].notes for song in songs]
    assert any(a.end_tick < b.start_tick for line in lines for a, b in pairwise(line))
    assert any(note.lyric is None for line in lines for note in line)
    assert any(note.breath_after for line in lines for note in line)
    assert any(len(song.tempo_map.tempos) > 2 for song in songs)
    assert all(song.parts[0].dynamics for song in songs)
    assert any(song.parts[0].verses == (1, 2) for song in songs)
    assert any(song.time_signatures[0].beats == 1 for song in songs)
    assert any(note.duration_ticks > 1920 for line in lines for note in line)
    assert {song.language for song in songs} == {"zh", "ja"}
