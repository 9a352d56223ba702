"""Files from outside: read, or refused with one clear line; never another exception, never slow."""

import io
import random
import time
import zipfile
from pathlib import Path

import pytest

from visinger import score
from visinger.errors import ScoreError, VisingerError
from visinger.score.formats import container

EXAMPLES = Path(__file__).parents[2] / "examples"
SLOWEST_SECONDS = 5.0  # of computing; none of these files needs a tenth of it


def refused_or_read(path: Path) -> str:
    """The refusal, or an empty string once the score's own promises are checked."""
    started = time.process_time()
    try:
        read = score.read(path)
    except ScoreError as refusal:
        assert refusal.where.startswith(str(path)), "a refusal names the file"
        assert refusal.remedy
        assert "\n" not in str(refusal)
        return str(refusal)
    finally:
        assert time.process_time() - started < SLOWEST_SECONDS
    for part in read.parts:
        assert all(a.end_tick <= b.start_tick for a, b in zip(part.notes, part.notes[1:], strict=False))
        assert all(note.duration_ticks > 0 and 0 <= note.pitch_midi <= 127 for note in part.notes)
        assert all(note.lyric != "" for note in part.notes)
        assert all(a.tick <= b.tick for a, b in zip(part.dynamics, part.dynamics[1:], strict=False))
        assert not part.notes or part.notes[-1].end_tick <= read.length_ticks
    ticks = [tempo.tick for tempo in read.tempo_map.tempos]
    assert ticks[0] == 0
    assert ticks == sorted(set(ticks))
    return ""


# -- other programs' files -----------------------------------------------------------------------------

# Why a file of the suite is refused; every other file must be read.
REFUSALS = {
    "32ad-Notations5.musicxml": "not well-formed",
    **dict.fromkeys(
        [
            *("02a-Rests-Durations.xml", "02b-Rests-PitchedRests.xml", "02c-Rests-MultiMeasureRests.xml"),
            *("41b-MultiParts-MoreThan10.xml", "41f-StaffGroups-Overlapping.xml", "41g-PartNoId.xml"),
            *("41h-TooManyParts.xml", "45a-SimpleRepeat.xml", "45c-RepeatMultipleTimes.xml"),
            *("45d-Repeats-Nested-Alternatives.xml", "45e-Repeats-Nested-Alternatives.xml"),
            *("45f-Repeats-InvalidEndings.xml", "46a-Barlines.xml", "51b-Header-Quotes.xml"),
            *("51c-MultipleRights.xml", "51d-EmptyTitle.xml", "52a-PageLayout.xml"),
        ],
        "no part has a note",  # they hold rests alone
    ),
}


def test_the_musicxml_test_suite_is_read_or_refused_for_a_known_reason(shared_data):
    files = sorted((shared_data / "scores/musicxml-test-suite/xmlFiles").iterdir())
    assert len(files) > 100
    for path in files:
        refusal = refused_or_read(path)
        assert bool(refusal) == (path.name in REFUSALS), f"{path.name}: {refusal or 'was read'}"
        assert REFUSALS.get(path.name, "") in refusal


@pytest.mark.parametrize(
    "pattern",
    [
        "scores/openscore-lieder/*.mxl",
        "scores/sinsy-ng/*.xml",
        "scores/utaformatix-ts/testAssets/*.mid",
        "pjs/midi/*.mid",
    ],
)
def test_other_programs_scores_are_read(shared_data, pattern):
    files = sorted(shared_data.glob(pattern))
    assert files
    for path in files:
        assert refused_or_read(path) == "", path.name


def test_the_scores_of_the_pjs_corpus_are_read_with_words_on_nearly_every_note(shared_data):
    files = sorted((shared_data / "pjs/musicxml").glob("*.musicxml"))
    assert files
    for path in files:
        assert refused_or_read(path) == ""
        notes = score.read(path).parts[0].notes
        assert sum(note.lyric is not None for note in notes) > 0.8 * len(notes), path.name


# -- hostile files -------------------------------------------------------------------------------------


