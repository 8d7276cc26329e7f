/** Ring, passphrases, key-file payloads, safety numbers, file names. */

import { cleanFileName, stripBidi } from "/static/js/crypto/file-name.js";
import { checkAccount, checkHistory, checkImport, encodeAccount, encodeConversation, parseAccount, parseConversation } from "/static/js/crypto/keyfile-payload.js";
import { appendLeaves, emptyLog, encodeAssetLeaf, logRoot } from "/static/js/crypto/log.js";
import { PASSPHRASE_BYTES, generatePassphrase, passphraseProblem } from "/static/js/crypto/passphrase.js";
import { generateEd25519, generateX25519, randomBytes, sha256 } from "/static/js/crypto/primitives.js";
import { deriveKek, openObject, sealObject } from "/static/js/crypto/ring.js";
import { safetyNumber } from "/static/js/crypto/safety-number.js";
import { unhex, utf8 } from "/static/js/lib/bytes.js";
import { holds, refuses, same } from "./claims.js";

const place = () => ({ kek: randomBytes(32), uid: randomBytes(16), did: randomBytes(16), name: "conversation/1", writeNo: 7 });

export async function a_ring_object_comes_back() {
  const here = place();
  for (const length of [0, 1, 5000]) {
    const plaintext = randomBytes(length);
    same(await openObject(await sealObject(plaintext, here, randomBytes(32)), here), plaintext);
  }
}

export async function a_ring_object_is_bound_to_its_place() {
  const here = place();
  const object = await sealObject(utf8("secret"), here, randomBytes(32));
  const others = [{ kek: randomBytes(32) }, { uid: randomBytes(16) }, { did: randomBytes(16) }, { name: "conversation/2" }, { writeNo: 6 }];
  for (const other of others) await refuses("BAD_COMMIT", () => openObject(object, { ...here, ...other }));
}

export async function every_byte_of_a_ring_object_counts() {
  const here = place();
  const object = await sealObject(utf8("secret"), here, randomBytes(32));
  for (let i = 0; i < object.length; i += 1) {
    const bent = object.slice();
    bent[i] ^= 1;
    await refuses(i < 64 ? "BAD_COMMIT" : "BAD_TAG", () => openObject(bent, here));
  }
  await refuses("BAD_ENCODING", () => openObject(object.slice(0, 79), here));
}

export async function a_kek_belongs_to_one_device() {
  const parts = { passphrase: "Ångström ①", deviceSalt: randomBytes(32), iterations: 1000, uid: randomBytes(16), did: randomBytes(16) };
  const kek = await deriveKek(parts);
  same(await deriveKek({ ...parts, passphrase: "A\u030angstro\u0308m 1" }), kek);
  holds(!(await deriveKek({ ...parts, did: randomBytes(16) })).every((byte, i) => byte === kek[i]), "another did, another key");
}

export function passphrases_are_five_groups_of_four() {
  const made = Array.from({ length: 1000 }, () => generatePassphrase(randomBytes(PASSPHRASE_BYTES)));
  same(new Set(made).size, 1000);
  holds(made.every((one) => /^([a-km-np-z2-9]{4}-){4}[a-km-np-z2-9]{4}$/.test(one)), "easily read characters");
  holds(made.every((one) => passphraseProblem(one) === null), "long enough");
}

