"""What is fuzzed: each reader with whole files that it reads, the ways to damage them, and what it must keep."""

import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
from mutations import Damage, blind, elements, events, lines, mixed, numbers, packed, values

from visinger import audio, score
from visinger.concatenation.voicebank import bank
from visinger.corpora import storage
from visinger.corpora.preparation import CARD, FORMAT, MANIFEST, SPLITS
from visinger.corpora.prepared import Prepared
from visinger.corpora.take import CorpusCard, Take
from visinger.language.dictionary import read_dictionary
from visinger.phrasing.phrase import Phrase
from visinger.phrasing.pitch_curve import read_f0_csv
from visinger.score import Score
from visinger.voices.description import FILE_NAME, GRAPHS, GraphFile, VoiceDescription, read_description

EXAMPLES = Path(__file__).parents[2] / "examples"
DICTIONARY = """[language]\nfr\tFrench\n[phonemes]\na\tvowel\nu\tvowel\tu\no~\tvowel\tɔ\nb\tvoiced\nZ\tvoiced\tʒ
R\tvoiced\tʁ\n[words]\nbonjour\tb o~ . Z u R\nabat-jour\ta . b a . Z u R\n"""
QUIRKS = """<score-partwise><part-list><score-part id="P1"><part-name>S &amp; A</part-name></score-part></part-list>
<part id="P1"><measure number="0" implicit="yes"><attributes><divisions>6</divisions>
<time><beats>3+2</beats><beat-type>8</beat-type></time><transpose><chromatic>-2</chromatic></transpose></attributes>
<sound tempo="84"/><note><grace slash="yes"/><pitch><step>D</step><octave>5</octave></pitch><voice>1</voice></note>
<note><pitch><step>C</step><alter>1</alter><octave>5</octave></pitch><duration>3</duration><tie type="start"/>
<voice>1</voice><lyric number="1"><syllabic>begin</syllabic><text>A</text><elision/><text>ve</text></lyric>
<lyric number="2"><text>2. O</text><extend/></lyric></note></measure>
<measure number="1"><barline location="left"><repeat direction="forward"/></barline>
<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>c. 60</per-minute>
</metronome></direction-type><staff>1</staff></direction>
<note><pitch><step>C</step><alter>1</alter><octave>5</octave></pitch><duration>4</duration><tie type="stop"/>
<voice>1</voice><notations><fermata/></notations></note>
<note><chord/><pitch><step>E</step><octave>5</octave></pitch><duration>4</duration><voice>1</voice></note>
<note><rest/><duration>2</duration></note><backup><duration>6</duration></backup>
<note><cue/><pitch><step>G</step><octave>4</octave></pitch><duration>6</duration><voice>2</voice></note>
<direction><direction-type><segno/></direction-type><sound segno="a"/></direction></measure>
<measure number="2"><barline location="left"><ending number="1" type="start"/></barline>
<direction><direction-type><wedge type="crescendo"/></direction-type></direction>
<note><pitch><step>F</step><octave>4</octave></pitch><duration>15</duration><notations><articulations><breath-mark/>
</articulations></notations><lyric><text>ria</text></lyric></note>
<barline><ending number="1" type="stop"/><repeat direction="backward"/></barline></measure>
<measure number="3"><barline location="left"><ending number="2" type="start"/></barline>
<note><pitch><step>G</step><octave>4</octave></pitch><duration>15</duration><lyric><text>-</text></lyric></note>
<direction><direction-type><wedge type="stop"/><dynamics><f/></dynamics></direction-type></direction>
<direction><direction-type><words>D.S. al Coda</words></direction-type><sound dalsegno="a"/></direction></measure>
</part></score-partwise>"""


@dataclass(frozen=True)
class Subject:
    """One reader under fuzz."""

    file: str  # the name that it reads
    seeds: Callable[[], Sequence[bytes]]
    damage: Damage
    read: Callable[[Path], object]  # of the damaged file; beside it lies what else it needs
    beside: Callable[[Path], object] = lambda _: None  # lays that in the folder, once


# -- scores --------------------------------------------------------------------------------------------


def read_score(path: Path) -> None:
    """Read a score and hold it to what every reader promises; what was read comes back from our own format."""
    read = score.read(path)
    keeps_its_promises(read)
    kept = path.with_name("kept.json")
    score.write_json(kept, read)
    assert score.read(kept) == read, "our own format keeps all that was read"


def keeps_its_promises(read: Score) -> None:
    for part in read.parts:
        assert all(a.end_tick <= b.start_tick for a, b in zip(part.notes, part.notes[1:], strict=False))
        assert all(note.duration_ticks > 0 and 0 <= note.pitch_midi <= 127 for note in part.notes)
        assert all(note.lyric != "" for note in part.notes)
        assert all(a.tick <= b.tick for a, b in zip(part.dynamics, part.dynamics[1:], strict=False))
        assert not part.notes or part.notes[-1].end_tick <= read.length_ticks
    ticks = [tempo.tick for tempo in read.tempo_map.tempos]
    assert ticks[0] == 0
    assert ticks == sorted(set(ticks))
    assert any(part.notes for part in read.parts)


