/** The HTTP contract: one method a line, the only place of the page's requests. Refusals are errors with the server's code. */

import { Reader, concat, toBase64Url } from "../lib/bytes.js";
import { readVecs, vecsOf } from "../lib/vecs.js";
import { bytes, bytesOfEach, code, id, list, retryAfter, text, whole } from "./fields.js";
import { answersPost, readFrame } from "./frames.js";

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";
const UNSAFE = new Set(["POST", "PUT", "DELETE"]);
const ANSWER_WITHIN_MS = 30_000;
const PART_WITHIN_TIMES = 4; // a part of a file takes a slow line longer
const LONGER_MS = 5_000; // for a request that the server may keep waiting for 20 s
const LOG_PAGE_MAX = 2 ** 22; // bytes; ten times what an honest one has
const PREKEY_ID_MAX = 2 ** 32 - 1;

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
 * @param {{fetch?: typeof globalThis.fetch, csrf: string|(() => string), base?: string, onLoginRequired?: () => void,
 *   answerWithinMs?: number}} parts no answer within that time is none
 * @returns {object} a method for each line of the contract; binary values are Uint8Array
 */
export function createApi({ fetch: ask = globalThis.fetch, csrf, base = "", onLoginRequired = () => {}, answerWithinMs = ANSWER_WITHIN_MS }) {
  const parts = { ask, csrf, base, onLoginRequired, answerWithinMs };
  const call = (method, path, body) => request(parts, method, path, { body });
  const slow = { ...parts, answerWithinMs: PART_WITHIN_TIMES * answerWithinMs };
  const patient = { ...parts, answerWithinMs: answerWithinMs + LONGER_MS };
  return Object.freeze({ ...peopleCalls(call), ...keyCalls(call, parts), ...conversationCalls(call, patient), ...attachmentCalls(call, slow) });
}

function peopleCalls(call) {
  return {
    me: () => call("GET", "/api/me/").then(read(whoAmI)),
    people: ({ q = "", after = "", limit = 50 } = {}) => call("GET", `/api/people/?${query({ q, after, limit })}`).then(read(people)),
    peopleByUid: (uids) => call("GET", `/api/people/by-uid/?${query({ uids: uids.join(",") })}`).then(read(people)),
  };
}

function keyCalls(call, parts) {
  return {
    publish: ({ bundle, prekeys }) => call("POST", "/api/keys/publish/", { bundle: toBase64Url(bundle), prekeys: prekeys.map(signedOut) }),
    bundles: (uid, after = 0) => call("GET", `/api/keys/bundles/${uid}/?${query({ after })}`).then(read(bundlePage)),
    browserKinds: () => call("GET", "/api/keys/browsers/").then(read(browserKinds)),
    log: (from) => logPage(parts, `/api/keys/log/?${query({ from })}`),
    addPrekeys: (prekeys) => call("POST", "/api/keys/prekeys/", { prekeys: prekeys.map(signedOut) }),
    prekeyState: () => call("GET", "/api/keys/prekeys/").then(read(prekeyState)),
    fetchPrekeys: (uid, dids) => call("POST", "/api/keys/prekeys/fetch/", { uid, dids }).then(read(handedOut)),
    writeNumber: () => call("GET", "/api/keys/write-number/").then(read((answer) => whole(answer.write_no))),
    tellWriteNumber: (number) => call("PUT", "/api/keys/write-number/", { write_no: number }).then(read((answer) => whole(answer.write_no))),
    nonce: () => call("POST", "/api/keys/nonce/", {}).then(read((answer) => bytes(answer.nonce))),
    bindSession: (did, sig) => call("POST", "/api/keys/session/", { did, sig: toBase64Url(sig) }),
  };
}

