/** What heals later: keys that come, browsers that are renewed, storage that is gone. */

import { hex, utf8 } from "/static/js/lib/bytes.js";
import { encodeAssetLeaf } from "/static/js/crypto/log.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { openDatabase } from "/static/js/store/database.js";
import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { talking, ticked } from "./worlds.js";

/** As a server that was restored from an older backup. */
export function restore(world, cid, keep) {
  const conversation = world.server.conversations.get(cid);
  const lost = conversation.events.splice(keep);
  conversation.seq = keep;
  world.server.incarnation = `after ${world.server.incarnation}`;
  return lost;
}

export async function reconnect(...browsers) {
  for (const browser of browsers) {
    browser.client.goOffline();
    await until(() => browser.messenger.connection !== "online", "offline");
    browser.client.goOnline();
    browser.messenger.poke();
  }
}

const blockOf = (browser, cid) => browser.messenger.conversation(cid).blocked?.code ?? null;

// They talk, and of her next event nobody is told. ring: how he would be
async function unheard(world) {
  const { alice, bob, cid } = await talking(world);
  await ticked(cid, alice, bob);
  const { ring } = world.server;
  Object.assign(world.server, { handsOver: true, ring: () => {} });
  await alice.messenger.send(cid, "unheard");
  await until(async () => (await alice.states(cid)).at(-1) !== "queued", "accepted");
  return { alice, bob, cid, ring };
}

