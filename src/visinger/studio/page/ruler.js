// Bars and beats above the roll: press to place the playhead, drag to mark a stretch to repeat.

import { bars } from "./tempo_map.js";
import { colour, FONT, make_surface } from "./surface.js";
import { wheel } from "./gestures.js";

const SLOP = 4, LEAST_LABEL_PIXELS = 34;

// Bar and beat of a tick, 1-based, as {bar, beat}.
export function place_of(score, tick) {
  const line = bars(score.time_signatures, tick + 1).at(-1) || { tick: 0, bar: 1, signature: { beat_unit: 4 } };
  return { bar: line.bar, beat: 1 + ((tick - line.tick) * line.signature.beat_unit) / 1920 };
}

export function start(state, view, { say }) {
  const canvas = document.getElementById("ruler");
  const line = document.getElementById("playhead-line");
  const shown = document.getElementById("place");
  const surface = make_surface(canvas, draw);
  let press = null;

  function draw(paint, width, height) {
    draw_loop(paint, height);
    const every = label_every();
    paint.textBaseline = "middle";
    paint.font = `600 11px ${FONT}`;
    for (const bar of bars(state.score.time_signatures, view.x_to_tick(width))) {
      const x = Math.round(view.tick_to_x(bar.tick));
      if (x < -200) continue;
      paint.fillStyle = colour("grid-bar");
      paint.fillRect(x, height * 0.35, 1, height);
      for (const beat of bar.beats) {
        const at = Math.round(view.tick_to_x(beat));
        if (view.pixels_per_tick > 0.025) paint.fillRect(at, height * 0.72, 1, height);
      }
      paint.fillStyle = colour("soft");
      if ((bar.bar - 1) % every === 0) paint.fillText(String(bar.bar), x + 4, height / 2);
    }
    draw_changes(paint, height);
  }

  function label_every() {
    const [first, second] = bars(state.score.time_signatures, 200000);
    const pixels = (second.tick - first.tick) * view.pixels_per_tick;
    return [1, 2, 4, 8, 16, 32, 64].find((n) => n * pixels >= LEAST_LABEL_PIXELS) || 128;
  }

  // time signatures where they change, before the tempo mark of the same bar
  function draw_changes(paint, height) {
    paint.font = `10px ${FONT}`;
    paint.fillStyle = colour("mark");
    let free = -Infinity;
    for (const { tick, beats, beat_unit } of state.score.time_signatures || []) {
      const x = view.tick_to_x(tick) + 4, text = `${beats}/${beat_unit}`;
      if (!tick || x < free || x > view.width) continue;
      paint.fillText(text, x, height * 0.85);
      free = x + paint.measureText(text).width + 8;
    }
  }

  function draw_loop(paint, height) {
    if (!state.loop) return;
    const from = view.frame_to_x(state.loop.first_frame), to = view.frame_to_x(state.loop.end_frame);
    paint.fillStyle = colour("loop");
    paint.fillRect(from, 0, to - from, height);
    paint.fillStyle = colour("mark");
    paint.fillRect(from, height - 3, to - from, 3);
  }

  function snapped(tick) {
    return Math.max(0, view.snap ? Math.round(tick / view.snap) * view.snap : Math.round(tick));
  }

  function move_line() {
    const x = view.frame_to_x(state.playhead_frame);
    line.hidden = x < -1 || x > view.width;
    line.style.transform = `translateX(${x}px)`;
    const tick = Math.max(0, Math.round(view.frame_to_tick(state.playhead_frame)));
    const { bar, beat } = place_of(state.score, tick);
    shown.textContent = `${bar}.${Math.floor(beat + 1e-6)}`;
    canvas.setAttribute("aria-valuenow", Math.round(state.playhead_frame));
    canvas.setAttribute("aria-valuetext", say("place", { bar, beat: Math.floor(beat * 100) / 100 }));
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    press = { x: event.offsetX, from: snapped(view.x_to_tick(event.offsetX)), moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!press) return;
    press.moved ||= Math.abs(event.offsetX - press.x) > SLOP;
    const to = snapped(view.x_to_tick(event.offsetX));
    if (!press.moved || to === press.from) return;
    const [first, end] = [Math.min(press.from, to), Math.max(press.from, to)].map((tick) => Math.round(view.tick_to_frame(tick)));
    state.set("loop", { first_frame: first, end_frame: end });
  });
  canvas.addEventListener("pointerup", () => {
    if (press && !press.moved) state.set("playhead_frame", view.tick_to_frame(press.from));
    press = null;
  });
  canvas.addEventListener("pointercancel", () => { press = null; });
  canvas.addEventListener("dblclick", () => state.set("loop", null));
  canvas.addEventListener("wheel", (event) => wheel(event, view), { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -4, PageDown: 4 }[event.key];
    const ends = { Home: 0, End: state.notes.length ? state.notes.at(-1).tick : 0 };
    if (event.ctrlKey || event.metaKey || event.altKey || (!step && !(event.key in ends))) return;
    event.preventDefault();
    const beat = event.shiftKey ? view.snap || 30 : 480;
    const now = view.frame_to_tick(state.playhead_frame);
    const tick = step ? Math.max(0, Math.round(now / beat + step) * beat) : ends[event.key];
    state.set("playhead_frame", view.tick_to_frame(tick));
    view.show_tick(tick);
  });
  for (const event of ["score", "view", "loop"]) state.on(event, surface.invalidate);
  for (const event of ["score", "view", "playhead", "language"]) state.on(event, move_line);
  move_line();
}
