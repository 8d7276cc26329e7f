/** Attacks with what a message does to another one: forged, aimed at nothing, out of order, and receipts (A48 to A52). */

import { expect, until } from "/tests/js_chat/harness.js";
import { begin, bytesOf, goesOn, settled, shows, withPuppet } from "./bench.js";
import { hex } from "./product.js";

const DAY_MS = 86_400_000;

const rowsOf = async (browser, cid) => (await browser.messenger.messages(cid, { limit: 200 })).items;
const textsOf = async (browser, cid) => (await rowsOf(browser, cid)).filter(({ kind }) => kind === "text");
const codesOf = async (browser, cid) => (await browser.codes(cid)).filter((code) => code !== "STARTED");
const bySecondDevice = async (bob, work) => {
  bob.devices.reverse();
  const done = await work();
  bob.devices.reverse();
  return done;
};

/** @param {number} [nth] 0: the first, -1: the last of this person */
async function midOf(world, cid, uid, nth = 0) {
  const { messageId } = await import("/static/js/crypto/envelope.js");
  return hex(await messageId(bytesOf(world.events(cid).filter((event) => event.kind === "message" && event.uid === uid).at(nth))));
}

// The peer acts on her message; it is as it was, and the details name the attempt.
async function forged(world, content) {
  const { alice, bob, cid } = await withPuppet(world);
  const target = await midOf(world, cid, alice.person.uid);
  const before = await textsOf(alice, cid);
  await bob.say(bob.content({ ...content, target }));
  await shows(alice, cid, "ACTION_NOT_OWNER");
  await goesOn(alice, bob, cid);
  expect((await textsOf(alice, cid)).slice(0, 2), before, "the originals are as they were");
  const line = (await rowsOf(alice, cid)).find(({ code }) => code === "ACTION_NOT_OWNER");
  expect([line.kind, line.detail.uid], ["missing", bob.person.uid], "who tried it");
  await alice.reload();
  expect((await textsOf(alice, cid)).slice(0, 2).map(({ text, edited, deleted }) => [text, edited, deleted]), [["hello", false, false], ["hi", false, false]], "on the disk, too");
}

export const a48 = (world) => forged(world, { t: "edit", rev: 1, body: "I owe you" });
export const a49 = (world) => forged(world, { t: "delete" });

/** Forged, and before its target is there. */
export async function a48_early(world) {
  const { alice, bob, cid } = await withPuppet(world);
  alice.client.goOffline();
  await alice.messenger.send(cid, "mine");
  await until(async () => (await alice.states(cid)).at(-1) === "queued", "waits");
  alice.client.goOnline();
  alice.messenger.poke();
  await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored");
  const target = await midOf(world, cid, alice.person.uid, -1);
  const fresh = world.browserOf(alice.person);
  const events = world.events(cid);
  const mine = events.splice(events.length - 1, 1)[0];
  const { envelope } = await bob.sync().then(() => bob.seal(bob.content({ t: "edit", rev: 1, body: "I owe you", target })));
  world.server.conversations.get(cid).seq -= 1;
  await world.inject(cid, { blob: envelope, from: bob });
  await world.inject(cid, { ...mine, seq: undefined });
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: "abcd-efgh-ijkm-npqr-stuv" });
  await fresh.sees(cid, "hello", "hi", "mine");
  expect(await codesOf(fresh, cid), ["ACTION_NOT_OWNER"], "refused when the target came");
}

