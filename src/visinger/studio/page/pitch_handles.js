// Handles on the selected notes: where the vibrato begins, how deep and how slow it is; where the glide begins and ends.

import { FIRST_VIBRATO, first_glide, GLIDE_BOUND_CENTS, GLIDE_BOUNDS_MS, glide_cents, set_glide, vibrato_cents, VIBRATO_BOUNDS } from "./note_pitch.js";
import { colour } from "./surface.js";
import { within } from "./view.js";

const GRIP = { mouse: 9, touch: 22 }, RADIUS = 5.5;
const MOST_NOTES = 24; // handles on more would be a thicket

export function start_handles(lane) {
  const { state, view, canvas } = lane;
  let held = null; // {index, name, note: as it would be, from: where it was taken}
  let hovered = null;

  const shown = (index) => (held?.index === index ? held.note : state.notes[index]);
  const chosen = () => state.selection.slice(0, MOST_NOTES);
  const seconds = (note) => [note.tick, note.tick + note.duration].map((tick) => view.tick_to_frame(tick) / 100);
  const x_at = (at_seconds) => view.frame_to_x(at_seconds * 100);

  // [{name, index, x, y, sure}]: `sure` handles belong to what the note has, the others offer it
  function handles_of(index) {
    const note = shown(index), [start, end] = seconds(note), length = end - start;
    const wave = note.vibrato ?? FIRST_VIBRATO, sure = Boolean(note.vibrato);
    const lasting = length * wave.share, first = end - lasting;
    const glide = note.glide?.length ? note.glide : first_glide(state.notes, index, view);
    const at = (point) => ({ x: x_at(Math.max(0, start + point.ms / 1000)), y: view.pitch_to_y(note.pitch + point.cents / 100) });
    const found = [
      { name: "glide_start", ...at(glide[0]), sure: Boolean(note.glide?.length) },
      { name: "glide_end", ...at(glide.at(-1)), sure: Boolean(note.glide?.length) },
      { name: "share", x: x_at(first), y: view.pitch_to_y(note.pitch - 0.85), sure },
    ];
    if (sure) {
      found.push(
        { name: "depth", x: x_at(first + lasting * 0.6), y: view.pitch_to_y(note.pitch + wave.depth_cents / 100), sure },
        { name: "period", x: Math.min(x_at(first + wave.period_ms / 1000), x_at(end)), y: view.pitch_to_y(note.pitch - 0.85), sure },
      );
    }
    return found.map((handle) => ({ ...handle, index }));
  }

  function hit({ x, y }, event) {
    const grip = event.pointerType === "touch" ? GRIP.touch : GRIP.mouse;
    let best = null, nearest = grip;
    for (const handle of chosen().flatMap(handles_of)) {
      const away = Math.hypot(handle.x - x, handle.y - y);
      if (away <= nearest) [best, nearest] = [handle, away];
    }
    return best;
  }

  function press(at, event) {
    const handle = hit(at, event);
    if (handle) {
      held = { ...handle, from: at, note: structuredClone(state.notes[handle.index]), moved: false };
      return;
    }
    const found = lane.context.roll.hit(at.x, at.y, { touch: event.pointerType === "touch" });
    const many = event.shiftKey || event.ctrlKey || event.metaKey;
    if (found) state.select(many ? [...state.selection, found.index] : [found.index]);
    else if (!many) state.select([]);
  }

  function drag(at, event) {
    if (!held) return;
    held.moved ||= Math.hypot(at.x - held.from.x, at.y - held.from.y) > 2;
    if (!held.moved) return;
    held.note = shaped(structuredClone(state.notes[held.index]), at, event);
    lane.invalidate();
    lane.tools.draw(held.note);
  }

  // the note with the handle that is held at a place
  function shaped(note, at, event) {
    const [start, end] = seconds(note), time = view.x_to_frame(at.x) / 100, cents = 100 * (view.y_to_pitch(at.y) - note.pitch);
    const wave = { ...(note.vibrato ?? FIRST_VIBRATO) }, first = end - (end - start) * wave.share;
    const bound = (name, value) => within(value, ...VIBRATO_BOUNDS[name]);
    if (held.name === "share") wave.share = rounded(bound("share", (end - time) / (end - start)), 100);
    if (held.name === "depth") wave.depth_cents = Math.round(bound("depth_cents", Math.abs(cents)));
    if (held.name === "period") wave.period_ms = Math.round(bound("period_ms", (time - first) * 1000));
    if (!held.name.startsWith("glide")) return { ...note, vibrato: wave };
    const glide = structuredClone(note.glide?.length ? note.glide : first_glide(state.notes, held.index, view));
    const ms = 1000 * (time - start), [least, most] = GLIDE_BOUNDS_MS;
    if (held.name === "glide_start") {
      const point = glide[0], next = glide[1]?.ms ?? 0;
      point.ms = Math.round(Math.min(within(ms, -most, most), next - least));
      const meant = within(cents, -GLIDE_BOUND_CENTS, GLIDE_BOUND_CENTS);
      point.cents = event.shiftKey ? point.cents : Math.abs(at.y - held.from.y) < 4 ? point.cents : Math.round(meant);
    } else {
      const point = glide.at(-1), before = glide.at(-2)?.ms ?? 0;
      point.ms = Math.round(Math.max(within(ms, -most, most), before + least));
    }
    return { ...note, glide };
  }

  function release() {
    const done = held;
    held = null;
    lane.invalidate();
    if (!done) return;
    const named = done.name.startsWith("glide");
    const touched = done.moved ? done.note : offered(done);
    state.change(named ? "undo_glide" : "undo_vibrato", (draft) => {
      if (named) set_glide(draft, done.index, touched.glide, { view, sung: lane.predicted });
      else draft.notes[done.index].vibrato = touched.vibrato;
    });
  }

  // a press without a drag takes what a handle offers
  function offered({ index, note }) {
    return { vibrato: note.vibrato ?? FIRST_VIBRATO, glide: note.glide?.length ? note.glide : first_glide(state.notes, index, view) };
  }

  function cancel() {
    held = null;
    lane.invalidate();
  }

  function hover(at, event) {
    const found = hit(at, event), name = found && `${found.index} ${found.name}`;
    canvas.style.cursor = !found ? "default" : found.name === "depth" ? "ns-resize" : found.name === "glide_start" ? "move" : "ew-resize";
    if (name !== hovered) lane.invalidate();
    hovered = name;
  }

  // ---- what is seen

  function draw(paper) {
    if (lane.mode !== "shape") return;
    for (const index of chosen()) {
      const note = shown(index);
      draw_wave(paper, note);
      draw_glide(paper, index, note);
      for (const handle of handles_of(index)) draw_handle(paper, handle);
    }
  }

  function draw_wave(paper, note) {
    const wave = note.vibrato;
    if (!wave) return;
    const [start, end] = seconds(note), length = end - start, first = end - length * wave.share;
    paper.save();
    paper.strokeStyle = colour("chosen-edge");
    paper.lineWidth = 1.25;
    paper.beginPath();
    for (let time = first; time <= end; time += 0.005) {
      const y = view.pitch_to_y(note.pitch + vibrato_cents(wave, length, time - start) / 100);
      if (time === first) paper.moveTo(x_at(time), y);
      else paper.lineTo(x_at(time), y);
    }
    paper.stroke();
    const y = view.pitch_to_y(note.pitch - 0.85);
    paper.globalAlpha = 0.7;
    paper.beginPath();
    paper.moveTo(x_at(first), y);
    paper.lineTo(x_at(end), y);
    paper.stroke();
    paper.restore();
  }

  function draw_glide(paper, index, note) {
    const glide = note.glide?.length ? note.glide : first_glide(state.notes, index, view), [start] = seconds(note);
    paper.save();
    paper.strokeStyle = colour("chosen-edge");
    paper.lineWidth = 1.25;
    paper.setLineDash(note.glide?.length ? [] : [2, 3]);
    paper.beginPath();
    for (let ms = glide[0].ms; ms <= glide.at(-1).ms; ms += 5) {
      const x = x_at(Math.max(0, start + ms / 1000)), y = view.pitch_to_y(note.pitch + glide_cents(glide, ms) / 100);
      if (ms === glide[0].ms) paper.moveTo(x, y);
      else paper.lineTo(x, y);
    }
    paper.stroke();
    paper.restore();
  }

  function draw_handle(paper, { name, index, x, y, sure }) {
    const lit = hovered === `${index} ${name}` || (held?.index === index && held.name === name);
    paper.save();
    paper.lineWidth = 1.75;
    paper.strokeStyle = colour("chosen-edge");
    paper.fillStyle = colour(sure || lit ? "chosen" : "card");
    paper.beginPath();
    if (name.startsWith("glide")) {
      paper.moveTo(x, y - RADIUS - 1);
      for (const [dx, dy] of [[1, 0], [0, 1], [-1, 0]]) paper.lineTo(x + dx * (RADIUS + 1), y + dy * (RADIUS + 1));
      paper.closePath();
    } else {
      paper.arc(x, y, lit ? RADIUS + 1 : RADIUS, 0, 2 * Math.PI);
    }
    paper.fill();
    paper.stroke();
    paper.restore();
  }

  return { press, drag, release, cancel, hover, draw, handles_of };
}

function rounded(value, steps) {
  return Math.round(value * steps) / steps;
}
