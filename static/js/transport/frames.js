/**
 * The wire contract: the only place in the page that names a frame or one of its fields.
 * Builders return the object to send; `readFrame` gives a typed frame, with Maps for what has ids as names, or null.
 */

import { toBase64Url } from "../lib/bytes.js";
import { bytes, code, id, list, retryAfter, text, whole } from "./fields.js";

export const RECORD = "record";
export const MESSAGE = "message";

const CURSORS_MAX = 5_000; // of one hello

/** @typedef {{seq: number, kind: string, uid: string, did: string, clientId: string, sha256: string, blob: Uint8Array, at: number}} Event */
/**
 * @typedef {object} Frame what came from the server; `name` says which of the fields are there
 * @property {string} name welcome, accepted, refused, bell, event, events, heads, error
 * @property {string} [cid] @property {string} [clientId] @property {number} [seq] @property {string} [sha256]
 * @property {string} [incarnation] @property {Map<string, number>} [heads] @property {number} [logSize] @property {number} [now]
 * @property {number} [status] @property {string} [code] @property {number} [retryAfter]
 * @property {number} [from] @property {number} [to] @property {Event[]} [items] @property {Event} [event]
 */

/** @param {{did: string, cursors: Map<string, number>, incarnation: string|null, build: string|null}} state build: of the program that runs, null: not known */
export function helloFrame({ did, cursors, incarnation, build }) {
  const frame = { f: "hello", did, cursors: Object.fromEntries([...cursors].slice(-CURSORS_MAX)), incarnation };
  return build ? { ...frame, build } : frame;
}

/** @param {{cid: string, clientId: string, kind: string, blob: Uint8Array, blobs?: string[]}} post blobs: attachments that the server keeps for it */
export function postFrame({ cid, clientId, kind, blob, blobs = [] }) {
  return { f: "post", cid, client_id: clientId, kind, blob: toBase64Url(blob), ...(blobs.length && { blobs }) };
}

/** @param {{cid: string, after: number, limit: number}} pull */
export function pullFrame({ cid, after, limit }) {
  return { f: "pull", cid, after, limit };
}

/** @param {{cid: string, upto: number}} ack */
export function ackFrame({ cid, upto }) {
  return { f: "ack", cid, upto };
}

/** The heartbeat. */
export function headsFrame() {
  return { f: "heads" };
}

/** A frame that cannot be read, or answers something else: named, so that it is seen. @returns {Frame} */
export function unreadableFrame() {
  return { name: "error", code: "BAD_ANSWER" };
}

/** @param {Frame} frame @returns {boolean} whether it answers a post */
export function answersPost(frame) {
  return frame.name === "accepted" || frame.name === "refused";
}

/** A refusal made here, when no answer came. @param {{cid: string, clientId: string}} post @param {{status: number, code: string}} why @returns {Frame} */
export function refusedFrame({ cid, clientId }, { status, code, retryAfter }) {
  return { name: "refused", cid, clientId, status, code, retryAfter };
}

/** @param {string|object} raw text of a socket, or a parsed body @returns {Frame|null} null: not a frame of this contract */
export function readFrame(raw) {
  try {
    const frame = typeof raw === "string" ? JSON.parse(raw) : raw;
    const read = READERS.get(frame?.f);
    return read ? { name: frame.f, ...read(frame) } : null;
  } catch {
    return null;
  }
}

/** The fields of a post, a pull and an ack, for their HTTPS twins. @param {object} frame built above */
export function describe(frame) {
  return { name: frame.f, cid: frame.cid, clientId: frame.client_id, after: frame.after, limit: frame.limit, upto: frame.upto };
}

const READERS = new Map([
  ["welcome", (f) => ({ incarnation: text(f.incarnation), heads: heads(f.heads), logSize: whole(f.log_size), now: whole(f.now_ms) })],
  ["heads", (f) => ({ heads: heads(f.heads), logSize: whole(f.log_size), now: whole(f.now_ms) })],
  ["accepted", (f) => ({ cid: id(f.cid), clientId: text(f.client_id), seq: whole(f.seq), sha256: text(f.sha256), dup: f.dup === true })],
  ["refused", (f) => ({ cid: id(f.cid), clientId: text(f.client_id), status: whole(f.status), code: code(f.code), retryAfter: retryAfter(f.retry_after) })],
  ["bell", (f) => (f.cid === undefined ? { logSize: whole(f.log_size) } : { cid: id(f.cid), seq: whole(f.seq) })],
  ["event", (f) => ({ cid: id(f.cid), seq: whole(f.seq), event: event(f) })],
  ["events", (f) => ({ cid: id(f.cid), from: whole(f.from), to: whole(f.to), items: list(f.items, event) })],
  ["error", (f) => ({ code: code(f.code) })],
]);

function event(item) {
  return {
    seq: whole(item.seq), kind: text(item.kind), uid: id(item.uid), did: id(item.did), clientId: text(item.client_id),
    sha256: text(item.sha256), blob: bytes(item.blob), at: whole(item.at_ms),
  };
}

function heads(object) {
  return new Map(Object.entries(object).map(([cid, seq]) => [id(cid), whole(seq)]));
}
