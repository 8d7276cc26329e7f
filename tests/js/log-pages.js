/** Pages of the log as they come from the server: as bytes, and as the JSON of the release before. */

import { concat, toBase64Url, u32, u64, vec } from "/static/js/lib/bytes.js";
import { contentsOf, vecsOf } from "/static/js/lib/vecs.js";
import { fetchLeaves } from "/static/js/chat/log-pages.js";
import { ApiError, createApi } from "/static/js/transport/api.js";
import { holds, refuses, same } from "./claims.js";

const [HEAD, SIG, LOG_PUB] = [1, 2, 3].map((value) => Uint8Array.of(value, value));
const LEAVES = [Uint8Array.of(7), new Uint8Array(0), Uint8Array.of(8, 9)];
const PAGE = { size: 2 ** 33, head: HEAD, sig: SIG, logPub: LOG_PUB, leaves: vecsOf(LEAVES) };
const AS_BYTES = concat(u64(PAGE.size), ...[HEAD, SIG, LOG_PUB, ...LEAVES].map(vec));
const AS_JSON = JSON.stringify({
  size: PAGE.size, head: toBase64Url(HEAD), sig: toBase64Url(SIG), log_pub: toBase64Url(LOG_PUB), leaves: LEAVES.map(toBase64Url),
});

async function sorted(page) {
  const { size, head, sig, logPub, leaves } = await page;
  return { size, head, sig, logPub, leaves };
}

function answering(body, { type = "application/octet-stream", status = 200, asked = [] } = {}) {
  const fetch = async (path, { headers }) => {
    asked.push([path, headers.Accept]);
    return new Response(body, { status, headers: { "content-type": type } });
  };
  return createApi({ fetch, csrf: "x" });
}

export async function a_page_of_the_log_is_read_as_bytes() {
  const asked = [];
  same(await sorted(answering(AS_BYTES, { asked }).log(5)), PAGE);
  same(asked, [["/api/keys/log/?from=5", "application/octet-stream, application/json;q=0.5"]]);
  const none = concat(u64(0), vec(HEAD), vec(SIG), vec(LOG_PUB));
  same((await answering(none).log(0)).leaves, vecsOf([]));
}

export async function a_server_of_the_release_before_answers_with_json() {
  same(await sorted(answering(AS_JSON, { type: "application/json" }).log(0)), PAGE);
  for (const odd of ["", "[]", "null", '{"leaves":[]}', AS_JSON.slice(0, -1)]) await refuses("BAD_ANSWER", () => answering(odd, { type: "application/json" }).log(0));
}

export async function bytes_that_are_no_page_of_the_log_are_refused() {
  const beyond = concat(AS_BYTES, u32(1));
  const odd = [new Uint8Array(0), AS_BYTES.slice(0, 8), AS_BYTES.slice(0, -1), concat(AS_BYTES, Uint8Array.of(0)), beyond, concat(AS_BYTES, u32(2 ** 32 - 1))];
  for (const body of odd) await refuses("BAD_ANSWER", () => answering(body).log(0));
  await refuses("BAD_ANSWER", () => answering(AS_JSON).log(0));
}

export async function a_refusal_is_read_in_either_form() {
  const body = '{"error":"UNAVAILABLE","retry_after":2}';
  for (const type of ["application/json", "application/octet-stream"]) await refuses("UNAVAILABLE", () => answering(body, { type, status: 503 }).log(0));
}

export async function an_answer_without_an_end_is_not_read_on() {
  let given = 0;
  const source = { pull: (controller) => controller.enqueue(new Uint8Array((given += 2 ** 16) && 2 ** 16)) };
  await refuses("BAD_ANSWER", () => answering(new ReadableStream(source)).log(0));
  same(given < 2 ** 23, true);
}

export async function a_line_that_breaks_within_an_answer_is_one() {
  const source = { start: (controller) => controller.enqueue(AS_BYTES), pull: (controller) => controller.error(new TypeError("network")) };
  await refuses("OFFLINE", () => answering(new ReadableStream(source)).log(0));
}

/** A log that answers with so many leaves at a time, in its own time; `grow` after so many answers. */
function logOf(count, { page, growAt = Infinity, growBy = 0, turns = (nth) => nth % 3 }) {
  let [size, answers, out, most] = [count, 0, 0, 0];
  const asked = [];
  const log = async (from) => {
    asked.push(from);
    out += 1;
    most = Math.max(most, out);
    for (let turn = turns(asked.length); turn >= 0; turn -= 1) await new Promise((resolve) => setTimeout(resolve));
    out -= 1;
    answers += 1;
    if (answers === growAt) size += growBy;
    const length = typeof page === "number" ? page : page(from);
    const leaves = Array.from({ length: Math.max(0, Math.min(length, size - from)) }, (_, i) => u32(from + i));
    return { size, head: u32(size), sig: SIG, logPub: LOG_PUB, leaves: vecsOf(leaves) };
  };
  return { log, asked, most: () => most };
}

async function fetchedWhole(api, from, ...sizes) {
  const { size, head, leaves } = await fetchLeaves(api, from);
  holds(sizes.includes(size), `${size} is one of ${sizes}`);
  same(head, u32(size));
  same(leaves.flatMap(contentsOf), Array.from({ length: size - from }, (_, i) => u32(from + i)));
}

export async function pages_come_side_by_side_and_in_order() {
  for (const [count, from, requests] of [[0, 0, 1], [1, 0, 1], [10, 0, 1], [11, 0, 2], [95, 0, 10], [100, 0, 10], [100, 37, 7], [100, 100, 1]]) {
    const api = logOf(count, { page: 10 });
    await fetchedWhole(api, from, count);
    same([api.asked.length, api.most() <= 4], [requests, true]);
  }
  const long = logOf(200, { page: 10 });
  await fetchedWhole(long, 0, 200);
  same(long.most(), 4);
}

export async function a_log_that_grows_meanwhile_is_read_to_its_new_end() {
  for (const turns of [(nth) => nth % 4, (nth) => 3 - (nth % 4), (nth) => nth % 3]) {
    for (let growAt = 1; growAt <= 8; growAt += 1) {
      for (const growBy of [1, 5, 10, 35]) await fetchedWhole(logOf(65, { page: 10, growAt, growBy, turns }), 0, 65, 65 + growBy);
    }
  }
}

export async function pages_of_another_length_lose_and_double_nothing() {
  for (const page of [(from) => (from < 50 ? 10 : 7), (from) => (from < 50 ? 7 : 10), (from) => 1 + (from % 9)]) await fetchedWhole(logOf(95, { page }), 0, 95);
}

export async function a_log_that_gives_nothing_more_is_judged_as_it_is() {
  const api = logOf(95, { page: (from) => (from < 40 ? 10 : 0) });
  same((await fetchLeaves(api, 0)).leaves.flatMap(contentsOf).length, 40);
}

export async function a_log_without_an_end_is_refused() {
  const leaves = vecsOf(Array.from({ length: 300_000 }, () => SIG));
  const log = async (from) => ({ size: from + 10 ** 9, head: HEAD, sig: SIG, logPub: LOG_PUB, leaves });
  await refuses("LOG_SPLIT_VIEW", () => fetchLeaves({ log }, 0));
}

export async function a_page_that_does_not_come_ends_it() {
  const { log } = logOf(95, { page: 10 });
  await refuses("OFFLINE", () => fetchLeaves({ log: (from) => (from === 40 ? Promise.reject(new ApiError("OFFLINE")) : log(from)) }, 0));
}