def _examples(suffix: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(EXAMPLES.glob(f"*{suffix}"))]


def musicxml_seeds() -> list[bytes]:
    return [*_examples(".musicxml"), QUIRKS.encode(), QUIRKS.encode("utf-16")]


def mxl(content: bytes) -> bytes:
    """A score packed as programs pack it."""
    memory = io.BytesIO()
    listing = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", listing)
        archive.writestr("score.xml", content)
    return memory.getvalue()


def midi_seeds() -> list[bytes]:
    """The examples, one in the karaoke style with running status, and one in Shift-JIS with two tracks."""
    karaoke = (
        b"\x00\xff\x01\x06@KMIDI\x00\xff\x01\x03\x5cla\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\xff\x01\x03/di\x00\x3e\x40"
    )
    karaoke += b"\x83\x60\x3e\x00\x00\xff\x2f\x00"
    words = b"\x00\xff\x05\x02\x82\xb3\x83\x60\xff\x05\x02\x82\xad\x00\xff\x2f\x00"
    notes = b"\x00\x90\x3c\x40\x83\x70\x3e\x40\x10\x80\x3c\x00\x83\x60\x3e\x00\x00\xff\x2f\x00"
    tempo = b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x06\x03\x18\x08\x00\xff\x2f\x00"

    def chunk(data: bytes) -> bytes:
        return b"MTrk" + len(data).to_bytes(4) + data

    one = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0" + chunk(karaoke)
    two = b"MThd\x00\x00\x00\x06\x00\x01\x00\x03\x01\xe0" + b"".join(map(chunk, (tempo, words, notes)))
    return [*_examples(".mid"), one, two]


