/** What came is shown, in its order, and what is wrong with it is told. */

import { expect, same, until } from "./harness.js";
import { pause } from "./pace.js";
import { spoil, talking, ticked, twoPeople } from "./worlds.js";

export const READING = {
  async a_chat_is_shown_while_its_lock_waits_for_the_server(world) {
    const { alice, bob, cid } = await twoPeople(world);
    await alice.messenger.send(cid, "hello");
    await until(() => bob.messenger.conversations()[0]?.lastText === "hello", "bob has it");
    let answered = null;
    const holding = navigator.locks.request(`${bob.prefix}llave:${bob.person.uid}:${cid}`, () => new Promise((resolve) => (answered = resolve)));
    await until(() => answered, "held");
    const shown = await Promise.race([bob.texts(cid), pause(4_000)]);
    answered();
    await holding;
    expect(shown, ["hello"], "what is here");
    await until(async () => same(await alice.states(cid), ["delivered"]), "told as looked into", () => alice.states(cid));
  },

  async a_replayed_event_is_shown_once(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const copy = conversation.events.findLast(({ kind, did }) => kind === "message" && did === bob.client.did);
    conversation.seq += 1;
    conversation.events.push({ ...copy, seq: conversation.seq, client_id: crypto.randomUUID() });
    world.server.ring(conversation, null);
    await bob.messenger.send(cid, "after");
    await alice.sees(cid, "hello", "hi", "after");
    expect((await alice.codes(cid)).filter((code) => code !== "STARTED"), [], "nothing to see");
  },

  async a_broken_message_is_kept_as_missing(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const { post } = world.server;
    world.server.post = async (client, data) => {
      const answer = await post.call(world.server, client, data);
      const event = world.server.conversations.get(cid).events.at(-1);
      if (event.kind === "message") await spoil(event);
      return answer;
    };
    await alice.messenger.send(cid, "spoiled");
    await until(async () => (await bob.codes(cid)).includes("BAD_TAG"), "missing", () => bob.codes(cid));
    world.server.post = post;
    await alice.messenger.send(cid, "fine");
    await until(async () => (await bob.texts(cid)).includes("fine"), "the next one arrives");
    expect((await bob.messenger.messages(cid)).items.some(({ kind, code }) => kind === "missing" && code === "BAD_TAG"), true, "kind");
  },

  async a_taken_counter_blocks_and_repair_heals(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.refusePosts.push([409, "COUNTER_TAKEN"]);
    await alice.messenger.send(cid, "careful");
    await until(() => alice.messenger.conversation(cid).blocked?.code === "STATE_ROLLBACK", "blocked");
    await alice.messenger.decide(cid, "repair");
    await bob.sees(cid, "hello", "hi", "careful");
    expect(bob.messenger.conversation(cid).blocked.code, "RESTART_SUSPECT", "the other is asked");
  },

  async what_the_server_leaves_out_is_seen(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    bob.client.goOffline();
    await alice.messenger.send(cid, "lost");
    await alice.messenger.send(cid, "kept");
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "sent");
    const conversation = world.server.conversations.get(cid);
    const place = conversation.events.length - 2;
    conversation.events.splice(place, 1);
    conversation.events[place].seq -= 1;
    conversation.seq -= 1;
    bob.client.goOnline();
    bob.messenger.poke();
    await bob.sees(cid, "hello", "hi", "kept");
    const missing = (await bob.messenger.messages(cid)).items.find(({ kind }) => kind === "missing");
    expect([missing.code, missing.detail], ["COUNTER_GAP", { count: 1 }], "placeholder");
  },

  async another_database_with_another_past_blocks(world) {
    const { alice, cid } = await talking(world);
    await ticked(cid, alice);
    alice.client.goOffline();
    const { events } = world.server.conversations.get(cid);
    events.at(-1).sha256 = "another";
    world.server.incarnation = "second";
    alice.client.goOnline();
    alice.messenger.poke();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
    expect(await alice.texts(cid), ["hello", "hi"], "nothing is lost here");
  },

  async pages_of_a_long_chat(world) {
    const { alice, bob, cid } = await talking(world);
    for (let n = 0; n < 30; n += 1) await alice.messenger.send(cid, `m${n}`);
    await until(async () => (await bob.texts(cid)).length === 32, "all", () => bob.texts(cid));
    const seen = [];
    let before;
    for (let more = true; more; ) {
      const page = await bob.messenger.messages(cid, { before, limit: 7 });
      seen.unshift(...page.items);
      before = page.items[0]?.seq;
      more = page.more;
    }
    const texts = seen.filter(({ kind }) => kind === "text").map(({ text }) => text);
    expect(texts, ["hello", "hi", ...Array.from({ length: 30 }, (_, n) => `m${n}`)], "every one once");
  },

  async what_was_missed_is_looked_up_by_the_page(world) {
    const { alice, bob, cid } = await talking(world);
    bob.messenger.end();
    const wanted = Array.from({ length: 60 }, (_, n) => `m${n}`);
    for (const text of wanted) await alice.messenger.send(cid, text);
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "all are sent");
    alice.messenger.end();
    const known = bob.messages.length;
    const reads = await readsOfMail(async () => {
      await bob.reload();
      await until(() => bob.messages.length >= known + wanted.length, "all came");
    });
    if (reads > 20) throw new Error(`${reads} transactions read messages for ${wanted.length} that came`);
    expect(await bob.texts(cid), ["hello", "hi", ...wanted], "every one once");
  },
};

// Transactions that read messages while `work` goes on.
async function readsOfMail(work) {
  const { transaction } = IDBDatabase.prototype;
  let count = 0;
  IDBDatabase.prototype.transaction = function counted(stores, mode, ...more) {
    count += mode === "readonly" && stores === "mail";
    return transaction.call(this, stores, mode, ...more);
  };
  try {
    await work();
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
  return count;
}
