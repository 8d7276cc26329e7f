/** How the scenarios begin, and what they do to bytes. */

import { fromBase64Url, toBase64Url } from "/static/js/lib/bytes.js";
import { sha256 } from "/static/js/crypto/primitives.js";
import { Database } from "/static/js/store/database.js";
import { until } from "./harness.js";

export async function twoPeople({ server, browserOf }) {
  const alice = browserOf(server.addPerson("alice"));
  const bob = browserOf(server.addPerson("bob"));
  await alice.setUp();
  await bob.setUp();
  const cid = await alice.messenger.startWith(bob.person.uid);
  return { alice, bob, cid };
}

export async function talking(world) {
  const people = await twoPeople(world);
  const { alice, bob, cid } = people;
  await alice.messenger.send(cid, "hello");
  await until(() => bob.messenger.conversations().length === 1, "bob has the chat");
  await bob.sees(cid, "hello");
  await bob.messenger.send(cid, "hi");
  await alice.sees(cid, "hello", "hi");
  return people;
}

/** Every tick is there: what a browser says by itself about what it got has been said, and nothing else goes out. */
export async function ticked(cid, ...browsers) {
  for (const one of browsers) await until(async () => (await one.states(cid)).every((state) => state === "delivered"), `${one.person.name}'s ticks`, () => one.states(cid));
}

/** No disk in this page has room while `work` runs. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
export async function withFullDisk(work) {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function full() {
    const error = new DOMException("no room", "QuotaExceededError");
    Object.defineProperty(this.transaction, "error", { value: error }); // as a browser aborts for want of room
    throw error;
  };
  try {
    return await work();
  } finally {
    IDBObjectStore.prototype.put = put;
  }
}

/** Once, around the first write of this page that changes such an object. @param {string} prefix of the name @param {{before?: () => Promise<void>, after?: () => Promise<void>}} steps */
export function atWriteOf(prefix, { before = async () => {}, after = async () => {} }) {
  const { write } = Database.prototype;
  Database.prototype.write = async function watched(changes) {
    if (!changes.some(({ key }) => String(key).startsWith(prefix))) return write.call(this, changes);
    Database.prototype.write = write;
    await before();
    await write.call(this, changes);
    return after();
  };
}

export function damaged(bytes) {
  const copy = bytes.slice();
  copy[copy.length - 1] ^= 1;
  return copy;
}

// As a server that changes what it was given.
export async function spoil(event) {
  event.blob = flipped(event.blob);
  event.sha256 = toBase64Url(await sha256(fromBase64Url(event.blob)));
}

export function flipped(blob) {
  return `${blob.slice(0, -2)}${blob.at(-2) === "A" ? "B" : "A"}${blob.at(-1)}`;
}
