"""The page's own arithmetic against the package's: tempos, bars, drawn pitch; and what settles after an edit."""

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hands import song

from visinger.score.bars import Bars
from visinger.score.formats.json_score import from_document
from visinger.score.score import Tempo, TempoMap, TimeSignature

TEMPOS = [(0, Fraction(76)), (480, Fraction(116, 3)), (2000, Fraction("90.5")), (9600, Fraction(240))]
SIGNATURES = [(0, 4, 4), (3840, 3, 4), (6720, 7, 8), (7000, 2, 2)]  # the last one cuts a bar short


def ask(desk, module: str, script: str, argument: object = None) -> object:
    """What a function body gives that has the module's exports as `m`."""
    body = f"async (given) => {{ const m = await import('/{module}'); {script} }}"
    return desk.page.evaluate(body, argument)


def test_ticks_and_seconds_are_those_of_the_score(desk) -> None:
    tempos = TempoMap(tuple(Tempo(tick, speed) for tick, speed in TEMPOS))
    ticks = [*range(0, 12000, 37), *(tick for tick, _ in TEMPOS)]
    given = [{"tick": tick, "quarters_per_minute": str(speed)} for tick, speed in TEMPOS]
    script = """const map = m.tempo_map(given[0]);
      return given[1].map((tick) => [map.seconds_at(tick), map.tick_at(map.seconds_at(tick))]);"""
    for tick, (seconds, back) in zip(ticks, ask(desk, "tempo_map.js", script, [given, ticks]), strict=True):
        assert seconds == pytest.approx(float(tempos.seconds(tick)), abs=1e-9)
        assert back == pytest.approx(tick, abs=1e-6)


def test_bars_and_beats_are_those_of_the_score(desk) -> None:
    signatures = tuple(TimeSignature(*entry) for entry in SIGNATURES)
    bars = Bars(signatures)
    given = [{"tick": tick, "beats": beats, "beat_unit": unit} for tick, beats, unit in SIGNATURES]
    lines = ask(desk, "tempo_map.js", "return m.bars(given, 20000).map(({tick, bar}) => [tick, bar]);", given)
    assert [tick for tick, _ in lines] == [start for start, _, _ in bars.spans(20000)]
    assert [bar for _, bar in lines] == [bars.place(tick)[0] for tick, _ in lines]
    ticks = list(range(0, 9000, 120))
    script = "return given[1].map((tick) => m.place_of({time_signatures: given[0]}, tick)).map((p) => [p.bar, p.beat]);"
    places = ask(desk, "ruler.js", script, [given, ticks])
    for tick, (bar, beat) in zip(ticks, places, strict=True):
        assert (bar, beat) == (bars.place(tick)[0], pytest.approx(float(bars.place(tick)[1]))), tick


def test_any_row_of_edits_leaves_one_voice_that_the_reader_takes_and_undo_takes_all_of_it_back(desk) -> None:
    chance = random.Random(6)
    desk.open()
    before = desk.page.evaluate("visinger.state.document")
    script = """async ([picks, name, ticks, semitones]) => {
      const {state} = visinger, m = await import('/editing.js');
      state.select(picks.map((pick) => pick % Math.max(state.notes.length, 1)));
      const acts = {
        move: (d) => m.shift(d, ticks, semitones), head: (d) => m.resize(d, 'start', ticks, 30),
        tail: (d) => m.resize(d, 'end', ticks, 30), split: (d) => m.split(d, Math.abs(ticks), 60), merge: m.merge,
        remove: (d) => { d.selected = d.selected.slice(0, 1); m.remove(d); },
        write: (d) => m.insert(d, {tick: Math.abs(ticks) * 3, duration: 333, pitch: 60 + semitones}),
        paste: (d) => m.paste(d, m.copied(d.selected).notes, Math.abs(ticks) * 2),
      };
      state.change('undo_move', acts[name]);
      return [state.score, state.selection];
    }"""
    names = ["move", "head", "tail", "split", "merge", "remove", "write", "paste"]
    for _ in range(60):
        picks = [chance.randrange(1000) for _ in range(chance.randrange(1, 4))]
        edit = [picks, chance.choice(names), chance.randrange(-900, 900), chance.randrange(-30, 30)]
        document, selection = desk.page.evaluate(script, edit)
        if any(part["notes"] for part in document["parts"]):
            (part,) = from_document(document, Path("edited")).parts  # raises where notes overlap or leave MIDI's range
            assert all(index < len(part.notes) for index in selection)
    desk.page.evaluate("while (visinger.state.undo_label) visinger.state.undo()")
    assert desk.page.evaluate("visinger.state.document") == before
    desk.page.evaluate("while (visinger.state.redo_label) visinger.state.redo()")
    assert desk.page.evaluate("visinger.state.score") == document


def test_a_mutator_that_fails_changes_nothing(desk) -> None:
    desk.open()
    script = """() => {
      const {state} = visinger, before = state.document;
      try { state.change('undo_move', (draft) => { draft.notes[0].pitch = 1; throw new Error('halfway'); }); }
      catch { return state.document === before && state.undo_label === ''; }
    }"""
    assert desk.page.evaluate(script) is True
    frozen = "() => { try { visinger.state.notes[0].pitch = 1; } catch (error) { return error.name; } }"
    assert desk.page.evaluate(frozen) in ("TypeError", None)
    assert desk.notes("pitch")[0] == (song()["parts"][0]["notes"][0]["pitch"],)


def test_drawn_pitch_and_phoneme_boundaries_go_with_their_notes(desk) -> None:
    desk.open()
    curve = [[480, 57.2], [700, 57.4], [959, 57.1], [960, None], [1000, 59.5], [1900, 59.0], [1920, None]]
    boundaries = [{"note": k, "ordinal": 0, "offset_frames": -5 - k} for k in (0, 1, 2)]
    draw = """([curve, boundaries]) => visinger.state.change('undo_move', (draft) => {
      draft.part_document.pitch_curve = curve;
      draft.edits.boundaries = boundaries;
    })"""
    desk.page.evaluate(draw, [curve, boundaries])
    desk.page.evaluate("visinger.state.select([1])")
    desk.page.focus("#roll")
    desk.keys("ArrowUp")
    value = """(tick) => import('/curves.js').then((m) => m.value_at(visinger.state.part_document.pitch_curve, tick))"""
    raised = {480: 58.2, 590: 58.3, 700: 58.4, 959: 58.1, 970: None, 1000: 59.5, 1450: 59.25, 1950: None}
    for tick, pitch in raised.items():
        found = desk.page.evaluate(value, tick)
        assert found == (None if pitch is None else pytest.approx(pitch, abs=2e-3)), tick
    desk.keys("Control+z", "Delete")  # the note goes, and what belonged to it
    kept = [{**boundaries[0]}, {**boundaries[2], "note": 1}]
    assert desk.page.evaluate("visinger.state.edits.boundaries") == kept
    desk.page.evaluate("visinger.state.select([1])")
    desk.keys("Enter")
    desk.page.keyboard.insert_text("み")
    desk.keys("Enter")
    assert desk.page.evaluate("visinger.state.edits.boundaries") == kept[:1], "other words have other phonemes"
    desk.keys("Control+z", "Control+z")
    assert desk.page.evaluate("visinger.state.edits.boundaries") == boundaries
