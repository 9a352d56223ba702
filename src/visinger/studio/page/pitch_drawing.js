// What the pen and the eraser do to a part's pitch curve: [[tick, midi | null]…], in the order of its ticks.
// The pitch runs straight from point to point; a null gives it back to the singer from its tick on.

const ROUNDED = 1000; // a tenth of a cent
const TOLERANCE_SEMITONES = 0.01;

// The curve's drawn stretches as {points, end}: they hold from their first tick up to `end`, without it.
function strokes_of(curve) {
  const strokes = [];
  let points = [];
  for (const [tick, midi] of curve) {
    if (midi !== null) {
      points.push([tick, midi]);
    } else if (points.length) {
      strokes.push({ points, end: tick });
      points = [];
    }
  }
  if (points.length) strokes.push({ points, end: points.at(-1)[0] + 1 });
  return strokes;
}

function curve_of(strokes) {
  const curve = [];
  strokes.forEach(({ points, end }, k) => {
    curve.push(...points);
    if (strokes[k + 1]?.points[0][0] !== end) curve.push([end, null]);
  });
  return curve;
}

// The value of a stroke at a tick inside it: straight between its points, its last from there on.
function value_in(points, tick) {
  let k = 0;
  while (k + 1 < points.length && points[k + 1][0] <= tick) k++;
  const [from, value] = points[k], after = points[k + 1];
  if (!after) return value;
  return value + ((after[1] - value) * (tick - from)) / (after[0] - from);
}

function without(strokes, from, to) {
  const left = [];
  for (const { points, end } of strokes) {
    const first = points[0][0];
    if (end <= from || first >= to) {
      left.push({ points, end });
      continue;
    }
    if (first < from) {
      left.push({ points: [...points.filter(([tick]) => tick < from), [from, rounded(value_in(points, from))]], end: from });
    }
    if (end > to) left.push({ points: [[to, rounded(value_in(points, to))], ...points.filter(([tick]) => tick > to)], end });
  }
  return left;
}

// The curve with the ticks [from, to) given back to the singer.
export function erased(curve, from, to) {
  return curve_of(without(strokes_of(curve), Math.round(from), Math.round(to)));
}

// The curve with `points` ([[tick, midi]…], ticks rising) drawn over it.
export function drawn_over(curve, points) {
  const stroke = [];
  for (const [tick, midi] of points) {
    const at = Math.max(0, Math.round(tick));
    if (stroke.length && stroke.at(-1)[0] >= at) stroke.pop();
    stroke.push([at, rounded(midi)]);
  }
  if (!stroke.length) return curve;
  const end = stroke.at(-1)[0] + 1;
  const strokes = without(strokes_of(curve), stroke[0][0], end);
  strokes.push({ points: straightened(stroke), end });
  return curve_of(strokes.sort((a, b) => a.points[0][0] - b.points[0][0]));
}

// Without the points that lie, within a cent, on the line between those that stay (Ramer, Douglas and Peucker).
export function straightened(points, tolerance = TOLERANCE_SEMITONES) {
  if (points.length < 3) return points;
  const kept = new Uint8Array(points.length), open = [[0, points.length - 1]];
  kept[0] = kept[points.length - 1] = 1;
  while (open.length) {
    const [first, last] = open.pop(), [x0, y0] = points[first], [x1, y1] = points[last];
    let worst = -1, most = tolerance;
    for (let k = first + 1; k < last; k++) {
      const off = Math.abs(points[k][1] - (y0 + ((y1 - y0) * (points[k][0] - x0)) / (x1 - x0)));
      if (off > most) [worst, most] = [k, off];
    }
    if (worst < 0) continue;
    kept[worst] = 1;
    open.push([first, worst], [worst, last]);
  }
  return points.filter((_, k) => kept[k]);
}

// A line being drawn: {ticks rising} with what lies between `from` and `to` replaced by a straight line.
export function traced(points, [from_tick, from_midi], [to_tick, to_midi]) {
  const [a, b] = from_tick <= to_tick ? [[from_tick, from_midi], [to_tick, to_midi]] : [[to_tick, to_midi], [from_tick, from_midi]];
  const before = points.filter(([tick]) => tick < a[0]), after = points.filter(([tick]) => tick > b[0]);
  return [...before, a, ...(b[0] > a[0] ? [b] : []), ...after];
}

function rounded(midi) {
  return Math.round(midi * ROUNDED) / ROUNDED;
}
