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
};
