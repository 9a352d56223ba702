// Drawn pitch goes with the notes it was drawn over: `pitch_curve` holds absolute ticks and pitches, notes move.

// The curve at a tick, null where nothing is drawn: straight between points, null from a null on.
export function value_at(points, tick) {
  let low = 0, high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= tick) low = middle + 1;
    else high = middle;
  }
  if (!low || points[low - 1][1] === null) return null;
  const [from, value] = points[low - 1];
  const after = points[low];
  if (!after) return tick === from ? value : null;
  if (after[1] === null) return value;
  return value + ((after[1] - value) * (tick - from)) / (after[0] - from);
}

// moves: [{from, to, ticks, semitones}], stretches of notes as they were; returns the curve after them
export function moved_curve(points, moves) {
  const ticks = new Set(points.map(([tick]) => tick));
  for (const { from, to, ticks: by } of moves) {
    for (const edge of [from, to]) for (const shift of [0, by]) ticks.add(edge + shift).add(edge + shift - 1);
    for (const [tick] of points) if (tick >= from && tick < to) ticks.add(tick + by);
  }
  const value = (tick) => {
    const here = moves.find(({ from, to, ticks: by }) => tick >= from + by && tick < to + by);
    if (here) {
      const drawn = value_at(points, tick - here.ticks);
      return drawn === null ? null : drawn + here.semitones;
    }
    return moves.some(({ from, to }) => tick >= from && tick < to) ? null : value_at(points, tick);
  };
  const curve = [];
  for (const tick of [...ticks].filter((one) => one >= 0).sort((a, b) => a - b)) {
    const now = value(tick);
    const last = curve.at(-1);
    if (now === null && (!last || last[1] === null)) continue;
    curve.push([tick, now === null ? null : Math.round(now * 1000) / 1000]);
  }
  return curve;
}

// Moves the part's drawing along with notes that changed place or pitch.
export function carry_curve(part, moved) {
  if (!part.pitch_curve || !part.pitch_curve.length) return;
  const moves = moved
    .filter(([old, note]) => old.tick !== note.tick || old.pitch !== note.pitch)
    .map(([old, note]) => ({
      from: old.tick, to: old.tick + old.duration, ticks: note.tick - old.tick, semitones: note.pitch - old.pitch,
    }));
  if (moves.length) part.pitch_curve = moved_curve(part.pitch_curve, moves);
}
