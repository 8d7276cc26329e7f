/** Attacks with key files: weaker or endless derivation, damage, swapped parts, somebody else's or last year's file (A68 to A75, A77). */

import { PASSPHRASE, expect, refuses, until } from "/tests/js_chat/harness.js";
import { makeKeyfile, openKeyfile } from "/static/js/crypto/keyfile.js";
import { encodeAccount, parseAccount } from "/static/js/crypto/keyfile-payload.js";
import { passphraseProblem } from "/static/js/crypto/passphrase.js";
import { begin, bothReal, flip, hasProblem, isBlocked, shows, withPuppet } from "./bench.js";
import { lieAboutLog, pageOf } from "./logs.js";
import { concat, emptyLog, encodeLeaf, generateEd25519, hex, logRoot, randomBytes, signBundle, u32, unhex } from "./product.js";

const ITERATIONS_AT = 7;
const CT_AT = 55 + 32;

/** A fresh browser of hers, and her file. */
async function newcomer(world) {
  const alice = await world.person("alice");
  const bytes = await alice.keyFile();
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  const tries = (file, passphrase = PASSPHRASE) => fresh.messenger.importKeyFile({ bytes: file, passphrase });
  return { alice, bytes, fresh, tries };
}

const withIterations = (file, iterations) => concat(file.slice(0, ITERATIONS_AT), u32(iterations), file.slice(ITERATIONS_AT + 4));

async function nothingImported({ alice, fresh, tries, bytes }) {
  expect([fresh.messenger.phase, alice.person.bundles.length], ["import", 1], "nothing imported, nothing published");
  expect((await tries(bytes)).phase, "open", "the true file still opens");
}

export async function a68(world) {
  const all = await newcomer(world);
  for (const iterations of [0, 1, 599_999]) await refuses(all.tries(withIterations(all.bytes, iterations)), "KEYFILE_KDF_REFUSED");
  await refuses(all.tries(concat(all.bytes.slice(0, 6), Uint8Array.of(2), all.bytes.slice(7))), "KEYFILE_KDF_REFUSED");
  await refuses(all.tries(withIterations(all.bytes, 600_001)), "KEYFILE_WRONG_PASSPHRASE"); // the header is inside the derivation
  await nothingImported(all);
}

export async function a69(world) {
  const { bytes, tries } = await newcomer(world);
  for (const iterations of [10_000_001, 2 ** 32 - 1]) {
    const derived = await derivations(() => refuses(tries(withIterations(bytes, iterations)), "KEYFILE_KDF_REFUSED"));
    expect(derived, 0, "nothing was derived");
  }
  expect((await derivations(() => tries(bytes))) > 0, true, "for the true file it is");
}

// How often a key is made of a passphrase while `work` goes on.
async function derivations(work) {
  const { deriveBits } = SubtleCrypto.prototype;
  let count = 0;
  SubtleCrypto.prototype.deriveBits = function counted(how, ...more) {
    count += how.name === "PBKDF2";
    return deriveBits.call(this, how, ...more);
  };
  try {
    await work();
  } finally {
    SubtleCrypto.prototype.deriveBits = deriveBits;
  }
  return count;
}

export async function a70(world) {
  const all = await newcomer(world);
  const { bytes, tries } = all;
  await refuses(tries(bytes, `${PASSPHRASE}x`), "KEYFILE_WRONG_PASSPHRASE");
  for (const cut of [0, 54, 200, bytes.length - 1]) await refuses(tries(bytes.slice(0, cut)), "KEYFILE_BAD_FORMAT");
  await refuses(tries(concat(bytes, Uint8Array.of(0))), "KEYFILE_BAD_FORMAT");
  for (const place of [CT_AT, bytes.length - 1]) await refuses(tries(flip(bytes, place)), "KEYFILE_DAMAGED");
  await nothingImported(all);
}

