/** What a server may try that lies, and what a browser may lose between two steps. */

import { fromBase64Url, toBase64Url } from "/static/js/lib/bytes.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { pause } from "./pace.js";
import { talking, ticked, twoPeople } from "./worlds.js";

const problemsOf = (browser, code) => browser.problems.filter((problem) => problem.code === code).length;

// Alice is away while the server's past becomes another one; the first comparison after she comes back gets no answer.
async function withAnotherPast(world) {
  const { alice, bob, cid } = await talking(world);
  await ticked(cid, alice, bob);
  const { server } = world;
  alice.client.goOffline();
  const conversation = server.conversations.get(cid);
  conversation.events.forEach((event) => Object.assign(event, { sha256: "another" }));
  server.incarnation = "second";
  let pulls = 0;
  server.swallow = ({ f }) => f === "pull" && (pulls += 1) === 1;
  const comesBack = () => {
    alice.client.goOnline();
    alice.messenger.poke();
    return until(() => pulls > 0, "asked for what it knows");
  };
  return { alice, bob, cid, conversation, comesBack };
}

export const HOSTILE = {
  async pages_that_lead_nowhere_end(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    let pulls = 0;
    server.page = ({ cid: of, events }, after) => {
      pulls += 1;
      return { f: "events", cid: of, from: after + 1, to: after, items: events.slice(0, 1) };
    };
    await alice.messenger.send(cid, "never read");
    await until(async () => (await bob.codes(cid)).includes("SEQ_GAP"), "named", () => bob.problems);
    await pause(200);
    expect(pulls < 10, true, `pulls: ${pulls}`);
  },

  async wrong_shapes_are_named({ server, browserOf }) {
    const alice = browserOf(server.addPerson("alice"));
    server.me = () => ({ uid: "../../x", name: {}, display_name: 1, bundle_version: "0" });
    await refuses(alice.load(), "BAD_ANSWER");
    delete server.me;
    await alice.setUp();
    server.peopleList = () => ({ people: [{ uid: alice.person.uid, name: "alice", display_name: {} }] });
    await refuses(alice.messenger.people({}), "BAD_ANSWER");
    server.byUid = () => ({ people: null });
    await refuses(alice.messenger.startWith("0".repeat(32)), "BAD_ANSWER");
    [...server.sockets][0].push({ f: "welcome", incarnation: 7, heads: [] });
    await until(() => problemsOf(alice, "BAD_ANSWER") > 0, "an unreadable frame");
  },

  async nobody_else_is_let_into_a_pair(world) {
    const { server } = world;
    const { alice, bob } = await twoPeople(world);
    const mallory = server.addPerson("mallory");
    const { start } = server;
    const pairs = [[bob.person.uid, mallory.uid].sort(), [alice.person.uid], [alice.person.uid, bob.person.uid].sort().reverse()];
    for (const uids of pairs) {
      server.start = () => ({ cid: "ab".repeat(16), uids, seq: 0, epoch: -1, updated: 0 });
      await refuses(alice.messenger.startWith(mallory.uid), "BAD_ANSWER");
    }
    server.start = (client) => start.call(server, client, bob.person.uid);
    await refuses(alice.messenger.startWith(mallory.uid), "BAD_ANSWER");
    expect(alice.messenger.conversations().length, 1, "only the chat with bob");
  },

  async waits_have_bounds(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const { post } = world.server;
    let posts = 0;
    world.server.post = async (client, data) => {
      if (client !== alice.client) return post.call(world.server, client, data);
      posts += 1;
      return { f: "refused", cid, client_id: data.client_id, status: 429, code: "TOO_MANY", retry_after: posts % 2 ? -1e300 : 1e-9 };
    };
    await alice.messenger.send(cid, "patience");
    const more = ["1", "2", "3", "4", "5"];
    for (const text of more) await bob.messenger.send(cid, text); // each is a reason to look at what waits
    await alice.sees(cid, "hello", "hi", ...more, "patience");
    posts = 0;
    await pause(200);
    expect(posts < 20, true, `posts: ${posts}`);
    world.server.post = post;
    await bob.sees(cid, "hello", "hi", ...more, "patience");
  },

  async a_line_that_is_closing_takes_nothing(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const line = [...world.server.sockets].find(({ client }) => client === alice.client);
    const told = [];
    Object.assign(line, { readyState: WebSocket.CLOSING, send: (frame) => told.push(frame) });
    await alice.messenger.send(cid, "for the next one");
    await pause(200);
    expect([told, (await alice.states(cid)).at(-1)], [[], "queued"], "nothing is said into it");
    line.shut(1001);
    await bob.sees(cid, "hello", "hi", "for the next one");
  },

  async a_post_that_nobody_heard_is_sent_again(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    let unheard = 0;
    world.server.isDeaf = (frame) => frame.f === "post" && (unheard += 1) === 1;
    await alice.messenger.send(cid, "once");
    await until(async () => (await alice.states(cid)).at(-1) !== "queued", "settled", () => alice.states(cid));
    await bob.sees(cid, "hello", "hi", "once");
  },

  async a_request_without_an_answer_ends(world) {
    const { alice, bob, cid } = await talking(world);
    const { server } = world;
    alice.answerWithinMs = 3_000;
    await alice.reload();
    await alice.online();
    server.keys = async () => ({});
    const { answer } = server;
    server.answer = () => new Promise(() => {});
    server.sockets.forEach((socket) => socket.client === alice.client && socket.push({ f: "bell", log_size: 99 }));
    await pause(50);
    server.answer = answer;
    delete server.keys;
    await bob.messenger.send(cid, "still?");
    await alice.sees(cid, "hello", "hi", "still?");
  },

  async a_place_that_is_taken_is_a_rewrite(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const { post } = world.server;
    world.server.post = async (...asked) => ({ ...(await post.apply(world.server, asked)), seq: 1 });
    const before = world.server.postsSeen;
    await alice.messenger.send(cid, "where?");
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
    await pause(200);
    expect(world.server.postsSeen - before < 4, true, "posts");
  },

  async other_bytes_than_were_sent_are_a_rewrite(world) {
    const { alice, cid } = await talking(world);
    const { post } = world.server;
    world.server.post = async (...asked) => ({ ...(await post.apply(world.server, asked)), sha256: "A".repeat(43) });
    await alice.messenger.send(cid, "what?");
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
  },

  async a_lower_head_is_a_rewrite(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    alice.client.goOffline();
    const conversation = world.server.conversations.get(cid);
    conversation.events.length = conversation.seq = 1;
    alice.client.goOnline();
    alice.messenger.poke();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
    expect(await alice.texts(cid), ["hello", "hi"], "kept here");
  },

  async a_late_lower_head_is_nothing(world) {
    const { alice, bob, cid } = await talking(world);
    world.server.sockets.forEach((socket) => socket.push({ f: "heads", heads: { [cid]: 1 }, log_size: 0, now_ms: 0 }));
    await alice.messenger.send(cid, "fine");
    await bob.sees(cid, "hello", "hi", "fine");
    expect(alice.messenger.conversation(cid).blocked ?? bob.messenger.conversation(cid).blocked, null, "no block");
  },

  async the_past_is_compared_before_anything_is_read(world) {
    const { alice, cid, conversation, comesBack } = await withAnotherPast(world);
    conversation.events.push({ ...conversation.events.at(-1), seq: conversation.seq += 1 });
    await comesBack();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
    expect((await alice.codes(cid)).filter((code) => code !== "STARTED"), ["SEQ_REWRITE"], "nothing of it was read");
  },

  async nothing_is_read_while_the_past_waits_to_be_compared(world) {
    const { alice, bob, cid, comesBack } = await withAnotherPast(world);
    await comesBack();
    await bob.messenger.send(cid, "of the new past"); // its bell is looked at when the comparison failed, before the next try
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "blocked");
    expect(await alice.texts(cid), ["hello", "hi"], "nothing of it was read");
  },

  async an_own_message_again_is_silent(world) {
    const { alice, bob, cid } = await talking(world);
    const conversation = world.server.conversations.get(cid);
    await alice.messenger.send(cid, "mine");
    await until(async () => (await alice.states(cid)).at(-1) !== "queued", "sent");
    const now = conversation.events.findLast(({ kind, did }) => kind === "message" && did === alice.client.did);
    conversation.events.push({ ...now, seq: conversation.seq += 1, client_id: crypto.randomUUID() });
    world.server.ring(conversation, null);
    await bob.messenger.send(cid, "after");
    await alice.sees(cid, "hello", "hi", "mine", "after");
    expect((await alice.codes(cid)).filter((code) => code !== "STARTED"), [], "nothing to see");
    expect(alice.messenger.conversation(cid).blocked, null, "no block");
  },

  async an_epoch_far_away_moves_nothing(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const record = conversation.events.findLast(({ kind }) => kind === "record");
    const bytes = fromBase64Url(record.blob);
    const label = bytes[4] + 1;
    bytes.set([255, 255, 255, 255], 4 + label + 1 + 48);
    const far = { ...record, blob: toBase64Url(bytes), sha256: toBase64Url(await sha256(bytes)), client_id: crypto.randomUUID() };
    conversation.events.push({ ...far, seq: conversation.seq += 1 });
    world.server.ring(conversation, null);
    await until(() => bob.messenger.conversation(cid).blocked?.code === "EPOCH_GAP", "blocked", () => bob.codes(cid));
    await bob.messenger.decide(cid, "continue");
    await bob.messenger.send(cid, "same keys");
    await until(async () => (await alice.texts(cid)).includes("same keys"), "goes on", () => alice.codes(cid));
    expect((await bob.codes(cid)).includes("RESTARTED"), false, "no new start");
  },

  async keys_that_the_server_denies_stay(world) {
    const { alice, cid } = await talking(world);
    world.server.me = (client) => ({ ...Object.getPrototypeOf(world.server).me.call(world.server, client), bundle_version: 0 });
    alice.messenger.end();
    expect(await alice.load(), { phase: "locked" }, "not a new account");
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    expect((await alice.texts(cid))[0], "hello", "all is there");
  },

  async a_chain_without_an_end_ends(world) {
    const { alice } = await twoPeople(world);
    const { server } = world;
    const carol = server.addPerson("carol");
    const bob = [...server.people.values()].find(({ name }) => name === "bob");
    carol.bundles = bob.bundles;
    const page = server.bundles.bind(server);
    let pages = 0;
    server.bundles = (uid, after) => {
      if (uid !== carol.uid) return page(uid, after);
      pages += 1;
      return { ...page(uid, 0), current: 2 ** 40 };
    };
    const cid = await alice.messenger.startWith(carol.uid);
    await alice.messenger.send(cid, "to nobody");
    await until(async () => (await alice.codes(cid)).includes("NAME_REBOUND"), "refused", () => alice.problems);
    await pause(300);
    expect(pages, 2, "pages: one each time, and it is tried once more after the line");
  },

  async a_log_without_an_end_ends({ server, browserOf }) {
    const alice = browserOf(server.addPerson("alice"));
    await alice.load();
    const leaves = Array.from({ length: 300_000 }, () => "AAAA");
    server.logPage = async (from) => ({ leaves, size: from + 10 ** 9, head: "AAAA", sig: "AAAA", log_pub: "AAAA" });
    await alice.messenger.createKeys({ passphrase: PASSPHRASE });
    await until(() => problemsOf(alice, "LOG_SPLIT_VIEW") > 0, "named", () => alice.problems);
  },

  async wrong_prekey_numbers_keep_nothing_back(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    world.server.prekeyState = () => ({ opk_left: -1e9, opk_max_id: 2 ** 52, spk_id: 1, spk_not_after_ms: 0 });
    alice.client.goOffline();
    await until(() => alice.messenger.connection !== "online", "offline");
    await alice.messenger.send(cid, "waiting");
    alice.client.goOnline();
    alice.messenger.poke();
    await bob.sees(cid, "hello", "hi", "waiting");
    await until(() => problemsOf(alice, "BAD_ANSWER") > 0, "named");
  },

  async a_message_taken_back_stays_back(world) {
    const { alice, bob, cid } = await talking(world);
    const sent = ["hello", "hi"];
    for (let n = 0; n < 12; n += 1) {
      const { id } = await alice.messenger.send(cid, `m${n}`);
      for (let turn = 0; turn < n; turn += 1) await Promise.resolve();
      if (n % 3 === 0) await pause(1);
      const error = await alice.messenger.discard(cid, id).then(() => null, (reason) => reason);
      if (error) sent.push(`m${n}`);
      if (error && error.code !== "NOT_FOUND") expect(error.code, "ALREADY_SENT", "code");
    }
    await alice.messenger.send(cid, "end");
    await bob.sees(cid, ...sent, "end");
    await alice.sees(cid, ...sent, "end");
    expect(alice.messenger.conversation(cid).blocked, null, "no block");
  },

  async trying_again_what_goes_out_anyway_is_nothing(world) {
    const { alice, bob, cid } = await talking(world);
    const { id } = await alice.messenger.send(cid, "once");
    await Promise.allSettled([1, 2, 3].map(() => alice.messenger.retry(cid, id)));
    await bob.sees(cid, "hello", "hi", "once");
    await alice.sees(cid, "hello", "hi", "once");
    expect(alice.messenger.conversation(cid).blocked, null, "no block");
  },

  async two_clicks_unlock_once(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.lock();
    const { messenger } = alice;
    await Promise.all([1, 2, 3].map(() => messenger.unlock({ passphrase: PASSPHRASE })));
    await alice.online();
    expect([...world.server.sockets].filter(({ client }) => client === alice.client).length, 1, "lines");
    await Promise.all([1, 2, 3].map((n) => messenger.send(cid, `n${n}`)));
    await bob.sees(cid, "hello", "hi", "n1", "n2", "n3");
    expect(messenger.conversation(cid).blocked, null, "no block");
  },

  async what_does_not_load_is_not_open(world) {
    const { alice } = await talking(world);
    await alice.messenger.lock();
    await alice.spoilRing("conv:");
    for (let n = 0; n < 2; n += 1) await refuses(alice.messenger.unlock({ passphrase: PASSPHRASE }), "STORAGE_DAMAGED");
    expect(alice.messenger.phase, "locked", "phase");
  },

  async no_timer_outlives_the_lock(world) {
    const { alice, cid } = await talking(world);
    await alice.messenger.send(cid, "last");
    await alice.messenger.lock();
    await pause(20);
    expect(alice.timers.size, 0, "timers");
  },

  async a_mark_is_for_the_root_that_was_shown(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.safetyNumber(cid);
    bob.messenger.end();
    const fresh = world.browserOf(bob.person);
    await fresh.load();
    await fresh.messenger.resetKeys({ name: "bob" });
    await fresh.makeKeys();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "ROOT_RESET", "blocked");
    await alice.messenger.setVerified(cid, true);
    expect(alice.messenger.conversation(cid).verified, false, "another root than was compared");
    await alice.messenger.safetyNumber(cid);
    await alice.messenger.setVerified(cid, true);
    expect(alice.messenger.conversation(cid).verified, true, "compared now");
  },

  async what_is_too_long_on_the_wire_is_said_at_once(world) {
    const { alice, bob, cid } = await talking(world);
    await refuses(alice.messenger.send(cid, `x${"\u0001".repeat(15_000)}`), "TEXT_TOO_LONG");
    await alice.messenger.send(cid, "\u{1f600}".repeat(15_000));
    await until(async () => (await bob.texts(cid)).length === 3, "the longest that fits");
  },
};
