"""Any UTAU voicebank: a singing corpus made from its recordings, on its owner's terms.

The voicebank singer (`concatenation/voicebank`) sings melodies (`melodies.py`)
on syllables dealt so that every recorded transition comes up (`phonetic_cover.py`).
Labels and F0 are exact; figures measured on it say how well a model learnt *it*.

Nothing is made before the bank's terms were accepted (`Wishes.accept_terms`);
name, author and terms travel in the card.
"""

import json
import math
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from visinger import language
from visinger.concatenation.voicebank import bank as voicebanks
from visinger.concatenation.voicebank import measuring, pieces
from visinger.concatenation.voicebank.bank import Voicebank
from visinger.concatenation.voicebank.pieces import Pieces
from visinger.concatenation.voicebank.singer import VoicebankSinger
from visinger.corpora import melodies
from visinger.corpora.corpus import Job, Planned
from visinger.corpora.melodic_phrases import Word, laid_out, sung_take
from visinger.corpora.melodies import Melody, Tone
from visinger.corpora.phonetic_cover import Cover, Coverage
from visinger.corpora.take import CorpusCard, Take
from visinger.errors import CorpusError
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase

REVISION = "2"  # counts in every job's digest: raise it when the takes change
MINUTES = 60.0
PHRASES = 6  # of a song, a take each
MEAN_TAKE_SECONDS = 5.0
REACH_SEMITONES = 7  # beyond it from a recorded pitch, WORLD's spectra stray
CODA_CHANCE = 0.06  # how often a Japanese syllable is closed by N, and by cl
SHORTEST_CLOSED_SECONDS = 0.3
BEFORE_STOP = frozenset(("k", "ky", "s", "sh", "t", "ts", "ch", "p", "py"))  # what cl stands before

CARD = CorpusCard(
    name="utau",
    licence="the voicebank's own terms",
    credit="",
    home="https://utau2008.xrea.jp",
    language="zh ja",
    convention="vowel-anchored",
    phonemes=(SILENCE, BREATH),
    singers=(),
    defects=("made from a voicebank by rule: labels and F0 are exact, the singing is not real",),
)


@dataclass(frozen=True)
class Wishes:
    """What the user has a say in."""

    accept_terms: bool = False
    minutes: float = MINUTES
    seed: int = 0
    language: str | None = None  # found out from the aliases
    name: str = ""  # where the bank does not say
    author: str = ""
    home: str = ""


@dataclass(frozen=True)
class Plan:
    """The work, and what there is to say about it."""

    planned: Planned
    coverage: Coverage
    pieces: Pieces
    doubts: tuple[str, ...]


def read(root: Path, wishes: Wishes | None = None) -> Voicebank:
    """The bank at `root` as its files say, nothing measured; its terms are in `about`."""
    wishes = wishes or Wishes()
    found = voicebanks.read(Path(root), language=wishes.language)
    about = found.about
    said = replace(
        about, name=wishes.name or about.name, author=wishes.author or about.author, home=wishes.home or about.home
    )
    return replace(found, about=said)


def introduction(found: Voicebank) -> str:
    """Whose voice it is and on what terms, for the user to read."""
    about = found.about
    by = f" by {about.author}" if about.author else ", whose author is not named"
    terms = about.terms or "(no terms were found in the bank: ask its author before you use it)"
    return f"{about.name}{by} {about.home}".rstrip() + f"\n\n{terms}\n"


def card(root: Path) -> CorpusCard:
    """The card of the bank at `root`."""
    return card_of(read(root))


def card_of(found: Voicebank) -> CorpusCard:
    """The card: name, author and terms of the bank, and what was done to its recordings."""
    about = found.about
    author = about.author or "an author who is not named"
    return replace(
        CARD,
        name=about.name,
        licence=f"the terms of the voicebank {about.name}",
        credit=f"Voicebank {about.name} by {author}; edited: its recordings were cleaned, cut up and sung anew by "
        "visinger's voicebank singer",
        home=about.home,
        language=found.language,
        phonemes=tuple(sorted(language.phoneme_set(found.language))),
        singers=(about.name,),
        terms=about.terms,
    )