export async function a71(world) {
  const all = await newcomer(world);
  const other = await all.alice.keyFile();
  const swapped = [concat(all.bytes.slice(0, CT_AT), other.slice(CT_AT)), concat(all.bytes.slice(0, CT_AT + 64), other.slice(CT_AT + 64))];
  for (const file of swapped) await refuses(all.tries(file), file.length === all.bytes.length ? "KEYFILE_DAMAGED" : "KEYFILE_BAD_FORMAT");
  await nothingImported(all);
}

/** The file again with other contents, under her own passphrase: what a friend could have prepared. */
async function rewritten(bytes, change) {
  const { payload } = await openKeyfile(bytes, PASSPHRASE);
  const account = await change(parseAccount(payload));
  return makeKeyfile({ kind: 1, passphrase: PASSPHRASE, iterations: 600_000, salt: randomBytes(32), payload: encodeAccount(account) });
}

export async function a72(world) {
  const all = await newcomer(world);
  const root = await generateEd25519();
  const changes = [
    (account) => ({ ...account, rootSeed: root.seed }), (account) => ({ ...account, uid: randomBytes(16) }), (account) => ({ ...account, name: "mallory" }),
  ];
  for (const change of changes) await refuses(all.tries(await rewritten(all.bytes, change)), "KEYFILE_WRONG_ACCOUNT");
  await refuses(all.tries(await rewritten(all.bytes, (account) => ({ ...account, log: { size: 1, root: randomBytes(32) } }))), "LOG_SPLIT_VIEW");
  await nothingImported(all);
}

/** A pin of the file speaks of a root that the log does not know. */
export async function a72_pins(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const { pub } = await generateEd25519();
  const file = await rewritten(await alice.keyFile(), (account) => ({ ...account, pins: [{ uid: bob.uid, rootPub: pub, verified: true }] }));
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
  await fresh.online();
  await isBlocked(fresh, cid, "ROOT_RESET");
  expect(fresh.messenger.conversation(cid).verified, false, "a pin of the file verifies nobody else's root");
}

/** A chat file whose epoch keys are not those of the stored records. */
export async function a72_conversation(world) {
  const { alice, bob, cid } = await bothReal(world);
  const { bytes } = await bob.messenger.conversationFile({ cid, passphrase: PASSPHRASE });
  const { payload } = await openKeyfile(bytes, PASSPHRASE);
  const json = JSON.parse(new TextDecoder().decode(payload));
  json.epochs.forEach((epoch) => Object.assign(epoch, { k_msg: "A".repeat(43) }));
  const forged = await makeKeyfile({ kind: 2, passphrase: PASSPHRASE, iterations: 600_000, salt: randomBytes(32), payload: new TextEncoder().encode(JSON.stringify(json)) });
  const { messages } = await alice.messenger.readConversationFile({ bytes: forged, passphrase: PASSPHRASE });
  expect(messages.filter(({ kind }) => kind === "text"), [], "no key without its record's confirmation");
  await refuses(alice.messenger.proveKeyFile({ bytes: forged, passphrase: PASSPHRASE }), "KEYFILE_BAD_FORMAT");
  await alice.sees(cid, "hello", "hi");
}

export async function a73(world) {
  const alice = await world.person("alice");
  const old = await alice.keyFile(); // of the first day
  const cid = await begin(alice, await world.puppet("bob"));
  const second = world.browserOf(alice.person);
  await second.load();
  await second.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  const third = world.browserOf(alice.person);
  await third.load();
  const { phase, notices } = await third.messenger.importKeyFile({ bytes: old, passphrase: PASSPHRASE });
  expect([phase, notices], ["open", ["KEYFILE_STALE"]], "told that it is old");
  await third.sees(cid, "hello", "hi");
  await shows(third, cid, "KEYFILE_STALE");
  const { payload } = await openKeyfile(old, PASSPHRASE);
  const names = Object.keys(JSON.parse(new TextDecoder().decode(payload))).sort();
  expect(names, ["bundle_hash", "bundle_version", "hk", "lg_pub", "log", "made", "name", "origin", "pins", "rs", "uid", "v"], "no chain state in it");
  const dids = new Set(alice.person.bundles.at(-1).devices.map(({ did }) => hex(did)));
  expect([dids.size, dids.has(third.client.did)], [3, true], "a device of its own");
}

