// The export sheet: sound in every format that the server can make, the score for other editors, labels.

import { element, make_button } from "./controls.js";
import { make_id } from "./hearing.js";
import { close_button } from "./keyboard.js";

const ASK_MS = 250; // between questions of how far it is
const SOUNDS = ["wav", "flac", "ogg", "mp3"];
const GROUPS = [
  { title: "export_sound", formats: SOUNDS },
  { title: "export_score", formats: ["musicxml", "mid", "ust", "ustx", "json", "ds"] },
  { title: "export_timing", formats: ["lab", "TextGrid", "performance"] },
];
const SUFFIXES = { json: "visinger.json", performance: "performance.json" };
const LONGEST_NAME = 80;

export function start(state, view, context) {
  const { api, say, commands } = context;
  const open = make_button({ id: "export", label: "export", image: "export", text: "export", act: () => show() }, say);
  document.getElementById("transport").append(open.button);
  const sheet = element("dialog", { id: "export-sheet" });
  sheet.setAttribute("aria-labelledby", "export-title");
  document.body.append(sheet);
  let job = null; // {id, abort}
  let made = null; // the formats of sound that the server can make

  commands.register("export", () => show(), { enabled: () => state.notes.length > 0 });

  async function show() {
    if (!state.notes.length) {
      context.announce(say("export_empty"));
      return;
    }
    draw();
    if (!sheet.open) sheet.showModal();
    sheet.querySelector("[data-format]").focus();
    if (made === null) {
      made = await sound_formats(api);
      for (const button of sheet.querySelectorAll("[data-format]")) button.hidden = !offered(button.dataset.format);
    }
  }

  const offered = (format) => format !== "mp3" || Boolean(made?.includes("mp3"));

  function draw() {
    const title = element("h2", { id: "export-title", textContent: say("export") });
    const groups = GROUPS.flatMap(({ title: name, formats }) => [
      element("h3", { textContent: say(name) }),
      element("div", { className: "formats" }, ...formats.map(format_button)),
    ]);
    const bar = element("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", say("export_progress"));
    const stop = element("button", { type: "button", className: "quiet", textContent: say("cancel") });
    stop.addEventListener("click", cancel);
    const line = element("div", { className: "act", id: "export-job", hidden: job === null }, bar, element("output"), stop);
    sheet.replaceChildren(close_button(sheet, say), title, ...groups, line);
  }

  function format_button(format) {
    const button = element(
      "button", { type: "button", className: "format", data: { format }, hidden: !offered(format) },
      element("b", { textContent: say(`format_${format}`) }), element("span", { textContent: say(`format_${format}_hint`) }),
    );
    button.addEventListener("click", () => take(format));
    return button;
  }

  // arrows go through the formats, as in a menu
  sheet.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const buttons = [...sheet.querySelectorAll("[data-format]:not([hidden])")], at = buttons.indexOf(document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    buttons[(at + by + buttons.length) % buttons.length].focus();
  });
  sheet.addEventListener("close", cancel);
  state.on("language", () => sheet.open && draw());

  async function take(format) {
    cancel();
    job = { id: make_id(), abort: new AbortController() };
    const mine = job;
    show_job(0);
    try {
      const blob = await bytes_of(format, mine);
      if (mine !== job) return;
      save(blob, `${file_name(state)}.${SUFFIXES[format] ?? format}`);
      job = null;
      sheet.close();
      context.announce(say("exported", { format: say(`format_${format}`) }), { kind: "good" });
    } catch (error) {
      if (mine !== job) return;
      job = null;
      show_job(0);
      sheet.querySelector("#export-job").hidden = false;
      sheet.querySelector("#export-job output").textContent = error.message;
      context.announce(error.message, { kind: "problem" });
    }
  }

  async function bytes_of(format, { id, abort }) {
    const options = { signal: abort.signal, headers: { "X-Job-Id": id } };
    if (format === "performance") {
      await context.performing.ready();
      return new Blob([`${JSON.stringify(state.performance)}\n`], { type: "application/json" });
    }
    if (!SOUNDS.includes(format)) {
      return (await api.post(`/v1/convert?to=${encodeURIComponent(format)}`, state.song_request(), options)).blob();
    }
    const asking = ask_progress(id);
    try {
      const reply = await api.post("/v1/render", state.song_request({ phrase: null, format }), options);
      return await reply.blob();
    } finally {
      clearInterval(asking);
    }
  }

  function ask_progress(id) {
    return setInterval(async () => {
      const told = await api.get_json(`/v1/jobs/${id}`).catch(() => null); // asked again in a moment
      if (told?.seconds && job?.id === id) show_job(told.done_seconds / told.seconds);
    }, ASK_MS);
  }

  function show_job(share) {
    const line = sheet.querySelector("#export-job");
    if (!line) return;
    line.hidden = job === null;
    line.querySelector("progress").value = share;
    line.querySelector("output").textContent = say("export_percent", { percent: Math.floor(100 * share) });
    line.querySelector("progress").hidden = line.querySelector("button").hidden = job === null;
  }

  function cancel() {
    if (!job) return;
    const { id, abort } = job;
    job = null;
    abort.abort();
    api.remove(`/v1/jobs/${id}`).catch(() => {}); // it may be done, or never have begun
    show_job(0);
  }

  return { show, take };
}

async function sound_formats(api) {
  const { formats } = await api.get_json("/v1/health").catch(() => ({}));
  return formats ?? SOUNDS.filter((format) => format !== "mp3");
}

function file_name(state) {
  return (state.score.title || "song").replace(/[\\/:*?"<>|\p{Cc}]+/gu, "_").trim().slice(0, LONGEST_NAME) || "song";
}

function save(blob, name) {
  const address = URL.createObjectURL(blob), link = element("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
