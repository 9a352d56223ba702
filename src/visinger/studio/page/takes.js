// Other takes of the same song: another seed of the singer's noise, or more of it. What is listened to is
// changed while it plays, at the place where it plays, and nothing of the song changes until a take is kept.
//
// state.takes = {list: [{seed, noise_scale}], heard: index}, or null while there is only the song itself.

import { element, make_button } from "./controls.js";
import { hearing_of } from "./hearing.js";

const LETTERS = "ABCDEF", MOST_TAKES = LETTERS.length;
const SEEDS = 1_000_000;
const NOISE_SCALES = [0, 0.33, 0.667, 1];

export function start(state, view, context) {
  const takes = new Takes(state, context);
  const { say, commands } = context;
  const another = make_button({ id: "another-take", label: "another_take", image: "dice", act: () => takes.another() }, say);
  const choice = element("div", { className: "segments", id: "takes", data: { label: "takes" } });
  choice.setAttribute("role", "radiogroup");
  choice.setAttribute("aria-label", say("takes"));
  const keep = make_button({ id: "keep-take", label: "keep_take", text: "keep_take_short", act: () => takes.keep() }, say);
  const noise = element("select", { id: "noise", data: { label: "noise" } });
  noise.addEventListener("change", () => takes.set_noise(noise.value === "" ? null : Number(noise.value)));
  const label = element("label", { className: "field" }, element("span", { data: { text: "noise" } }), noise);
  document.getElementById("score-bar").append(label);
  document.getElementById("transport").append(element("div", { className: "group", id: "takes-bar" }, another.button, choice, keep.button));
  commands.register("take", () => takes.another());
  commands.register("switch_take", () => takes.step(), { enabled: () => state.takes !== null });

  function draw() {
    const { list = [], heard = 0 } = state.takes ?? {};
    choice.hidden = keep.button.hidden = list.length < 2;
    choice.replaceChildren(...list.map((take, k) => take_button(k, k === heard, () => takes.hear(k))));
    another.set_label("another_take");
    const kept = list[heard] && takes.is_song(list[heard]);
    keep.set_label(kept ? "keep_song" : "keep_take");
    draw_noise();
  }

  function take_button(k, chosen, act) {
    const input = element("input", { type: "radio", name: "take", value: String(k), checked: chosen });
    input.setAttribute("aria-label", say("take_name", { letter: LETTERS[k] }));
    input.addEventListener("change", act);
    return element("label", {}, input, element("b", { textContent: LETTERS[k] }));
  }

  function draw_noise() {
    const { noise_scale } = state;
    const values = NOISE_SCALES.includes(noise_scale) || noise_scale === null ? NOISE_SCALES : [...NOISE_SCALES, noise_scale];
    noise.replaceChildren(
      new Option(say("noise_own"), ""), ...values.map((value) => new Option(say(`noise_${value}`) === `noise_${value}` ? value : say(`noise_${value}`), value)),
    );
    noise.value = noise_scale ?? "";
  }

  for (const event of ["takes", "score", "language"]) state.on(event, draw);
  draw();
  return takes;
}

class Takes {
  #state; #context; #hearing; #asked = 0;

  constructor(state, context) {
    this.#state = state;
    this.#context = context;
    this.#hearing = hearing_of(state, context);
    this.#hearing.addEventListener("performed", () => this.#listen());
    state.on("score", ({ opened }) => opened || this.#stay_with_song());
    state.on("takes", () => this.#listen());
  }

  is_song({ seed, noise_scale }) { return seed === this.#state.seed && noise_scale === this.#state.noise_scale; }

  another() {
    if (!this.#state.notes.length) return;
    const { seed, noise_scale, takes } = this.#state;
    const list = takes?.list ?? [{ seed, noise_scale }];
    const room = list.length < MOST_TAKES ? list : [list[0], ...list.slice(2)]; // the oldest take makes room, the song stays
    const made = { seed: Math.floor(Math.random() * SEEDS), noise_scale };
    this.#state.set("takes", { list: [...room, made], heard: room.length });
    this.#context.announce(this.#context.say("take_heard", { letter: LETTERS[room.length] }));
  }

  hear(k) {
    const { takes } = this.#state;
    if (!takes || k === takes.heard) return;
    this.#state.set("takes", { ...takes, heard: k });
    this.#context.announce(this.#context.say("take_heard", { letter: LETTERS[k] }));
    document.querySelector(`#takes input[value="${k}"]`)?.focus();
  }

  step() {
    const { list, heard } = this.#state.takes;
    this.hear((heard + 1) % list.length);
  }

  // the take that is heard becomes the song; the others are forgotten
  keep() {
    const { takes } = this.#state;
    if (!takes) return;
    const { seed, noise_scale } = takes.list[takes.heard];
    this.#state.set("takes", null);
    this.#state.change("undo_take", (draft) => Object.assign(draft, { seed, noise_scale }));
    document.getElementById("another-take").focus();
  }

  set_noise(noise_scale) {
    this.#state.change("undo_noise", (draft) => { draft.noise_scale = noise_scale; });
  }

  // seed or noise of the song were changed elsewhere: its take in the list is what it was, the song is the first
  #stay_with_song() {
    const { takes, seed, noise_scale } = this.#state;
    if (!takes || takes.list.some((take) => this.is_song(take))) return;
    this.#state.set("takes", { ...takes, list: [{ seed, noise_scale }, ...takes.list.slice(1)] });
  }

  async #listen() {
    const mine = ++this.#asked;
    const { takes } = this.#state, take = takes?.list[takes.heard];
    if (!take || this.is_song(take)) {
      this.#hearing.listen_to(null);
      return;
    }
    if (!this.#state.performance_fits) return; // it is performed first; then this is asked again
    const request = this.#state.song_request(take);
    try {
      const performance = await this.#context.api.post_json("/v1/perform", request);
      if (mine === this.#asked) this.#hearing.listen_to({ performance, request });
    } catch (error) {
      if (mine !== this.#asked) return;
      this.#hearing.listen_to(null);
      this.#context.announce(error.message, { kind: "problem" });
    }
  }
}
