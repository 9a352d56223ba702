// Everything that can be done by name: buttons, keys and the help sheet all come here.

export function make_commands({ failed }) {
  const handlers = new Map();
  const commands = {
    // handler(event) does it; enabled() says whether it can be done now
    register(name, handler, { enabled = () => true } = {}) {
      handlers.set(name, { handler, enabled });
    },
    has: (name) => handlers.has(name),
    enabled: (name) => handlers.has(name) && handlers.get(name).enabled(),
    run(name, event = null) {
      if (!commands.enabled(name)) return false;
      Promise.resolve()
        .then(() => handlers.get(name).handler(event))
        .catch((error) => failed(error));
      return true;
    },
  };
  return commands;
}

// Buttons with data-command do what they say, are named in the language chosen, and show whether they can be used.
export function wire_buttons(state, { commands, say, has }, key_of) {
  const buttons = () => document.querySelectorAll("[data-command]");

  function refresh() {
    for (const button of buttons()) {
      const { command } = button.dataset;
      button.setAttribute("aria-disabled", String(!commands.enabled(command)));
    }
  }

  function name() {
    for (const button of buttons()) {
      const { command } = button.dataset;
      const key = key_of(command);
      const undone = state[`${command}_label`]; // undo and redo say what
      const meaning = say(`command_${command}`) + (undone && has(undone) ? `: ${say(undone)}` : "");
      button.setAttribute("aria-label", meaning);
      button.title = key ? `${meaning} (${key})` : meaning;
    }
    refresh();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-command]");
    if (button) commands.run(button.dataset.command, event);
  });
  for (const event of ["language", "score"]) state.on(event, name);
  for (const event of ["selection", "tool", "playhead", "performance", "clipboard"]) state.on(event, refresh);
  name();
}
