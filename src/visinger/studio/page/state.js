// The one store of the page: the song, and what is being done to it.
//
// CONTRACT (for every module of the page)
//
//   state.score        score document (the JSON score format: score.parts[…].notes[…] with tick, duration, pitch, lyric)
//   state.part         index of the part being edited       state.notes      its notes (sorted, never overlapping)
//   state.voice        name, "default" follows the language state.singer     "" = the voice's first
//   state.transpose    semitones, or "auto"                 state.seed       whole number
//   state.noise_scale  null = the voice's own               state.own_pitch  true passes over drawn pitch
//   state.edits        {boundaries: [{note, ordinal, offset_frames}]} of this part
//   These are *the document*. Never write into them; they are frozen. Change them with
//
//     state.change(label, (draft) => {…}, {merge: "key"})
//
//       label    name of a text in texts.json ("undo_move" …), shown beside undo
//       draft    {score, part, voice, singer, transpose, seed, noise_scale, own_pitch, edits, notes, part_document,
//                 selected}: yours to mutate. `notes` is the edited part's array, `part_document` that part
//                 (pitch_curve, bend, dynamics), `selected` an array of the draft's own note objects.
//       merge    changes that follow each other with the same key are one step of undo (a slider, a drag)
//     Afterwards notes are sorted, those that changed take room from those that did not, boundary edits and the
//     selection follow their notes, and edits of notes whose words changed are dropped. One "score" event is sent;
//     the song is saved and performed again a moment later. A mutator that throws changes nothing.
//     state.undo(), state.redo(); state.undo_label, state.redo_label ("" when there is nothing).
//
//   Not undoable, set with state.set(key, value), which sends the event of the same row:
//     key              value                                                       event
//     selection        sorted indexes into state.notes                             selection
//     playhead_frame   frame, whole or not                                         playhead
//     performance      what /v1/perform answered, or null                          performance
//     status           {saving: "saved"|"waiting"|"saving"|"offline",
//                       performing: "idle"|"waiting"|"offline"|"refused"|"empty"}  status
//     tool             "notes"|"pitch"|"phonemes"                                  tool
//     takes            anything JSON; saved with the project                       takes
//     loop             {first_frame, end_frame}|null                               loop
//     follow           the view follows the playhead while it plays                follow
//   state.set("status", {performing: "idle"}) merges into what is there.
//
//   state.on(event, handler) → a function that ends it. Events: score performance selection view playhead status tool
//   takes loop follow language. "score" handlers get {label, opened}: opened is true when another song was loaded.
//   "view" is sent by the view (view.js) when scroll, zoom or size change.
//
//   state.song_request(extra)   the body of /v1/perform, /v1/render, /v1/convert for the song as it is now
//   state.performance_fits      whether state.performance was made from the document as it is now
//   state.project(), state.load(project)   what is saved, and back
//
// THE VIEW (view.js) is the one time axis of roll, lanes and waveform; x is in CSS pixels from the left edge of a
// lane's canvas, which all stand one under another (the gutter with the keys is beside them, not in them):
//   view.first_tick, view.pixels_per_tick, view.width
//   view.tick_to_x(tick) x_to_tick(x) tick_to_frame(tick) frame_to_tick(frame) frame_to_x(frame) x_to_frame(x)
//   Frames are real numbers here (100 a second); round them where a whole one is needed.
//   view.scroll_by(dx_pixels, dy_pixels) view.zoom(factor, x) view.show_tick(tick) view.show_frame(frame)
//   view.pitch_to_y(midi) is the middle of that key's row on #roll and #pitch-canvas; view.y_to_pitch(y) is real.
//
// A MODULE exports `start(state, view, context)`; context = {api, say, announce, commands, performing, roll}:
//   api          api.js: get_json post_json post_bytes …; throws ApiError {problem, where, remedy, message}
//   say(name, values)        a text in the language chosen; on "language" draw again
//   announce(text, {kind})   one line in #messages (aria-live); kind "note" (default), "problem", "good"
//   commands.register(name, handler)   keyboard.js calls it for the keys of that name (play, stop, loop, take, export …)
//   performing.ready()       promise of a performance that fits the document as it is now; rejects with ApiError
//   Also: surface.js (make_surface: a sharp canvas drawn once a frame; colour("note") is --note of style.css),
//   index.html's icons (<svg><use href="#icon-play"/></svg> in button.tool), texts_sound.json and sound.css for the
//   modules of sound and lanes, #pitch-tools and #phoneme-tools for their buttons (shown with their tool).

import { carry_curve } from "./curves.js";
import { make_history } from "./history.js";
import { carried, settle, share } from "./settling.js";

export const DOCUMENT = ["score", "part", "voice", "singer", "transpose", "seed", "noise_scale", "own_pitch", "edits_of_parts"];
export const PROJECT_FORMAT = "visinger-studio-project", PROJECT_VERSION = 1;

const SET = {
  selection: "selection", playhead_frame: "playhead", performance: "performance", status: "status", tool: "tool",
  takes: "takes", loop: "loop", follow: "follow",
};
const NO_EDITS = Object.freeze({ boundaries: Object.freeze([]) });

export function empty_score(language = "") {
  return {
    format: "visinger-score", version: 1, title: "", language,
    tempos: [{ tick: 0, quarters_per_minute: 120 }], time_signatures: [{ tick: 0, beats: 4, beat_unit: 4 }],
    length_ticks: 8 * 1920, parts: [{ name: "", notes: [] }],
  };
}

export function fresh_document(score = empty_score(), values = {}) {
  return {
    score, part: 0, voice: "default", singer: "", transpose: 0, seed: 0, noise_scale: null, own_pitch: false,
    edits_of_parts: {}, ...values,
  };
}