def jobs(root: Path) -> list[Job]:
    """Refuses: a voicebank is used only after its terms were accepted; see `plan`."""
    found = read(root)
    raise CorpusError(
        f"the terms of '{found.about.name}' were not accepted",
        where=root,
        remedy=f"read them ({', '.join(found.about.files) or 'none found: ask the author'}), then give --accept-terms",
    )


def plan(found: Voicebank, wishes: Wishes, *, cache: Path | None = None) -> Plan:
    """The songs to sing with a bank; measures its recordings first, once (`cache`, .npz, keeps that).

    Raises CorpusError where the terms were not accepted.
    """
    if not wishes.accept_terms:
        jobs(found.root)
    if not 0 < wishes.minutes <= 6000:
        raise CorpusError(f"{wishes.minutes:g} minutes cannot be sung", remedy="ask for 1 to 6000")
    measured = _measured(found, cache)
    songs = max(1, math.ceil(60 * wishes.minutes / (PHRASES * MEAN_TAKE_SECONDS)))
    deck = _Deck(measured.pieces, wishes.seed)
    about = {"revision": REVISION, "seed": wishes.seed, "singer": found.about.name}
    work = []
    for song in range(songs):
        shift, words = deck.deal(song)
        settings = about | {"song": song, "shift": shift, "words": words}
        line = json.dumps(settings, sort_keys=True, ensure_ascii=False)
        work.append(Job(_song(song), (str(measured.pieces.path),), line))
    return Plan(
        Planned(card_of(found), tuple(work)),
        deck.cover.coverage(measured.pieces.transitions),
        measured.pieces,
        (*found.doubts, *measured.doubts),
    )


def make(job: Job) -> list[Take]:
    """The takes of one song: a pure function of the job and the bank's pieces."""
    settings = json.loads(job.settings)
    song, seed = settings["song"], settings["seed"]
    tune = _tune(song, seed, settings["shift"])
    return [
        _take(job.sources[0], tune, [_word(w) for w in words], (song, number, seed), settings["singer"])
        for number, words in enumerate(settings["words"])
    ]


def _take(path: str, tune: Melody, words: list[Word], at: tuple[int, int, int], voice: str) -> Take:
    song, number, seed = at
    singer = _singer(path)
    index = song * PHRASES + number
    phrase = _phrase(tune, number, words, (seed, index), singer.pieces.language)
    noise = seed * 1_000_003 + index
    return sung_take(singer, phrase, name=f"{_song(song)}-{number}", song=_song(song), voice=voice, seed=noise)


