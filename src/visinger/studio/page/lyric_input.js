// Words typed on the notes: Tab to the next, Shift+Tab back, Enter done, Escape as it was.

import { set_lyric } from "./editing.js";
import { FONT } from "./surface.js";
import { within } from "./view.js";

const LEAST_PIXELS = 64;

export function start(state, view, { roll }) {
  const input = document.getElementById("lyric");
  const canvas = document.getElementById("roll");
  let index = null;

  function open(next) {
    if (!state.notes[next]) return;
    index = next;
    view.show_tick(state.notes[index].tick);
    view.show_pitch(state.notes[index].pitch);
    input.hidden = false;
    input.value = state.notes[index].lyric ?? "";
    state.select([index]);
    lay();
    input.focus({ preventScroll: true });
    input.select();
  }

  function lay() {
    if (index === null || !state.notes[index]) return;
    const box = roll.box_of(state.notes[index]);
    const height = Math.max(box.height, 24);
    Object.assign(input.style, {
      left: `${box.x}px`, top: `${box.y + (box.height - height) / 2}px`, height: `${height}px`,
      width: `${Math.max(box.width, LEAST_PIXELS)}px`, font: `600 ${within(box.height * 0.62, 13, 16)}px ${FONT}`,
    });
  }

  function commit() {
    if (index === null || !state.notes[index]) return;
    const edited = index, text = input.value;
    if (text.trim() === (state.notes[edited].lyric ?? "")) return;
    state.change("undo_lyric", (draft) => set_lyric(draft.notes[edited], text));
  }

  function close({ keep = true } = {}) {
    if (index === null) return;
    if (keep) commit();
    index = null;
    input.hidden = true;
  }

  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // what is typed is no command
    if (event.isComposing || event.keyCode === 229) return; // the input method's own Enter and Tab
    if (event.key === "Tab") {
      event.preventDefault();
      const next = index + (event.shiftKey ? -1 : 1);
      commit();
      if (state.notes[next]) open(next);
      else leave();
    } else if (event.key === "Enter") {
      event.preventDefault();
      commit();
      leave();
    } else if (event.key === "Escape") {
      event.preventDefault();
      close({ keep: false });
      canvas.focus({ preventScroll: true });
    }
  });

  function leave() {
    close();
    canvas.focus({ preventScroll: true });
  }

  input.addEventListener("blur", () => close());
  state.on("view", lay);
  state.on("score", ({ opened }) => {
    if (opened || (index !== null && !state.notes[index])) close({ keep: false });
    else lay();
  });
  return { open, close, get editing() { return index !== null; } };
}
