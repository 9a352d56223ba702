"""`visinger check openutau`: everything that the editor will ask of a bank, asked before it does."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from visinger.audio import write_wave
from visinger.score.score import Note, Part, Score, Tempo, TempoMap
from visinger.units import TICKS_PER_QUARTER
from visinger.voices.openutau import inspecting, reading
from visinger.voices.openutau.archive import BankFiles, opened
from visinger.voices.openutau.comparing import MEDIAN_CENTS, ONSET_SECONDS, Comparison, compare, in_time
from visinger.voices.openutau.contract import VOCODER
from visinger.voices.openutau.dictionary import read_dictionary
from visinger.voices.openutau.editor import Editor, Stage
from visinger.voices.openutau.findings import Attempts, Finding, Findings
from visinger.voices.openutau.playing import NOTE_MS, TUNE, play, tune
from visinger.voices.voice import Voice


@dataclass(frozen=True)
class Wishes:
    """What to check beside the bank itself."""

    voice: Voice | None = None  # that it was made from: sing with both
    score: Score | None = None  # what to sing; otherwise a few notes
    save: Path | None = None  # a folder for the waves


def check(bank: str | Path, wishes: Wishes | None = None) -> Iterator[Finding]:
    """The findings one by one, as they are made. Raises VoiceError only where there is no bank at all."""
    wishes = wishes or Wishes()
    with opened(bank) as files:
        yield from inspecting.inspect_files(files)
        attempt = Attempts()
        editor = yield from _stages(files, attempt)
        if editor is None:
            return
        tone = 60
        if wishes.voice is not None:
            described = wishes.voice.description
            tone = (described.lowest_midi + described.highest_midi) // 2 - max(TUNE) // 2
        played = attempt(lambda: list(play(editor, tone=tone)))
        yield from [*(played or ()), *attempt.taken()]
        if wishes.voice is not None and played is not None:
            voice, score = wishes.voice, wishes.score or _tune_score(editor, tone, wishes.voice.language)
            compared = attempt(lambda: compare(editor, voice, score))
            yield from attempt.taken()
            if compared is not None:
                yield from _compared(compared, voice)
                if wishes.save is not None:
                    wishes.save.mkdir(parents=True, exist_ok=True)
                    write_wave(wishes.save / "bank.wav", compared.bank)
                    write_wave(wishes.save / "voice.wav", compared.ours)


def _stages(files: BankFiles, attempt: Attempts) -> Generator[Finding, None, Editor | None]:
    """Read every stage and say what is wrong with it; the editor, where nothing is missing."""
    there = [folder for folder in reading.MODELS if folder != reading.PITCH or f"{folder}{reading.SETTINGS}" in files]
    read = {folder: attempt(partial(reading.read_stage, files, folder)) for folder in there}
    vocoder = attempt(partial(reading.read_vocoder, files))
    words = attempt(partial(read_dictionary, files, reading.dictionary_name(files, reading.DURATION)))
    yield from attempt.taken()
    stages = {folder: stage for folder, stage in read.items() if stage is not None}
    acoustic, duration = stages.get(reading.ACOUSTIC), stages.get(reading.DURATION)
    if acoustic is not None and vocoder is not None:
        found = attempt(lambda: list(inspecting.inspect_settings(acoustic.settings, vocoder.settings)))
        yield from [*(found or ()), *attempt.taken()]
    if words is not None:
        yield from inspecting.inspect_phonemes(words, stages)
    for folder, stage in stages.items():
        yield from _models(folder, stage)
    if vocoder is not None:
        yield from inspecting.inspect_model(vocoder.models["vocoder"], VOCODER)
    if f"{reading.VARIANCE}{reading.SETTINGS}" in files:
        text = "has a variance model, which is not played here: its curves are taken to be even"
        yield Finding("doubt", reading.VARIANCE, text)
    if acoustic is None or vocoder is None or duration is None or words is None:
        return None
    if len(stages) < len(there):
        return None
    pitch = stages.get(reading.PITCH)
    return Editor(files, words, acoustic=acoustic, vocoder=vocoder, duration=duration, pitch=pitch)


def _models(folder: str, stage: Stage) -> Findings:
    settings, models = stage.settings, stage.models
    if folder == reading.ACOUSTIC:
        yield from inspecting.inspect_model(models["acoustic"], inspecting.acoustic_inputs(settings))
        return
    by_word = folder == reading.DURATION or settings.flag("predict_dur")
    linguistic = inspecting.linguistic_inputs(settings, by_word=by_word)
    yield from inspecting.inspect_model(models["linguistic"], linguistic)
    yield from inspecting.inspect_linguistic(models["linguistic"])
    if folder == reading.DURATION:
        wanted = inspecting.duration_inputs(settings)
        yield from inspecting.inspect_model(models["dur"], wanted, optional=("word_div", "word_dur"))
    else:
        yield from inspecting.inspect_model(models["pitch"], inspecting.pitch_inputs(settings))


def _compared(found: Comparison, voice: Voice) -> Findings:
    """The bank beside the voice that it was made from."""
    place, frame_ms = f"beside '{voice.name}'", 1000 * ONSET_SECONDS
    text = f"pitch as heard {found.median_cents:.1f} cents apart (median of {len(found.cents)} frames)"
    if found.median_cents <= MEDIAN_CENTS:
        yield Finding("ok", place, text)
    else:
        yield Finding("wrong", place, f"{text}, {MEDIAN_CENTS:g} allowed", "export the bank from this voice")
    late_ms = 1000 * float(np.abs(found.vowels).max(initial=0.0))
    text = f"vowels begin up to {late_ms:.0f} ms apart"
    if in_time(found.vowels) == 1.0:
        yield Finding(
            "ok", place, f"{text}; {100 * in_time(found.consonants):.0f} % of consonants within {frame_ms:g} ms"
        )
    else:
        yield Finding("wrong", place, f"{text}, {frame_ms:g} ms allowed", "export the bank from this voice")
    if not len(found.heard):
        return
    heard_ms = 1000 * float(np.median(np.abs(found.heard)))
    text = f"voicing is heard to begin {heard_ms:.1f} ms apart (median of {len(found.heard)})"
    if heard_ms <= frame_ms:
        yield Finding("ok", place, text)
    else:
        yield Finding("doubt", place, f"{text}, more than {frame_ms:g} ms", "compare over a longer --score")


def _tune_score(editor: Editor, tone: int, language: str) -> Score:
    """The tune that is played for every bank, as a score, a quarter and a word for each note."""
    notes = tune(editor, tone=tone, held=False)
    quarter = TICKS_PER_QUARTER
    first = round(quarter * notes[0].start_ms / NOTE_MS)
    sung = [Note(first + k * quarter, quarter, note.tone, note.lyric) for k, note in enumerate(notes)]
    tempo = TempoMap((Tempo(0, Fraction(60_000) / Fraction(NOTE_MS)),))
    length = first + (len(sung) + 2) * quarter
    return Score((Part("tune", tuple(sung)),), tempo, length_ticks=length, language=language)
