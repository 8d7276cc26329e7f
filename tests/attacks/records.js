/** Attacks on epochs: records that are old, forked, poisoned, flipped, or made by somebody who lacks the last secret (A07 to A09, A16, A25 to A32). */

import { ENDED_EPOCHS } from "/tests/js_chat/ended-epochs.js";
import { expect, until } from "/tests/js_chat/harness.js";
import { encodeCore } from "/static/js/crypto/epoch.js";
import { historyInfo, historySecretOfSender, sealWrap } from "/static/js/crypto/epoch-keys.js";
import { NEXT } from "/static/js/crypto/labels.js";
import { begin, bothReal, bytesOf, editCore, editRecord, flip, goesOn, isBlocked, plain, settled, shows, staysUnsent, withPuppet } from "./bench.js";
import { concat, hex, randomBytes, toBase64Url, unhex } from "./product.js";

/** A record out of the peer's hands that must be refused with `code`: a line, earlier messages stay, a repair heals. */
async function refusedRecord(world, code, make, kind = NEXT) {
  const { alice, bob, cid } = await withPuppet(world);
  await refuses({ world, alice, bob, cid }, code, await make(await bob.propose(kind), { alice, bob }));
  await heals({ alice, bob, cid });
}

async function refuses({ world, alice, bob, cid }, code, record) {
  await world.inject(cid, { kind: "record", blob: record, from: bob });
  await shows(alice, cid, code);
  expect(await alice.texts(cid), ["hello", "hi"], "earlier messages stay");
}

/** The person chooses repair; the peer follows, and both write again. */
async function heals({ alice, bob, cid }, earlier = ["hello", "hi"]) {
  const conversation = bob.conversation;
  conversation.epoch = Math.max(conversation.epoch, alice.messenger.conversation(cid).epoch ?? 0, bob.state.epoch + 1);
  await alice.messenger.decide(cid, "repair");
  const before = conversation.events.length;
  await until(() => conversation.events.slice(before).some(({ kind, uid }) => kind === "record" && uid === alice.person.uid), "a RESTART of hers", () => alice.problems);
  bob.cursor = conversation.events.findLastIndex(({ kind }) => kind === "record");
  bob.state = { ...bob.state, epoch: conversation.epoch - 1 };
  await bob.next();
  await bob.say("healed");
  await alice.sees(cid, ...earlier, "healed");
}

