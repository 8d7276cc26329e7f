/** What is over stays over: nothing under the keys of an ended epoch is believed later, and what has an end keeps it. */

import { startChain } from "/static/js/crypto/chain.js";
import { encodeContent } from "/static/js/crypto/content.js";
import { chainKey, sealEnvelope } from "/static/js/crypto/envelope.js";
import { randomBytes, sha256 } from "/static/js/crypto/primitives.js";
import { fromBase64Url, toBase64Url, unhex } from "/static/js/lib/bytes.js";
import { PASSPHRASE, expect, until } from "./harness.js";
import { reconnect, restore } from "./later.js";
import { HOUR, ringOf } from "./timers.js";
import { flipped, talking, ticked } from "./worlds.js";

const HOUR_S = HOUR / 1000;
const MORE_THAN_REMEMBERED = 8; // epochs with a timer

/** What a thief writes with a copy of a browser. @returns {Promise<string>} an envelope under the keys that the browser has now */
async function stolen(browser, cid, body) {
  const { keys, chains } = (await ringOf(browser)).objects.get(`conv:${cid}`);
  const device = { uid: unhex(browser.person.uid), did: unhex(browser.client.did) };
  const chain = chains.get(chainKey(keys.epoch, device.did)) ?? startChain(keys, device);
  const content = encodeContent({ v: 1, t: "text", id: crypto.randomUUID(), ts: Date.now(), ack: {}, body });
  return toBase64Url((await sealEnvelope(content, { cid: unhex(cid), epoch: keys, chain, salt: randomBytes(32) })).envelope);
}

/** As a server that puts in what it likes. */
async function inject({ server }, cid, { kind, blob, from }) {
  const conversation = server.conversations.get(cid);
  const sha = toBase64Url(await sha256(fromBase64Url(blob)));
  const by = { uid: from.person.uid, did: from.client.did, client_id: crypto.randomUUID(), at_ms: Date.now() };
  conversation.seq += 1;
  conversation.events.push({ ...by, seq: conversation.seq, kind, sha256: sha, blob });
  server.ring(conversation, null);
}

/**
 * Bob's browser was copied before the last record, and the server puts what the thief wrote behind it, and once more behind a
 * copy of the record that began the epoch. `isStray`: before that copy comes a record of the first epoch that nobody made.
 */
async function withLateMessages(world, { timerS = 0, isStray = false } = {}) {
  const { alice, bob, cid } = await talking(world);
  await ticked(cid, alice, bob);
  const conversation = world.server.conversations.get(cid);
  const { events } = conversation;
  const begun = events.findLast(({ kind }) => kind === "record").blob;
  const late = await stolen(bob, cid, "under old keys");
  bob.messenger.end();
  const { epoch } = conversation;
  if (timerS) await alice.messenger.setTimer({ cid, timerS });
  alice.skew = 25 * HOUR; // time for new keys
  await alice.messenger.send(cid, "new keys");
  await until(() => conversation.epoch > epoch && events.at(-1).kind === "message", "under new keys");
  await inject(world, cid, { kind: "message", blob: late, from: bob });
  if (isStray) await inject(world, cid, { kind: "record", blob: flipped(events.find(({ kind }) => kind === "record").blob), from: bob });
  await inject(world, cid, { kind: "record", blob: begun, from: bob });
  await inject(world, cid, { kind: "message", blob: late, from: bob });
  await until(async () => (await alice.codes(cid)).filter((code) => code === "NO_EPOCH_KEY").length === 2, "refused as they come", () => alice.codes(cid));
  return { alice, cid, events };
}

const epochOf = async (browser, cid) => (await ringOf(browser)).objects.get(`conv:${cid}`).crypto.epoch;

const blockOf = (browser, cid) => browser.messenger.conversation(cid).blocked?.code ?? null;

async function readsInAFile({ messenger }, cid, texts) {
  const { bytes } = await messenger.conversationFile({ cid, passphrase: PASSPHRASE });
  const { messages } = await messenger.readConversationFile({ bytes, passphrase: PASSPHRASE });
  expect(messages.filter(({ kind }) => kind === "text").map(({ text }) => text), texts, "what the file shows");
  expect(messages.slice(-2).map(({ code }) => code), ["NO_EPOCH_KEY", "NO_EPOCH_KEY"], "and the person sees why not more");
}

