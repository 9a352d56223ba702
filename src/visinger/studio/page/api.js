// The server, spoken to: the token goes along, and whatever fails becomes one clear line.

export class ApiError extends Error {
  constructor({ problem, where = "", remedy = "", status = 0 }) {
    super(`${where ? `${where}: ` : ""}${problem}${remedy ? `; ${remedy}` : ""}`);
    Object.assign(this, { name: "ApiError", problem, where, remedy, status });
  }
  get offline() { return this.status === 0; }
}

const TOKEN = "visinger-token";

function token() {
  const given = new URLSearchParams(location.search).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname + location.hash); // not to be left lying in the address
  }
  return given || sessionStorage.getItem(TOKEN) || "";
}

export function make_api({ unreachable = () => "the studio's server does not answer" } = {}) {
  const bearer = token();

  // -> Response whose status is 2xx; throws ApiError, or AbortError when `signal` was used
  async function send(path, { method = "GET", body = null, headers = {}, signal = undefined, keepalive = false } = {}) {
    let reply;
    try {
      const all = bearer ? { ...headers, Authorization: `Bearer ${bearer}` } : headers;
      reply = await fetch(path, { method, body, headers: all, signal, keepalive, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError({ problem: unreachable() });
    }
    if (reply.ok) return reply;
    throw await refusal(reply);
  }

  const as_json = (value) => ({ body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });

  return {
    send,
    get_json: async (path, options = {}) => (await send(path, options)).json(),
    // post_json gives the answer as JSON; post gives the Response itself (bytes, streams)
    post_json: async (path, value, options = {}) => (await post(path, value, options)).json(),
    post: (path, value, options = {}) => post(path, value, options),
    put_json: async (path, value, options = {}) => (await send(path, { method: "PUT", ...as_json(value), ...options })).json(),
    remove: (path) => send(path, { method: "DELETE" }),
    // a file's own bytes, as /v1/scores wants them
    post_bytes: async (path, bytes, options = {}) => (await send(path, {
      method: "POST", body: bytes, headers: { "Content-Type": "application/octet-stream" }, ...options,
    })).json(),
  };

  function post(path, value, { headers = {}, ...options } = {}) {
    const made = as_json(value);
    return send(path, { method: "POST", body: made.body, headers: { ...made.headers, ...headers }, ...options });
  }
}

async function refusal(reply) {
  const { status } = reply;
  const { detail } = await reply.json().catch(() => ({}));
  if (detail && typeof detail.problem === "string") return new ApiError({ ...detail, status });
  const told = Array.isArray(detail) && detail[0] ? `${(detail[0].loc || []).join(".")}: ${detail[0].msg}` : detail;
  return new ApiError({ problem: typeof told === "string" && told ? told : `${status} ${reply.statusText}`, status });
}
