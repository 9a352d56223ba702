// From the samples of a stretch to levels over time and frequency, a byte for each point.
import { hann, Spectrum } from "./fft.js";

export const LOWEST_DB = -100, HIGHEST_DB = -15; // of full scale; a byte covers what lies between
const WINDOW_SECONDS = 0.043; // a harmonic of a low voice apart from the next
const LOWEST_HZ = 50;

// The hertz at the lower edge of each of `rows` rows and above the last: even steps on the mel scale.
export function edges_hz(rows, highest_hz) {
  const mel = (hz) => Math.log1p(hz / 700), [low, high] = [mel(LOWEST_HZ), mel(highest_hz)];
  return Float64Array.from({ length: rows + 1 }, (_, k) => 700 * Math.expm1(low + ((high - low) * k) / rows));
}

// The row (fractional, from below) on which a frequency lies.
export function row_of_hz(hz, rows, highest_hz) {
  const mel = (value) => Math.log1p(value / 700);
  return (rows * (mel(hz) - mel(LOWEST_HZ))) / (mel(highest_hz) - mel(LOWEST_HZ));
}

// The samples around a frame that its column is made of, on either side of the frame's middle.
export function reach(rate) {
  return 2 ** Math.round(Math.log2(WINDOW_SECONDS * rate)) / 2;
}

// (columns × rows) levels, column by column from the lowest row: 0 at LOWEST_DB, 255 at HIGHEST_DB and above.
// The first column is the frame that begins at `first` in `samples`.
export function levels({ samples, first, columns, hop, rate, rows }) {
  const size = 2 * reach(rate), spectrum = new Spectrum(size), window = hann(size);
  const edges = edges_hz(rows, rate / 2).map((hz) => (hz * size) / rate);
  const found = new Uint8Array(columns * rows), excerpt = new Float32Array(size);
  for (let column = 0; column < columns; column++) {
    const begin = first + Math.round((column + 0.5) * hop) - size / 2;
    const from = Math.max(begin, 0), to = Math.min(begin + size, samples.length);
    excerpt.fill(0);
    if (to > from) excerpt.set(samples.subarray(from, to), from - begin);
    const power = spectrum.of(excerpt, window);
    for (let row = 0; row < rows; row++) {
      const db = 10 * Math.log10(loudest(power, edges[row], edges[row + 1]) + 1e-12);
      found[column * rows + row] = Math.max(0, Math.min(255, (255 * (db - LOWEST_DB)) / (HIGHEST_DB - LOWEST_DB)));
    }
  }
  return found;
}

// The greatest power between two fractional bins; where none lies between, the line from bin to bin.
function loudest(power, low, high) {
  const at = (bin) => {
    const k = Math.min(Math.floor(bin), power.length - 2);
    return power[k] + (power[k + 1] - power[k]) * (bin - k);
  };
  let most = Math.max(at(low), at(high));
  for (let k = Math.ceil(low); k < high; k++) most = Math.max(most, power[k]);
  return most;
}
