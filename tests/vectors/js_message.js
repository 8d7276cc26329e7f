/** Vectors of messages. */

import { stepChain } from "/static/js/crypto/chain.js";
import { parseContent } from "/static/js/crypto/content.js";
import { chainKey, encodeHeader, messageKeys, openEnvelope, openEnvelopes, sealEnvelope } from "/static/js/crypto/envelope.js";
import { firstChainKey } from "/static/js/crypto/epoch.js";
import { pad } from "/static/js/crypto/padding.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { hex, unhex, utf8 } from "/static/js/lib/bytes.js";
import { same, unchanged } from "./js_compare.js";

export async function judgeMessage(given, out) {
  const [cid, th, uid, did, kMsg, salt] = [given.cid, given.th, given.uid, given.did, given.k_msg, given.salt].map(unhex);
  const ck0 = await firstChainKey(kMsg, uid, did);
  same("ck0", ck0, given.ck0);
  const epoch = { epoch: given.epoch, th, members: [{ uid, did }], ck0: { [hex(did)]: ck0 } };
  const ck = await chainKeyAt(ck0, given.counter);
  const chain = { epoch: given.epoch, uid, did, next: given.counter, ck, skipped: [] };
  const content = utf8(given.content ?? given.content_parts.map(([text, times]) => text.repeat(times)).join(""));
  await judgeKeys({ cid, epoch, uid, did, salt, ck }, given, out, content);
  const sealed = await unchanged(chain, () => sealEnvelope(content, { cid, epoch, chain, salt }));
  same("envelope", [sealed.envelope.length, await sha256(sealed.envelope), sealed.mid], [out.envelope_len, out.envelope_sha256, out.mid]);
  if (out.envelope !== undefined) same("bytes", sealed.envelope, out.envelope);
  await judgeOpening(sealed.envelope, { cid, epoch, chain, uid, did }, given, out, content);
}

/** CK_n of a chain. @param {Uint8Array} ck0 @param {number} counter @returns {Promise<Uint8Array>} */
export async function chainKeyAt(ck0, counter) {
  let ck = ck0;
  for (let n = 0; n < counter; n += 1) ({ ck } = await stepChain(ck));
  return ck;
}

async function judgeKeys({ cid, epoch, uid, did, salt, ck }, given, out, content) {
  const { msk } = await stepChain(ck);
  const header = encodeHeader({ cid, epoch: epoch.epoch, th: epoch.th, uid, did, counter: given.counter, salt });
  same("msk, header", [msk, header], [out.msk, out.header]);
  same("keys", await messageKeys(msk, header, salt), { key: out.key, nonce: out.nonce, commit: out.commit });
  same("lengths", [pad(content).length, content.length], [out.padded_len, out.content_len]);
}

async function judgeOpening(envelope, { cid, epoch, chain, uid, did }, given, out, content) {
  const nowMs = 1_700_000_000_000;
  const context = { cid, sender: { uid, did }, epoch, chain, seenMid: null, nowMs };
  const opened = await unchanged(context, () => openEnvelope(envelope, context));
  same("content", opened.content, parseContent(content).content);
  same("opened", [opened.mid, opened.chain.next, opened.gap], [out.mid, given.counter + 1, 0]);
  const known = { cid, epochs: new Map([[given.epoch, epoch]]), chains: new Map(), nowMs };
  const { results, chains } = await openEnvelopes([{ envelope, sender: { uid, did }, seenMid: null }], known);
  same("from the start of the chain", results[0].opened.content, opened.content);
  same("its chain", chains.get(chainKey(given.epoch, did)).ck, opened.chain.ck);
}
