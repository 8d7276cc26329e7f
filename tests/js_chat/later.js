/** What heals later: keys that come, browsers that are renewed, storage that is gone. */

import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { talking } from "./worlds.js";

export const LATER = {
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
    await until(async () => (await second.codes(cid)).filter((code) => code === "NO_EPOCH_KEY").length >= 2, "missing, too");
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
    await until(async () => (await alice.states(cid)).at(-1) === "delivered", "quiet");
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

  async a_renewal_goes_on_after_a_lost_answer(world) {
    const { alice, bob, cid } = await talking(world);
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
};