function conversationCalls(call, patient) {
  return {
    conversations: () => call("GET", "/api/conversations/").then(read(conversationList)),
    startConversation: (uid) => call("POST", "/api/conversations/", { uid }).then(read(conversation)),
    /**
     * Waits at the server until something is new. @param {string} since of the answer before; "": all there is, at once
     * @returns {Promise<{frame: object, since: string}>} the frame welcome or heads
     */
    heads: (since, signal) => request(patient, "GET", `/api/conversations/heads/?${query({ since })}`, { signal }).then(read(standing)),
    ackEvents: (cid, frame) => call("POST", `/api/conversations/${cid}/ack/`, frame),
    pullEvents: (cid, after, limit) => {
      const answer = call("GET", `/api/conversations/${cid}/events/?${query({ after, limit })}`);
      return answer.then(read((body) => framed(body, (frame) => frame.name === "events" && frame.cid === cid)));
    },
    /** @returns {Promise<object>} the frame accepted or refused */
    postEvent: (cid, frame) => call("POST", `/api/conversations/${cid}/events/`, frame).then(read((body) => framed(body, answersPost))),
  };
}

function attachmentCalls(call, slow) {
  const path = (cid, ...rest) => ["/api/conversations", cid, "blobs", ...rest, ""].join("/");
  return {
    beginBlob: (cid, { blob, size, hash }) => call("POST", path(cid), { blob, size, hash }).then(read(uploaded)),
    putPart: (cid, blob, number, bytes, signal) => request(slow, "PUT", path(cid, blob, number), { body: bytes, signal }).then(read(uploaded)),
    /** @returns {Promise<Uint8Array>} whatever the server gives, but never much more than a part */
    getPart: (cid, blob, number, most, signal) => download(slow, path(cid, blob, number), { most, signal }),
    dropBlob: (cid, blob) => call("DELETE", path(cid, blob)),
  };
}

async function download(parts, path, { most, signal }) {
  const response = await reach(parts, "GET", path, { signal });
  if (response.ok) return bytesUpTo(response, most);
  throw refused(parts, response.status, await bodyOf(response));
}

// As bytes; the release before has JSON only.
async function logPage(parts, path) {
  const response = await reach(parts, "GET", path, { accept: `${BYTES_TYPE}, ${JSON_TYPE};q=0.5` });
  if (response.ok && response.headers.get("content-type") === BYTES_TYPE) return read(logPageOfBytes)(await bytesUpTo(response, LOG_PAGE_MAX));
  const answer = await bodyOf(response);
  if (response.ok && answer !== null) return read(logPageOfJson)(answer);
  throw refused(parts, response.status, answer);
}

// One byte too many is kept: it makes another hash. What a server sends without end is not read.
async function bytesUpTo(response, most) {
  const chunks = [];
  let length = 0;
  try {
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done && length <= most; next = await reader.read()) {
      chunks.push(next.value);
      length += next.value.length;
    }
    if (length > most) await reader.cancel();
  } catch {
    throw new ApiError("OFFLINE");
  }
  return concat(...chunks);
}

async function request(parts, method, path, given) {
  const response = await reach(parts, method, path, given);
  const answer = await bodyOf(response);
  if (response.ok && answer !== null) return answer;
  if (readFrame(answer)) return answer;
  throw refused(parts, response.status, answer);
}

