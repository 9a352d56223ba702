"""One's own recordings in a plain folder: waves, labels and scores that share their names.

    SONG.wav                              or wav/SONG.wav, wavs/SONG.wav (also .flac .ogg .mp3)
    SONG.lab or SONG.TextGrid             or lab/…, TextGrid/…, labels/…
    SONG.musicxml .mxl .ust .ustx .mid …  or musicxml/…, ust/…, midi/…, score/…

Labels and a score with words: durations from the labels, notes from the score,
which may begin at another time than the wave. Labels and a score without words:
notes by their times. Labels alone: notes estimated from the voice. A score with
words alone: phoneme times by rule, until they are aligned (`--align`). `corpus.toml`
says who sings, in which language and under which licence; singers may have
folders of their own.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from visinger import language as tongues
from visinger import score
from visinger.audio import Wave, read_wave
from visinger.corpora import lab, own_card, phone_mapping, textgrid
from visinger.corpora.corpus import Job, distinct
from visinger.corpora.estimated_notes import with_estimated_notes
from visinger.corpora.labels import Label
from visinger.corpora.recording import Recording, TimedNote, TimedPhoneme
from visinger.corpora.rule_timing import Spelled, timed
from visinger.corpora.scored_labels import assign, lag_seconds, moved, score_notes, tiled, with_held
from visinger.corpora.syllabifying import syllables
from visinger.corpora.take import CorpusCard, Take
from visinger.corpora.text_files import plain_name
from visinger.corpora.utterance import Annotation, Hearing, hear, pieces
from visinger.corpora.word_notes import by_time
from visinger.errors import CorpusError, LyricError
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.score.score import Score
from visinger.units import SAMPLE_RATE_HZ

REVISION = "2"
WAVES, LABELS = (".wav", ".flac", ".ogg", ".mp3"), (".lab", ".textgrid")
FOREIGN = (".m4a", ".aac", ".wma", ".aiff", ".aif", ".opus", ".mp4", ".webm", ".mka", ".caf")  # recordings not read
SCORES = (".musicxml", ".mxl", ".xml", ".ustx", ".ust", ".svp", ".ufdata", ".mid", ".midi")
BESIDE = (
    "",
    "wav",
    "wavs",
    "lab",
    "label",
    "labels",
    "TextGrid",
    "textgrid",
    "musicxml",
    "xml",
    "ust",
    "midi",
    "score",
)
PHONE_TIERS = ("phones", "phone", "phonemes", "phoneme", "ph", "音素")
SHORTEST_LAG_SECONDS = 0.1  # a score that lies nearer to its labels is left where it is
LOWEST_RATE_HZ = 16_000  # below it consonants are not in the recording
MOST_STRANGERS = 0.5  # of the labels that the score does not ask for; 2 % where both are of one song
FEWEST_VOICED, FEWEST_VOICED_BY_RULE = 0.3, 0.1  # of vowel frames; 0.9 where labels and wave belong together

CARD = CorpusCard(
    name="folder",
    licence="the recordings' own",
    credit="",
    home="",
    language="zh ja en, or the recordings' own",
    convention="vowel-anchored",
    phonemes=(SILENCE, BREATH),
    singers=(),
)


def card(root: Path) -> CorpusCard:
    """The card of a folder: what `corpus.toml` says, and the phonemes of its language or of its labels."""
    songs = _songs(root)
    _check_songs(root, songs)
    said, language = own_card.read(root), _language(root)
    symbols = set(phone_mapping.kinds(language))
    if language not in tongues.LANGUAGES:
        for song in songs:
            labels = _labels(song["label"], language) if "label" in song else []
            symbols |= {label.symbol for label in labels}
    singers = tuple(sorted({_singer(root, song["wave"], said.singer) for song in songs}))
    credit, home = said.credit, said.home
    return replace(
        CARD,
        licence=said.licence,
        credit=credit,
        home=home,
        language=language,
        phonemes=tuple(sorted(symbols)),
        singers=singers,
    )


def jobs(root: Path) -> list[Job]:
    """One job a wave; CorpusError where there is none, or one has neither labels nor a score."""
    songs = _songs(root)
    _check_songs(root, songs)
    said, language = own_card.read(root), _language(root)
    work = []
    for song in songs:
        wave = song["wave"]
        singer = _singer(root, wave, said.singer)
        settings = {"revision": REVISION, "language": language, "singer": singer, "kinds": sorted(song)}
        sources = tuple(str(song[kind]) for kind in sorted(song))
        work.append(Job(plain_name(singer, wave.stem), sources, json.dumps(settings)))
    return distinct(work, where=root)


def _check_songs(root: Path, songs: list[dict[str, Path]]) -> None:
    """Refuse recordings that cannot be read, and those that nothing says the words of."""
    waves = {(song["wave"].parent, song["wave"].stem) for song in songs}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() in FOREIGN and (path.parent, path.stem) not in waves and not path.name.startswith("."):
            raise CorpusError(f"sound of the kind '{path.suffix}' is not read", where=path, remedy="convert it to .wav")
    if not songs:
        known = " ".join(WAVES)
        raise CorpusError(f"holds no recordings ({known})", where=root, remedy="give the folder of the recordings")
    for song in songs:
        if "label" not in song and "score" not in song:
            wave = song["wave"]
            remedy = f"put {wave.stem}.lab, {wave.stem}.TextGrid or a score with its words beside it"
            raise CorpusError("has neither labels nor a score", where=wave, remedy=remedy)


def make(job: Job) -> list[Take]:
    """The takes of one recording."""
    return takes(recording(job))


def takes(heard: Recording) -> list[Take]:
    """The takes of a recording, however its phonemes were timed."""
    return pieces(heard)


def read(root: Path) -> Iterator[Recording]:
    """Every recording, for inspection."""
    return (recording(job) for job in jobs(root))


def recording(job: Job) -> Recording:
    """One recording with its wave, its F0, its labels and its notes, as far as there are any."""
    settings = json.loads(job.settings)
    song = dict(zip(settings["kinds"], (Path(source) for source in job.sources), strict=True))
    language, singer = settings["language"], settings["singer"]
    wave = read_wave(song["wave"])
    if wave.sample_rate_hz < LOWEST_RATE_HZ:
        remedy = f"record at {SAMPLE_RATE_HZ} Hz or more, so that consonants are heard"
        raise CorpusError(f"recorded at {wave.sample_rate_hz} Hz", where=song["wave"], remedy=remedy)
    written = score.read(song["score"]) if "score" in song else None
    if "label" not in song:
        return _belonging(_by_rule(job.name, singer, language, wave, written), song)
    labels = _labels(song["label"], language)
    kinds = phone_mapping.kinds(language, {label.symbol for label in labels})
    vowels = frozenset(symbol for symbol, kind in kinds.items() if kind == "vowel")
    breaths = frozenset[str]() if any(label.symbol == BREATH for label in labels) else vowels
    base = Annotation(job.name, singer, language, "vowel-anchored", (), ())
    if written is not None and any(part.sung for part in written.parts):
        annotation = _with_words(base, written, labels, vowels, where=song["score"])
        heard = hear(annotation, wave, where=song["label"], hearing=Hearing(breaths_beside=breaths))
        return _belonging(heard, song)
    phonemes = [_phoneme(label, kinds) for label in labels]
    gathered = syllables(phonemes, kinds, language)
    notes: list[TimedNote] = []
    if written is not None and written.parts:
        notes, phonemes = by_time(phonemes, gathered, _plain_notes(written))
    annotation = replace(base, notes=tuple(notes), phonemes=tuple(phonemes))
    heard = _belonging(hear(annotation, wave, where=song["label"], hearing=Hearing(breaths_beside=breaths)), song)
    return heard if notes else with_estimated_notes(heard, syllables(heard.phonemes, kinds, language))


def _belonging(heard: Recording, song: dict[str, Path]) -> Recording:
    """The recording, if there is a voice in it where something is sung; CorpusError if not."""
    rate = len(heard.f0_hz) / heard.wave.seconds
    spans = [(p.start_seconds, p.end_seconds) for p in heard.phonemes if p.role == "nucleus" and not p.paused]
    frames = [heard.f0_hz[round(start * rate) : round(end * rate)] for start, end in spans]
    sung = sum(map(len, frames))
    voiced = sum(int((f0 > 0).sum()) for f0 in frames)
    if voiced < (FEWEST_VOICED_BY_RULE if heard.by_rule else FEWEST_VOICED) * sung:
        beside = song.get("label") or song.get("score")
        problem = (
            f"a voice is heard in only {voiced / sung:.0%} of what {beside.name if beside else 'it'} says are vowels"
        )
        raise CorpusError(problem, where=song["wave"], remedy="check that they belong together and begin together")
    return heard


def _songs(root: Path) -> list[dict[str, Path]]:
    """Every wave with what shares its name: `wave`, and `label` and `score` where there are any."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in WAVES or not path.is_file() or any(p.startswith(".") for p in path.parts):
            continue
        home = path.parent.parent if path.parent.name in BESIDE and path.parent != root else path.parent
        song = {"wave": path}
        for kind, suffixes in (("label", LABELS), ("score", SCORES)):
            beside = [home / folder / f"{path.stem}{suffix}" for suffix in suffixes for folder in BESIDE]
            beside += [place.with_suffix(".TextGrid") for place in beside if place.suffix == ".textgrid"]
            there = next((place for place in beside if place.is_file()), None)
            if there is not None:
                song[kind] = there
        found.append(song)
    return found


