"""`finetune`: a voice and somebody's recordings in, that somebody's voice out.

OUT/          the new voice: graphs, recipe and a card with figures before and after
OUT.work/     what the same call goes on with: corpus/ start/ settling/ adapting/
"""

from dataclasses import dataclass
from pathlib import Path

from visinger.corpora.preparation import CARD, prepare
from visinger.corpora.prepared import Prepared
from visinger.errors import VisingerError, VoiceError
from visinger.exporting import facts
from visinger.exporting.export import Exported, VoiceFacts, export
from visinger.exporting.recovery import recover, write_start
from visinger.training import checkpoint
from visinger.training.finetuning import Figures, Finetuned, Plan, finetune
from visinger.training.loop import Options
from visinger.voices import embedded
from visinger.voices.description import FILE_NAME


@dataclass(frozen=True)
class Consent:
    """Whose voice is copied, and on what terms they agreed to it."""

    singer: str
    licence: str  # of the recordings, which the voice inherits
    credit: str

    def __post_init__(self) -> None:
        lacking = [f"--{name}" for name in ("singer", "licence", "credit") if not getattr(self, name).strip()]
        if lacking:
            raise VisingerError(
                f"a copied voice needs its singer's consent, and {', '.join(lacking)} is not said",
                remedy="ask the singer, then name them (--singer), the terms they agree to (--licence 'CC BY 4.0', "
                "--licence 'private, not to be passed on' …) and the words that credit them (--credit)",
            )


@dataclass(frozen=True)
class Source:
    """Where a finetuning begins: a checkpoint, and what its card must go on saying."""

    checkpoint: Path
    name: str
    licence: str
    credit: str
    noise_scale: float = 0.333


@dataclass(frozen=True)
class Adapted:
    """The voice, where one was written, and how it was made."""

    finetuned: Finetuned
    voice: Exported | None  # None: interrupted before


def adapt(
    voice: str | Path,
    recordings: Path,
    out: Path,
    *,
    consent: Consent,
    name: str = "",
    plan: Plan | None = None,
    options: Options | None = None,
) -> Adapted:
    """Finetune a voice (embedded, a folder, a run or a checkpoint) on recordings, and write the voice that comes of it.

    `recordings` is a prepared corpus or a plain folder of waves with labels or scores. The same call goes on with
    what an earlier one left. Raises VisingerError for anything the user can mend.
    """
    plan, options = plan or Plan(), options or Options()
    out = Path(out)
    work = out.with_name(f"{out.name}.work")
    corpus = recordings if (recordings / CARD).is_file() else _prepared(recordings, work / "corpus", options)
    source = find_start(voice, work / "start")
    done = finetune(source.checkpoint, corpus, work, plan=plan, options=options)
    if done.interrupted:
        return Adapted(done, None)
    prepared = Prepared.open(corpus)
    compass = facts.measure(prepared, by=done.split)
    about = VoiceFacts(
        name=name or out.name,
        language=prepared.card.language,
        singer=consent.singer,
        licence=_licence(consent, source),
        credit=f"{consent.credit}; finetuned from {source.name}: {source.credit}",
        lowest_midi=compass.lowest_midi,
        highest_midi=compass.highest_midi,
        gain=compass.gain,
        noise_scale=source.noise_scale,
        recipe=f"finetuned from {source.name}",
    )
    return Adapted(done, export(done.checkpoint, out, facts=about, measured=figures(done, source)))


def find_start(voice: str | Path, target: Path) -> Source:
    """The checkpoint to begin with; a voice's is recovered from its graphs into `target`, once."""
    path = Path(voice)
    if path.is_dir() and not (path / FILE_NAME).is_file():
        found = checkpoint.locate(path)
        card = checkpoint.read_state(found).corpus
        said = {key: str(card.get(key, "")) for key in ("name", "licence", "credit")}
        return Source(found, said["name"] or path.name, said["licence"], said["credit"])
    folder = embedded.folder_of(voice)
    recovered = recover(folder)
    described = recovered.description
    if (target / "state.json").is_file():
        if checkpoint.read_state(target).corpus.get("name") != described.name:
            raise VoiceError(f"a finetuning of another voice than '{described.name}' is there", where=target.parent)
    else:
        write_start(recovered, target)
    return Source(target, described.name, described.licence, described.credit, described.noise_scale)


def init_of(given: Path, run: Path) -> Path:
    """What a new run begins with: a checkpoint or run as it is, a voice's weights recovered beside the run."""
    if str(given) not in embedded.embedded_voices() and not (given / FILE_NAME).is_file():
        return given
    return find_start(str(given), run.with_name(f"{run.name}.start")).checkpoint


def figures(done: Finetuned, source: Source) -> dict[str, object]:
    """The card's: a verdict in a sentence, and a table of what was held out, before and after."""
    before, after = done.before, done.after
    better = [title for title, was, now in _rows(before, after) if now < was]
    worse = [title for title, was, now in _rows(before, after) if now >= was]
    verdict = (
        f"Finetuned from '{source.name}' on {done.seconds / 60:.1f} minutes of singing "
        f"({done.settled} + {done.steps} steps). On {_held_out(done)}, "
        + "; ".join(f"{title} {was:.3g} → {now:.3g}" for title, was, now in _rows(before, after))
        + f". Better: {', '.join(better) or 'nothing'}; not better: {', '.join(worse) or 'nothing'}."
    )
    table = {title: f"{was:.3g} → {now:.3g}" for title, was, now in _rows(before, after)}
    return {"verdict": verdict, f"On {_held_out(done)}, before → after finetuning": table}


def _held_out(done: Finetuned) -> str:
    takes = f"{done.after.takes} take{'s' if done.after.takes > 1 else ''} that it never learnt from"
    return takes if done.split == "song" else f"{takes} (but of songs that it did)"


def figures_shown(done: Finetuned) -> list[str]:
    """The same, a line each."""
    return [f"{title}: {was:.3g} → {now:.3g}" for title, was, now in _rows(done.before, done.after)]


def _rows(before: Figures, after: Figures) -> list[tuple[str, float, float]]:
    return [
        ("mel distance (ln)", before.mel_distance, after.mel_distance),
        ("Dur MAE (ms)", before.duration_mae_ms, after.duration_mae_ms),
        ("F0 MAE (cents)", before.f0_mae_cents, after.f0_mae_cents),
    ]


def _licence(consent: Consent, source: Source) -> str:
    same = not source.licence or source.licence == consent.licence
    return consent.licence if same else f"{consent.licence}; begun with a voice under {source.licence}"


def _prepared(recordings: Path, target: Path, options: Options) -> Path:
    prepare("folder", recordings, target, progress=options.progress)
    return target
