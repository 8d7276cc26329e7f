/** The keyring of this browser: made, or opened with the passphrase (protocol.md, section 10). */

import { hex, unhex } from "../lib/bytes.js";
import { ITERATIONS_MIN } from "../crypto/labels.js";
import { randomBytes, wipe } from "../crypto/primitives.js";
import { deriveKek, openObject, sealObject } from "../crypto/ring.js";
import { Keyring } from "../store/keyring.js";
import { ChatError } from "./codes.js";

/** @typedef {{ring: Keyring, close: () => void}} OpenRing close: the key is wiped, nothing opens any more */

/** @param {{uid: string, name: string}} me @param {Uint8Array} did @param {"prove"|"history"} then what follows publishing @returns {object} DeviceCard of a new browser */
export function newCard(me, did, then) {
  return { did: hex(did), uid: me.uid, name: me.name, salt: randomBytes(32), iterations: ITERATIONS_MIN, stage: "made", then };
}

/** @param {object} db @param {object} card @param {string} passphrase @returns {Promise<OpenRing>} not proved to be the right one yet */
export async function ringOf(db, card, passphrase) {
  const [uid, did] = [unhex(card.uid), unhex(card.ringDid ?? card.did)];
  let kek = await deriveKek({ passphrase, deviceSalt: card.salt, iterations: card.iterations, uid, did });
  const place = (name, writeNo) => ({ kek: kept(kek), uid, did, name, writeNo });
  const ring = new Keyring({
    db, writeNo: await Keyring.lastWriteNo(db),
    seal: (name, n, bytes) => sealObject(bytes, place(name, n), randomBytes(32)),
    open: (name, n, blob) => openObject(blob, place(name, n)),
  });
  const close = () => {
    wipe(kek);
    kek = null;
  };
  return { ring, close };
}

/** @param {object} db @param {object} card @param {string} passphrase @returns {Promise<OpenRing>} @throws WRONG_PASSPHRASE */
export async function unlockRing(db, card, passphrase) {
  const open = await ringOf(db, card, passphrase);
  try {
    if (await open.ring.get("device")) return open;
  } catch (error) {
    open.close();
    throw error.code === "STORAGE_DAMAGED" ? new ChatError("WRONG_PASSPHRASE") : error;
  }
  throw new ChatError("STORAGE_DAMAGED");
}

function kept(kek) {
  if (kek === null) throw new ChatError("NOT_UNLOCKED");
  return kek;
}
