// What can be done to notes. Each takes a draft of `state.change` and changes it; nothing here knows the screen.

import { end_of } from "./settling.js";

export const CLIPBOARD_FORMAT = "visinger-notes";
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
// In kana, small letters and the long mark go with the mora before them.
const SMALL = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー";
const WORD = new RegExp(`[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}][${SMALL}]*`
  + "|(?:(?![\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}])[\\p{L}\\p{M}\\p{N}'’+~-])+", "gu");
const DEFAULT_LYRICS = { ja: "ら", zh: "啦" };
const HELD = ["-", "+", "ー"];

// The language that words on this part are in, as far as the score tells; "" when it does not.
export function language_of(score, part) {
  const named = score.parts[part].language || score.language;
  if (named) return named;
  const text = score.parts[part].notes.map((note) => note.lyric || "").join("");
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return "ja";
  return /\p{Script=Han}/u.test(text) ? "zh" : "";
}

export function default_lyric(score, part) {
  return DEFAULT_LYRICS[language_of(score, part)] || "la";
}

export function insert(draft, note) {
  const made = { lyric: default_lyric(draft.score, draft.part), ...note };
  draft.notes.push(made);
  draft.selected = [made];
}

export function remove(draft) {
  const gone = new Set(draft.selected);
  draft.notes = draft.notes.filter((note) => !gone.has(note));
  draft.selected = [];
}

export function shift(draft, ticks, semitones) {
  const { selected } = draft;
  if (!selected.length) return;
  const earliest = Math.min(...selected.map((note) => note.tick));
  const [low, high] = [Math.min(...selected.map((n) => n.pitch)), Math.max(...selected.map((n) => n.pitch))];
  const later = Math.max(ticks, -earliest), higher = Math.min(Math.max(semitones, -low), 127 - high);
  for (const note of selected) {
    note.tick += later;
    note.pitch += higher;
  }
}

// Every selected note's head or tail by so many ticks; a note keeps at least `shortest`.
export function resize(draft, side, ticks, shortest) {
  for (const note of draft.selected) {
    const least = Math.min(shortest, note.duration);
    if (side === "end") {
      note.duration = Math.max(note.duration + ticks, least);
    } else {
      const by = Math.max(Math.min(ticks, note.duration - least), -note.tick);
      note.tick += by;
      note.duration -= by;
    }
  }
}

// Cuts each selected note at `at`, or in its middle where `at` is not inside it; the second half holds the vowel.
export function split(draft, at, snap) {
  const made = [];
  for (const note of draft.selected) {
    const inside = at > note.tick && at < end_of(note);
    const middle = note.tick + Math.round(note.duration / 2 / snap) * snap;
    const cut = inside ? at : middle > note.tick && middle < end_of(note) ? middle : note.tick + (note.duration >> 1);
    if (cut <= note.tick || cut >= end_of(note)) continue;
    const { vibrato, breath_after, ...rest } = note;
    const second = { tick: cut, duration: end_of(note) - cut, pitch: note.pitch };
    if (rest.tuning_cents) second.tuning_cents = rest.tuning_cents;
    if (rest.language) second.language = rest.language;
    if (breath_after) second.breath_after = true;
    if (vibrato) second.vibrato = { ...vibrato, share: Math.min(1, (vibrato.share * note.duration) / second.duration) };
    delete note.vibrato;
    delete note.breath_after;
    note.duration = cut - note.tick;
    draft.notes.push(second);
    made.push(second);
  }
  draft.selected = [...draft.selected, ...made];
}

// The selected notes become one, from the first's head to the last's tail, at the first's pitch with all the words.
export function merge(draft) {
  const notes = [...draft.selected].sort((a, b) => a.tick - b.tick);
  if (notes.length === 1) {
    const next = draft.notes.find((note) => note.tick > notes[0].tick);
    if (next) notes.push(next);
  }
  if (notes.length < 2) return;
  const [first, last] = [notes[0], notes.at(-1)];
  const words = notes.map((note) => note.lyric).filter((lyric) => lyric && !HELD.includes(lyric));
  const within = new Set(draft.notes.filter((note) => note !== first && note.tick > first.tick && note.tick <= last.tick));
  first.duration = end_of(last) - first.tick;
  if (words.length > 1) set_lyric(first, words.join(words.every((word) => CJK.test(word)) ? "" : " "));
  if (last.breath_after) first.breath_after = true;
  draft.notes = draft.notes.filter((note) => !within.has(note));
  draft.selected = [first];
}

// A note's words; what the file said about the old ones (phonemes, hyphens) no longer holds.
export function set_lyric(note, text) {
  const word = text.trim();
  if (word === (note.lyric ?? "")) return;
  for (const key of ["syllabic", "phonemes", "phoneme_hint"]) delete note[key];
  if (word) note.lyric = word;
  else delete note.lyric;
}

// The words of a text, one a note: hanzi and morae each for themselves, other words parted at spaces and marks.
export function words_of(text) {
  return [...text.matchAll(WORD)].map(([word]) => word);
}

// Lays words on the notes from index `first` on; returns how many found a note.
export function lay_words(draft, first, words) {
  const notes = draft.notes.slice(first, first + words.length);
  notes.forEach((note, k) => set_lyric(note, words[k]));
  return notes.length;
}

export function copied(notes) {
  const start = notes.length ? notes[0].tick : 0;
  return { format: CLIPBOARD_FORMAT, notes: notes.map((note) => ({ ...structuredClone(note), tick: note.tick - start })) };
}

const NUMBER = (value, least, most) => Number.isFinite(value) && value >= least && value <= most;

// Notes from the clipboard's text, or null when it holds something else.
export function pasted(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!value || value.format !== CLIPBOARD_FORMAT || !Array.isArray(value.notes) || !value.notes.length) return null;
  const sound = value.notes.every((note) => note && typeof note === "object"
    && NUMBER(note.tick, 0, 1e9) && NUMBER(note.duration, 1, 1e9) && NUMBER(note.pitch, 0, 127));
  return sound ? value.notes : null;
}

export function paste(draft, notes, tick) {
  const made = notes.map((note) => ({ ...structuredClone(note), tick: note.tick + tick }));
  draft.notes.push(...made);
  draft.selected = made;
}