/** The log that is shown ends before the account's last version. */
export async function a73_unlogged(world) {
  const { alice, bytes, fresh, tries } = await newcomer(world);
  await tries(bytes);
  alice.messenger.end();
  fresh.messenger.end();
  const { server } = world;
  const honest = lieAboutLog(server, (_, from) => pageOf(server.leaves, from, { key: server.key, size: server.leaves.length - 1 }));
  const third = world.browserOf(alice.person);
  await third.load();
  await refuses(third.messenger.importKeyFile({ bytes, passphrase: PASSPHRASE }), "BUNDLE_NOT_IN_LOG");
  expect([third.messenger.phase, alice.person.bundles.length], ["import", 2], "nothing imported, nothing published");
  honest();
  expect((await third.messenger.importKeyFile({ bytes, passphrase: PASSPHRASE })).phase, "open", "with the whole log it is taken");
}

/** The root of the file was replaced since: it opens nothing new. */
export async function a73_old_root(world) {
  const alice = await world.person("alice");
  const file = await alice.keyFile();
  const last = alice.person.bundles.at(-1);
  const root = await generateEd25519();
  const bundle = await signBundle({ ...last, version: 2, prevHash: last.hash, rootPub: root.pub }, root.seed);
  alice.person.bundles.push(bundle);
  await world.server.append(await encodeLeaf({ name: "alice", uid: unhex(alice.person.uid), version: 2, bundleHash: bundle.hash }));
  await hasProblem(alice, "LOG_SELF_FORGED");
  await refuses(alice.messenger.bringKeyFile({ bytes: file, passphrase: PASSPHRASE }), "KEYFILE_STALE"); // her own root is the former one
  alice.messenger.end();
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  const code = await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE }).then(() => null, (error) => error.code);
  expect([code, alice.person.bundles.length], ["KEYFILE_STALE", 2], "no device is added");
}

/** Found again after a reset, a file of the former root gives its history: only the keys that the account had, and nothing else. */
export async function a73_history(world) {
  const alice = await world.person("alice");
  const cid = await begin(alice, await world.puppet("bob"));
  const file = await alice.keyFile();
  alice.messenger.end();
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.resetKeys({ name: "alice" });
  await fresh.makeKeys();
  await until(() => fresh.messenger.conversations().length === 1, "the chat is there");
  await shows(fresh, cid, "NO_EPOCH_KEY");
  const bring = async (change) => fresh.messenger.bringKeyFile({ bytes: await rewritten(file, change), passphrase: PASSPHRASE });
  const vault = await fresh.vault();
  for (const gen of [1, 2, 3]) {
    const entry = { gen, seed: randomBytes(32) }; // another key of then, of now, and of a time to come
    await refuses(bring((account) => ({ ...account, history: [...account.history, entry] })), "KEYFILE_DAMAGED");
  }
  const stranger = await generateEd25519();
  await refuses(bring((account) => ({ ...account, rootSeed: stranger.seed })), "KEYFILE_WRONG_ACCOUNT");
  await refuses(bring((account) => ({ ...account, log: { size: 1, root: randomBytes(32) } })), "LOG_SPLIT_VIEW");
  expect([hex(await fresh.vault()) === hex(vault), await fresh.texts(cid)], [true, []], "nothing was taken");
  const pin = { uid: randomBytes(16), rootPub: stranger.pub, verified: true };
  await bring((account) => ({ ...account, pins: [pin] }));
  await shows(fresh, cid, "KEYFILE_STALE");
  await fresh.sees(cid, "hello", "hi");
  const { payload } = await openKeyfile(await fresh.keyFile(), PASSPHRASE);
  const { history, pins, rootSeed } = parseAccount(payload);
  const present = parseAccount((await openKeyfile(vault, PASSPHRASE)).payload);
  expect([history.map(({ gen }) => gen), pins.some(({ uid }) => hex(uid) === hex(pin.uid)), hex(rootSeed)], [[1, 2], false, hex(present.rootSeed)], "history alone");
}