const LOW_ORDER = ["00".repeat(32), `01${"00".repeat(31)}`, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"];

export async function a08(world) {
  await refusedRecord(world, "BAD_KEY", ({ record }) => editCore(record, () => ({ ePub: unhex(LOW_ORDER[0]) })));
}

export async function a08_all(world) {
  for (const point of LOW_ORDER) {
    const { alice, bob, cid } = await withPuppetNamed(world, point);
    await refuses({ world, alice, bob, cid }, "BAD_KEY", await withLeaf((await bob.propose(NEXT)).record, unhex(point)));
  }
}

let people = 0;

async function withPuppetNamed(world) {
  people += 1;
  const alice = await world.person(`alice${people}`);
  const bob = await world.puppet(`bob${people}`);
  return { alice, bob, cid: await begin(alice, bob) };
}

/** The sender's new leaf stands in the core and in its own entry. */
function withLeaf(record, newleafPub) {
  return editCore(record, ({ members, sDid }) => ({ newleafPub, members: members.map((one) => (hex(one.did) === hex(sDid) ? { ...one, leafPub: newleafPub } : one)) }));
}

export async function a09(world) {
  const topBit = (pub) => flip(pub, -1, 0x80);
  await refusedRecord(world, "BAD_KEY", ({ record }) => editCore(record, ({ ePub }) => ({ ePub: topBit(ePub) })));
}

export async function a09_large(world) {
  const aboveP = concat(Uint8Array.of(0xf6), new Uint8Array(30).fill(0xff), Uint8Array.of(0x7f)); // 9 + p
  await refusedRecord(world, "BAD_KEY", ({ record }) => withLeaf(record, aboveP));
}

export async function a16_record(world) {
  await refusedRecord(world, "BAD_SUITE", ({ record }) => editCore(record, () => ({ suite: 2 })));
}

/** All keys of the other person, but not the secret of the last epoch. */
export async function a07(world) {
  await refusedRecord(world, "BAD_CONFIRM", async (_, { bob }) => {
    bob.state = { ...bob.state, next: randomBytes(32) };
    return (await bob.propose(NEXT)).record;
  });
}

export {
  a_device_stands_once_in_a_record_whoever_it_is_said_to_belong_to as a06_twice, copies_of_both_devices_read_on_until_each_side_made_a_record as a07_copies,
} from "/tests/js/epochs.js";

export async function a25(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const late = await bob.seal(bob.content({ body: "under old keys" }));
  const back = await bob.propose(NEXT);
  await bob.next();
  await bob.say("new keys");
  await alice.sees(cid, "hello", "hi", "new keys");
  await world.inject(cid, { blob: late.envelope, from: bob });
  await shows(alice, cid, "NO_EPOCH_KEY");
  await world.inject(cid, { kind: "record", blob: back.record, from: bob });
  await isBlocked(alice, cid, "EPOCH_ROLLBACK");
  await staysUnsent(world, alice, cid);
  expect((await alice.texts(cid)).slice(0, 3), ["hello", "hi", "new keys"], "texts");
}

/** A message under the keys of an ended epoch, where it would be looked at later: what is read again, and a chat in a file. */
const ended = (name) => (world) => ENDED_EPOCHS[name](plain(world));

export const a25_later = ended("what_stands_behind_the_end_of_its_epoch_is_not_read_later");
export const a25_places = ended("what_was_missed_under_two_records_is_read_each_under_its_own");
export const a25_file = ended("a_chat_file_shows_nothing_from_behind_the_end_of_its_epoch");
export const a25_keyless = ended("a_record_without_a_key_in_the_chat_file_ends_an_epoch_too");
export const a25_stray = ended("a_record_that_follows_no_other_neither_ends_nor_reopens_an_epoch_of_a_chat_file");

export async function a26(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const [hers, his] = [await bob.propose(NEXT), await bob.propose(NEXT)];
  bob.conversation.epoch += 1;
  await world.inject(cid, { kind: "record", blob: hers.record, from: bob });
  await until(() => alice.messenger.conversation(cid).blocked === null && bob.conversation.seq > 5, "taken");
  Object.assign(bob, { keys: his.epochKeys, chains: new Map() });
  const { envelope } = await bob.seal(bob.content({ body: "on the other branch" }));
  await world.inject(cid, { blob: envelope, from: bob });
  await isBlocked(alice, cid, "EPOCH_FORK");
  expect(await alice.texts(cid), ["hello", "hi"], "texts");
  await staysUnsent(world, alice, cid, "before the repair");
  await alice.messenger.decide(cid, "repair");
  await until(() => world.events(cid).at(-1).kind === "message" && world.events(cid).at(-1).uid === alice.person.uid, "sent after a RESTART", () => alice.problems);
  await shows(alice, cid, "RESTARTED");
}

export async function a27(world) {
  const [alice, bob] = [await world.person("alice"), await world.person("bob")];
  const cid = await alice.messenger.startWith(bob.person.uid);
  await bob.messenger.startWith(alice.person.uid);
  const { judgeRecord } = world.server;
  const conflicts = [];
  world.server.judgeRecord = async (...asked) => {
    const refusal = await judgeRecord.apply(world.server, asked);
    if (refusal) conflicts.push(refusal[1]);
    return refusal;
  };
  await Promise.all([alice.messenger.send(cid, "from alice"), bob.messenger.send(cid, "from bob")]);
  const both = async (one) => (await one.texts(cid)).length === 2;
  await until(async () => (await both(alice)) && (await both(bob)), "both");
  expect(await alice.texts(cid), await bob.texts(cid), "one order");
  expect([...alice.problems, ...bob.problems], [], "nobody is told anything");
  expect([alice, bob].map((one) => one.messenger.conversation(cid).blocked), [null, null], "nobody is blocked");
  expect(conflicts.length <= 2 && conflicts.every((code) => code === "EPOCH_CONFLICT"), true, `lost races: ${conflicts}`);
}

/** Another r for her than the confirmation was made with. */
export async function a29(world) {
  await refusedRecord(world, "BAD_CONFIRM", async ({ record }, { bob }) => {
    const other = await bob.propose(NEXT, { keepOpks: true });
    return editRecord(record, async () => ({ confirm: other.record.slice(-32) }));
  });
}

export async function a30(world) {
  const { alice, bob, cid } = await withPuppet(world);
  const carol = await world.puppet("carol");
  const other = await begin(alice, carol, ["dear carol", "dear alice"]);
  const { record } = await bob.propose(NEXT);
  await refuses({ world, alice, bob, cid }, "BAD_TAG", await editRecord(record, ({ wraps }) => ({ wraps: randomBytes(wraps.length) })));
  await goesOn(alice, carol, other, ["dear carol", "dear alice"]);
  await alice.messenger.send(other, "untouched");
  await carol.sync();
  await until(async () => (await alice.states(other)).at(-1) !== "queued", "the other chat sends");
  await heals({ alice, bob, cid });
}

export async function a31(world) {
  const flipped = (core) => encodeCore({ ...core, mode: 1, timerS: 3_600 });
  await refusedRecord(world, "BAD_TAG", ({ record }) => editRecord(record, (_, { core }) => ({ core: flipped(core), hwraps: new Uint8Array(0) })));
}

export async function a31_real(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.next({ mode: 1, timerS: 3_600 });
  await shows(alice, cid, "MODE_CHANGED");
  expect(await alice.texts(cid), ["hello", "hi"], "texts");
}

export async function a32(world) {
  await refusedRecord(world, "BAD_ENCODING", ({ record }) => editRecord(record, () => ({ hwraps: new Uint8Array(0) })));
}

export async function a32_swap(world) {
  await refusedRecord(world, "BAD_CONFIRM", ({ record }) => editRecord(record, ({ hwraps }) => ({ hwraps: concat(hwraps.slice(48), hwraps.slice(0, 48)) })));
}

/** Something of the peer's choice in her history wrap, which only her next browser can see; then a message under the keys before. */
async function forgedHistory(world, wrapOf) {
  const { alice, bob, cid } = await withPuppet(world);
  const file = await alice.keyFile();
  const late = await bob.seal(bob.content({ body: "under ended keys" }));
  await bob.next();
  await bob.say("for members only");
  await alice.sees(cid, "hello", "hi", "for members only");
  const place = world.events(cid).findLastIndex(({ kind, uid }) => kind === "record" && uid === bob.person.uid);
  const event = world.events(cid)[place];
  const forged = await editRecord(bytesOf(event), async (_, { core, th, hwraps }) => {
    const hkPub = world.server.people.get(alice.person.uid).bundles.at(-1).historyPub;
    const { eSeed } = bob.last.randomness;
    const z = await historySecretOfSender({ dkSeed: bob.device.dkSeed, eSeed }, hkPub);
    const info = historyInfo({ th, uid: unhex(alice.person.uid), hkPub, senderDkPub: bob.device.dkPub, ePub: core.ePub });
    const wrap = await wrapOf(z, info);
    return { hwraps: concat(...(hex(core.uidLo) === alice.person.uid ? [wrap, hwraps[1]] : [hwraps[0], wrap])) };
  });
  const told = toBase64Url(forged);
  world.events(cid)[place] = { ...event, blob: told, sha256: toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", forged))) };
  alice.messenger.end();
  await world.inject(cid, { blob: late.envelope, from: bob });
  const fresh = world.browserOf(alice.person);
  await fresh.load();
  await fresh.messenger.importKeyFile({ bytes: file, passphrase: "abcd-efgh-ijkm-npqr-stuv" });
  await settled();
  expect(await fresh.texts(cid), ["hello", "hi"], "nothing of that epoch is shown as authentic, nor anything behind the end of the one before");
  await bob.next();
  await bob.say("come in");
  await fresh.sees(cid, "hello", "hi", "come in");
  expect(fresh.messenger.conversation(cid).blocked, null, "nothing stops the browser that was let in");
  return fresh.codes(cid);
}

export const a32_forged = (world) => forgedHistory(world, (z, info) => sealWrap(z, info, randomBytes(32)));
export const a32_garbage = (world) => forgedHistory(world, () => randomBytes(48));

export async function a28(world) {
  const { alice, bob, cid } = await withPuppet(world);
  await bob.restart();
  await isBlocked(alice, cid, "RESTART_SUSPECT");
  await bob.say("it is still me");
  await alice.sees(cid, "hello", "hi", "it is still me");
  await staysUnsent(world, alice, cid);
}

/** A clone of her keys opens an epoch in her name; her own browser did not make it. */
export async function a28_owner(world) {
  const { alice, bob, cid } = await bothReal(world);
  const mallory = await world.puppet("mallory");
  const records = world.events(cid).filter(({ kind }) => kind === "record");
  const herDid = unhex(alice.client.did);
  const forged = await editCore(bytesOf(records.at(-1)), (core) => {
    const { pub } = mallory.device.spks[0];
    const members = core.members.map((one) => (hex(one.did) === alice.client.did ? { ...one, leafPub: pub, spkId: 0, opkId: 0 } : { ...one, spkId: 1 }));
    return { kind: 2, epoch: core.epoch + 1, finals: [], sUid: unhex(alice.person.uid), sDid: herDid, newleafPub: pub, members };
  });
  await world.inject(cid, { kind: "record", blob: forged, uid: alice.person.uid, did: alice.client.did });
  await isBlocked(alice, cid, "SELF_FORGED");
  expect(await alice.texts(cid), ["hello", "hi"], "texts");
  await until(() => bob.messenger.conversation(cid).blocked !== null, "he is warned as well");
}

