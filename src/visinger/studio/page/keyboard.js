// Keys: every command by name, the arrows among the notes, and the help sheet.

const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);

// command → keys. Commands marked `roll` are taken only where no other control needs the key.
export const KEYS = [
  { section: "keys_notes", keys: [
    ["previous_note", ["ArrowLeft"], "roll"], ["next_note", ["ArrowRight"], "roll"],
    ["extend_left", ["Shift+ArrowLeft"], "roll"], ["extend_right", ["Shift+ArrowRight"], "roll"],
    ["up", ["ArrowUp"], "roll"], ["down", ["ArrowDown"], "roll"],
    ["octave_up", ["Shift+ArrowUp"], "roll"], ["octave_down", ["Shift+ArrowDown"], "roll"],
    ["earlier", ["Alt+ArrowLeft"], "roll"], ["later", ["Alt+ArrowRight"], "roll"],
    ["shorter", ["["]], ["longer", ["]"]],
    ["write", ["n"]], ["edit_lyric", ["Enter"], "roll"], ["split", ["s"]], ["merge", ["j"]],
    ["delete", ["Delete", "Backspace"], "roll"],
    ["first_note", ["Home"], "roll"], ["last_note", ["End"], "roll"],
  ] },
  { section: "keys_edit", keys: [
    ["undo", ["Mod+z"]], ["redo", ["Mod+Shift+z", "Mod+y"]], ["select_all", ["Mod+a"]], ["select_none", ["Escape"]],
    ["duplicate", ["Mod+d"]], ["lyrics", ["Mod+l"]],
  ], native: [["cut", ["Mod+x"]], ["copy", ["Mod+c"]], ["paste", ["Mod+v"]]] },
  { section: "keys_play", keys: [
    ["play", [" "]], ["stop", ["."]], ["loop", ["l"]], ["take", ["t"]], ["switch_take", ["x"]], ["to_start", [","]],
  ] },
  { section: "keys_view", keys: [
    ["zoom_in", ["+", "="]], ["zoom_out", ["-"]], ["rows_taller", ["Alt++", "Alt+="]], ["rows_lower", ["Alt+-"]],
    ["fit", ["f"]], ["scroll_left", ["PageUp"]], ["scroll_right", ["PageDown"]],
    ["tool_notes", ["1"]], ["tool_pitch", ["2"]], ["tool_phonemes", ["3"]],
  ] },
  { section: "keys_song", keys: [
    ["new", ["Alt+n"]], ["open", ["Mod+o"]], ["save", ["Mod+s"]], ["export", ["Mod+e"]],
    ["tempo_change", ["Alt+t"]], ["signature_change", ["Alt+b"]], ["help", ["?"]],
  ] },
];

const CAPS = {
  " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Mod: MAC ? "⌘" : "Ctrl",
  Alt: MAC ? "⌥" : "Alt", Shift: "⇧", Delete: "Del", Escape: "Esc",
};

function caps(key) {
  const parts = key.endsWith("++") ? [...key.slice(0, -2).split("+"), "+"] : key === "+" ? ["+"] : key.split("+");
  return parts.map((part) => CAPS[part] || (part.length === 1 ? part.toUpperCase() : part));
}

// The key of a command as it is written on buttons; "" when it has none.
export function key_of(command) {
  for (const { keys, native = [] } of KEYS) {
    const found = [...keys, ...native].find(([name]) => name === command);
    if (found) return caps(found[1][0]).join(MAC ? "" : "+");
  }
  return "";
}

function pressed(event) {
  // with an input method on, letters arrive as "Process": the key's place on the board then names it
  let { key } = event;
  if ((key === "Process" || key === "Unidentified") && /^Key[A-Z]$/.test(event.code)) key = event.code.slice(3);
  if (event.altKey && /^Key[A-Z]$/.test(event.code)) key = event.code.slice(3); // ⌥N types a letter of its own on a Mac
  if (/^[A-Za-z]$/.test(key)) key = key.toLowerCase();
  const letter = key.length === 1 && !/[a-z]/.test(key);
  const mod = event.ctrlKey || event.metaKey;
  return `${mod ? "Mod+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey && !letter ? "Shift+" : ""}${key}`;
}

export function start(state, view, { commands, say }) {
  const table = new Map();
  for (const { keys } of KEYS) for (const [name, all, where] of keys) for (const key of all) table.set(key, { name, where });

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const at = event.target, found = table.get(pressed(event));
    if (!found) return;
    const typing = at.matches("input:not([type=radio], [type=checkbox]), textarea, select");
    if (typing && !/^(Mod\+[sozye]|Mod\+Shift\+z)$/.test(pressed(event))) return;
    if (typing && /^Mod\+(Shift\+)?[zy]$/.test(pressed(event))) return; // a field has its own undo
    if (found.where === "roll" && !at.matches("#roll, body, main")) return;
    if (event.key === " " && at.matches("button, summary, [role=button], input")) return;
    if (found.name === "select_none" && !state.selection.length) return;
    if (commands.run(found.name, event)) event.preventDefault();
    else if (event.ctrlKey || event.metaKey) event.preventDefault(); // never the browser's own bookmark or save page
  });

  const sheet = document.getElementById("help");
  function show() {
    const groups = KEYS.map(({ section, keys, native = [] }) => {
      const known = [...keys.filter(([name]) => commands.has(name)), ...native];
      if (!known.length) return null;
      const title = document.createElement("h3");
      title.textContent = say(section);
      const list = document.createElement("dl");
      list.className = "keys";
      list.append(...known.map(([name, all]) => row(say(`command_${name}`), all)));
      return [title, list];
    });
    const title = document.createElement("h2");
    title.id = "help-title";
    title.textContent = say("help_title");
    const hand = document.createElement("p");
    hand.className = "hint";
    hand.textContent = say("help_hand");
    sheet.replaceChildren(close_button(sheet, say), title, hand, ...groups.filter(Boolean).flat());
    sheet.showModal();
  }

  function row(meaning, keys) {
    const line = document.createElement("div");
    const term = document.createElement("dt"), text = document.createElement("dd");
    keys.forEach((key, k) => {
      if (k) term.append(" · ");
      term.append(...caps(key).map((cap) => Object.assign(document.createElement("kbd"), { textContent: cap })));
    });
    text.textContent = meaning;
    line.append(term, text);
    return line;
  }

  commands.register("help", show);
}

export function close_button(dialog, say) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tool close";
  button.setAttribute("aria-label", say("close"));
  button.textContent = "✕";
  button.addEventListener("click", () => dialog.close());
  return button;
}
