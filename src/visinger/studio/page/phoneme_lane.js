// The phonemes under their notes. Boundaries that the score does not hold can be dragged, or moved by key;
// the beat and the song's length stay (the score lock), the neighbour gives or takes the frames.

import { element, make_button } from "./controls.js";
import { colour, FONT, make_surface } from "./surface.js";
import { gestures_of_lane } from "./lane_wheel.js";
import { within } from "./view.js";

const GRIP = { mouse: 6, touch: 18 }; // pixels
const PAUSES = new Set(["SP", "AP"]);
const VOWEL = /^[aeiouAEIOUyvN]|^(?:[aeiou].*|ng?|er|ê)$/;
const STEPS = { plain: 1, shift: 5 }; // frames
const LEAST_LABEL_PIXELS = 9;

export function start(state, view, context) {
  const { say, announce } = context;
  const canvas = element("canvas", { id: "phoneme-canvas", tabIndex: 0, data: { label: "lane_phonemes" } });
  canvas.setAttribute("role", "slider");
  canvas.setAttribute("aria-label", say("lane_phonemes"));
  document.getElementById("phonemes").append(canvas);
  const surface = make_surface(canvas, draw);
  const lane = { chosen: null, hovered: null, held: null, phonemes: [], made_of: null };
  const reset = make_button({ id: "phoneme-reset", label: "phoneme_reset_all", image: "reset", text: "phoneme_reset_all", act: () => give_back(state.selection) }, say);
  document.getElementById("phoneme-tools").append(reset.button);

  function measure() {
    if (lane.made_of === state.performance) return;
    lane.made_of = state.performance;
    lane.phonemes = placed(state.performance, (note) => view.tick_to_frame(state.notes[note]?.tick ?? 0));
  }

  // ---- moving

  const edit_of = ({ note, ordinal }) => state.edits.boundaries.find((one) => one.note === note && one.ordinal === ordinal);

  // where a boundary may go, so that both its neighbours keep a frame
  function bounds_of(k) {
    const { phonemes } = lane, after = phonemes[k + 1];
    return [phonemes[k - 1].start_frame + 1, (after?.start_frame ?? phonemes[k].start_frame + phonemes[k].frames) - 1];
  }

  function move(k, frame, { merge = null } = {}) {
    const phoneme = lane.phonemes[k], start_frame = Math.round(within(frame, ...bounds_of(k)));
    const { note, ordinal } = phoneme, offset_frames = start_frame - phoneme.beat_frame;
    state.change("undo_boundary", (draft) => {
      const others = draft.edits.boundaries.filter((one) => one.note !== note || one.ordinal !== ordinal);
      draft.edits.boundaries = [...others, { note, ordinal, offset_frames }].sort((a, b) => a.note - b.note || a.ordinal - b.ordinal);
    }, { merge });
    // shown at once where it was put; the performance that comes says where the score lock lets it be
    const by = start_frame - phoneme.start_frame;
    lane.phonemes = lane.phonemes.map((one, n) => {
      if (n === k) return { ...one, start_frame, frames: one.frames - by };
      return n === k - 1 ? { ...one, frames: one.frames + by } : one;
    });
    surface.invalidate();
  }

  function give_back(notes) {
    const chosen = new Set(notes);
    state.change("undo_boundary_reset", (draft) => {
      draft.edits.boundaries = draft.edits.boundaries.filter((one) => chosen.size > 0 && !chosen.has(one.note));
    });
  }

  // ---- seeing

  function draw(paper, width, height) {
    measure();
    paper.globalAlpha = state.performance_fits || lane.held ? 1 : 0.75;
    lane.phonemes.forEach((phoneme, k) => {
      const { start_frame, end_frame } = shown(k);
      const left = view.frame_to_x(start_frame), right = view.frame_to_x(end_frame);
      if (right >= 0 && left <= width) draw_phoneme(paper, phoneme, { left, right, height });
    });
    lane.phonemes.forEach((phoneme, k) => {
      const x = view.frame_to_x(shown(k).start_frame);
      if (x >= -4 && x <= width + 4) draw_boundary(paper, k, { x, height, phoneme });
    });
    paper.globalAlpha = 1;
  }

  // a phoneme as it would be while a boundary is dragged
  function shown(k) {
    const { held, phonemes } = lane, { start_frame, frames } = phonemes[k];
    const edge = (n, frame) => (held?.k === n ? held.frame : frame);
    return { start_frame: edge(k, start_frame), end_frame: edge(k + 1, start_frame + frames) };
  }

  function draw_phoneme(paper, { symbol }, { left, right, height }) {
    if (PAUSES.has(symbol) && symbol !== "AP") return;
    const middle = (Math.max(left, 0) + right) / 2;
    paper.fillStyle = colour(PAUSES.has(symbol) ? "silence" : VOWEL.test(symbol) ? "vowel" : "consonant");
    paper.fillRect(left, 0, right - left, height);
    paper.font = `13px ${FONT}`;
    paper.textAlign = "center";
    paper.textBaseline = "middle";
    const wide = paper.measureText(symbol).width;
    if (right - left < LEAST_LABEL_PIXELS || wide > right - left + 4) {
      if (right - left < 5) return;
      paper.font = `10px ${FONT}`;
      if (paper.measureText(symbol).width > right - left + 3) return;
    }
    paper.fillStyle = colour("ink");
    paper.fillText(symbol, middle, height / 2 + 0.5);
  }

  function draw_boundary(paper, k, { x, height, phoneme }) {
    const lit = lane.held?.k === k || lane.hovered === k || (lane.chosen === k && document.activeElement === canvas);
    const moved = phoneme.note >= 0 && edit_of(phoneme) !== undefined;
    const at = Math.round(x);
    if (!phoneme.movable) {
      paper.fillStyle = colour("edge");
      paper.fillRect(at, 0, 1, height);
      return;
    }
    const open = state.tool === "phonemes" || lit || moved;
    paper.fillStyle = colour(lit ? "chosen-edge" : moved ? "moved" : open ? "soft" : "edge");
    paper.fillRect(at - (lit ? 1 : 0), 0, lit || moved ? 2 : 1, height);
    paper.beginPath();
    if (open) paper.roundRect(at - 3, height - 15, 7, 12, 3.5);
    else paper.roundRect(at - 1.5, height - 10, 4, 8, 2);
    paper.fill();
  }

  // ---- the pointer

  const place = (event) => event.clientX - canvas.getBoundingClientRect().left;

  function hit(event) {
    const x = place(event), grip = event.pointerType === "touch" ? GRIP.touch : GRIP.mouse;
    let best = null, nearest = grip + 0.1;
    lane.phonemes.forEach(({ movable, start_frame }, k) => {
      const away = Math.abs(view.frame_to_x(start_frame) - x);
      if (movable && away < nearest) [best, nearest] = [k, away];
    });
    return best;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const k = hit(event);
    canvas.focus({ preventScroll: true });
    if (k === null) {
      const frame = view.x_to_frame(place(event));
      const under = lane.phonemes.find(({ start_frame, frames }) => frame >= start_frame && frame < start_frame + frames);
      if (under && under.note >= 0) state.select([under.note]);
      return;
    }
    canvas.setPointerCapture(event.pointerId);
    lane.held = { k, frame: lane.phonemes[k].start_frame };
    choose(k);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (lane.held) {
      lane.held.frame = Math.round(within(view.x_to_frame(place(event)), ...bounds_of(lane.held.k)));
      surface.invalidate();
      return;
    }
    const k = hit(event);
    canvas.style.cursor = k === null ? "default" : "col-resize";
    if (k !== lane.hovered) surface.invalidate();
    lane.hovered = k;
  });
  canvas.addEventListener("pointerup", () => {
    const { held } = lane;
    lane.held = null;
    if (held && held.frame !== lane.phonemes[held.k].start_frame) move(held.k, held.frame);
    surface.invalidate();
  });
  canvas.addEventListener("pointercancel", cancel);
  canvas.addEventListener("pointerleave", () => {
    lane.hovered = null;
    surface.invalidate();
  });
  canvas.addEventListener("dblclick", (event) => {
    const k = hit(event);
    if (k !== null) take_back(k);
  });

  function cancel() {
    lane.held = null;
    surface.invalidate();
  }

  function take_back(k) {
    const { note, ordinal } = lane.phonemes[k];
    state.change("undo_boundary_reset", (draft) => {
      draft.edits.boundaries = draft.edits.boundaries.filter((one) => one.note !== note || one.ordinal !== ordinal);
    });
  }

  // ---- the keyboard: left and right go from boundary to boundary, up and down move the one chosen

  function choose(k) {
    lane.chosen = k;
    const phoneme = lane.phonemes[k];
    if (state.notes[phoneme.note]) state.select([phoneme.note]);
    view.show_frame(phoneme.start_frame);
    canvas.setAttribute("aria-valuenow", String(phoneme.start_frame));
    canvas.setAttribute("aria-valuetext", spoken(k));
    surface.invalidate();
  }

  function spoken(k) {
    const { phonemes } = lane, [before, after] = [phonemes[k - 1], phonemes[k]];
    return say("boundary_at", { before: before.symbol, after: after.symbol, frames: after.frames, frames_before: before.frames });
  }

  function step(by) {
    const open = lane.phonemes.flatMap(({ movable }, k) => (movable ? [k] : []));
    if (!open.length) return;
    const from = lane.chosen ?? -1;
    const next = by > 0 ? open.find((k) => k > from) : open.findLast((k) => k < from);
    if (next !== undefined) choose(next);
    else if (lane.chosen === null) choose(open[0]);
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const frames = event.shiftKey ? STEPS.shift : STEPS.plain, chosen = lane.phonemes[lane.chosen]?.movable ? lane.chosen : null;
    const nudge = (by) => {
      if (chosen === null) return;
      move(chosen, lane.phonemes[chosen].start_frame + by, { merge: `boundary ${chosen}` });
      canvas.setAttribute("aria-valuetext", spoken(chosen));
    };
    const act = {
      ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => nudge(frames), ArrowDown: () => nudge(-frames),
      Delete: () => chosen !== null && take_back(chosen), Backspace: () => chosen !== null && take_back(chosen),
    }[event.key];
    if (event.key === "Escape" && lane.held) {
      event.preventDefault();
      cancel();
    }
    if (!act) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener("focus", () => {
    if (lane.chosen === null) step(1);
    surface.invalidate();
  });
  canvas.addEventListener("blur", surface.invalidate);

  function refresh() {
    const some = state.selection.some((index) => state.edits.boundaries.some(({ note }) => note === index));
    reset.set_label(some ? "phoneme_reset_notes" : "phoneme_reset_all");
    reset.button.querySelector("span").dataset.text = some ? "phoneme_reset_notes" : "phoneme_reset_all";
    reset.button.querySelector("span").textContent = say(reset.button.dataset.label);
    reset.able(state.edits.boundaries.length > 0);
    reset.chosen = some;
    surface.invalidate();
  }

  reset.button.addEventListener("click", () => announce(say("boundaries_given_back")));
  state.on("performance", () => {
    measure();
    if (lane.chosen !== null && !lane.phonemes[lane.chosen]?.movable) lane.chosen = null;
  });
  for (const event of ["score", "selection", "view", "tool", "performance", "language"]) state.on(event, refresh);
  gestures_of_lane(document.getElementById("phonemes"), view);
  refresh();
  return lane;
}

// The performance's phonemes with their ordinal in the note, the frame of its beat, and whether their start may move.
function placed(performance, frame_of_note) {
  if (!performance) return [];
  const counts = new Map(), beats = new Map();
  for (const { note, anchored, start_frame } of performance.phonemes) {
    // what starts on the beat says its frame exactly; of a note without such a phoneme the tempo tells it
    if (note >= 0 && anchored && Math.abs(start_frame - frame_of_note(note)) < 1) beats.set(note, start_frame);
  }
  return performance.phonemes.map((phoneme, k) => {
    const { note } = phoneme, ordinal = counts.get(note) ?? 0;
    counts.set(note, ordinal + 1);
    const movable = k > 0 && note >= 0 && !phoneme.anchored;
    return { ...phoneme, ordinal, movable, beat_frame: beats.get(note) ?? Math.floor(frame_of_note(note) + 0.5) };
  });
}
