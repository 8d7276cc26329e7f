/** What a message says: JSON with a schema for each "t" (protocol.md, section 8). */

import { equal, fromBase64Url, fromUtf8, utf8 } from "../lib/bytes.js";
import { check, mapRangeError } from "./errors.js";
import {
  BODY_MAX_CHARS, CONTENT_DEPTH_MAX, CONTENT_MAX_BYTES, COUNTER_LIMIT, FILE_NAME_MAX_CHARS, HASH_BYTES,
  KEY_BYTES, RECEIPT_MAX, THUMB_MAX_BYTES,
} from "./labels.js";
import { parseStrictJson } from "./strict-json.js";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID_HEX = /^[0-9a-f]{32}$/; // mid, did
const MIME = /^[\x21-\x7e]{1,127}$/;
const GRAPHEME_MAX_UNITS = 32; // of UTF-16: one sign with its marks and joiners

/**
 * {"v":1, "t", "id": uuid, "ts": ms, "ack": {did_hex: next_counter}} and the fields of its "t"; a mid is lower-case hex, keys and files are base64url.
 * @typedef {object} Content
 * @property {1} v @property {string} t @property {string} id @property {number} ts @property {Object<string, number>} ack
 * @property {Object<string, number>} [ack_before] of the epoch before
 */

const isMid = (value) => matches(value, ID_HEX);
const isBody = (value) => isText(value, 0, BODY_MAX_CHARS);
const isFlag = (value) => value === true || value === false;
const isSide = (value) => isInteger(value, 1, 65_535); // pixels
const isCount = (value) => isInteger(value, 0, Number.MAX_SAFE_INTEGER);
const isAnything = () => true;
const optional = (test) => Object.assign((value) => test(value), { optional: true });

const COMMON = {
  v: (value) => value === 1, t: (value) => typeof value === "string", id: (value) => matches(value, UUID),
  ts: isCount, ack: isAck, ack_before: optional(isAck),
};

/** The fields of each known "t", beside the common ones: no other may stand there. */
const FIELDS = {
  text: { body: isBody, re: optional(isMid) },
  edit: { target: isMid, rev: isCount, body: isBody },
  delete: { target: isMid },
  react: { target: isMid, e: isGrapheme, on: isFlag },
  receipt: { seen: (value) => Array.isArray(value) && value.length <= RECEIPT_MAX && value.every(isMid) },
  timer: { mode: (value) => value === 0 || value === 1, timer_s: (value) => isInteger(value, 0, 2 ** 32 - 1) },
  file: {
    blob: (value) => isText(value, 1, 64), fk: (value) => isBytes(value, KEY_BYTES), size: isCount,
    hash: (value) => isBytes(value, HASH_BYTES), name: (value) => isText(value, 1, FILE_NAME_MAX_CHARS), mime: (value) => matches(value, MIME),
    w: optional(isSide), h: optional(isSide), thumb: optional((value) => isBytes(value, 0, THUMB_MAX_BYTES)),
  },
  void: {},
  sync: { pins: optional(isAnything), read: optional(isAnything), settings: optional(isAnything) },
};

/** @param {Content} content @returns {Uint8Array} @throws BAD_CONTENT: what others would refuse is not sent */
export function encodeContent(content) {
  const bytes = utf8(JSON.stringify(content));
  check(parseContent(bytes).supported, "BAD_CONTENT", "unknown t");
  return bytes;
}

/**
 * @param {Uint8Array} bytes @returns {{content: Content, supported: boolean}} supported false: stored, shown as "unsupported"
 * @throws BAD_CONTENT
 */
export function parseContent(bytes) {
  check(bytes.length <= CONTENT_MAX_BYTES, "BAD_CONTENT");
  const content = mapRangeError("BAD_CONTENT", () => parseStrictJson(fromUtf8(bytes), CONTENT_DEPTH_MAX));
  check(isObject(content) && hasFields(content, COMMON), "BAD_CONTENT");
  const supported = Object.hasOwn(FIELDS, content.t);
  check(!supported || hasOnlyFields(content, { ...COMMON, ...FIELDS[content.t] }), "BAD_CONTENT");
  return { content, supported };
}

/**
 * An edit or a delete: only who wrote the message may act on it.
 * @param {{uid: Uint8Array}|undefined} target header of the message @param {{uid: Uint8Array}} action header of the edit or delete
 * @throws ACTION_UNKNOWN_TARGET (keep it 7 days), ACTION_NOT_OWNER
 */
export function checkAction(target, action) {
  check(Boolean(target), "ACTION_UNKNOWN_TARGET");
  check(equal(target.uid, action.uid), "ACTION_NOT_OWNER");
}

function hasFields(object, tests) {
  return Object.entries(tests).every(([key, test]) => (Object.hasOwn(object, key) ? test(object[key]) : test.optional === true));
}

function hasOnlyFields(object, tests) {
  return hasFields(object, tests) && Object.keys(object).every((key) => Object.hasOwn(tests, key));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAck(value) {
  if (!isObject(value)) return false;
  return Object.entries(value).every(([did, next]) => ID_HEX.test(did) && isInteger(next, 0, COUNTER_LIMIT));
}

function isInteger(value, lowest, highest) {
  return Number.isSafeInteger(value) && value >= lowest && value <= highest;
}

function matches(value, pattern) {
  return typeof value === "string" && pattern.test(value);
}

// Characters are code points; a string of n code points has at most 2n code units.
function isText(value, lowest, highest) {
  if (typeof value !== "string" || value.length > 2 * highest) return false;
  const length = [...value].length;
  return length >= lowest && length <= highest;
}

function isGrapheme(value) {
  if (typeof value !== "string" || value.length > GRAPHEME_MAX_UNITS) return false;
  return [...new Intl.Segmenter("und", { granularity: "grapheme" }).segment(value)].length === 1;
}

function isBytes(value, lowest, highest = lowest) {
  try {
    const { length } = fromBase64Url(value);
    return length >= lowest && length <= highest;
  } catch {
    return false;
  }
}
