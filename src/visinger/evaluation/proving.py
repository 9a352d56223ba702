"""Proving: gathers for one voice what its gates are told from, beyond the held-out takes and the examples.

The words of a Mandarin voice are counted on `corpora.cmn_left_out`: phrases of
recordings that its corpus never held. The yardstick is the error that the
recogniser makes on these recordings, sung by the rule-based singer; the voice
sings the same phrases from the score. A ratio near 1 says that its words are
as clear as the material it was made of, to a listener who knows that material.
It does not say that people understand it, nor that real singing is the measure:
there is none in this corpus. Where recordings of real singing are held out
(PJS), words are counted on those.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from visinger.corpora.cmn_left_out import left_out_takes
from visinger.corpora.prepared import Prepared
from visinger.evaluation import concert
from visinger.evaluation.concert import Contender, sing_takes
from visinger.evaluation.examples import Example
from visinger.evaluation.gates import Evidence
from visinger.evaluation.judging import Verdict
from visinger.evaluation.metrics import Tally
from visinger.evaluation.reports import shown
from visinger.evaluation.scales import sing_scale, vowels_of
from visinger.evaluation.summary import summarise
from visinger.signal.loudness import lufs
from visinger.signal.mel import log_mel
from visinger.voices import embedded
from visinger.voices.compass import pitch_name
from visinger.voices.voice import Voice

LEFT_OUT_TAKES = 72  # about 900 phonemes
BYTES_PER_MB = 1e6
_MODES = {"given": "with the recordings' times and pitch", "score": "from the score alone"}
_SAYS = (
    "New melodies on syllables whose recordings of one tone are in no take of the corpus. The first row is the "
    "yardstick: these recordings, sung by the rule-based singer that made the corpus. Neither the recogniser nor the "
    "voice has heard them; both know speaker, phonemes and manner. It says how clear the voice is beside its material, "
    "not how well people understand it."
)
HELD_OUT, LEFT_OUT = "the held-out recordings", "recordings of the tone left out of the corpus"


def words_left_out(
    recordings: Path, singers: Sequence[Contender], recogniser, *, kept: Callable[[Contender], Path], seed: int = 0
) -> list[Verdict]:
    """Phoneme errors on phrases of left-out recordings: the recordings' own, then every singer's in both modes.

    `recogniser` is an `alignment.recogniser.PhonemeRecogniser`; it must know
    the corpus only. Raises CorpusError where nothing was left out.
    """
    takes = left_out_takes(recordings, count=LEFT_OUT_TAKES)
    verdicts = []
    for contender in (concert.recording(), *singers):
        for mode in contender.modes:
            for sung in sing_takes(contender, takes, mode, kept=kept(contender), seed=seed):
                found = recogniser.errors(log_mel(sung.samples, sung.take.sample_rate_hz), sung.take.phrase.phonemes)
                tallies = {"phoneme_error_rate": Tally(found.errors, found.phonemes)}
                verdicts.append(Verdict(sung.take.name, sung.singer, sung.mode, tallies))
    return verdicts


def left_out_section(words: Sequence[Verdict]) -> str:
    """What the words on the left-out tone say, as a section of the report."""
    lines = ["| singer | sung | phoneme error rate, % | phonemes |", "|---|---|---|---|"]
    for row in summarise(words):
        same = [v for v in words if (v.singer, v.mode) == (row.singer, row.mode)]
        counted = sum(v.tallies["phoneme_error_rate"].count for v in same)
        sung = "by rule, from left-out recordings" if row.singer == "recording" else _MODES[row.mode]
        lines.append(f"| {row.singer} | {sung} | {shown(row.figures['phoneme_error_rate'])} | {counted:.0f} |")
    return f"## Words on the tone left out\n\n{_SAYS}\n\n" + "\n".join(lines)


def evidence(
    voice: Voice,
    folder: Path,
    verdicts: Sequence[Verdict],
    *,
    left_out: Sequence[Verdict],
    examples: Sequence[Example],
    corpus: Prepared | None,
    by: str = "song",
) -> Evidence:
    """What the gates of `voice`, which lies in `folder`, are told from."""
    about = voice.description
    return Evidence(
        voice=voice.name,
        verdicts=verdicts,
        words=left_out or verdicts,
        words_of=LEFT_OUT if left_out else HELD_OUT,
        examples=[one for one in examples if one.voice == voice.name],
        scale=sing_scale(voice) if vowels_of(voice) else None,
        natural_range=f"{pitch_name(about.lowest_midi)}–{pitch_name(about.highest_midi)}",
        corpus_lufs=None if corpus is None else corpus_lufs(corpus, about.gain, by=by),
        megabytes=megabytes(voice.name, folder),
    )


def corpus_lufs(corpus: Prepared, gain: float, *, by: str = "song") -> float:
    """Loudness of all training takes, end to end, times the gain."""
    takes = list(corpus.takes("train", by=by))
    joined = np.concatenate([take.samples for take in takes])
    return lufs(gain * joined.astype(np.float64), takes[0].sample_rate_hz)


def megabytes(name: str, folder: Path) -> dict[str, float]:
    """Size of every embedded voice, this one in the place of its namesake."""
    folders = {known: embedded.EMBEDDED / known for known in embedded.embedded_voices()} | {name: folder}
    return {
        known: sum(path.stat().st_size for path in where.iterdir() if path.is_file()) / BYTES_PER_MB
        for known, where in sorted(folders.items())
    }
