// The spectrogram of what is rendered: levels from a worker, colours from the style sheet.

import { element } from "./controls.js";
import { hearing_of } from "./hearing.js";
import { gestures_of_lane } from "./lane_wheel.js";
import { reach, row_of_hz } from "./spectra.js";
import { colour, FONT, make_surface } from "./surface.js";
import { draw_loop, draw_missing, take_pointer } from "./waveform.js";

const ROWS = 144;
const TILE_COLUMNS = 256; // of 10 ms
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

// Tiles of stretches: each is asked of the worker when it comes into view and its samples are here.
class Paintings {
  #hearing; #changed; #tiles = new Map(); #asked = new Set(); #worker; #palette = null;

  constructor(hearing, changed) {
    this.#hearing = hearing;
    this.#changed = changed;
    this.#worker = new Worker(new URL("spectrogram_worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => {
      this.#asked.delete(data.name);
      if (!hearing.sounds.get(key_of(data.name))) return; // forgotten in the meantime
      this.#tiles.set(data.name, { ...data, canvas: null });
      this.#changed();
    });
    hearing.addEventListener("samples", ({ detail }) => {
      if (hearing.sounds.get(detail.key)) return;
      for (const name of this.#tiles.keys()) if (key_of(name) === detail.key) this.#tiles.delete(name);
    });
  }

  get painted() { return this.#tiles.size; }

  repaint() {
    this.#palette = null;
    for (const tile of this.#tiles.values()) tile.canvas = null;
    this.#changed();
  }

  // the canvas of the tile that begins with a column of a stretch, null while it is not there
  of({ key, count }, first, song) {
    const name = `${key} ${first}`, tile = this.#tiles.get(name);
    if (!tile) {
      this.#ask(name, { key, first, columns: Math.min(TILE_COLUMNS, Math.ceil(count / song.hop) - first) }, song);
      return null;
    }
    this.#palette ??= palette();
    tile.canvas ??= painted(tile, this.#palette);
    return tile.canvas;
  }

  #ask(name, { key, first, columns }, { hop, rate }) {
    const sound = this.#hearing.sounds.get(key), around = reach(rate);
    const from = Math.max(first * hop - around, 0), to = (first + columns) * hop + around;
    if (!sound || this.#asked.has(name) || sound.have < Math.min(to, sound.samples.length)) return;
    this.#asked.add(name);
    const samples = sound.samples.slice(from, to);
    this.#worker.postMessage({ name, samples, first: first * hop - from, columns, hop, rate, rows: ROWS }, [samples.buffer]);
  }
}

const key_of = (name) => name.slice(0, name.lastIndexOf(" "));

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

function painted({ levels, columns }, colours) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: ROWS });
  const paper = canvas.getContext("2d"), image = paper.createImageData(columns, ROWS);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < ROWS; row++) {
      const level = levels[column * ROWS + row], at = 4 * ((ROWS - 1 - row) * columns + column);
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
    const seen = [view.x_to_frame(0), view.x_to_frame(width)];
    for (const stretch of song.stretches) {
      if (!stretch.silent) draw_stretch(paper, stretch, { song, changes, seen, view, width, height, paintings });
    }
    draw_labels(paper, height, song.rate / 2);
  }
  draw_loop(paper, { view, state, height });
}

function draw_stretch(paper, stretch, { song, changes, seen, view, width, height, paintings }) {
  const first_frame = song.sample_to_frame(stretch.start), last_frame = song.sample_to_frame(stretch.end);
  for (let first = 0; first_frame + first < last_frame; first += TILE_COLUMNS) {
    const from = first_frame + first, to = Math.min(from + TILE_COLUMNS, last_frame);
    if (to < seen[0] || from > seen[1]) continue;
    const canvas = paintings.of(stretch, first, song);
    if (canvas) draw_tile(paper, canvas, { from, to, changes, view, height });
    else draw_missing(paper, Math.max(view.frame_to_x(from), 0), Math.min(view.frame_to_x(to), width), height);
  }
}

// a tile is straight in time, the axis is in ticks: where the tempo changes it is cut
function draw_tile(paper, canvas, { from, to, changes, view, height }) {
  const cuts = [from, ...changes.filter((frame) => frame > from && frame < to), to];
  for (let k = 0; k + 1 < cuts.length; k++) {
    const left = view.frame_to_x(cuts[k]), right = view.frame_to_x(cuts[k + 1]);
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
