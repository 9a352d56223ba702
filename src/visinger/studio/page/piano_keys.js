// The keyboard at the left edge of the roll.

import { is_black, pitch_name } from "./roll.js";
import { colour, FONT, make_surface } from "./surface.js";

export function start(state, view) {
  const canvas = document.getElementById("keys");
  const surface = make_surface(canvas, draw);
  let lit = new Set();

  function draw(paint, width, height) {
    const row = view.pixels_per_semitone;
    paint.fillStyle = colour("key-white");
    paint.fillRect(0, 0, width, height);
    paint.textBaseline = "middle";
    paint.textAlign = "right";
    for (let midi = Math.floor(view.y_to_pitch(height) - 0.5); midi <= Math.ceil(view.y_to_pitch(0) + 0.5); midi++) {
      const y = view.pitch_to_y(midi), top = y - row / 2;
      if (lit.has(midi)) {
        paint.fillStyle = colour("chosen");
        paint.fillRect(0, top, width, row);
      }
      if (is_black(midi)) {
        paint.fillStyle = colour("key-black");
        paint.beginPath();
        paint.roundRect(-4, top + 1, width * 0.58 + 4, row - 2, 3);
        paint.fill();
        paint.fillStyle = colour("grid-beat");
        paint.fillRect(width * 0.58, Math.round(y), width * 0.42, 1);
      } else if (midi % 12 === 0 || midi % 12 === 5) {
        paint.fillStyle = colour(midi % 12 ? "grid-beat" : "grid-bar");
        paint.fillRect(0, Math.round(top + row) - 1, width, 1);
      }
      if (midi % 12 === 0 || (lit.has(midi) && row >= 12)) label(paint, midi, width - 5, y);
    }
  }

  function label(paint, midi, x, y) {
    paint.font = `600 ${Math.min(11, view.pixels_per_semitone * 0.7)}px ${FONT}`;
    paint.fillStyle = lit.has(midi) ? colour("chosen-ink") : "#4b5359"; // the white keys are light in both schemes
    paint.fillText(pitch_name(midi), x, y + 0.5);
  }

  state.on("selection", () => {
    lit = new Set(state.selection.map((index) => state.notes[index].pitch));
    surface.invalidate();
  });
  state.on("score", () => {
    lit = new Set(state.selection.map((index) => state.notes[index].pitch));
    surface.invalidate();
  });
  state.on("view", surface.invalidate);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) view.zoom_rows(Math.exp(-event.deltaY * 0.0022), event.offsetY);
    else view.scroll_by(0, event.deltaY);
  }, { passive: false });
  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    from = event.clientY;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from === null) return;
    view.scroll_by(0, from - event.clientY);
    from = event.clientY;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { from = null; });
}
