/** Attacks on the profile: put back, copied, emptied, read by a thief (A35, A36, A76 to A78). */

import { PASSPHRASE, expect, until } from "/tests/js_chat/harness.js";
import { ticked } from "/tests/js_chat/worlds.js";
import { confirmKey, confirmTag, historyInfo, historySecretOfSender, sealWrap } from "/static/js/crypto/epoch-keys.js";
import { NEXT } from "/static/js/crypto/labels.js";
import { bothReal, bytesOf, editRecord, isBlocked, settled, withPuppet } from "./bench.js";
import { concat, hex, randomBytes, sha256 } from "./product.js";

const nameOf = (browser) => `${browser.prefix}llave:${browser.person.uid}`;

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Everything in the profile's database, as a copy of the disk has it. */
export async function copyOf(browser) {
  const db = await done(indexedDB.open(nameOf(browser)));
  const stores = {};
  for (const name of db.objectStoreNames) {
    const store = db.transaction(name).objectStore(name);
    const [keys, values] = [await done(store.getAllKeys()), await done(db.transaction(name).objectStore(name).getAll())];
    stores[name] = keys.map((key, i) => [store.keyPath === null ? key : undefined, values[i]]);
  }
  db.close();
  return stores;
}

/** The profile as it was when the copy was made. */
async function putBack(browser, stores) {
  const db = await done(indexedDB.open(nameOf(browser)));
  for (const [name, rows] of Object.entries(stores)) {
    const transaction = db.transaction(name, "readwrite");
    const store = transaction.objectStore(name);
    store.clear();
    rows.forEach(([key, value]) => (key === undefined ? store.put(value) : store.put(value, key)));
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
  }
  db.close();
}

const saltsOf = (world, cid) => world.events(cid).filter(({ kind }) => kind === "message").map((event) => hex(bytesOf(event).slice(67, 99)));

async function rolledBack(world) {
  const { alice, bob, cid } = await bothReal(world);
  const profile = await copyOf(alice);
  await alice.messenger.send(cid, "sent before the old copy came back");
  await bob.sees(cid, "hello", "hi", "sent before the old copy came back");
  await ticked(cid, alice);
  alice.messenger.end();
  await putBack(alice, profile);
  await alice.load();
  const refusal = await alice.messenger.unlock({ passphrase: PASSPHRASE }).then(() => null, ({ code }) => code);
  return { alice, bob, cid, refusal };
}

export async function a35(world) {
  const { alice, bob, cid, refusal } = await rolledBack(world);
  if (refusal === null) {
    await alice.online();
    await settled();
    await alice.messenger.send(cid, "from the old copy").catch(() => {});
    await isBlocked(alice, cid, "STATE_ROLLBACK");
  }
  const salts = saltsOf(world, cid);
  expect(new Set(salts).size, salts.length, "no salt, so no key and nonce, is used twice");
  expect((await bob.texts(cid)).slice(0, 3), ["hello", "hi", "sent before the old copy came back"], "nothing is lost at the other side");
  return refusal;
}

/** The log and the write number of the profile are older than what the server knows of this browser. */
export async function a76(world) {
  const { alice, cid, refusal } = await rolledBack(world);
  if (refusal) return expect(refusal, "STATE_ROLLBACK", "told at unlock");
  await isBlocked(alice, cid, "STATE_ROLLBACK");
  return undefined;
}

/** One profile twice, both alive. */
export async function a36_own(world) {
  const { alice, bob, cid } = await bothReal(world);
  const profile = await copyOf(alice);
  const clone = world.browserOf(alice.person);
  await clone.load().catch(() => {});
  clone.messenger.end();
  await putBack(clone, profile);
  await clone.load();
  await clone.messenger.unlock({ passphrase: PASSPHRASE });
  await clone.online();
  await clone.messenger.send(cid, "the clone writes");
  await bob.sees(cid, "hello", "hi", "the clone writes");
  await isBlocked(alice, cid, "STATE_ROLLBACK"); // its words: somebody uses a copy of this browser; give this one new keys
  await alice.messenger.send(cid, "not under keys that two hold");
  await settled();
  expect((await alice.states(cid)).at(-1), "queued", "nothing more goes out under keys that two hold");
  expect(await alice.texts(cid), ["hello", "hi", "the clone writes", "not under keys that two hold"], "what was said in her name is in her sight");
}