/** A message of another chat, and one that nobody knows. */
export async function a50(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const carol = await world.puppet("carol");
  const other = await begin(alice, carol, ["hello, Carol", "hi, Alice"]);
  const target = await midOf(world, other, carol.person.uid);
  const elsewhere = JSON.stringify(await textsOf(alice, other));
  await bob.say(bob.content({ t: "react", target, e: "👍", on: true }));
  await shows(alice, cid, "ACTION_UNKNOWN_TARGET");
  await bob.say(bob.content({ body: "as you said", re: target }));
  await bob.say(bob.content({ body: "and here", re: "cd".repeat(16) }));
  await alice.sees(cid, "hello", "hi", "as you said", "and here");
  expect(JSON.stringify(await textsOf(alice, other)), elsewhere, "the other chat is as it was");
  for (const { re } of (await textsOf(alice, cid)).slice(2)) expect(await alice.messenger.message(cid, re), null, "there is nothing to quote");
  const mine = await midOf(world, cid, alice.person.uid);
  await bob.say(bob.content({ body: "you said", re: mine }));
  await alice.sees(cid, "hello", "hi", "as you said", "and here", "you said");
  expect((await alice.messenger.message(cid, (await textsOf(alice, cid)).at(-1).re)).text, "hello", "the quote is what is kept here");
}

