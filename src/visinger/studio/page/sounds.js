// The sound of stretches, kept by key: equal keys sound equal, so nothing is fetched twice.
// One request runs at a time; its samples can be played while the rest is still on its way.

export const MOST_SAMPLES = 48e6; // kept, of all stretches: half an hour at 24 kHz
const FIRST_RETRY_MS = 500, LONGEST_RETRY_MS = 8000;
const BYTES_PER_SAMPLE = 4;

// One stretch: `samples` is as long as the whole, `have` says how many have arrived.
class Sound {
  constructor(key, count) {
    this.key = key;
    this.samples = new Float32Array(count);
    this.have = 0;
  }
  get whole() { return this.have === this.samples.length; }
}

// Events: "samples" {key, whole} when some arrived, "dropped" {key}, "idle" when all that is wanted is here,
// "failed" {problem, passing}: a passing failure is tried again, a refusal is not until `forgive`.
export class Sounds extends EventTarget {
  #fetch_stretch; #most_samples; #kept = new Map(); #wanted = []; #running = null;
  #refused = new Set(); #retry_ms = FIRST_RETRY_MS; #timer = 0;

  // fetch_stretch(request, key, signal) answers with a Response whose body is little-endian float32 samples
  constructor(fetch_stretch, { most_samples = MOST_SAMPLES } = {}) {
    super();
    this.#fetch_stretch = fetch_stretch;
    this.#most_samples = most_samples;
  }

  get(key) { return this.#kept.get(key); }
  get busy() { return this.#running !== null || this.#timer !== 0; }

  // From now on fetch these, the most urgent first: [{key, count, request}]. What is under way goes on
  // while it is wanted; with `urgent` only if it is what is missing first.
  want(stretches, { urgent = false } = {}) {
    let total = 0;
    this.#wanted = stretches.filter(({ count }, k) => (total += count) <= this.#most_samples || k === 0);
    for (const { key } of [...this.#wanted].reverse()) this.#touch(key);
    if (this.#running) {
      const { key } = this.#running;
      const goes_on = urgent ? this.#missing()[0]?.key === key : this.#is_wanted(key);
      if (!goes_on) this.#give_up();
    }
    this.#next();
  }

  stop() { this.want([]); }
  forgive() { this.#refused.clear(); }

  #is_wanted(key) { return this.#wanted.some((stretch) => stretch.key === key); }

  #missing() {
    return this.#wanted.filter(({ key }) => !this.#kept.get(key)?.whole && !this.#refused.has(key));
  }

  #touch(key) {
    const sound = this.#kept.get(key);
    if (!sound) return;
    this.#kept.delete(key);
    this.#kept.set(key, sound); // a Map keeps the order of insertion: the least recently wanted stand first
  }

  #give_up() {
    this.#running.abort.abort();
    this.#forget_half(this.#running.key);
    this.#running = null;
  }

  #forget_half(key) {
    if (this.#kept.get(key)?.whole === false) this.#drop(key);
  }

  #drop(key) {
    this.#kept.delete(key);
    this.#tell("dropped", { key });
  }

  #next() {
    if (this.#running || this.#timer) return;
    const stretch = this.#missing()[0];
    if (!stretch) {
      this.#tell("idle");
      return;
    }
    const running = { key: stretch.key, abort: new AbortController() };
    this.#running = running;
    this.#fetch(stretch, running).then(() => this.#ended(running), (error) => this.#broke(running, error));
  }

  #ended(running) {
    if (this.#running !== running) return;
    this.#running = null;
    this.#retry_ms = FIRST_RETRY_MS;
    this.#next();
  }

  #broke(running, problem) {
    if (this.#running !== running) return; // given up on purpose
    this.#running = null;
    this.#forget_half(running.key);
    const refused = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
    this.#tell("failed", { problem, passing: !refused });
    if (refused) {
      this.#refused.add(running.key);
      this.#next();
      return;
    }
    // the server is away or busy: what is here plays on, and it is asked again, less and less often
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#next();
    }, this.#retry_ms);
    this.#retry_ms = Math.min(2 * this.#retry_ms, LONGEST_RETRY_MS);
  }

  async #fetch({ key, count, request }, running) {
    const response = await this.#fetch_stretch(request, key, running.abort.signal);
    const sound = new Sound(key, count);
    if (this.#running !== running) return;
    this.#kept.set(key, sound);
    this.#make_room();
    const bytes = new Uint8Array(sound.samples.buffer); // every machine with a browser is little-endian
    const reader = response.body.getReader();
    let filled = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#running !== running) return;
      if (done) break;
      const fitting = value.subarray(0, bytes.length - filled);
      bytes.set(fitting, filled);
      filled += fitting.length;
      const have = Math.floor(filled / BYTES_PER_SAMPLE);
      if (have === sound.have) continue;
      sound.have = have;
      this.#tell("samples", { key, whole: sound.whole });
    }
    if (!sound.whole) throw new Error("the sound ended early");
  }

  // forget the least recently wanted until the rest fits
  #make_room() {
    let total = 0;
    for (const { samples } of this.#kept.values()) total += samples.length;
    for (const [key, { samples }] of [...this.#kept]) {
      if (total <= this.#most_samples) break;
      if (this.#is_wanted(key)) continue;
      total -= samples.length;
      this.#drop(key);
    }
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
