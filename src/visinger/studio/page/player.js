// Playing: it begins as soon as the first stretch sounds, waits without a click where sound is not there yet,
// and goes over into what was edited, or into another take, at the very place where it is.

import { hearing_of } from "./hearing.js";
import { FADE_SECONDS, Run } from "./run.js";
import { transport_bar } from "./transport.js";

const AHEAD_SECONDS = 1.6; // laid ahead: a page in the background is woken once a second
const FIRST_SECONDS = 0.2, AGAIN_SECONDS = 0.6; // that must be there to begin, and to go on after a wait
const LEAD_SECONDS = 0.03, LAST_MOMENT_SECONDS = 0.05, PUMP_MS = 40;
const SHORTEST_LOOP_FRAMES = 10;
const VOLUME = "visinger-volume";

export function start(state, view, context) {
  const player = new Player(state, view, context);
  const bar = transport_bar(player, state, context);
  player.addEventListener("change", bar.draw);
  state.on("playhead", bar.draw_time);
  for (const event of ["loop", "follow", "language", "performance", "status"]) state.on(event, bar.draw);
  context.commands.register("play", () => player.toggle());
  context.commands.register("stop", () => player.stop());
  context.commands.register("loop", () => player.toggle_loop());
  context.commands.register("to_start", () => player.seek(0));
  bar.draw();
  context.player = player;
  return player;
}

// phase: "stopped", "waiting" (for the server) or "playing"
export class Player extends EventTarget {
  #state; #view; #context; #hearing; #audio = null; #volume; #run = null; #coming = null;
  #sample = 0; #shown_frame = 0; #began_frame = 0; #timer = 0; #starts = 0; #level = stored_level();
  #ran_dry = false; // it had to wait: more must be there before it goes on

