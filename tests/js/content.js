import { checkAction, encodeContent, parseContent } from "/static/js/crypto/content.js";
import { parseStrictJson } from "/static/js/crypto/strict-json.js";
import { toBase64Url, utf8 } from "/static/js/lib/bytes.js";
import { holds, refuses, same } from "./claims.js";

const common = { v: 1, id: "00000000-0000-4000-8000-000000000001", ts: 1_700_000_000_000, ack: {} };
const mid = "07".repeat(16);
const key = toBase64Url(new Uint8Array(32).fill(9));
const file = { ...common, t: "file", blob: "b1", fk: key, size: 300, hash: key, name: "a.png", mime: "image/png" };

export function each_kind_of_content_comes_back() {
  const all = [
    { t: "text", body: "hello" }, { t: "text", body: "", re: mid }, { t: "edit", target: mid, rev: 1, body: "x" }, { t: "delete", target: mid },
    { t: "react", target: mid, e: "👨‍👩‍👧‍👦", on: true }, { t: "receipt", seen: [mid] }, { t: "timer", mode: 1, timer_s: 3600 }, { t: "void" },
    { t: "sync", pins: [], settings: { a: 1 } },
  ].map((fields) => ({ ...common, ...fields }));
  const told = { ...common, t: "void", ack: { [mid]: 3 }, ack_before: { [mid]: 2 ** 20 } };
  for (const content of [...all, told, file, { ...file, w: 640, h: 480, thumb: "" }]) {
    const { content: back, supported } = parseContent(encodeContent(content));
    holds(supported, content.t);
    same(back, content);
  }
}

export async function what_the_schema_does_not_allow_is_refused() {
  const text = { ...common, t: "text", body: "x" };
  const wrong = [
    { ...text, body: "x".repeat(16_001) }, { ...text, body: 5 }, { ...text, re: "short" }, { ...text, extra: 1 }, { ...text, ts: -1 },
    { ...text, ack: { AB: 1 } }, { ...text, ack: [] }, { ...text, id: "1" }, { ...common, t: "edit", target: mid, rev: -1, body: "" },
    { ...common, t: "react", target: mid, e: "ab", on: true }, { ...common, t: "react", target: mid, e: "", on: true },
    { ...common, t: "receipt", seen: Array(51).fill(mid) }, { ...file, size: -1 }, { ...file, fk: mid }, { ...file, name: "n".repeat(121) },
    { ...file, thumb: toBase64Url(new Uint8Array(16_385)) }, { ...common, t: 5 }, { ...text, v: 2 },
    { ...text, ack_before: [] }, { ...text, ack_before: null }, { ...text, ack_before: { AB: 1 } }, { ...text, ack_before: { [mid]: 2 ** 20 + 1 } },
    { ...common, t: "poll", ack_before: 1 },
  ];
  for (const content of wrong) await refuses("BAD_CONTENT", () => parseContent(utf8(JSON.stringify(content))));
}

export async function characters_are_code_points() {
  const body = "🙂".repeat(16_000);
  same(parseContent(utf8(JSON.stringify({ ...common, t: "text", body }))).content.body, body);
  await refuses("BAD_CONTENT", () => parseContent(utf8(`{"v":1,"t":"text","id":"${common.id}","ts":1,"ack":{},"body":"\\ud800"}`)));
}

export async function a_sign_has_at_most_32_units_of_utf16() {
  const react = (marks) => utf8(JSON.stringify({ ...common, t: "react", target: mid, e: `\u{1f642}${"\u{e0101}".repeat(marks)}`, on: true }));
  same(parseContent(react(15)).content.e.length, 32);
  await refuses("BAD_CONTENT", () => parseContent(react(16)));
}

export async function an_unknown_kind_is_kept_but_never_sent() {
  const later = { ...common, t: "poll", any: { thing: [1, null, true] } };
  const { content, supported } = parseContent(utf8(JSON.stringify(later)));
  same([content, supported], [later, false]);
  await refuses("BAD_CONTENT", () => encodeContent(later));
}

export async function strict_json_is_strict() {
  for (const text of ["", "{", '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', "01", "1.0", "1e3", "+1", "-", "NaN", '{"a":1,}', "[1,]", "'a'", '"\n"', "1 2", "9007199254740992", "nul", '"\\x"']) {
    await refuses("RangeError", () => parseStrictJson(text, 3));
  }
  same(parseStrictJson(' { "a" : [ 1 , -2 , null , true , false ] , "b" : "\\n" } ', 2), { a: [1, -2, null, true, false], b: "\n" });
  const odd = parseStrictJson('{"__proto__":1,"constructor":2}', 1);
  same(Object.keys(odd), ["__proto__", "constructor"]);
  await refuses("RangeError", () => parseStrictJson("[[[[]]]]", 3));
}

export async function only_the_author_may_edit() {
  const [alice, bob] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)];
  checkAction({ uid: alice }, { uid: alice });
  await refuses("ACTION_NOT_OWNER", () => checkAction({ uid: alice }, { uid: bob }));
  await refuses("ACTION_UNKNOWN_TARGET", () => checkAction(undefined, { uid: bob }));
}