export async function a77(world) {
  const { alice, bob, cid } = await bothReal(world);
  const file = await alice.keyFile();
  alice.messenger.end();
  await settled(50);
  await done(indexedDB.deleteDatabase(nameOf(alice)));
  expect(await alice.load(), { phase: "import" }, "asks for the key file");
  await alice.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
  await alice.sees(cid, "hello", "hi");
  await bob.messenger.send(cid, "welcome back");
  await alice.sees(cid, "hello", "hi", "welcome back");
}

/** No chat before the file was saved and opened once. */
export async function a77_first(world) {
  const zoe = world.browserOf(world.server.addPerson("zoe"));
  await zoe.load();
  await zoe.messenger.createKeys({ passphrase: PASSPHRASE });
  const code = await zoe.messenger.startWith(zoe.person.uid).then(() => null, (error) => error.code);
  expect([zoe.messenger.phase, code], ["prove", "NOT_UNLOCKED"], "the file comes first");
}

/** "Restored from a backup": an epoch in the peer's name, whole and confirmed, but made by somebody without the keys of his browser. */
export async function a79(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const file = await alice.keyFile();
  alice.messenger.end();
  const stranger = { ...bob.device, dkSeed: randomBytes(32) };
  const { record, epochKeys, randomness } = await bob.propose(NEXT, { device: stranger });
  bob.conversation.epoch += 1;
  const sender = { dkSeed: stranger.dkSeed, eSeed: randomness.eSeed, dkPub: bob.device.dkPub };
  await world.inject(cid, { kind: "record", blob: await withHistoryWraps(record, epochKeys, sender, bob.bundles()), from: bob });
  Object.assign(bob, { keys: epochKeys, chains: new Map() });
  const { envelope } = await bob.seal(bob.content({ body: "restored from a newer backup" }));
  await world.inject(cid, { blob: envelope, from: bob });
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
  await fresh.sees(cid, "hello", "hi");
  await settled();
  expect(await fresh.texts(cid), ["hello", "hi"], "nothing of the server's own making is shown");
  const codes = await fresh.codes(cid);
  expect([codes.includes("BAD_TAG"), codes.includes("NO_EPOCH_KEY")], [true, true], `and it is told: ${codes}`);
}

/** Each names the sender's published key, as the reader expects it, and the record confirms all of them. */
function withHistoryWraps(record, { kMsg, th }, { dkSeed, eSeed, dkPub }, bundles) {
  return editRecord(record, async (_, { core }) => {
    const wraps = bundles.map(async ({ uid, historyPub: hkPub }) => {
      const z = await historySecretOfSender({ dkSeed, eSeed }, hkPub);
      return sealWrap(z, historyInfo({ th, uid, hkPub, senderDkPub: dkPub, ePub: core.ePub }), kMsg);
    });
    const hwraps = concat(...(await Promise.all(wraps)));
    return { hwraps, confirm: await confirmTag(await confirmKey(kMsg, th), th, await sha256(hwraps)) };
  });
}

/** All bytes of the locked profile, looked through for what was said and for keys. */
export async function a78(world) {
  const { alice, bob, cid } = await bothReal(world);
  await alice.messenger.send(cid, "planted-canary-text");
  await alice.messenger.setDraft(cid, "planted-canary-draft");
  await bob.sees(cid, "hello", "hi", "planted-canary-text");
  await alice.messenger.lock();
  const bytes = flatten(await copyOf(alice));
  for (const canary of ["planted-canary", "hello", PASSPHRASE, "BOB"]) expect(bytes.includes(canary), false, `${canary} lies on the disk`);
  expect([alice.messenger.conversations(), alice.messenger.phase], [[], "locked"], "nothing is left in reach");
  await until(() => alice.messenger.connection === "offline", "no line");
  const wrong = await alice.messenger.unlock({ passphrase: `${PASSPHRASE}x` }).then(() => null, ({ code }) => code);
  expect(wrong, "WRONG_PASSPHRASE", "another passphrase");
}

function flatten(value) {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => String.fromCharCode(byte)).join("");
  if (value instanceof ArrayBuffer) return flatten(new Uint8Array(value));
  if (typeof value === "object" && value !== null) return Object.entries(value).map(([key, one]) => key + flatten(one)).join("\n");
  return String(value);
}
