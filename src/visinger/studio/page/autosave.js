// Nothing is lost: every change is kept on this device at once, and on the server a moment later.
//
// What the server has not got stands in localStorage with the revision it was made from; it is sent when the server
// answers again, after a reload, too. Where somebody else has changed the song meanwhile, ours becomes a song of its own.

const SAVE_AFTER_MS = 600, FIRST_WAIT_MS = 800, LONGEST_WAIT_MS = 20000;
const KEPT = "visinger-project-";

export function new_id() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The project that an address names after its "#"; "" when it names none.
export function identity_in(hash) {
  return /^#([0-9a-f]{16})$/.exec(hash)?.[1] ?? "";
}

export function start(state, { api, say, announce }) {
  let id = "", revision = 0, unsent = false, sending = false, timer = 0, wait = FIRST_WAIT_MS, told_full = false;

  const path = (name) => `/studio/projects/${name}`;

  function keep() {
    try {
      localStorage.setItem(KEPT + id, JSON.stringify({ revision, project: state.project() }));
    } catch {
      if (!told_full) announce(say("device_full"), { kind: "problem" });
      told_full = true;
    }
  }

  function kept(name) {
    try {
      return JSON.parse(localStorage.getItem(KEPT + name));
    } catch {
      return null;
    }
  }

  function forget(name) {
    try {
      localStorage.removeItem(KEPT + name);
    } catch {
      // a browser that stores nothing has nothing to forget
    }
  }

  function changed() {
    if (!id) name_it(new_id(), 0);
    unsent = true;
    keep();
    state.set("status", { saving: "waiting" });
    later(SAVE_AFTER_MS);
  }

  function name_it(name, from) {
    id = name;
    revision = from;
    history.replaceState(null, "", `#${id}`);
  }

  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(send, milliseconds);
  }

  async function send() {
    if (sending || !unsent) return;
    sending = true;
    unsent = false;
    const name = id;
    state.set("status", { saving: "saving" });
    try {
      const reply = await api.put_json(path(name), { base_revision: revision, project: state.project() });
      if (name === id) revision = reply.revision;
      wait = FIRST_WAIT_MS;
      if (!unsent && name === id) {
        forget(name);
        state.set("status", { saving: "saved" });
      } else if (name === id) {
        keep(); // what came meanwhile is based on the revision just made
      }
    } catch (error) {
      if (name === id) refused(error);
    }
    sending = false;
    if (unsent) later(wait);
  }

  function refused(error) {
    unsent = true;
    if (error.status === 409) {
      const old = id;
      name_it(new_id(), 0);
      keep();
      forget(old);
      announce(say("changed_elsewhere"), { kind: "problem" });
      wait = FIRST_WAIT_MS / 8;
      return;
    }
    state.set("status", { saving: "offline" });
    if (!error.offline) announce(error.message, { kind: "problem" });
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }

  // before another song is opened, this one goes where it belongs
  async function leave() {
    clearTimeout(timer);
    if (unsent) await send();
    unsent = false; // what could not be sent stands in localStorage under its own name
  }

  // Opens a project by its name: whichever of the server's and this device's is the later one.
  async function open(name) {
    await leave();
    const mine = kept(name);
    let theirs = null;
    try {
      theirs = await api.get_json(path(name));
    } catch (error) {
      if (!mine) throw error;
    }
    if (mine && theirs && mine.revision !== theirs.revision) return open_both(name, mine, theirs);
    name_it(name, (theirs ?? mine).revision);
    load((mine ?? theirs).project);
    if (mine) resend();
    return undefined;
  }

  function open_both(name, mine, theirs) {
    forget(name);
    const same = JSON.stringify(mine.project) === JSON.stringify(theirs.project);
    name_it(same ? name : new_id(), same ? theirs.revision : 0);
    load(same ? theirs.project : mine.project);
    if (same) return;
    announce(say("changed_elsewhere"), { kind: "problem" });
    resend();
  }

  function resend() {
    unsent = true;
    keep();
    state.set("status", { saving: "waiting" });
    later(0);
  }

  let loading = false;
  function load(project) {
    loading = true;
    state.load(project);
    loading = false;
    state.set("status", { saving: "saved" });
  }

  // A song that the server does not know yet; `save` is false for an empty page, which is nothing to keep.
  async function begin(project, { save = true } = {}) {
    await leave();
    id = "";
    revision = 0;
    history.replaceState(null, "", location.pathname + location.search);
    load(project);
    if (save) changed();
  }

  state.on("score", () => { if (!loading) changed(); });
  state.on("takes", () => { if (!loading) changed(); });
  window.addEventListener("hashchange", () => {
    const named = identity_in(location.hash);
    if (named && named !== id) open(named).catch((error) => announce(error.message, { kind: "problem" }));
  });
  window.addEventListener("online", () => later(0));
  window.addEventListener("beforeunload", () => { if (unsent) keep(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && unsent) later(0); });

  return {
    open, begin,
    save: () => { if (unsent) later(0); },
    list: async () => (await api.get_json("/studio/projects")).projects,
    remove: async (name) => {
      await api.remove(path(name));
      forget(name);
    },
    get id() { return id; },
  };
}
