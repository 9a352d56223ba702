// Opening songs: a file chosen or dropped, one of those kept, or a new one.

import { close_button } from "./keyboard.js";
import { empty_score, fresh_document } from "./state.js";

const ACCEPTED = ".musicxml,.xml,.mxl,.mid,.midi,.kar,.ustx,.ust,.ds,.svp,.s5p,.ufdata,.vsqx,.vpr,.vsq,.ccs,.vvproj,.tssln,.dv,.json";
const LONGEST_FILE_BYTES = 32 * 2 ** 20; // what the server takes

export function start(state, context) {
  const { api, say, announce, autosave, commands } = context;
  const dialog = document.getElementById("opening"), drop = document.getElementById("drop");
  const picker = Object.assign(document.createElement("input"), { type: "file", accept: ACCEPTED, hidden: true, id: "picker" });
  document.body.append(picker);

  async function open_file(file) {
    if (file.size > LONGEST_FILE_BYTES) {
      announce(say("file_too_long", { name: file.name, most: LONGEST_FILE_BYTES / 2 ** 20 }), { kind: "problem" });
      return;
    }
    announce(say("opening_file", { name: file.name }));
    let found;
    try {
      found = await api.post_bytes(`/v1/scores?name=${encodeURIComponent(file.name)}`, file);
    } catch (error) {
      announce(error.message, { kind: "problem" });
      return;
    }
    const { score, doubts = [], sung_parts = [] } = found;
    score.title ||= file.name.replace(/\.[^.]+$/, "");
    dialog.close();
    await autosave.begin(fresh_document(score, { part: sung_parts[0] ?? 0, voice: state.voice }));
    if (doubts.length) announce(doubts.join(" · "), { kind: "problem" });
    else announce(say("opened", { title: score.title, notes: state.notes.length }), { kind: "good" });
    document.getElementById("roll").focus({ preventScroll: true });
  }

  async function open_project(id) {
    try {
      await autosave.open(id);
      dialog.close();
      document.getElementById("roll").focus({ preventScroll: true });
    } catch (error) {
      announce(error.message, { kind: "problem" });
    }
  }

  async function begin_new(language) {
    await autosave.begin(fresh_document(empty_score(language)), { save: false });
    dialog.close();
    document.getElementById("roll").focus({ preventScroll: true });
  }

  function button(name, text, handler) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: name, textContent: text });
    made.addEventListener("click", handler);
    return made;
  }

  function heading(tag, text, id = "") {
    return Object.assign(document.createElement(tag), { textContent: text, id });
  }

  async function show() {
    const act = document.createElement("p"), fresh = document.createElement("p");
    act.className = fresh.className = "act";
    const choose = button("main", say("open_file"), () => picker.click());
    choose.autofocus = true;
    act.append(
      choose,
      Object.assign(document.createElement("span"), { className: "hint", textContent: say("open_hint") }),
    );
    fresh.append(...[["ja", "new_ja"], ["zh", "new_zh"], ["", "new_other"]].map(
      ([language, name]) => button("quiet", say(name), () => begin_new(language))));
    const kept = document.createElement("div");
    dialog.replaceChildren(
      close_button(dialog, say), heading("h2", say("open_title"), "opening-title"), act, heading("h3", say("new_song")), fresh, kept,
    );
    if (!dialog.open) dialog.showModal();
    try {
      list(kept, await autosave.list());
    } catch {
      kept.replaceChildren(); // without the server there is no list; a file cannot be read either, and says so
    }
  }

  function list(box, songs) {
    if (!songs.length) return;
    const lines = document.createElement("ul");
    lines.className = "songs";
    const date = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    lines.append(...songs.map((song) => {
      const line = document.createElement("li");
      const open = button("open", "", () => open_project(song.id));
      const title = song.title || say("untitled");
      open.append(
        Object.assign(document.createElement("b"), { textContent: title }),
        heading("span", `${say("notes_count", { count: song.notes })} · ${date.format(new Date(song.changed * 1000))}`),
      );
      const gone = button("tool", "", async () => {
        if (!confirm(say("remove_sure", { title }))) return;
        try {
          await autosave.remove(song.id);
          line.remove();
        } catch (error) {
          announce(error.message, { kind: "problem" });
        }
      });
      gone.innerHTML = '<svg><use href="#icon-delete"/></svg>';
      gone.setAttribute("aria-label", say("remove", { title }));
      gone.hidden = song.id === autosave.id;
      line.append(open, gone);
      return line;
    }));
    box.replaceChildren(heading("h3", say("recent")), lines);
  }

  picker.addEventListener("change", () => {
    const [file] = picker.files;
    picker.value = ""; // the same file may be chosen again
    if (file) open_file(file);
  });
  document.getElementById("menu").addEventListener("click", show);
  commands.register("open", show);
  commands.register("new", () => begin_new(state.score.language));
  commands.register("save", () => autosave.save());

  let inside = 0;
  const carries_file = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  window.addEventListener("dragenter", (event) => {
    if (!carries_file(event)) return;
    inside += 1;
    drop.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!carries_file(event)) return;
    inside = Math.max(0, inside - 1);
    drop.hidden = inside === 0;
  });
  window.addEventListener("dragover", (event) => { if (carries_file(event)) event.preventDefault(); });
  window.addEventListener("drop", (event) => {
    if (!carries_file(event)) return;
    event.preventDefault();
    inside = 0;
    drop.hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) open_file(file);
  });
  return { show, open_project, open_file };
}
