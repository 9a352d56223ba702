// The pitch of a performance as keys of the score: frames become MIDI numbers, a transposition is taken back.

const CONCERT_HZ = 440, CONCERT_MIDI = 69;

export const midi_from_hz = (hz) => CONCERT_MIDI + 12 * Math.log2(hz / CONCERT_HZ);

// {sung, predicted}: Float32Arrays of MIDI numbers a frame, NaN where unvoiced
export function sung_pitch(performance, state, view) {
  const semitones = state.transpose === "auto" ? guessed(performance, state, view) : state.transpose;
  const keys = (hz) => Float32Array.from(hz, (value) => (value > 0 ? midi_from_hz(value) - semitones : NaN));
  return { sung: keys(performance.f0_hz), predicted: keys(performance.predicted_f0_hz ?? performance.f0_hz) };
}

// how far "auto" has moved the melody: what most notes' middles say
function guessed(performance, state, view) {
  const f0_hz = performance.predicted_f0_hz ?? performance.f0_hz, off = [];
  for (const { tick, duration, pitch } of state.notes) {
    const hz = f0_hz[Math.round(view.tick_to_frame(tick + duration / 2))];
    if (hz > 0) off.push(Math.round(midi_from_hz(hz) - pitch));
  }
  off.sort((a, b) => a - b);
  return off.length ? off[off.length >> 1] : 0;
}

// the value at a frame that need not be whole; null where unvoiced or beyond the song
export function value_at_frame(values, frame) {
  const at = frame - 0.5, k = Math.floor(at); // a frame's value stands at its centre
  const [here, after] = [values[Math.max(k, 0)], values[Math.min(k + 1, values.length - 1)]];
  if (here === undefined || after === undefined || (Number.isNaN(here) && Number.isNaN(after))) return null;
  if (Number.isNaN(here)) return after;
  if (Number.isNaN(after)) return here;
  return here + (after - here) * Math.min(Math.max(at - k, 0), 1);
}