  constructor(state, view, context) {
    super();
    this.phase = "stopped";
    this.#state = state;
    this.#view = view;
    this.#context = context;
    this.#hearing = hearing_of(state, context);
    this.#hearing.addEventListener("song", () => this.#song_changed());
    this.#hearing.addEventListener("progress", () => this.#tell());
    this.#hearing.addEventListener("failed", ({ detail }) => this.#failed(detail));
    state.on("playhead", (frame) => frame !== this.#shown_frame && this.#moved_elsewhere());
    state.on("loop", () => this.#loop_changed());
    state.on("score", ({ opened }) => opened && this.stop());
  }

  get hearing() { return this.#hearing; }
  get level() { return this.#level; }
  set level(value) {
    this.#level = value;
    try {
      localStorage.setItem(VOLUME, String(value));
    } catch { /* not kept, then */ }
    if (this.#volume) this.#volume.gain.setTargetAtTime(value, this.#audio.currentTime, FADE_SECONDS);
  }

  toggle() { return this.phase === "stopped" ? this.play() : this.pause(); }

  async play() {
    const mine = ++this.#starts;
    this.#sample = -1; // where the playhead stands
    this.#began_frame = this.#state.playhead_frame;
    this.#set_phase("waiting");
    try {
      await this.#context.performing.ready();
    } catch (problem) {
      if (mine !== this.#starts) return;
      this.#set_phase("stopped");
      this.#context.announce(problem.message, { kind: "problem" });
      return;
    }
    if (mine !== this.#starts || !this.#hearing.heard) return;
    const { heard } = this.#hearing;
    this.#sample = heard.frame_to_sample(this.#state.playhead_frame);
    if (this.#sample >= heard.samples) this.#sample = 0;
    this.#open_audio(heard.rate);
    this.#hearing.render(() => this.#at());
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#pump(), PUMP_MS);
    this.#pump();
    this.#follow_playhead(mine);
  }

  pause() {
    if (this.phase === "stopped") return;
    const at = this.#at();
    this.#halt();
    if (at >= 0) this.#show(at);
  }

  // Back to where playing began; from there, back to the beginning.
  stop() {
    const back = this.phase === "stopped" ? 0 : this.#began_frame;
    this.#halt();
    this.#show_frame(back);
  }

  seek(frame) { this.#state.set("playhead_frame", Math.max(0, frame)); }

  // The loop goes over the notes selected, else over everything; or it is taken away.
  toggle_loop() {
    const { loop, selection, notes } = this.#state;
    if (loop) {
      this.#state.set("loop", null);
      return;
    }
    const chosen = selection.length ? selection.map((index) => notes[index]) : notes;
    if (!chosen.length) return;
    const first = Math.min(...chosen.map((note) => note.tick));
    const last = Math.max(...chosen.map((note) => note.tick + note.duration));
    const frame = (tick) => Math.round(this.#view.tick_to_frame(tick));
    this.#state.set("loop", { first_frame: frame(first), end_frame: Math.max(frame(last), frame(first) + SHORTEST_LOOP_FRAMES) });
  }

  #set_phase(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#tell();
  }

  #tell() { this.dispatchEvent(new Event("change")); }

  #halt() {
    this.#starts++;
    clearInterval(this.#timer);
    this.#end_run();
    this.#coming = null;
    this.#set_phase("stopped");
  }

  #end_run(at = this.#now() + 1) {
    this.#run?.end(at);
    this.#run = null;
  }

  // ---- the clock

  #open_audio(rate) {
    if (this.#audio?.sampleRate !== rate) {
      this.#audio?.close();
      this.#audio = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
      this.#volume = this.#audio.createGain();
      this.#volume.gain.value = this.#level;
      this.#volume.connect(this.#audio.destination);
    }
    if (this.#audio.state !== "running") this.#audio.resume().catch(() => {});
  }

  // the context's frame that is being computed
  #now() { return this.#audio ? Math.round(this.#audio.currentTime * this.#audio.sampleRate) : 0; }

  // the context's frame that leaves the loudspeaker
  #audible() {
    const latency = this.#audio.outputLatency || this.#audio.baseLatency || 0;
    return Math.max(this.#now() - Math.round(latency * this.#audio.sampleRate), 0);
  }

  // the song's sample that is heard
  #at() { return this.#run ? this.#run.sample_at(this.#audible()) : this.#sample; }

  #loop_of(song) {
    const { loop } = this.#state;
    return loop && { start: song.frame_to_sample(loop.first_frame), end: song.frame_to_sample(loop.end_frame) };
  }

  // ---- laying sound

  #pump() {
    if (this.phase === "stopped" || this.#audio.state !== "running") return;
    if (this.#coming && this.#change_over()) return;
    const now = this.#now(), { sampleRate: rate } = this.#audio;
    if (this.#run?.ended) {
      if (now >= this.#run.next_frame) this.stop();
      return;
    }
    if (this.#run && this.#run.next_frame - now < LAST_MOMENT_SECONDS * rate) this.#pass_over();
    if (!this.#run) this.#begin();
    else this.#run.fill(now + AHEAD_SECONDS * rate);
  }

  // Too late for the run to go on: it dies away by itself, and another begins where it ended.
  #pass_over() {
    this.#sample = this.#run.next_sample;
    this.#ran_dry = this.#run.starved;
    this.#run = null;
    this.#set_phase("waiting");
    this.#hearing.render(() => this.#at());
  }

  #begin() {
    const { heard } = this.#hearing;
    if (!heard) return;
    const least = (this.#ran_dry ? AGAIN_SECONDS : FIRST_SECONDS) * heard.rate;
    const most = Math.min(least, heard.samples - this.#sample);
    if (heard.available(this.#sample, most) < most) return;
    this.#ran_dry = false;
    this.#lay(heard, this.#sample, this.#now() + Math.round(LEAD_SECONDS * heard.rate));
  }

  #lay(song, from, at) {
    this.#run = new Run(this.#audio, this.#volume, song, { from, at, loop: this.#loop_of(song) });
    this.#run.fill(at + AHEAD_SECONDS * song.rate);
    this.#set_phase("playing");
  }

  // Over into the song that is coming, once it sounds where we are; true when that was done.
  #change_over() {
    const { rate } = this.#coming, at = this.#now() + Math.round(LEAD_SECONDS * rate);
    if (!this.#run) {
      this.#coming = null;
      return false;
    }
    const from = this.#run.sample_at(at), most = Math.min(FIRST_SECONDS * rate, this.#coming.samples - from);
    if (this.#coming.available(from, most) < most) return false;
    this.#run.end(at);
    this.#lay(this.#coming, from, at);
    this.#coming = null;
    return true;
  }

  #song_changed() {
    this.#tell();
    if (this.phase === "stopped" || this.#sample < 0) return;
    const { heard } = this.#hearing;
    if (!heard) {
      this.stop();
    } else if (this.#run && this.#run.song.lies_like(heard)) {
      this.#coming = heard; // the old sound goes on until the new one is here
      this.#hearing.render(() => this.#at());
    } else {
      const frame = this.#run ? this.#run.song.sample_to_frame(this.#at()) : this.#state.playhead_frame;
      this.#end_run();
      this.#open_audio(heard.rate);
      this.#sample = Math.min(heard.frame_to_sample(frame), heard.samples - 1);
      this.#set_phase("waiting");
      this.#hearing.render(() => this.#at());
    }
  }

  #moved_elsewhere() {
    this.#shown_frame = this.#state.playhead_frame;
    if (this.phase === "stopped" || !this.#hearing.heard || this.#sample < 0) return;
    const { heard } = this.#hearing;
    this.#began_frame = this.#shown_frame;
    this.#end_run();
    this.#coming = null;
    this.#sample = heard.frame_to_sample(this.#shown_frame);
    this.#ran_dry = false;
    this.#hearing.render(() => this.#at());
    this.#pump();
  }

  #loop_changed() {
    if (!this.#run || this.phase === "stopped") return;
    const { song } = this.#run, at = this.#now() + Math.round(LEAD_SECONDS * song.rate);
    const from = this.#run.sample_at(at);
    this.#run.end(at);
    this.#lay(song, from, at);
    this.#hearing.render(() => this.#at());
  }

  #failed({ problem, passing }) {
    this.#context.announce(passing ? this.#context.say("sound_waiting") : problem.message, { kind: "problem" });
    if (!passing && this.phase === "waiting") this.pause();
  }

  // ---- the playhead

  #follow_playhead(mine) {
    const step = () => {
      if (mine !== this.#starts || this.phase === "stopped") return;
      if (this.#run) this.#show(this.#at());
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  #show(sample) { this.#show_frame((this.#run?.song ?? this.#hearing.heard).sample_to_frame(sample)); }

  #show_frame(frame) {
    this.#shown_frame = frame;
    this.#state.set("playhead_frame", frame);
    if (this.phase !== "stopped" && this.#state.follow) this.#view.show_frame(frame);
  }
}

function stored_level() {
  try {
    const level = Number(localStorage.getItem(VOLUME) ?? 1);
    return level >= 0 && level <= 1 ? level : 1;
  } catch {
    return 1;
  }
}
