// The song as samples on one line, as far as its stretches have arrived. All positions are samples of the song.

export class SongSound {
  #sounds;

  // `request` is the song request that `performance` answers: with it the stretches are asked for
  constructor(performance, request, sounds) {
    this.#sounds = sounds;
    this.performance = performance;
    this.rate = performance.sample_rate_hz;
    this.hop = performance.hop_samples;
    this.samples = performance.samples;
    this.stretches = performance.phrases
      .map(({ key, start_frame, frames, silent }) => {
        const start = Math.min(start_frame * this.hop, this.samples);
        const end = Math.min((start_frame + frames) * this.hop, this.samples);
        return { key, silent, start, end, count: end - start, request };
      })
      .filter(({ count }) => count > 0);
  }

  get seconds() { return this.samples / this.rate; }

  frame_to_sample(frame) { return Math.min(Math.max(Math.round(frame * this.hop), 0), this.samples); }
  sample_to_frame(sample) { return sample / this.hop; }

  // index of the stretch that holds a sample, -1 outside the song
  stretch_at(sample) {
    return this.stretches.findIndex(({ start, end }) => sample >= start && sample < end);
  }

  // Whether two songs have the same stretches at the same places, but for their sound.
  lies_like(other) {
    return this.samples === other.samples && this.rate === other.rate && this.hop === other.hop;
  }

  // How many samples can be played from here on without a gap, at most `most`.
  available(from, most = Infinity) {
    let at = from;
    for (let k = this.stretch_at(from); k >= 0 && k < this.stretches.length && at - from < most; k++) {
      const { key, silent, start, end } = this.stretches[k];
      const reached = silent ? end : start + (this.#sounds.get(key)?.have ?? 0);
      at = Math.max(at, Math.min(reached, end));
      if (reached < end) break;
    }
    return Math.min(at - from, most);
  }

  // (count) the samples from `from` on; what has not arrived is silent.
  copy(from, count) {
    const copied = new Float32Array(count);
    for (let k = Math.max(this.stretch_at(from), 0); k < this.stretches.length; k++) {
      const { key, silent, start, end } = this.stretches[k];
      if (start >= from + count) break;
      const sound = silent ? null : this.#sounds.get(key);
      if (!sound) continue;
      const low = Math.max(from, start), high = Math.min(from + count, end, start + sound.have);
      if (high > low) copied.set(sound.samples.subarray(low - start, high - start), low - from);
    }
    return copied;
  }

  // The sounding stretches in the order in which they are needed: from `from` on, then those before it.
  // In a loop those of the loop come first.
  needed(from, loop = null) {
    const sounding = this.stretches.filter(({ silent }) => !silent);
    const [later, earlier] = [sounding.filter(({ end }) => end > from), sounding.filter(({ end }) => end <= from)];
    const order = [...later, ...earlier];
    if (!loop) return order;
    const inside = ({ start, end }) => end > loop.start && start < loop.end;
    return [...order.filter(inside), ...order.filter((stretch) => !inside(stretch))];
  }

  // How much of what sounds has arrived.
  progress() {
    let done = 0, total = 0;
    for (const { key, silent, count } of this.stretches) {
      if (silent) continue;
      total += count;
      done += Math.min(this.#sounds.get(key)?.have ?? 0, count);
    }
    return { done_seconds: done / this.rate, seconds: total / this.rate, whole: done === total };
  }
}
