/** Attacks on the log: two views, an old one, a forged head, shadow versions (A17 to A20). */

import { PASSPHRASE, expect, until } from "/tests/js_chat/harness.js";
import { reconnect } from "/tests/js_chat/later.js";
import { parseHead } from "/static/js/crypto/log.js";
import { verify } from "/static/js/crypto/primitives.js";
import { fromBase64Url } from "/static/js/lib/bytes.js";
import { bothReal, goesOn, hasProblem, isBlocked, settled, shows, staysUnsent, withPuppet } from "./bench.js";
import { appendLeaves, emptyLog, encodeHead, encodeLeaf, generateEd25519, logId, logRoot, randomBytes, sha256, signBundle, signHead, signKeyLeaf, toBase64Url, unhex } from "./product.js";

/** What the server says about its log, changed by `change` for whom `isVictim` names; gives the way back. */
export function lieAboutLog(server, change, isVictim = () => true) {
  const { keys } = server;
  server.keys = async (client, method, parts, ...rest) => {
    const honest = await keys.call(server, client, method, parts, ...rest);
    return parts[0] === "log" && isVictim(client) ? change(honest, Number(rest[1].get("from"))) : honest;
  };
  return () => {
    server.keys = keys;
  };
}

/** A page of a log with these leaves, signed by this key. */
export async function pageOf(leaves, from, { key, tsMs = Date.now(), size = leaves.length }) {
  const log = await appendLeaves(emptyLog(), leaves.slice(0, size));
  const head = { logId: await logId(key.pub), size, root: await logRoot(log), tsMs };
  return {
    leaves: leaves.slice(from, size).map(toBase64Url), size, head: toBase64Url(encodeHead(head)), sig: toBase64Url(await signHead(head, key.seed)),
    log_pub: toBase64Url(key.pub),
  };
}

/** Makes the browser look at its log now. */
export function look(world) {
  world.server.sockets.forEach((socket) => socket.push({ f: "bell", log_size: world.server.log.size + 1 }));
}

const stranger = async () => encodeLeaf({ name: "nobody", uid: randomBytes(16), version: 1, bundleHash: await sha256(randomBytes(8)) });

export async function a17(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const other = await appendLeaves(emptyLog(), [...world.server.leaves.slice(0, -1), await stranger()]);
  const { record } = await bob.propose(1, { log: { ...world.server.log, tree: other.tree } });
  await world.inject(cid, { kind: "record", blob: record, from: bob });
  await isBlocked(alice, cid, "LOG_SPLIT_VIEW");
  await staysUnsent(world, alice, cid);
  expect(await alice.texts(cid), ["hello", "hi", "waits"], "texts");
  const [found] = await evidenceOf(alice);
  expect([found.code, found.theirs.record, found.theirs.log_root !== found.theirs.root_here], ["LOG_SPLIT_VIEW", toBase64Url(record), true], "the record is kept");
  await checkSigned(world, found.mine);
}

/** A browser that comes later meets the same record among what it reads with the history key. */
export async function a17_history(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const file = await alice.keyFile();
  const other = await appendLeaves(emptyLog(), [...world.server.leaves.slice(0, -1), await stranger()]);
  const { record } = await bob.propose(1, { log: { ...world.server.log, tree: other.tree } });
  await world.inject(cid, { kind: "record", blob: record, from: bob });
  await isBlocked(alice, cid, "LOG_SPLIT_VIEW");
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
  await isBlocked(fresh, cid, "LOG_SPLIT_VIEW");
  expect(await fresh.texts(cid), ["hello", "hi"], "what came before is read");
  const [found] = await evidenceOf(fresh);
  expect(found.theirs.record, toBase64Url(record), "the record is kept");
}

async function evidenceOf(browser) {
  const kept = await browser.messenger.logEvidence();
  expect(kept !== null, true, "evidence is kept");
  const { name, bytes } = kept;
  expect(/^log-evidence-alice-[0-9-]{10}\.json$/.test(name), true, name);
  return JSON.parse(new TextDecoder().decode(bytes)).found;
}

