/** What reaches a person's other browsers: new keys of the account, a browser that nobody knows, what the keys of a chat leave out. */

import { hex } from "/static/js/lib/bytes.js";
import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { reconnect, restore } from "./later.js";
import { didOf, withSecond } from "./own-keys.js";
import { pause } from "./pace.js";
import { atWriteOf, talking, ticked } from "./worlds.js";

const OTHER = "wxyz-2345-abcd-efgh-6789";
const blockOf = ({ messenger }, cid) => messenger.conversation(cid).blocked?.code ?? null;
const rowsOf = async ({ messenger }, cid) => (await messenger.messages(cid, { limit: 200 })).items.filter(({ kind }) => kind === "text");
const before = ["hello", "hi", "from the second"];

async function toldOf(browser) {
  return (await browser.messenger.newBrowsers()).map(({ did }) => did);
}

// Every answer of the log is long under way.
function withSlowLog(server) {
  const { answer } = server;
  server.answer = async (client, path, options) => {
    const answered = await answer.call(server, client, path, options);
    if (path.includes("/keys/log")) await pause(200);
    return answered;
  };
}

export const ACROSS = {
  async new_keys_of_the_account_are_brought_by_the_file_and_the_chats_stay(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const was = await didOf(second);
    const old = await second.keyFile();
    await alice.messenger.renewRoot({ passphrase: PASSPHRASE });
    await until(() => blockOf(second, cid) === "LOG_SELF_FORGED", "the other browser cries");
    await until(() => blockOf(bob, cid) === "ROOT_ROTATED", "bob is asked");
    await bob.messenger.decide(cid, "continue");
    await alice.messenger.send(cid, "while it was away");
    await bob.sees(cid, ...before, "while it was away");
    await second.messenger.send(cid, "typed while stopped");
    const fresh = await alice.keyFile();
    const disk = (await second.copy()).length;
    await refuses(second.messenger.bringKeyFile({ bytes: old, passphrase: PASSPHRASE }), "KEYFILE_STALE");
    await refuses(second.messenger.bringKeyFile({ bytes: fresh, passphrase: OTHER }), "KEYFILE_WRONG_PASSPHRASE");
    await refuses(second.messenger.bringKeyFile({ bytes: await bob.keyFile(), passphrase: PASSPHRASE }), "KEYFILE_WRONG_ACCOUNT");
    expect([(await second.copy()).length >= disk, blockOf(second, cid)], [true, "LOG_SELF_FORGED"], "a refusal loses nothing, and opens nothing");
    expect(await second.messenger.bringKeyFile({ bytes: fresh, passphrase: PASSPHRASE }), { phase: "open" }, "brought");
    await second.online();
    expect([blockOf(second, cid), (await didOf(second)) === was, alice.person.bundles.at(-1).devices.length], [null, false, 2], "a browser of the account under new keys");
    const all = [...before, "while it was away", "typed while stopped"];
    await bob.sees(cid, ...all);
    for (const browser of [alice, second]) await until(async () => same([...(await browser.texts(cid))].sort(), [...all].sort()), "all is there", () => browser.codes(cid));
    await bob.messenger.send(cid, "to both of you");
    for (const browser of [alice, second]) await until(async () => (await browser.texts(cid)).at(-1) === "to both of you", "it reads on", () => browser.codes(cid));
    await second.reload();
    await second.online();
    expect(blockOf(second, cid), null, "after a reload, too");
    await second.keyFile();
  },

  async where_the_new_keys_of_the_account_are_unknown_nothing_on_it_is_changed(world) {
    const { alice, cid, second } = await withSecond(world);
    const first = { did: await didOf(alice), passphrase: PASSPHRASE };
    await alice.messenger.renewRoot({ passphrase: PASSPHRASE });
    await until(() => blockOf(second, cid) === "LOG_SELF_FORGED", "the other browser cries");
    const { bundles } = alice.person;
    const refused = async (after) => {
      await refuses(second.messenger.removeBrowser(first), "LOG_SELF_FORGED");
      await refuses(second.messenger.renewRoot({ passphrase: PASSPHRASE }), "LOG_SELF_FORGED");
      expect(bundles.length, 3, `nothing was published ${after}`);
    };
    await refused("while it cries");
    await second.messenger.decide(cid, "continue");
    await refused("where the person wants to write all the same");
    await second.reload();
    await refused("after a reload");
    await second.messenger.bringKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await second.messenger.removeBrowser(first);
    expect(bundles.at(-1).devices.map(({ did }) => hex(did)), [await didOf(second)], "with the file it is done");
  },

  async what_is_told_while_the_last_is_stored_is_told_next(world) {
    const { alice, second } = await withSecond(world);
    const told = () => world.server.conversations.get(self)?.events.filter(({ kind }) => kind === "message").length ?? 0;
    const self = await alice.messenger.startWith(alice.person.uid);
    const before = told();
    atWriteOf(`out:${self}`, { before: () => alice.messenger.setReadReceipts(true) });
    await alice.messenger.setReadReceipts(false);
    await until(() => told() >= before + 2, "both were told", told);
    await until(() => second.messenger.readReceipts() && alice.messenger.readReceipts(), "and the last one holds in both");
  },

  async a_long_history_is_read_to_its_end(world) {
    const { alice, bob, cid } = await talking(world);
    const carol = world.browserOf(world.server.addPerson("carol"));
    await carol.setUp();
    const other = await alice.messenger.startWith(carol.person.uid);
    await alice.messenger.send(other, "to carol");
    await until(() => carol.messenger.conversations().length === 1, "carol has the chat");
    await carol.sees(other, "to carol");
    const file = await alice.keyFile();
    const third = world.browserOf(alice.person);
    const after = third.after.bind(third);
    third.after = (ms, run) => after(ms === 5 * 60_000 ? 30_000 : ms, run); // the keys of history stay for 600 ms of a scenario: longer than one answer takes, shorter than two
    const { answer } = world.server;
    world.server.answer = async (client, path, options) => {
      if (client === third.client && path.includes("/events/")) await pause(350);
      return answer.call(world.server, client, path, options);
    };
    await third.load();
    await third.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    expect([await third.texts(cid), await third.texts(other)], [["hello", "hi"], ["to carol"]], "all of both chats");
    expect(bob.problems, [], "nothing odd");
  },

  async a_browser_taken_off_comes_back_with_the_file_of_the_other(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    await alice.messenger.removeBrowser({ did: await didOf(second), passphrase: PASSPHRASE });
    await until(() => second.messenger.conversation(cid).whyNot === "DEVICE_REMOVED_HERE", "told");
    await second.messenger.bringKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await second.online();
    expect(second.messenger.conversation(cid).canWrite, true, "it may write");
    await second.messenger.send(cid, "back again");
    await bob.sees(cid, ...before, "back again");
  },

  async a_browser_that_comes_back_is_in_its_own_list_at_once(world) {
    const { alice, cid, second } = await withSecond(world);
    await alice.messenger.removeBrowser({ did: await didOf(second), passphrase: PASSPHRASE });
    await until(() => second.messenger.conversation(cid).whyNot === "DEVICE_REMOVED_HERE", "told");
    const bytes = await alice.keyFile();
    withSlowLog(world.server);
    await second.messenger.bringKeyFile({ bytes, passphrase: PASSPHRASE });
    expect((await second.messenger.browsers()).map(({ isThis }) => isThis), [true, false], "its list names both");
    expect(second.messenger.conversation(cid).canWrite, true, "it may write");
  },

  async newer_history_keys_come_with_the_file_and_another_passphrase(world) {
    const { alice, second } = await withSecond(world);
    const third = world.browserOf(alice.person);
    await third.load();
    await third.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await alice.messenger.changePassphrase({ passphrase: PASSPHRASE, next: OTHER });
    await alice.messenger.removeBrowser({ did: await didOf(third), passphrase: OTHER });
    await until(async () => (await second.messenger.keyFile()).due === "renew", "a newer file is asked for");
    await refuses(second.messenger.makeKeyFile({ passphrase: PASSPHRASE }), "KEYFILE_OLD_HERE");
    const { bytes } = await alice.messenger.makeKeyFile({ passphrase: OTHER });
    const was = await didOf(second);
    await refuses(second.messenger.bringKeyFile({ bytes, passphrase: OTHER }), "KEYFILE_OTHER_PASSPHRASE");
    await second.messenger.bringKeyFile({ bytes, passphrase: OTHER, own: PASSPHRASE });
    expect([await didOf(second), (await second.messenger.keyFile()).due], [was, null], "the same browser, and nothing is due");
    await second.keyFile();
  },

  async a_new_browser_is_told_in_every_other_one_until_the_person_knows_it(world) {
    const { alice } = await talking(world);
    expect(await toldOf(alice), [], "nothing new");
    const events = [];
    alice.messenger.addEventListener("browsers", () => events.push("browsers"));
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    const did = await didOf(second);
    world.server.kinds = { [did]: "Firefox, Linux" };
    await until(() => events.length > 0, "an event");
    expect(await toldOf(alice), [did], "told at once");
    const [told] = await alice.messenger.newBrowsers();
    expect([told.did, told.kind, Math.abs(told.addedAt - Date.now()) < 60_000], [did, "Firefox, Linux", true], "which, what, when");
    expect(await toldOf(second), [], "the new one knows of the others");
    await alice.reload();
    expect(await toldOf(alice), [did], "after a reload, too");
    await alice.messenger.knowBrowsers({ dids: [did] });
    expect(await toldOf(alice), [], "known");
    await alice.messenger.removeBrowser({ did, passphrase: PASSPHRASE });
    await until(() => second.problems.some(({ code }) => code === "DEVICE_REMOVED_HERE"), "taken off");
  },

  async what_was_done_to_messages_is_sent_again_after_a_restore(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const counters = new Map(conversation.next);
    const keep = conversation.seq;
    await bob.messenger.end();
    const [hello, hi] = await rowsOf(alice, cid);
    await alice.messenger.edit(cid, hello.id, "hello, edited");
    await alice.messenger.react(cid, hi.id, "👍", true);
    await alice.messenger.send(cid, "lost");
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "all is out");
    await pause(200);
    restore(world, cid, keep);
    conversation.next = counters;
    await reconnect(alice);
    await until(() => blockOf(alice, cid) === "SEQ_REWRITE", "stopped");
    await bob.reload();
    await bob.online();
    if (blockOf(bob, cid)) await bob.messenger.decide(cid, "resend");
    await alice.messenger.decide(cid, "resend");
    const look = async (browser) => (await rowsOf(browser, cid)).map(({ text, edited, reactions }) => [text, edited, reactions.map(({ sign }) => sign).join()]);
    const wanted = [["hello, edited", true, ""], ["hi", false, "👍"], ["lost", false, ""]];
    for (const browser of [bob, alice]) await until(async () => same(await look(browser), wanted), `${browser.person.name} sees it`, () => look(browser));
    expect((await bob.codes(cid)).includes("ACTION_UNKNOWN_TARGET"), false, "nothing without a target");
  },

  async a_reaction_to_a_message_that_was_lost_finds_it_when_it_is_sent_again(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const counters = new Map(conversation.next);
    const keep = conversation.seq;
    await alice.messenger.send(cid, "lost");
    await bob.sees(cid, "hello", "hi", "lost");
    await bob.messenger.react(cid, (await rowsOf(bob, cid)).at(-1).id, "🎉", true);
    const signs = async (browser) => (await rowsOf(browser, cid)).at(-1).reactions.map(({ sign }) => sign);
    await until(async () => same(await signs(alice), ["🎉"]), "it arrived");
    restore(world, cid, keep);
    conversation.next = counters;
    await reconnect(alice, bob);
    await until(() => blockOf(alice, cid) === "SEQ_REWRITE" && blockOf(bob, cid) === "SEQ_REWRITE", "both stop");
    const { epoch } = conversation;
    await alice.messenger.decide(cid, "resend");
    await until(() => conversation.epoch > epoch, "alice's new keys");
    await bob.messenger.decide(cid, "resend");
    for (const browser of [alice, bob]) {
      await until(async () => same(await browser.texts(cid), ["hello", "hi", "lost"]), "each once", () => browser.texts(cid));
      await until(async () => same(await signs(browser), ["🎉"]), `${browser.person.name} has the sign`, () => browser.codes(cid));
    }
  },

  async who_is_not_reached_is_listed_on_both_sides(world) {
    const { alice, bob, cid } = await talking(world);
    const { fetchPrekeys } = world.server;
    const second = world.browserOf(alice.person);
    await second.load();
    const file = await alice.keyFile();
    world.server.fetchPrekeys = (data) => ({ prekeys: Object.fromEntries(data.dids.map((did) => [did, { spk: null, opk: null }])) });
    await second.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    const did = await didOf(second);
    const listed = ({ messenger }) => messenger.conversation(cid).notReached.map((one) => [one.did, one.mine, one.isThis]);
    expect(listed(second), [[did, true, true]], "it says so of itself");
    await alice.messenger.send(cid, "not for that browser");
    await until(() => same(listed(alice), [[did, true, false]]), "her other browser lists it", () => listed(alice));
    await until(() => same(listed(bob), [[did, false, false]]), "he lists it", () => listed(bob));
    world.server.fetchPrekeys = fetchPrekeys;
    for (const browser of [alice, bob]) browser.skew = 3_700_000;
    await alice.messenger.send(cid, "for all");
    for (const browser of [alice, bob, second]) await until(() => listed(browser).length === 0, `${browser.person.name}: nobody is left out`, () => listed(browser));
    expect(hex(alice.person.bundles.at(-1).devices.find((one) => hex(one.did) === did).did), did, "the same browser");
  },

  async marks_reads_and_settings_are_the_same_in_every_browser(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const view = ({ messenger }) => messenger.conversation(cid);
    await alice.messenger.safetyNumber(cid);
    await alice.messenger.setVerified(cid, true);
    await until(() => view(second).verified, "the mark is there, too", () => second.problems);
    await alice.messenger.setReadReceipts(false);
    await until(() => !second.messenger.readReceipts(), "and the setting");
    await bob.messenger.send(cid, "read in one");
    for (const browser of [alice, second]) await until(async () => (await browser.texts(cid)).at(-1) === "read in one" && view(browser).unread > 0, "unread");
    await alice.messenger.markRead(cid, 999);
    await until(() => view(second).unread === 0, "read in the other", () => view(second));
    await second.messenger.setVerified(cid, false);
    await until(() => !view(alice).verified, "the mark is gone");
    await second.messenger.setReadReceipts(true);
    await until(() => alice.messenger.readReceipts(), "back again");
    for (const browser of [alice, second]) expect(browser.messenger.conversations().map((one) => one.cid), [cid], "nothing of it is shown");
    const own = await second.messenger.startWith(alice.person.uid);
    expect(second.messenger.conversations().some((one) => one.cid === own), true, "until it is wanted");
    expect(await second.texts(own), [], "no text in it");
    expect((await bob.codes(cid)).includes("unsupported"), false, "he hears nothing of it");
  },

  async a_second_chat_of_a_pair_is_used_only_when_the_person_says_so(world) {
    const { alice, bob, cid } = await talking(world);
    const { conversations } = world.server;
    const first = conversations.get(cid);
    conversations.delete(cid);
    const second = world.server.start(bob.client, alice.person.uid);
    conversations.set(cid, first);
    world.server.sockets.forEach((socket) => socket.push({ f: "bell", cid: second.cid, seq: 1 }));
    await until(() => alice.messenger.conversations().length === 2, "it is there", () => alice.problems);
    await until(() => blockOf(alice, second.cid) !== null, "the person is asked", () => alice.problems);
    const seconds = () => alice.messenger.conversations().filter(({ isSecond }) => isSecond).map((one) => one.cid);
    expect([blockOf(alice, second.cid), blockOf(alice, cid), seconds()], ["SECOND_CHAT", null, [second.cid]], "told apart");
    expect(await alice.messenger.startWith(bob.person.uid), cid, "the chat that they had");
    await alice.messenger.send(second.cid, "waits");
    await alice.reload();
    await alice.online();
    await pause(200);
    expect([(await alice.states(second.cid)).at(-1), seconds()], ["queued", [second.cid]], "nothing goes out, after a reload, too");
    await alice.messenger.decide(second.cid, "continue");
    await until(async () => (await alice.states(second.cid)).at(-1) !== "queued", "then it does", () => alice.problems);
    expect(await alice.texts(cid), ["hello", "hi"], "never merged");
  },
};
