/** The table of places, against lists of what stands where. */

import { Places } from "/static/js/crypto/log-places.js";
import { randomBytes } from "/static/js/crypto/primitives.js";
import { concat } from "/static/js/lib/bytes.js";
import { same } from "./claims.js";

const FRONT = 3; // bytes of a leaf before its idx

function names(count) {
  return Array.from({ length: count }, () => randomBytes(32));
}

// As places grow: leaves of some names in an order of its own, now and then one without a name.
function mixed(count, all) {
  return Array.from({ length: count }, (_, i) => (i % 7 === 3 ? null : all[(i * i + 3 * i) % all.length]));
}

function add(places, idx) {
  return places.add(idx && concat(new Uint8Array(FRONT), idx, Uint8Array.of(1)), FRONT);
}

function of(leaves, idx, size = leaves.length) {
  return leaves.slice(0, size).flatMap((one, place) => (one === idx ? [place] : [])).toReversed();
}

function grown(leaves) {
  const places = new Places();
  leaves.forEach((idx, place) => same(add(places, idx), (idx && of(leaves, idx, place)[0]) ?? -1));
  return places;
}

function sameAs(places, leaves, all) {
  same(places.size, leaves.length);
  for (const idx of all) same(places.of(idx, leaves.length), of(leaves, idx));
}

export function every_leaf_is_told_of_the_one_before_it_and_found_again() {
  for (const [count, kinds] of [[0, 1], [1, 1], [255, 9], [256, 300], [257, 300], [1500, 1], [1500, 40], [1500, 1500]]) {
    const all = names(kinds);
    const leaves = mixed(count, all);
    const places = grown(leaves);
    sameAs(places, leaves, all.slice(0, 50));
    same(places.of(randomBytes(32), count), []);
  }
}

export function an_earlier_size_knows_nothing_of_what_came_later() {
  const all = names(20);
  const leaves = mixed(600, all);
  const places = grown(leaves);
  for (const size of [0, 1, 100, 599]) for (const idx of all) same(places.of(idx, size), of(leaves, idx, size));
}

export function what_is_cut_off_never_was() {
  const all = names(400);
  const leaves = mixed(1100, all);
  const places = grown(leaves);
  for (const size of [1099, 600, 300, 1, 0]) {
    places.cutTo(size);
    sameAs(places, leaves.slice(0, size), all.slice(0, 60));
    leaves.slice(size, size + 30).forEach((idx, i) => same(add(places, idx), (idx && of(leaves, idx, size + i)[0]) ?? -1));
    places.cutTo(size);
    const others = mixed(40, names(5));
    others.forEach((idx) => add(places, idx));
    sameAs(places, leaves.slice(0, size).concat(others), all.slice(0, 20).concat(others.slice(0, 3)));
    places.cutTo(size);
  }
}

export function two_logs_that_go_on_from_one_size_share_nothing_behind_it() {
  const all = names(30);
  const leaves = mixed(500, all);
  const places = grown(leaves);
  const other = places.from(300);
  const more = mixed(300, names(10));
  more.forEach((idx) => add(other, idx));
  sameAs(places, leaves, all);
  sameAs(other, leaves.slice(0, 300).concat(more), all.concat(more.slice(0, 3)));
  same([places.from(500) === places, places.from(0).size], [true, 0]);
}

export function a_leaf_without_a_name_is_nobodys() {
  const [places, idx] = [new Places(), randomBytes(32)];
  same(places.of(idx, 0), []);
  add(places, null);
  names(600).forEach((other) => add(places, other));
  same(places.of(idx, 601), []);
}

export function names_that_are_nearly_the_same_are_told_from_each_other() {
  const base = randomBytes(32);
  const all = Array.from({ length: 256 }, (_, bit) => base.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));
  const places = grown([base, ...all, ...all]);
  same(places.of(base, 513), [0]);
  all.forEach((idx, i) => same(places.of(idx, 513), [257 + i, 1 + i]));
}