/** A file of the present root brings newer history keys: only those that the account's bundles name, wherever it is given. */
export async function a73_newer_keys(world) {
  const alice = await world.person("alice");
  await begin(alice, await world.puppet("bob"));
  const [second, third] = [world.browserOf(alice.person), world.browserOf(alice.person)];
  for (const browser of [second, third]) {
    await browser.load();
    await browser.messenger.importKeyFile({ bytes: await alice.keyFile(), passphrase: PASSPHRASE });
  }
  await alice.messenger.removeBrowser({ did: third.client.did, passphrase: PASSPHRASE });
  const file = await alice.keyFile();
  const vault = await second.vault();
  for (const gen of [1, 2, 3]) {
    const another = { gen, seed: randomBytes(32) };
    const bytes = await rewritten(file, (account) => ({ ...account, history: [...account.history.filter((one) => one.gen !== gen), another] }));
    for (const take of ["bringKeyFile", "proveKeyFile"]) await refuses(second.messenger[take]({ bytes, passphrase: PASSPHRASE }), "KEYFILE_DAMAGED");
  }
  expect([hex(await second.vault()) === hex(vault), (await second.messenger.keyFile()).due], [true, "renew"], "nothing was taken");
  await second.messenger.proveKeyFile({ bytes: file, passphrase: PASSPHRASE });
  const [kept, given] = [await second.vault(), file].map(async (bytes) => parseAccount((await openKeyfile(bytes, PASSPHRASE)).payload).history);
  expect((await kept).map(({ gen, seed }) => [gen, hex(seed)]), (await given).map(({ gen, seed }) => [gen, hex(seed)]), "the true ones are");
}

/** What a file pins it pins at its log's size, also when it saw none of the log: the key that the log began with. */
export async function a19_keyfile_size_0(world) {
  const { alice, bytes, fresh, tries } = await newcomer(world);
  const first = await world.server.rotateLogKey();
  const [log, stranger] = [{ size: 0, root: await logRoot(emptyLog()) }, await generateEd25519()];
  const withKey = (key) => rewritten(bytes, (account) => ({ ...account, lgPub: key.pub, log }));
  for (const key of [stranger, world.server.key]) await refuses(tries(await withKey(key)), "LOG_BAD_HEAD");
  await refuses(tries(await rewritten(bytes, (account) => ({ ...account, log: { ...log, root: randomBytes(32) } }))), "LOG_SPLIT_VIEW");
  expect([fresh.messenger.phase, alice.person.bundles.length], ["import", 1], "nothing imported, nothing published");
  const { phase, notices } = await tries(await withKey(first));
  expect([phase, notices], ["open", ["LOG_KEY_ROTATED"]], "it leads on to the present key");
}

export async function a74(world) {
  const alice = await world.person("alice");
  const file = await alice.keyFile();
  expect(new DataView(file.buffer, file.byteOffset).getUint32(ITERATIONS_AT) >= 600_000, true, "cost of a guess");
  const offered = Array.from({ length: 500 }, () => alice.messenger.suggestPassphrase());
  const letters = new Set(offered.join("").replaceAll("-", ""));
  expect([new Set(offered).size, offered[0].replaceAll("-", "").length * Math.log2(letters.size) >= 77], [500, true], "bits of an offered one");
  expect([passphraseProblem("fifteen letters"), passphraseProblem("sixteen letters!")], ["too-short", null], "an own one");
  const late = world.browserOf(world.server.addPerson("zoe"));
  await late.load();
  await refuses(late.messenger.createKeys({ passphrase: "fifteen letters" }), "PASSPHRASE_TOO_SHORT");
}

/** Whatever the passphrase, the commitment is looked at before the ciphertext: one file opens under one passphrase. */
export async function a75(world) {
  const { bytes, tries } = await newcomer(world);
  await refuses(tries(flip(bytes, 55)), "KEYFILE_WRONG_PASSPHRASE");
  await refuses(tries(flip(flip(bytes, 55), bytes.length - 1)), "KEYFILE_WRONG_PASSPHRASE");
}