// Anybody who knows the log's key can check it.
async function checkSigned(world, { head, sig }) {
  await verify(world.server.key.pub, fromBase64Url(sig), fromBase64Url(head));
}

/** Two heads of one size, both signed: the log convicts itself, and the person can show it. */
export async function a17_heads(world) {
  const { alice, cid } = await withPuppet(world);
  expect(await alice.messenger.logEvidence(), null, "nothing to show yet");
  const leaves = [...world.server.leaves.slice(0, -1), await stranger()];
  const page = await pageOf(leaves, leaves.length, { key: world.server.key });
  lieAboutLog(world.server, () => page);
  look(world);
  await isBlocked(alice, cid, "LOG_SPLIT_VIEW");
  const [{ mine, theirs }] = await evidenceOf(alice);
  await checkSigned(world, mine);
  await checkSigned(world, theirs);
  const [one, other] = [mine, theirs].map(({ head }) => parseHead(fromBase64Url(head)));
  expect([one.size, toBase64Url(one.root) === toBase64Url(other.root)], [other.size, false], "one size, two trees");
  await alice.reload();
  expect((await evidenceOf(alice)).length, 1, "kept");
}

/** A chat that begins after that, by whomever, is stopped as well, and shows it before its first message. */
export async function a17_new(world) {
  const { alice, cid } = await withPuppet(world);
  const [carol, mallory] = [await world.puppet("carol"), await world.puppet("mallory")];
  await settled();
  const leaves = [...world.server.leaves.slice(0, -1), await stranger()];
  const page = await pageOf(leaves, leaves.length, { key: world.server.key });
  lieAboutLog(world.server, () => page);
  look(world);
  await isBlocked(alice, cid, "LOG_SPLIT_VIEW");
  const other = await alice.messenger.startWith(carol.person.uid);
  const { canWrite, whyNot, blocked } = alice.messenger.conversation(other);
  expect([canWrite, whyNot, blocked.code], [false, "LOG_SPLIT_VIEW", "LOG_SPLIT_VIEW"], "from the beginning");
  await staysUnsent(world, alice, other);
  const { cid: theirs } = world.server.start(mallory, alice.person.uid);
  await reconnect(alice);
  await until(() => alice.messenger.conversations().some((one) => one.cid === theirs), "she has the chat that another began");
  await isBlocked(alice, theirs, "LOG_SPLIT_VIEW");
}

/** Each of the two is shown a log of their own; they meet in an epoch record. */
export async function a17_both(world) {
  const { alice, bob, cid } = await bothReal(world);
  const leaf = await stranger();
  const shared = world.server.leaves.length;
  lieAboutLog(world.server, (_, from) => pageOf([...world.server.leaves.slice(0, shared), leaf], from, { key: world.server.key }), (client) => client === alice.client);
  await world.server.append(await stranger());
  look(world);
  await settled();
  await bob.messenger.send(cid, "still one view");
  await alice.sees(cid, "hello", "hi", "still one view");
  bob.skew = 25 * 3_600_000; // a new epoch is due with his next message
  alice.skew = bob.skew;
  await bob.messenger.send(cid, "from another view");
  await isBlocked(alice, cid, "LOG_SPLIT_VIEW");
}

export async function a18(world) {
  const { alice, bob, cid } = await withPuppet(world);
  lieAboutLog(world.server, (_, from) => pageOf(world.server.leaves, from, { key: world.server.key, size: 1 }));
  look(world);
  await isBlocked(alice, cid, "LOG_ROLLBACK");
  await staysUnsent(world, alice, cid);
  await bob.say("receiving goes on");
  await until(async () => (await alice.texts(cid)).includes("receiving goes on"), "shown", () => alice.texts(cid));
}