@functools.cache
def json_seeds() -> list[bytes]:
    """The examples in our own format, one with everything that a note can carry."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(EXAMPLES.glob("*.musicxml")):
            score.write_json(Path(folder) / "a.json", score.read(path))
            found.append((Path(folder) / "a.json").read_bytes())
    rich = json.loads(found[0])
    part = rich["parts"][0]
    part |= {"pitch_curve": [[0, 60.5], [480, 61], [960, None]], "bend": [[0, 10], [20, -10.5]], "language": "ja"}
    part["notes"] = part["notes"][:12]
    part["notes"][1] |= {"glide": [{"ms": -40, "cents": -200, "shape": "sine"}], "tuning_cents": 12.5}
    part["notes"][2] |= {"vibrato": {"share": 0.5, "period_ms": 180, "depth_cents": 30}, "phoneme_hint": ["k", "a"]}
    return [*found, json.dumps(rich).encode()]


# -- voices, dictionaries, curves ----------------------------------------------------------------------


def voice_seeds() -> list[bytes]:
    shapes = {"inputs": {"phonemes": "int64 [1, N]"}, "outputs": {"frames": "float32 [1, N]"}}
    graphs = {name: GraphFile(f"{name}.onnx", 10, "0" * 64, **shapes) for name in GRAPHS}
    graphs["rhythm"] = GraphFile("rhythm.onnx", 10, "0" * 64, {"singer": "int64 [1]"}, {})
    described = VoiceDescription(
        **{"name": "a", "language": "ja", "singer": "A", "licence": "CC0", "credit": "A", "sample_rate_hz": 24000},
        **{"hop_samples": 240, "phonemes": ("a", "k"), "lowest_midi": 40, "highest_midi": 70, "gain": 1.0},
        **{"noise_scale": 0.3, "excited": True, "context_frames": 11, "latent_channels": 96, "recipe": "small"},
        **{"steps": 10, "graphs": graphs, "singers": ("A", "B")},
    )
    with tempfile.TemporaryDirectory() as folder:
        described.write(Path(folder))
        return [(Path(folder) / FILE_NAME).read_bytes()]


def curve_seeds() -> list[bytes]:
    return [b"time_seconds,f0_hz\n0.0,220\n0.01,221.5\n0.02,0\n0.5,330\n", b"# drawn\n0,100\n1,200\n"]


# -- corpora -------------------------------------------------------------------------------------------


def _take() -> Take:
    phrase = Phrase(
        phonemes=("SP", "k", "a", "SP"),
        pitches=np.array([0, 60, 60, 0]),
        slot=np.array([0, 1, 1, 2]),
        before_beat=np.array([False, True, False, False]),
        slot_starts=np.array([0, 10, 30, 40]),
        score_notes=np.array([-1, 0, -1]),
        slurred=np.zeros(4, dtype=bool),
        start_frame=0,
        convention="vowel-anchored",
        language="ja",
    )
    frames, f0_hz = np.array([6, 4, 20, 10]), np.full(40, 220, dtype=np.float32)
    return Take("song-00", "song", "A", phrase, frames, f0_hz, np.zeros(40 * 240, dtype=np.float32), 24_000, 240)


def lay_prepared(folder: Path) -> None:
    """A prepared corpus of three takes, as far as its readers look."""
    entries = []
    for k in range(3):
        take = _take()
        entries.append(storage.write(folder, type(take)(**(vars(take) | {"name": f"song-0{k}"})), job="song"))
    about = CorpusCard("c", "CC0", "A", "", "ja", "vowel-anchored", ("SP", "AP", "a", "k"), ("A",))
    names = [entry.name for entry in entries]
    split = {"song": {"train": names[:1], "validation": names[1:2], "test": names[2:]}}
    card = {"format": FORMAT, "card": asdict(about), "sample_rate_hz": 24000, "hop_samples": 240}
    (folder / CARD).write_text(json.dumps(card), encoding="utf-8")
    (folder / MANIFEST).write_text("".join(json.dumps(e.as_json()) + "\n" for e in entries), encoding="utf-8")
    (folder / SPLITS).write_text(json.dumps(split), encoding="utf-8")


def _laid(name: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            lay_prepared(Path(folder))
            return [(Path(folder) / name).read_bytes()]

    return seeds


def read_prepared(path: Path) -> None:
    prepared = Prepared.open(path.parent)
    for part in ("train", "validation", "test"):
        prepared.takes(part)


def read_take(path: Path) -> None:
    entry = next(iter(Prepared.open(path.parent.parent).entries), None)
    assert entry is not None
    known = type(entry)(**(vars(entry) | {"bytes": path.stat().st_size}))
    storage.read(path.parent.parent, known)


def lay_waves(folder: Path) -> None:
    for name in ("あ.wav", "か.wav", "a.wav"):
        soundfile.write(folder / name, np.zeros(4410), 44_100)


VOICEBANK = "\r\n".join(f"あ.wav={kana},10.5,120,-400,60,20" for kana in "あいうえおかきくけこさしすせそ")


def lay_voicebank(folder: Path) -> None:
    lay_waves(folder)
    (folder / "oto.ini").write_bytes(VOICEBANK.encode("cp932"))


def wave_seeds() -> list[bytes]:
    made = []
    for kind, subtype in (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")):
        memory = io.BytesIO()
        soundfile.write(memory, np.sin(np.arange(2000) / 9), 8000, format=kind, subtype=subtype)
        made.append(memory.getvalue())
    return made


SUBJECTS: dict[str, Subject] = {
    "musicxml": Subject("a.musicxml", musicxml_seeds, mixed(elements, elements, numbers), read_score),
    "mxl": Subject("a.mxl", lambda: [mxl(s) for s in musicxml_seeds()], packed(mixed(elements, numbers)), read_score),
    "midi": Subject("a.mid", midi_seeds, mixed(events, events), read_score),
    "json": Subject("a.json", json_seeds, mixed(values, values, numbers), read_score),
    "voice.json": Subject(
        FILE_NAME, voice_seeds, mixed(values, values, numbers), lambda path: read_description(path.parent)
    ),
    "dictionary": Subject("a.txt", lambda: [DICTIONARY.encode()], mixed(lines, lines, numbers), read_dictionary),
    "f0 curve": Subject("a.csv", curve_seeds, mixed(lines, numbers), lambda path: read_f0_csv(path, frames=200)),
    "corpus card": Subject(CARD, _laid(CARD), mixed(values, numbers), read_prepared, lay_prepared),
    "corpus manifest": Subject(MANIFEST, _laid(MANIFEST), mixed(lines, numbers), read_prepared, lay_prepared),
    "corpus splits": Subject(SPLITS, _laid(SPLITS), mixed(values, numbers), read_prepared, lay_prepared),
    "take": Subject("takes/song-00.npz", _laid("takes/song-00.npz"), blind, read_take, lay_prepared),
    "oto.ini": Subject(
        "oto.ini",
        lambda: [VOICEBANK.encode("cp932"), VOICEBANK.encode()],
        mixed(lines, numbers),
        lambda path: bank.read(path.parent),
        lay_waves,
    ),
    "prefix.map": Subject(
        "prefix.map",
        lambda: [b"C4\t\tL\r\nC5\thi\tH\r\nB7\t\t\r\n"],
        mixed(lines, numbers),
        lambda path: bank.read(path.parent),
        lay_voicebank,
    ),
    "character.txt": Subject(
        "character.txt",
        lambda: ["name=声\r\nauthor=作者\r\nweb=https://example.org\r\n".encode("cp932")],
        mixed(lines, numbers),
        lambda path: bank.read(path.parent),
        lay_voicebank,
    ),
    "wave": Subject("a.wav", wave_seeds, blind, audio.read_wave),
}
