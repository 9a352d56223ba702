// What is to be heard: the song as it was last performed, or another take of it, and how far its sound is here.
// Shared by the player, the takes and the lanes that show sound; one for each state.

import { SongSound } from "./song_sound.js";
import { Sounds } from "./sounds.js";

const made = new WeakMap();

export function hearing_of(state, context) {
  if (!made.has(state)) made.set(state, new Hearing(state, context));
  return made.get(state);
}

// Events: "song" when another song or take is to be heard, "samples" {key} as sound arrives or goes,
// "performed" when the song was performed anew while a take is listened to, "progress" when rendering begins,
// goes on or ends, "failed" {problem, passing}.
class Hearing extends EventTarget {
  #state; #context; #song = null; #take = null; #rendering = false; #from = () => 0; #told_ms = 0;

  constructor(state, context) {
    super();
    this.#state = state;
    this.#context = context;
    this.sounds = new Sounds((request, key, signal) => this.#fetch(request, key, signal));
    this.sounds.addEventListener("samples", ({ detail }) => {
      this.#tell("samples", detail);
      const now = performance.now();
      if (now - this.#told_ms < 100 && !detail.whole) return; // blocks come faster than anyone reads
      this.#told_ms = now;
      this.#tell("progress");
    });
    this.sounds.addEventListener("dropped", ({ detail }) => this.#tell("samples", detail));
    this.sounds.addEventListener("idle", () => {
      this.#tell("progress");
    });
    this.sounds.addEventListener("failed", ({ detail }) => this.#tell("failed", detail));
    state.on("performance", () => this.#performed());
    state.on("score", ({ opened }) => opened && this.stop_rendering());
    this.#performed();
  }

  // the song that the document asks for, as it was last performed
  get song() { return this.#song; }
  // the song to be heard: that, or the take that is listened to
  get heard() { return this.#take ?? this.#song; }
  get rendering() { return this.#rendering; }
  get busy() { return this.sounds.busy; }

  #performed() {
    const { performance } = this.#state;
    if (performance === null) this.#song = null;
    else if (this.#state.performance_fits) this.#song = new SongSound(performance, this.#state.song_request(), this.sounds);
    else return; // the next performance is on its way
    if (performance === null) this.#take = null;
    // whoever listens to a take stays with it: takes.js asks for it anew and then calls `listen_to`
    if (this.#take) this.#tell("performed");
    else this.#heard_changed();
  }

  #heard_changed() {
    this.#tell("song");
    this.#want();
  }

  // Listen to another performance of the same song, made for `request`; null goes back to the song itself.
  listen_to(take) {
    if (!take && !this.#take) return;
    this.#take = take && new SongSound(take.performance, take.request, this.sounds);
    this.#heard_changed();
  }

  // Render everything, beginning where `from` (a function) says, in samples.
  render(from = this.#from) {
    this.#from = from;
    this.#rendering = true;
    this.sounds.forgive();
    this.#want({ urgent: true });
    this.#tell("progress");
  }

  stop_rendering() {
    this.#rendering = false;
    this.sounds.stop();
    this.#tell("progress");
  }

  #want(options) {
    if (!this.#rendering) return;
    if (!this.heard) {
      this.sounds.stop();
      return;
    }
    const { loop } = this.#state, { heard } = this;
    const inside = loop && { start: heard.frame_to_sample(loop.first_frame), end: heard.frame_to_sample(loop.end_frame) };
    this.sounds.want(heard.needed(this.#from(), inside), options);
  }

  async #fetch(request, key, signal) {
    const { api } = this.#context, job = make_id();
    signal.addEventListener("abort", () => api.remove(`/v1/jobs/${job}`).catch(() => {}));
    return api.post("/v1/render", { ...request, phrase: key, format: "pcm_f32" }, { signal, headers: { "X-Job-Id": job } });
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// The name of a job at the server. (crypto.randomUUID is not there on a plain http address of the local network.)
export function make_id() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
