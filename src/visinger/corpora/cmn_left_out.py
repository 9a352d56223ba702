"""Mandarin phrases of the recordings that `cmn-syllables` leaves out: a yardstick for words.

The corpus holds none of one tone's recordings (`cmn_syllables`), as far as a
syllable has another. Here the same concatenative singer sings new melodies
with these recordings alone. Neither a voice nor a recogniser taught on the
corpus has heard them; both know the singer's rules, the speaker and the
phonemes. What is not new, then, is the manner: this is speech made to sing.
"""

from pathlib import Path

from visinger.concatenation import units
from visinger.concatenation.singer import ConcatenativeSinger
from visinger.corpora.cmn_syllables import HELD_OUT_TONE, PHRASES, SINGER, make_phrase
from visinger.corpora.melodic_phrases import sung_take
from visinger.corpora.take import Take
from visinger.errors import CorpusError

FIRST_SONG = 10_000  # beyond every song of a corpus: other melodies, other words
NOISE_SEED = 5_000_011


def left_out_takes(
    recordings: str | Path, *, count: int, tone: int = HELD_OUT_TONE, seed: int = 0, cache: Path | None = None
) -> list[Take]:
    """`count` takes sung with the left-out recordings of `tone` alone.

    `recordings` is the folder of spoken syllables, or its unit database
    (.npz). Raises CorpusError where nothing was left out.
    """
    path = Path(recordings)
    if path.suffix != ".npz":
        path = units.prepare(path, cache or units.kept_at(path)).path
    left_out = units.load(path).only_without(tone)
    if not left_out.units:
        raise CorpusError(f"no recording of tone {tone} was left out", where=path, remedy="give all recordings")
    singer = ConcatenativeSinger(left_out)
    takes = []
    for index in range(count):
        phrase = make_phrase(left_out, FIRST_SONG * PHRASES + index, seed)
        song, name = f"tone{tone}-{index // PHRASES:03d}", f"tone{tone}-{index // PHRASES:03d}-{index % PHRASES}"
        takes.append(sung_take(singer, phrase, name=name, song=song, voice=SINGER, seed=NOISE_SEED + index))
    return takes
