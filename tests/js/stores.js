/** What the browser keeps: long lists come in pages, and whatever was put in comes out as it was. */

import { randomBytes } from "/static/js/crypto/primitives.js";
import { hex } from "/static/js/lib/bytes.js";
import { decodeObject, encodeObject } from "/static/js/store/codec.js";
import { openDatabase } from "/static/js/store/database.js";
import { holds, same } from "./claims.js";

const PAGE = 32;

async function withDatabase(work) {
  const db = await openDatabase(`claims:${hex(randomBytes(8))}`);
  try {
    await work(db);
  } finally {
    await db.remove();
  }
}

function numbered(prefix, count) {
  return Array.from({ length: count }, (_, i) => ({ store: "ring", key: `${prefix}${String(i).padStart(3, "0")}`, value: { n: i } }));
}

// How many objects each question asked for at most.
async function askedFor(work) {
  const { getAll } = IDBObjectStore.prototype;
  const most = [];
  IDBObjectStore.prototype.getAll = function counted(range, count) {
    most.push(count ?? Infinity);
    return getAll.call(this, range, count);
  };
  try {
    await work();
  } finally {
    IDBObjectStore.prototype.getAll = getAll;
  }
  return most;
}

export async function a_list_of_any_length_is_whole_and_in_order() {
  await withDatabase(async (db) => {
    for (const count of [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 100]) {
      await db.clear();
      await db.write([...numbered("a:", 3), ...numbered("b:", count), ...numbered("c:", 3)]);
      same(await db.withPrefix("ring", "b:"), numbered("b:", count).map(({ key, value }) => [key, value]));
    }
  });
}

export async function a_long_list_is_read_a_page_at_a_time() {
  await withDatabase(async (db) => {
    await db.write(numbered("b:", 100));
    const most = await askedFor(() => db.withPrefix("ring", "b:"));
    holds(Math.max(...most) <= PAGE, `pages of ${most}`);
    same(most.length, 1 + Math.floor(99 / PAGE) + 1); // the first one tells how large they are
  });
}

export async function large_objects_come_a_few_at_a_time() {
  const blob = new Uint8Array(2 ** 17);
  await withDatabase(async (db) => {
    await db.write(numbered("b:", 9).map((change) => ({ ...change, value: { n: 1, blob } })));
    let found;
    const most = await askedFor(async () => (found = await db.withPrefix("ring", "b:")));
    same([found.length, found.every(([, row]) => row.blob.length === blob.length), most], [9, true, [1, 4, 4, 4]]);
  });
}

export async function all_messages_come_in_pages_too() {
  const row = (cid, place) => ({ store: "mail", key: [cid, place], value: { cid, place, n: 1, blob: new Uint8Array(0) } });
  const rows = ["c", "d"].flatMap((cid) => Array.from({ length: 50 }, (_, i) => row(cid, i + 0.5)));
  await withDatabase(async (db) => {
    same(await db.allMail(), []);
    await db.write(rows);
    let found;
    const most = await askedFor(async () => (found = await db.allMail()));
    same(found, rows.map(({ value }) => value));
    holds(Math.max(...most) <= PAGE, `pages of ${most}`);
  });
}

export async function a_row_is_found_for_each_tag_or_none() {
  await withDatabase(async (db) => {
    const row = (place, tags) => ({ store: "mail", key: ["c", place], value: { cid: "c", place, n: place, blob: Uint8Array.of(place), tags } });
    await db.write([row(1, ["one", "uno"]), row(2, ["two"])]);
    const found = await db.mailByTags(["two", "none", "uno", "one"]);
    same(found.map((one) => one?.place ?? null), [2, null, 1, 1]);
    same(await db.mailByTags([]), []);
  });
}

export function what_is_kept_comes_back_as_it_was() {
  const values = [new Uint8Array(0), Uint8Array.of(0, 1, 255), randomBytes(300), { a: randomBytes(3), m: new Map([[1, Uint8Array.of(0)]]) }, [], null, 0, ""];
  for (const value of values) same(decodeObject(encodeObject(value)), value);
  const { m } = decodeObject(encodeObject({ m: new Map([[1, Uint8Array.of(7)]]) }));
  holds(m instanceof Map && m.get(1) instanceof Uint8Array, "a Map of bytes");
}