export const ENDED_EPOCHS = {
  async what_stands_behind_the_end_of_its_epoch_is_not_read_later(world) {
    const { alice, cid, events } = await withLateMessages(world);
    const readsNothing = async (what) => {
      expect(await alice.messenger.readAgain({ cid, passphrase: PASSPHRASE }), { read: 0, left: 2 }, what);
      expect(await alice.texts(cid), ["hello", "hi", "new keys"], `${what}: texts`);
    };
    await readsNothing("behind the record");
    const end = events.findLastIndex(({ kind, did }) => kind === "record" && did === alice.client.did);
    events[end] = { ...events[end + 1], seq: end + 1 };
    await readsNothing("when the server leaves the record out");
  },

  async what_was_missed_under_two_records_is_read_each_under_its_own(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const since = conversation.events.length;
    const come = (wanted) => conversation.events.slice(since).filter(({ kind }) => kind === wanted).length;
    world.server.fetchPrekeys = () => ({ prekeys: {} }); // nobody can let the second one in
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await until(async () => come("record") > 0 && (await epochOf(alice, cid)) === conversation.epoch, "a record without it");
    await second.reload(); // without the history keys
    const sendsUnderNewKeys = async (days, text) => {
      const { epoch } = conversation;
      alice.skew = days * 25 * HOUR;
      await alice.messenger.send(cid, text);
      await until(async () => (await bob.texts(cid)).includes(text), "read", () => bob.codes(cid));
      expect(conversation.epoch > epoch, true, "under new keys");
      await ticked(cid, alice, bob);
    };
    await sendsUnderNewKeys(1, "one day");
    const late = await stolen(bob, cid, "under old keys");
    await sendsUnderNewKeys(2, "the next day");
    await inject(world, cid, { kind: "message", blob: late, from: bob });
    const missing = async () => (await second.codes(cid)).filter((code) => code === "NO_EPOCH_KEY").length;
    await until(async () => (await missing()) === come("message"), "all of them are missing", missing);
    const { read, left } = await second.messenger.readAgain({ cid, passphrase: PASSPHRASE });
    expect([read >= 2, left], [true, 1], `read ${read}`);
    expect(await second.texts(cid), ["hello", "hi", "one day", "the next day"], "all but what was put there");
  },

  async a_chat_file_shows_nothing_from_behind_the_end_of_its_epoch(world) {
    const { alice, cid } = await withLateMessages(world);
    await readsInAFile(alice, cid, ["hello", "hi", "new keys"]);
  },

  async a_record_without_a_key_in_the_chat_file_ends_an_epoch_too(world) {
    const { alice, cid } = await withLateMessages(world, { timerS: HOUR_S });
    await readsInAFile(alice, cid, ["hello", "hi"]);
  },

  async a_record_that_follows_no_other_neither_ends_nor_reopens_an_epoch_of_a_chat_file(world) {
    const { alice, cid } = await withLateMessages(world, { isStray: true });
    await readsInAFile(alice, cid, ["hello", "hi", "new keys"]);
  },

  async what_a_resend_moves_ends_though_its_epoch_is_long_over(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const { seq: keep, epoch, th } = conversation;
    const next = new Map(conversation.next);
    await alice.messenger.setTimer({ cid, timerS: HOUR_S });
    await until(() => bob.messenger.conversation(cid).timerS === HOUR_S, "agreed");
    await alice.messenger.send(cid, "soon gone");
    await bob.sees(cid, "hello", "hi", "soon gone");
    for (let n = 1; n <= MORE_THAN_REMEMBERED; n += 1) {
      await alice.messenger.setTimer({ cid, timerS: HOUR_S + n });
      await until(() => bob.messenger.conversation(cid).timerS === HOUR_S + n, `timer ${n}`);
    }
    alice.messenger.end();
    restore(world, cid, keep);
    Object.assign(conversation, { epoch, th, next });
    await reconnect(bob);
    await until(() => blockOf(bob, cid) === "SEQ_REWRITE", "stopped");
    await bob.messenger.decide(cid, "resend");
    await bob.sees(cid, "hello", "hi", "soon gone");
    bob.skew = 2 * HOUR;
    await until(async () => !(await ringOf(bob)).rows.some(({ text }) => text === "soon gone"), "destroyed, not only hidden");
    expect([...(await ringOf(bob)).objects.keys()].filter((name) => name.startsWith("dying:")), [], "and no trace of when");
  },
};
