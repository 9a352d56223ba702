// Vibrato and glide of a note: the sums of score/intonation.py, and how the studio writes them.
// A glide that is shaped here is also drawn into the pitch curve: that is what is sung, while the note keeps the
// glide itself for editors that read it.

import { drawn_over, erased } from "./pitch_drawing.js";

export const FIRST_VIBRATO = { share: 0.6, period_ms: 180, depth_cents: 40, fade_in: 0.25, fade_out: 0.1, phase: 0, offset_cents: 0 };
export const VIBRATO_BOUNDS = { share: [0.05, 1], period_ms: [60, 500], depth_cents: [0, 300] };
export const GLIDE_BOUNDS_MS = [5, 600], GLIDE_BOUND_CENTS = 2400;
const FIRST_GLIDE_MS = 60, SCOOP_CENTS = -200;
const JOINED_MS = 150; // a shorter gap and the glide comes from the note before
const STEP_MS = 5, BLEND_MS = 25;

const EASES = {
  linear: (x) => x,
  sine: (x) => (1 - Math.cos(Math.PI * x)) / 2,
  "slow-start": (x) => 1 - Math.cos((Math.PI * x) / 2),
  "slow-end": (x) => Math.sin((Math.PI * x) / 2),
};

// cents off the note `seconds` into a note of `length` seconds
export function vibrato_cents({ share, period_ms, depth_cents, fade_in = 0, fade_out = 0, phase = 0, offset_cents = 0 }, length, seconds) {
  const lasting = length * share, into = seconds - (length - lasting);
  if (into < 0 || seconds > length || !lasting) return 0;
  const rise = fade_in > 0 ? into / (lasting * fade_in) : 1, fall = fade_out > 0 ? (lasting - into) / (lasting * fade_out) : 1;
  const swell = Math.min(Math.max(Math.min(rise, fall), 0), 1);
  return swell * (depth_cents * Math.sin(2 * Math.PI * ((into * 1000) / period_ms + phase)) + offset_cents);
}

// cents off the note along a glide; its ends hold
export function glide_cents(points, ms) {
  if (ms < points[0].ms) return points[0].cents;
  for (let k = 0; k + 1 < points.length; k++) {
    const [from, to] = [points[k], points[k + 1]];
    if (ms >= to.ms) continue;
    return from.cents + (to.cents - from.cents) * EASES[from.shape ?? "linear"]((ms - from.ms) / Math.max(to.ms - from.ms, 1e-9));
  }
  return points.at(-1).cents;
}

// The glide that handles start from: out of the note before, or from below.
export function first_glide(notes, index, view) {
  const note = notes[index], before = notes[index - 1];
  const gap_ms = before ? ms_between(view, before.tick + before.duration, note.tick) : Infinity;
  const cents = gap_ms < JOINED_MS && before.pitch !== note.pitch ? 100 * (before.pitch - note.pitch) : SCOOP_CENTS;
  return [{ ms: -FIRST_GLIDE_MS, cents, shape: "sine" }, { ms: FIRST_GLIDE_MS, cents: 0, shape: "sine" }];
}

function ms_between(view, from_tick, to_tick) {
  return 10 * (view.tick_to_frame(to_tick) - view.tick_to_frame(from_tick));
}

// the ticks [from, to) that a glide reaches over
export function glide_span(note, glide, view) {
  const tick_at = (ms) => view.frame_to_tick(Math.max(0, view.tick_to_frame(note.tick) + ms / 10));
  return [Math.round(tick_at(glide[0].ms)), Math.round(tick_at(glide.at(-1).ms)) + 1];
}

// The glide as drawn pitch; at both ends it leans over into `sung` (tick → midi or null), so that nothing jumps.
function glide_points(note, glide, view, sung) {
  const first_ms = glide[0].ms, last_ms = glide.at(-1).ms, onset = view.tick_to_frame(note.tick);
  const base = note.pitch + (note.tuning_cents ?? 0) / 100, points = [];
  const blend_ms = Math.min(BLEND_MS, (last_ms - first_ms) / 3);
  for (let ms = first_ms; ms <= last_ms; ms += STEP_MS) {
    if (onset + ms / 10 < 0) continue;
    const tick = view.frame_to_tick(onset + ms / 10), meant = base + glide_cents(glide, ms) / 100, natural = sung(tick);
    const edge = Math.min((ms - first_ms) / blend_ms, (last_ms - ms) / blend_ms, 1);
    points.push([tick, natural === null ? meant : natural + (meant - natural) * EASES.sine(edge)]);
  }
  return points;
}

// Gives a note of a draft another glide (null takes it away) and draws it.
export function set_glide(draft, index, glide, { view, sung }) {
  const note = draft.notes[index], part = draft.part_document;
  let curve = part.pitch_curve ?? [];
  if (note.glide?.length) curve = erased(curve, ...glide_span(note, note.glide, view));
  if (glide) {
    note.glide = glide.map((point) => ({ ...point, ms: Math.round(point.ms), cents: Math.round(point.cents) }));
    curve = drawn_over(curve, glide_points(note, note.glide, view, sung));
  } else {
    delete note.glide;
  }
  set_curve(part, curve);
}

export function set_curve(part, curve) {
  if (curve.length) part.pitch_curve = curve;
  else delete part.pitch_curve;
}

// The notes' pitch as the singer means it: no drawing, vibrato or glide over them.
export function reset_notes(draft, indexes, view) {
  const part = draft.part_document;
  for (const index of indexes) {
    const note = draft.notes[index];
    const from = note.glide?.length ? Math.min(glide_span(note, note.glide, view)[0], note.tick) : note.tick;
    set_curve(part, erased(part.pitch_curve ?? [], from, note.tick + note.duration));
    delete note.glide;
    delete note.vibrato;
  }
}

export function reset_part(draft) {
  const part = draft.part_document;
  delete part.pitch_curve;
  delete part.bend;
  for (const note of draft.notes) {
    delete note.glide;
    delete note.vibrato;
  }
}
