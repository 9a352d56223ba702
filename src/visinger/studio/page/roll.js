// The piano roll: rows of keys, bars and beats, notes with their words on them.

import { bars } from "./tempo_map.js";
import { end_of } from "./settling.js";
import { colour, FONT, make_surface } from "./surface.js";
import { start_gestures } from "./gestures.js";
import { within } from "./view.js";

const BLACK = new Set([1, 3, 6, 8, 10]);
const LETTERS = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const LEAST_GRID_PIXELS = 9; // finer lines are a grey wash
const EDGE = { mouse: 7, touch: 16 }; // pixels at a note's ends that resize it

export const is_black = (midi) => BLACK.has(((midi % 12) + 12) % 12);
export const pitch_name = (midi) => `${LETTERS[((midi % 12) + 12) % 12]}${Math.floor(midi / 12) - 1}`;

export function start(state, view, context) {
  const canvas = document.getElementById("roll");
  const surface = make_surface(canvas, draw, {
    resized(width, height) {
      const first = !context.roll.measured;
      context.roll.measured = true;
      view.set({ width, height });
      if (first) view.fit();
    },
  });
  let preview = null; // {notes: Map of index → note as it would be, made: [notes], box: {x, y, width, height}}

  function hit(x, y, { touch = false } = {}) {
    const grip = touch ? EDGE.touch : EDGE.mouse;
    const { notes } = state;
    let found = null;
    for (let index = first_visible(notes, view.x_to_tick(x - 2)); index < notes.length; index++) {
      const box = box_of(notes[index]);
      if (box.x > x + 2) break;
      const slack = touch ? 6 : 0;
      if (y < box.y - slack || y > box.y + box.height + slack || x < box.x - 2 || x > box.x + box.width + 2) continue;
      const edge = Math.min(grip, box.width / 3);
      const zone = x > box.x + box.width - edge ? "end" : x < box.x + edge ? "start" : "body";
      found = { index, zone };
    }
    return found;
  }

  function box_of(note) {
    const x = view.tick_to_x(note.tick), height = view.pixels_per_semitone;
    return { x, y: view.pitch_to_y(note.pitch) - height / 2, width: Math.max(note.duration * view.pixels_per_tick, 3), height };
  }

  function draw(paint, width, height) {
    draw_rows(paint, width, height);
    draw_grid(paint, width, height);
    draw_notes(paint, width);
    if (preview?.box) draw_box(paint, preview.box);
  }

  function draw_rows(paint, width, height) {
    const { low, high } = range();
    const row = view.pixels_per_semitone;
    for (let midi = Math.floor(view.y_to_pitch(height) - 0.5); midi <= Math.ceil(view.y_to_pitch(0) + 0.5); midi++) {
      const y = view.pitch_to_y(midi) - row / 2;
      paint.fillStyle = colour(midi < low || midi > high ? "row-out" : is_black(midi) ? "row-black" : "row");
      paint.fillRect(0, y, width, row + 0.5);
      if (midi % 12 === 0 || midi % 12 === 5) { // where two white keys meet
        paint.fillStyle = colour(midi % 12 === 0 ? "grid-bar" : "grid-beat");
        paint.fillRect(0, Math.round(y + row) - 1, width, 1);
      }
    }
  }

  // what the voice sings well, as the keys of the score (before transposing)
  function range() {
    const card = context.voice_card?.();
    if (!card || state.transpose === "auto") return { low: -1, high: 128 }; // the voice then moves the song itself
    return { low: card.lowest_midi - state.transpose, high: card.highest_midi - state.transpose };
  }

  function draw_grid(paint, width, height) {
    const last = view.x_to_tick(width);
    const step = view.snap * view.pixels_per_tick >= LEAST_GRID_PIXELS ? view.snap : 0;
    const line = (tick, name) => {
      paint.fillStyle = colour(name);
      paint.fillRect(Math.round(view.tick_to_x(tick)), 0, 1, height);
    };
    if (step) for (let tick = Math.ceil(view.first_tick / step) * step; tick < last; tick += step) line(tick, "grid");
    for (const bar of bars(state.score.time_signatures, last)) {
      if (bar.beats.at(-1) >= view.first_tick || !bar.beats.length) {
        const apart = bar.beats.length ? (bar.beats[0] - bar.tick) * view.pixels_per_tick : 0;
        if (apart >= LEAST_GRID_PIXELS) for (const beat of bar.beats) line(beat, "grid-beat");
      }
      if (bar.tick >= view.first_tick) line(bar.tick, "grid-bar");
    }
  }

  function draw_notes(paint, width) {
    const { notes } = state;
    const chosen = new Set(state.selection), last = view.x_to_tick(width);
    paint.textBaseline = "middle";
    for (let index = first_visible(notes, view.first_tick); index < notes.length && notes[index].tick < last; index++) {
      if (!preview?.notes?.has(index)) draw_note(paint, notes[index], chosen.has(index));
    }
    for (const note of [...(preview?.notes?.values() || []), ...(preview?.made || [])]) draw_note(paint, note, true);
    if (preview?.notes) for (const note of preview.notes.values()) draw_pitch_name(paint, note);
    for (const note of preview?.made || []) draw_pitch_name(paint, note);
  }

  function draw_note(paint, note, chosen) {
    const { x, y, width, height } = box_of(note);
    const held = !note.lyric || note.lyric === "-" || note.lyric === "ー";
    const faded = state.tool === "pitch"; // the curves are drawn over the notes
    paint.globalAlpha = faded ? 0.45 : 1;
    paint.fillStyle = colour(chosen ? "chosen" : held ? "note-held" : "note");
    paint.strokeStyle = colour(chosen ? "chosen-edge" : "note-edge");
    paint.lineWidth = 1;
    paint.beginPath();
    paint.roundRect(x + 0.5, y + 1, Math.max(width - 1, 2), height - 2, Math.min(4, width / 3));
    paint.fill();
    paint.stroke();
    paint.globalAlpha = 1;
    if (height < 13 || width < 8) return;
    paint.save();
    paint.beginPath();
    paint.rect(x, y, width - 1, height);
    paint.clip();
    paint.font = `600 ${within(height * 0.62, 10, 15)}px ${FONT}`;
    paint.fillStyle = faded ? colour("ink") : colour(chosen ? "chosen-ink" : "note-ink");
    const word = note.lyric || "–";
    const room = Math.max((width - 1 - paint.measureText(word).width) / 2, 1); // narrow notes have less at their sides
    paint.fillText(word, Math.max(x, 0) + Math.min(5, room), y + height / 2 + 0.5);
    paint.restore();
  }

  function draw_pitch_name(paint, note) {
    const { x, y, height } = box_of(note);
    paint.font = `600 12px ${FONT}`;
    paint.fillStyle = colour("ink");
    paint.fillText(pitch_name(note.pitch), x + 2, y - height / 2 > 0 ? y - 8 : y + height + 9);
  }

  function draw_box(paint, { x, y, width, height }) {
    paint.fillStyle = colour("loop");
    paint.strokeStyle = colour("mark");
    paint.fillRect(x, y, width, height);
    paint.strokeRect(x + 0.5, y + 0.5, width, height);
  }

  Object.assign(context.roll, {
    hit, box_of,
    pitch_to_y: view.pitch_to_y, y_to_pitch: view.y_to_pitch,
    show(next) {
      preview = next;
      surface.invalidate();
    },
    invalidate: surface.invalidate,
  });
  for (const event of ["score", "selection", "view", "tool", "performance", "voices"]) state.on(event, surface.invalidate);
  start_gestures(canvas, state, view, context);
}

// Index of the first note that ends after a tick; notes are sorted and do not overlap, so their ends are, too.
export function first_visible(notes, tick) {
  let low = 0, high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end_of(notes[middle]) <= tick) low = middle + 1;
    else high = middle;
  }
  return low;
}
