/** What is written reaches the other, once, whatever breaks on the way. */

import { PASSPHRASE, expect, same, until } from "./harness.js";
import { pause } from "./pace.js";
import { talking, ticked, twoPeople } from "./worlds.js";

export const SENDING = {
  async first_chat_both_ways(world) {
    const { alice, bob, cid } = await talking(world);
    expect((await alice.codes(cid))[0], "STARTED", "notice");
    expect(bob.messenger.conversation(cid).unread, 1, "unread");
    await bob.messenger.markRead(cid, 99);
    expect(bob.messenger.conversation(cid).unread, 0, "read");
    const numbers = [await alice.messenger.safetyNumber(cid), await bob.messenger.safetyNumber(cid)];
    expect(numbers[0].digits, numbers[1].digits, "safety number");
    expect(numbers[0].mine, numbers[1].theirs, "halves");
    expect((await alice.messenger.people({ q: "bo" })).people.map(({ name, hasKeys }) => [name, hasKeys]), [["bob", true]], "people");
    await alice.messenger.setDraft(cid, "later");
    expect(alice.messenger.conversation(cid).draft, "later", "draft");
  },

  async a_chat_with_oneself({ server, browserOf }) {
    const alice = browserOf(server.addPerson("alice"));
    await alice.setUp();
    const cid = await alice.messenger.startWith(alice.person.uid);
    await alice.messenger.send(cid, "note");
    await until(async () => same(await alice.states(cid), ["sent"]), "sent");
    expect(alice.messenger.conversation(cid).self, true, "self");
  },

  async delivered_ticks(world) {
    const { alice, bob, cid } = await twoPeople(world);
    await alice.messenger.send(cid, "hello");
    await until(async () => same(await alice.states(cid), ["sent"]), "sent");
    await until(() => bob.messenger.conversations().length === 1, "bob has the chat");
    await bob.sees(cid, "hello"); // opens it
    await until(async () => same(await alice.states(cid), ["delivered"]), "delivered", () => alice.states(cid));
    await until(() => alice.messages.some(({ message, isNew }) => message.state === "delivered" && !isNew), "tick event");
    await alice.messenger.send(cid, "again");
    await until(async () => same(await alice.states(cid), ["delivered", "delivered"]), "delivered by a void", () => alice.states(cid));
    const events = world.server.conversations.get(cid).events.length;
    await pause(600);
    expect(world.server.conversations.get(cid).events.length, events, "a void is not answered");
    await alice.messenger.send(cid, "read just before leaving");
    await bob.sees(cid, "hello", "again", "read just before leaving");
    await bob.reload();
    await until(async () => (await alice.states(cid)).at(-1) === "delivered", "owed acks are sent after a reload", () => alice.states(cid));
  },

  async a_tick_outlives_my_own_new_keys(world) {
    const { alice, bob, cid } = await talking(world);
    bob.messenger.end();
    await alice.messenger.send(cid, "before");
    await until(async () => (await alice.states(cid)).at(-1) === "sent", "sent");
    const second = world.browserOf(alice.person);
    const file = await alice.keyFile();
    await second.load();
    await second.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    await until(() => world.server.conversations.get(cid).events.at(-1).kind === "record", "alice's own record comes after the message");
    expect((await alice.states(cid)).at(-1), "sent", "nobody has it yet");
    await bob.reload();
    await bob.sees(cid, "hello", "hi", "before");
    await until(async () => (await alice.states(cid)).at(-1) === "delivered", "delivered all the same", () => alice.states(cid));
  },

  async a_message_that_was_under_way_with_a_record_gets_its_tick(world) {
    const { alice, bob, cid } = await twoPeople(world);
    let [held, holds] = [0, true];
    world.server.isDeaf = ({ f, kind }) => {
      const isHeld = holds && f === "post" && kind === "record" && world.server.conversations.get(cid).epoch === 0;
      held += isHeld;
      return isHeld;
    };
    await alice.messenger.send(cid, "hello");
    await until(() => bob.messenger.conversations().length === 1, "bob has the chat");
    await bob.sees(cid, "hello"); // opens it: what he owes needs new keys first
    await until(() => held > 0, "bob's record is under way");
    await alice.messenger.send(cid, "meanwhile");
    await until(async () => (await alice.states(cid)).at(-1) === "sent", "stored before the record");
    holds = false;
    await bob.sees(cid, "hello", "meanwhile");
    await until(async () => same(await alice.states(cid), ["delivered", "delivered"]), "both ticks", () => alice.states(cid));
    await pause(600);
    const kinds = world.server.conversations.get(cid).events.map(({ kind }) => kind);
    expect(kinds, ["record", "message", "message", "record", "message"], "one void tells it");
  },

  async an_offline_queue_is_sent_once(world) {
    const { alice, bob, cid } = await talking(world);
    alice.client.goOffline();
    await until(() => alice.messenger.connection !== "online", "offline");
    await alice.messenger.send(cid, "one");
    await alice.messenger.send(cid, "two");
    expect((await alice.states(cid)).slice(1), ["queued", "queued"], "waiting");
    expect(alice.messenger.conversation(cid).lastState, "queued", "row");
    alice.client.goOnline();
    alice.messenger.poke();
    await bob.sees(cid, "hello", "hi", "one", "two");
    await alice.sees(cid, "hello", "hi", "one", "two");
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "none waits", () => alice.states(cid));
  },

  async a_lost_answer_makes_no_second_message(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.loseAnswers = 1;
    await alice.messenger.send(cid, "once");
    await bob.sees(cid, "hello", "hi", "once");
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "settled", () => alice.states(cid));
    await alice.sees(cid, "hello", "hi", "once");
  },

  async a_crash_between_store_and_post_heals(world) {
    const { alice, bob, cid } = await talking(world);
    const { post } = world.server;
    world.server.post = () => new Promise(() => {}); // the tab dies with the post on its way
    await alice.messenger.send(cid, "kept");
    await pause(100);
    alice.messenger.end();
    world.server.post = post;
    world.server.queue = Promise.resolve();
    bob.messenger.end();
    await bob.reload();
    await alice.reload();
    await bob.sees(cid, "hello", "hi", "kept");
    await alice.sees(cid, "hello", "hi", "kept");
  },

  async a_crash_after_the_post_heals(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.loseAnswers = 1;
    await alice.messenger.send(cid, "kept");
    await until(() => world.server.loseAnswers === 0, "stored");
    alice.messenger.end();
    await alice.reload();
    await bob.sees(cid, "hello", "hi", "kept");
    await alice.sees(cid, "hello", "hi", "kept");
  },

  async a_reload_goes_on(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.reload();
    await alice.sees(cid, "hello", "hi");
    await bob.messenger.send(cid, "still there?");
    await alice.sees(cid, "hello", "hi", "still there?");
    await alice.messenger.send(cid, "yes");
    await bob.sees(cid, "hello", "hi", "still there?", "yes");
  },

  async two_first_messages_race(world) {
    const { alice, bob, cid } = await twoPeople(world);
    await bob.messenger.startWith(alice.person.uid);
    await Promise.all([alice.messenger.send(cid, "from alice"), bob.messenger.send(cid, "from bob")]);
    await until(async () => (await alice.texts(cid)).length === 2 && (await bob.texts(cid)).length === 2, "both", async () => [await alice.texts(cid), await bob.texts(cid)]);
    expect(await alice.texts(cid), await bob.texts(cid), "one order");
    await Promise.all([1, 2, 3, 4].map((n) => (n % 2 ? alice : bob).messenger.send(cid, `n${n}`)));
    await until(async () => (await alice.texts(cid)).length === 6 && (await bob.texts(cid)).length === 6, "six");
    expect(await alice.texts(cid), await bob.texts(cid), "one order still");
    expect(alice.messenger.conversation(cid).blocked, null, "no block");
  },

  async a_refused_message_can_be_tried_again(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.refusePosts.push([413, "TOO_LARGE"]);
    await alice.messenger.send(cid, "big");
    await until(async () => (await alice.states(cid)).at(-1) === "failed", "failed", () => alice.states(cid));
    const failed = (await alice.messenger.messages(cid)).items.at(-1);
    expect(failed.code, "TOO_LARGE", "code");
    await alice.messenger.retry(cid, failed.id);
    await bob.sees(cid, "hello", "hi", "big");
    await ticked(cid, alice);
    world.server.refusePosts.push([413, "TOO_LARGE"]);
    const second = await alice.messenger.send(cid, "bigger");
    await until(async () => (await alice.states(cid)).at(-1) === "failed", "failed again", () => alice.states(cid));
    await alice.messenger.discard(cid, second.id);
    expect(await alice.texts(cid), ["hello", "hi", "big"], "discarded");
  },

  async without_sockets_it_polls(world) {
    world.server.refusesSockets = true;
    const { alice, bob, cid } = await talking(world);
    expect(await bob.texts(cid), ["hello", "hi"], "texts");
    expect(alice.messenger.connection, "online", "connection");
    for (const one of [alice, bob]) await acknowledged(world, one, cid);
  },

  async over_https_a_pull_that_failed_is_made_again(world) {
    world.server.refusesSockets = true;
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    await acknowledged(world, bob, cid);
    world.server.refusePulls.push([503, "UNAVAILABLE", 1], [429, "TOO_MANY", 1]);
    await alice.messenger.send(cid, "late");
    await bob.sees(cid, "hello", "hi", "late");
    expect(world.server.refusePulls, [], "both were refused");
    await bob.online();
  },

  async a_browser_that_polls_waits_at_the_server(world) {
    world.server.refusesSockets = true;
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const { polls: { seen }, listsSeen } = world.server;
    await pause(2_000);
    expect(world.server.polls.seen - seen < 40, true, "two browsers ask when they were answered, after 400 ms each");
    expect(world.server.listsSeen, listsSeen, "lists");
  },

  async where_sockets_hang_it_polls_and_goes_on(world) {
    const { alice, bob, cid } = await talking(world);
    world.server.hangsSockets = true;
    [...world.server.sockets].forEach((socket) => socket.shut(1006));
    for (const browser of [alice, bob]) await until(() => browser.messenger.connection !== "online", "cut off");
    await alice.messenger.send(cid, "over HTTPS");
    await bob.sees(cid, "hello", "hi", "over HTTPS");
    const states = [];
    bob.messenger.addEventListener("connection", ({ detail }) => states.push(detail.state));
    await pause(2_000); // the socket is tried again, and hangs again
    await alice.messenger.send(cid, "and still");
    await bob.sees(cid, "hello", "hi", "over HTTPS", "and still");
    expect([states, bob.messenger.connection], [[], "online"], "polling went on");
  },
};

function acknowledged({ server }, browser, cid) {
  const upto = () => server.acks.get(`${browser.client.did}/${cid}`);
  return until(() => upto() === server.conversations.get(cid).seq, `${browser.person.name} acknowledged`, upto);
}
