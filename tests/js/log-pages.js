/** Pages of the log as they come from the server: as bytes, and as the JSON of the release before. */

import { concat, toBase64Url, u32, u64, vec } from "/static/js/lib/bytes.js";
import { createApi } from "/static/js/transport/api.js";
import { refuses, same } from "./claims.js";

const [HEAD, SIG, LOG_PUB] = [1, 2, 3].map((value) => Uint8Array.of(value, value));
const LEAVES = [Uint8Array.of(7), new Uint8Array(0), Uint8Array.of(8, 9)];
const PAGE = { size: 2 ** 33, head: HEAD, sig: SIG, logPub: LOG_PUB, leaves: LEAVES };
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
  same((await answering(none).log(0)).leaves, []);
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
