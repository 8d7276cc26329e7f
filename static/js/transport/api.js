/** The HTTP contract: one method a line, the only place of the page's requests. Refusals are errors with the server's code. */

import { fromBase64Url, toBase64Url } from "../lib/bytes.js";
import { readFrame } from "./frames.js";

const UNSAFE = new Set(["POST"]);

/** A refusal, or no answer at all (OFFLINE). */
export class ApiError extends Error {
  /** @param {string} code @param {{status?: number, retryAfter?: number, fields?: object}} [more] */
  constructor(code, { status = 0, retryAfter, fields } = {}) {
    super(code);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

/**
 * @param {{fetch?: typeof globalThis.fetch, csrf: string|(() => string), base?: string, onLoginRequired?: () => void}} parts
 * @returns {object} a method for each line of the contract; binary values are Uint8Array
 */
export function createApi({ fetch: ask = globalThis.fetch, csrf, base = "", onLoginRequired = () => {} }) {
  const call = (method, path, body) => request({ ask, csrf, base, onLoginRequired }, method, path, body);
  return Object.freeze({ ...peopleCalls(call), ...keyCalls(call), ...conversationCalls(call) });
}

function peopleCalls(call) {
  return {
    me: () => call("GET", "/api/me/"),
    people: ({ q = "", after = "", limit = 50 } = {}) => call("GET", `/api/people/?${query({ q, after, limit })}`),
    peopleByUid: (uids) => call("GET", `/api/people/by-uid/?${query({ uids: uids.join(",") })}`),
  };
}

function keyCalls(call) {
  return {
    publish: ({ bundle, prekeys }) => call("POST", "/api/keys/publish/", { bundle: toBase64Url(bundle), prekeys: prekeys.map(signedOut) }),
    bundles: async (uid, after = 0) => {
      const answer = await call("GET", `/api/keys/bundles/${uid}/?${query({ after })}`);
      return { current: answer.current, bundles: answer.bundles.map(fromBase64Url) };
    },
    log: async (from) => {
      const answer = await call("GET", `/api/keys/log/?${query({ from })}`);
      const [head, sig, logPub] = [answer.head, answer.sig, answer.log_pub].map(fromBase64Url);
      return { leaves: answer.leaves.map(fromBase64Url), size: answer.size, head, sig, logPub };
    },
    addPrekeys: (prekeys) => call("POST", "/api/keys/prekeys/", { prekeys: prekeys.map(signedOut) }),
    prekeyState: () => call("GET", "/api/keys/prekeys/"),
    fetchPrekeys: async (uid, dids) => {
      const { prekeys } = await call("POST", "/api/keys/prekeys/fetch/", { uid, dids });
      return new Map(Object.entries(prekeys).map(([did, { spk, opk }]) => [did, { spk: signedIn(spk), opk: signedIn(opk) }]));
    },
    nonce: async () => fromBase64Url((await call("POST", "/api/keys/nonce/", {})).nonce),
    bindSession: (did, sig) => call("POST", "/api/keys/session/", { did, sig: toBase64Url(sig) }),
  };
}

function conversationCalls(call) {
  return {
    conversations: () => call("GET", "/api/conversations/"),
    startConversation: (uid) => call("POST", "/api/conversations/", { uid }),
    pullEvents: async (cid, after, limit) => framed(await call("GET", `/api/conversations/${cid}/events/?${query({ after, limit })}`)),
    /** @returns {Promise<object>} the frame accepted or refused */
    postEvent: async (cid, frame) => framed(await call("POST", `/api/conversations/${cid}/events/`, frame)),
  };
}

async function request(parts, method, path, body) {
  const response = await reach(parts, method, path, body);
  const answer = await bodyOf(response);
  if (response.ok && answer !== null) return answer;
  if (readFrame(answer)) return answer;
  if (response.status === 401) parts.onLoginRequired();
  throw refusal(response.status, answer);
}

async function reach({ ask, csrf, base }, method, path, body) {
  const headers = { Accept: "application/json" };
  if (UNSAFE.has(method)) {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = typeof csrf === "function" ? csrf() : csrf;
  }
  const options = { method, headers, credentials: "same-origin", redirect: "error", cache: "no-store" };
  if (body !== undefined) options.body = JSON.stringify(body);
  try {
    return await ask(base + path, options);
  } catch {
    throw new ApiError("OFFLINE");
  }
}

async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function refusal(status, answer) {
  const code = typeof answer?.error === "string" ? answer.error : fallbackCode(status);
  return new ApiError(code, { status, retryAfter: answer?.retry_after, fields: answer?.fields });
}

function fallbackCode(status) {
  if (status === 401) return "LOGIN_REQUIRED";
  if (status === 429) return "TOO_MANY";
  return status >= 500 ? "UNAVAILABLE" : "BAD_ANSWER";
}

function framed(body) {
  const frame = readFrame(body);
  if (!frame) throw new ApiError("BAD_ANSWER");
  return frame;
}

function signedOut({ prekey, sig }) {
  return { prekey: toBase64Url(prekey), sig: toBase64Url(sig) };
}

function signedIn(signed) {
  return signed && { prekey: fromBase64Url(signed.prekey), sig: fromBase64Url(signed.sig) };
}

// An empty field is left out: it would be read as a value.
function query(fields) {
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "")).toString();
}
