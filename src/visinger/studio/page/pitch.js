// The pitch over the notes: what the voice would sing, what it sings, and the pen that draws between them.

import { value_at } from "./curves.js";
import { set_curve } from "./note_pitch.js";
import { drawn_over, erased, traced } from "./pitch_drawing.js";
import { start_handles } from "./pitch_handles.js";
import { start_pitch_keys } from "./pitch_keys.js";
import { start_pitch_tools } from "./pitch_tools.js";
import { sung_pitch, value_at_frame } from "./sung_pitch.js";
import { colour, make_surface } from "./surface.js";
import { within } from "./view.js";

const LOWEST_MIDI = 12, HIGHEST_MIDI = 119;
const LEAST_STROKE_TICKS = 4; // a tap draws a dot that long
const STEP_PIXELS = 2; // between points of a drawn curve on the screen

export function start(state, view, context) {
  const canvas = document.getElementById("pitch-canvas");
  const surface = make_surface(canvas, draw);
  let pitch = null, made_of = null, stroke = null;
  const lane = {
    canvas, state, view, context, invalidate: surface.invalidate, mode: "pen",
    // the singer's own pitch at a tick, in keys of the score; null where it is not known
    predicted: (tick) => (pitch ? value_at_frame(pitch.predicted, view.tick_to_frame(tick)) : null),
    // the same with what is drawn
    sung: (tick) => value_at(curve(), tick) ?? lane.predicted(tick),
    set_mode(mode) {
      lane.mode = mode;
      canvas.dataset.mode = mode;
      lane.tools.draw();
      surface.invalidate();
    },
    cancel_stroke,
  };
  const curve = () => state.part_document.pitch_curve ?? [];

  function measure() {
    if (state.performance === made_of) return;
    made_of = state.performance;
    pitch = made_of && sung_pitch(made_of, state, view);
  }

  // ---- drawing

  function draw(paper, width) {
    measure();
    const active = state.tool === "pitch";
    paper.lineJoin = paper.lineCap = "round";
    if (pitch) {
      const fitting = state.performance_fits ? 1 : 0.45;
      const drawn = curve().length > 0 || state.notes.some((note) => note.vibrato || note.tuning_cents);
      if (active && drawn) trace(paper, pitch.predicted, { width, line: 1.25, alpha: 0.7 * fitting, name: "predicted", dash: [2, 4] });
      trace(paper, pitch.sung, { width, line: active ? 2 : 1.5, alpha: (active ? 1 : 0.6) * fitting, name: "sung" });
    }
    if (active) draw_curve(paper, stroke && stroke.kind === "pen" ? stroke.curve : curve(), width);
    if (stroke?.kind === "erase") draw_erased(paper);
    if (active) lane.handles.draw(paper);
  }

  function trace(paper, values, { width, line, alpha, name, dash = [] }) {
    const first = Math.max(Math.floor(view.x_to_frame(0)) - 1, 0), last = Math.min(Math.ceil(view.x_to_frame(width)) + 1, values.length);
    const step = Math.max(1, Math.floor((last - first) / (2 * width))); // two values a pixel are enough
    paper.save();
    paper.globalAlpha = alpha;
    paper.lineWidth = line;
    paper.strokeStyle = colour(name);
    paper.setLineDash(dash);
    paper.beginPath();
    let down = false;
    for (let frame = first; frame < last; frame += step) {
      const midi = values[frame];
      if (Number.isNaN(midi)) {
        down = false;
        continue;
      }
      const x = view.frame_to_x(frame + 0.5), y = view.pitch_to_y(midi);
      if (down) paper.lineTo(x, y);
      else paper.moveTo(x, y);
      down = true;
    }
    paper.stroke();
    paper.restore();
  }

  // the drawing itself, also where the voice does not sound
  function draw_curve(paper, points, width) {
    paper.save();
    paper.strokeStyle = paper.fillStyle = colour("drawn");
    paper.lineWidth = 2.25;
    paper.beginPath();
    let down = false;
    points.forEach(([tick, midi], k) => {
      const x = view.tick_to_x(tick), next = points[k + 1];
      if (midi === null) {
        down = false;
        return;
      }
      if (next && view.tick_to_x(next[0]) < -10) return;
      if (x > width + 10 && !down) return;
      if (down) paper.lineTo(x, view.pitch_to_y(midi));
      else paper.moveTo(x, view.pitch_to_y(midi));
      down = true;
      if (next && next[1] === null) paper.lineTo(view.tick_to_x(next[0]), view.pitch_to_y(midi));
    });
    paper.stroke();
    paper.restore();
  }

  function draw_erased(paper) {
    const left = view.tick_to_x(stroke.from), right = view.tick_to_x(stroke.to);
    paper.save();
    paper.fillStyle = colour("drawn");
    paper.globalAlpha = 0.14;
    paper.fillRect(left, 0, right - left, view.height);
    paper.restore();
  }

  // ---- the pen and the eraser

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const point_at = ({ x, y }, event) => {
    const midi = within(view.y_to_pitch(y), LOWEST_MIDI, HIGHEST_MIDI);
    return [Math.max(0, view.x_to_tick(x)), event.ctrlKey || event.metaKey ? Math.round(midi) : midi];
  };

  function begin(event) {
    const at = place(event), [tick, midi] = point_at(at, event);
    const erasing = lane.mode === "erase" || event.button === 2 || event.altKey;
    stroke = erasing
      ? { kind: "erase", from: tick, to: tick, x: at.x }
      : { kind: "pen", points: [[tick, midi]], last: [tick, midi], first: [tick, midi], curve: curve() };
    show();
  }

  function go_on(event) {
    for (const each of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const [tick, midi] = point_at(place(each), event);
      if (stroke.kind === "erase") {
        stroke.from = Math.min(stroke.from, tick);
        stroke.to = Math.max(stroke.to, tick);
      } else if (event.shiftKey) {
        stroke.points = traced([], stroke.first, [tick, midi]); // a straight line from where it began
      } else {
        stroke.points = traced(stroke.points, stroke.last, [tick, midi]);
      }
      if (stroke.kind === "pen") stroke.last = [tick, midi];
    }
    show();
  }

  function show() {
    if (stroke.kind === "pen") stroke.curve = drawn_over(curve(), stroke_points());
    surface.invalidate();
  }

  function stroke_points() {
    const { points } = stroke;
    if (points.length > 1) return points;
    const [[tick, midi]] = points;
    return [[tick, midi], [tick + Math.max(LEAST_STROKE_TICKS, STEP_PIXELS / view.pixels_per_tick), midi]];
  }

  function end() {
    const done = stroke;
    if (done.kind === "pen") {
      const points = stroke_points();
      state.change("undo_pitch_draw", (draft) => set_curve(draft.part_document, drawn_over(draft.part_document.pitch_curve ?? [], points)));
    } else {
      const reach = Math.max(done.to, done.from + 6 / view.pixels_per_tick);
      state.change("undo_pitch_erase", (draft) => set_curve(draft.part_document, erased(draft.part_document.pitch_curve ?? [], done.from, reach)));
    }
    cancel_stroke();
  }

  function cancel_stroke() {
    stroke = null;
    surface.invalidate();
  }

  lane.pen = { begin, go_on, end, active: () => stroke !== null };
  lane.handles = start_handles(lane);
  lane.tools = start_pitch_tools(lane);
  start_pitch_keys(lane);
  take_pointers(lane, place);
  for (const event of ["score", "selection", "view", "tool", "performance", "language"]) state.on(event, surface.invalidate);
  state.on("tool", () => { canvas.tabIndex = state.tool === "pitch" ? 0 : -1; });
  lane.set_mode("pen");
  context.pitch = lane;
  return lane;
}

// One finger or the mouse draws or shapes; two fingers scroll and zoom, as on the roll.
function take_pointers(lane, place) {
  const { canvas, view, pen, handles } = lane, pointers = new Map();
  let pinch = null;
  const middle = () => {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 20) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 1) return;
    pointers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    if (pointers.size === 2) {
      lane.cancel_stroke();
      handles.cancel();
      pinch = middle();
    } else if (pointers.size === 1) {
      if (lane.mode === "shape") handles.press(place(event), event);
      else pen.begin(event);
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      if (lane.mode === "shape") handles.hover(place(event), event);
      return;
    }
    pointers.set(event.pointerId, place(event));
    if (pinch && pointers.size === 2) {
      const now = middle();
      view.scroll_by(pinch.x - now.x, pinch.y - now.y);
      view.zoom(now.apart / pinch.apart, now.x);
      pinch = now;
    } else if (pen.active()) {
      pen.go_on(event);
    } else if (!pinch) {
      handles.drag(place(event), event);
    }
  });
  const lift = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointercancel") {
      lane.cancel_stroke();
      handles.cancel();
    } else if (pen.active()) {
      pen.end();
    } else if (!pinch) {
      handles.release();
    }
    if (!pointers.size) pinch = null;
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}
