// What holds after every change: notes in order, one at a time, and all that belongs to a note goes with it.

const SHORTEST_TICKS = 15; // a 128th: what is left of a note that gives room is dropped when it is shorter

export function end_of(note) {
  return note.tick + note.duration;
}

// Whether two JSON values are equal; `share` gives the old one where they are, deeply, so that documents share memory.
export function share(before, after) {
  if (before === after || before === null || after === null) return after;
  if (typeof before !== "object" || typeof after !== "object" || Array.isArray(before) !== Array.isArray(after)) return after;
  if (Array.isArray(after)) {
    let same = before.length === after.length;
    for (let k = 0; k < after.length; k++) {
      after[k] = share(before[k], after[k]);
      same = same && after[k] === before[k];
    }
    return same ? before : after;
  }
  const keys = Object.keys(after);
  let same = keys.length === Object.keys(before).length;
  for (const key of keys) {
    after[key] = share(before[key], after[key]);
    same = same && after[key] === before[key];
  }
  return same ? before : after;
}

// The notes sorted and without overlap. Those that moved or are new keep their place; the others give room.
export function settle(notes, old_of, score) {
  const moved = (note) => {
    const old = old_of(note);
    return !old || old.tick !== note.tick || old.duration !== note.duration;
  };
  for (const note of notes) {
    note.tick = Math.max(0, Math.round(note.tick));
    note.duration = Math.max(1, Math.round(note.duration));
    note.pitch = Math.min(127, Math.max(0, Math.round(note.pitch)));
  }
  const [changed, still] = [notes.filter(moved), notes.filter((note) => !moved(note))];
  const firm = one_at_a_time(changed.sort((a, b) => a.tick - b.tick));
  const settled = [...firm, ...still.filter((note) => give_room(note, firm))];
  settled.sort((a, b) => a.tick - b.tick);
  const end = settled.length ? end_of(settled.at(-1)) : 0;
  if ((score.length_ticks ?? 0) < end) score.length_ticks = end;
  return settled;
}

function one_at_a_time(notes) {
  const kept = [];
  for (const note of notes) {
    const last = kept.at(-1);
    if (last && last.tick === note.tick) kept.pop();
    else if (last && end_of(last) > note.tick) last.duration = note.tick - last.tick;
    kept.push(note);
  }
  return kept;
}

// Shortens a note at its head or tail so that it leaves `firm` alone; false when nothing of it is left.
function give_room(note, firm) {
  for (const other of firm) {
    if (other.tick >= end_of(note) || end_of(other) <= note.tick) continue;
    if (other.tick > note.tick) {
      note.duration = other.tick - note.tick;
    } else {
      note.duration = end_of(note) - end_of(other);
      note.tick = end_of(other);
    }
    if (note.duration < SHORTEST_TICKS) return false;
  }
  return true;
}

// Boundary edits go with their notes; those of a note whose words changed name phonemes that may not be there.
export function carried(edits, notes, origin, old_notes) {
  const unmoved = notes.length === old_notes.length && notes.every((note, index) => origin.get(note) === index);
  const now = new Map(notes.map((note, index) => [origin.get(note), index]));
  const same_words = (note, old) =>
    note.lyric === old.lyric && note.language === old.language && note.syllabic === old.syllabic &&
    JSON.stringify([note.phonemes, note.phoneme_hint]) === JSON.stringify([old.phonemes, old.phoneme_hint]);
  const boundaries = [];
  for (const edit of edits.boundaries) {
    const index = unmoved ? edit.note : now.get(edit.note);
    if (index === undefined || !notes[index] || !same_words(notes[index], old_notes[edit.note])) continue;
    boundaries.push({ ...edit, note: index });
  }
  return { ...edits, boundaries };
}
