/** The proof that binds a web session to one device (protocol.md, section 11). */

import { concat, utf8, vec } from "../lib/bytes.js";
import { LABEL } from "./labels.js";
import { sign } from "./primitives.js";

/**
 * @typedef {{origin: string, nonce: Uint8Array, uid: Uint8Array, did: Uint8Array}} SessionClaim nonce: 32 bytes of the server, used once
 */

/**
 *     signed = LBL "session" | vec(origin) | server_nonce 32 | uid 16 | did 16
 * @param {SessionClaim} claim @returns {Uint8Array}
 */
export function encodeSession({ origin, nonce, uid, did }) {
  return concat(LABEL.session, vec(utf8(origin)), nonce, uid, did);
}

/** @param {SessionClaim} claim @param {Uint8Array} dsSeed DS @returns {Promise<Uint8Array>} 64 bytes */
export function signSession(claim, dsSeed) {
  return sign(dsSeed, encodeSession(claim));
}
