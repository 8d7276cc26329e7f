import { Reader, allFromBase64Url, compare, concat, equal, fromBase64Url, fromUtf8, hex, toBase64Url, u32, u64, u8, unhex, utf8, vec } from "/static/js/lib/bytes.js";
import { contentsOf, joinedVecs, readVecs, vecsOf } from "/static/js/lib/vecs.js";
import { holds, refuses, same } from "./claims.js";

export function base64url_comes_back_for_every_length() {
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) % 256);
    const text = toBase64Url(bytes);
    holds(/^[A-Za-z0-9_-]*$/.test(text), "url letters only");
    for (const decode of [fromBase64Url, withoutEngine(fromBase64Url)]) same(decode(text), bytes);
  }
}

export async function base64url_has_one_form_only() {
  same(toBase64Url(Uint8Array.of(251, 255)), "-_8");
  const odd = [
    "A", "AAAAA", "-_9", "AB", "+/8", "-_8=", " -_8", "-_8\n", "é", "AA==", "AAA=", "AAAA AAA", "AAAA    ", "A\tAAAAAA", "AAAAA===", "AAAAAA==", "AAAé", "AA+/AAAA",
    "AAAA\u{1f642}", null, undefined, 5,
  ];
  for (const text of odd) {
    for (const decode of [fromBase64Url, withoutEngine(fromBase64Url)]) await refuses("RangeError", () => decode(text));
    for (const decode of [allFromBase64Url, withoutEngine(allFromBase64Url)]) await refuses("RangeError", () => decode(["-_8", text, "AAAA"]));
  }
}

export function many_base64url_texts_come_back_each_for_itself() {
  const texts = ["", "-_8", "AAAA", "_w", "", "AQIDBA"];
  for (const decode of [allFromBase64Url, withoutEngine(allFromBase64Url)]) same(decode(texts).map(hex), ["", "fbff", "000000", "ff", "", "01020304"]);
  same(allFromBase64Url([]), []);
}

// As in an engine that cannot decode base64 by itself.
function withoutEngine(work) {
  return (given) => {
    const { setFromBase64 } = Uint8Array.prototype;
    delete Uint8Array.prototype.setFromBase64;
    try {
      return work(given);
    } finally {
      if (setFromBase64) Object.defineProperty(Uint8Array.prototype, "setFromBase64", { value: setFromBase64, writable: true, configurable: true });
    }
  };
}

export async function hex_is_lower_case() {
  same(hex(unhex("00ff7a")), "00ff7a");
  for (const text of ["0", "0G", "FF", " 00"]) await refuses("RangeError", () => unhex(text));
}

export async function utf8_is_fatal_and_keeps_a_mark() {
  same(fromUtf8(utf8("\ufeffé🙂")), "\ufeffé🙂");
  for (const bytes of ["ff", "c080", "eda080", "f8", "e282"]) await refuses("RangeError", () => fromUtf8(unhex(bytes)));
}

export async function integers_keep_their_width() {
  same([u32(0xfffffffe), u64(2 ** 53 - 1), u64(2n ** 64n - 1n)], ["fffffffe", "001fffffffffffff", "ffffffffffffffff"]);
  await refuses("RangeError", () => u32(2 ** 32));
  await refuses("RangeError", () => u32(-1));
  same(new Reader(u64(2n ** 60n)).u64(), Number.MAX_SAFE_INTEGER);
}

export async function the_reader_is_strict() {
  const reader = new Reader(concat(vec(utf8("abc")), u32(7)));
  same([fromUtf8(reader.vec()), reader.u32()], ["abc", 7]);
  reader.end();
  await refuses("RangeError", () => reader.u8());
  await refuses("RangeError", () => new Reader(u32(5)).vec());
  await refuses("RangeError", () => new Reader(u32(5)).end());
}

export function what_is_left_is_read_in_the_same_memory() {
  const bytes = concat(u8(9), utf8("ab"));
  const reader = new Reader(bytes);
  same(reader.u8(), 9);
  const rest = reader.rest();
  same([fromUtf8(rest), rest.buffer === bytes.buffer], ["ab", true]);
  reader.end();
  same(reader.rest().length, 0);
}

export async function vecs_are_read_up_to_the_end_in_the_same_memory() {
  const bytes = concat(vec(utf8("ab")), vec(utf8("")), vec(utf8("c")));
  const found = readVecs(bytes);
  same([found.starts, contentsOf(found).map(fromUtf8)], [[4, 10, 14], ["ab", "", "c"]]);
  holds(contentsOf(found).every(({ buffer }) => buffer === bytes.buffer), "no copies");
  same(contentsOf(readVecs(new Uint8Array(0))), []);
  for (const odd of [u8(0), concat(bytes, u8(0)), bytes.slice(0, -1), concat(bytes, u32(2 ** 32 - 1))]) await refuses("RangeError", () => readVecs(odd));
}

export function vecs_are_made_and_joined() {
  const contents = [utf8("ab"), utf8(""), utf8("c")];
  for (const [one, more] of [[contents, contents], [[], contents], [contents, []], [[], []]]) {
    same(joinedVecs(vecsOf(one), vecsOf(more)), vecsOf([...one, ...more]));
    same(contentsOf(joinedVecs(vecsOf(one), vecsOf(more))), [...one, ...more]);
  }
  same(vecsOf(contents).bytes, concat(...contents.map(vec)));
}

export function bytes_compare() {
  holds(equal(unhex("0102"), unhex("0102")) && !equal(unhex("0102"), unhex("0103")) && !equal(unhex("01"), unhex("0102")), "equal");
  holds(compare(unhex("01"), unhex("02")) < 0 && compare(unhex("0100"), unhex("01")) > 0 && compare(unhex("80"), unhex("7f")) > 0, "order");
}
