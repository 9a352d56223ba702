// One uninterrupted run of the song through WebAudio: pieces laid end to end on whole samples of the context.
// The context runs at the song's own rate, so that no piece is resampled and none can be heard apart.

export const FADE_SECONDS = 0.008; // at the ends of a run and of a loop; two runs cross in it
const PIECE_SECONDS = 0.25;

export class Run {
  #context; #bus; #nodes = new Set(); #pieces = []; #fade; #piece; #wrapped = false; #tail = null;

  // Begins at sample `from` of `song`, on frame `at` of the context; `loop` is {start, end} in samples or null.
  constructor(context, destination, song, { from, at, loop = null }) {
    this.#context = context;
    this.song = song;
    this.loop = loop && loop.start < Math.min(loop.end, song.samples) ? loop : null;
    this.next_sample = from; // where the next piece begins: in the song …
    this.next_frame = at; // … and on the context's clock
    this.ended = false; // all of the song is laid
    this.starved = false; // what comes next has not arrived
    this.#fade = Math.round(FADE_SECONDS * song.rate);
    this.#piece = Math.round(PIECE_SECONDS * song.rate);
    this.#bus = context.createGain();
    this.#bus.gain.value = 0;
    this.#bus.gain.setValueAtTime(0, at / song.rate);
    this.#bus.gain.linearRampToValueAtTime(1, (at + this.#fade) / song.rate);
    this.#bus.connect(destination);
    this.started_at = at;
  }

  // Lays pieces until the context's frame `until`, as far as the song has arrived. After the last piece a tail that
  // dies away is always laid: should nothing follow in time, whatever the reason, there is a pause and no click.
  // What follows in time takes the tail's place; what follows a tail that was heard begins with the tail's samples.
  fill(until) {
    this.starved = false;
    while (this.next_frame < until && !this.ended && !this.starved) this.#lay_next();
    if (!this.#tail && !this.ended) this.#lay_tail();
  }

  #lay_next() {
    const { song, loop } = this;
    const inside = loop !== null && this.next_sample < loop.end;
    const end = inside ? Math.min(loop.end, song.samples) : song.samples;
    if (this.next_sample >= end) {
      if (!inside) {
        this.ended = true;
        return;
      }
      this.next_sample = loop.start;
      this.#wrapped = true;
    }
    const most = Math.min(this.#piece, end - this.next_sample);
    const there = song.available(this.next_sample, most);
    // at the edge of what has arrived a fade's worth is held back, in case nothing follows in time
    const count = there === most ? most : there - this.#fade;
    if (count < Math.min(this.#fade, most)) {
      this.starved = true;
      return;
    }
    const samples = song.copy(this.next_sample, count);
    if (this.#wrapped) fade(samples, this.#fade, 0, 1);
    if (inside && this.next_sample + count === end) fade(samples, this.#fade, 1, 0);
    this.#wrapped = false;
    this.#cancel_tail();
    this.#lay(samples);
    this.next_frame += count;
    this.next_sample += count;
    if (inside && this.next_sample === end) {
      this.next_sample = loop.start;
      this.#wrapped = true;
    }
  }

  #lay(samples) {
    const { rate } = this.song;
    const buffer = this.#context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#bus);
    node.start(this.next_frame / rate);
    node.onended = () => this.#nodes.delete(node);
    this.#nodes.add(node);
    this.#pieces.push({ at: this.next_frame, from: this.next_sample, count: samples.length });
    return node;
  }

  #lay_tail() {
    const samples = this.song.copy(this.next_sample, this.song.available(this.next_sample, this.#fade));
    if (!samples.length) return;
    if (this.#wrapped) fade(samples, this.#fade, 0, 1);
    fade(samples, samples.length, 1, 0);
    this.#tail = this.#lay(samples);
  }

  #cancel_tail() {
    if (!this.#tail) return;
    this.#tail.stop(); // before it has begun: it never does
    this.#nodes.delete(this.#tail);
    this.#pieces.pop();
    this.#tail = null;
  }

  // The sample that is heard on a frame of the context; before the run begins its first, after it its last.
  sample_at(frame) {
    while (this.#pieces.length > 1 && this.#pieces[1].at <= frame) this.#pieces.shift();
    const piece = this.#pieces[0];
    if (!piece) return this.next_sample;
    return piece.from + Math.min(Math.max(frame - piece.at, 0), piece.count);
  }

  // Fades out from frame `at` on and lets go of everything.
  end(at) {
    const { rate } = this.song, seconds = at / rate, last = (at + this.#fade) / rate;
    this.#bus.gain.cancelScheduledValues(seconds);
    this.#bus.gain.setValueAtTime(Math.min(Math.max((at - this.started_at) / this.#fade, 0), 1), seconds);
    this.#bus.gain.linearRampToValueAtTime(0, last);
    for (const node of this.#nodes) node.stop(last);
    setTimeout(() => this.#bus.disconnect(), 1000 * (last - this.#context.currentTime) + 200);
    this.ended = true;
  }
}

// a straight ramp over the first samples (from 0 to 1) or the last (from 1 to 0)
function fade(samples, length, from, to) {
  const count = Math.min(length, samples.length), first = to > from ? 0 : samples.length - count;
  for (let k = 0; k < count; k++) samples[first + k] *= from + ((to - from) * (k + 0.5)) / count;
}
