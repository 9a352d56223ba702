// What holds for the song: part, voice, singer, tempo, time signature, transposition, seed.

import { language_of } from "./editing.js";
import { bars, number_of } from "./tempo_map.js";
import { in_force, TEMPO_BOUNDS, type_over } from "./tempo_marks.js";

const WIDEST_TRANSPOSITION = 24, HIGHEST_SEED = 2 ** 31 - 1;
const UNITS = [1, 2, 4, 8, 16, 32];

export function start(state, view, context) {
  const { say } = context;
  const bar = document.getElementById("score-bar");
  let cards = [];

  const fields = {
    part: select("part", (value) => choose_part(Number(value))),
    voice: select("voice", (value) => state.change("undo_voice", (draft) => Object.assign(draft, { voice: value, singer: "" }))),
    singer: select("singer", (value) => state.change("undo_voice", (draft) => { draft.singer = value; })),
    tempo: number("tempo", { min: TEMPO_BOUNDS.slowest, max: TEMPO_BOUNDS.fastest, step: "any", width: "4.6rem" }, set_tempo),
    beats: number("beats", { min: 1, max: 64, step: 1, width: "3.1rem" }, (value) => set_signature({ beats: value })),
    beat_unit: select("beat_unit", (value) => set_signature({ beat_unit: Number(value) })),
    transpose: select("transpose", (value) => {
      state.change("undo_transpose", (draft) => { draft.transpose = value === "auto" ? value : Number(value); });
    }),
    seed: number("seed", { min: 0, max: HIGHEST_SEED, step: 1, width: "5rem" }, (value) => {
      state.change("undo_seed", (draft) => { draft.seed = value; });
    }),
  };
  fields.language = select("words", (value) => state.change("undo_language", (draft) => {
    draft.score.language = value;
    delete draft.part_document.language;
  }));

  const slash = Object.assign(document.createElement("span"), { textContent: "/" });
  slash.setAttribute("aria-hidden", "true");
  const signature = labelled("signature", fields.beats, slash, fields.beat_unit);
  fields.beat_unit.replaceChildren(...UNITS.map((unit) => new Option(unit, unit)));
  const boxes = {
    part: labelled("part", fields.part), words: labelled("words", fields.language), voice: labelled("voice", fields.voice),
    singer: labelled("singer", fields.singer), tempo: labelled("tempo", fields.tempo), signature,
    transpose: labelled("transpose", fields.transpose), seed: labelled("seed", fields.seed),
  };
  bar.replaceChildren(...Object.values(boxes));

  function labelled(name, ...controls) {
    const label = document.createElement(controls.length > 1 ? "span" : "label");
    label.className = "field";
    const text = document.createElement("span");
    text.dataset.text = name;
    label.append(text, ...controls);
    return label;
  }

  function select(name, handler) {
    const made = document.createElement("select");
    made.dataset.label = name;
    made.id = `field-${name}`;
    made.addEventListener("change", () => handler(made.value));
    return made;
  }

  function number(name, { min, max, step, width }, handler) {
    const made = Object.assign(document.createElement("input"), { type: "number", min, max, step, id: `field-${name}` });
    made.dataset.label = name;
    made.style.width = width;
    made.addEventListener("change", () => {
      const value = Number(made.value);
      const fits = made.value !== "" && value >= min && value <= max && (step === "any" || Number.isInteger(value));
      if (fits) handler(value);
      else context.announce(say("out_of_range", { name: say(name), min, max }), { kind: "problem" });
      render(); // shows what holds, whether the number was taken or not
    });
    return made;
  }

  // ---- tempo and time signature are those in force at the playhead

  const playhead_tick = () => Math.max(0, Math.round(view.frame_to_tick(state.playhead_frame)));
  function set_tempo(value) {
    type_over(state, view, in_force(state.score.tempos, playhead_tick()), value);
  }

  function set_signature(values) {
    const at = in_force(state.score.time_signatures, playhead_tick());
    state.change("undo_signature", (draft) => { Object.assign(draft.score.time_signatures[at], values); });
  }

  // the bar line at or before the playhead, where a change may begin
  function bar_line() {
    return bars(state.score.time_signatures, playhead_tick() + 1).at(-1).tick;
  }

  function register_changes() {
    const later = { enabled: () => playhead_tick() > 0 };
    context.commands.register("tempo_change", () => {
      const tick = bar_line(), at = in_force(state.score.tempos, tick);
      state.change("undo_tempo", (draft) => {
        const { tempos } = draft.score;
        if (tempos[at].tick !== tick) tempos.splice(at + 1, 0, { ...tempos[at], tick });
      });
      fields.tempo.focus();
    }, later);
    context.commands.register("signature_change", () => {
      const tick = bar_line(), at = in_force(state.score.time_signatures, tick);
      state.change("undo_signature", (draft) => {
        const signatures = draft.score.time_signatures;
        if (signatures[at].tick !== tick) signatures.splice(at + 1, 0, { ...signatures[at], tick });
      });
      fields.beats.focus();
    }, later);
  }

  function choose_part(part) {
    state.change("undo_part", (draft) => {
      draft.part = part;
      draft.selected = [];
    });
    view.fit();
  }

  // ---- what is shown

  function render() {
    const { score } = state, tick = playhead_tick();
    const parts = score.parts.map((part, k) => new Option(`${part.name || say("part_number", { number: k + 1 })}${part.notes.length ? "" : " –"}`, k));
    fill(fields.part, parts, state.part);
    boxes.part.hidden = score.parts.length < 2;
    render_voices();
    render_language();
    const tempo = number_of(score.tempos[Math.max(in_force(score.tempos, tick), 0)].quarters_per_minute);
    show(fields.tempo, Math.round(tempo * 100) / 100);
    const here = score.time_signatures[Math.max(in_force(score.time_signatures, tick), 0)];
    show(fields.beats, here.beats);
    fields.beat_unit.value = here.beat_unit;
    show(fields.seed, state.seed);
    render_transposition();
  }

  function render_voices() {
    const known = cards.map((card) => new Option(`${card.name} · ${language_name(card.language)}`, card.name));
    const heard = state.performance?.voice;
    const automatic = say(state.voice === "default" && heard ? "voice_automatic_now" : "voice_automatic", { name: heard });
    if (state.voice !== "default" && !cards.some((card) => card.name === state.voice)) known.push(new Option(state.voice, state.voice));
    fill(fields.voice, [new Option(automatic, "default"), ...known], state.voice);
    const singers = card_of()?.singers || [];
    fill(fields.singer, [new Option(say("singer_first"), ""), ...singers.map((name) => new Option(name, name))], state.singer);
    boxes.singer.hidden = singers.length < 2;
  }

  function language_name(tag) {
    try {
      return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(tag);
    } catch {
      return tag;
    }
  }

  function render_language() {
    const tags = new Set(["ja", "zh", "en", ...cards.map((card) => card.language).filter(Boolean)]);
    const now = state.part_document.language || state.score.language || "";
    if (now) tags.add(now);
    fill(fields.language, [new Option(say("words_automatic"), ""), ...[...tags].map((tag) => new Option(language_name(tag), tag))], now);
  }

  function render_transposition() {
    const options = [new Option(say("transpose_auto"), "auto")];
    for (let by = WIDEST_TRANSPOSITION; by >= -WIDEST_TRANSPOSITION; by--) {
      options.push(new Option(by > 0 ? `+${by}` : String(by).replace("-", "−"), by));
    }
    fill(fields.transpose, options, String(state.transpose));
  }

  // options are replaced only when they differ: an open list must not close under the hand
  function fill(box, options, value) {
    const same = box.options.length === options.length
      && options.every((option, k) => option.value === box.options[k].value && option.text === box.options[k].text);
    if (!same) box.replaceChildren(...options);
    box.value = String(value);
  }

  function show(box, value) {
    if (document.activeElement !== box || Number(box.value) !== value) box.value = value;
  }

  // The card of the voice that sings: as performed, as chosen, or the one of the words' language.
  function card_of() {
    const name = state.voice !== "default" ? state.voice : state.performance?.voice;
    return cards.find((card) => card.name === name)
      || cards.find((card) => state.voice === "default" && card.language === language_of(state.score, state.part));
  }

  async function load_voices() {
    try {
      const found = await context.api.get_json("/v1/voices");
      cards = Array.isArray(found) ? found : found.voices;
      state.emit("voices");
      render();
    } catch {
      setTimeout(load_voices, 3000); // the list of voices can wait; what needs the server says so itself
    }
  }

  let shown_tick = -1;
  for (const event of ["score", "performance", "language"]) state.on(event, render);
  state.on("playhead", () => {
    const entries = [state.score.tempos, state.score.time_signatures].map((list) => in_force(list, playhead_tick())).join();
    if (entries !== shown_tick) render();
    shown_tick = entries;
  });
  register_changes();
  render();
  load_voices();
  context.voice_card = card_of;
}
