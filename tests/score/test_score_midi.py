"""MIDI files as other programs write them, made here with mido."""

from fractions import Fraction
from itertools import pairwise

import mido
import pytest

from visinger import score
from visinger.errors import ScoreError


@pytest.fixture
def play(tmp_path):
    """Writes tracks of (absolute tick, message) and reads the file; text is given as bytes."""

    def read(*tracks, ticks_per_beat=480, name="song.mid"):
        file = mido.MidiFile(ticks_per_beat=ticks_per_beat, charset="latin-1")
        for events in tracks:
            track, now = mido.MidiTrack(), 0
            for tick, message in sorted(events, key=lambda event: event[0]):
                track.append(message.copy(time=tick - now))
                now = tick
            file.tracks.append(track)
        file.save(tmp_path / name)
        return score.read(tmp_path / name)

    return read


def sound(pitch, start, end, *, channel=0, lyric=None, kind="lyrics", encoding="utf-8"):
    events = []
    if lyric is not None:
        events.append((start, text(lyric, kind=kind, encoding=encoding)))
    on = mido.Message("note_on", note=pitch, velocity=90, channel=channel)
    return [*events, (start, on), (end, mido.Message("note_on", note=pitch, velocity=0, channel=channel))]


def text(words, *, kind="lyrics", encoding="utf-8"):
    return mido.MetaMessage(kind, text=words.encode(encoding).decode("latin-1"))


def melody(words, *, step=480, **options):
    return [event for k, w in enumerate(words) for event in sound(60 + k, k * step, (k + 1) * step, lyric=w, **options)]


def lyrics(read, part=0):
    return [note.lyric for note in read.parts[part].notes]


def times(read):
    return [(note.start_tick, note.end_tick) for note in read.parts[0].notes]


def test_lyric_events_belong_to_the_note_on_their_tick(play):
    assert lyrics(play(melody("茉莉花"))) == ["茉", "莉", "花"]


def test_a_missing_lyric_or_a_hyphen_continues_the_syllable(play):
    assert lyrics(play(melody(["花", "-", None, "开", "ー"]))) == ["花", None, None, "开", None]


def test_a_lyric_a_little_beside_its_note_still_belongs_to_it(play):
    late, early = [(20, text("さ"))], [(950, text("ら"))]
    assert lyrics(play(sound(60, 0, 480) + late + sound(62, 480, 960) + sound(64, 960, 1440) + early)) == [
        "さ",
        None,
        "ら",
    ]


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("茉莉花", "utf-8"),
        ("茉莉花", "gb18030"),
        ("さくら", "cp932"),
        ("サクラ", "cp932"),
        (["né", "ça", "là"], "latin-1"),
    ],
)
def test_text_is_decoded_though_no_encoding_is_named(play, words, encoding):
    assert lyrics(play(melody(words, encoding=encoding))) == list(words)


def test_karaoke_text_in_a_track_of_its_own_goes_to_the_melody_that_it_fits(play):
    words = [(0, text("@T Song", kind="text")), (0, text("\\さ", kind="text")), (480, text("く", kind="text"))]
    words += [(960, text("/ら", kind="text"))]
    bass = sound(36, 0, 100, channel=1) + sound(36, 700, 900, channel=1)
    tune = [event for k in range(3) for event in sound(60 + k, k * 480, (k + 1) * 480)]
    read = play(bass, tune, words, name="song.kar")
    assert lyrics(read) == ["さ", "く", "ら"]
    assert [part.sung for part in read.parts] == [True, False]


def test_a_remark_at_the_start_is_no_lyric(play):
    read = play([(0, text("made by hand", kind="text")), *melody([None] * 4)])
    assert lyrics(read) == [None] * 4
    assert not read.parts[0].sung


def test_notes_that_run_into_the_next_are_cut(play):
    read = play([event for k in range(4) for event in sound(60 + k, k * 480, (k + 1) * 480 + 21)])
    assert all(a[1] == b[0] for a, b in pairwise(times(read)))
    assert any("run into the next" in doubt for doubt in read.doubts)


def test_a_note_struck_again_before_it_is_let_go_is_two_notes(play):
    again = [(240, mido.Message("note_on", note=60, velocity=90))]
    assert times(play(sound(60, 0, 480) + again)) == [(0, 240), (240, 480)]


def test_the_highest_of_notes_played_together_is_the_melody(play):
    read = play(sound(60, 0, 480) + sound(67, 3, 480) + sound(64, 0, 480) + sound(48, 480, 1440) + sound(65, 480, 960))
    assert [note.pitch_midi for note in read.parts[0].notes] == [67, 65]
    assert any("highest" in doubt for doubt in read.doubts)


