/** Keys are made, brought by a file, locked, and lost; what leaves the page in a file. */

import { toBase64Url } from "/static/js/lib/bytes.js";
import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { pause } from "./pace.js";
import { damaged, talking, ticked, twoPeople } from "./worlds.js";

export const SETUP = {
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

  async an_idle_browser_locks(world) {
    const { alice } = await twoPeople(world);
    alice.impatient = true;
    alice.messenger.touch();
    await until(() => alice.messenger.phase === "locked", "locked");
    expect(alice.messenger.connection, "offline", "no line");
    await refuses(alice.messenger.people({}), "NOT_UNLOCKED");
    expect(alice.messenger.conversations(), [], "nothing in memory");
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
    await ticked(cid, alice, bob);
    const progress = [];
    const { bytes, name } = await bob.messenger.exportConversation({ cid, onProgress: (done, total) => progress.push([done, total]) });
    expect(/^chat-export-alice-[0-9-]{10}\.e2cx$/.test(name), true, name);
    const events = world.server.conversations.get(cid).events.length;
    expect(progress.at(-1), [events, events], "progress");
    const { bytes: keyFile } = await bob.messenger.makeKeyFile({ passphrase: PASSPHRASE });
    return { bytes: toBase64Url(bytes), keyFile: toBase64Url(keyFile), passphrase: PASSPHRASE };
  },
};