export async function a18_stale(world) {
  const { alice, bob, cid } = await withPuppet(world);
  lieAboutLog(world.server, (_, from) => pageOf(world.server.leaves, from, { key: world.server.key, tsMs: Date.now() - 25 * 3_600_000 }));
  look(world);
  await shows(alice, cid, "LOG_STALE");
  expect(alice.messenger.conversation(cid).blocked, null, "a warning, no block");
  await goesOn(alice, bob, cid);
}

/** Everything is answered but the log: the last head that came grows old. */
export async function a18_withheld(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const told = async () => (await alice.codes(cid)).filter((code) => code === "LOG_STALE").length;
  const withhold = () => lieAboutLog(world.server, () => Promise.reject(new TypeError("network")));
  const honest = withhold();
  const lookAt = async (hours) => {
    alice.skew = hours * 3_600_000;
    look(world);
    await settled();
  };
  await lookAt(23);
  expect(await told(), 0, "a day is not over");
  await lookAt(25);
  await shows(alice, cid, "LOG_STALE");
  await lookAt(26);
  expect(await told(), 1, "told once while it lasts");
  expect(alice.messenger.conversation(cid).blocked, null, "a warning, no block");
  await goesOn(alice, bob, cid);
  honest();
  await lookAt(0);
  withhold();
  await lookAt(25);
  await until(async () => (await told()) === 2, "told again", told);
}

export async function a19(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const key = await generateEd25519();
  const honest = lieAboutLog(world.server, (_, from) => pageOf(world.server.leaves, from, { key }));
  look(world);
  await isBlocked(alice, cid, "LOG_BAD_HEAD");
  await staysUnsent(world, alice, cid);
  honest();
  await alice.messenger.decide(cid, "continue");
  await bob.sync().catch(() => {});
  expect((await alice.texts(cid)).slice(0, 2), ["hello", "hi"], "texts");
}

/** The right name on the head, another signature below it. */
export async function a19_signature(world) {
  const { alice, cid } = await withPuppet(world);
  const key = await generateEd25519();
  const sign = async (page) => ({ ...page, sig: toBase64Url(await signHead({ logId: unhex("00".repeat(32)), size: 1, root: unhex("00".repeat(32)), tsMs: 1 }, key.seed)) });
  lieAboutLog(world.server, sign);
  look(world);
  await isBlocked(alice, cid, "LOG_BAD_HEAD");
}

/** A key file pins the log's key: a log under another key is refused before anything is published. */
export async function a19_keyfile(world) {
  const alice = await world.person("alice");
  const file = await alice.keyFile();
  alice.messenger.end();
  lieAboutLog(world.server, (_, from) => generateEd25519().then((key) => pageOf(world.server.leaves, from, { key })));
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  const refusal = await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE }).then(() => null, ({ code }) => code);
  expect([refusal, alice.person.bundles.length], ["LOG_BAD_HEAD", 1], "refused, and nothing published");
}

/** The honest way to another key: nothing stops, and everybody is told. */
export async function a19_rotated(world) {
  const { alice, bob, cid } = await bothReal(world);
  await world.server.rotateLogKey();
  for (const browser of [alice, bob]) {
    await shows(browser, cid, "LOG_KEY_ROTATED");
    expect(browser.messenger.conversation(cid).blocked, null, "nothing is blocked");
  }
  await bob.messenger.send(cid, "under the new key");
  await alice.sees(cid, "hello", "hi", "under the new key");
  await world.server.rotateLogKey();
  await until(async () => (await alice.codes(cid)).filter((code) => code === "LOG_KEY_ROTATED").length === 2, "told once each time", () => alice.codes(cid));
}

/** Who has the old key still, signs with it after the change. */
export async function a19_old_key(world) {
  const { alice, cid } = await withPuppet(world);
  const old = await world.server.rotateLogKey();
  await shows(alice, cid, "LOG_KEY_ROTATED");
  lieAboutLog(world.server, (_, from) => pageOf(world.server.leaves, from, { key: old }));
  look(world);
  await isBlocked(alice, cid, "LOG_BAD_HEAD");
  await staysUnsent(world, alice, cid);
}

