/** Attacks on signatures and prekeys: other forms of one signature, other purposes, forged and old prekeys (A10 to A12, A16). */

import { expect, until } from "/tests/js_chat/harness.js";
import { LABEL } from "/static/js/crypto/labels.js";
import { verify } from "/static/js/crypto/primitives.js";
import { hex } from "/static/js/lib/bytes.js";
import { hasProblem, settled } from "./bench.js";
import { answer, serveBundles } from "./identity.js";
import { concat, fromBase64Url, generateEd25519, sign, signBundle, toBase64Url } from "./product.js";
import { DAY_MS } from "./puppet.js";

const L = (1n << 252n) + 27742317777372353535851937790883648493n;

/** By the owner of the key: R is the neutral point, S = H(R, A, M) a. An engine may take it; section 1 does not. */
async function neutralR({ seed, bundle, message }) {
  const hash = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-512", concat(...parts)));
  const scalar = (await hash(seed)).slice(0, 32);
  scalar.set([scalar[0] & 248, ...scalar.slice(1, 31), (scalar[31] & 127) | 64]);
  const r = Uint8Array.of(1, ...new Uint8Array(31));
  return concat(r, littleEndian(((bigOf(await hash(r, bundle.rootPub, message)) % L) * bigOf(scalar)) % L));
}

async function engineTakes({ bundle, message }, sig) {
  return crypto.subtle.verify("Ed25519", await crypto.subtle.importKey("raw", bundle.rootPub, "Ed25519", false, ["verify"]), sig, message);
}

const malleable = {
  "neutral R": (given) => neutralR(given),
  "S + L": ({ bundle: { sig } }) => concat(sig.slice(0, 32), littleEndian(bigOf(sig.slice(32)) + L)),
  "small R": ({ bundle: { sig } }) => concat(Uint8Array.of(1), new Uint8Array(31), sig.slice(32)),
  "R as another encoding": ({ bundle: { sig } }) => concat(Uint8Array.of(0xee), new Uint8Array(30).fill(0xff), Uint8Array.of(0x7f), sig.slice(32)),
};

const bigOf = (bytes) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
const littleEndian = (value) => Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));

export async function a10(world) {
  for (const [name, change] of Object.entries(malleable)) {
    const alice = await world.person(`alice-${Object.keys(malleable).indexOf(name)}`);
    const bob = await world.puppet(`bob-${Object.keys(malleable).indexOf(name)}`);
    const honest = bob.person.bundles[0];
    const sigAt = honest.bytes.length - 4 - 64;
    const given = { seed: bob.root.seed, bundle: honest, message: concat(LABEL.bundleSig, honest.hash) };
    const sig = await change(given);
    expect(await engineTakes(given, sig), name === "neutral R", `${name}: what the engine says of it`);
    const bent = concat(honest.bytes.slice(0, sigAt), sig, honest.bytes.slice(-4));
    serveBundles(world.server, bob.person.uid, answer([{ bytes: bent }]));
    const cid = await alice.messenger.startWith(bob.person.uid);
    await alice.messenger.send(cid, name);
    await hasProblem(alice, "BAD_SIG");
    expect(await alice.states(cid), ["queued"], name);
  }
}

/** A signature that was made for one thing is no other thing's. */
export async function a11(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const honest = bob.person.bundles[0];
  const asRotation = await sign(bob.root.seed, concat(LABEL.bundleRot, honest.hash));
  const bytes = concat(honest.bytes.slice(0, -68), asRotation, honest.bytes.slice(-4));
  serveBundles(world.server, bob.person.uid, answer([{ bytes }]));
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "to whom?");
  await hasProblem(alice, "BAD_SIG");
  expect(await alice.states(cid), ["queued"], "nothing was sent");
}

/** The server chooses the nonce so that the answer might pass as something else. */
export async function a11_nonce(world) {
  const alice = await world.person("alice");
  const device = alice.person.bundles[0].devices[0];
  const wish = alice.person.bundles[0].hash;
  const signatures = [];
  const { keys } = world.server;
  world.server.keys = (client, method, parts, data, q) => {
    if (parts[0] === "nonce") return { nonce: toBase64Url((client.nonce = wish)) };
    if (parts[0] === "session") signatures.push(fromBase64Url(data.sig));
    return keys.call(world.server, client, method, parts, data, q);
  };
  await alice.reload();
  await alice.online();
  expect(signatures.length >= 1, true, "a proof was made");
  for (const label of [LABEL.bundleSig, LABEL.bundleRot]) {
    const passes = await verify(device.dsPub, signatures[0], concat(label, wish)).then(() => true, () => false);
    expect(passes, false, "no signature of a bundle");
  }
  world.server.keys = (client, method, parts, data, q) =>
    parts[0] === "nonce" ? { nonce: toBase64Url(concat(LABEL.bundleSig, wish)) } : keys.call(world.server, client, method, parts, data, q);
  const before = signatures.length;
  await alice.reload();
  await settled();
  expect(signatures.length, before, "a nonce of another length is not signed");
}

async function leftOut(world, spoil) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob", { devices: 2 });
  await spoil(bob, bob.devices[1]);
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "to one browser");
  await until(async () => (await alice.states(cid))[0] === "sent", "sent", () => alice.problems);
  await bob.join(cid).sync();
  expect([bob.heard, bob.isMember(bob.devices[1].did)], [["to one browser"], false], "the other is left out");
  const listed = alice.messenger.conversation(cid).notReached.map(({ did, mine }) => [did, mine]);
  expect(listed, [[hex(bob.devices[1].did), false]], "and listed as not reached yet");
  return alice.codes(cid);
}

export const a12 = (world) => leftOut(world, async (bob, device) => bob.servePrekeys(device, { signer: (await generateEd25519()).seed }));
export const a12_expired = (world) => leftOut(world, (bob, device) => bob.servePrekeys(device, { notAfterMs: Date.now() - DAY_MS }));
export const a12_low_order = (world) => leftOut(world, (bob, device) => bob.servePrekeys(device, { spkPub: new Uint8Array(32) }));

export async function a16_bundle(world) {
  const alice = await world.person("alice");
  const bob = await world.puppet("bob");
  const stripped = await signBundle(bob.fields({ suites: 2, version: 1, prevHash: new Uint8Array(32) }), bob.root.seed);
  serveBundles(world.server, bob.person.uid, answer([stripped]));
  const cid = await alice.messenger.startWith(bob.person.uid);
  await alice.messenger.send(cid, "under which suite?");
  await hasProblem(alice, "BAD_SUITE");
  expect(await alice.states(cid), ["queued"], "nothing was sent");
}
