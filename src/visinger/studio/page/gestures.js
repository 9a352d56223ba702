// Hands on the roll: mouse, pen and fingers. A gesture shows what it would do and changes the song when it ends.
//
// Mouse: drag a note or its ends, double-click to write, drag in the open to choose, wheel to scroll (Ctrl: zoom).
// Fingers: the same on notes; one finger in the open scrolls, two zoom, two taps write a note.

import { insert, resize, shift } from "./editing.js";

const SLOP = { mouse: 3, touch: 8 }; // pixels before a press is a drag
const DOUBLE_MS = 350, DOUBLE_PIXELS = 24;
const EDGE_PIXELS = 24, EDGE_STEP = 14; // at the roll's rim a drag scrolls
const WHEEL_ZOOM = 0.0022, LINE_PIXELS = 32;

export function start_gestures(canvas, state, view, context) {
  const { roll } = context;
  const pointers = new Map();
  let gesture = null, last_tap = null, pinch = null, rolling = 0;

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const snapped = (tick, event) => (view.snap && !event.altKey ? Math.round(tick / view.snap) * view.snap : Math.round(tick));
  const floored = (tick) => (view.snap ? Math.floor(tick / view.snap) * view.snap : Math.round(tick));
  const shortest = () => Math.min(view.snap || 30, 30);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    const at = place(event), touch = event.pointerType === "touch";
    pointers.set(event.pointerId, at);
    canvas.setPointerCapture(event.pointerId);
    context.lyric?.close();
    canvas.focus({ preventScroll: true });
    if (pointers.size === 2) return begin_pinch();
    if (pointers.size > 2) return undefined;
    const found = roll.hit(at.x, at.y, { touch });
    const twice = is_second_tap(event, at);
    last_tap = { time: event.timeStamp, ...at };
    if (event.button === 1) gesture = { kind: "pan", ...at };
    else if (found && twice) gesture = { kind: "word", index: found.index };
    else if (found) gesture = press_note(found, at, event);
    else if (twice) gesture = { kind: "write", ...written_at(at), at };
    else gesture = { kind: touch ? "pan" : "box", ...at, from: view.x_to_tick(at.x), pitch: view.y_to_pitch(at.y), kept: event.shiftKey ? state.selection : [] };
    if (gesture.kind === "write") show_written();
    return undefined;
  });

  function is_second_tap(event, at) {
    return last_tap !== null && event.timeStamp - last_tap.time < DOUBLE_MS
      && Math.hypot(at.x - last_tap.x, at.y - last_tap.y) < DOUBLE_PIXELS;
  }

  function press_note(found, at, event) {
    const many = event.shiftKey || event.ctrlKey || event.metaKey;
    const chosen = state.selection.includes(found.index);
    if (many) state.select(chosen ? state.selection.filter((index) => index !== found.index) : [...state.selection, found.index]);
    else if (!chosen) state.select([found.index]);
    if (many && chosen) return { kind: "none" };
    return {
      kind: found.zone === "body" ? "move" : "resize", side: found.zone, index: found.index, moved: false, alone: chosen && !many,
      at, from: view.x_to_tick(at.x), pitch: Math.round(view.y_to_pitch(at.y)), touch: event.pointerType === "touch",
    };
  }

  function written_at(at) {
    const tick = Math.max(0, floored(view.x_to_tick(at.x)));
    return { note: { tick, duration: view.snap ? Math.max(view.snap, view.last_length || 0) : 120, pitch: Math.round(view.y_to_pitch(at.y)) } };
  }

  function show_written() {
    roll.show({ made: [gesture.note] });
  }

  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (!pointers.has(event.pointerId)) return hover(at, event);
    pointers.set(event.pointerId, at);
    if (pinch) return continue_pinch();
    if (gesture) follow(at, event);
    return undefined;
  });

  function hover(at, event) {
    const found = event.pointerType === "mouse" ? roll.hit(at.x, at.y) : null;
    canvas.style.cursor = !found ? "default" : found.zone === "body" ? "grab" : "ew-resize";
  }

  function follow(at, event) {
    if (gesture.kind === "pan") {
      view.scroll_by(gesture.x - at.x, gesture.y - at.y);
      Object.assign(gesture, at, { moved: true });
    } else if (gesture.kind === "box") {
      follow_box(at);
    } else if (gesture.kind === "write") {
      const end = snapped(view.x_to_tick(at.x), event);
      if (Math.abs(at.x - gesture.at.x) > SLOP.touch) gesture.note.duration = Math.max(end - gesture.note.tick, view.snap || 30);
      show_written();
    } else if (gesture.kind === "move" || gesture.kind === "resize") {
      const slop = gesture.touch ? SLOP.touch : SLOP.mouse;
      if (!gesture.moved && Math.hypot(at.x - gesture.at.x, at.y - gesture.at.y) < slop) return;
      gesture.moved = true;
      gesture.change = change_of(at, event);
      show_change();
    }
    scroll_at_rim(at, event);
  }

  function change_of(at, event) {
    const note = state.notes[gesture.index];
    const by = view.x_to_tick(at.x) - gesture.from;
    if (gesture.kind === "resize") {
      const edge = gesture.side === "end" ? note.tick + note.duration : note.tick;
      return { ticks: snapped(edge + by, event) - edge };
    }
    return { ticks: Math.abs(by * view.pixels_per_tick) < 2 ? 0 : snapped(note.tick + by, event) - note.tick, semitones: Math.round(view.y_to_pitch(at.y)) - gesture.pitch };
  }

  function apply(draft) {
    if (gesture.kind === "move") shift(draft, gesture.change.ticks, gesture.change.semitones);
    else resize(draft, gesture.side, gesture.change.ticks, shortest());
  }

  function show_change() {
    const notes = state.selection.map((index) => structuredClone(state.notes[index]));
    apply({ selected: notes });
    roll.show({ notes: new Map(state.selection.map((index, k) => [index, notes[k]])) });
  }

  function follow_box(at) {
    const x = view.tick_to_x(gesture.from), y = view.pitch_to_y(gesture.pitch);
    const box = { x: Math.min(x, at.x), y: Math.min(y, at.y), width: Math.abs(at.x - x), height: Math.abs(at.y - y) };
    if (!gesture.moved && box.width < SLOP.mouse && box.height < SLOP.mouse) return;
    gesture.moved = true;
    const inside = (note) => {
      const own = roll.box_of(note);
      return own.x < box.x + box.width && own.x + own.width > box.x && own.y < box.y + box.height && own.y + own.height > box.y;
    };
    state.select([...gesture.kept, ...state.notes.flatMap((note, index) => (inside(note) ? [index] : []))]);
    roll.show({ box });
  }

  // a drag that has reached the rim goes on scrolling while it is held there
  function scroll_at_rim(at, event) {
    cancelAnimationFrame(rolling);
    if (!gesture || !["move", "resize", "box", "write"].includes(gesture.kind)) return;
    const [dx, dy] = [rim(at.x, view.width), rim(at.y, view.height)];
    if (!dx && !dy) return;
    rolling = requestAnimationFrame(() => {
      view.scroll_by(dx * EDGE_STEP, gesture.kind === "resize" ? 0 : dy * EDGE_STEP * 0.5);
      follow(at, event);
    });
  }

  const rim = (value, size) => (value < EDGE_PIXELS / 4 ? -1 : value > size - EDGE_PIXELS / 4 ? 1 : 0);

  function finish(event) {
    pointers.delete(event.pointerId);
    cancelAnimationFrame(rolling);
    if (pinch) {
      if (!pointers.size) pinch = null;
      return;
    }
    const done = gesture;
    if (!done) return;
    if (event.type === "pointercancel") {
      cancel();
      return;
    }
    if (done.kind === "write") {
      state.change("undo_write", (draft) => insert(draft, done.note));
      view.last_length = done.note.duration;
    } else if (done.kind === "word") {
      context.lyric.open(done.index);
    } else if (done.change) {
      state.change(done.kind === "move" ? "undo_move" : "undo_resize", apply);
    } else if (done.kind === "move" && done.alone && !done.moved) {
      state.select([done.index]);
    } else if ((done.kind === "box" || done.kind === "pan") && !done.moved) {
      state.select(done.kept);
    }
    gesture = null;
    roll.show(null);
  }

  function cancel() {
    cancelAnimationFrame(rolling);
    gesture = null;
    roll.show(null);
  }

  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", finish);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !gesture) return;
    event.preventDefault(); // Escape takes back a drag in progress
    cancel();
  });

  function begin_pinch() {
    cancel();
    const [a, b] = [...pointers.values()];
    pinch = { apart: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 20), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  function continue_pinch() {
    if (pointers.size < 2) return;
    const [a, b] = [...pointers.values()];
    const now = { apart: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 20), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    view.scroll_by(pinch.x - now.x, pinch.y - now.y);
    view.zoom(now.apart / pinch.apart, now.x);
    pinch = now;
  }

  canvas.closest(".stack").addEventListener("wheel", (event) => wheel(event, view), { passive: false });
}

// The wheel means the same on the roll and on every lane.
export function wheel(event, view) {
  event.preventDefault();
  const unit = event.deltaMode === 1 ? LINE_PIXELS : 1;
  const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
  if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-dy * WHEEL_ZOOM), event.offsetX);
  else if (event.altKey) view.zoom_rows(Math.exp(-dy * WHEEL_ZOOM), event.offsetY);
  else if (event.shiftKey && !dx) view.scroll_by(dy);
  else view.scroll_by(dx, dy);
}
