/** Binds the web session to this browser's keys (protocol.md, section 11). */

import { hex, unhex } from "../lib/bytes.js";
import { signSession } from "../crypto/session.js";

/** @param {{api: object, origin: string, uid: string}} at @param {{did: Uint8Array, dsSeed: Uint8Array}} device @returns {Promise<void>} */
export async function bindSession({ api, origin, uid }, { did, dsSeed }) {
  const nonce = await api.nonce();
  await api.bindSession(hex(did), await signSession({ origin, nonce, uid: unhex(uid), did }, dsSeed));
}
