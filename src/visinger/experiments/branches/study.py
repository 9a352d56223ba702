"""The study: every contender in every fold, each judged on songs it has not heard, kept one file a verdict.

OUT/study.json              what the figures depend on; another study wants another folder
OUT/fold-1/visinger.json    a verdict
OUT/fold-1/visinger/        checkpoints of a lesson that is still going on
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from visinger.configuration import as_table
from visinger.corpora.prepared import Prepared, Takes
from visinger.errors import CorpusError, RecipeError
from visinger.experiments.branches import songs
from visinger.experiments.branches.contenders import CONTENDERS, Contender, Singing
from visinger.experiments.branches.judging import Heard, judge
from visinger.experiments.branches.settings import Settings
from visinger.experiments.branches.songs import Fold
from visinger.experiments.branches.teaching import Course, Lesson, Point, batches_of, held_out_batches, teach
from visinger.files import write_text
from visinger.phrasing.vocabulary import Vocabulary

FORMAT = 1
REMEDY = "give another --out, or the settings it was begun with"
Report = Callable[[str], None]
LATER_OPTIONS = ("elastic", "log", "sung_share")  # of DurationConfig and VISingerConfig


@dataclass(frozen=True)
class Verdict:
    """A contender in a fold: how it was taught, and what was heard of it, by reading."""

    contender: str
    fold: int
    parameters: int  # all that were trained, what only training needs included
    best_step: int
    seconds: float  # of processor time, teaching
    curve: tuple[Point, ...]
    readings: dict[str, tuple[Heard, ...]]
    made_under: str  # `Study.conditions`

    def as_json(self) -> str:
        """What the disk keeps."""
        plain = ("contender", "fold", "parameters", "best_step", "seconds", "made_under")
        table = {name: getattr(self, name) for name in plain}
        table["curve"] = [asdict(point) for point in self.curve]
        table["readings"] = {name: [heard.as_table() for heard in found] for name, found in self.readings.items()}
        return json.dumps({"format": FORMAT, **table}, ensure_ascii=False)

    @classmethod
    def of_json(cls, text: str) -> "Verdict":
        """From what the disk kept; ValueError, KeyError or TypeError for anything else."""
        table = json.loads(text)
        if table.pop("format") != FORMAT:
            raise ValueError("another format")
        table["curve"] = tuple(Point(**point) for point in table["curve"])
        table["readings"] = {
            name: tuple(Heard.of_table(heard) for heard in found) for name, found in table["readings"].items()
        }
        return cls(**table)


class Study:
    """A corpus, a folder and the settings."""

    def __init__(self, corpus: Prepared, out: Path, settings: Settings) -> None:
        self.corpus, self.out, self.settings = corpus, out, settings
        self.vocabulary = Vocabulary(corpus.card.phonemes)
        self.folds = songs.folds(corpus, settings.folds, validation_songs=settings.validation_songs)

    def conditions(self, contender: Contender) -> str:
        """A digest of all that a contender's figures depend on: takes, folds, its group's regime, sizes, seed."""
        settings = as_table(self.settings)
        for group in ("rhythm", "pitch"):
            if group != contender.group:
                del settings[group]
        takes = [(entry.name, entry.sha256) for entry in self.corpus.entries]
        return hashlib.sha256(json.dumps([takes, _asked_for(settings)]).encode()).hexdigest()

    def path(self, fold: int, contender: str) -> Path:
        """Where a verdict is kept."""
        return self.out / f"fold-{fold}" / f"{contender}.json"

    def verdicts(self) -> list[Verdict]:
        """All that are kept, contender by contender.

        CorpusError for a damaged one, RecipeError for one made under other conditions.
        """
        found = []
        for contender in CONTENDERS:
            for fold in self.folds:
                path = self.path(fold.number, contender.name)
                if path.is_file():
                    found.append(self._kept(path))
                    if found[-1].made_under != self.conditions(contender):
                        raise RecipeError("made with other settings or takes", where=path, remedy=REMEDY)
        return found

    @staticmethod
    def _kept(path: Path) -> Verdict:
        try:
            return Verdict.of_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorpusError(f"not a verdict ({error})", where=path, remedy="delete it: it is made again") from error

    def missing(self, names: Sequence[str]) -> list[tuple[Fold, Contender]]:
        """What is still to be done: who learns nothing, then rhythm fold by fold, pitch, and the costly search last.

        RecipeError for a name that nobody has.
        """
        unknown = next((name for name in names if name not in {c.name for c in CONTENDERS}), None)
        if unknown is not None:
            known = " ".join(c.name for c in CONTENDERS)
            raise RecipeError(f"no contender is called '{unknown}'", remedy=f"contenders: {known}")
        chosen = [c for c in CONTENDERS if not names or c.name in names]
        todo = [(fold, c) for fold in self.folds for c in chosen if not self.path(fold.number, c.name).is_file()]
        return sorted(todo, key=lambda one: (one[1].learns, one[1].hears, one[1].group == "pitch"))  # a stable sort

    def run(self, names: Sequence[str] = (), *, minutes: float, report: Report) -> Iterator[Verdict]:
        """Teach and judge what is missing, one contender in one fold after the other; stops after `minutes`."""
        self.verdicts()  # refuses what was begun under other conditions before any work is done
        begun = time.monotonic()
        for fold, contender in self.missing(names):
            if time.monotonic() - begun > 60 * minutes:
                report("stopped: the minutes are over")
                return
            report(f"fold {fold.number}: {contender.name}")
            verdict = self.settle(fold, contender)
            report(f"fold {fold.number}: {contender.name}: step {verdict.best_step}, {verdict.seconds:.0f} s")
            yield verdict

    def settle(self, fold: Fold, contender: Contender) -> Verdict:
        """One contender in one fold, taught (or taught on), judged and written down."""
        train, held_out, test = (self.corpus.load(names) for names in (fold.train, fold.validation, fold.test))
        folder = self.path(fold.number, contender.name).with_suffix("")
        lesson = self._lesson(contender, train, held_out, folder)
        readings = {}
        for reading in contender.readings:
            reading.prepare(lesson.branch)
            heard = judge(contender, lesson.branch, test, self.vocabulary, self.settings)
            readings[reading.name] = tuple(heard)
        verdict = Verdict(
            contender.name,
            fold.number,
            sum(p.numel() for p in lesson.branch.parameters()),
            lesson.best_step,
            round(lesson.seconds, 1),
            lesson.curve,
            readings,
            self.conditions(contender),
        )
        write_text(self.path(fold.number, contender.name), verdict.as_json(), make_folder=True)
        shutil.rmtree(folder, ignore_errors=True)  # gigabytes that nobody asks for again
        return verdict

    def _lesson(self, contender: Contender, train: Takes, held_out: Takes, folder: Path) -> Lesson:
        settings = self.settings
        torch.manual_seed(settings.seed)
        singing = Singing(self.vocabulary.size, songs.mean_log_f0(train), songs.habits(train, self.vocabulary))
        branch = contender.build(settings.widths, singing)
        if not contender.learns:
            return Lesson(branch, (), 0, 0.0)
        course = Course(contender, branch, settings=settings, folder=folder, made_under=self.conditions(contender))
        batches = batches_of(contender, train, self.vocabulary, settings)
        return teach(course, batches, held_out_batches(contender, held_out, self.vocabulary, settings), self.vocabulary)


def _asked_for(table: Any) -> Any:
    """Settings without the options that came after the first studies, where they are off: those studies stay valid."""
    if not isinstance(table, dict):
        return table
    return {key: _asked_for(value) for key, value in table.items() if not (key in LATER_OPTIONS and not value)}
