// The pitch by keyboard alone: arrows go from note to note and bend the drawn pitch, the rest have letters.

import { FIRST_VIBRATO, first_glide, reset_notes, set_curve, set_glide } from "./note_pitch.js";
import { drawn_over } from "./pitch_drawing.js";
import { pitch_name } from "./roll.js";

const CENTS = { plain: 10, shift: 100, alt: 1 };
const STEP_FRAMES = 1;

export function start_pitch_keys(lane) {
  const { canvas, state, view, context } = lane;
  const { say, announce } = context;

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const cents = event.shiftKey ? CENTS.shift : event.altKey ? CENTS.alt : CENTS.plain;
    const act = {
      ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => choose(0), End: () => choose(state.notes.length - 1),
      ArrowUp: () => bend(cents), ArrowDown: () => bend(-cents), Delete: reset, Backspace: reset,
      p: () => lane.set_mode("pen"), e: () => lane.set_mode("erase"), h: () => lane.set_mode("shape"),
      v: () => toggle_vibrato(lane), g: () => toggle_glide(lane),
    }[event.key];
    if (!act) {
      if (event.key === "Escape" && lane.pen.active()) {
        event.preventDefault();
        lane.cancel_stroke();
      }
      return;
    }
    event.preventDefault();
    act();
  });

  function step(by) {
    const at = state.selection.length ? state.selection[by < 0 ? 0 : state.selection.length - 1] + by : nearest();
    choose(at);
  }

  function nearest() {
    const frame = state.playhead_frame;
    const after = state.notes.findIndex((note) => view.tick_to_frame(note.tick + note.duration) > frame);
    return after < 0 ? state.notes.length - 1 : after;
  }

  function choose(index) {
    if (index < 0 || index >= state.notes.length) return;
    const note = state.notes[index];
    state.select([index]);
    view.show_tick(note.tick);
    view.show_pitch(note.pitch);
    announce(say("pitch_at", { word: note.lyric ?? "–", pitch: pitch_name(note.pitch) }));
  }

  // Draws the selected notes' pitch so many cents off what is sung now.
  function bend(cents) {
    if (!state.selection.length) return;
    const drawn = state.selection.map((index) => points_of(state.notes[index], cents / 100));
    state.change("undo_pitch_draw", (draft) => {
      let curve = draft.part_document.pitch_curve ?? [];
      for (const points of drawn) curve = drawn_over(curve, points);
      set_curve(draft.part_document, curve);
    }, { merge: `bend ${state.selection}` });
    const [first] = drawn, off = first[first.length >> 1][1] - state.notes[state.selection[0]].pitch;
    announce(say("pitch_bent", { cents: `${off > 0 ? "+" : "−"}${Math.abs(Math.round(100 * off))}` }));
  }

  function points_of(note, semitones) {
    const points = [], last = view.tick_to_frame(note.tick + note.duration);
    for (let frame = view.tick_to_frame(note.tick); frame < last; frame += STEP_FRAMES) {
      const tick = view.frame_to_tick(frame);
      points.push([tick, (lane.sung(tick) ?? note.pitch) + semitones]);
    }
    points.push([note.tick + note.duration - 1, points.at(-1)[1]]);
    return points;
  }

  function reset() {
    if (!state.selection.length) return;
    const { selection } = state;
    state.change("undo_pitch_reset", (draft) => reset_notes(draft, selection, view));
    announce(say("pitch_given_back"));
  }
}

export function toggle_vibrato({ state }) {
  const { selection, notes } = state;
  if (!selection.length) return;
  const off = selection.every((index) => notes[index].vibrato);
  state.change("undo_vibrato", (draft) => {
    for (const index of selection) {
      if (off) delete draft.notes[index].vibrato;
      else draft.notes[index].vibrato ??= { ...FIRST_VIBRATO };
    }
  });
}

export function toggle_glide(lane) {
  const { state, view } = lane, { selection, notes } = state;
  if (!selection.length) return;
  const off = selection.every((index) => notes[index].glide?.length);
  state.change("undo_glide", (draft) => {
    for (const index of selection) {
      if (off || !notes[index].glide?.length) {
        set_glide(draft, index, off ? null : first_glide(notes, index, view), { view, sung: lane.predicted });
      }
    }
  });
}
