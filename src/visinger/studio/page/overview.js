// The whole song in one strip: where one is in it, and a hand to get elsewhere.

import { colour, make_surface } from "./surface.js";

export function start(state, view) {
  const canvas = document.getElementById("overview");
  const surface = make_surface(canvas, draw);

  const ticks = () => Math.max(state.score.length_ticks || 0, 1920) * 1.04;

  function draw(paint, width, height) {
    const scale = width / ticks();
    paint.fillStyle = colour("ground");
    paint.fillRect(0, 0, width, height);
    const { notes } = state;
    const low = notes.reduce((least, note) => Math.min(least, note.pitch), 127);
    const high = notes.reduce((most, note) => Math.max(most, note.pitch), 0);
    paint.fillStyle = colour("note");
    for (const note of notes) {
      const y = 3 + ((high - note.pitch) / Math.max(high - low, 12)) * (height - 9);
      paint.fillRect(note.tick * scale, y, Math.max(note.duration * scale - 0.5, 1), 2.5);
    }
    const from = view.first_tick * scale, to = Math.min(view.x_to_tick(view.width) * scale, width);
    paint.fillStyle = colour("loop");
    paint.fillRect(from, 0, to - from, height);
    paint.strokeStyle = colour("mark");
    paint.strokeRect(from + 0.5, 0.5, Math.max(to - from - 1, 2), height - 1);
    paint.fillStyle = colour("playhead");
    paint.fillRect(view.frame_to_tick(state.playhead_frame) * scale, 0, 1, height);
  }

  let grip = null; // how far from the window's left edge it was taken
  function to_tick(event) {
    return (event.offsetX / surface.width) * ticks();
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const tick = to_tick(event), shown = view.width / view.pixels_per_tick;
    const inside = tick >= view.first_tick && tick <= view.first_tick + shown;
    grip = inside ? tick - view.first_tick : shown / 2;
    view.set({ first_tick: tick - grip });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (grip !== null) view.set({ first_tick: to_tick(event) - grip });
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { grip = null; });
  for (const event of ["score", "view", "playhead"]) state.on(event, surface.invalidate);
}
