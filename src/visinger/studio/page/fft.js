// A real spectrum for the spectrogram: radix-2, in place, tables made once per size.

// Squared magnitudes of the first half of a discrete Fourier transform of `size` real samples (a power of two).
export class Spectrum {
  #cos; #sin; #order; #re; #im;

  constructor(size) {
    if (size < 2 || size & (size - 1)) throw new RangeError(`${size} is no power of two`);
    this.size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / size));
    this.#order = new Uint32Array(size);
    for (let k = 1; k < size; k++) this.#order[k] = (this.#order[k >> 1] >> 1) | (k & 1 ? size >> 1 : 0);
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
    this.power = new Float64Array(size / 2 + 1);
  }

  // (size / 2 + 1) powers of `samples` times `window`, both of `size`; overwritten by the next call
  of(samples, window) {
    const { size, power } = this, re = this.#re, im = this.#im, order = this.#order;
    for (let k = 0; k < size; k++) re[order[k]] = samples[k] * window[k];
    im.fill(0);
    for (let half = 1; half < size; half *= 2) this.#merge(half);
    for (let k = 0; k <= size / 2; k++) power[k] = re[k] * re[k] + im[k] * im[k];
    return power;
  }

  #merge(half) {
    const re = this.#re, im = this.#im, cos = this.#cos, sin = this.#sin;
    const stride = this.size / (2 * half);
    for (let first = 0; first < this.size; first += 2 * half) {
      for (let k = 0; k < half; k++) {
        const a = first + k, b = a + half, c = cos[k * stride], s = sin[k * stride];
        const x = re[b] * c + im[b] * s, y = im[b] * c - re[b] * s;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

// (size) a Hann window under which a full-scale sine has a power of 1 at its peak
export function hann(size) {
  return Float64Array.from({ length: size }, (_, k) => (2 / size) * (1 - Math.cos((2 * Math.PI * k) / size)));
}
