// The wave of what is rendered, under the notes that it sings. A click goes there, a drag is a loop.

import { element } from "./controls.js";
import { hearing_of } from "./hearing.js";
import { gestures_of_lane } from "./lane_wheel.js";
import { colour, make_surface } from "./surface.js";

const BLOCK = 60; // samples in one kept pair of lowest and highest
const LEAST_SCALE = 0.2; // a whisper is not drawn as a shout
const DRAG_PIXELS = 6, SHORTEST_LOOP_FRAMES = 10;

export function start(state, view, context) {
  const hearing = hearing_of(state, context), peaks = new Peaks(hearing.sounds);
  const canvas = element("canvas", { data: { label: "lane_waveform" } });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", context.say("lane_waveform"));
  document.getElementById("waveform").append(canvas);
  gestures_of_lane(canvas.parentElement, view);
  const surface = make_surface(canvas, (paper, width, height) => draw(paper, { width, height, view, hearing, peaks, state }));
  for (const event of ["view", "performance", "loop", "language"]) state.on(event, surface.invalidate);
  for (const event of ["song", "samples"]) hearing.addEventListener(event, surface.invalidate);
  hearing.addEventListener("samples", ({ detail }) => hearing.sounds.get(detail.key) || peaks.forget(detail.key));
  take_pointer(canvas, state, view);
  return { peaks };
}

// Lowest and highest of every block of samples, made as the samples arrive.
class Peaks {
  #sounds; #kept = new Map(); // key → {low, high, blocks, sound}

  constructor(sounds) { this.#sounds = sounds; }

  forget(key) { this.#kept.delete(key); }

  of(key) {
    const sound = this.#sounds.get(key);
    if (!sound) return null;
    let made = this.#kept.get(key);
    if (made?.sound !== sound) {
      const blocks = Math.ceil(sound.samples.length / BLOCK);
      made = { sound, low: new Float32Array(blocks), high: new Float32Array(blocks), blocks: 0, loudest: 0 };
      this.#kept.set(key, made);
    }
    const ready = sound.whole ? made.low.length : Math.floor(sound.have / BLOCK);
    for (; made.blocks < ready; made.blocks++) {
      let low = 0, high = 0;
      const first = made.blocks * BLOCK, last = Math.min(first + BLOCK, sound.samples.length);
      for (let k = first; k < last; k++) {
        const sample = sound.samples[k];
        if (sample < low) low = sample;
        else if (sample > high) high = sample;
      }
      made.low[made.blocks] = low;
      made.high[made.blocks] = high;
      made.loudest = Math.max(made.loudest, high, -low);
    }
    return made;
  }
}

function draw(paper, { width, height, view, hearing, peaks, state }) {
  draw_loop(paper, { view, state, height });
  const song = hearing.heard;
  const middle = Math.round(height / 2) + 0.5;
  paper.fillStyle = colour("line");
  paper.fillRect(0, middle - 0.5, width, 1);
  if (!song) return;
  const shown = song.stretches.filter(({ silent }) => !silent).map((stretch) => {
    const [left, right] = [stretch.start, stretch.end].map((at) => view.frame_to_x(song.sample_to_frame(at)));
    return { ...stretch, left, right, made: peaks.of(stretch.key) };
  });
  const loudest = Math.max(LEAST_SCALE, ...shown.map(({ made }) => made?.loudest ?? 0));
  const scale = (height / 2 - 2) / loudest;
  for (const stretch of shown) {
    if (stretch.right < 0 || stretch.left > width) continue;
    const reached = draw_wave(paper, stretch, { view, song, width, middle, scale });
    draw_missing(paper, Math.max(reached, 0), Math.min(stretch.right, width), height);
  }
}

export function draw_loop(paper, { view, state, height }) {
  if (!state.loop) return;
  const left = view.frame_to_x(state.loop.first_frame), right = view.frame_to_x(state.loop.end_frame);
  paper.fillStyle = colour("loop");
  paper.fillRect(left, 0, right - left, height);
}

// the wave as far as it is there, a line a pixel; gives the x up to which it was drawn
function draw_wave(paper, { left, right, start, made }, { view, song, width, middle, scale }) {
  if (!made || !made.blocks) return left;
  const there = Math.min(made.blocks * BLOCK, made.sound.samples.length);
  const sample_at = (x) => view.x_to_frame(x) * song.hop - start;
  paper.fillStyle = colour("wave");
  const first = Math.max(Math.floor(left), 0), last = Math.min(Math.ceil(right), width);
  for (let x = first; x < last; x++) {
    const from = Math.max(Math.floor(sample_at(x)), 0), to = Math.ceil(sample_at(x + 1));
    if (from >= there) return x;
    const [low, high] = extremes(made, from, Math.min(Math.max(to, from + 1), there));
    const top = middle - high * scale, bottom = middle - low * scale;
    paper.fillRect(x, top - 0.5, 1, Math.max(bottom - top, 0) + 1);
  }
  return there === made.sound.samples.length ? right : last;
}

function extremes({ low, high, sound }, from, to) {
  let least = Infinity, most = -Infinity;
  if (to - from > 4 * BLOCK) {
    for (let k = Math.floor(from / BLOCK); k < Math.ceil(to / BLOCK); k++) {
      if (low[k] < least) least = low[k];
      if (high[k] > most) most = high[k];
    }
  } else {
    for (let k = from; k < to; k++) {
      const sample = sound.samples[k];
      if (sample < least) least = sample;
      if (sample > most) most = sample;
    }
  }
  return [least, most];
}

// what is still to come: slanted lines
export function draw_missing(paper, left, right, height) {
  if (right - left < 1) return;
  paper.save();
  paper.beginPath();
  paper.rect(left, 0, right - left, height);
  paper.clip();
  paper.strokeStyle = colour("line");
  paper.lineWidth = 1;
  paper.beginPath();
  const step = 8, first = Math.floor((left - height) / step) * step;
  for (let x = first; x < right; x += step) {
    paper.moveTo(x, height);
    paper.lineTo(x + height, 0);
  }
  paper.stroke();
  paper.restore();
}

// A click seeks, a drag marks a loop.
export function take_pointer(canvas, state, view) {
  let from_x = null, looping = false;
  const place = (event) => event.clientX - canvas.getBoundingClientRect().left;
  const frame = (x) => Math.max(0, Math.round(view.x_to_frame(x)));
  function mark(x) {
    const [first_frame, end_frame] = [Math.min(x, from_x), Math.max(x, from_x)].map(frame);
    if (end_frame - first_frame >= SHORTEST_LOOP_FRAMES) state.set("loop", { first_frame, end_frame });
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from_x = place(event);
    looping = false;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from_x === null) return;
    const x = place(event);
    looping ||= Math.abs(x - from_x) > DRAG_PIXELS;
    if (looping) mark(x);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (from_x === null) return;
    if (!looping) state.set("playhead_frame", frame(from_x));
    from_x = null;
  });
  canvas.addEventListener("pointercancel", () => { from_x = null; });
}
