// Tempo marks in the ruler: press one to type over it, add one at the playhead's bar, take one away again.
// The first holds from the song's beginning and can only be typed over.

import { element, make_button } from "./controls.js";
import { place_of } from "./ruler.js";
import { bars, number_of } from "./tempo_map.js";

export const TEMPO_BOUNDS = { slowest: 10, fastest: 500 };
const BESIDE_BAR_NUMBER = 20, LEAST_GAP = 4;

export const in_force = (entries, tick) => (entries || []).findLastIndex((entry) => entry.tick <= tick);

// Changes the song's tempos; the playhead stays on its note.
function change(state, view, edit) {
  const tick = Math.max(0, Math.round(view.frame_to_tick(state.playhead_frame)));
  state.change("undo_tempo", (draft) => edit(draft.score.tempos));
  state.set("playhead_frame", view.tick_to_frame(tick));
}

// What is typed over the `at`th tempo; as it was shown, it stays as exact as it was.
export function type_over(state, view, at, value) {
  if (Math.abs(number_of(state.score.tempos[at].quarters_per_minute) - value) < 0.005) return;
  change(state, view, (tempos) => { tempos[at].quarters_per_minute = Number.isInteger(value) ? value : String(value); });
}

const shown = (tempo) => Math.round(number_of(tempo.quarters_per_minute) * 100) / 100;

export function start(state, view, context) {
  const { say, announce } = context;
  const lane = document.getElementById("ruler-lane");
  const list = element("div", { id: "tempo-marks" });
  const buttons = new Map(); // by tick
  const { slowest: min, fastest: max } = TEMPO_BOUNDS;
  const input = element("input", { type: "number", id: "tempo-typed", min, max, step: "any", data: { label: "tempo" } });
  const remove = make_button({ id: "tempo-remove", label: "tempo_remove", image: "minus", act: () => take_away() }, say);
  const editor = element("div", { id: "tempo-editor", hidden: true }, input, remove.button);
  const add = make_button({ id: "tempo-add", label: "tempo_add", image: "plus", act: add_here }, say);
  add.button.prepend(element("span", { textContent: "♩" }));
  lane.append(list, editor, add.button);
  let open_tick = null;

  const index_of = (tick) => state.score.tempos.findIndex((tempo) => tempo.tick === tick);

  // ---- where they stand: one that would lie on the mark before it waits until there is room

  function lay() {
    let free = -Infinity;
    const seen = new Set();
    for (const tempo of state.score.tempos) {
      const x = view.tick_to_x(tempo.tick) + BESIDE_BAR_NUMBER;
      if (x > view.width) break;
      if (x < free || x < -100) continue;
      const button = mark_of(tempo);
      button.style.left = `${x}px`;
      seen.add(tempo.tick);
      free = x + button.offsetWidth + LEAST_GAP;
    }
    for (const [tick, button] of buttons) {
      if (seen.has(tick)) continue;
      button.remove();
      buttons.delete(tick);
    }
    lay_editor();
  }

  function mark_of(tempo) {
    const { tick } = tempo;
    if (!buttons.has(tick)) {
      const made = element("button", { type: "button", className: "tempo-mark" });
      made.addEventListener("click", () => open(tick));
      made.addEventListener("keydown", (event) => {
        if ((event.key !== "Delete" && event.key !== "Backspace") || !tick) return;
        event.preventDefault();
        event.stopPropagation(); // the selected notes stay
        take_away(tick);
      });
      buttons.set(tick, made);
      list.append(made);
    }
    const button = buttons.get(tick);
    button.textContent = `♩=${shown(tempo)}`;
    button.title = say("tempo_mark", { tempo: shown(tempo), bar: place_of(state.score, tick).bar });
    button.setAttribute("aria-label", button.title);
    return button;
  }

  // ---- typing over one

  function open(tick) {
    open_tick = tick;
    editor.hidden = false;
    remove.button.hidden = tick === 0;
    input.value = shown(state.score.tempos[index_of(tick)]);
    lay_editor();
    input.focus({ preventScroll: true });
    input.select();
  }

  function lay_editor() {
    if (open_tick === null) return;
    if (index_of(open_tick) < 0) close(); // taken back meanwhile
    else {
      const x = lane.querySelector("canvas").offsetLeft + view.tick_to_x(open_tick) + BESIDE_BAR_NUMBER;
      editor.style.left = `${Math.max(0, Math.min(x, lane.clientWidth - editor.offsetWidth))}px`;
    }
  }

  function close() {
    open_tick = null;
    editor.hidden = true;
  }

  function commit() {
    const at = open_tick === null ? -1 : index_of(open_tick);
    if (at < 0) return;
    const value = Number(input.value);
    if (input.value !== "" && value >= min && value <= max) type_over(state, view, at, value);
    else announce(say("out_of_range", { name: say("tempo"), min, max }), { kind: "problem" });
  }

  function leave(tick) {
    close();
    (buttons.get(tick) ?? add.button).focus({ preventScroll: true });
  }

  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // what is typed is no command
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    const tick = open_tick;
    if (event.key === "Enter") commit();
    leave(tick);
  });
  editor.addEventListener("focusout", (event) => {
    if (open_tick === null || editor.contains(event.relatedTarget)) return;
    commit();
    close();
  });

  // ---- adding and taking away

  function add_here() {
    const now = Math.max(0, Math.round(view.frame_to_tick(state.playhead_frame)));
    const { tick } = bars(state.score.time_signatures, now + 1).at(-1); // the bar line at or before the playhead
    const at = in_force(state.score.tempos, tick);
    if (state.score.tempos[at].tick !== tick) change(state, view, (tempos) => tempos.splice(at + 1, 0, { ...tempos[at], tick }));
    view.show_tick(tick);
    open(tick);
  }

  function take_away(tick = open_tick) {
    const at = index_of(tick);
    close();
    if (at > 0) change(state, view, (tempos) => tempos.splice(at, 1));
    leave(tick);
  }

  for (const event of ["score", "view", "language"]) state.on(event, lay);
  lay();
}
