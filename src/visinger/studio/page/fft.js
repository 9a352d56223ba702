// A real spectrum for the spectrogram: radix-2, in place, tables made once per size.

/** Magnitudes of the first half of a discrete Fourier transform of `size` real samples (a power of two). */
export class Spectrum {
  constructor(size) {
    if (size < 2 || size & (size - 1)) throw new RangeError(`${size} is no power of two`);
    this.size = size;
    this._cos = new Float64Array(size / 2);
    this._sin = new Float64Array(size / 2);
    for (let k = 0; k < size / 2; k++) {
      this._cos[k] = Math.cos((2 * Math.PI * k) / size);
      this._sin[k] = Math.sin((2 * Math.PI * k) / size);
    }
    this._order = new Uint32Array(size);
    for (let k = 1, bit = size >> 1; k < size; k++) this._order[k] = (this._order[k >> 1] >> 1) | (k & 1 ? bit : 0);
    this._re = new Float64Array(size);
    this._im = new Float64Array(size);
    this.power = new Float64Array(size / 2 + 1);
  }

  /** (size / 2 + 1) squared magnitudes of `samples` times `window`, both of `size`; overwritten by the next call. */
  of(samples, window) {
    const { size, _re: re, _im: im, _order: order } = this;
    for (let k = 0; k < size; k++) {
      re[order[k]] = samples[k] * window[k];
      im[k] = 0;
    }
    for (let half = 1; half < size; half *= 2) this._merge(half);
    for (let k = 0; k <= size / 2; k++) this.power[k] = re[k] * re[k] + im[k] * im[k];
    return this.power;
  }

  _merge(half) {
    const { size, _re: re, _im: im, _cos: cos, _sin: sin } = this;
    const stride = size / (2 * half);
    for (let first = 0; first < size; first += 2 * half) {
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

/** (size) a Hann window whose full-scale sine has a power of 1 at its peak. */
export function hann(size) {
  return Float64Array.from({ length: size }, (_, k) => (2 / size) * (1 - Math.cos((2 * Math.PI * k) / size)));
}
