/** Several tabs of one browser: one is in charge, the others do everything through it. */

import { ACTS } from "/static/js/chat/acts.js";
import { Messenger } from "/static/js/chat/messenger.js";
import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { talking, twoPeople } from "./worlds.js";

const NOT_ASKED = ["constructor", "conversations", "conversation", "readReceipts", "notifications", "pictureIn", "me", "phase", "suggestPassphrase", "open", "takeOver", "turn", "loggedOut", "end"];

async function tabOf(browser, { browserOf }, phase = "open") {
  const tab = browserOf(browser.person);
  tab.prefix = browser.prefix;
  expect(await tab.load(), { phase }, "the other tab");
  return tab;
}

function socketsOf({ sockets }, { person }) {
  return [...sockets].filter(({ client }) => client.person === person).length;
}

async function unlocked(tab) {
  await until(() => tab.messenger.phase === "locked", "it is this tab's turn", () => tab.messenger.phase);
  await tab.messenger.unlock({ passphrase: PASSPHRASE });
}

const REFUSALS = {
  ended: [401, "LOGIN_REQUIRED", () => true],
  older: [403, "CSRF_FAILED", ({ method }) => method !== "GET"], // another tab logged in anew, and this page has its former token
};

// From now on the server answers this tab so, and its line is closed, as after every end of a login.
function logOut({ server }, { client }, [status, code, isConcerned]) {
  const answer = server.answer.bind(server);
  server.answer = async (from, path, options) => (
    from === client && isConcerned(options) ? { ok: false, status, json: async () => ({ error: code }) } : answer(from, path, options)
  );
  client.did = null;
  [...server.sockets].filter((socket) => socket.client === client).forEach((socket) => socket.shut(4401));
}

async function goesOnWithout(world, refusal) {
  const { alice, bob, cid } = await talking(world);
  const tab = await tabOf(alice, world);
  await tab.messenger.setDraft(cid, "half a sen");
  logOut(world, alice, refusal);
  await until(() => alice.problems.length > 0, "the first is asked to log in");
  expect([alice.problems, alice.messenger.phase], [[{ code: "LOGIN_REQUIRED" }], "elsewhere"], "once, and its keys are closed");
  await unlocked(tab);
  await tab.online();
  await tab.messenger.send(cid, "with the newer login");
  await bob.sees(cid, "hello", "hi", "with the newer login");
  expect([tab.messenger.conversation(cid).draft, tab.problems], ["half a sen", []], "nothing lost, nothing to say");
}