def _singer(root: Path, wave: Path, said: str) -> str:
    inside = [part for part in wave.relative_to(root).parent.parts if part not in BESIDE]
    return plain_name(*inside) if inside else plain_name(said or root.resolve().name)


def _language(root: Path) -> str:
    """As `corpus.toml` says, else as the first score's words tell."""
    said = own_card.read(root).language
    if said:
        return said
    for song in _songs(root):
        if "score" in song:
            written = score.read(song["score"])
            words = [note.lyric for part in written.parts for note in part.notes if note.lyric]
            told = written.language or (tongues.detect(words) if words else "")
            if told in tongues.LANGUAGES:
                return told
    remedy = f'say it in {root / own_card.NAME}: language = "ja"'
    raise CorpusError("no score tells the language", where=root, remedy=remedy)


def _labels(path: Path, language: str) -> list[Label]:
    """The labels of a .lab or a TextGrid in our phonemes."""
    if path.suffix.lower() == ".lab":
        return lab.read_labels(path, language)
    tiers = textgrid.read(path)
    if not tiers:
        raise CorpusError("has no tier of intervals", where=path, remedy="add one with the phonemes")
    named = [tier for tier in tiers if tier.name.strip().lower() in PHONE_TIERS]
    tier = named[0] if named else max(tiers, key=lambda tier: len(tier.intervals))
    labels = []
    for interval in tier.intervals:
        where = f"{path}, tier '{tier.name}', {interval.start_seconds:.2f} s"
        symbol = phone_mapping.plain(lab.plain(interval.text or SILENCE), language, where=where)
        labels.append(Label(interval.start_seconds, interval.end_seconds, symbol))
    return labels