function frozen(value) {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

class State {
  #document = frozen(fresh_document());
  #history = make_history();
  #handlers = new Map();
  #performed = null; // the document that `performance` was made from
  #values = {
    selection: [], playhead_frame: 0, performance: null, status: { saving: "saved", performing: "empty" },
    tool: "notes", takes: null, loop: null, follow: true,
  };

  constructor() {
    for (const key of DOCUMENT) Object.defineProperty(this, key, { get: () => this.#document[key], enumerable: true });
    for (const key of Object.keys(SET)) Object.defineProperty(this, key, { get: () => this.#values[key] });
  }

  get document() { return this.#document; }
  get part_document() { return this.#document.score.parts[this.#document.part]; }
  get notes() { return this.part_document.notes; }
  get edits() { return this.#document.edits_of_parts[this.#document.part] || NO_EDITS; }
  get undo_label() { return this.#history.undo_label; }
  get redo_label() { return this.#history.redo_label; }
  get performance_fits() { return this.performance !== null && this.#performed === this.#document; }

  on(event, handler) {
    if (!this.#handlers.has(event)) this.#handlers.set(event, new Set());
    this.#handlers.get(event).add(handler);
    return () => this.#handlers.get(event).delete(handler);
  }

  emit(event, detail) {
    for (const handler of [...(this.#handlers.get(event) || [])]) handler(detail);
  }

  set(key, value) {
    if (!(key in SET)) throw new Error(`${key} is part of the document: use state.change`);
    this.#values[key] = key === "status" ? { ...this.status, ...value } : value;
    this.emit(SET[key], value);
  }

  set_performance(performance, made_from) {
    this.#performed = made_from;
    this.set("performance", performance);
  }

  change(label, mutator, { merge = null } = {}) {
    const before = this.#document, old_notes = this.notes, { part } = before;
    const draft = structuredClone({ ...before, edits: this.edits });
    const notes_then = [...draft.score.parts[part].notes]; // the same notes as objects of the draft, by old index
    Object.defineProperty(draft, "notes", {
      get: () => draft.score.parts[draft.part].notes,
      set: (notes) => { draft.score.parts[draft.part].notes = notes; },
    });
    Object.defineProperty(draft, "part_document", { get: () => draft.score.parts[draft.part] });
    draft.selected = this.selection.map((index) => notes_then[index]);
    mutator(draft);
    const same_part = draft.part === part;
    const edited = draft.score.parts[part];
    const origin = new Map(notes_then.map((note, index) => [note, index]));
    if (edited) {
      const undrawn = share(before.score.parts[part].pitch_curve, edited.pitch_curve);
      edited.notes = settle(edited.notes, (note) => old_notes[origin.get(note)], draft.score);
      if (undrawn === before.score.parts[part].pitch_curve) { // a mutator that draws has placed its own points
        carry_curve(edited, edited.notes.filter((n) => origin.has(n)).map((n) => [old_notes[origin.get(n)], n]));
      }
      const edits = carried(draft.edits, edited.notes, origin, old_notes);
      if (edits.boundaries.length || part in draft.edits_of_parts) draft.edits_of_parts[part] = edits;
    }
    const selection = same_part ? draft.selected.map((note) => draft.notes.indexOf(note)) : [];
    const after = {};
    for (const key of DOCUMENT) after[key] = share(before[key], draft[key]);
    if (DOCUMENT.every((key) => after[key] === before[key])) {
      this.select(selection);
      return false;
    }
    this.#history.add({ label, merge, document: before, selection: this.selection });
    this.#document = frozen(after);
    this.select(selection);
    this.emit("score", { label, opened: false });
    return true;
  }

  select(indexes) {
    const kept = [...new Set(indexes)].filter((index) => index >= 0 && index < this.notes.length).sort((a, b) => a - b);
    if (kept.length === this.selection.length && kept.every((index, k) => index === this.selection[k])) return;
    this.set("selection", kept);
  }

  undo() { this.#travel(this.#history.undo({ document: this.#document, selection: this.selection }), "undo"); }
  redo() { this.#travel(this.#history.redo({ document: this.#document, selection: this.selection }), "redo"); }

  #travel(entry, label) {
    if (!entry) return;
    this.#document = entry.document;
    this.select(entry.selection);
    this.emit("score", { label, opened: false });
  }

  song_request(extra = {}) {
    const { score, part, voice, singer, transpose, seed, noise_scale, own_pitch } = this.#document;
    return { score, part, voice, singer, transpose, seed, noise_scale, own_pitch, edits: this.edits, ...extra };
  }

  project() {
    return { format: PROJECT_FORMAT, version: PROJECT_VERSION, ...this.#document, takes: this.takes };
  }

  load(project) {
    const document = {};
    const fresh = fresh_document();
    for (const key of DOCUMENT) document[key] = structuredClone(project[key] ?? fresh[key]);
    document.part = Math.min(document.part, document.score.parts.length - 1);
    for (const part of document.score.parts) {
      // places are counted anew by the reader, so that its complaints name the bars that the ruler shows
      for (const note of part.notes) { delete note.bar; delete note.beat; }
    }
    delete document.score.bars;
    const { tempos, time_signatures, length_ticks } = empty_score();
    document.score = { tempos, time_signatures, length_ticks, ...document.score };
    this.#document = frozen(document);
    this.#history.clear();
    this.#performed = null;
    Object.assign(this.#values, { selection: [], performance: null, playhead_frame: 0, loop: null });
    this.#values.takes = project.takes ?? null;
    for (const event of ["selection", "performance", "playhead", "loop", "takes"]) this.emit(event);
    this.emit("score", { label: "open", opened: true });
  }
}

export function make_state() {
  return new State();
}
