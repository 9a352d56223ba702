// Commands on notes: what keys and buttons do to what is selected.

import * as editing from "./editing.js";
import { end_of } from "./settling.js";
import { place_of } from "./ruler.js";
import { pitch_name } from "./roll.js";
import { close_button } from "./keyboard.js";

export function start(state, view, context) {
  const { commands, say, announce } = context;
  let clipboard = null; // where the system's cannot be read

  const chosen = () => state.selection.map((index) => state.notes[index]);
  const some = { enabled: () => state.selection.length > 0 };
  const any = { enabled: () => state.notes.length > 0 };
  const grid = () => view.snap || 30;
  const playhead_tick = () => Math.max(0, Math.round(view.frame_to_tick(state.playhead_frame)));
  const snapped = (tick) => (view.snap ? Math.round(tick / view.snap) * view.snap : tick);

  function edit(name, label, mutator, { merge = null, ...when } = some) {
    commands.register(name, () => {
      state.change(label, mutator, { merge: merge && `${merge} ${state.selection}` });
      show();
    }, when);
  }

  function show() {
    const [note] = chosen();
    if (!note) return;
    view.show_tick(note.tick);
    view.show_pitch(note.pitch);
  }

  const moving = { ...some, merge: "move" }, sizing = { ...some, merge: "size" };
  edit("up", "undo_move", (draft) => editing.shift(draft, 0, 1), moving);
  edit("down", "undo_move", (draft) => editing.shift(draft, 0, -1), moving);
  edit("octave_up", "undo_move", (draft) => editing.shift(draft, 0, 12), moving);
  edit("octave_down", "undo_move", (draft) => editing.shift(draft, 0, -12), moving);
  edit("earlier", "undo_move", (draft) => editing.shift(draft, -grid(), 0), moving);
  edit("later", "undo_move", (draft) => editing.shift(draft, grid(), 0), moving);
  edit("shorter", "undo_resize", (draft) => editing.resize(draft, "end", -grid(), grid()), sizing);
  edit("longer", "undo_resize", (draft) => editing.resize(draft, "end", grid(), grid()), sizing);
  edit("split", "undo_split", (draft) => editing.split(draft, snapped(playhead_tick()), grid()));
  edit("merge", "undo_merge", editing.merge, {
    enabled: () => state.selection.length > 1 || (state.selection.length === 1 && state.selection[0] < state.notes.length - 1),
  });
  edit("delete", "undo_delete", editing.remove);
  edit("duplicate", "undo_paste", (draft) => {
    const notes = draft.selected;
    editing.paste(draft, editing.copied(notes).notes, end_of(notes.at(-1)));
  });

  // a note after the one selected, or at the playhead
  commands.register("write", () => {
    const last = chosen().at(-1);
    const tick = last ? end_of(last) : snapped(playhead_tick());
    const duration = last ? last.duration : Math.max(grid(), view.last_length || 480);
    const pitch = last ? last.pitch : state.notes.length ? state.notes[0].pitch : 67;
    state.change("undo_write", (draft) => editing.insert(draft, { tick, duration, pitch }));
    show();
  });
  commands.register("edit_lyric", () => context.lyric.open(state.selection[0] ?? 0), any);

  function walk(step, extend = false) {
    const { selection, notes } = state;
    if (!selection.length) {
      const at = notes.findIndex((note) => end_of(note) > playhead_tick());
      state.select([at < 0 ? notes.length - 1 : at]);
    } else {
      const from = step > 0 ? selection.at(-1) : selection[0];
      const next = Math.min(Math.max(from + step, 0), notes.length - 1);
      state.select(extend ? [...selection, next] : [next]);
    }
    show();
  }
  commands.register("previous_note", () => walk(-1), any);
  commands.register("next_note", () => walk(1), any);
  commands.register("extend_left", () => walk(-1, true), any);
  commands.register("extend_right", () => walk(1, true), any);
  commands.register("first_note", () => { state.select([0]); show(); }, any);
  commands.register("last_note", () => { state.select([state.notes.length - 1]); show(); }, any);
  commands.register("select_all", () => state.select(state.notes.map((_, index) => index)), any);
  commands.register("select_none", () => state.select([]), some);

  // ---- the clipboard: the system's where a key was pressed, our own for buttons

  function keep() {
    clipboard = JSON.stringify(editing.copied(chosen()));
    state.emit("clipboard");
    announce(say("copied", { count: state.selection.length }));
    return clipboard;
  }

  function put(notes) {
    const tick = snapped(playhead_tick());
    state.change("undo_paste", (draft) => editing.paste(draft, notes, tick));
    state.set("playhead_frame", view.tick_to_frame(end_of(chosen().at(-1)))); // the next paste goes on from here
    show();
  }

  commands.register("copy", () => {
    navigator.clipboard?.writeText(keep()).catch(() => {}); // ours is enough where the system's is closed
  }, some);
  commands.register("paste", () => put(editing.pasted(clipboard)), { enabled: () => clipboard !== null });
  const elsewhere = (event) => event.target.closest?.("input:not([type=radio]), textarea, select, dialog");
  for (const name of ["copy", "cut"]) {
    document.addEventListener(name, (event) => {
      if (elsewhere(event) || !state.selection.length) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", keep());
      if (name === "cut") state.change("undo_delete", editing.remove);
    });
  }
  document.addEventListener("paste", (event) => {
    if (elsewhere(event)) return;
    const text = event.clipboardData.getData("text/plain");
    const notes = editing.pasted(text) || (text ? null : editing.pasted(clipboard));
    if (notes) put(notes);
    else if (text && state.selection.length) lay(text);
    else return;
    event.preventDefault();
  });

  // ---- words for many notes at once

  function lay(text) {
    const words = editing.words_of(text), first = state.selection[0] ?? 0;
    if (!words.length) return;
    const found = Math.min(words.length, state.notes.length - first);
    state.change("undo_lyrics", (draft) => editing.lay_words(draft, first, words));
    announce(say(found < words.length ? "words_left" : "words_laid", { count: found, left: words.length - found }));
  }

  const dialog = document.getElementById("lyrics-dialog");
  commands.register("lyrics", () => {
    const title = document.createElement("h2"), hint = document.createElement("p"), area = document.createElement("textarea");
    const act = document.createElement("p"), done = document.createElement("button");
    Object.assign(title, { id: "lyrics-title", textContent: say("command_lyrics") });
    Object.assign(hint, { className: "hint", textContent: say("lyrics_hint") });
    area.setAttribute("aria-labelledby", "lyrics-title");
    area.value = state.notes.slice(state.selection[0] ?? 0).slice(0, state.selection.length > 1 ? state.selection.length : undefined)
      .map((note) => note.lyric || "-").join(" ");
    Object.assign(done, { type: "button", className: "main", textContent: say("lyrics_done") });
    done.addEventListener("click", () => {
      dialog.close();
      lay(area.value);
    });
    act.className = "act";
    act.append(done);
    dialog.replaceChildren(close_button(dialog, say), title, hint, area, act);
    dialog.showModal();
    area.focus();
    area.select();
  }, any);

  // ---- what is selected, said for those who do not see the roll

  const spoken = document.getElementById("roll-voice"), counts = document.getElementById("counts");
  function tell() {
    const notes = chosen();
    if (notes.length === 1) {
      const { bar, beat } = place_of(state.score, notes[0].tick);
      spoken.textContent = say("note_spoken", {
        lyric: notes[0].lyric || say("held"), pitch: pitch_name(notes[0].pitch), bar, beat: Math.floor(beat * 100) / 100,
        beats: Math.round((notes[0].duration / 480) * 100) / 100,
      });
    } else {
      spoken.textContent = notes.length ? say("notes_spoken", { count: notes.length }) : "";
    }
    counts.textContent = notes.length === 1 ? spoken.textContent
      : say(notes.length ? "notes_spoken" : "notes_count", { count: notes.length || state.notes.length });
  }
  for (const event of ["selection", "score", "language"]) state.on(event, tell);

  // ---- the view

  commands.register("zoom_in", () => view.zoom(1.25, zoom_place()));
  commands.register("zoom_out", () => view.zoom(0.8, zoom_place()));
  commands.register("rows_taller", () => view.zoom_rows(1.15));
  commands.register("rows_lower", () => view.zoom_rows(1 / 1.15));
  commands.register("fit", () => view.fit());
  commands.register("scroll_left", () => view.scroll_by(-0.8 * view.width));
  commands.register("scroll_right", () => view.scroll_by(0.8 * view.width));
  function zoom_place() {
    const [note] = chosen();
    const x = note ? view.tick_to_x(note.tick) : view.frame_to_x(state.playhead_frame);
    return x >= 0 && x <= view.width ? x : view.width / 2;
  }
  for (const tool of ["notes", "pitch", "phonemes"]) commands.register(`tool_${tool}`, () => state.set("tool", tool));
  commands.register("undo", () => state.undo(), { enabled: () => state.undo_label !== "" });
  commands.register("redo", () => state.redo(), { enabled: () => state.redo_label !== "" });
}
