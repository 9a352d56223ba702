// The page, put together: the store, the view, and each module on its place.

import { make_api } from "./api.js";
import * as autosaving from "./autosave.js";
import { make_commands, wire_buttons } from "./commands.js";
import * as keyboard from "./keyboard.js";
import * as lyric_input from "./lyric_input.js";
import * as note_commands from "./note_commands.js";
import * as opening from "./opening.js";
import * as overview from "./overview.js";
import * as performing from "./performing.js";
import * as piano_keys from "./piano_keys.js";
import * as roll from "./roll.js";
import * as ruler from "./ruler.js";
import * as tempo_marks from "./tempo_marks.js";
import * as score_bar from "./score_bar.js";
import { make_state } from "./state.js";
import { make_texts } from "./texts.js";
import { make_view } from "./view.js";
import * as exporting from "./exporting.js";
import * as phoneme_lane from "./phoneme_lane.js";
import * as pitch from "./pitch.js";
import * as player from "./player.js";
import * as spectrogram from "./spectrogram.js";
import * as takes from "./takes.js";
import * as waveform from "./waveform.js";

const GRIDS = { "1/4": 480, "1/8": 240, "1/8T": 160, "1/16": 120, "1/16T": 80, "1/32": 60, off: 0 };
const TOOLS = ["notes", "pitch", "phonemes"];
const STORED_GRID = "visinger-grid";
const SHOWN_MS = 12000; // how long a passing remark stands

const by_id = (id) => document.getElementById(id);

function make_announce() {
  const line = by_id("messages");
  let timer = 0;
  // `action` is {text, run}: what can be done about it at once
  return (text, { kind = "note", action = null } = {}) => {
    clearTimeout(timer);
    line.textContent = text;
    line.dataset.kind = kind;
    if (action) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "remedy", textContent: action.text });
      button.addEventListener("click", () => {
        line.textContent = "";
        action.run();
      });
      line.append(" ", button);
    }
    if (kind !== "problem") timer = setTimeout(() => { line.textContent = ""; }, SHOWN_MS);
  };
}

function start_tools(state, say) {
  by_id("tools").replaceChildren(...TOOLS.map((tool) => {
    const label = document.createElement("label"), text = document.createElement("span");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "tool", value: tool });
    input.dataset.label = `tool_${tool}`;
    label.innerHTML = `<svg aria-hidden="true"><use href="#icon-${tool}"/></svg>`;
    text.dataset.text = `tool_${tool}`;
    label.append(input, text);
    input.addEventListener("change", () => state.set("tool", tool));
    return label;
  }));
  const show = () => {
    document.body.dataset.tool = state.tool;
    document.querySelector(`#tools input[value="${state.tool}"]`).checked = true;
    const other = state.tool === "pitch" ? "pitch-canvas" : "roll";
    by_id("pitch-canvas").tabIndex = other === "pitch-canvas" ? 0 : -1;
    by_id("roll").title = "";
    by_id("roll-hint").textContent = say("roll_hint");
  };
  state.on("tool", show);
  show();
}

function start_grid(state, view, say) {
  const box = by_id("snap");
  const stored = () => {
    try {
      return localStorage.getItem(STORED_GRID);
    } catch {
      return null;
    }
  };
  const show = () => {
    const options = Object.keys(GRIDS).map((name) => new Option(name === "off" ? say("snap_off") : name.replace("T", " 3"), name));
    const chosen = box.value || (stored() in GRIDS ? stored() : "1/16");
    box.replaceChildren(...options);
    box.value = chosen;
    view.set({ snap: GRIDS[chosen] });
  };
  box.addEventListener("change", () => {
    view.set({ snap: GRIDS[box.value] });
    try {
      localStorage.setItem(STORED_GRID, box.value);
    } catch {
      // it then holds until the page is left
    }
  });
  state.on("language", show);
  show();
}

function start_title(state) {
  const title = by_id("title");
  const show = () => {
    if (document.activeElement !== title) title.value = state.score.title || "";
    document.title = `${state.score.title ? `${state.score.title} – ` : ""}visinger`;
  };
  title.addEventListener("change", () => {
    state.change("undo_title", (draft) => { draft.score.title = title.value.trim(); });
    show();
  });
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter") title.blur();
  });
  state.on("score", show);
  show();
}

function start_status(state, say) {
  const show = () => {
    const { saving, performing: performed } = state.status;
    by_id("saved").textContent = say(`saving_${saving}`);
    const busy = performed === "waiting";
    by_id("performing").textContent = busy || performed === "offline" || performed === "refused" ? say(`performing_${performed}`) : "";
    by_id("performing").classList.toggle("busy", busy);
    const empty = by_id("empty");
    empty.hidden = state.notes.length > 0;
    empty.textContent = say(matchMedia("(pointer: coarse)").matches ? "empty_touch" : "empty");
  };
  for (const event of ["status", "language", "score"]) state.on(event, show);
  show();
}

async function open_first(context, state) {
  const id = autosaving.identity_in(location.hash);
  try {
    if (id) {
      await context.autosave.open(id);
      return;
    }
    if ((await context.autosave.list()).length) context.opening.show();
  } catch (error) {
    context.announce(error.message, { kind: "problem" });
  }
  state.emit("status");
}

async function start() {
  const texts = await make_texts();
  const { say } = texts;
  const announce = make_announce();
  const state = make_state();
  const view = make_view(state);
  const api = make_api({ unreachable: () => say("unreachable") });
  const commands = make_commands({ failed: (error) => announce(error.message, { kind: "problem" }) });
  const context = { api, say, announce, commands, roll: {} };
  context.performing = performing.start(state, context);
  context.autosave = autosaving.start(state, context);

  roll.start(state, view, context);
  piano_keys.start(state, view);
  ruler.start(state, view, context);
  tempo_marks.start(state, view, context);
  overview.start(state, view);
  context.lyric = lyric_input.start(state, view, context);
  score_bar.start(state, view, context);
  note_commands.start(state, view, context);
  for (const module of [player, takes, exporting, pitch, phoneme_lane, waveform, spectrogram]) module.start(state, view, context);
  keyboard.start(state, view, context);
  context.opening = opening.start(state, context);

  start_tools(state, say);
  start_grid(state, view, say);
  start_title(state);
  start_status(state, say);
  texts.translate();
  wire_buttons(state, { commands, say, has: texts.has }, keyboard.key_of);
  by_id("language").value = texts.language;
  by_id("language").addEventListener("change", (event) => {
    texts.choose(event.target.value);
    state.emit("language");
  });
  state.on("score", ({ opened }) => { if (opened) view.fit(); });
  window.visinger = { state, view, context }; // for whoever would script the studio, and for its tests
  await open_first(context, state);
  document.documentElement.dataset.ready = "yes";
}

start();
