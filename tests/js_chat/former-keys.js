/** The key file of keys from before a reset, found again: what it opens is read on, and nothing else comes of it. */

import { makeKeyfile, openKeyfile } from "/static/js/crypto/keyfile.js";
import { encodeAccount, parseAccount } from "/static/js/crypto/keyfile-payload.js";
import { randomBytes } from "/static/js/crypto/primitives.js";
import { PASSPHRASE, expect, refuses, until } from "./harness.js";
import { didOf } from "./own-keys.js";
import { talking, ticked } from "./worlds.js";

const OTHER = "wxyz-2345-abcd-efgh-6789";
const both = ["hello", "hi"];

async function withWrongGeneration(bytes) {
  const { payload } = await openKeyfile(bytes, OTHER);
  const account = parseAccount(payload);
  const history = account.history.map(({ gen }) => ({ gen, seed: randomBytes(32) }));
  return makeKeyfile({ kind: 1, passphrase: OTHER, iterations: 600_000, salt: randomBytes(32), payload: encodeAccount({ ...account, history }) });
}

/** Alice began anew, and bob wrote to her again; `old` is under another passphrase than she has now. */
async function afterReset(world) {
  const { alice: before, bob, cid } = await talking(world);
  await ticked(cid, before, bob);
  await before.messenger.changePassphrase({ passphrase: PASSPHRASE, next: OTHER });
  const { bytes: old } = await before.messenger.makeKeyFile({ passphrase: OTHER });
  before.messenger.end();
  const alice = world.browserOf(before.person);
  await alice.load();
  await alice.messenger.resetKeys({ name: "alice" });
  await alice.makeKeys();
  await until(() => bob.messenger.conversation(cid).blocked?.code === "ROOT_RESET", "bob is asked");
  await bob.messenger.decide(cid, "continue");
  await bob.messenger.send(cid, "after it");
  await alice.sees(cid, "after it");
  await ticked(cid, bob);
  const { events } = world.server.conversations.get(cid);
  await until(() => events.some(({ kind, did }) => kind === "record" && did === alice.client.did), "her own leaf");
  return { alice, bob, cid, old, events };
}

export const FORMER_KEYS = {
  async the_file_of_keys_from_before_a_reset_opens_their_messages_alone(world) {
    const { alice, bob, cid, old, events } = await afterReset(world);
    const bring = (bytes, more) => alice.messenger.bringKeyFile({ bytes, passphrase: OTHER, ...more });
    const vault = await alice.vault();
    await refuses(bring(await bob.keyFile(), { passphrase: PASSPHRASE }), "KEYFILE_WRONG_ACCOUNT");
    await refuses(bring(await withWrongGeneration(old), { own: PASSPHRASE }), "KEYFILE_DAMAGED");
    await refuses(bring(old), "KEYFILE_OTHER_PASSPHRASE");
    expect([await alice.texts(cid), (await alice.vault()).join() === vault.join()], [["after it"], true], "a refusal opens nothing");
    await alice.keyFile();
    expect((await alice.messenger.keyFile()).due, null, "saved");
    const said = () => [events.filter(({ did }) => did === alice.client.did).length, alice.person.bundles.length];
    const before = said();
    expect(await bring(old, { own: PASSPHRASE }), { phase: "open", notices: ["KEYFILE_STALE"] }, "brought");
    expect(await alice.texts(cid), [...both, "after it"], "read in their place");
    const codes = await alice.codes(cid);
    expect([codes.includes("NO_EPOCH_KEY"), codes.includes("KEYFILE_STALE")], [false, true], "nothing is closed any more, and it is told");
    expect(said(), before, "nothing went out");
    await alice.reload();
    await alice.online();
    await alice.messenger.send(cid, "goes on");
    await bob.sees(cid, ...both, "after it", "goes on");
    expect(await alice.texts(cid), [...both, "after it", "goes on"], "after a reload, too");
  },

  async the_next_key_file_holds_the_keys_from_before_a_reset(world) {
    const { alice, cid, old } = await afterReset(world);
    const third = world.browserOf(alice.person);
    await third.load();
    await refuses(third.messenger.importKeyFile({ bytes: old, passphrase: OTHER }), "KEYFILE_STALE");
    await alice.messenger.bringKeyFile({ bytes: old, passphrase: OTHER, own: PASSPHRASE });
    expect((await alice.messenger.keyFile()).due, "renew", "a new file is due");
    await third.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
    expect(await third.texts(cid), [...both, "after it"], "all of it");
    await alice.messenger.bringKeyFile({ bytes: old, passphrase: OTHER, own: PASSPHRASE });
    expect((await alice.messenger.keyFile()).due, null, "brought again, it has nothing new");
    await alice.messenger.removeBrowser({ did: await didOf(third), passphrase: PASSPHRASE });
    await until(() => third.messenger.conversation(cid).whyNot === "DEVICE_REMOVED_HERE", "taken off");
    await refuses(third.messenger.bringKeyFile({ bytes: old, passphrase: OTHER, own: PASSPHRASE }), "KEYFILE_STALE");
  },
};