async function reach({ ask, csrf, base, answerWithinMs }, method, path, { body, signal: given, accept = JSON_TYPE }) {
  const headers = { Accept: accept };
  const isBytes = body instanceof Uint8Array;
  if (UNSAFE.has(method)) {
    headers["Content-Type"] = isBytes ? BYTES_TYPE : JSON_TYPE;
    headers["X-CSRFToken"] = typeof csrf === "function" ? csrf() : csrf;
  }
  const late = AbortSignal.timeout(answerWithinMs);
  const signal = given ? AbortSignal.any([late, given]) : late;
  const options = { method, headers, credentials: "same-origin", redirect: "error", cache: "no-store", signal };
  if (body !== undefined) options.body = isBytes ? body : JSON.stringify(body);
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

function refused({ onLoginRequired }, status, answer) {
  const error = refusal(status, answer);
  if (error.status === 401) onLoginRequired();
  return error;
}

// A page that is older than the login, since another tab logged in anew, has none either.
function refusal(status, answer) {
  if (codeFrom(answer) === "CSRF_FAILED") return new ApiError("LOGIN_REQUIRED", { status: 401 });
  return new ApiError(codeFrom(answer) ?? fallbackCode(status), { status, retryAfter: retryAfter(answer?.retry_after), fields: answer?.fields });
}

function codeFrom(answer) {
  try {
    return code(answer.error);
  } catch {
    return null;
  }
}

function fallbackCode(status) {
  if (status === 401) return "LOGIN_REQUIRED";
  if (status === 429) return "TOO_MANY";
  return status >= 500 ? "UNAVAILABLE" : "BAD_ANSWER";
}

// An answer of another shape than the contract's is a refusal of its own.
function read(shape) {
  return (answer) => {
    try {
      return shape(answer);
    } catch {
      throw new ApiError("BAD_ANSWER");
    }
  };
}

function framed(body, isMeant) {
  const frame = readFrame(body);
  if (!frame || !isMeant(frame)) throw new TypeError("another frame");
  return frame;
}

function whoAmI({ uid, name, display_name: shown, bundle_version: version }) {
  return { uid: id(uid), name: text(name), display_name: text(shown), bundle_version: whole(version) };
}

function people({ people: found, next = null }) {
  return { people: list(found, person), next: next === null ? null : text(next) };
}

function person({ uid, name, display_name: shown, has_keys: hasKeys }) {
  return { uid: id(uid), name: text(name), display_name: text(shown), has_keys: hasKeys === true };
}

function bundlePage({ bundles, current }) {
  return { current: whole(current), bundles: list(bundles, bytes) };
}

function browserKinds({ browsers }) {
  return new Map(Object.entries(browsers).map(([did, kind]) => [id(did), text(kind)]));
}

function logPageOfBytes(given) {
  if (given.length > LOG_PAGE_MAX) throw new TypeError("without an end");
  const reader = new Reader(given);
  return { size: reader.u64(), head: reader.vec(), sig: reader.vec(), logPub: reader.vec(), leaves: readVecs(reader.rest()) };
}

function logPageOfJson({ leaves, size, head, sig, log_pub: logPub }) {
  return { leaves: vecsOf(bytesOfEach(leaves)), size: whole(size), head: bytes(head), sig: bytes(sig), logPub: bytes(logPub) };
}

function prekeyState({ opk_left: left, opk_max_id: maxId, spk_id: spkId, spk_not_after_ms: notAfterMs }) {
  const numbers = { opkLeft: whole(left), opkMaxId: whole(maxId ?? 0), spkId: whole(spkId ?? 0), spkNotAfterMs: whole(notAfterMs ?? 0) };
  if (numbers.opkMaxId > PREKEY_ID_MAX || numbers.spkId > PREKEY_ID_MAX) throw new TypeError("no such id");
  return numbers;
}

function handedOut({ prekeys }) {
  return new Map(Object.entries(prekeys).map(([did, { spk, opk }]) => [id(did), { spk: signedIn(spk), opk: signedIn(opk) }]));
}

function conversationList({ conversations, incarnation }) {
  return { conversations: list(conversations, conversation), incarnation: text(incarnation) };
}

function standing(body) {
  return { frame: framed(body, ({ name }) => name === "welcome" || name === "heads"), since: text(body.since) };
}

function conversation({ cid, uids, seq, epoch, updated_ms: updatedMs = 0 }) {
  return { cid: id(cid), uids: list(uids, id, 2), seq: whole(seq), epoch, updated_ms: whole(updatedMs) };
}

function uploaded({ parts, whole: isWhole }) {
  return { parts: whole(parts), whole: isWhole === true };
}

function signedOut({ prekey, sig }) {
  return { prekey: toBase64Url(prekey), sig: toBase64Url(sig) };
}

function signedIn(signed) {
  return signed ? { prekey: bytes(signed.prekey), sig: bytes(signed.sig) } : null;
}

// An empty field is left out: it would be read as a value.
function query(fields) {
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "")).toString();
}