export async function no_letter_of_a_passphrase_is_likelier() {
  const counts = new Map();
  for (let start = 0; start < 256; start += 1) {
    const letter = generatePassphrase(new Uint8Array(PASSPHRASE_BYTES).fill(start))[0];
    counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  same([counts.size, new Set(counts.values()).size], [32, 1]);
  await refuses("RangeError", () => generatePassphrase(new Uint8Array(19)));
}

export function a_typed_passphrase_has_sixteen_characters() {
  same(passphraseProblem("abcdefghijklmno"), "too-short");
  same(passphraseProblem("abcdefghijklmnop"), null);
  same(passphraseProblem("🙂".repeat(15)), "too-short");
  same(passphraseProblem("aaaaaaaaaaaaaaaaaaaaaaaa"), "too-plain");
}

/** Section 15. */
export async function the_published_safety_number() {
  const alice = { uid: await id("uid A"), name: "alice", rootPub: unhex("9a5f762acaf5a0d8ade30648694ab6a36429308723f4a3bee475b03baa5ea4c5") };
  const bob = { uid: await id("uid B"), name: "bob", rootPub: unhex("da9ffd202c5091c06aadad60cdb588072f9bc16fe58517f27860e8b8370ec551") };
  for (const pair of [[alice, bob], [bob, alice]]) {
    same((await safetyNumber(...pair)).digits, "446553485554243844690696322253007784728018446057258978539879");
  }
}

export async function an_account_payload_comes_back() {
  const { account } = await accountWorld();
  same(parseAccount(encodeAccount(account)), account);
  for (const text of ["", "[]", "null", "{}", '{"v":2}', '{"v":1}', '{"v":1,"log":null}']) await refuses("KEYFILE_DAMAGED", () => parseAccount(utf8(text)));
  const conversation = { cid: randomBytes(16), uids: [randomBytes(16)], epochs: [{ epoch: 0, th: randomBytes(32), kMsg: randomBytes(32) }], madeMs: 5 };
  same(parseConversation(encodeConversation(conversation)), conversation);
}

export async function an_import_is_judged_by_bundles_and_log() {
  const { account, bundles, log, former } = await accountWorld();
  same(await checkImport(account, { bundles, log }), { notices: [], mayAddDevice: true });
  same(await checkImport({ ...account, bundleVersion: 1 }, { bundles, log }), { notices: ["KEYFILE_STALE"], mayAddDevice: true });
  same(await checkImport({ ...account, rootSeed: former.seed }, { bundles, log }), { notices: ["KEYFILE_STALE"], mayAddDevice: false });
  await refuses("KEYFILE_WRONG_ACCOUNT", async () => checkImport({ ...account, rootSeed: (await generateEd25519()).seed }, { bundles, log }));
  await refuses("KEYFILE_WRONG_ACCOUNT", () => checkImport({ ...account, name: "bob" }, { bundles, log }));
  await refuses("LOG_SPLIT_VIEW", () => checkImport({ ...account, log: { size: 1, root: randomBytes(32) } }, { bundles, log }));
  await refuses("LOG_SPLIT_VIEW", () => checkImport({ ...account, log: { ...account.log, size: 9 } }, { bundles, log }));
  await refuses("KEYFILE_WRONG_ACCOUNT", () => checkAccount(account, { ...bundles[0], rootPub: former.pub }));
}

export async function old_history_keys_are_those_of_their_generations() {
  const [one, two] = await Promise.all([generateX25519(), generateX25519()]);
  const bundles = [one, one, two].map(({ pub }, i) => ({ hkGen: Math.max(1, i), historyPub: pub }));
  const history = [{ gen: 1, seed: one.seed }, { gen: 2, seed: two.seed }];
  for (const held of [history, history.slice(1), []]) await checkHistory({ history: held }, bundles);
  const wrong = [{ gen: 1, seed: randomBytes(32) }, { gen: 2, seed: one.seed }, { gen: 3, seed: two.seed }];
  for (const entry of wrong) await refuses("KEYFILE_DAMAGED", () => checkHistory({ history: [...history, entry] }, bundles));
  const twice = [...bundles, { hkGen: 1, historyPub: two.pub }];
  await refuses("KEYFILE_DAMAGED", () => checkHistory({ history }, twice));
}

export function file_names_are_harmless() {
  same(cleanFileName("../../etc/passwd"), "passwd");
  same(cleanFileName("C:\\temp\\a.txt"), "a.txt");
  same(cleanFileName("invoice\u202egpj.exe"), "invoicegpj.exe");
  same(cleanFileName("a\u0000b\nc.txt"), "abc.txt");
  same([cleanFileName(""), cleanFileName(".."), cleanFileName("/"), cleanFileName(".profile")], ["file", "file", "file", "profile"]);
  const long = cleanFileName(`${"x".repeat(300)}.tar.gz`);
  same([[...long].length, long.endsWith(".gz")], [120, true]);
  same(stripBidi("a\u2066b\u200f"), "ab");
}

async function id(label) {
  return (await sha256(utf8(`e2c test ${label}`))).slice(0, 16);
}

async function accountWorld() {
  const [root, former] = [await generateEd25519(), await generateEd25519()];
  const log = await appendLeaves(emptyLog(), [await encodeAssetLeaf({ build: "1", manifest: utf8("a") }), await encodeAssetLeaf({ build: "2", manifest: utf8("b") })]);
  const uid = randomBytes(16);
  const account = {
    uid, name: "alice", origin: "https://chat.example", rootSeed: root.seed, history: [{ gen: 1, seed: randomBytes(32) }], bundleVersion: 2,
    bundleHash: randomBytes(32), lgPub: randomBytes(32), log: { size: 1, root: await logRoot(log, 1) },
    pins: [{ uid: randomBytes(16), rootPub: randomBytes(32), verified: true }], madeMs: 1_700_000_000_000,
  };
  const bundles = [former, root].map(({ pub }, i) => ({ uid, name: "alice", rootPub: pub, version: i + 1 }));
  return { account, bundles, log, former };
}
