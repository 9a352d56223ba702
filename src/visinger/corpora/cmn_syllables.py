"""A Mandarin singing corpus made from spoken syllables: exact labels, exact F0, and no real singing.

The concatenative singer sings melodies (`melodies.py`) on syllables dealt from
a deck, so that every syllable of the recordings comes up equally often beside
the common ones. Figures measured on it say how well a model learnt *it*.

The recordings of one tone are left out, as far as each syllable has another:
their words can then be tested on speech that the corpus never held.
"""

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from visinger import language
from visinger.concatenation import units
from visinger.concatenation.singer import ConcatenativeSinger
from visinger.concatenation.units import Units
from visinger.corpora import melodies
from visinger.corpora.corpus import Job
from visinger.corpora.melodic_phrases import Word, laid_out, sung_take
from visinger.corpora.melodies import Tone
from visinger.corpora.take import CorpusCard, Take
from visinger.errors import CorpusError
from visinger.language import pinyin
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase
from visinger.units import FRAMES_PER_SECOND

LANGUAGE = "zh"
SINGER = "chen-wang"
REVISION = "2"  # counts in every job's digest: raise it when the takes change
MINUTES = 60.0
HELD_OUT_TONE = 3  # it creaks: the least loss to the singer
PHRASES = 6  # of a song, a take each
MEAN_TAKE_SECONDS = 5.0  # measured; turns minutes into songs
DEALT = 6  # syllables of a take that come from the deck; every phrase is at least so long or takes fewer

CARD = CorpusCard(
    name="cmn-syllables",
    licence="CC BY-SA",  # the source names no version
    credit="Recordings: Chen Wang, for Hugo Lopez' audio-cmn; sung from them by visinger's concatenative singer",
    home="https://github.com/hugolpz/audio-cmn",
    language=LANGUAGE,
    convention="vowel-anchored",
    phonemes=tuple(sorted(language.phoneme_set(LANGUAGE))),
    singers=(SINGER,),
    defects=("made from spoken syllables by rule: labels and F0 are exact, the singing is not real",),
    hours=1.0,
)

# Syllables that lyrics are full of: half of what the deck does not deal
_COMMON = (
    "de wo ni shi bu zai you yi le xin ai ren qu lai hao dao zhe li na wei guo wan kan shang xia tian hui he zhi xiang "
    "ye feng hua yue yu meng sheng zou qing ming ri yan lei jian dong nian chun qiu shui shan yun guang ge fei yuan "
    "duo shao zi mei jia hai lu liu yang ran dan neng dou hen mo jiu rang bian wen xiao nan lian hong zhong"
)


def jobs(root: Path, *, minutes: float = MINUTES, seed: int = 0, held_out_tone: int = HELD_OUT_TONE) -> list[Job]:
    """One job a song of six takes; analyses the recordings below `root` first, once.

    Raises CorpusError when `root` holds no recordings of toned syllables.
    """
    database = _database(Path(root)).path
    settings = {"revision": REVISION, "seed": seed, "held_out_tone": held_out_tone}
    songs = max(1, math.ceil(60 * minutes / (PHRASES * MEAN_TAKE_SECONDS)))
    return [
        Job(_song(song), (str(database),), json.dumps(settings | {"song": song}, sort_keys=True))
        for song in range(songs)
    ]


def make(job: Job) -> list[Take]:
    """The takes of one song: a pure function of the job and the unit database."""
    settings = json.loads(job.settings)
    first = settings["song"] * PHRASES
    return [
        make_take(job.sources[0], first + k, settings["seed"], held_out_tone=settings["held_out_tone"])
        for k in range(PHRASES)
    ]


def takes(
    root: str | Path,
    *,
    minutes: float = MINUTES,
    seed: int = 0,
    cache: str | Path | None = None,
    held_out_tone: int = HELD_OUT_TONE,
) -> Iterator[Take]:
    """Takes of about `minutes` altogether, one after the other; `cache` is where the unit database is kept (.npz)."""
    database = _database(Path(root), None if cache is None else Path(cache)).path
    sung_seconds, index = 0.0, 0
    while sung_seconds < 60 * minutes:
        take = make_take(database, index, seed, held_out_tone=held_out_tone)
        yield take
        sung_seconds += take.phrase.frames / FRAMES_PER_SECOND
        index += 1


