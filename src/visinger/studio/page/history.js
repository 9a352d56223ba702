// Undo and redo: documents are frozen and share what did not change, so a step costs little.

const MOST_STEPS = 400;

export function make_history() {
  let done = [], undone = [];
  return {
    add(step) {
      const last = done.at(-1);
      undone = [];
      if (step.merge !== null && last && last.merge === step.merge) return; // goes on with the step before
      done.push(step);
      if (done.length > MOST_STEPS) done.shift();
    },
    undo(now) {
      const step = done.pop();
      if (step) undone.push({ ...now, label: step.label });
      return step;
    },
    redo(now) {
      const step = undone.pop();
      if (step) done.push({ ...now, label: step.label, merge: null });
      return step;
    },
    clear() {
      done = [];
      undone = [];
    },
    get undo_label() { return done.length ? done.at(-1).label : ""; },
    get redo_label() { return undone.length ? undone.at(-1).label : ""; },
  };
}
