import { isDelivered, reachedByMessage, uncountedByRecord } from "/static/js/chat/delivered.js";
import { NEXT, RESTART } from "/static/js/crypto/labels.js";
import { hex } from "/static/js/lib/bytes.js";
import { holds, same } from "./claims.js";

const id = (n) => new Uint8Array(16).fill(n);
const [alice, bob] = [id(1), id(2)];
const [alices, alicesOther, bobs] = [{ uid: alice, did: id(11) }, { uid: alice, did: id(12) }, { uid: bob, did: id(21) }];
const [first, other, his] = [alices, alicesOther, bobs].map(({ did }) => hex(did));

function chatOf(peer, more = {}) {
  return { peer: hex(peer), crypto: { members: [alices, alicesOther, bobs] }, chains: new Map(), delivered: new Map(), promised: new Map(), ...more };
}

function chainsOf(...chains) {
  return new Map(chains.map(([{ uid, did }, epoch, next, skipped = []]) => [`${epoch}:${hex(did)}`, { uid, did, epoch, next, skipped }]));
}

const recordOf = (finals, more = {}) => ({ kind: NEXT, epoch: 5, finals: finals.map(([{ did }, nextCounter]) => ({ did, nextCounter })), ...more });

export function a_message_may_acknowledge_the_epoch_before() {
  const { delivered } = reachedByMessage(chatOf(bob), 5, { ack: { [first]: 1 }, ack_before: { [first]: 4, [other]: 2, [his]: 9 } }, hex(alice));
  same([...delivered].map(([epoch, counters]) => [epoch, [...counters]]), [[5, [[first, 1]]], [4, [[first, 4], [other, 2]]]]);
  holds(isDelivered({ delivered }, { epoch: 4, did: first, counter: 3 }), "the last that it counts");
  holds(!isDelivered({ delivered }, { epoch: 4, did: first, counter: 4 }), "not the next one");
  holds(!isDelivered({ delivered }, { epoch: 5, did: first, counter: 1 }), "nor one of this epoch");
}

export function without_it_or_with_less_nothing_changes() {
  const chat = chatOf(bob, { delivered: new Map([[4, new Map([[first, 4]])]]) });
  for (const before of [{}, { ack_before: {} }, { ack_before: { [first]: 3 } }]) {
    const { delivered, promised } = reachedByMessage(chat, 5, { ack: {}, ...before }, hex(alice));
    holds(delivered === chat.delivered && promised === chat.promised, JSON.stringify(before));
  }
}

export function owed_is_what_the_record_counts_too_low() {
  const chains = chainsOf([alices, 4, 3], [alicesOther, 4, 7, [{ counter: 2 }]], [bobs, 4, 6]);
  const owed = (finals) => [...uncountedByRecord(chatOf(alice, { chains }), recordOf(finals), his)];
  same(owed([]), [[first, 3], [other, 2]]);
  same(owed([[alices, 2], [alicesOther, 2], [bobs, 1]]), [[first, 3]]);
  same(owed([[alices, 3], [alicesOther, 7]]), []);
}

export function only_of_the_epoch_that_the_record_ends() {
  const chains = chainsOf([alices, 3, 8], [alicesOther, 4, 1]);
  same([...uncountedByRecord(chatOf(alice, { chains }), recordOf([]), his)], [[other, 1]]);
  same([...uncountedByRecord(chatOf(alice, { chains }), recordOf([], { kind: RESTART }), his)], []);
}

export function with_oneself_the_others_are_ones_other_browsers() {
  const chains = chainsOf([alices, 4, 3], [alicesOther, 4, 2]);
  same([...uncountedByRecord(chatOf(alice, { chains }), recordOf([]), first)], [[other, 2]]);
}
