/** A conversation as a file that opens with the account's key file, far from here and without a server (protocol.md, section 18). */

import { unhex } from "../lib/bytes.js";
import { encodeArchive, sealArchive } from "../crypto/export.js";
import { RECORD } from "../transport/frames.js";
import { ChatError } from "./codes.js";
import { exportName } from "./key-files.js";

const PULL_LIMIT = 200;
const EVENTS_MAX = 1_000_000;

/**
 * @param {object} open Unlocked @param {string} cid @param {(done: number, total: number) => void} onProgress events
 * @returns {Promise<{name: string, bytes: Uint8Array}>} @throws OFFLINE, SEQ_GAP
 */
export async function exportConversation(open, cid, onProgress) {
  const { api, bundles, chats, clock, directory, me, replay, origin } = open;
  const { uids, peer } = chats.get(cid);
  const own = await bundles.current(me.uid);
  for (const uid of uids) await bundles.current(uid);
  const events = await pullAll(api, chats.get(cid), onProgress);
  const madeMs = clock.now();
  const archive = {
    cid: unhex(cid), uids: uids.map(unhex), names: uids.map((uid) => bundles.last(uid).name), origin, madeMs,
    ...(await replay.evidence()), bundles: bundles.known(uids).map(({ bytes }) => bytes), events,
  };
  const name = exportName(directory.person(peer).name, madeMs);
  return { name, bytes: await sealArchive(await encodeArchive(archive), own.historyPub) };
}

async function pullAll(api, { cid, cursor }, onProgress) {
  const events = [];
  for (;;) {
    const { items } = await api.pullEvents(cid, events.length, PULL_LIMIT);
    if (items.length === 0) return events;
    if (events.length >= EVENTS_MAX || items.some(({ seq }, i) => seq !== events.length + 1 + i)) throw new ChatError("SEQ_GAP");
    items.forEach((event) => events.push(asArchived(event)));
    onProgress(events.length, Math.max(cursor, events.length));
  }
}

function asArchived({ seq, kind, uid, did, at, blob }) {
  return { seq, isRecord: kind === RECORD, uid: unhex(uid), did: unhex(did), atMs: at, blob };
}
