/** Bytes in, bytes out: the small tools under every format. A leaf: it imports nothing and throws RangeError only. */

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NO_LETTER = 255;
const BASE64URL_VALUE = new Uint8Array(128).fill(NO_LETTER);
[...BASE64URL].forEach((letter, value) => BASE64URL_VALUE.set([value], letter.charCodeAt(0)));
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
  const letters = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let offset = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let shift = 18; shift >= 0 && offset < letters.length; shift -= 6) {
      letters[offset] = BASE64URL.charCodeAt((group >> shift) & 63);
      offset += 1;
    }
  }
  return ASCII.decode(letters);
}

/** Accepts the canonical form only: two texts never mean the same bytes. @param {string} text @returns {Uint8Array} */
export function fromBase64Url(text) {
  if (typeof text !== "string" || text.length % 4 === 1) throw new RangeError("not base64url");
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let offset = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const value = code < BASE64URL_VALUE.length ? BASE64URL_VALUE[code] : NO_LETTER;
    if (value === NO_LETTER) throw new RangeError("not base64url");
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[offset] = (bits >> held) & 0xff;
      offset += 1;
    }
  }
  if (bits & ((1 << held) - 1)) throw new RangeError("not canonical base64url");
  return bytes;
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

/** @param {number|bigint} value up to 2^53-1 as a Number @returns {Uint8Array} */
export function u64(value) {
  return unsigned(value, 8);
}

/** vec(b) = u32(len) || b @param {Uint8Array} bytes @returns {Uint8Array} */
export function vec(bytes) {
  return concat(u32(bytes.length), bytes);
}

function unsigned(value, width) {
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << BigInt(8 * width)) throw new RangeError("integer out of range");
  const bytes = new Uint8Array(width);
  for (let i = width - 1; i >= 0; i -= 1) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Reads a format from front to back; anything short or left over is a RangeError. What it returns is always a copy. */
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
    return new DataView(this.take(4).buffer).getUint32(0);
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

  /** @param {Uint8Array} wanted bytes that must stand here, a label */
  expect(wanted) {
    if (!equal(this.take(wanted.length), wanted)) throw new RangeError("unexpected bytes");
  }

  /** Nothing may be left. */
  end() {
    if (this.left !== 0) throw new RangeError("too long");
  }
}
