/** The line's own timers: when it asks, when it gives up, how long it stays away. */

import { Line } from "/static/js/chat/line.js";
import { CLOSE, retryHint } from "/static/js/transport/closecodes.js";
import { socketMaker } from "/static/js/transport/socket.js";
import { same } from "./claims.js";

const HEADS = { f: "heads", heads: {}, log_size: 0, now_ms: 0 };
const WELCOME = { ...HEADS, f: "welcome", incarnation: "0" };
const BELL = { f: "bell", log_size: 1 };
const CHANCE = 0.5;

/** Timers that run when the test says how much time goes by. */
class Clock {
  now = 0;
  #due = new Set();

  after = (ms, run) => {
    const entry = { at: this.now + ms, run };
    this.#due.add(entry);
    return () => this.#due.delete(entry);
  };

  pass(ms) {
    const end = this.now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#due.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }

  #next(end) {
    return [...this.#due].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
  }
}

/** A line that was welcomed, and the sockets it opened: what was sent into each, and when. */
function welcomed() {
  const clock = new Clock();
  const sockets = [];
  const open = () => {
    const socket = { asked: [], openedAt: clock.now, close: () => {}, send: (text) => JSON.parse(text).f === "heads" && socket.asked.push(clock.now) };
    sockets.push(socket);
    return socket;
  };
  const network = new EventTarget();
  const schedule = { after: clock.after, random: () => CHANCE };
  const line = socketMaker({ url: "ws", api: null, schedule, open, network })({ hello: () => ({ f: "hello" }), onFrame: () => {}, onState: () => {} });
  line.start();
  const hears = (frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) });
  const isLetIn = () => {
    sockets.at(-1).onopen({});
    hears(WELCOME);
  };
  isLetIn();
  return { clock, line, sockets, hears, isLetIn };
}

/** @returns {number} ms from the end of a line to the next try */
function awayAfter({ clock, sockets }, code, reason) {
  const [began, before] = [clock.now, sockets.length];
  sockets.at(-1).onclose({ code, reason });
  while (sockets.length === before && clock.now < began + 60_000) clock.pass(1);
  return sockets[before].openedAt - began;
}

export function the_answer_to_a_beat_sets_the_time_of_the_next() {
  const { clock, sockets, hears } = welcomed();
  clock.pass(25_000);
  clock.pass(2_000);
  hears(HEADS); // an event of the socket: a timer set now follows no other
  clock.pass(24_999);
  same(sockets[0].asked, [25_000]);
  clock.pass(1);
  same(sockets[0].asked, [25_000, 52_000]);
}

export function a_busy_line_asks_as_often() {
  const { clock, sockets, hears } = welcomed();
  for (let second = 1; second <= 100; second += 1) {
    clock.pass(1_000);
    hears(BELL);
  }
  same(sockets[0].asked, [25_000, 50_000, 75_000, 100_000]);
  same(sockets.length, 1);
}

export function a_line_without_an_answer_is_lost() {
  const { clock, sockets } = welcomed();
  clock.pass(35_000);
  same([sockets[0].asked, sockets.length], [[25_000], 1]);
  clock.pass(500);
  same([sockets.length, sockets[1].openedAt], [2, 35_000 + CHANCE * 500]);
}

export function who_comes_back_asks_at_once_and_then_no_oftener() {
  const { clock, line, sockets, hears } = welcomed();
  clock.pass(10_000);
  line.poke();
  line.poke();
  hears(HEADS);
  hears(HEADS);
  clock.pass(25_000);
  hears(HEADS);
  clock.pass(24_999);
  same(sockets[0].asked, [10_000, 10_000, 35_000]);
}

export function a_server_that_ends_says_how_long_to_stay_away() {
  const line = welcomed();
  line.clock.pass(11_000);
  line.hears(HEADS);
  same(awayAfter(line, CLOSE.GOING_AWAY, "retry=2500"), CHANCE * 2_500);
  line.isLetIn();
  line.clock.pass(11_000);
  same(awayAfter(line, CLOSE.GOING_AWAY, ""), CHANCE * 500);
}

export function a_hint_makes_nobody_come_back_sooner_than_without() {
  const line = welcomed();
  const waits = [1, 2, 3, 4].map(() => {
    const wait = awayAfter(line, CLOSE.GOING_AWAY, "retry=1000");
    line.sockets.at(-1).onopen({});
    return wait;
  });
  same(waits, [1_000, 1_000, 2_000, 4_000].map((ms) => CHANCE * ms));
}

export function a_hint_is_read_strictly_and_has_a_bound() {
  same(["retry=500", "retry=15000", "retry=99999"].map((reason) => retryHint(CLOSE.GOING_AWAY, reason)), [500, 15_000, 15_000]);
  const others = [undefined, "", "retry=", "retry=-1", "retry=1e4", "retry=100000", " retry=500", "retry=500\n", "Retry=500", "retry=5.5", "retry=\u0665\u0660\u0660", "retry=500; x"];
  same(others.map((reason) => retryHint(CLOSE.GOING_AWAY, reason)), others.map(() => 0));
  same([CLOSE.SERVER_ERROR, 1001, 0].map((code) => retryHint(code, "retry=500")), [0, 0, 0]);
}

export function a_chat_is_acknowledged_at_once_and_then_once_a_second() {
  const clock = new Clock();
  const sent = [];
  const createSocket = () => ({ send: ({ cid, upto }) => sent.push([clock.now, cid, upto]) });
  const line = new Line({ createSocket, schedule: { after: clock.after } });
  [["a", 1], ["a", 2], ["b", 7], ["a", 3]].forEach((told) => line.ack(...told));
  clock.pass(1_500);
  line.ack("a", 4);
  clock.pass(5_000);
  line.ack("a", 5);
  same(sent, [[0, "a", 1], [0, "b", 7], [1_000, "a", 3], [2_000, "a", 4], [6_500, "a", 5]]);
}