@pytest.fixture
def refusal(tmp_path):
    def written(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        text = refused_or_read(tmp_path / name)
        assert text, "this should not have been read"
        return text

    return written


def packed(name: str, content: bytes, **options) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content, **options)
    return memory.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xml", b"", "not well-formed"),
        ("a.xml", b"this is no XML", "not well-formed"),
        ("a.xml", b"\xff\xfe\x00", "not well-formed"),
        ("a.xml", b"<html/>", "not MusicXML: its root is <html>"),
        ("a.xml", b"<score-partwise/>", "no part"),
        ("a.xml", b"<score-partwise><part/></score-partwise>", "no part has a note"),
        ("a.xml", b"<?xml version='1.0' encoding='klingon'?><score-partwise/>", "encod"),
        ("a.mxl", b"PK\x03\x04 and no more", "damaged .mxl"),
        ("a.mxl", packed("readme.txt", b"hello"), "without a score"),
        ("a.mid", b"", "not a MIDI file"),
        ("a.mid", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0", "damaged MIDI|no part has a note"),
        ("a.mid", b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\xe0\x28", "no length"),
        ("a.json", b"\xff\xff", "not UTF-8"),
        ("a.txt", b"do re mi", "'.txt' are not read"),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(refusal, name, content, reason):
    assert any(part in refusal(name, content) for part in reason.split("|"))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.xml").mkdir()
    assert "no such file" in refused_or_read(tmp_path / "nothing.xml")
    assert "folder" in refused_or_read(tmp_path / "folder.xml")


def test_an_entity_bomb_is_refused(refusal):
    lines = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE score [<!ENTITY l0 "lol">{lines}]><score-partwise>&l9;</score-partwise>'
    assert "entities" in refusal("bomb.xml", bomb.encode())


def test_nothing_outside_the_file_is_read(refusal, tmp_path):
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    document = f'<!DOCTYPE s [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]><score-partwise>&x;</score-partwise>'
    assert "entities" in refusal("outside.xml", document.encode())


def test_a_zip_bomb_is_refused_by_the_bytes_that_come_out(refusal, monkeypatch):
    monkeypatch.setattr(container, "LONGEST_FILE_BYTES", 100_000)
    assert "zip bomb" in refusal("bomb.mxl", packed("score.xml", b" " * 100_001))


def test_a_zip_entry_that_lies_about_its_size_is_refused(refusal, monkeypatch):
    """The header says 10 bytes, the data are 200,000."""
    monkeypatch.setattr(container, "LONGEST_FILE_BYTES", 100_000)
    honest = packed("score.xml", b" " * 200_000)
    lying = honest.replace((200_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != honest
    assert refusal("liar.mxl", lying)


def test_a_zip_entry_named_above_its_folder_writes_nothing(tmp_path):
    inner = (EXAMPLES / "sakura.musicxml").read_bytes()
    (tmp_path / "slip").mkdir()
    (tmp_path / "slip" / "song.mxl").write_bytes(packed("../../escaped.musicxml", inner))
    assert score.read(tmp_path / "slip" / "song.mxl").title == "さくらさくら"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["slip", "song.mxl"]


def test_deep_nesting_is_no_crash(refusal):
    deep = b"<score-partwise>" + b"<part>" * 200_000 + b"</part>" * 200_000 + b"</score-partwise>"
    assert "no part has a note" in refusal("deep.xml", deep)


def test_a_number_too_long_to_compute_with_is_refused_or_passed_over(tmp_path, sheet, n):
    path = tmp_path / "long.xml"
    path.write_text(sheet([n("C4", 4).replace(">4</duration>", ">1e999999999</duration>")]), encoding="utf-8")
    assert "duration" in refused_or_read(path)
    path.write_text(sheet([f'<sound tempo="{"9" * 5000}"/>' + n("C4", 4)]), encoding="utf-8")
    assert refused_or_read(path) == ""


def test_ever_changing_divisions_do_not_slow_the_reading(tmp_path, sheet, n):
    """Each bar divides the beat by another prime: exact sums would grow without end."""
    sieve = [p for p in range(5_000, 20_000) if all(p % q for q in range(2, 142))]
    bars = [f"<attributes><divisions>{p}</divisions></attributes>{n('C4', p + 1)}" for p in sieve[:1000]]
    path = tmp_path / "primes.xml"
    path.write_text(sheet(bars), encoding="utf-8")
    assert refused_or_read(path) == ""
    exact = sum((p + 1) / p for p in sieve[:1000]) * 480
    assert score.read(path).length_ticks == pytest.approx(exact, abs=1)


# -- mutations -----------------------------------------------------------------------------------------


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken out, doubled, or a stretch replaced by one from elsewhere."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at] = chance.choice(b'0123456789<>/-"')
            case 2:
                del changed[at : at + chance.randint(1, 40)]
            case 3:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case 4:
                source = chance.randrange(len(changed))
                changed[at : at + 20] = changed[source : source + 20]
    return bytes(changed)


@pytest.mark.parametrize("suffix", [".musicxml", ".mxl", ".mid", ".json"])
def test_a_damaged_file_is_read_or_refused_but_never_crashes(tmp_path, suffix):
    source = EXAMPLES / "kojo-no-tsuki.musicxml"
    if suffix == ".mxl":
        content = packed("score.xml", source.read_bytes())
    elif suffix == ".json":
        score.write_json(tmp_path / "whole.json", score.read(source))
        content = (tmp_path / "whole.json").read_bytes()
    else:
        content = source.with_suffix(suffix).read_bytes()
    chance = random.Random(20_220_412)
    path = tmp_path / f"damaged{suffix}"
    for _ in range(120):
        path.write_bytes(mutated(content, chance))
        try:
            refused_or_read(path)
        except VisingerError as other:  # pragma: no cover
            pytest.fail(f"a score's fault is a ScoreError, not {other!r}")


def test_numbers_gone_wild_in_a_well_formed_score_never_crash(tmp_path):
    """Bytes at random mostly break the XML; here its numbers and names change and it stays XML."""
    text = (EXAMPLES / "hotaru-no-hikari.musicxml").read_text(encoding="utf-8")
    pieces = text.split(">")
    fields = [k for k, piece in enumerate(pieces) if "<" in piece and piece.split("<")[0].strip()]
    values = ["0", "-1", "1", "3", "7", "1000000", "999999999999", "0.0001", "", "C", "R", "start", "1e9", "花" * 50]
    chance = random.Random(7)
    path = tmp_path / "wild.musicxml"
    for _ in range(100):
        wild = list(pieces)
        for k in chance.sample(fields, chance.randint(1, 5)):
            wild[k] = chance.choice(values) + "<" + wild[k].split("<", 1)[1]
        path.write_text(">".join(wild), encoding="utf-8")
        refused_or_read(path)
