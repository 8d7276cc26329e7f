/** The claims of test_chat.py, each a story of people and browsers; run in a page. */

import { ATTACHMENTS } from "./attachments.js";
import { ACROSS } from "./across.js";
import { CHANGES } from "./changes.js";
import { toBase64Url } from "/static/js/lib/bytes.js";
import { FakeServer } from "./fake-server.js";
import { FAULTS } from "./faults.js";
import { HOSTILE } from "./hostile.js";
import { LATER } from "./later.js";
import { OWN_KEYS } from "./own-keys.js";
import { TABS } from "./tabs.js";
import { TIMERS } from "./timers.js";
import { Browser, PASSPHRASE, expect, pause, refuses, same, until } from "./harness.js";
import { damaged, spoil, talking, ticked, twoPeople } from "./worlds.js";

/** @param {string} name @returns {Promise<object>} what the browsers complained about, and what the scenario hands on */
export async function run(name) {
  globalThis.faults.length = 0;
  const server = await FakeServer.make();
  const browsers = [];
  let told;
  const browserOf = (person) => {
    browsers.push(new Browser(server, person));
    return browsers.at(-1);
  };
  try {
    told = await SCENARIOS[name]({ server, browserOf });
  } catch (error) {
    const problems = browsers.map(({ person, problems: list }) => [person.name, list]);
    throw new Error(`${error.stack}\n${JSON.stringify({ problems, faults: globalThis.faults })}`);
  } finally {
    browsers.forEach(({ messenger }) => messenger?.end());
  }
  const problems = browsers.flatMap(({ problems: list }) => list.map(({ code, cause }) => (cause ? `${code} ${cause}` : code)));
  return { faults: globalThis.faults, problems, told };
}

