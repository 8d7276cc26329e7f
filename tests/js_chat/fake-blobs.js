/** The contract's attachments in memory (protocol.md, section 14), with faults that tests switch on. */

import { equal, fromBase64Url } from "/static/js/lib/bytes.js";
import { PART_BYTES } from "/static/js/crypto/labels.js";
import { sha256 } from "/static/js/crypto/primitives.js";

export class FakeBlobs {
  kept = new Map(); // "cid/blob" -> {uid, size, hash, pieces, whole}
  refuse = []; // [status, code] of the next parts
  partsSeen = 0;
  #Refusal;

  /** @param {Function} Refusal of the server */
  constructor(Refusal) {
    this.#Refusal = Refusal;
  }

  /** @returns {Promise<object|Uint8Array>} */
  async answer({ person: { uid } }, method, { cid, blob, number, body }) {
    if (!blob) return this.#begin(uid, cid, JSON.parse(body));
    const one = this.kept.get(`${cid}/${blob}`);
    if (method === "GET") return this.#piece(one?.whole ? one.pieces[number] : undefined);
    if (!one || one.uid !== uid) throw new this.#Refusal(404, "NOT_FOUND");
    if (method === "PUT") return this.#put(one, Number(number), body);
    this.kept.delete(`${cid}/${blob}`);
    return {};
  }

  /** @param {string} cid @param {string[]} blobs @returns {boolean} */
  has(cid, blobs) {
    return blobs.every((blob) => this.kept.get(`${cid}/${blob}`)?.whole);
  }

  #begin(uid, cid, { blob, size, hash }) {
    const key = `${cid}/${blob}`;
    if (!this.kept.has(key)) this.kept.set(key, { uid, size, hash, pieces: [], whole: false });
    return this.#standing(this.kept.get(key));
  }

  async #put(one, number, bytes) {
    this.partsSeen += 1;
    const refused = this.refuse.shift();
    if (refused) throw new this.#Refusal(...refused);
    if (number > one.pieces.length) throw new this.#Refusal(409, "OUT_OF_TURN");
    if (number === one.pieces.length) one.pieces.push(bytes.slice());
    if (one.pieces.length < Math.ceil(one.size / PART_BYTES)) return this.#standing(one);
    one.whole = equal(await sha256(joined(one.pieces)), fromBase64Url(one.hash));
    if (!one.whole) one.pieces = [];
    if (!one.whole) throw new this.#Refusal(422, "FILE_HASH_MISMATCH");
    return this.#standing(one);
  }

  #piece(bytes) {
    if (!bytes) throw new this.#Refusal(404, "NOT_FOUND");
    return bytes;
  }

  #standing({ pieces, whole }) {
    return { parts: pieces.length, whole };
  }
}

function joined(pieces) {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
  return all;
}
