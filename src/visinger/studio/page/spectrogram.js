// The spectrogram of what is rendered: levels from a worker, colours from the style sheet.

import { element } from "./controls.js";
import { hearing_of } from "./hearing.js";
import { gestures_of_lane } from "./lane_wheel.js";
import { row_of_hz } from "./spectra.js";
import { colour, FONT, make_surface } from "./surface.js";
import { draw_loop, draw_missing, take_pointer } from "./waveform.js";

const ROWS = 144;
const TILE_COLUMNS = 2048; // a canvas may not be wider than some graphics memories allow
const COLOURS = 6; // --spectrum-0 … --spectrum-5 in sound.css, evenly spaced
const LABELS_HZ = [200, 1000, 4000, 10000];
const LABEL_PIXELS = 10;

export function start(state, view, context) {
  const hearing = hearing_of(state, context);
  const canvas = element("canvas", { data: { label: "lane_spectrogram" } });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", context.say("lane_spectrogram"));
  document.getElementById("spectrogram").append(canvas);
  gestures_of_lane(canvas.parentElement, view);
  const paintings = new Paintings(hearing, () => surface.invalidate());
  const surface = make_surface(canvas, (paper, width, height) => draw(paper, { width, height, view, state, hearing, paintings }));
  for (const event of ["view", "performance", "loop", "language"]) state.on(event, surface.invalidate);
  for (const event of ["song", "samples"]) hearing.addEventListener(event, surface.invalidate);
  take_pointer(canvas, state, view);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paintings.repaint());
  return { paintings };
}

// Levels by key as the worker makes them, and the tiles painted of them.
class Paintings {
  #hearing; #changed; #levels = new Map(); #tiles = new Map(); #asked = new Set(); #worker; #palette = null;

  constructor(hearing, changed) {
    this.#hearing = hearing;
    this.#changed = changed;
    this.#worker = new Worker(new URL("spectrogram_worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => {
      this.#asked.delete(data.key);
      if (!hearing.sounds.get(data.key)) return; // forgotten in the meantime
      this.#levels.set(data.key, data);
      this.#changed();
    });
    hearing.addEventListener("samples", ({ detail }) => {
      if (hearing.sounds.get(detail.key)) return;
      this.#levels.delete(detail.key);
      this.#tiles.delete(detail.key);
    });
  }

  get painted() { return [...this.#levels.keys()]; }

  repaint() {
    this.#palette = null;
    this.#tiles.clear();
    this.#changed();
  }

  // [{canvas, first, columns}] of a stretch, null while it is not there
  of(key, song) {
    if (this.#tiles.has(key)) return this.#tiles.get(key);
    const made = this.#levels.get(key);
    if (!made) {
      this.#ask(key, song);
      return null;
    }
    this.#palette ??= palette();
    const tiles = [];
    for (let first = 0; first < made.columns; first += TILE_COLUMNS) {
      const columns = Math.min(TILE_COLUMNS, made.columns - first);
      tiles.push({ canvas: painted(made.levels, first, columns, this.#palette), first, columns });
    }
    this.#tiles.set(key, tiles);
    return tiles;
  }

  #ask(key, song) {
    const sound = this.#hearing.sounds.get(key);
    if (!sound?.whole || this.#asked.has(key)) return;
    this.#asked.add(key);
    this.#worker.postMessage({ key, samples: sound.samples, hop: song.hop, rate: song.rate, rows: ROWS });
  }
}

// 256 colours as (r, g, b) bytes, between those of the style sheet
function palette() {
  const stops = Array.from({ length: COLOURS }, (_, k) => rgb(colour(`spectrum-${k}`)));
  const colours = new Uint8Array(3 * 256);
  for (let level = 0; level < 256; level++) {
    const at = (level / 255) * (COLOURS - 1), k = Math.min(Math.floor(at), COLOURS - 2);
    for (let c = 0; c < 3; c++) colours[3 * level + c] = stops[k][c] + (stops[k + 1][c] - stops[k][c]) * (at - k);
  }
  return colours;
}

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function painted(levels, first, columns, colours) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: ROWS });
  const paper = canvas.getContext("2d"), image = paper.createImageData(columns, ROWS);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < ROWS; row++) {
      const level = levels[(first + column) * ROWS + row], at = 4 * ((ROWS - 1 - row) * columns + column);
      image.data[at] = colours[3 * level];
      image.data[at + 1] = colours[3 * level + 1];
      image.data[at + 2] = colours[3 * level + 2];
      image.data[at + 3] = 255;
    }
  }
  paper.putImageData(image, 0, 0);
  return canvas;
}

function draw(paper, { width, height, view, state, hearing, paintings }) {
  paper.fillStyle = colour("spectrum-0");
  paper.fillRect(0, 0, width, height);
  const song = hearing.heard;
  if (song) {
    const changes = state.score.tempos.map(({ tick }) => view.tick_to_frame(tick));
    for (const { key, silent, start, end } of song.stretches) {
      const first_frame = song.sample_to_frame(start);
      const left = view.frame_to_x(first_frame), right = view.frame_to_x(song.sample_to_frame(end));
      if (silent || right < 0 || left > width) continue;
      const tiles = paintings.of(key, song);
      if (!tiles) draw_missing(paper, Math.max(left, 0), Math.min(right, width), height);
      else for (const tile of tiles) draw_tile(paper, tile, { first_frame, changes, view, width, height });
    }
    draw_labels(paper, height, song.rate / 2);
  }
  draw_loop(paper, { view, state, height });
}

// a tile is straight in time, the axis is in ticks: where the tempo changes it is cut
function draw_tile(paper, { canvas, first, columns }, { first_frame, changes, view, width, height }) {
  const from = first_frame + first, to = from + columns;
  const cuts = [from, ...changes.filter((frame) => frame > from && frame < to), to];
  for (let k = 0; k + 1 < cuts.length; k++) {
    const left = view.frame_to_x(cuts[k]), right = view.frame_to_x(cuts[k + 1]);
    if (right < 0 || left > width) continue;
    paper.drawImage(canvas, cuts[k] - from, 0, cuts[k + 1] - cuts[k], ROWS, left, 0, right - left, height);
  }
}

function draw_labels(paper, height, highest_hz) {
  paper.font = `${LABEL_PIXELS}px ${FONT}`;
  paper.textBaseline = "middle";
  for (const hz of LABELS_HZ) {
    const y = height * (1 - row_of_hz(hz, ROWS, highest_hz) / ROWS);
    if (y < LABEL_PIXELS || y > height - LABEL_PIXELS) continue;
    const text = hz < 1000 ? `${hz}` : `${hz / 1000}k`;
    paper.fillStyle = colour("spectrum-0");
    paper.globalAlpha = 0.75;
    paper.fillRect(0, y - 7, paper.measureText(text).width + 8, 14);
    paper.globalAlpha = 1;
    paper.fillStyle = colour("soft");
    paper.fillText(text, 4, y + 0.5);
  }
}