export const LATER = {
  async another_decision_does_not_let_an_older_copy_go_on(world) {
    const { alice, bob, cid } = await talking(world);
    bob.messenger.end();
    const fresh = world.browserOf(bob.person);
    await fresh.load();
    await fresh.messenger.resetKeys({ name: "bob", passphrase: PASSPHRASE });
    await until(() => blockOf(alice, cid) === "ROOT_RESET", "the first reason", () => alice.codes(cid));
    world.server.writeNumbers.set(alice.client.did, 1_000_000);
    await alice.reload();
    await until(async () => (await alice.codes(cid)).includes("STATE_ROLLBACK"), "the second reason is told", () => alice.codes(cid));
    expect(blockOf(alice, cid), "ROOT_RESET", "one after the other");
    await alice.messenger.decide(cid, "continue");
    expect(blockOf(alice, cid), "STATE_ROLLBACK", "still an older copy");
    await alice.messenger.renewBrowser({ passphrase: PASSPHRASE });
    expect(blockOf(alice, cid), null, "new keys of its own");
  },

  async what_a_restored_server_lost_is_sent_again(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    await alice.reload();
    await bob.reload();
    const conversation = world.server.conversations.get(cid);
    const counters = new Map(conversation.next);
    const keep = conversation.seq;
    await alice.messenger.send(cid, "lost of alice");
    await bob.sees(cid, "hello", "hi", "lost of alice");
    await bob.messenger.send(cid, "lost of bob");
    await alice.sees(cid, "hello", "hi", "lost of alice", "lost of bob");
    const epoch = conversation.epoch;
    expect(restore(world, cid, keep).length >= 2, true, "lost");
    conversation.next = counters;
    await reconnect(alice, bob);
    await until(() => blockOf(alice, cid) === "SEQ_REWRITE" && blockOf(bob, cid) === "SEQ_REWRITE", "both stop");
    await refuses(alice.messenger.decide(cid, "continue"), "SEQ_REWRITE");
    expect(await alice.texts(cid), ["hello", "hi", "lost of alice", "lost of bob"], "the copies are there");
    await alice.messenger.decide(cid, "resend");
    await until(() => conversation.epoch > epoch, "alice's new keys");
    await bob.messenger.decide(cid, "resend");
    const all = ["hello", "hi", "lost of alice", "lost of bob"];
    for (const browser of [alice, bob]) {
      await until(async () => (await browser.states(cid)).every((state) => state !== "queued"), "all is out", () => browser.codes(cid));
      await until(async () => same((await browser.texts(cid)).sort(), [...all].sort()), "each once", () => browser.texts(cid));
      expect(blockOf(browser, cid), null, "no block");
    }
    const third = world.browserOf(alice.person);
    await third.load();
    await third.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await until(async () => same((await third.texts(cid)).sort(), [...all].sort()), "the server has all of it", () => third.texts(cid));
    await alice.messenger.send(cid, "goes on");
    await bob.sees(cid, ...(await bob.texts(cid)).filter((text) => text !== "goes on"), "goes on");
  },

  async a_browser_that_lost_its_storage_says_so(world) {
    const { alice, bob, cid } = await talking(world);
    const file = await alice.keyFile();
    alice.messenger.end();
    const db = await openDatabase(`${alice.prefix}llave:${alice.person.uid}`);
    await db.remove();
    expect(await alice.load(), { phase: "import" }, "nothing is here");
    expect(alice.phases.at(-1), { phase: "import", code: "STORAGE_LOST" }, "but it was");
    await alice.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    await alice.sees(cid, "hello", "hi");
    await alice.messenger.forgetBrowser();
    expect(alice.phases.at(-1), { phase: "import" }, "what is forgotten on purpose is not lost");
    await alice.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    alice.client.goOffline();
    expect(await alice.messenger.forgetBrowser(), { phase: "import" }, "it is done without a network, too");
    alice.client.goOnline();
    await alice.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    await alice.sees(cid, "hello", "hi");
    expect((await world.browserOf(bob.person).load()).phase, "import", "a new browser");
    expect(world.browserOf(bob.person).phases, [], "nothing to say");
  },

  async lost_keys_are_agreed_anew_and_no_text_is_lost(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    alice.skew = 25 * 3_600_000; // the next message brings a record
    const conversation = world.server.conversations.get(cid);
    const { seq: keep, epoch, th } = conversation;
    const next = new Map(conversation.next);
    await alice.messenger.send(cid, "under new keys");
    await bob.sees(cid, "hello", "hi", "under new keys");
    restore(world, cid, keep);
    Object.assign(conversation, { epoch, th, next });
    await reconnect(alice, bob);
    await until(() => blockOf(alice, cid) === "SEQ_REWRITE" && blockOf(bob, cid) === "SEQ_REWRITE", "both stop");
    await alice.messenger.decide(cid, "resend");
    await until(async () => (await alice.states(cid)).at(-1) === "sent", "sent again under a restart", () => alice.states(cid));
    await bob.messenger.decide(cid, "resend");
    await until(() => blockOf(bob, cid) === "RESTART_SUSPECT", "bob is asked about the restart", () => bob.codes(cid));
    await bob.messenger.decide(cid, "continue");
    await until(async () => same(await bob.texts(cid), ["hello", "hi", "under new keys"]), "shown once", () => bob.texts(cid));
    await bob.messenger.send(cid, "it works");
    await until(async () => (await alice.texts(cid)).includes("it works"), "on both ways", () => alice.codes(cid));
    expect((await alice.texts(cid)).length, 4, "nothing twice");
  },

  async a_program_that_the_log_does_not_name_stops_writing(world) {
    const { alice, bob, cid } = await talking(world);
    const manifest = utf8("the import map of a release");
    alice.manifestHash = await sha256(manifest);
    await alice.reload();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "CODE_UNTRUSTED", "blocked");
    expect(alice.messenger.build, hex(alice.manifestHash).slice(0, 16), "build");
    expect(world.server.hellos.map(({ build = null }) => build), [null, null, alice.messenger.build], "told in hello, when there is one");
    await refuses(alice.messenger.decide(cid, "continue"), "CODE_UNTRUSTED");
    await bob.messenger.send(cid, "still read");
    await alice.sees(cid, "hello", "hi", "still read");
    const carol = world.browserOf(world.server.addPerson("carol"));
    await carol.setUp();
    const other = await alice.messenger.startWith(carol.person.uid);
    await until(() => alice.messenger.conversation(other).blocked?.code === "CODE_UNTRUSTED", "new chats too");

    await world.server.append(await encodeAssetLeaf({ build: alice.messenger.build, manifest }));
    await alice.reload();
    await until(() => [cid, other].every((one) => alice.messenger.conversation(one).blocked === null), "lifted");
    await alice.messenger.send(cid, "writing again");
    await bob.sees(cid, "hello", "hi", "still read", "writing again");
  },

  async what_had_no_keys_is_read_in_its_place(world) {
    const { alice, bob, cid } = await talking(world);
    const file = await alice.keyFile();
    const second = world.browserOf(alice.person);
    await second.load();
    const { fetchPrekeys } = world.server;
    world.server.fetchPrekeys = () => ({ prekeys: {} }); // nobody can let it in
    await second.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    await until(() => world.server.conversations.get(cid).events.filter(({ kind }) => kind === "record").length > 2, "a record without it");
    await second.reload();
    alice.skew = 25 * 3_600_000; // time for new keys
    await alice.messenger.send(cid, "unread");
    await bob.sees(cid, "hello", "hi", "unread");
    await until(async () => (await second.codes(cid)).includes("NO_EPOCH_KEY"), "missing", () => second.codes(cid));
    await bob.messenger.send(cid, "too");
    await ticked(cid, alice, bob);
    const { events } = world.server.conversations.get(cid);
    const unread = events.length - 1 - events.findLastIndex(({ kind }) => kind === "record");
    await until(async () => (await second.codes(cid)).filter((code) => code === "NO_EPOCH_KEY").length === unread, "missing, too", () => second.codes(cid));
    await refuses(second.messenger.readAgain({ cid, passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    const { read, left } = await second.messenger.readAgain({ cid, passphrase: PASSPHRASE });
    expect([read >= 2, left], [true, 0], `read ${read}`);
    expect(await second.texts(cid), ["hello", "hi", "unread", "too"], "in their places");
    expect((await second.codes(cid)).includes("NO_EPOCH_KEY"), false, "none is missing");
    expect(second.messages.at(-1).isNew, false, "no news");
    world.server.fetchPrekeys = fetchPrekeys;
    await second.reload();
    expect(await second.texts(cid), ["hello", "hi", "unread", "too"], "kept");
  },

  async an_older_copy_gets_new_keys_and_loses_nothing(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const before = await alice.copy();
    await alice.messenger.send(cid, "after the copy");
    await bob.sees(cid, "hello", "hi", "after the copy");
    await until(() => (world.server.writeNumbers.get(alice.client.did) ?? 0) > 0, "told");
    await until(async () => (await alice.states(cid)).at(-1) === "delivered", "all told");
    const { did } = alice.client;
    await until(() => world.server.writeNumbers.get(did) > before.find(({ key }) => key === "write_no").value, "more than the copy has");
    await alice.putBack(before);
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await until(() => alice.messenger.conversation(cid).blocked?.code === "STATE_ROLLBACK", "blocked");
    await alice.messenger.send(cid, "waits");
    await refuses(alice.messenger.renewBrowser({ passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    expect(await alice.messenger.renewBrowser({ passphrase: PASSPHRASE }), { phase: "open" }, "renewed");
    await bob.sees(cid, "hello", "hi", "after the copy", "waits");
    await alice.sees(cid, "hello", "hi", "after the copy", "waits");
    expect(alice.client.did === did, false, "another id");
    expect(alice.person.bundles.at(-1).devices.length, 1, "the old id is gone");
    expect(alice.messenger.conversation(cid).blocked ?? bob.messenger.conversation(cid).blocked, null, "no block");
    await alice.reload();
    await alice.messenger.send(cid, "still");
    await bob.sees(cid, "hello", "hi", "after the copy", "waits", "still");
  },

  async an_older_copy_with_older_keys_of_the_account_is_told_so_and_brought_the_file(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const before = await alice.copy();
    await alice.messenger.renewRoot({ passphrase: PASSPHRASE });
    const bytes = await alice.keyFile();
    await until(() => world.server.writeNumbers.get(alice.client.did) > before.find(({ key }) => key === "write_no").value, "more than the copy has");
    await alice.putBack(before);
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await until(() => blockOf(alice, cid) !== null, "blocked");
    await refuses(alice.messenger.renewBrowser({ passphrase: PASSPHRASE }), "KEYS_OLD_HERE");
    expect([alice.phases.at(-1), alice.person.bundles.length], [{ phase: "locked", code: "KEYS_OLD_HERE" }, 2], "nothing was published");
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await alice.messenger.bringKeyFile({ bytes, passphrase: PASSPHRASE });
    expect(await alice.messenger.renewBrowser({ passphrase: PASSPHRASE }), { phase: "open" }, "renewed with the keys of the file");
    await until(() => blockOf(bob, cid) === "ROOT_ROTATED", "bob is asked");
    await bob.messenger.decide(cid, "continue");
    await alice.messenger.send(cid, "back again");
    await bob.sees(cid, "hello", "hi", "back again");
  },

  async an_older_copy_that_was_opened_offline_stops_once_online(world) {
    const { alice, cid } = await talking(world);
    await ticked(cid, alice);
    alice.messenger.end();
    world.server.writeNumbers.set(alice.client.did, 1_000_000);
    await alice.load();
    alice.client.goOffline();
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    expect(blockOf(alice, cid), null, "nobody was asked");
    await alice.messenger.send(cid, "waits");
    alice.client.goOnline();
    await until(() => blockOf(alice, cid) === "STATE_ROLLBACK", "asked as soon as possible", () => alice.messenger.connection);
    await alice.messenger.renewBrowser({ passphrase: PASSPHRASE });
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "all is out", () => alice.codes(cid));
  },

  async a_renewal_goes_on_after_a_lost_answer(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.refusePosts.push([409, "COUNTER_TAKEN"]);
    await alice.messenger.send(cid, "kept");
    await until(() => alice.messenger.conversation(cid).blocked?.code === "STATE_ROLLBACK", "blocked");
    const { publish } = world.server;
    world.server.publish = async function lost(...asked) {
      await publish.apply(world.server, asked);
      world.server.publish = publish;
      throw new TypeError("network");
    };
    await refuses(alice.messenger.renewBrowser({ passphrase: PASSPHRASE }), "OFFLINE");
    expect(alice.messenger.phase, "locked", "phase");
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await bob.sees(cid, "hello", "hi", "kept");
    expect(alice.person.bundles.length, 2, "versions");
  },

  async an_event_handed_over_needs_no_pull(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.handsOver = true;
    world.server.pullsSeen = 0;
    await alice.messenger.send(cid, "one");
    await alice.messenger.send(cid, "two");
    await bob.sees(cid, "hello", "hi", "one", "two");
    await until(async () => (await alice.states(cid)).at(-1) === "delivered", "acknowledged");
    expect(world.server.pullsSeen, 0, "pulls");
    await bob.reload();
    expect(await bob.texts(cid), ["hello", "hi", "one", "two"], "kept");
  },

  async messages_that_cross_need_no_pull(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    Object.assign(world.server, { handsOver: true, pullsSeen: 0 });
    for (const n of [1, 2, 3, 4]) await Promise.all([alice, bob].map(({ messenger, person }) => messenger.send(cid, `${person.name} ${n}`)));
    for (const one of [alice, bob]) await until(async () => (await one.texts(cid)).length === 10, "all are there", () => one.texts(cid));
    await ticked(cid, alice, bob);
    expect([world.server.pullsSeen, await alice.texts(cid)], [0, await bob.texts(cid)], "pulls, and one order");
  },

  async an_event_handed_over_out_of_turn_is_a_bell(world) {
    const { alice, bob, cid, ring } = await unheard(world);
    world.server.ring = ring;
    await alice.messenger.send(cid, "heard");
    await bob.sees(cid, "hello", "hi", "unheard", "heard");
    const { events, uids } = world.server.conversations.get(cid);
    for (const event of [...events].reverse()) world.server.ring({ cid, uids, seq: event.seq }, alice.client, event);
    await alice.messenger.send(cid, "after a storm of old ones");
    await bob.sees(cid, "hello", "hi", "unheard", "heard", "after a storm of old ones");
  },

  async an_event_handed_over_twice_out_of_turn_is_no_gap(world) {
    const { alice, bob, cid, ring } = await unheard(world);
    Object.assign(world.server, { ring: (...told) => [1, 2].forEach(() => ring.apply(world.server, told)), swallow: ({ f }) => f === "pull", pullsSeen: 0 });
    await alice.messenger.send(cid, "heard twice");
    await until(() => world.server.pullsSeen > 0, "what lies before it was asked for");
    bob.client.goOffline();
    world.server.swallow = null;
    bob.client.goOnline();
    await bob.sees(cid, "hello", "hi", "unheard", "heard twice");
    expect([(await bob.codes(cid)).includes("SEQ_GAP"), bob.problems], [false, []], "no gap is told");
  },

  async an_answer_from_before_the_news_is_no_gap(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const socket = [...world.server.sockets].find(({ client }) => client === alice.client);
    const push = socket.push.bind(socket);
    const answers = []; // the first, that there is nothing new, is overtaken by the bell of the news, and comes with the second
    socket.push = (frame) => {
      if (frame.f !== "events") return push(frame);
      answers.push(frame);
      return answers.length > 1 && (answers.length === 2 ? answers : [frame]).forEach(push);
    };
    world.server.refusePosts.push([409, "EPOCH_CONFLICT"]);
    await alice.messenger.setTimer({ cid, timerS: 3_600 });
    await until(() => answers.length === 1, "she looks for the record that won");
    expect(answers[0].items.length, 0, "nothing yet");
    await bob.messenger.send(cid, "news");
    await alice.sees(cid, "hello", "hi", "news");
    await until(() => bob.messenger.conversation(cid).timerS === 3_600, "her record is in");
    expect([alice.lines.has("SEQ_GAP"), alice.problems], [false, []], "nothing is said to be missing");
  },
};
