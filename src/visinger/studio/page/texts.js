// Texts in English, Chinese and Japanese: texts.json for the page, texts_sound.json for sound and lanes.

const TAGS = { en: "en", zh: "zh-Hans", ja: "ja" };
const STORED = "visinger-language";

export async function make_texts() {
  const files = await Promise.all(["texts.json", "texts_sound.json"].map(async (name) => {
    const reply = await fetch(new URL(name, import.meta.url));
    return reply.ok ? reply.json() : {};
  }));
  const texts = {};
  for (const tongue of Object.keys(TAGS)) texts[tongue] = Object.assign({}, ...files.map((file) => file[tongue]));
  let language = chosen();

  function chosen() {
    const kept = stored();
    if (kept in TAGS) return kept;
    const wanted = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
    return wanted.find((tag) => tag in TAGS) || "en";
  }

  function stored() {
    try {
      return localStorage.getItem(STORED);
    } catch {
      return null; // a browser that stores nothing still has its own language
    }
  }

  function say(name, values = {}) {
    const text = texts[language][name] ?? texts.en[name] ?? name;
    return typeof text === "string" ? text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "") : text;
  }

  // data-text="name" is an element's content, data-label="name" its label and tooltip
  function translate(root = document) {
    document.documentElement.lang = TAGS[language];
    for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
    for (const element of root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", say(element.dataset.label));
      if (element.matches("button, select, input")) element.title = say(element.dataset.label);
    }
  }

  function choose(tongue) {
    language = tongue in TAGS ? tongue : "en";
    try {
      localStorage.setItem(STORED, language);
    } catch {
      // it then holds until the page is left
    }
    translate();
  }

  return { say, translate, choose, has: (name) => name in texts.en, get language() { return language; } };
}
