// The one time axis and the one pitch axis of the page; the contract stands at the head of state.js.

import { tempo_map } from "./tempo_map.js";

export const FRAMES_PER_SECOND = 100;
const MOST_PIXELS_PER_TICK = 2, LEAST_PIXELS_PER_TICK = 0.004;
const ROW_HEIGHTS = { least: 10, most: 44 };
const LOWEST_MIDI = 12, HIGHEST_MIDI = 119; // C0 to B8: nobody sings beyond
const LEFT_MARGIN_PIXELS = 12; // so that the first note's head can be taken hold of
const MARGIN_TICKS = 8 * 1920; // to write on after the last note

export function make_view(state) {
  let map = tempo_map(state.score.tempos);
  let made_of = state.score.tempos;

  function tempo() {
    if (state.score.tempos !== made_of) {
      made_of = state.score.tempos;
      map = tempo_map(made_of);
    }
    return map;
  }

  const view = {
    first_tick: 0, pixels_per_tick: 0.1, width: 1000,
    top_midi: 84.5, pixels_per_semitone: 20, height: 400,
    snap: 120, // ticks of the grid that notes keep to; 0 is none

    tick_to_x: (tick) => (tick - view.first_tick) * view.pixels_per_tick,
    x_to_tick: (x) => view.first_tick + x / view.pixels_per_tick,
    tick_to_frame: (tick) => tempo().seconds_at(tick) * FRAMES_PER_SECOND,
    frame_to_tick: (frame) => tempo().tick_at(frame / FRAMES_PER_SECOND),
    frame_to_x: (frame) => view.tick_to_x(view.frame_to_tick(frame)),
    x_to_frame: (x) => view.tick_to_frame(view.x_to_tick(x)),
    pitch_to_y: (midi) => (view.top_midi - midi) * view.pixels_per_semitone,
    y_to_pitch: (y) => view.top_midi - y / view.pixels_per_semitone,

    get last_tick() { return (state.score.length_ticks || 0) + MARGIN_TICKS; },

    set(values) {
      Object.assign(view, values);
      settle();
      state.emit("view");
    },
    scroll_by(dx, dy = 0) {
      view.set({
        first_tick: view.first_tick + dx / view.pixels_per_tick, top_midi: view.top_midi - dy / view.pixels_per_semitone,
      });
    },
    zoom(factor, x = view.width / 2) {
      const tick = view.x_to_tick(x);
      const pixels_per_tick = within(view.pixels_per_tick * factor, LEAST_PIXELS_PER_TICK, MOST_PIXELS_PER_TICK);
      view.set({ pixels_per_tick, first_tick: tick - x / pixels_per_tick });
    },
    zoom_rows(factor, y = view.height / 2) {
      const midi = view.y_to_pitch(y);
      const pixels_per_semitone = within(view.pixels_per_semitone * factor, ROW_HEIGHTS.least, ROW_HEIGHTS.most);
      view.set({ pixels_per_semitone, top_midi: midi + y / pixels_per_semitone });
    },
    show_tick(tick) {
      const x = view.tick_to_x(tick);
      if (x < 0 || x > view.width - 24) view.set({ first_tick: tick - (0.1 * view.width) / view.pixels_per_tick });
    },
    show_frame: (frame) => view.show_tick(view.frame_to_tick(frame)),
    show_pitch(midi) {
      const y = view.pitch_to_y(midi);
      if (y < view.pixels_per_semitone || y > view.height - view.pixels_per_semitone) {
        view.set({ top_midi: midi + view.height / 2 / view.pixels_per_semitone });
      }
    },
    // the whole song's melody in sight, at a size at which lyrics can be read
    fit() {
      const { notes } = state;
      const pitches = notes.map((note) => note.pitch);
      const middle = notes.length ? (Math.min(...pitches) + Math.max(...pitches)) / 2 : 67;
      const shortest = notes.length ? notes.map((note) => note.duration).sort((a, b) => a - b)[notes.length >> 2] : 480;
      view.set({
        pixels_per_tick: within(30 / shortest, 0.04, 0.25), pixels_per_semitone: 20,
        first_tick: -Infinity, top_midi: middle + view.height / 40,
      });
    },
  };

  function settle() {
    const least = -LEFT_MARGIN_PIXELS / view.pixels_per_tick;
    view.first_tick = within(view.first_tick, least, Math.max(least, view.last_tick - view.width / view.pixels_per_tick));
    const rows = view.height / view.pixels_per_semitone;
    view.top_midi = Math.max(Math.min(view.top_midi, HIGHEST_MIDI + 0.5), LOWEST_MIDI - 0.5 + rows);
  }

  return view;
}

export function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
