/** Replies, edits, deletes and reactions: seen by both, by every browser, in order, once, and only by who may. */

import { PASSPHRASE, expect, refuses, same, until } from "./harness.js";
import { talking, ticked } from "./worlds.js";

const rowsOf = async ({ messenger }, cid) => (await messenger.messages(cid, { limit: 200 })).items.filter(({ kind }) => kind === "text");
const rowOf = async (browser, cid, text) => (await rowsOf(browser, cid)).find((one) => one.text === text);
const shown = ({ text, deleted, edited, reactions }) => [deleted ? "(deleted)" : text, edited, reactions.map(({ sign, count, mine }) => `${sign}${count}${mine ? "!" : ""}`).join()];
const look = async (browser, cid) => (await rowsOf(browser, cid)).map(shown);

function looks(browser, cid, ...wanted) {
  return until(async () => same(await look(browser, cid), wanted), `${browser.person.name} sees ${JSON.stringify(wanted)}`, () => look(browser, cid));
}

const plain = (text) => [text, false, ""];

export const CHANGES = {
  async a_reply_quotes_what_is_kept_here(world) {
    const { alice, bob, cid } = await talking(world);
    const { id } = await rowOf(alice, cid, "hi");
    const queued = await alice.messenger.send(cid, "you said hi", { re: id });
    expect([queued.re, queued.state], [id, "queued"], "queued");
    await bob.sees(cid, "hello", "hi", "you said hi");
    const { re } = await rowOf(bob, cid, "you said hi");
    const original = await bob.messenger.message(cid, re);
    expect([original.text, original.mine], ["hi", true], "what it answers");
    await alice.sees(cid, "hello", "hi", "you said hi");
    expect((await rowOf(alice, cid, "you said hi")).re, id, "the same here");
    await alice.reload();
    expect((await alice.messenger.message(cid, (await rowOf(alice, cid, "you said hi")).re)).text, "hi", "kept");
    await refuses(alice.messenger.send(cid, "to what?", { re: "0".repeat(32) }), "NOT_FOUND");
    expect(await alice.messenger.message(cid, "nowhere"), null, "unknown");
  },

  async what_is_done_to_a_message_reaches_every_browser(world) {
    const { alice, bob, cid } = await talking(world);
    const hello = await rowOf(alice, cid, "hello");
    const edited = await alice.messenger.edit(cid, hello.id, "hello, Bob");
    expect(shown(edited), ["hello, Bob", true, ""], "at once");
    expect([edited.state, edited.seq], ["queued", hello.seq], "and it waits");
    await looks(bob, cid, ["hello, Bob", true, ""], plain("hi"));
    await alice.messenger.edit(cid, hello.id, "hello, all");
    await looks(bob, cid, ["hello, all", true, ""], plain("hi"));
    expect((await rowsOf(bob, cid))[0].earlier.map(({ text }) => text), ["hello", "hello, Bob"], "what it said before");
    await bob.messenger.react(cid, (await rowsOf(bob, cid))[0].id, "👍", true);
    await bob.messenger.react(cid, (await rowsOf(bob, cid))[0].id, "🎉", true);
    await bob.messenger.react(cid, (await rowsOf(bob, cid))[0].id, "🎉", false);
    await looks(alice, cid, ["hello, all", true, "👍1"], plain("hi"));
    await alice.messenger.react(cid, hello.id, "👍", true);
    await looks(bob, cid, ["hello, all", true, "👍2!"], plain("hi"));
    await bob.messenger.erase(cid, (await rowOf(bob, cid, "hi")).id);
    const last = [["hello, all", true, "👍2!"], ["(deleted)", false, ""]];
    await looks(alice, cid, ...last);
    expect([alice.messenger.conversation(cid).lastText, alice.messenger.conversation(cid).lastDeleted], ["", true], "in the list");
    expect(alice.messenger.conversation(cid).unread, 1, "nothing of it is a new message");
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await looks(second, cid, ...last);
    await bob.reload();
    await looks(bob, cid, ...last);
    expect((await alice.codes(cid)).concat(await second.codes(cid)).filter((code) => code.startsWith("ACTION")), [], "nothing is refused");
  },

  async what_is_done_offline_goes_out_once(world) {
    const { alice, bob, cid } = await talking(world);
    const hello = await rowOf(alice, cid, "hello");
    const hi = await rowOf(alice, cid, "hi");
    alice.client.goOffline();
    await until(() => alice.messenger.connection !== "online", "offline");
    await alice.messenger.edit(cid, hello.id, "first");
    await alice.messenger.edit(cid, hello.id, "second");
    await alice.messenger.react(cid, hi.id, "👍", true);
    const wanted = [["second", true, ""], ["hi", false, "👍1!"]];
    await looks(alice, cid, ...wanted);
    await alice.messenger.lock();
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await looks(alice, cid, ...wanted);
    alice.client.goOnline();
    alice.messenger.poke();
    await looks(alice, cid, ...wanted);
    await looks(bob, cid, ["second", true, ""], ["hi", false, "👍1"]);
    expect((await rowsOf(bob, cid))[0].earlier.map(({ text }) => text), ["hello", "first"], "both edits, in order");
    await until(async () => (await alice.states(cid))[0] !== "queued", "no longer waiting");
    await alice.messenger.erase(cid, hello.id);
    await refuses(alice.messenger.edit(cid, hello.id, "too late"), "NOT_FOUND");
    await looks(bob, cid, ["(deleted)", false, ""], ["hi", false, "👍1"]);
  },

  async nobody_changes_what_is_not_theirs(world) {
    const { alice, cid } = await talking(world);
    const { id } = await rowOf(alice, cid, "hi");
    await refuses(alice.messenger.edit(cid, id, "mine now"), "ACTION_NOT_OWNER");
    await refuses(alice.messenger.erase(cid, id), "ACTION_NOT_OWNER");
    await refuses(alice.messenger.react(cid, id, "two letters", true), "BAD_CONTENT");
    await refuses(alice.messenger.react(cid, "nowhere", "👍", true), "NOT_FOUND");
    const mine = await rowOf(alice, cid, "hello");
    await refuses(alice.messenger.edit(cid, mine.id, "  "), "EMPTY_TEXT");
    await looks(alice, cid, plain("hello"), plain("hi"));
  },

  async a_change_that_is_refused_is_taken_off_the_screen(world) {
    const { alice, bob, cid } = await talking(world);
    const { id } = await rowOf(alice, cid, "hello");
    await ticked(cid, alice, bob);
    world.server.refusePosts.push([413, "TOO_LARGE"]);
    await alice.messenger.edit(cid, id, "never there");
    await until(() => alice.problems.some(({ code }) => code === "TOO_LARGE"), "said");
    await looks(alice, cid, plain("hello"), plain("hi"));
    await until(() => same(shown(alice.messages.at(-1).message), plain("hello")), "told", () => alice.messages.at(-1));
    await alice.messenger.send(cid, "goes on");
    await bob.sees(cid, "hello", "hi", "goes on");
  },

  async who_has_read_is_told_under_seal(world) {
    const { alice, bob, cid } = await talking(world);
    const reads = async (browser) => browser.messenger.markRead(cid, (await rowsOf(browser, cid)).at(-1).seq);
    const isLast = (browser, state) => until(async () => (await browser.states(cid)).at(-1) === state, `${browser.person.name}'s last is ${state}`, () => browser.states(cid));
    await reads(alice);
    await isLast(bob, "read");
    expect(bob.messenger.conversation(cid).lastState, "read", "in the list");
    await alice.messenger.send(cid, "one");
    await alice.messenger.send(cid, "two");
    await bob.sees(cid, "hello", "hi", "one", "two");
    await isLast(alice, "delivered");
    await bob.messenger.setReadReceipts(false);
    await reads(bob);
    await until(() => bob.messenger.conversation(cid).unread === 0, "read");
    expect(await bob.states(cid), ["delivered"], "neither told nor shown");
    await bob.messenger.setReadReceipts(true);
    await bob.reload();
    expect([bob.messenger.readReceipts(), await bob.states(cid)], [true, ["read"]], "shown again");
    await alice.messenger.send(cid, "three");
    await bob.sees(cid, "hello", "hi", "one", "two", "three");
    await reads(bob);
    await isLast(alice, "read");
    expect((await alice.states(cid)).slice(1), ["delivered", "delivered", "read"], "what was read meanwhile is told to nobody");
    await alice.reload();
    await isLast(alice, "read");
  },

  async what_one_browser_read_is_read_in_the_others(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const second = world.browserOf(alice.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    await second.messenger.messages(cid);
    await until(() => world.server.conversations.get(cid).events.filter(({ kind }) => kind === "record").length > 2, "it is let in");
    await bob.messenger.send(cid, "for both");
    await alice.sees(cid, "hello", "hi", "for both");
    await second.sees(cid, "hello", "hi", "for both");
    expect(second.messenger.conversation(cid).unread, 1, "not read");
    await alice.messenger.markRead(cid, (await rowsOf(alice, cid)).at(-1).seq);
    await until(() => second.messenger.conversation(cid).unread === 0, "read there, too");
    await until(async () => (await bob.states(cid)).at(-1) === "read", "bob knows", () => bob.states(cid));
  },
};