const SCENARIOS = {
  ...ACROSS,
  ...HOSTILE,
  ...LATER,
  ...OWN_KEYS,
  ...TABS,
  ...TIMERS,
  ...CHANGES,
  ...FAULTS,
  ...ATTACHMENTS,

  async setup_steps_and_phases({ server, browserOf }) {
    const alice = browserOf(server.addPerson("alice"));
    expect(await alice.load(), { phase: "setup" }, "first");
    await refuses(alice.messenger.createKeys({ passphrase: "short" }), "PASSPHRASE_TOO_SHORT");
    const steps = [];
    const { messenger } = alice;
    expect(await messenger.createKeys({ passphrase: PASSPHRASE, onStep: (step) => steps.push(step) }), { phase: "prove" }, "made");
    expect(steps, ["make", "protect", "publish", "log"], "steps");
    await refuses(messenger.startWith(alice.person.uid), "NOT_UNLOCKED");
    alice.messenger.end();
    expect(await alice.load(), { phase: "prove" }, "after a reload");
    const file = await alice.messenger.makeKeyFile({ passphrase: PASSPHRASE });
    await refuses(alice.messenger.proveKeyFile({ bytes: file.bytes, passphrase: `${PASSPHRASE}x` }), "KEYFILE_WRONG_PASSPHRASE");
    await refuses(alice.messenger.proveKeyFile({ bytes: file.bytes.slice(0, 100), passphrase: PASSPHRASE }), "KEYFILE_BAD_FORMAT");
    expect(await alice.messenger.proveKeyFile({ bytes: file.bytes, passphrase: PASSPHRASE }), { phase: "open" }, "proved");
    await alice.online();
    await alice.messenger.lock();
    expect(alice.messenger.phase, "locked", "locked");
    await refuses(alice.messenger.unlock({ passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    expect(await alice.messenger.unlock({ passphrase: PASSPHRASE }), { phase: "open" }, "unlocked");
  },

  async a_chat_begins_before_the_session_knows_the_browser({ server, browserOf }) {
    const [alice, bob] = [browserOf(server.addPerson("alice")), browserOf(server.addPerson("bob"))];
    await alice.setUp();
    await bob.setUp();
    await alice.online();
    alice.client.did = null; // as right after a page load, or after another login
    const cid = await alice.messenger.startWith(bob.person.uid);
    expect(alice.messenger.conversations().map((one) => one.cid), [cid], "it is there");
    expect(alice.client.did !== null, true, "bound");
  },

  async setup_goes_on_after_a_lost_answer({ server, browserOf }) {
    const alice = browserOf(server.addPerson("alice"));
    await alice.load();
    const publish = server.publish;
    server.publish = async function lost(...asked) {
      await publish.apply(server, asked);
      server.publish = publish;
      throw new TypeError("network");
    };
    await refuses(alice.messenger.createKeys({ passphrase: PASSPHRASE }), "OFFLINE");
    alice.messenger.end();
    expect(await alice.load(), { phase: "locked" }, "it was published");
    expect(await alice.messenger.unlock({ passphrase: PASSPHRASE }), { phase: "prove" }, "goes on");
    expect(alice.person.bundles.length, 1, "versions");
  },

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

  async an_imported_key_file_reads_and_writes(world) {
    const { alice, bob, cid } = await talking(world);
    const [file, foreign] = [await alice.keyFile(), await bob.keyFile()];
    const second = world.browserOf(alice.person);
    expect(await second.load(), { phase: "import" }, "import");
    await refuses(second.messenger.importKeyFile({ bytes: file, passphrase: "wrong wrong wrong wrong" }), "KEYFILE_WRONG_PASSPHRASE");
    await refuses(second.messenger.importKeyFile({ bytes: foreign, passphrase: PASSPHRASE }), "KEYFILE_WRONG_ACCOUNT");
    await refuses(second.messenger.importKeyFile({ bytes: damaged(file), passphrase: PASSPHRASE }), "KEYFILE_DAMAGED");
    await refuses(second.messenger.importKeyFile({ bytes: new Uint8Array(9), passphrase: PASSPHRASE }), "KEYFILE_BAD_FORMAT");
    const progress = [];
    const { phase } = await second.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE, onHistory: (done, total) => progress.push([done, total]) });
    expect(phase, "open", "imported");
    expect(progress.at(-1)[0], progress.at(-1)[1], "progress");
    expect(second.messages.filter(({ isNew }) => isNew).length, 0, "no news");
    await second.sees(cid, "hello", "hi");
    await second.messenger.send(cid, "from the second");
    await bob.sees(cid, "hello", "hi", "from the second");
    await alice.sees(cid, "hello", "hi", "from the second");
    await bob.messenger.send(cid, "to both");
    await second.sees(cid, "hello", "hi", "from the second", "to both");
    await alice.sees(cid, "hello", "hi", "from the second", "to both");
    const { items } = await alice.messenger.messages(cid);
    expect(items.find(({ text }) => text === "from the second").mine, true, "mine too");
    await until(async () => (await bob.codes(cid)).includes("DEVICE_ADDED"), "bob is told", () => bob.codes(cid));
    expect(alice.messenger.conversation(cid).blocked ?? bob.messenger.conversation(cid).blocked, null, "no block");
  },

  async a_new_browser_alone_restarts(world) {
    const { alice, bob, cid } = await talking(world);
    const file = await alice.keyFile();
    alice.messenger.end();
    bob.messenger.end();
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    await second.messenger.send(cid, "nobody is here");
    await until(async () => (await second.codes(cid)).includes("RESTARTED"), "restart", () => second.codes(cid));
    await bob.reload();
    await bob.sees(cid, "hello", "hi", "nobody is here");
    expect(bob.messenger.conversation(cid).blocked, null, "no block");
    await bob.messenger.send(cid, "I am");
    await second.sees(cid, "hello", "hi", "nobody is here", "I am");
  },

  async a_reset_root_blocks_until_decided(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.safetyNumber(cid);
    await alice.messenger.setVerified(cid, true);
    expect(alice.messenger.conversation(cid).verified, true, "verified");
    bob.messenger.end();
    const fresh = world.browserOf(bob.person);
    await fresh.load();
    await refuses(fresh.messenger.resetKeys({ name: "alice" }), "WRONG_NAME");
    expect(await fresh.messenger.resetKeys({ name: "bob" }), { phase: "setup" }, "reset");
    await fresh.makeKeys();
    await until(() => alice.messenger.conversation(cid).blocked?.code === "ROOT_RESET", "blocked", () => alice.messenger.conversation(cid));
    expect(alice.messenger.conversation(cid).verified, false, "verified no more");
    const posts = world.server.conversations.get(cid).events.length;
    await alice.messenger.send(cid, "is it you?");
    await pause(300);
    expect(world.server.conversations.get(cid).events.length, posts, "nothing is sent");
    expect((await alice.states(cid)).at(-1), "queued", "kept");
    await alice.messenger.decide(cid, "continue");
    await until(async () => (await fresh.texts(cid)).includes("is it you?"), "sent after the decision", () => fresh.codes(cid));
    await bob.reload();
    await until(() => bob.problems.some(({ code }) => code === "LOG_SELF_FORGED"), "the old browser is alarmed", () => bob.problems);
  },

  async a_replayed_event_is_shown_once(world) {
    const { alice, bob, cid } = await talking(world);
    const conversation = world.server.conversations.get(cid);
    const copy = conversation.events.findLast(({ kind }) => kind === "message");
    const victim = copy.did === alice.client.did ? bob : alice;
    conversation.seq += 1;
    conversation.events.push({ ...copy, seq: conversation.seq, client_id: crypto.randomUUID() });
    world.server.ring(conversation, null);
    await alice.messenger.send(cid, "after");
    await victim.sees(cid, "hello", "hi", "after");
    expect((await victim.codes(cid)).filter((code) => code !== "STARTED"), [], "nothing to see");
  },

  async a_broken_message_is_kept_as_missing(world) {
    const { alice, bob, cid } = await talking(world);
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
  },

  async a_conversation_file_reads_back(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.send(cid, "more");
    await bob.sees(cid, "hello", "hi", "more");
    const { bytes, name } = await bob.messenger.conversationFile({ cid, passphrase: PASSPHRASE });
    expect(name.startsWith("chat-alice-"), true, name);
    const read = await bob.messenger.readConversationFile({ bytes, passphrase: PASSPHRASE });
    expect(read.messages.map(({ text, mine }) => [text, mine]), [["hello", false], ["hi", true], ["more", false]], "messages");
    await refuses(bob.messenger.proveKeyFile({ bytes, passphrase: PASSPHRASE }), "KEYFILE_BAD_FORMAT");
    await refuses(bob.messenger.readConversationFile({ bytes, passphrase: "another one entirely" }), "KEYFILE_WRONG_PASSPHRASE");
  },

  async an_export_holds_everything_but_the_key(world) {
    const { alice, bob, cid } = await talking(world);
    await alice.messenger.send(cid, "more");
    await bob.sees(cid, "hello", "hi", "more");
    const progress = [];
    const { bytes, name } = await bob.messenger.exportConversation({ cid, onProgress: (done, total) => progress.push([done, total]) });
    expect(/^chat-export-alice-[0-9-]{10}\.e2cx$/.test(name), true, name);
    const events = world.server.conversations.get(cid).events.length;
    expect(progress.at(-1), [events, events], "progress");
    const { bytes: keyFile } = await bob.messenger.makeKeyFile({ passphrase: PASSPHRASE });
    return { bytes: toBase64Url(bytes), keyFile: toBase64Url(keyFile), passphrase: PASSPHRASE };
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

  async an_idle_browser_locks(world) {
    const { alice } = await twoPeople(world);
    alice.impatient = true;
    alice.messenger.touch();
    await until(() => alice.messenger.phase === "locked", "locked");
    expect(alice.messenger.connection, "offline", "no line");
    await refuses(alice.messenger.people({}), "NOT_UNLOCKED");
    expect(alice.messenger.conversations(), [], "nothing in memory");
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

export const NAMES = Object.keys(SCENARIOS);
