// Small controls of the bars: made once, named again when the language changes.

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export function element(tag, properties = {}, ...children) {
  const { data = {}, ...own } = properties;
  const made = Object.assign(document.createElement(tag), own);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}

// A button with an icon; `label` names a text. `set_label` renames it, `press` shows whether it is on.
export function make_button({ id = "", label, image, text = null, act }, say) {
  const button = element("button", { type: "button", className: "tool", id, data: { label } });
  if (image) button.append(icon(image));
  if (text) button.append(element("span", { data: { text }, textContent: say(text) }));
  button.addEventListener("click", act);
  const controls = {
    button,
    set_label(name) {
      button.dataset.label = name;
      button.title = say(name);
      button.setAttribute("aria-label", say(name));
    },
    set_icon: (name) => button.querySelector("use").setAttribute("href", `#icon-${name}`),
    press: (on) => button.setAttribute("aria-pressed", String(Boolean(on))),
    able: (on) => button.setAttribute("aria-disabled", String(!on)),
  };
  controls.set_label(label);
  return controls;
}

// A choice of few, as radio buttons in a row: entries of {value, label, image}; `chosen(value)` shows one.
export function make_segments({ name, label, entries, act }, say) {
  const group = element("div", { className: "segments", data: { label } });
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", say(label));
  const inputs = new Map();
  for (const entry of entries) {
    const input = element("input", { type: "radio", name, value: entry.value, data: { label: entry.label } });
    input.setAttribute("aria-label", say(entry.label));
    input.title = say(entry.label);
    input.addEventListener("change", () => act(entry.value));
    inputs.set(entry.value, input);
    const box = element("label", {}, input);
    if (entry.image) box.append(icon(entry.image));
    box.append(element("span", { data: { text: entry.label }, textContent: say(entry.label) }));
    group.append(box);
  }
  const choose = (value) => inputs.has(value) && (inputs.get(value).checked = true);
  return { group, choose };
}

export function clock(seconds) {
  const whole = Math.max(0, seconds), minutes = Math.floor(whole / 60);
  return `${minutes}:${(whole - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}
