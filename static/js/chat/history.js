/** What was said before this browser came: every event again, epochs opened with the history key (protocol.md, section 10). */

import { hex } from "../lib/bytes.js";

/**
 * @param {object} open Unlocked, without a line yet @param {object} account AccountPayload @param {(done: number, total: number) => void} onHistory
 * @returns {Promise<void>}
 */
export async function importHistory(open, account, onHistory) {
  open.replay.pin(account);
  await open.bundles.adoptPins(account.pins.filter(({ uid }) => hex(uid) !== open.me.uid));
  const hold = () => open.openHistory(account.history.map(({ seed }) => seed));
  hold();
  await open.catchUp();
  await open.bind();
  const list = await open.watch.refreshList();
  const progress = { done: 0, total: list.reduce((sum, { cid, seq }) => sum + seq - open.chats.get(cid).cursor, 0) };
  onHistory(0, progress.total);
  const onPage = () => {
    hold(); // however long it takes
    onHistory(progress.done, progress.total);
  };
  for (const { cid } of list) await readOne(open, cid, progress, onPage);
}

async function readOne(open, cid, progress, onPage) {
  const onEvents = (count) => {
    progress.done += count;
    progress.total = Math.max(progress.total, progress.done); // what came after the list was made is read with the rest
    onPage();
  };
  await open.inbox.sync(cid, { quiet: true, pull: (...asked) => open.api.pullEvents(...asked), onEvents });
  await open.locks.with(cid, () => {
    const chat = open.chats.get(cid);
    return open.chats.commit({ ...chat, readSeq: chat.cursor, unread: [], ackOwed: false });
  });
}
