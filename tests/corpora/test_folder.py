"""One's own recordings: every combination of labels and scores, on miniatures."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from miniatures import median_cents, write
from scores import musicxml

from visinger.corpora import folder, pjs
from visinger.corpora.inspection import open_recordings
from visinger.corpora.preparation import prepare
from visinger.corpora.prepared import Prepared
from visinger.errors import CorpusError

# at 120 quarters a minute a sixteenth lasts 0.125 s
SCORE = [("", 0, 4), ("か", 64, 4), ("さ", 67, 4), (None, 69, 4), ("", 0, 4)]
LABELS = [("pau", 0.42), ("k", 0.08), ("a", 0.44), ("s", 0.06), ("a", 1.0), ("pau", 0.5)]
SOUND = [
    *(("_", 0.42, 0), ("c", 0.08, 0), ("v", 0.44, 64), ("c", 0.06, 0)),
    *(("v", 0.5, 67), ("v", 0.5, 69), ("_", 0.5, 0)),
]
EDGES = np.round(np.cumsum([0.0, *(length for _, length in LABELS)]), 3)
UST = (
    "[#VERSION]\nUST Version1.2\n[#SETTING]\nTempo=120.00\n[#0000]\nLength=480\nLyric=R\nNoteNum=60\n"
    "[#0001]\nLength=480\nLyric=か\nNoteNum=64\n[#0002]\nLength=480\nLyric=さ\nNoteNum=67\n"
    "[#0003]\nLength=480\nLyric=ー\nNoteNum=69\n[#TRACKEND]\n"
)


def lab(path: Path, *, hts: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = [f"{round(a * 1e7)} {round(b * 1e7)}" if hts else f"{a} {b}" for a, b in pairwise(EDGES)]
    path.write_text("\n".join(f"{time} {symbol}" for time, (symbol, _) in zip(times, LABELS, strict=True)))


def grid(path: Path) -> None:
    rows = [
        f'{EDGES[k]}\n{EDGES[k + 1]}\n"{symbol if symbol != "pau" else ""}"' for k, (symbol, _) in enumerate(LABELS)
    ]
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n{EDGES[-1]}\n<exists>\n1\n'
    path.write_text(
        f'{head}"IntervalTier"\n"phones"\n0\n{EDGES[-1]}\n{len(rows)}\n' + "\n".join(rows), encoding="utf-8"
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "corpus.toml").write_text(
        'singer = "Ana"\nlanguage = "ja"\nlicence = "CC0"\n', encoding="utf-8"
    )
    return tmp_path / "mine"


def takes(root: Path) -> list:
    return [take for job in folder.jobs(root) for take in folder.make(job)]


WANTED = ["k", "a", "s", "a", "a"]


def sung(take) -> list[str]:
    return [symbol for symbol in take.phrase.phonemes if symbol not in ("SP", "AP")]


@pytest.mark.parametrize("labels", ["lab", "seconds", "TextGrid"])
@pytest.mark.parametrize("score", ["musicxml", "ust"])
def test_labels_and_a_score_with_words_give_notes_and_durations(root, labels, score):
    write(root / "wav" / "song.wav", SOUND, 44_100)
    if labels == "TextGrid":
        grid(root / "song.TextGrid")
    else:
        lab(root / "lab" / "song.lab", hts=labels == "lab")
    if score == "ust":
        (root / "song.ust").write_text(UST, encoding="cp932")
    else:
        musicxml(root / "musicxml" / "song.musicxml", SCORE, tempo=120)
    (take,) = takes(root)
    assert sung(take) == WANTED
    assert take.singer == "Ana"
    assert [p for p in take.phrase.pitches.tolist() if p] == [64, 64, 67, 67, 69]
    assert take.phrase.slurred.tolist()[-2] is True
    frames = dict(zip(range(len(take.frames)), take.frames.tolist(), strict=True))
    assert [frames[k] for k, p in enumerate(take.phrase.pitches) if p] == [8, 44, 6, 50, 50]
    assert all(abs(cents) < 10 for cents in median_cents(take, ("a",)))


def test_a_score_that_begins_elsewhere_is_moved_onto_the_labels(root):
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    musicxml(root / "song.musicxml", [("", 0, 16), *SCORE], tempo=120)
    heard = folder.recording(folder.jobs(root)[0])
    assert [note.start_seconds for note in heard.notes] == pytest.approx([0.5, 1.0, 1.5], abs=0.01)


def test_labels_alone_get_the_notes_that_are_heard(root):
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    (take,) = takes(root)
    assert sung(take) == WANTED
    assert [p for p in take.phrase.pitches.tolist() if p] == [64, 64, 67, 67, 69]


def test_labels_and_a_score_without_words_meet_by_their_times(root):
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    musicxml(root / "song.musicxml", [(None if lyric else lyric, *rest) for lyric, *rest in SCORE], tempo=120)
    (take,) = takes(root)
    assert [p for p in take.phrase.pitches.tolist() if p] == [64, 64, 67, 67, 69]
    assert sung(take) == WANTED


def test_a_score_alone_times_its_phonemes_by_rule(root):
    write(root / "song.flac", SOUND, 44_100)
    musicxml(root / "song.musicxml", SCORE, tempo=120)
    heard = folder.recording(folder.jobs(root)[0])
    assert heard.by_rule
    assert [(p.symbol, p.note) for p in heard.phonemes if not p.paused] == [
        ("k", 0),
        ("a", 0),
        ("s", 1),
        ("a", 1),
        ("a", 2),
    ]
    vowels = [p for p in heard.phonemes if p.symbol == "a"]
    assert [p.start_seconds for p in vowels] == pytest.approx([0.5, 1.0, 1.5], abs=1e-6)


def test_singers_have_folders_and_the_card_says_what_corpus_toml_says(root, tmp_path):
    for singer in ("ana", "bo"):
        write(root / singer / "wav" / "song.wav", SOUND, 22_050)
        lab(root / singer / "song.lab")
    prepare("folder", root, tmp_path / "out", workers=1, progress=False)
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.card.singers == ("ana", "bo")
    assert (prepared.card.licence, prepared.card.language) == ("CC0", "ja")
    assert {entry.singer for entry in prepared.entries} == {"ana", "bo"}
    name, recordings = open_recordings(root)
    assert (name, len(list(recordings))) == ("folder", 2)


def test_a_language_that_is_not_built_in_keeps_its_phonemes(root):
    (root / "corpus.toml").write_text('language = "it"\n', encoding="utf-8")
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    (root / "song.lab").write_text((root / "song.lab").read_text().replace(" s", " tʃ"), encoding="utf-8")
    (take,) = takes(root)
    assert sung(take) == ["k", "a", "tʃ", "a", "a"]
    assert folder.card(root).phonemes == ("AP", "SP", "a", "k", "tʃ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('langauge = "ja"', r"corpus\.toml: has the unknown key 'langauge'; known: name singer language"),
        ("language = 3", r"corpus\.toml: 'language' is no short text"),
        ("language = ", r"corpus\.toml: is no TOML"),
    ],
)
def test_a_mistake_in_corpus_toml_is_named(root, text, complaint):
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    (root / "corpus.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=complaint):
        folder.jobs(root)


def test_what_is_missing_is_said(root):
    with pytest.raises(CorpusError, match=r"holds no recordings \(\.wav \.flac \.ogg \.mp3\)"):
        folder.jobs(root)
    write(root / "song.wav", SOUND, 44_100)
    with pytest.raises(CorpusError, match=r"song\.wav: has neither labels nor a score; put song\.lab"):
        folder.jobs(root)
    lab(root / "song.lab")
    (root / "corpus.toml").unlink()
    with pytest.raises(CorpusError, match="no score tells the language"):
        folder.jobs(root)
    musicxml(root / "song.musicxml", SCORE, tempo=120)
    (take,) = takes(root)  # the kana tell
    assert take.phrase.language == "ja"
    assert take.singer == "mine"


def test_recordings_of_a_kind_that_is_not_read_are_named(root):
    (root / "song.m4a").write_bytes(b"sound")
    with pytest.raises(CorpusError, match=r"song\.m4a: sound of the kind '\.m4a' is not read; convert it to \.wav"):
        folder.jobs(root)
    write(root / "song.wav", SOUND, 44_100)  # the same recording, converted
    lab(root / "song.lab")
    assert len(folder.jobs(root)) == 1


def test_mp3_is_read_like_a_wave(root):
    write(root / "song.wav", SOUND, 44_100)
    lab(root / "song.lab")
    musicxml(root / "song.musicxml", SCORE, tempo=120)
    (whole,) = takes(root)
    samples, rate = soundfile.read(root / "song.wav")
    (root / "song.wav").unlink()
    soundfile.write(root / "song.mp3", samples, rate)
    (packed,) = takes(root)
    assert packed.phrase.phonemes == whole.phrase.phonemes
    both = (packed.f0_hz > 0) & (whole.f0_hz > 0)
    assert both.sum() > 0.9 * (whole.f0_hz > 0).sum()
    assert np.median(np.abs(np.log2(packed.f0_hz[both] / whole.f0_hz[both]))) * 1200 < 5


def test_files_that_do_not_belong_together_are_told(root):
    write(root / "song.wav", [("_", 2.5, 0)], 44_100)
    lab(root / "song.lab")
    musicxml(root / "song.musicxml", SCORE, tempo=120)
    with pytest.raises(CorpusError, match=r"song\.wav: a voice is heard in only 0% of what song\.lab says are vowels"):
        takes(root)
    write(root / "song.wav", SOUND, 44_100)
    musicxml(root / "song.musicxml", [("", 0, 4), ("に", 64, 4), ("の", 67, 8), ("", 0, 4)], tempo=120)
    with pytest.raises(CorpusError, match=r"not those of the labels: . of 4 phonemes differ.*of the same song"):
        takes(root)
    write(root / "song.wav", SOUND, 8_000)
    with pytest.raises(CorpusError, match=r"song\.wav: recorded at 8000 Hz; record at 24000 Hz or more"):
        takes(root)


def test_a_song_of_pjs_in_a_plain_folder_gives_the_takes_that_its_own_reader_gives(root, shared_data):
    for kind, source in (("flac", "song/pjs050_song"), ("lab", "lab/pjs050"), ("musicxml", "musicxml/pjs050")):
        (root / f"pjs050.{kind}").symlink_to(shared_data / "pjs" / f"{source}.{kind}")
    (job,) = [job for job in pjs.jobs(shared_data / "pjs") if job.name == "pjs050"]
    wanted = pjs.read_song(job.name, *map(Path, job.sources))
    heard = folder.recording(folder.jobs(root)[0])
    told = [(p.symbol, p.note, p.role, p.slurred) for p in heard.phonemes if not p.paused]
    assert told == [(p.symbol, p.note, p.role, p.slurred) for p in wanted.phonemes if not p.paused]
    starts = [p.start_seconds for p in heard.phonemes if not p.paused]
    assert starts == pytest.approx([p.start_seconds for p in wanted.phonemes if not p.paused])
    assert [n.pitch_midi for n in heard.notes] == [n.pitch_midi for n in wanted.notes]
