/** What a browser suffers by itself: a disk without room, a clock that is wrong. */

import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { pause } from "./pace.js";
import { reconnect, restore } from "./later.js";
import { HOUR, ringOf, withTimer } from "./timers.js";
import { talking, ticked, withFullDisk } from "./worlds.js";

const DAY_MS = 25 * 3_600_000;

export const FAULTS = {
  async a_full_disk_refuses_before_a_counter_is_used(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const events = world.server.conversations.get(cid).events.length;
    await withFullDisk(() => refuses(alice.messenger.send(cid, "no room"), "STORAGE_FULL"));
    expect(await alice.texts(cid), ["hello", "hi"], "nothing waits");
    expect(world.server.conversations.get(cid).events.length, events, "nothing was posted");
    await alice.messenger.send(cid, "room again");
    await bob.sees(cid, "hello", "hi", "room again");
    expect((await bob.codes(cid)).includes("COUNTER_GAP"), false, "no counter was spent");
  },

  async a_full_disk_keeps_nobody_out_and_shows_nothing_that_has_ended(world) {
    const { bob, cid } = await withTimer(world);
    await bob.messenger.lock();
    bob.skew = 2 * HOUR;
    await withFullDisk(async () => {
      expect(await bob.messenger.unlock({ passphrase: PASSPHRASE }), { phase: "open" }, "opened");
      expect(await bob.texts(cid), ["hello", "hi"], "what has ended is not shown");
      await pause(500);
      const told = bob.problems.filter(({ code }) => code === "STORAGE_FULL").length;
      expect([told > 0, told < 8], [true, true], `told, and not again and again: ${told}`);
    });
    await until(async () => !(await ringOf(bob)).rows.some(({ text }) => text === "soon gone"), "destroyed once there is room");
  },

  async what_could_not_be_stored_is_not_sent_twice_again(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const conversation = world.server.conversations.get(cid);
    const [keep, next] = [conversation.seq, new Map(conversation.next)];
    await alice.messenger.send(cid, "lost of alice");
    await bob.sees(cid, "hello", "hi", "lost of alice");
    restore(world, cid, keep);
    conversation.next = next;
    await reconnect(alice);
    await until(() => alice.messenger.conversation(cid).blocked?.code === "SEQ_REWRITE", "stopped");
    await withFullDisk(() => refuses(alice.messenger.decide(cid, "resend"), "STORAGE_FULL"));
    expect([alice.messenger.conversation(cid).blocked?.code, await alice.texts(cid)], ["SEQ_REWRITE", ["hello", "hi", "lost of alice"]], "nothing changed");
    await alice.messenger.decide(cid, "resend");
    await until(async () => (await alice.states(cid)).every((state) => state !== "queued"), "all is out", () => alice.codes(cid));
    await pause(300);
    expect(conversation.events.slice(keep).filter(({ kind, did }) => kind === "message" && did === alice.client.did).length, 1, "once");
  },

  async a_newer_web_session_goes_on(world) {
    const { alice, bob, cid } = await talking(world);
    const shut = () => [...world.server.sockets].filter(({ client }) => client === alice.client).forEach((socket) => socket.shut(4401));
    const states = [];
    alice.messenger.addEventListener("connection", ({ detail }) => states.push(detail.state));
    shut(); // as after a new password, typed in another tab
    await until(() => states.at(-1) === "online", "online again", () => states);
    await alice.messenger.send(cid, "still logged in");
    await bob.sees(cid, "hello", "hi", "still logged in");
    expect(alice.problems, [], "nothing to say");
    world.server.answer = async () => new Response('{"error":"LOGIN_REQUIRED"}', { status: 401, headers: { "content-type": "application/json" } });
    shut();
    await until(() => alice.problems.some(({ code }) => code === "LOGIN_REQUIRED"), "asked to log in");
  },

  async a_line_that_was_too_much_stays_away_a_minute(world) {
    const { alice, bob, cid } = await talking(world);
    const [states, waits, after] = [[], [], alice.after.bind(alice)];
    alice.messenger.addEventListener("connection", ({ detail }) => states.push(detail.state));
    alice.after = (ms, run) => {
      waits.push(ms);
      return after(ms, run);
    };
    [...world.server.sockets].filter(({ client }) => client === alice.client).forEach((socket) => socket.shut(4429));
    await until(() => states.at(-1) === "offline", "the person sees it");
    expect(waits.filter((ms) => ms > 60_000 && ms <= 90_000).length, 1, `the way back: ${waits}`);
    await alice.messenger.send(cid, "patience");
    await bob.sees(cid, "hello", "hi", "patience");
    expect(alice.problems, [], "nothing to say");
  },

  async who_comes_back_while_a_line_fails_is_not_kept_waiting(world) {
    const { alice } = await talking(world);
    const { server } = world;
    const [waits, held, after] = [[], [], alice.after.bind(alice)];
    alice.after = (ms, run) => {
      waits.push(ms);
      return after(ms, run);
    };
    const { soon } = server;
    server.soon = (run, socket) => (socket?.client === alice.client ? held.push(run) : soon(run));
    const letGo = () => held.splice(0).forEach((run) => run());
    alice.client.goOffline();
    letGo();
    await until(() => held.length > 0, "a try that will fail is under way");
    alice.messenger.poke();
    waits.length = 0;
    await until(() => (letGo(), waits.includes(0)), "the next one is at once", () => waits);
    server.soon = soon;
    letGo();
    alice.client.goOnline();
    await alice.online();
  },

  async a_clock_a_day_off_is_told(world) {
    const { alice, bob, cid } = await talking(world);
    for (const [skew, text] of [[DAY_MS, "tomorrow"], [-DAY_MS, "yesterday"]]) {
      alice.skew = skew;
      await alice.messenger.send(cid, text);
      await until(async () => (await bob.texts(cid)).at(-1) === text, text);
    }
    await bob.sees(cid, "hello", "hi", "tomorrow", "yesterday");
    const { items } = await bob.messenger.messages(cid, { limit: 9 });
    const told = items.filter(({ kind }) => kind === "text").map(({ detail }) => Boolean(detail?.clockSkew));
    expect(told, [false, false, true, true], "CLOCK_SKEW");
    alice.skew = 0;
    await alice.messenger.send(cid, "today");
    await bob.sees(cid, "hello", "hi", "tomorrow", "yesterday", "today");
    expect((await bob.codes(cid)).filter((code) => code === "CLOCK_SKEW").length, 1, "one line, while it is so");
  },

  async a_version_that_comes_between_bundles_and_log_is_no_alarm(world) {
    const { alice, bob, cid } = await talking(world);
    alice.client.goOffline();
    const file = await bob.keyFile();
    const [one, two] = [world.browserOf(bob.person), world.browserOf(bob.person)];
    for (const browser of [one, two]) {
      await browser.load();
      await browser.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
    }
    const { bundles } = world.server;
    let asked = 0;
    world.server.bundles = (uid, after) => {
      const page = bundles.call(world.server, uid, after);
      if (uid !== bob.person.uid || after !== 1) return page;
      asked += 1;
      return { ...page, bundles: page.bundles.slice(0, 1), current: 2 }; // as it was before the third came
    };
    alice.client.goOnline();
    alice.messenger.poke();
    await until(async () => (await alice.codes(cid)).includes("DEVICE_ADDED"), "told", () => alice.codes(cid));
    expect(asked > 0, true, "alice asked");
    expect(alice.messenger.conversation(cid).blocked, null, "no alarm");
    await alice.messenger.send(cid, "to all three");
    await until(async () => (await two.texts(cid)).includes("to all three"), "arrived");
  },

  async an_older_copy_is_not_told_of_messages_held_back(world) {
    const { alice, bob, cid } = await talking(world);
    await ticked(cid, alice, bob);
    const before = await alice.copy();
    await alice.messenger.send(cid, "after the copy");
    await bob.sees(cid, "hello", "hi", "after the copy");
    alice.messenger.end();
    const second = world.browserOf(bob.person);
    await second.load();
    await second.messenger.importKeyFile({ bytes: await bob.keyFile(), passphrase: PASSPHRASE });
    await second.messenger.send(cid, "under new keys");
    await until(() => world.server.conversations.get(cid).events.at(-1).kind === "message", "a record counts what alice wrote");
    await alice.putBack(before);
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await until(() => alice.messenger.conversation(cid).blocked?.code === "STATE_ROLLBACK", "blocked");
    await until(async () => (await alice.texts(cid)).includes("under new keys"), "read on", () => alice.texts(cid));
    await pause(50);
    expect((await alice.codes(cid)).includes("MESSAGES_WITHHELD"), false, "nobody held anything back");
  },
};