def test_drums_are_passed_over(play):
    read = play(melody("ら"), sound(36, 0, 100, channel=9))
    assert len(read.parts) == 1
    assert any("drums" in doubt for doubt in read.doubts)


def test_channels_of_one_track_are_parts(play):
    read = play(sound(60, 0, 480, lyric="ら") + sound(48, 0, 480, channel=1))
    assert [note.pitch_midi for part in read.parts for note in part.notes] == [60, 48]


@pytest.mark.parametrize("ticks_per_beat", [96, 120, 384, 1000, 31])
def test_ticks_are_rescaled_from_absolute_times(play, ticks_per_beat):
    """A thousand sevenths of a beat end within half a tick of where they should."""
    events = [e for k in range(1000) for e in sound(60, k * ticks_per_beat // 7, (k + 1) * ticks_per_beat // 7)]
    read = play(events, ticks_per_beat=ticks_per_beat)
    for k, (start, _) in enumerate(times(read)):
        assert start == pytest.approx(480 * (k * ticks_per_beat // 7) / ticks_per_beat, abs=0.5)


def test_tempo_and_time_signatures_are_read(play):
    changes = [
        (0, mido.MetaMessage("set_tempo", tempo=1_000_000)),
        (960, mido.MetaMessage("set_tempo", tempo=500_000)),
        (0, mido.MetaMessage("time_signature", numerator=3, denominator=4)),
    ]
    read = play(changes, melody([None] * 4))
    assert [t.quarters_per_minute for t in read.tempo_map.tempos] == [60, 120]
    assert read.length_ticks == 2 * 3 * 480, "the last bar is whole"
    assert read.seconds == 2 + Fraction(4, 2)
    assert [note.bar for note in read.parts[0].notes] == ["1", "1", "1", "2"]


def test_a_tempo_nobody_can_sing_at_is_sung_at_the_nearest_and_doubted_with_its_place(play):
    changes = [(0, mido.MetaMessage("set_tempo", tempo=500_000)), (960, mido.MetaMessage("set_tempo", tempo=37_500))]
    read = play(changes, melody([None] * 4))
    assert [t.quarters_per_minute for t in read.tempo_map.tempos] == [120, 1000]
    (doubt,) = [line for line in read.doubts if "1600" in line]
    assert "sung at 1000" in doubt
    assert "bar 1, beat 3" in doubt


def test_a_tempo_of_zero_is_refused(play):
    with pytest.raises(ScoreError, match="tempo"):
        play([(0, mido.MetaMessage("set_tempo", tempo=0))], melody("ら"))


def test_a_file_without_notes_is_refused(play):
    with pytest.raises(ScoreError, match="no part has a note"):
        play([(0, text("la"))])


def test_a_written_midi_file_is_read_as_the_same_line(tmp_path):
    """Lyrics, ticks and pitches return; a word of two syllables keeps its hyphen."""
    notes = (
        score.Note(0, 480, 60, "hel", syllabic="begin"),
        score.Note(480, 240, 62, None),
        score.Note(720, 240, 64, "lo", syllabic="end"),
        score.Note(1440, 480, 64, "花"),
    )
    song = score.Score((score.Part("Voice", notes),), length_ticks=1920, title="歌")
    score.write_midi(tmp_path / "song.mid", song)
    read = score.read(tmp_path / "song.mid")
    facts = [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric, n.syllabic) for n in read.parts[0].notes]
    assert facts == [(n.start_tick, n.duration_ticks, n.pitch_midi, n.lyric, n.syllabic) for n in notes]
    assert (read.title, read.parts[0].name, read.length_ticks) == ("歌", "Voice", 1920)


# -- as files come from elsewhere ----------------------------------------------------------------------


def chunk(*events: bytes) -> bytes:
    data = b"".join(events) + b"\x00\xff\x2f\x00"
    return b"MTrk" + len(data).to_bytes(4) + data


def note(pitch: int, lyric: bytes) -> bytes:
    """A lyric and a note of 480 ticks."""
    on, off = bytes([0x90, pitch, 80]), b"\x83\x60" + bytes([0x80, pitch, 0])
    return b"\x00\xff\x05" + bytes([len(lyric)]) + lyric + b"\x00" + on + off


def whole(*tracks: bytes, division: bytes = b"\x01\xe0", count: int = 0) -> bytes:
    return b"MThd\0\0\0\6\0\1" + (count or len(tracks)).to_bytes(2) + division + b"".join(tracks)


@pytest.fixture
def play_bytes(tmp_path):
    def read(content):
        (tmp_path / "song.mid").write_bytes(content)
        return score.read(tmp_path / "song.mid")

    return read


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("big5", "月亮代表我的心說愛"),
        ("euc-jp", "さくら咲く"),
        ("gbk", "月亮代表我的心"),
        ("cp932", "ｻｸﾗ"),
        ("cp932", "蛍の光"),
    ],
)
def test_the_encodings_of_east_asia_are_told_apart(play_bytes, encoding, words):
    read = play_bytes(whole(chunk(*(note(60 + k, w.encode(encoding)) for k, w in enumerate(words)))))
    assert "".join(lyrics(read)) == words


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("words", ["さくら", "月亮代表我的心", ["la", "lu", "à"], ["さ", "く", "la"]])
@pytest.mark.parametrize("marked", [True, False])
def test_lyrics_in_two_bytes_a_letter_are_read(play_bytes, order, words, marked):
    mark = "\ufeff" if marked else ""
    encoded = [(mark + word).encode(f"utf-16-{order}") for word in words]
    name = b"\x00\xff\x03\x05Voice"
    track = chunk(name, *(note(60 + k, word) for k, word in enumerate(encoded)))
    read = play_bytes(whole(track))
    assert lyrics(read) == list(words)
    assert read.parts[0].name == "Voice"


@pytest.mark.parametrize("words", [["la", "do", "re", "mi"], ["U0", "love"], ["Grüß", "dich"]])
def test_latin_letters_in_pairs_are_no_hanzi(play_bytes, words):
    for encoding in ("utf-8", "latin-1"):
        read = play_bytes(whole(chunk(*(note(60 + k, word.encode(encoding)) for k, word in enumerate(words)))))
        assert lyrics(read) == words


def test_a_file_of_separate_songs_is_refused_and_one_with_a_single_song_is_read(play_bytes):
    song = chunk(note(60, b"la"), note(62, b"la"))

    def patterns(*tracks: bytes) -> bytes:
        content = whole(*tracks)
        return content[:8] + b"\0\2" + content[10:]

    with pytest.raises(ScoreError, match=r"separate songs.*type 2.*export the song you want as type 0 or 1"):
        play_bytes(patterns(song, song))
    assert lyrics(play_bytes(patterns(song))) == ["la", "la"]


def test_a_file_may_say_its_encoding_itself(play_bytes):
    read = play_bytes(whole(chunk(note(60, "{@JP}{#Title=x}桜".encode("cp932")), note(62, "花".encode("cp932")))))
    assert lyrics(read) == ["桜", "花"]


@pytest.mark.parametrize(
    "events",
    [["Twin", "kle ", "star"], ["Twin", "kle", " star"], ["\\Twin", "kle", "/star "], ["Twin-", "kle", "star"]],
)
def test_syllables_without_a_space_between_them_are_one_word(play_bytes, events):
    read = play_bytes(whole(chunk(*(note(60 + k, text.encode()) for k, text in enumerate(events)))))
    assert lyrics(read) == ["Twin", "kle", "star"]
    assert [n.syllabic for n in read.parts[0].notes] == ["begin", "end", "single"]


def test_words_without_any_spaces_are_words_of_their_own(play_bytes):
    read = play_bytes(whole(chunk(*(note(60 + k, text) for k, text in enumerate([b"ni", b"hao", b"ma"])))))
    assert [n.syllabic for n in read.parts[0].notes] == ["single"] * 3


def test_a_hyphen_before_a_syllable_belongs_to_the_word_and_not_to_the_sound(play_bytes):
    read = play_bytes(whole(chunk(note(60, b"hel-"), note(62, b"-lo"))))
    assert lyrics(read) == ["hel", "lo"]
    assert [n.syllabic for n in read.parts[0].notes] == ["begin", "end"]


def test_film_frames_are_seconds(play_bytes):
    """25 frames of 40 ticks: 480 ticks are 0.48 s, whatever tempo is written."""
    slow = b"\x00\xff\x51\x03\x1e\x84\x80"
    read = play_bytes(whole(chunk(slow, note(60, b"a"), note(62, b"o")), division=b"\xe7\x28"))
    starts = [read.tempo_map.seconds(n.start_tick) for n in read.parts[0].notes]
    assert [float(s) for s in starts] == pytest.approx([0.0, 0.48], abs=1 / 1920)
    assert any("film frames" in doubt for doubt in read.doubts)


def test_a_file_cut_short_or_miscounted_is_read_as_far_as_it_goes(play_bytes):
    content = whole(chunk(note(60, b"a"), note(62, b"o")))
    for damaged in (content[:-4], whole(chunk(note(60, b"a"), note(62, b"o")), count=5), content + b"XFIH\0\0\0\1\0"):
        read = play_bytes(damaged)
        assert lyrics(read) == ["a", "o"]
    assert any("cut short" in doubt for doubt in play_bytes(content[:-4]).doubts)
