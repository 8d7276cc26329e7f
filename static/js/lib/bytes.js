/** Bytes in, bytes out: the small tools under every format. A leaf: it imports nothing and throws RangeError only. */

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64URL_CODE = Uint8Array.from(BASE64URL, (letter) => letter.charCodeAt(0));
const BASE64URL_VALUE = new Int8Array(128).fill(-1);
BASE64URL_CODE.forEach((code, value) => BASE64URL_VALUE.set([value], code));
/** Bytes of the length before a vec. */
export const VEC_PREFIX = 4;
const ENCODER = new TextEncoder();
const ASCII = new TextDecoder();

/** @param {...Uint8Array} parts @returns {Uint8Array} parts[0] || parts[1] || ... in a new array */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Constant time for equal lengths; lengths are never secret. @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} */
export function equal(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** Bytewise order, for sorting public values. @param {Uint8Array} a @param {Uint8Array} b @returns {number} */
export function compare(a, b) {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** @param {Uint8Array} bytes @returns {string} lower-case */
export function hex(bytes) {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** @param {string} text lower-case hex @returns {Uint8Array} */
export function unhex(text) {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new RangeError("not lower-case hex");
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** @param {Uint8Array} bytes @returns {string} base64url without padding */
export function toBase64Url(bytes) {
  const letters = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const group = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2]; // beyond the end stand zeros
    letters[at] = BASE64URL_CODE[group >> 18];
    letters[at + 1] = BASE64URL_CODE[(group >> 12) & 63];
    letters[at + 2] = BASE64URL_CODE[(group >> 6) & 63];
    letters[at + 3] = BASE64URL_CODE[group & 63];
  }
  return ASCII.decode(letters.subarray(0, Math.ceil((bytes.length * 4) / 3)));
}

/** Accepts the canonical form only: two texts never mean the same bytes. @param {string} text @returns {Uint8Array} */
export function fromBase64Url(text) {
  const [bytes] = allFromBase64Url([text]);
  if (bytes.length === bytes.buffer.byteLength) return bytes;
  const own = bytes.slice();
  bytes.fill(0); // it may be a secret
  return own;
}

/** Many at once, in the same memory: thousands of small arrays cost more than what is in them. @param {string[]} texts @returns {Uint8Array[]} */
export function allFromBase64Url(texts) {
  const groups = texts.map(filledUp);
  const all = decoded(groups.join(""));
  let at = 0;
  return texts.map((text, i) => {
    const [start, end] = [at, at + Math.floor((text.length * 3) / 4)];
    at += (groups[i].length * 3) / 4;
    for (let beyond = end; beyond < at; beyond += 1) if (all[beyond] !== 0) throw new RangeError("not canonical base64url");
    return all.subarray(start, end);
  });
}

// To groups of four letters, with zeros.
function filledUp(text) {
  if (typeof text !== "string" || text.length % 4 === 1) throw new RangeError("not base64url");
  return text.padEnd(4 * Math.ceil(text.length / 4), BASE64URL[0]);
}

function decoded(groups) {
  const bytes = new Uint8Array((groups.length * 3) / 4);
  if (!(bytes.setFromBase64 ? decodeByEngine : decodeByHand)(groups, bytes)) throw new RangeError("not base64url");
  return bytes;
}

// In a tenth of the time. It skips spaces and takes a filled end for one: then less is written.
function decodeByEngine(groups, bytes) {
  try {
    return bytes.setFromBase64(groups, { alphabet: "base64url", lastChunkHandling: "strict" }).written === bytes.length;
  } catch {
    return false;
  }
}

// Chromium before 140 has no other way.
function decodeByHand(groups, bytes) {
  let odd = 0; // turns negative with the first letter that is none
  for (let i = 0, at = 0; i < groups.length; i += 4, at += 3) {
    const group = groupOf(groups.charCodeAt(i), groups.charCodeAt(i + 1), groups.charCodeAt(i + 2), groups.charCodeAt(i + 3));
    odd |= group;
    bytes[at] = group >> 16;
    bytes[at + 1] = group >> 8;
    bytes[at + 2] = group;
  }
  return odd >= 0;
}

// 24 bits out of four letters; negative: one of them is none.
function groupOf(a, b, c, d) {
  if ((a | b | c | d) > 127) return -1;
  return (BASE64URL_VALUE[a] << 18) | (BASE64URL_VALUE[b] << 12) | (BASE64URL_VALUE[c] << 6) | BASE64URL_VALUE[d];
}

/** @param {string} text @returns {Uint8Array} */
export function utf8(text) {
  return ENCODER.encode(text);
}

/** Fatal: no replacement characters, and a byte order mark is an ordinary character. @param {Uint8Array} bytes @returns {string} */
export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RangeError("not UTF-8");
  }
}

