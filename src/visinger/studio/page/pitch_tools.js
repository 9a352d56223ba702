// The bar of the pitch lane: pen, eraser, handles; vibrato and glide of the selected notes as numbers; reset.

import { element, make_button, make_segments } from "./controls.js";
import { first_glide, GLIDE_BOUNDS_MS, reset_notes, reset_part, set_glide, VIBRATO_BOUNDS } from "./note_pitch.js";
import { toggle_glide, toggle_vibrato } from "./pitch_keys.js";
import { within } from "./view.js";

const FIELDS = [ // name, of, factor between the number shown and the one written, step
  { name: "depth_cents", of: "vibrato", factor: 1, step: 5 },
  { name: "period_ms", of: "vibrato", factor: 1, step: 10 },
  { name: "share", of: "vibrato", factor: 100, step: 5 },
  { name: "before", of: "glide", factor: 1, step: 5 },
  { name: "after", of: "glide", factor: 1, step: 5 },
];

export function start_pitch_tools(lane) {
  const { state, view, context } = lane, { say } = context;
  const modes = make_segments({
    name: "pitch-mode", label: "pitch_modes", act: (mode) => lane.set_mode(mode),
    entries: [
      { value: "pen", label: "pitch_pen", image: "pen" }, { value: "erase", label: "pitch_eraser", image: "eraser" },
      { value: "shape", label: "pitch_shape", image: "shape" },
    ],
  }, say);
  const vibrato = make_button({ id: "vibrato", label: "vibrato", image: "vibrato", text: "vibrato", act: () => toggle_vibrato(lane) }, say);
  const glide = make_button({ id: "glide", label: "glide", image: "glide", text: "glide", act: () => toggle_glide(lane) }, say);
  const fields = new Map(FIELDS.map((field) => [field.name, number_field(field, say, (value) => change(field, value))]));
  const reset = make_button({ id: "pitch-reset", label: "pitch_reset_all", image: "reset", act: give_back }, say);
  const of = (kind) => FIELDS.filter((field) => field.of === kind).map(({ name }) => fields.get(name).box);
  document.getElementById("pitch-tools").append(
    modes.group, vibrato.button, ...of("vibrato"), glide.button, ...of("glide"), reset.button,
  );

  // `shown` is a note while it is being shaped
  function draw(shown = null) {
    const { selection, notes } = state, note = shown ?? notes[selection[0]];
    modes.choose(lane.mode);
    for (const [control, kind] of [[vibrato, "vibrato"], [glide, "glide"]]) {
      control.able(selection.length > 0);
      control.press(selection.length > 0 && (kind === "vibrato" ? Boolean(note?.vibrato) : Boolean(note?.glide?.length)));
    }
    for (const field of FIELDS) fields.get(field.name).show(note ? value_of(note, field) : null);
    reset.set_label(selection.length ? "pitch_reset_notes" : "pitch_reset_all");
  }

  function value_of(note, { name, of: kind, factor }) {
    if (kind === "vibrato") return note.vibrato ? note.vibrato[name] * factor : null;
    if (!note.glide?.length) return null;
    return name === "before" ? -note.glide[0].ms : note.glide.at(-1).ms;
  }

  function change({ name, of: kind, factor }, value) {
    const { selection, notes } = state;
    state.change(kind === "vibrato" ? "undo_vibrato" : "undo_glide", (draft) => {
      for (const index of selection) {
        const note = draft.notes[index];
        if (kind === "vibrato") {
          if (note.vibrato) note.vibrato[name] = within(value / factor, ...VIBRATO_BOUNDS[name]);
          continue;
        }
        const points = structuredClone(notes[index].glide?.length ? notes[index].glide : first_glide(notes, index, view));
        const [least, most] = GLIDE_BOUNDS_MS;
        if (name === "before") points[0].ms = Math.min(-within(value, -most, most), (points[1]?.ms ?? 0) - least);
        else points.at(-1).ms = Math.max(within(value, -most, most), (points.at(-2)?.ms ?? 0) + least);
        set_glide(draft, index, points, { view, sung: lane.predicted });
      }
    }, { merge: `${name} ${selection}` });
  }

  function give_back() {
    const { selection } = state;
    state.change("undo_pitch_reset", (draft) => (selection.length ? reset_notes(draft, selection, view) : reset_part(draft)));
  }

  for (const event of ["score", "selection", "tool", "language"]) state.on(event, () => draw());
  return { draw };
}

function number_field({ name, of, factor, step }, say, act) {
  const [least, most] = of === "vibrato" ? VIBRATO_BOUNDS[name].map((bound) => bound * factor) : [0, GLIDE_BOUNDS_MS[1]];
  const input = element("input", { type: "number", id: `pitch-${name}`, min: least, max: most, step, data: { label: `${of}_${name}` } });
  input.setAttribute("aria-label", say(`${of}_${name}`));
  input.title = say(`${of}_${name}`);
  input.addEventListener("input", () => Number.isFinite(input.valueAsNumber) && act(input.valueAsNumber));
  const unit = element("span", { className: "unit", textContent: { depth_cents: "¢", share: "%" }[name] ?? "ms" });
  const box = element("label", { className: "number" }, input, unit);
  return {
    box,
    show(value) {
      box.hidden = value === null;
      if (value !== null && document.activeElement !== input) input.value = String(Math.round(value));
    },
  };
}