/** A key leaf that the old key did not sign, at the right place; or one that it signed for another place or tree. */
async function falseSuccessor(world, code, { change = {}, by = null, bySelf = false }) {
  const { alice, cid } = await withPuppet(world);
  const [{ log, leaves, key }, next] = [world.server, await generateEd25519()];
  const fields = { oldPub: by?.pub ?? key.pub, newPub: next.pub, size: log.size, root: await logRoot(log), ...change };
  const leaf = await signKeyLeaf(fields, bySelf ? next.seed : (by ?? key).seed);
  lieAboutLog(world.server, (_, from) => pageOf([...leaves, leaf], from, { key: next }));
  look(world);
  await isBlocked(alice, cid, code);
  await staysUnsent(world, alice, cid);
  expect((await alice.codes(cid)).includes("LOG_KEY_ROTATED"), false, "no word of a new key");
}

export const a19_successor = (world) => falseSuccessor(world, "LOG_BAD_HEAD", { bySelf: true });
export const a19_foreign = async (world) => falseSuccessor(world, "LOG_BAD_HEAD", { by: await generateEd25519() });
export const a19_moved = async (world) => falseSuccessor(world, "LOG_SPLIT_VIEW", { change: { size: 0, root: await logRoot(emptyLog()) } });
export const a19_far = async (world) => falseSuccessor(world, "LOG_SPLIT_VIEW", { change: { size: 2n ** 53n + 5n } });
export const a19_other_tree = (world) => falseSuccessor(world, "LOG_SPLIT_VIEW", { change: { root: randomBytes(32) } });

/** Nothing is pinned yet: the log's own chain of keys must lead to the key that is shown. */
export async function a19_first_use(world) {
  const [alice, [first, second, third]] = [world.browserOf(world.server.addPerson("alice")), await Promise.all([1, 2, 3].map(generateEd25519))];
  const leaf = await signKeyLeaf({ oldPub: first.pub, newPub: second.pub, size: 0, root: await logRoot(emptyLog()) }, first.seed);
  lieAboutLog(world.server, (_, from) => pageOf([leaf, ...world.server.leaves], from, { key: third }));
  await alice.setUp();
  await hasProblem(alice, "LOG_BAD_HEAD");
}

/** A key file from before the change leads on to the new key. */
export async function a19_keyfile_rotated(world) {
  const alice = await world.person("alice");
  const file = await alice.keyFile();
  alice.messenger.end();
  await world.server.rotateLogKey();
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  const { notices } = await fresh.messenger.importKeyFile({ bytes: file, passphrase: PASSPHRASE });
  expect([notices, alice.person.bundles.length], [["LOG_KEY_ROTATED"], 2], "told, and published");
}

export async function a20(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const shadow = await signBundle({ ...bob.fields(), version: 1, prevHash: new Uint8Array(32) }, bob.root.seed);
  await world.server.append(await encodeLeaf({ name: "bob", uid: bob.uid, version: 1, bundleHash: shadow.hash }));
  await isBlocked(alice, cid, "BUNDLE_CHAIN_BROKEN");
  await staysUnsent(world, alice, cid);
}

export async function a20_skip(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await world.server.append(await encodeLeaf({ name: "bob", uid: bob.uid, version: 3, bundleHash: await sha256(randomBytes(8)) }));
  await isBlocked(alice, cid, "BUNDLE_CHAIN_BROKEN");
}

export async function a20_owner(world) {
  const { alice, cid } = await withPuppet(world);
  const { uid, name } = alice.person;
  await world.server.append(await encodeLeaf({ name, uid: unhex(uid), version: 2, bundleHash: await sha256(randomBytes(8)) }));
  await isBlocked(alice, cid, "LOG_SELF_FORGED");
  await staysUnsent(world, alice, cid);
}