class _Deck:
    """Deals words to melodies, song by song; each song depends on those before it."""

    def __init__(self, measured: Pieces, seed: int) -> None:
        self.seed, self.language = seed, measured.language
        self.pieces = measured
        heights = [pitch.midi for pitch in measured.pitches]
        self.lowest = round(min(heights)) - REACH_SEMITONES
        self.highest = round(max(heights)) + REACH_SEMITONES
        self.by_pitch = len(measured.pitches) >= 3
        syllables = measured.syllables
        self.ends = [measured.spelling.end_of(*sounds) for sounds in syllables]
        self.cover = Cover(syllables, self.ends, bands=len(measured.pitches) if self.by_pitch else 3)
        self.before_stop = np.array([bool(onset) and onset[0] in BEFORE_STOP for onset, _ in syllables])
        self.nasal = measured.language == "ja" and ((), "N") in syllables

    def deal(self, song: int) -> tuple[int, list[list[Word]]]:
        """By how many semitones a song is moved, and the words of its phrases."""
        rng = np.random.default_rng([self.seed, song, 21])
        room = range(self.lowest - melodies.LOWEST_MIDI, self.highest - melodies.HIGHEST_MIDI + 1)
        shift = int(room[int(rng.integers(len(room)))])
        tune = _tune(song, self.seed, shift)
        return shift, [self._words(line, tune.beats_per_minute, rng) for line in tune.phrases]

    def _words(self, line: tuple[Tone, ...], beats_per_minute: float, rng: np.random.Generator) -> list[Word]:
        words: list[Word] = []
        before: str | None = None
        stopped = False
        for place, tone in enumerate(line):
            if tone.slurred:
                continue
            seconds = 60 * tone.beats / beats_per_minute
            chosen = self.cover.choose(
                before,
                band=self._band(tone.pitch_midi),
                seconds=seconds,
                rng=rng,
                among=self.before_stop if stopped else None,
            )
            onset, nucleus = self.cover.syllables[chosen]
            held = place + 1 < len(line) and line[place + 1].slurred
            coda = self._coda(nucleus, rng) if seconds >= SHORTEST_CLOSED_SECONDS and not held else ()
            stopped = coda == ("cl",)
            before = None if stopped else "N" if coda else self.ends[chosen]
            if stopped and place + 1 == len(line):
                coda, stopped = (), False
            words.append((onset, nucleus, coda))
        return words

    def _coda(self, nucleus: str, rng: np.random.Generator) -> tuple[str, ...]:
        """What closes a Japanese syllable, now and then."""
        if self.language != "ja" or nucleus == "N":
            return ()
        drawn = rng.uniform()
        if drawn < CODA_CHANCE and self.before_stop.any():
            return ("cl",)
        return ("N",) if drawn < 2 * CODA_CHANCE and self.nasal else ()

    def _band(self, pitch_midi: int) -> int:
        if self.by_pitch:
            return self.pieces.pitch_for(pitch_midi)
        third = 3 * (pitch_midi - self.lowest) // (self.highest - self.lowest + 1)
        return int(np.clip(third, 0, 2))


def _tune(song: int, seed: int, shift: int) -> Melody:
    tune = melodies.melody(song, seed, phrases=PHRASES)
    moved = (tuple(replace(tone, pitch_midi=tone.pitch_midi + shift) for tone in line) for line in tune.phrases)
    return replace(tune, phrases=tuple(moved))


def _phrase(tune: Melody, number: int, words: list[Word], key: tuple[int, int], spoken: str) -> Phrase:
    """One phrase of a melody with its words, rests around it, laid on the frame grid."""
    rng = np.random.default_rng([*key, 22])
    breath = rng.uniform() >= 0.4
    slots: list[tuple[str | Word, Tone | None, float]] = [(SILENCE, None, 0.06)] if breath else []
    slots.append((BREATH if breath else SILENCE, None, float(rng.uniform(0.25, 0.5))))
    coming = iter(words)
    sung: Word = ((), "", ())
    for tone in tune.phrases[number]:
        sung = sung if tone.slurred else next(coming)
        slots.append((sung, tone, 60 * tone.beats / tune.beats_per_minute))
    slots.append((SILENCE, None, float(rng.uniform(0.15, 0.4))))
    return laid_out(slots, language=spoken)


def _word(listed: list) -> Word:
    onset, nucleus, coda = listed
    return tuple(onset), nucleus, tuple(coda)


def _song(song: int) -> str:
    return f"utau{song:04d}"


def _measured(found: Voicebank, cache: Path | None) -> measuring.Measured:
    if cache is None:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = home / "visinger" / f"voicebank-{measuring.fingerprint(found)[:16]}.npz"
    try:
        import joblib
    except ImportError:
        return measuring.measure(found, cache)
    spread = joblib.Parallel(n_jobs=-1, batch_size=8, return_as="generator")
    return measuring.measure(found, cache, parallel=lambda work, items: spread(joblib.delayed(work)(i) for i in items))


@lru_cache(maxsize=2)
def _singer(path: str) -> VoicebankSinger:
    return VoicebankSinger(pieces.load(path))
