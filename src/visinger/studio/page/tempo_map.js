// Ticks and seconds under changing tempos; the same sums as the score's own tempo map.

const TICKS_PER_QUARTER = 480;

// A number of the score format: whole, decimal, or a fraction written as text such as "116/3".
export function number_of(value) {
  if (typeof value === "number") return value;
  const [above, below = "1"] = String(value).split("/");
  return Number(above) / Number(below);
}

export function tempo_map(tempos) {
  const entries = tempos && tempos.length ? tempos : [{ tick: 0, quarters_per_minute: 120 }];
  const pieces = [];
  let seconds = 0;
  entries.forEach((entry, k) => {
    if (k) seconds += (entry.tick - pieces[k - 1].tick) * pieces[k - 1].seconds_per_tick;
    pieces.push({ tick: entry.tick, seconds, seconds_per_tick: 60 / TICKS_PER_QUARTER / number_of(entry.quarters_per_minute) });
  });

  // the last piece that has begun; songs have few tempos but lanes ask for every frame
  function piece_at(key, value) {
    let low = 0, high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (pieces[middle][key] <= value) low = middle;
      else high = middle - 1;
    }
    return pieces[low];
  }

  return {
    seconds_at(tick) {
      const piece = piece_at("tick", tick);
      return piece.seconds + (tick - piece.tick) * piece.seconds_per_tick;
    },
    tick_at(at_seconds) {
      const piece = piece_at("seconds", at_seconds);
      return piece.tick + (at_seconds - piece.seconds) / piece.seconds_per_tick;
    },
  };
}

// The bar lines before `end_tick` as {tick, bar, beats: [ticks of the beats inside]}.
export function bars(time_signatures, end_tick) {
  const signatures = time_signatures && time_signatures.length ? time_signatures : [{ tick: 0, beats: 4, beat_unit: 4 }];
  const lines = [];
  let bar = 1;
  signatures.forEach((signature, k) => {
    const end = k + 1 < signatures.length ? Math.min(signatures[k + 1].tick, end_tick) : end_tick;
    const beat_ticks = (4 * TICKS_PER_QUARTER) / signature.beat_unit;
    for (let tick = signature.tick; tick < end; tick += beat_ticks * signature.beats) {
      const beats = [];
      for (let beat = 1; beat < signature.beats; beat++) {
        const at = tick + beat * beat_ticks;
        if (at < end) beats.push(at);
      }
      lines.push({ tick, bar: bar++, beats, signature });
    }
  });
  return lines;
}
