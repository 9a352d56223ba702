"""The programme of an evaluation: who sings what, who listens, and where it is written.

`evaluate` is what `visinger evaluate` calls.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visinger.alignment.learning import LearningConfig, learn
from visinger.alignment.recogniser import CARD, PhonemeRecogniser
from visinger.corpora.prepared import Prepared
from visinger.corpora.take import Take
from visinger.evaluation import concert, examples, exhibit, figures, gates, proving, reports
from visinger.evaluation.concert import Contender, Sung, sing_takes
from visinger.evaluation.copies import WorldCopy
from visinger.evaluation.judging import Judge, Verdict
from visinger.evaluation.summary import Row, summarise
from visinger.files import write_text
from visinger.voices import embedded
from visinger.voices.singer import VoiceSinger
from visinger.voices.voice import Voice


@dataclass(frozen=True)
class EvaluateOptions:
    """What to evaluate. Reports go to `out`, what is kept between calls to `work`."""

    out: Path  # NAME.csv, NAME.md, NAME/*.png, and NAME-VOICE.json for the voice's card
    work: Path  # sung takes and the recogniser
    corpus: Path | None = None  # a prepared corpus
    voices: tuple[str, ...] = ()  # names or folders
    examples: Path | None = None  # a folder of scores
    name: str = "held-out"
    split: Literal["train", "validation", "test"] = "test"
    by: Literal["song", "paper"] = "song"
    takes: int = 0  # only the first so many; 0 = all
    recogniser: Path | None = None  # None: trained on the corpus's training split and kept in `work`
    recogniser_minutes: float = 10.0  # of processor time
    words: bool = True  # measure the phoneme error rate
    left_out: Path | None = None  # cmn-syllables' recordings: words are counted on the tone left out of the corpus
    pictures: int = 4
    seed: int = 0
    command: str = "visinger evaluate"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """What was found, and the files it was written to."""

    rows: list[Row]
    verdicts: list[Verdict]
    examples: list[examples.Example]
    files: list[Path]


def evaluate(
    options: EvaluateOptions,
    *,
    more: Sequence[Contender] = (),
    report: Callable[[str], None] | None = None,
) -> Evaluation:
    """Sing, listen, write. `more` are further rows, such as `concert.floor(PosteriorCopy(model))`.

    Calling it again after an interruption sings only what is missing.
    """
    say = report or _quiet
    voices = [Voice.load(name) for name in options.voices]
    verdicts: list[Verdict] = []
    words: list[Verdict] = []
    takes: list[Take] = []
    singers: list[Contender] = []
    prepared: Prepared | None = None
    files: list[Path] = []
    notes = list(options.notes)
    if options.corpus is not None:
        prepared = Prepared.open(options.corpus)
        takes = list(prepared.takes(options.split, by=options.by))
        takes = takes[: options.takes] if options.takes else takes
        recogniser = _recogniser(options, prepared, say) if options.words else None
        if recogniser is not None:
            notes.append(_about(recogniser))
        singers = [
            concert.singer(VoiceSinger(voice), fingerprint=_fingerprint(name))
            for voice, name in zip(voices, options.voices, strict=True)
        ]
        contenders = [concert.recording(), concert.floor(WorldCopy()), *more, *singers]
        verdicts = _judged(contenders, takes, Judge(recogniser), options, say)
        files += _pictures(contenders, takes, options)
        if recogniser is not None and options.left_out is not None:
            say("listening to words on the tone left out of the corpus")
            words = proving.words_left_out(
                options.left_out, singers, recogniser, kept=lambda who: _kept(who, options), seed=options.seed
            )
            notes.append(proving.left_out_section(words))
    rows = summarise(verdicts)
    sung = _examples(voices, options, notes)
    for voice, name in zip(voices, options.voices, strict=True):
        say(f"the gates of {voice.name}")
        shown = proving.evidence(
            voice, embedded.folder_of(name), verdicts, left_out=words, examples=sung, corpus=prepared, by=options.by
        )
        found = gates.gates(shown)
        notes.insert(0, f"## Gates: {voice.name}\n\n{gates.markdown(found)}")
        files.append(_exhibited(voice, singers, takes, found, options))
    title = f"{options.name}: {options.split} takes, split by {options.by}" if rows else options.name
    table, page = (options.out / f"{options.name}.{suffix}" for suffix in ("csv", "md"))
    write_text(table, reports.as_csv(rows), make_folder=True)
    write_text(page, reports.markdown(title, rows, command=options.command, notes=notes))
    files += [table, page]
    for voice in voices:
        heard = {one.score: f"{100 * one.following.within.mean:.1f} %" for one in sung if one.voice == voice.name}
        files.append(options.out / f"{options.name}-{_plain(voice.name)}.json")
        write_text(files[-1], reports.card(rows, voice.name, heard, command=options.command), make_folder=True)
    return Evaluation(rows, verdicts, sung, files)


def _exhibited(
    voice: Voice,
    singers: Sequence[Contender],
    takes: Sequence[Take],
    found: Sequence[gates.Gate],
    options: EvaluateOptions,
) -> Path:
    """Ten phrases of the voice beside the recordings, with its gates, in a folder of `work`."""
    who = [concert.recording(), *(one for one in singers if one.name == voice.name)]
    versions = []
    for take in exhibit.chosen(takes):
        modes = [(one, mode) for one in who for mode in reversed(one.modes)]
        versions.append(
            [
                next(iter(sing_takes(one, [take], mode, kept=_kept(one, options), seed=options.seed)))
                for one, mode in modes
            ]
        )
    described = voice.description
    about = {
        "voice": voice.name,
        "language": described.language,
        "about": f"{described.singer}; {described.steps:,} steps. {described.credit}. {described.licence}.",
        "command": options.command,
    }
    folder = options.work / "exhibits" / _plain(voice.name)
    return exhibit.write_exhibit(folder, about, versions, found, gain=described.gain)


def _kept(contender: Contender, options: EvaluateOptions) -> Path:
    return options.work / "concert" / _plain(contender.name)


def _quiet(line: str) -> None:
    """Say nothing."""


def _examples(voices: Sequence[Voice], options: EvaluateOptions, notes: list[str]) -> list[examples.Example]:
    """Sing the examples with every voice; what is to be said of them is added to `notes`."""
    if options.examples is None:
        return []
    sung: list[examples.Example] = []
    for voice in voices:
        keep_in = options.work / "examples" / _plain(voice.name)
        found, refused = examples.sing_examples(voice, options.examples, seed=options.seed, keep_in=keep_in)
        sung += found
        notes += [f"Not sung by {voice.name}: {reason}" for reason in refused]
    if sung:
        notes.append("## The examples\n\n" + examples.example_table(sung))
    return sung


def _judged(
    contenders: Sequence[Contender],
    takes: Sequence[Take],
    judge: Judge,
    options: EvaluateOptions,
    say: Callable[[str], None],
) -> list[Verdict]:
    verdicts = []
    for contender in contenders:
        for mode in contender.modes:
            kept = _kept(contender, options)
            for number, one in enumerate(sing_takes(contender, takes, mode, kept=kept, seed=options.seed), start=1):
                verdicts.append(judge.judge(one))
                if number % 10 == 0 or number == len(takes):
                    say(f"{contender.name}, {mode}: {number} of {len(takes)} takes")
    return verdicts


def _pictures(contenders: Sequence[Contender], takes: Sequence[Take], options: EvaluateOptions) -> list[Path]:
    """The longest-worded takes of the set, every contender below the recording."""
    files = []
    chosen = sorted(takes, key=lambda t: (-len(t.phrase.phonemes), t.name))[: options.pictures]
    for number, take in enumerate(chosen, start=1):  # each picture names its take inside
        versions: list[Sung] = []
        for contender in contenders:
            for mode in contender.modes:
                kept = _kept(contender, options)
                versions += sing_takes(contender, [take], mode, kept=kept, seed=options.seed)
        path = options.out / options.name / f"spectrograms-{number}.png"
        figures.spectrograms(path, versions)
        files.append(path)
    return files


def _recogniser(options: EvaluateOptions, prepared: Prepared, say: Callable[[str], None]) -> PhonemeRecogniser:
    # one a corpus and a split: another split's recogniser would have heard this one's test takes
    folder = options.recogniser or options.work / f"recogniser-{_plain(prepared.card.name)}-by-{options.by}"
    if not (folder / CARD).is_file() and options.recogniser is None:
        say(f"teaching a phoneme recogniser for {options.recogniser_minutes:g} minutes of processor time")
        config = LearningConfig(epochs=100_000, minutes=options.recogniser_minutes)
        learnt = learn(list(prepared.takes("train", by=options.by)), config, report=say)
        learnt.story |= {"corpus": prepared.card.name, "split": f"train, by {options.by}"}
        learnt.save(folder)
    return PhonemeRecogniser.load(folder)


def _about(recogniser: PhonemeRecogniser) -> str:
    story = recogniser.story
    return (
        f"Words are heard by a CTC phoneme recogniser of {story.get('parameters', 0) / 1e6:.1f} M parameters, trained "
        f"for {story.get('cpu_minutes')} minutes of one core on {story.get('takes')} recordings of "
        f"{story.get('corpus', 'the corpus')} ({story.get('split', 'train')}); no singer's output was shown to it."
    )


def _fingerprint(name_or_folder: str) -> str:
    """A digest of a voice folder's files, so that an exported-again voice is sung again; a name stands for itself."""
    folder = Path(name_or_folder)
    total = hashlib.sha256(str(name_or_folder).encode())
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
