/** Messages in bulk, late, lost and damaged. */

import { keyAt, receivedWithoutGap, dropExpired, startChain } from "/static/js/crypto/chain.js";
import { encodeContent } from "/static/js/crypto/content.js";
import { chainKey, openEnvelopes, sealEnvelope } from "/static/js/crypto/envelope.js";
import { START } from "/static/js/crypto/labels.js";
import { randomBytes } from "/static/js/crypto/primitives.js";
import { holds, refuses, same } from "./claims.js";
import { deliver, devicesOf, newWorld, propose } from "./people.js";

const NOW_MS = 1_700_000_000_000;

async function talk(count) {
  const world = await newWorld();
  const [alice, bob] = devicesOf(world);
  await deliver(world, alice, await propose(world, alice, START), [bob]);
  let chain = startChain(alice.keys, alice);
  const items = [];
  for (let i = 0; i < count; i += 1) {
    const content = encodeContent({ v: 1, t: "text", id: "00000000-0000-4000-8000-000000000001", ts: NOW_MS + i, ack: {}, body: `message ${i}` });
    const sealed = await sealEnvelope(content, { cid: world.cid, epoch: alice.keys, chain, salt: randomBytes(32) });
    chain = sealed.chain;
    items.push({ envelope: sealed.envelope, sender: { uid: alice.uid, did: alice.did }, seenMid: null });
  }
  const known = { cid: world.cid, epochs: new Map([[0, bob.keys]]), chains: new Map(), nowMs: NOW_MS };
  return { items, known, key: chainKey(0, alice.did) };
}

/** How many messages were being decrypted at once, at most, while `work` went on; and what it gave. */
async function sideBySide(work) {
  const { decrypt } = SubtleCrypto.prototype;
  let [most, underWay] = [0, 0];
  SubtleCrypto.prototype.decrypt = async function counted(...given) {
    most = Math.max(most, (underWay += 1));
    return decrypt.apply(this, given).finally(() => (underWay -= 1));
  };
  try {
    return { given: await work(), most };
  } finally {
    SubtleCrypto.prototype.decrypt = decrypt;
  }
}

const codes = (results) => results.map((one) => one.error?.code ?? "ok");

export async function a_thousand_messages_open_in_order() {
  const { items, known, key } = await talk(1000);
  const { most, given: { results, chains } } = await sideBySide(() => openEnvelopes(items, known));
  holds(most > 1, "no message waits for another");
  same(results.map((one) => one.opened.content.body), items.map((_, i) => `message ${i}`));
  same([chains.get(key).next, chains.get(key).skipped.length, known.chains.size], [1000, 0, 0]);
}

export async function a_damaged_message_stops_no_other() {
  const { items, known, key } = await talk(5);
  items[2].envelope[300] ^= 1;
  const { results, chains } = await openEnvelopes(items, known);
  same(codes(results), ["ok", "ok", "BAD_TAG", "ok", "ok"]);
  same([results[3].opened.gap, receivedWithoutGap(chains.get(key))], [1, 2]);
  items[2].envelope[300] ^= 1;
  const late = await openEnvelopes([items[2]], { ...known, chains });
  same([codes(late.results), receivedWithoutGap(late.chains.get(key))], [["ok"], 5]);
}

export async function the_same_message_twice_is_a_duplicate() {
  const { items, known } = await talk(2);
  const { results, chains } = await openEnvelopes([items[0], items[0], items[1]], known);
  same(codes(results), ["ok", "DUPLICATE", "ok"]);
  const again = await openEnvelopes([{ ...items[1], seenMid: results[2].opened.mid }, { ...items[0], seenMid: randomBytes(16) }], { ...known, chains });
  same(codes(again.results), ["DUPLICATE", "COUNTER_REUSE"]);
}

export async function skipped_keys_are_kept_for_fourteen_days() {
  const { items, known, key } = await talk(3);
  const { results, chains } = await openEnvelopes([items[2]], known);
  same([results[0].opened.gap, receivedWithoutGap(chains.get(key))], [2, 0]);
  const old = dropExpired(chains.get(key), NOW_MS + 14 * 86_400_000);
  same(old.skipped, []);
  const late = await openEnvelopes([items[0]], { ...known, chains: new Map([[key, old]]) });
  same(codes(late.results), ["NO_EPOCH_KEY"]);
}

export async function what_was_given_up_never_counts_as_received() {
  const { items, known, key } = await talk(3);
  const { chains } = await openEnvelopes([items[2]], known);
  const old = dropExpired(chains.get(key), NOW_MS + 14 * 86_400_000);
  same([receivedWithoutGap(old), receivedWithoutGap(dropExpired(old, NOW_MS))], [0, 0]);
  const one = await openEnvelopes([items[0], items[2]], known);
  same(receivedWithoutGap(dropExpired(one.chains.get(key), NOW_MS + 14 * 86_400_000)), 1);
  const chain = { epoch: 0, uid: randomBytes(16), did: randomBytes(16), next: 10, ck: randomBytes(32), skipped: [] };
  const wide = await keyAt((await keyAt(chain, 2010, NOW_MS)).chain, 2012, NOW_MS);
  same([wide.chain.skipped.length, wide.chain.skipped[0].counter, receivedWithoutGap(wide.chain)], [2000, 11, 10]);
}

export async function a_gap_of_two_thousand_is_the_widest() {
  const chain = { epoch: 0, uid: randomBytes(16), did: randomBytes(16), next: 10, ck: randomBytes(32), skipped: [] };
  const { chain: after, gap } = await keyAt(chain, 2010, NOW_MS);
  same([gap, after.skipped.length, after.next, chain.next], [2000, 2000, 2011, 10]);
  await refuses("COUNTER_TOO_FAR", () => keyAt(chain, 2011, NOW_MS));
  await refuses("COUNTER_TOO_FAR", () => keyAt({ ...chain, next: 2 ** 20 }, 2 ** 20, NOW_MS));
}
