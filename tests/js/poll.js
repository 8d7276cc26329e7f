/** The poller: when it asks, what it comes with, what it tells the chat again, and how long it stays away. */

import { ApiError, createApi } from "/static/js/transport/api.js";
import { ackFrame, postFrame, pullFrame } from "/static/js/transport/frames.js";
import { createPoller } from "/static/js/transport/poll.js";
import { same } from "./claims.js";

const CHANCE = 0.5;
const CID = "c".repeat(32);
const OTHER = "d".repeat(32);

/** A poller, the requests it made at a server that answers when the test says so, and what it told. */
function polling() {
  const world = { now: 0, asked: [], told: [], failures: [], timers: [], sent: [] };
  const said = (name) => (...given) => new Promise((resolve, reject) => world.sent.push({ name, given, resolve, reject }));
  const api = {
    heads: (since, signal) => new Promise((resolve, reject) => world.asked.push({ since, signal, resolve, reject })),
    postEvent: said("post"), pullEvents: said("pull"), ackEvents: said("ack"),
  };
  const after = (ms, run) => {
    const timer = { ms, run, isOff: false };
    world.timers.push(timer);
    return () => (timer.isOff = true);
  };
  const onFrame = (frame) => world.told.push(frame);
  const onFailure = (error) => world.failures.push(error.code);
  const schedule = { after, random: () => CHANCE };
  const poller = createPoller({ api, schedule, onFrame, onFailure, elapsed: () => world.now });
  const answer = (name, heads, { since = "mark", waited = 20_000 } = {}) => {
    world.now += waited;
    world.asked.at(-1).resolve({ frame: { name, heads: new Map(Object.entries(heads)) }, since });
    return settled();
  };
  const waits = () => world.timers.filter(({ isOff }) => !isOff).map(({ ms }) => ms);
  return { ...world, poller, answer, waits, last: () => world.asked.at(-1), heard: () => world.told.map(({ name, heads }) => [name, Object.fromEntries(heads)]) };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

export async function the_next_request_follows_an_answer_and_comes_with_its_mark() {
  const { asked, answer, waits, heard } = polling();
  await answer("welcome", { [CID]: 3 }, { since: "one", waited: 0 });
  for (let times = 0; times < 20; times += 1) await answer("heads", {}, { since: "two" });
  same(asked.map(({ since }) => since), ["", "one", ...Array(20).fill("two")]);
  same([waits(), heard()[0]], [[], ["welcome", { [CID]: 3 }]]);
}

export async function after_answers_that_come_at_once_there_are_pauses() {
  const { asked, answer, timers } = polling();
  for (let times = 0; times < 5; times += 1) await answer("heads", {}, { waited: 10 });
  same([asked.length, timers.map(({ ms }) => ms)], [5, [1_000]]);
  timers.at(-1).run();
  await answer("heads", {}, { waited: 10 });
  same([asked.length, timers.map(({ ms }) => ms)], [6, [1_000, 1_000]]);
  timers.at(-1).run();
  await answer("heads", {});
  await answer("heads", {}, { waited: 10 });
  same(asked.length, 9);
}

export async function a_failure_keeps_it_away_as_long_as_the_server_says_and_all_is_asked_for_again() {
  const { asked, last, answer, timers, waits, failures } = polling();
  await answer("welcome", {}, { since: "one" });
  last().reject(new ApiError("TOO_MANY", { status: 429, retryAfter: 10 }));
  await settled();
  same([failures, waits(), asked.length], [["TOO_MANY"], [10_000 * (1 + CHANCE / 2)], 2]);
  timers.at(-1).run();
  last().reject(new ApiError("UNAVAILABLE", { status: 503 }));
  await settled();
  same([asked.map(({ since }) => since), timers.at(-1).ms], [["", "one", ""], 4_000]);
}

export async function a_pull_that_fails_begins_anew_and_the_request_that_waits_is_given_up() {
  const { poller, asked, sent, answer, timers, failures } = polling();
  await answer("welcome", { [CID]: 3 });
  poller.send(pullFrame({ cid: CID, after: 0, limit: 200 }));
  sent[0].reject(new ApiError("UNAVAILABLE", { status: 503, retryAfter: 2 }));
  await settled();
  same([failures, asked[1].signal.aborted, timers.at(-1).ms], [["UNAVAILABLE"], true, 2_500]);
  asked[1].reject(new ApiError("OFFLINE"));
  await settled();
  same(failures, ["UNAVAILABLE"]);
  timers.at(-1).run();
  same(asked[2].since, "");
}

export async function whoever_stops_hears_nothing_more() {
  const { poller, asked, sent, heard, answer, failures, waits } = polling();
  await answer("welcome", {});
  poller.send(pullFrame({ cid: CID, after: 0, limit: 200 }));
  poller.stop();
  same(asked[1].signal.aborted, true);
  asked[1].resolve({ frame: { name: "heads", heads: new Map() }, since: "x" });
  sent[0].resolve({ name: "events" });
  await settled();
  same([asked.length, heard().length, failures, waits()], [2, 1, [], []]);
}

export async function what_changed_is_told_again_until_the_chat_has_it() {
  const { poller, answer, heard } = polling();
  await answer("welcome", { [CID]: 3, [OTHER]: 9 });
  await answer("heads", { [CID]: 5 });
  poller.send(pullFrame({ cid: CID, after: 4, limit: 200 }));
  await answer("heads", {});
  poller.send(ackFrame({ cid: CID, upto: 5 }));
  await answer("heads", {});
  await answer("heads", { [CID]: 5, [OTHER]: 10 }); // all there is, for a change was missed
  poller.send(pullFrame({ cid: OTHER, after: 10, limit: 200 }));
  await answer("heads", {});
  const told = heard().slice(1).map(([, heads]) => heads);
  same(told, [{ [CID]: 5 }, { [CID]: 5 }, {}, { [OTHER]: 10, [CID]: 5 }, {}]);
}

export async function what_a_socket_sends_goes_out() {
  const { poller, sent, heard, failures } = polling();
  const [post, ack] = [postFrame({ cid: CID, clientId: "1", kind: "message", blob: new Uint8Array(1) }), ackFrame({ cid: CID, upto: 7 })];
  [post, pullFrame({ cid: CID, after: 7, limit: 9 }), ack].forEach((frame) => poller.send(frame));
  same(sent.map(({ name, given }) => [name, given]), [["post", [CID, post]], ["pull", [CID, 7, 9]], ["ack", [CID, ack]]]);
  sent[2].reject(new ApiError("NOT_FOUND", { status: 404 }));
  sent[0].reject(new ApiError("TOO_LARGE", { status: 413 }));
  await settled();
  same([heard.length, failures], [0, []]);
}

export async function an_answer_of_another_shape_is_none() {
  const bodies = [{ f: "events" }, { f: "heads", heads: {}, log_size: 1, now_ms: 1 }, { f: "heads", heads: { [CID]: -1 }, log_size: 1, now_ms: 1, since: "x" }];
  for (const body of bodies) {
    const api = createApi({ fetch: async () => ({ ok: true, status: 200, json: async () => body }), csrf: "x" });
    same(await api.heads("", new AbortController().signal).catch(({ code }) => code), "BAD_ANSWER");
  }
}

export async function a_request_that_waits_has_more_time_than_others() {
  const given = [];
  const real = AbortSignal.timeout;
  AbortSignal.timeout = (ms) => given.push(ms) && real.call(AbortSignal, ms);
  try {
    const body = { f: "heads", heads: {}, log_size: 1, now_ms: 1, since: "x" };
    const api = createApi({ fetch: async () => ({ ok: true, status: 200, json: async () => body }), csrf: "x" });
    await api.heads("", new AbortController().signal);
    await api.ackEvents(CID, ackFrame({ cid: CID, upto: 1 }));
  } finally {
    AbortSignal.timeout = real;
  }
  same(given, [35_000, 30_000]);
}