def _phoneme(label: Label, kinds: dict[str, phone_mapping.Kind]) -> TimedPhoneme:
    times = label.start_seconds, label.end_seconds
    if label.paused:
        return TimedPhoneme(BREATH if label.symbol == BREATH else SILENCE, *times)
    return TimedPhoneme(label.symbol, *times, role="nucleus" if kinds[label.symbol] == "vowel" else "onset")


def _with_words(
    base: Annotation, written: Score, labels: list[Label], vowels: frozenset[str], *, where: Path
) -> Annotation:
    """Labels laid on the notes of a score; where the score lies elsewhere in time it is moved."""
    notes = score_notes(written, base.language)
    whole = tiled(labels, labels[-1].end_seconds)
    sung, mismatches = assign(notes, whole, base.language, where=where)
    lag = lag_seconds(notes, sung)
    if abs(lag) > SHORTEST_LAG_SECONDS:
        notes = moved(notes, lag)
        sung, mismatches = assign(notes, whole, base.language, where=where)
    wanted = sum(not label.paused for label in whole)
    strangers = sum(mismatch.labelled != "" for mismatch in mismatches)
    if strangers > MOST_STRANGERS * wanted:
        problem = f"its words are not those of the labels: {strangers} of {wanted} phonemes differ"
        raise CorpusError(problem, where=where, remedy="check that score and labels are of the same song")
    return replace(
        base,
        notes=tuple(notes),
        phonemes=tuple(with_held(sung, notes, vowels)),
        mismatches=tuple(mismatches),
        doubts=written.doubts,
    )


def _plain_notes(written: Score) -> list[TimedNote]:
    seconds = written.tempo_map.seconds
    part = max(written.parts, key=lambda part: len(part.notes))
    return [
        TimedNote(float(seconds(note.start_tick)), float(seconds(note.end_tick)), note.pitch_midi, None, k)
        for k, note in enumerate(part.notes)
    ]


def _by_rule(name: str, singer: str, language: str, wave: Wave, written: Score | None) -> Recording:
    """A recording with a score alone: its words' phonemes, timed by rule."""
    if written is None:
        raise CorpusError("has neither labels nor a score", where=name)
    where = written.path or name
    notes = score_notes(written, language)
    try:
        spelled = tongues.spell([note.lyric or "-" for note in notes], language)
    except LyricError as error:
        raise CorpusError(error.problem, where=where, remedy=error.remedy) from error
    sung: list[Spelled] = []
    for note, of_note in zip(notes, spelled, strict=True):
        held = sung[-1].nucleus if sung else ""
        first = of_note[0] if of_note else None
        if first is None or (not first.nucleus and not held):
            continue
        rest = tuple(symbol for syllable in of_note[1:] for symbol in syllable.phonemes)
        coda = (*first.coda, *rest)
        sung.append(Spelled(note, first.onset, first.nucleus or held, coda, slurred=not first.nucleus))
    kinds = phone_mapping.kinds(language)
    annotation = Annotation(
        name=name,
        singer=singer,
        language=language,
        convention="vowel-anchored",
        notes=tuple(syllable.note for syllable in sung),
        phonemes=tuple(timed(sung, kinds, "vowel-anchored")),
        doubts=written.doubts,
        by_rule=True,
    )
    vowels = frozenset(symbol for symbol, kind in kinds.items() if kind == "vowel")
    return hear(annotation, wave, where=where, hearing=Hearing(breaths_beside=vowels))
