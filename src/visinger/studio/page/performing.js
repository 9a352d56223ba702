// The song as the voice would sing it: asked for anew a moment after every change, never out of date when shown.

const PERFORM_AFTER_MS = 300, FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 15000;

// the page says these itself, in its own language and with a remedy that is one press away
const OUT_OF_RANGE = /natural range/, TRANSPOSED = /^transposed by (-?\d+) semitones/;

export function start(state, context) {
  const { api, say, announce } = context;
  let timer = 0, under_way = null, wait = FIRST_WAIT_MS, told = "";

  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(() => perform().catch(() => {}), milliseconds); // `perform` has already said what is wrong
  }

  function perform() {
    clearTimeout(timer);
    const made_from = state.document;
    if (under_way?.made_from === made_from) return under_way.answer;
    under_way?.abort.abort();
    const abort = new AbortController();
    const answer = ask(made_from, abort);
    under_way = { made_from, abort, answer };
    answer.catch(() => {}); // whoever waits for it hears of it; nobody need wait
    return answer;
  }

  async function ask(made_from, abort) {
    state.set("status", { performing: "waiting" });
    try {
      const performance = await api.post_json("/v1/perform", state.song_request(), { signal: abort.signal });
      if (state.document !== made_from) return performance;
      wait = FIRST_WAIT_MS;
      under_way = null;
      state.set("status", { performing: "idle" });
      state.set_performance(performance, made_from);
      warn(performance.warnings || []);
      return performance;
    } catch (error) {
      if (error.name !== "AbortError" && state.document === made_from) failed(error);
      throw error;
    }
  }

  function warn(warnings) {
    const outside = notes_out_of_range();
    const others = outside ? warnings.filter((warning) => !OUT_OF_RANGE.test(warning)) : warnings;
    const own = outside ? [say("out_of_voice", { count: outside })] : [];
    const moved = others.map((warning) => TRANSPOSED.exec(warning)).find(Boolean);
    const text = [...own, ...others.filter((warning) => !TRANSPOSED.test(warning))].join(" · ");
    if (moved && !text) announce(say("transposed_by", { semitones: moved[1].replace("-", "−") }));
    if (text === told || (moved && !text)) return;
    told = text;
    const move = () => state.change("undo_transpose", (draft) => { draft.transpose = "auto"; });
    const action = outside ? { text: say("move_to_voice"), run: move } : null;
    announce(text, { kind: text ? "problem" : "note", action });
  }

  function notes_out_of_range() {
    const card = context.voice_card?.();
    if (!card || state.transpose === "auto") return 0;
    const pitches = state.notes.map((note) => note.pitch + state.transpose);
    return pitches.filter((pitch) => pitch < card.lowest_midi || pitch > card.highest_midi).length;
  }

  function failed(error) {
    under_way = null;
    const passing = error.offline || error.status >= 500 || error.status === 429;
    state.set("status", { performing: passing ? "offline" : "refused" });
    if (passing) {
      later(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    } else if (told !== error.message) {
      told = error.message;
      announce(error.message, { kind: "problem" });
    }
  }

  function changed({ opened }) {
    under_way?.abort.abort();
    under_way = null;
    if (opened) told = ""; // another song's doubts are news again
    if (!state.notes.length) {
      clearTimeout(timer);
      state.set("status", { performing: "empty" });
      if (state.performance) state.set_performance(null, state.document);
      return;
    }
    later(opened ? 0 : PERFORM_AFTER_MS);
  }

  state.on("score", changed);

  return {
    // a performance of the song as it is now; a change meanwhile only puts it off
    async ready() {
      for (;;) {
        if (state.performance_fits) return state.performance;
        const made_from = state.document;
        try {
          const performance = await perform();
          if (state.document === made_from) return performance;
        } catch (error) {
          if (error.name !== "AbortError") throw error;
        }
      }
    },
  };
}