/** What comes before its target waits for it, for seven days and not longer. */
export async function a50_early(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const [text, late] = [await bob.seal(bob.content({ body: "teh" })), await bob.seal(bob.content({ body: "teh end" }))];
  const edit = ({ mid }, body) => bob.seal(bob.content({ t: "edit", target: hex(mid), rev: 1, body }));
  const [first, second] = [await edit(text, "the"), await edit(late, "the end")];
  for (const { envelope } of [first, second]) await world.inject(cid, { blob: envelope, from: bob });
  await until(async () => (await codesOf(alice, cid)).filter((code) => code === "ACTION_UNKNOWN_TARGET").length === 2, "both wait", () => alice.codes(cid));
  await alice.reload();
  await world.inject(cid, { blob: text.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the");
  expect((await textsOf(alice, cid)).at(-1).earlier.map((one) => one.text), ["teh"], "what it said before");
  expect((await codesOf(alice, cid)).filter((code) => code === "ACTION_UNKNOWN_TARGET").length, 1, "one line is not true any more");
  alice.skew = 8 * DAY_MS;
  await world.inject(cid, { blob: late.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the", "teh end");
}

/** A reply never stands above what it answers, nor can it pull up what was written after it. */
export async function a50_reply_above(world) {
  const { alice, bob, cid } = await withPuppet(world, { devices: 2 });
  const question = await bySecondDevice(bob, () => bob.seal(bob.content({ body: "the question" })));
  const answer = await bob.seal(bob.content({ body: "the answer", re: hex(question.mid) }));
  await world.inject(cid, { blob: answer.envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the answer");
  await world.inject(cid, { blob: question.envelope, from: bob, did: hex(bob.devices[1].did) });
  await alice.sees(cid, "hello", "hi", "the question", "the answer");
  expect((await alice.messenger.message(cid, (await textsOf(alice, cid)).at(-1).re)).text, "the question", "and now it can be quoted");
  await shows(alice, cid, "ORDER_CHANGED");
  const chains = new Map(bob.chains);
  await bob.seal(bob.content({ body: "a place is kept" }));
  const later = await bob.seal(bob.content({ body: "written later" }));
  bob.chains = chains;
  const claim = await bob.seal(bob.content({ body: "an answer to the future", re: hex(later.mid) }));
  for (const { envelope } of [claim, later]) await world.inject(cid, { blob: envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the question", "the answer", "an answer to the future", "written later");
}

export async function a51(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { mid } = await bob.say("the first words");
  const edit = (rev, body) => bob.seal(bob.content({ t: "edit", target: hex(mid), rev, body }));
  const [one, two, again, zero] = [await edit(1, "the second"), await edit(2, "the third"), await edit(2, "another third"), await edit(0, "before the first")];
  for (const { envelope } of [two, one, again, zero]) await world.inject(cid, { blob: envelope, from: bob });
  await alice.sees(cid, "hello", "hi", "the third");
  await until(async () => (await textsOf(alice, cid))[2].earlier.length === 3, "all came", () => textsOf(alice, cid));
  const [, , row] = await textsOf(alice, cid);
  expect([row.text, row.edited], ["the third", true], "the highest rev, and the first of two");
  expect(row.earlier.map(({ text }) => text), ["the first words", "the second", "another third"], "all are kept");
  const erase = await bob.seal(bob.content({ t: "delete", target: hex(mid) }));
  const after = await edit(9, "back again");
  for (const { envelope } of [erase, after]) await world.inject(cid, { blob: envelope, from: bob });
  await until(async () => (await textsOf(alice, cid))[2].deleted, "deleted");
  await settled(100);
  expect((({ text, deleted, earlier }) => [text, deleted, earlier])((await textsOf(alice, cid))[2]), ["", true, []], "and stays so");
}

/** An older word about a sign does not come after a newer one. */
export async function a51_reactions(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const target = await midOf(world, cid, alice.person.uid);
  const react = (on) => bob.seal(bob.content({ t: "react", target, e: "👍", on }));
  const [add, takeBack] = [await react(true), await react(false)];
  for (const { envelope } of [takeBack, add]) await world.inject(cid, { blob: envelope, from: bob });
  const say = async (content) => world.inject(cid, { blob: (await bob.seal(bob.content(content))).envelope, from: bob });
  await say({ body: "after" });
  await alice.sees(cid, "hello", "hi", "after");
  expect((await textsOf(alice, cid))[0].reactions, [], "taken back");
  const signs = [..."😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏😐😑😒😓😔😕😖😗"];
  for (const e of signs) await say({ t: "react", target, e, on: true });
  await say({ body: "after all" });
  await alice.sees(cid, "hello", "hi", "after", "after all");
  expect((await textsOf(alice, cid))[0].reactions.length, 20, "of one person, and not more");
}

export async function a52(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await alice.messenger.send(cid, "read?");
  await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored");
  const conversation = world.server.conversations.get(cid);
  world.server.sockets.forEach((socket) => {
    socket.push({ f: "ack", cid, upto: conversation.seq });
    socket.push({ f: "delivered", cid, seq: conversation.seq });
    socket.push({ f: "accepted", cid, client_id: crypto.randomUUID(), seq: conversation.seq, sha256: "", dup: true, delivered: true, read: true });
  });
  await settled(100);
  expect((await alice.states(cid)).at(-1), "sent", "the server's word is no receipt");
  await bob.sync();
  await bob.say(bob.content({ t: "void", ack: { [bob.client.did]: 9 } }));
  await settled(100);
  expect((await alice.states(cid)).at(-1), "sent", "another device's count is none either");
  await bob.say(bob.content({ t: "void", ack: { [alice.client.did]: 9 } }));
  await until(async () => (await alice.states(cid)).at(-1) === "delivered", "the peer's sealed word is", () => alice.codes(cid));
  const [mine, his] = [await midOf(world, cid, alice.person.uid), await midOf(world, cid, bob.person.uid)];
  await bob.say(bob.content({ t: "receipt", seen: [his, "ab".repeat(16)] }));
  await bob.say(bob.content({ t: "receipt", seen: [mine] }));
  await until(async () => (await alice.states(cid))[0] === "read", "he says that he read the first", () => alice.states(cid));
  expect(await alice.states(cid), ["read", "delivered"], "and of nothing else");
}

/** He acknowledges what his own record did not count; that says nothing of the epoch it began. */
export async function a52_before(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const isSent = async () => (await alice.states(cid)).at(-1) === "sent";
  await alice.messenger.send(cid, "under way");
  await until(isSent, "stored");
  await bob.next({ finals: [] });
  await alice.messenger.send(cid, "afterwards");
  await until(isSent, "stored under the new keys", () => alice.states(cid));
  await bob.say(bob.content({ t: "void", ack_before: { [bob.client.did]: 9 } }));
  await settled(100);
  expect((await alice.states(cid)).slice(-2), ["sent", "sent"], "another device's count is none");
  await bob.say(bob.content({ t: "void", ack_before: { [alice.client.did]: 9 } }));
  await until(async () => (await alice.states(cid)).at(-2) === "delivered", "he has it", () => alice.states(cid));
  expect((await alice.states(cid)).at(-1), "sent", "and said nothing of this one");
}