def make_take(units_path: str | Path, index: int, seed: int, *, held_out_tone: int | None = HELD_OUT_TONE) -> Take:
    """Take `index` of the corpus that `seed` makes: a pure function of its arguments and the database."""
    song, number = divmod(index, PHRASES)
    singer = _singer(str(units_path), held_out_tone)
    phrase = make_phrase(singer.units, index, seed)
    noise = seed * 1_000_003 + index
    return sung_take(singer, phrase, name=f"{_song(song)}-{number}", song=_song(song), voice=SINGER, seed=noise)


def make_phrase(database: Units, index: int, seed: int) -> Phrase:
    """What take `index` sings: a phrase of its song's melody, rests around it, syllables on its notes."""
    song, number = divmod(index, PHRASES)
    tune = melodies.melody(song, seed, phrases=PHRASES)
    tones = tune.phrases[number]
    rng = np.random.default_rng([seed, index, 12])
    words = iter(deal(database, index, seed, sum(not tone.slurred for tone in tones)))
    before = SILENCE if rng.uniform() < 0.4 else BREATH
    opening = float(rng.uniform(0.25, 0.5))
    slots: list[tuple[str | Word, Tone | None, float]] = []  # what is sung, on which tone, for how many seconds
    if before == BREATH:
        slots.append((SILENCE, None, 0.06))
    slots.append((before, None, opening))
    table = pinyin.table()
    sung: Word = ((), "", ())
    for tone in tones:
        if not tone.slurred:
            syllable = table[next(words)]
            sung = syllable.onset, syllable.nucleus, ()
        slots.append((sung, tone, 60 * tone.beats / tune.beats_per_minute))
    slots.append((SILENCE, None, float(rng.uniform(0.15, 0.4))))
    return laid_out(slots, language=LANGUAGE)


def deal(database: Units, index: int, seed: int, count: int) -> list[str]:
    """`count` syllables: the next cards of a shuffled deck of all of them, filled up with common ones, mixed."""
    deck = sorted(syllables(database))
    cards = []
    for place in range(index * DEALT, index * DEALT + min(DEALT, count)):
        shuffle, at = divmod(place, len(deck))
        cards.append(deck[int(np.random.default_rng([seed, shuffle, 13]).permutation(len(deck))[at])])
    rng = np.random.default_rng([seed, index, 14])
    common = [word for word in _COMMON.split() if word in deck] or deck
    while len(cards) < count:
        pool = common if rng.uniform() < 0.5 else deck
        cards.append(pool[int(rng.integers(len(pool)))])
    return [cards[k] for k in rng.permutation(count)]


@lru_cache(maxsize=4)
def syllables(database: Units) -> dict[str, tuple[str, str]]:
    """Every recorded syllable as pinyin, with its initial ("" for none) and its final."""
    spelled = {("".join(s.onset), s.nucleus): text for text, s in sorted(pinyin.table().items())}
    return {spelled[pair]: pair for pair in database.by_syllable if pair in spelled}


def _song(song: int) -> str:
    return f"cmn{song:04d}"


def _database(root: Path, cache: Path | None = None) -> Units:
    if not root.is_dir():
        raise CorpusError("no such folder", where=root, remedy="give the folder of the recordings")
    cache = cache or units.kept_at(root)
    try:
        import joblib
    except ImportError:
        return units.prepare(root, cache)
    spread = joblib.Parallel(n_jobs=-1, batch_size=16)
    return units.prepare(root, cache, parallel=lambda work, items: spread(joblib.delayed(work)(i) for i in items))


@lru_cache(maxsize=2)
def _singer(units_path: str, held_out_tone: int | None) -> ConcatenativeSinger:
    return ConcatenativeSinger(units.load(units_path).without_tone(held_out_tone))