/** @param {number} value @returns {Uint8Array} */
export function u8(value) {
  return unsigned(value, 1);
}

/** @param {number} value @returns {Uint8Array} */
export function u16(value) {
  return unsigned(value, 2);
}

/** @param {number} value @returns {Uint8Array} */
export function u32(value) {
  return unsigned(value, 4);
}

/** @param {Uint8Array} bytes @param {number} at @returns {number} the u32 that stands there */
export function u32At(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** @param {number|bigint} value up to 2^53-1 as a Number @returns {Uint8Array} */
export function u64(value) {
  return unsigned(value, 8);
}

/** vec(b) = u32(len) || b @param {Uint8Array} bytes @returns {Uint8Array} */
export function vec(bytes) {
  return concat(u32(bytes.length), bytes);
}

function unsigned(value, width) {
  if (typeof value === "number" && width <= 4) return short(value, width);
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << BigInt(8 * width)) throw new RangeError("integer out of range");
  const bytes = new Uint8Array(width);
  for (let i = width - 1; i >= 0; i -= 1) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function short(value, width) {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width)) throw new RangeError("integer out of range");
  const bytes = new Uint8Array(width);
  for (let i = 0; i < width; i += 1) bytes[i] = value >>> (8 * (width - 1 - i));
  return bytes;
}

/** Reads a format from front to back; anything short or left over is a RangeError. What it returns is a copy, but for `rest`. */
export class Reader {
  #bytes;
  #offset = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** @returns {number} bytes not read yet */
  get left() {
    return this.#bytes.length - this.#offset;
  }

  /** @param {number} length @returns {Uint8Array} */
  take(length) {
    if (length > this.left) throw new RangeError("too short");
    const part = this.#bytes.slice(this.#offset, this.#offset + length);
    this.#offset += length;
    return part;
  }

  /** @returns {number} */
  u8() {
    return this.take(1)[0];
  }

  /** @returns {number} */
  u16() {
    return new DataView(this.take(2).buffer).getUint16(0);
  }

  /** @returns {number} */
  u32() {
    return u32At(this.take(4), 0);
  }

  /**
   * Stops at 2^53-1: every comparison of the protocol (age, size) comes out the same, and signed objects are
   * hashed as the bytes that came, never encoded again from what was read.
   * @returns {number}
   */
  u64() {
    const value = new DataView(this.take(8).buffer).getBigUint64(0);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  }

  /** @returns {Uint8Array} */
  vec() {
    return this.take(this.u32());
  }

  /** @returns {Uint8Array} all that is left, in the memory of what is read */
  rest() {
    const part = this.#bytes.subarray(this.#offset);
    this.#offset = this.#bytes.length;
    return part;
  }

  /** @param {Uint8Array} wanted bytes that must stand here, a label */
  expect(wanted) {
    if (!equal(this.take(wanted.length), wanted)) throw new RangeError("unexpected bytes");
  }

  /** Nothing may be left. */
  end() {
    if (this.left !== 0) throw new RangeError("too long");
  }
}
