/** A person's own keys: several browsers, one taken off, another passphrase, and the file that belongs to them. */

import { openDatabase } from "/static/js/store/database.js";
import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { pause } from "./pace.js";
import { atWriteOf, talking, ticked, twoPeople } from "./worlds.js";

const OTHER = "wxyz-2345-abcd-efgh-6789";
const DAY = 86_400_000;

export async function withSecond(world) {
  const people = await talking(world);
  const { alice, bob, cid } = people;
  const second = world.browserOf(alice.person);
  await second.load();
  await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  await second.messenger.send(cid, "from the second");
  await bob.sees(cid, "hello", "hi", "from the second");
  await alice.sees(cid, "hello", "hi", "from the second");
  return { ...people, second };
}

export const didOf = async (browser) => (await browser.messenger.browsers()).find(({ isThis }) => isThis).did;
const hkGen = ({ person }) => person.bundles.at(-1).hkGen;

export const OWN_KEYS = {
  async browsers_are_listed_and_named_here(world) {
    const { alice, second } = await withSecond(world);
    const [mine, other] = await alice.messenger.browsers();
    expect([mine.isThis, other.isThis, other.did], [true, false, await didOf(second)], "list");
    await alice.messenger.nameBrowser({ did: other.did, label: "  The old laptop " });
    expect((await alice.messenger.browsers())[1].label, "The old laptop", "named");
    expect((await second.messenger.browsers())[0].label, "", "the name stayed where it was given");
    await alice.reload();
    expect((await alice.messenger.browsers())[1].label, "The old laptop", "kept");
    await alice.messenger.nameBrowser({ did: other.did, label: " " });
    expect((await alice.messenger.browsers())[1].label, "", "taken back");
  },

  async only_the_browsers_that_were_shown_are_known(world) {
    const { alice } = await talking(world);
    const told = async () => (await alice.messenger.newBrowsers()).map(({ did }) => did);
    expect(await told(), [], "nothing new");
    const [second, third] = [world.browserOf(alice.person), world.browserOf(alice.person)];
    for (const browser of [second, third]) {
      await browser.load();
      await browser.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    }
    await until(async () => (await told()).length === 2, "both are told", told);
    await alice.messenger.knowBrowsers({ dids: [await didOf(second)] });
    expect(await told(), [await didOf(third)], "the one that was not shown");
    await alice.reload();
    expect(await told(), [await didOf(third)], "after a reload, too");
  },

  async a_removed_browser_reads_nothing_new_and_writes_nothing(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const gone = await didOf(second);
    const events = world.server.conversations.get(cid).events;
    await refuses(alice.messenger.removeBrowser({ did: gone, passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    await refuses(alice.messenger.removeBrowser({ did: await didOf(alice), passphrase: PASSPHRASE }), "NOT_FOUND");
    const gen = hkGen(alice);
    await alice.messenger.removeBrowser({ did: gone, passphrase: PASSPHRASE });
    expect([hkGen(alice), alice.person.bundles.at(-1).devices.length], [gen + 1, 1], "new keys of the history, one browser");
    expect((await alice.messenger.browsers()).length, 1, "the list");
    await until(() => second.problems.some(({ code }) => code === "DEVICE_REMOVED_HERE"), "told", () => second.problems);
    expect(second.messenger.conversation(cid).whyNot, "DEVICE_REMOVED_HERE", "why not");
    await until(async () => (await bob.codes(cid)).includes("DEVICE_REMOVED"), "bob is told", () => bob.codes(cid));
    await until(() => events.at(-1).kind === "record", "keys without it");
    const seen = events.length;
    await second.messenger.send(cid, "not any more");
    await alice.messenger.send(cid, "without you");
    await bob.sees(cid, "hello", "hi", "from the second", "without you");
    await second.reload();
    await pause(300);
    expect(events.slice(seen).some(({ did }) => did === gone), false, "it wrote nothing");
    expect((await second.texts(cid)).includes("without you"), false, "it read nothing");
    expect(second.messenger.conversation(cid).canWrite, false, "after a reload, too");
    expect(second.problems.filter(({ code }) => code === "DEVICE_REMOVED_HERE").length, 1, "said once");
  },

  async a_browser_that_learns_of_its_removal_while_it_makes_keys_makes_none(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const { server } = world;
    const [gone, judge, asked] = [await didOf(second), server.judgeRecord, []];
    const [line] = [...server.sockets].filter(({ client }) => client === second.client);
    const { push } = line;
    line.push = (frame) => (frame.f === "bell" && "log_size" in frame ? undefined : push.call(line, frame));
    server.judgeRecord = (client, ...more) => {
      if (client === second.client) asked.push(client.did);
      return judge.call(server, client, ...more);
    };
    bob.client.goOffline(); // neither makes keys without the second before it writes
    await alice.messenger.removeBrowser({ did: gone, passphrase: PASSPHRASE });
    alice.client.goOffline();
    await second.messenger.setTimer({ cid, timerS: 3_600 }); // needs new keys
    await second.messenger.send(cid, "not any more");
    await until(() => second.problems.some(({ code }) => code === "DEVICE_REMOVED_HERE"), "told", () => second.problems);
    expect(asked, [gone], "the one it made before it knew");
    expect(second.problems.length, 1, "said once");
    expect((await second.states(cid)).at(-1), "queued", "kept");
  },

  async own_new_keys_are_no_forgery_to_who_looks_meanwhile(world) {
    const { alice, cid } = await talking(world);
    const { server } = world;
    const [socket] = [...server.sockets].filter(({ client }) => client === alice.client);
    const push = socket.push.bind(socket);
    socket.push = (frame) => frame.f === "bell" || push(frame);
    atWriteOf("vault", {
      after: async () => {
        push({ f: "bell", log_size: server.log.size });
        await pause(300); // it is looked at before the change is through
      },
    });
    await alice.messenger.renewRoot({ passphrase: PASSPHRASE });
    expect([alice.messenger.conversation(cid).blocked, [...alice.stops], alice.problems], [null, [], []], "no alarm");
  },

  async after_a_removal_an_old_file_opens_only_what_was(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const before = await alice.keyFile();
    await alice.messenger.removeBrowser({ did: await didOf(second), passphrase: PASSPHRASE });
    expect((await alice.messenger.keyFile()).due, "renew", "a new file is due");
    await alice.messenger.send(cid, "after it");
    await bob.sees(cid, "hello", "hi", "from the second", "after it");
    const after = await alice.keyFile();
    expect((await alice.messenger.keyFile()).due, null, "saved");
    const [early, late] = [world.browserOf(alice.person), world.browserOf(alice.person)];
    for (const [browser, bytes] of [[early, before], [late, after]]) {
      await browser.load();
      await browser.messenger.importKeyFile({ bytes, passphrase: PASSPHRASE });
    }
    expect(await early.texts(cid), ["hello", "hi", "from the second"], "the old file");
    expect(await late.texts(cid), ["hello", "hi", "from the second", "after it"], "the new file");
    await refuses(early.messenger.makeKeyFile({ passphrase: PASSPHRASE }), "KEYFILE_OLD_HERE");
    expect((await early.messenger.keyFile()).due, "renew", "the new file is asked for");
    await early.messenger.proveKeyFile({ bytes: after, passphrase: PASSPHRASE });
    expect((await early.messenger.keyFile()).due, null, "it was shown");
    await early.messenger.makeKeyFile({ passphrase: PASSPHRASE });
    expect((await early.messenger.readAgain({ cid, passphrase: PASSPHRASE })).left, 0, "and opens the rest");
  },

  async a_removal_goes_on_after_a_lost_answer(world) {
    const { alice, second } = await withSecond(world);
    const { publish } = world.server;
    world.server.publish = async function lost(...asked) {
      await publish.apply(world.server, asked);
      world.server.publish = publish;
      throw new TypeError("network");
    };
    const wish = { did: await didOf(second), passphrase: PASSPHRASE };
    await refuses(alice.messenger.removeBrowser(wish), "OFFLINE");
    const versions = alice.person.bundles.length;
    await alice.reload();
    await alice.online();
    await alice.keyFile();
    expect(alice.person.bundles.length, versions, "published once");
    expect(alice.problems.filter(({ code }) => code.startsWith("LOG_")), [], "no alarm about what it made itself");
    await refuses(alice.messenger.removeBrowser(wish), "NOT_FOUND");
  },

  async new_keys_of_the_account_are_signed_with_the_old_ones(world) {
    const { alice, bob, cid, second } = await withSecond(world);
    const old = await alice.keyFile();
    await bob.messenger.safetyNumber(cid);
    await bob.messenger.setVerified(cid, true);
    const { mine } = await alice.messenger.safetyNumber(cid);
    await refuses(alice.messenger.renewRoot({ passphrase: `${PASSPHRASE}x` }), "WRONG_PASSPHRASE");
    await alice.messenger.renewRoot({ passphrase: PASSPHRASE });
    const blockOf = ({ messenger }) => messenger.conversation(cid).blocked?.code ?? null;
    await until(() => blockOf(bob) === "ROOT_ROTATED", "bob is asked", () => bob.codes(cid));
    expect(bob.messenger.conversation(cid).verified, false, "not verified any more");
    expect([blockOf(alice), (await alice.codes(cid)).includes("ROOT_ROTATED")], [null, true], "a line at home, no question");
    expect((await alice.messenger.safetyNumber(cid)).mine === mine, false, "another number");
    expect((await alice.messenger.browsers()).length, 1, "only this browser");
    await until(() => blockOf(second) === "LOG_SELF_FORGED", "the other browser cries", () => second.problems);
    await bob.messenger.decide(cid, "continue");
    await alice.messenger.send(cid, "it was me");
    await bob.sees(cid, "hello", "hi", "from the second", "it was me");
    await refuses(alice.messenger.proveKeyFile({ bytes: old, passphrase: PASSPHRASE }), "KEYFILE_WRONG_ACCOUNT");
    expect((await alice.messenger.keyFile()).due, "renew", "a new file is due");
    const fresh = await alice.keyFile();
    await alice.reload();
    const third = world.browserOf(alice.person);
    await third.load();
    await refuses(third.messenger.importKeyFile({ bytes: old, passphrase: PASSPHRASE }), "KEYFILE_STALE");
    await third.messenger.importKeyFile({ bytes: fresh, passphrase: PASSPHRASE });
    await third.sees(cid, "hello", "hi", "from the second", "it was me");
    expect(alice.problems.filter(({ code }) => code.startsWith("LOG_")), [], "no alarm where it was made");
  },

  async a_browser_that_was_away_for_long_reads_what_waited(world) {
    const { alice, bob, cid } = await twoPeople(world);
    bob.messenger.end();
    await alice.messenger.send(cid, "under your first prekey");
    await until(async () => (await alice.states(cid)).at(-1) === "sent", "waits at the server");
    bob.skew = world.server.skew = 90 * DAY;
    const kept = async () => (await bob.copy()).filter(({ key }) => String(key).startsWith("spk:")).map(({ key }) => key);
    await bob.reload();
    await until(() => bob.messenger.conversations().length === 1, "the chat");
    await until(async () => (await bob.texts(cid)).length === 1, "read", async () => [bob.messenger.conversation(cid).blocked, await bob.codes(cid)]);
    expect((await kept()).includes("spk:1"), true, "it was there for it");
    await bob.reload();
    await until(async () => !(await kept()).includes("spk:1"), "and went when nothing waited any more", kept);
  },

  async a_leaf_that_is_a_week_old_is_renewed_without_a_message(world) {
    const { alice, cid } = await talking(world);
    await ticked(cid, alice);
    const records = () => world.server.conversations.get(cid).events.filter(({ kind, did }) => kind === "record" && did === alice.client.did).length;
    await pause(700);
    const before = records();
    await alice.reload();
    await alice.online();
    await pause(700);
    expect(records(), before, "not yet");
    alice.skew = 7.1 * DAY;
    await alice.reload();
    await until(() => records() > before, "a new leaf");
  },

  async a_lock_ends_what_is_being_done_to_the_keys(world) {
    const { alice, bob, cid } = await talking(world);
    const isOpen = () => alice.messenger.conversations().length > 0;
    for (const [n, when] of [() => true, () => !isOpen()].entries()) {
      const changed = refuses(alice.messenger.changePassphrase({ passphrase: n ? OTHER : PASSPHRASE, next: n ? PASSPHRASE : OTHER }), "NOT_UNLOCKED");
      await until(when, "under way");
      await alice.messenger.lock();
      await changed;
      await pause(50);
      expect([alice.messenger.phase, isOpen()], ["locked", false], "locked it stays");
      const opened = await alice.messenger.unlock({ passphrase: OTHER }).catch(() => alice.messenger.unlock({ passphrase: PASSPHRASE }));
      expect(opened, { phase: "open" }, "one of the two opens it");
      if (n === 0) await alice.messenger.changePassphrase({ passphrase: PASSPHRASE, next: OTHER }).catch(() => {});
    }
    await alice.online();
    await bob.messenger.send(cid, "still");
    await alice.sees(cid, "hello", "hi", "still");
  },

  async another_passphrase_opens_everything_from_then_on(world) {
    const { alice, bob, cid } = await talking(world);
    await refuses(alice.messenger.changePassphrase({ passphrase: OTHER, next: OTHER }), "WRONG_PASSPHRASE");
    await refuses(alice.messenger.changePassphrase({ passphrase: PASSPHRASE, next: "short" }), "PASSPHRASE_TOO_SHORT");
    expect(alice.messenger.phase, "open", "nothing happened");
    const old = (await alice.copy()).filter(({ value }) => value?.blob).map(({ value }) => value.n);
    expect(await alice.messenger.changePassphrase({ passphrase: PASSPHRASE, next: OTHER }), { phase: "open" }, "changed");
    const fresh = (await alice.copy()).filter(({ value }) => value?.blob).map(({ value }) => value.n);
    expect(fresh.every((n) => n > Math.max(...old)), true, "every object was sealed anew");
    expect((await alice.messenger.keyFile()).due, "renew", "a new file is due");
    await alice.messenger.send(cid, "goes on");
    await bob.sees(cid, "hello", "hi", "goes on");
    alice.messenger.end();
    await alice.load();
    await refuses(alice.messenger.unlock({ passphrase: PASSPHRASE }), "WRONG_PASSPHRASE");
    await alice.messenger.unlock({ passphrase: OTHER });
    await alice.sees(cid, "hello", "hi", "goes on");
    await refuses(alice.messenger.makeKeyFile({ passphrase: PASSPHRASE }), "WRONG_PASSPHRASE");
    const { bytes } = await alice.messenger.makeKeyFile({ passphrase: OTHER });
    await refuses(alice.messenger.proveKeyFile({ bytes, passphrase: PASSPHRASE }), "KEYFILE_WRONG_PASSPHRASE");
    await alice.messenger.proveKeyFile({ bytes, passphrase: OTHER });
  },

  async a_passphrase_that_could_not_be_stored_changes_nothing(world) {
    const { alice, cid } = await talking(world);
    const db = await openDatabase(`${alice.prefix}llave:${alice.person.uid}`);
    const { prototype } = db.constructor;
    const { write } = prototype;
    db.close();
    prototype.write = () => Promise.reject(Object.assign(new Error("full"), { code: "STORAGE_FULL" }));
    await refuses(alice.messenger.changePassphrase({ passphrase: PASSPHRASE, next: OTHER }), "STORAGE_FULL").finally(() => {
      prototype.write = write;
    });
    expect(alice.messenger.phase, "locked", "phase");
    await alice.messenger.unlock({ passphrase: PASSPHRASE });
    await alice.sees(cid, "hello", "hi");
  },

  async the_key_file_is_asked_for_after_a_week_a_month_and_three(world) {
    const { alice } = await talking(world);
    const due = async (days) => {
      alice.skew = days * DAY;
      return (await alice.messenger.keyFile()).due;
    };
    const bytes = await alice.keyFile();
    expect([await due(0), await due(6.9), await due(7.1)], [null, null, "check"], "a week");
    await alice.messenger.remindLater();
    expect([await due(10), await due(10.2)], [null, "check"], "later");
    await alice.messenger.proveKeyFile({ bytes, passphrase: PASSPHRASE });
    expect([await due(17), await due(17.3)], [null, "check"], "a week after it was saved and shown");
    await alice.messenger.proveKeyFile({ bytes, passphrase: PASSPHRASE });
    expect([await due(47.2), await due(47.5)], [null, "check"], "a month");
    for (const day of [47.5, 137.6]) {
      expect(await due(day), "check", `day ${day}`);
      await alice.messenger.proveKeyFile({ bytes, passphrase: PASSPHRASE });
      expect(await due(day + 89.9), null, "three months");
    }
    expect((await alice.messenger.keyFile()).provedAt > Date.now() + 137 * DAY, true, "when it was last shown");
  },
};
