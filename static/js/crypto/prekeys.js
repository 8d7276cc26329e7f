/** Prekeys: public halves that let others include a device that is away (protocol.md, section 5). */

import { concat, equal, u32, u64, u8 } from "../lib/bytes.js";
import { check, parse } from "./errors.js";
import { ID_BYTES, KEY_BYTES, LABEL, PREKEY_ONE_TIME, PREKEY_SIGNED, SIG_BYTES } from "./labels.js";
import { checkX25519Public } from "./points.js";
import { sign, verify } from "./primitives.js";

/** @typedef {{kind: number, uid: Uint8Array, did: Uint8Array, id: number, pub: Uint8Array, notAfterMs: number}} Prekey kind 1 SPK, 2 OPK */

/**
 *     prekey = LBL "prekey" | kind u8 | uid 16 | did 16 | id u32 | pub 32 | not_after_ms u64
 * @param {Prekey} fields @returns {Uint8Array}
 */
export function encodePrekey({ kind, uid, did, id, pub, notAfterMs }) {
  return concat(LABEL.prekey, u8(kind), uid, did, u32(id), pub, u64(notAfterMs));
}

/** @param {Prekey} fields @param {Uint8Array} dsSeed DS of that device @returns {Promise<{prekey: Uint8Array, sig: Uint8Array}>} */
export async function signPrekey(fields, dsSeed) {
  const prekey = encodePrekey(fields);
  return { prekey, sig: await sign(dsSeed, prekey) };
}

/** @param {Uint8Array} bytes @returns {Prekey} @throws BAD_ENCODING */
export function parsePrekey(bytes) {
  return parse(bytes, (reader) => {
    reader.expect(LABEL.prekey);
    const fields = {
      kind: reader.u8(), uid: reader.take(ID_BYTES), did: reader.take(ID_BYTES), id: reader.u32(),
      pub: reader.take(KEY_BYTES), notAfterMs: reader.u64(),
    };
    check(fields.kind === PREKEY_SIGNED || fields.kind === PREKEY_ONE_TIME, "BAD_ENCODING");
    check(fields.id >= 1, "BAD_ENCODING");
    return fields;
  });
}

/**
 * A prekey as the server hands it out, in section 5's order of checks.
 * @param {{prekey: Uint8Array, sig: Uint8Array}} signed
 * @param {{uid: Uint8Array, did: Uint8Array, dsPub: Uint8Array, nowMs: number, kind?: number}} asked the device asked for; kind if it matters
 * @returns {Promise<Prekey>} @throws PREKEY_EXPIRED: the device is no member this time
 */
export async function acceptPrekey({ prekey, sig }, { uid, did, dsPub, nowMs, kind }) {
  const fields = parsePrekey(prekey);
  check(kind === undefined || fields.kind === kind, "BAD_ENCODING");
  check(sig.length === SIG_BYTES, "BAD_ENCODING");
  check(equal(fields.uid, uid) && equal(fields.did, did), "BAD_SIG");
  await verify(dsPub, sig, prekey);
  checkX25519Public(fields.pub);
  check(nowMs <= fields.notAfterMs, "PREKEY_EXPIRED");
  return fields;
}