export const TABS = {
  async a_tab_whose_login_ended_lets_another_go_on(world) {
    await goesOnWithout(world, REFUSALS.ended);
  },

  async a_tab_that_is_older_than_the_login_lets_another_go_on(world) {
    await goesOnWithout(world, REFUSALS.older);
  },

  async without_a_login_no_tab_keeps_the_next_one_waiting(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    logOut(world, tab, REFUSALS.ended);
    logOut(world, alice, REFUSALS.ended);
    await until(() => [alice, tab].every(({ problems }) => problems.length > 0), "both are asked to log in");
    const next = await tabOf(alice, world, "locked");
    await next.messenger.unlock({ passphrase: PASSPHRASE });
    await next.messenger.send(cid, "logged in again");
    await bob.sees(cid, "hello", "hi", "logged in again");
    expect([alice.problems, tab.problems, next.problems], [[{ code: "LOGIN_REQUIRED" }], [{ code: "LOGIN_REQUIRED" }], []], "each said it once");
  },

  async two_tabs_write_through_one(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    const texts = ["hello", "hi"];
    for (let round = 0; round < 5; round += 1) {
      texts.push(`first ${round}`, `second ${round}`);
      await Promise.all([alice.messenger.send(cid, `first ${round}`), tab.messenger.send(cid, `second ${round}`)]);
    }
    const sorted = (list) => [...list].sort();
    await until(async () => same(sorted(await bob.texts(cid)), sorted(texts)), "bob has all", () => bob.texts(cid));
    expect(await tab.texts(cid), await alice.texts(cid), "both show the same");
    await until(async () => (await tab.states(cid)).every((state) => state === "delivered"), "delivered", () => tab.states(cid));
    expect([alice.problems, tab.problems, await bob.codes(cid)], [[], [], ["STARTED"]], "nothing odd");
    expect(socketsOf(world.server, alice), 1, "one line for both");
  },

  async what_one_tab_shows_the_other_shows(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    expect(tab.messenger.conversations(), alice.messenger.conversations(), "the list");
    expect([tab.messenger.me, tab.messenger.connection], [alice.messenger.me, "online"], "who and whether");
    await bob.messenger.send(cid, "to both");
    await until(() => [alice, tab].every(({ messages }) => messages.some(({ message }) => message.text === "to both")), "told to both");
    await until(() => tab.messenger.conversation(cid).unread === alice.messenger.conversation(cid).unread, "counted in both");
    await tab.messenger.markRead(cid, (await tab.messenger.messages(cid)).items.at(-1).seq);
    await until(() => [alice, tab].every(({ messenger }) => messenger.conversation(cid).unread === 0), "read in both");
    await tab.messenger.setDraft(cid, "half a sen");
    expect([alice.messenger.conversation(cid).draft, tab.messenger.conversation(cid).draft], ["half a sen", "half a sen"], "one draft");
    await tab.messenger.setReadReceipts(false);
    await until(() => !alice.messenger.readReceipts() && !tab.messenger.readReceipts(), "one choice");
    alice.client.goOffline();
    await until(() => tab.messenger.connection === "offline", "offline in both", () => tab.messenger.connection);
  },

  async every_verb_is_done_by_the_tab_in_charge(world) {
    const names = [Messenger.prototype, Object.getPrototypeOf(Messenger.prototype)].flatMap(Object.getOwnPropertyNames);
    expect(names.filter((name) => !NOT_ASKED.includes(name)).sort(), [...ACTS].sort(), "what can be asked for");
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    const progress = [];
    const { bytes } = await tab.messenger.exportConversation({ cid, onProgress: (done) => progress.push(done) });
    expect([bytes instanceof Uint8Array, progress.length > 0], [true, true], "a file, and how far it is");
    const file = await tab.messenger.sendFile(cid, { name: "a.bin", data: new Blob([new Uint8Array(70_000).fill(7)]) });
    await until(async () => (await tab.messenger.message(cid, file.id)).state !== "queued", "the file is sent");
    await until(async () => (await bob.messenger.messages(cid)).items.at(-1).file !== null, "bob has it");
    const parts = [];
    const opened = await bob.messenger.openFile(cid, (await bob.messenger.messages(cid)).items.at(-1).id, {});
    const again = await tab.messenger.openFile(cid, file.id, { onProgress: (done) => parts.push(done), signal: new AbortController().signal });
    expect([opened.data.size, again.data.size, parts.length > 0], [70_000, 70_000, true], "the file came back");
    const giveUp = new AbortController();
    giveUp.abort();
    await refuses(tab.messenger.openFile(cid, file.id, { onProgress: () => {}, signal: giveUp.signal }), "CANCELLED");
    await refuses(tab.messenger.checkFile(2 ** 40), "FILE_TOO_LARGE");
    await tab.messenger.setNotifications(true);
    await until(() => tab.messenger.notifications() && alice.messenger.notifications(), "chosen in both");
    await refuses(tab.messenger.send(cid, "  "), "EMPTY_TEXT");
    await refuses(tab.messenger.makeKeyFile({ passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    await refuses(tab.messenger.messages("0".repeat(32)), "UNKNOWN_CONVERSATION");
  },

  async a_tab_goes_on_when_the_one_in_charge_ends(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    const third = await tabOf(alice, world);
    alice.messenger.end();
    await unlocked(tab);
    await until(() => third.messenger.phase === "open", "the third follows the second", () => third.messenger.phase);
    await third.messenger.send(cid, "through the second");
    await bob.sees(cid, "hello", "hi", "through the second");
    expect([await alice.load(), third.problems], [{ phase: "open" }, []], "the first comes back as one of them");
  },

  async what_was_typed_while_the_tab_in_charge_died_goes_out_once(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    alice.isDeaf = true;
    const sent = tab.messenger.send(cid, "nobody heard it");
    const drafted = tab.messenger.setDraft(cid, "and mo");
    alice.messenger.end();
    await unlocked(tab);
    await Promise.all([sent, drafted]);
    await bob.sees(cid, "hello", "hi", "nobody heard it");
    expect([await tab.texts(cid), tab.messenger.conversation(cid).draft], [["hello", "hi", "nobody heard it"], "and mo"], "here, too");
  },

  async what_was_stored_before_the_tab_in_charge_died_goes_out_once(world) {
    const { alice, bob, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    alice.isMute = true;
    const sent = tab.messenger.send(cid, "stored, and not told");
    await until(async () => (await alice.texts(cid)).includes("stored, and not told"), "stored");
    alice.messenger.end();
    await unlocked(tab);
    expect((await sent).text, "stored, and not told", "told in the end");
    await tab.messenger.send(cid, "after it");
    await bob.sees(cid, "hello", "hi", "stored, and not told", "after it");
    expect(await tab.texts(cid), ["hello", "hi", "stored, and not told", "after it"], "once");
    expect(tab.problems.concat(bob.problems), [], "no counter twice");
  },

  async a_lock_in_one_tab_locks_all_and_keeps_what_is_typed(world) {
    const { alice, cid } = await talking(world);
    const tab = await tabOf(alice, world);
    expect(await alice.messenger.lock(), { phase: "locked" }, "locked");
    await until(() => tab.messenger.phase === "locked", "locked there, too");
    expect(tab.messenger.conversations(), [], "and nothing is kept there");
    const drafted = tab.messenger.setDraft(cid, "typed a moment ago");
    await refuses(tab.messenger.messages(cid), "NOT_UNLOCKED");
    expect(await tab.messenger.unlock({ passphrase: PASSPHRASE }), { phase: "open" }, "opened from the other tab");
    await drafted;
    expect([alice.messenger.phase, alice.messenger.conversation(cid).draft], ["open", "typed a moment ago"], "open in both");
    await tab.messenger.lock();
    await until(() => alice.messenger.phase === "locked", "and locked from there");
  },

  async a_stuck_tab_can_be_replaced(world) {
    const { alice, bob, cid } = await talking(world);
    alice.isMute = alice.isDeaf = true;
    const tab = await tabOf(alice, world, "elsewhere");
    expect(await tab.messenger.takeOver(), { phase: "locked" }, "taken over");
    await until(() => alice.phases.some(({ phase }) => phase === "elsewhere"), "the first stands aside");
    await tab.messenger.unlock({ passphrase: PASSPHRASE });
    alice.isMute = alice.isDeaf = false;
    await tab.messenger.lock();
    await until(() => alice.messenger.phase === "locked", "awake again, it follows");
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await alice.messenger.send(cid, "through the other");
    await bob.sees(cid, "hello", "hi", "through the other");
  },

  async a_tab_with_another_program_stands_aside(world) {
    const { alice } = await twoPeople(world);
    const tab = world.browserOf(alice.person);
    tab.prefix = alice.prefix;
    tab.manifestHash = new Uint8Array(32);
    expect(await tab.load(), { phase: "elsewhere" }, "another program");
    expect(await tab.messenger.takeOver(), { phase: "locked" }, "it may take over");
    await until(() => alice.messenger.phase === "elsewhere", "the older one stands aside");
  },
};
