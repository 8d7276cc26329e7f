/** What shows that a log of keys says different things: kept when it is found, so that others can look at it (attack A17). */

import { fromUtf8, toBase64Url, utf8 } from "../lib/bytes.js";
import { parseRecord } from "../crypto/epoch.js";
import { logRoot } from "../crypto/log.js";
import { codeOf } from "./codes.js";

const EVIDENCE = "log-evidence:";
const FOUND_MAX = 20;

/** @typedef {{head: Uint8Array, sig: Uint8Array}} SignedHead as the log signed it */

/** @param {{ring: object, replay: object, clock: object}} parts @param {unknown} error of a replay: the head that was refused */
export async function keepRefusedHead(parts, error) {
  const { refused } = parts.replay;
  if (refused) await keep(parts, `head:${toBase64Url(refused.sig).slice(0, 22)}`, { code: codeOf(error), theirs: signed(refused) });
}

/** @param {{ring: object, replay: object, clock: object}} parts @param {object} event a record whose log is another one */
export async function keepRecord(parts, { cid, seq, uid, did, blob }) {
  const { core } = await parseRecord(blob);
  const { log } = parts.replay;
  const rootHere = core.logSize <= log.size ? toBase64Url(await logRoot(log, core.logSize)) : null;
  const theirs = { log_size: core.logSize, log_root: toBase64Url(core.logRoot), root_here: rootHere, record: toBase64Url(blob) };
  await keep(parts, `record:${cid}:${seq}`, { code: "LOG_SPLIT_VIEW", from: { cid, seq, uid, did }, theirs });
}

/** @param {object} open Unlocked @returns {Promise<{name: string, bytes: Uint8Array}|null>} JSON, everything in it is public but who wrote with whom; null: nothing was found */
export async function evidenceFile({ ring, replay, clock, me, origin }) {
  const found = (await ring.withPrefix(EVIDENCE)).map(([, one]) => JSON.parse(fromUtf8(one)));
  if (found.length === 0) return null;
  const nowMs = clock.now();
  const file = { v: 1, what: "evidence of a log of keys that differs", origin, lg_pub: toBase64Url(replay.lgPub), made: nowMs, found };
  return { name: `log-evidence-${me.name}-${new Date(nowMs).toISOString().slice(0, 10)}.json`, bytes: utf8(JSON.stringify(file, null, 1)) };
}

// The first ones stay: a server that lies on and on adds nothing.
async function keep({ ring, replay, clock }, name, what) {
  const before = await ring.withPrefix(EVIDENCE);
  if (before.length >= FOUND_MAX || before.some(([one]) => one === EVIDENCE + name)) return;
  const { size, root } = await replay.head();
  const mine = { ...signed(replay.signed), log_size: size, log_root: toBase64Url(root) };
  await ring.commit({ ring: [{ name: EVIDENCE + name, value: utf8(JSON.stringify({ ...what, at: clock.now(), mine })) }] });
}

function signed(head) {
  return head && { head: toBase64Url(head.head), sig: toBase64Url(head.sig) };
}
