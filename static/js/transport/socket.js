/**
 * One line to the server that heals itself: connect, hello, heartbeat, come back. The only place that opens a WebSocket.
 * A line is silent for at most DEAD_AFTER_MS; the way back waits 0.5 s x 2^n, or as long as a server that ends says, with full
 * jitter; after three refused WebSockets the same frames go over HTTPS (poll.js), while the socket is tried now and then.
 */

import { CLOSE, PAUSE_MS, retryHint } from "./closecodes.js";
import { headsFrame, readFrame, unreadableFrame } from "./frames.js";
import { createPoller } from "./poll.js";

const HEARTBEAT_MS = 25_000;
const DEAD_AFTER_MS = 35_000;
const WELCOME_WITHIN_MS = 15_000; // of a line that is being opened
const STEADY_MS = 10_000; // a line that lived so long: the next way back begins with short waits
const BACKOFF_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const REFUSED_BEFORE_POLLING = 3;
const NEED_A_SESSION = new Set([CLOSE.LOGIN_NEEDED, CLOSE.DEVICE_NEEDED]); // this browser may have a newer one than the socket had
const RETRY_WHILE_POLLING_MS = 60_000;

/**
 * @typedef {object} Handlers
 * @property {() => object} hello the first frame
 * @property {(frame: object) => void} onFrame
 * @property {(state: "online"|"connecting"|"offline") => void} onState
 * @property {() => Promise<void>} rebind binds the web session to this device again
 * @property {() => void} onReplaced another copy of these keys has the line; the socket stays closed
 */

/**
 * @param {{url: string, api: object, schedule: object, open?: (url: string) => WebSocket, network?: EventTarget}} parts
 *   network: where the browser says "online" and "offline"
 * @returns {(handlers: Handlers) => Line} what createMessenger takes as createSocket
 */
export function socketMaker({ url, api, schedule, open = (address) => new WebSocket(address), network = globalThis }) {
  return (handlers) => new Line({ url, api, schedule, open, network, ...handlers });
}

/** @see socketMaker */
class Line {
  #parts;
  #socket = null;
  #poller = null;
  #attempts = 0;
  #refused = 0;
  #running = false;
  #welcomed = false;
  #isPoked = false; // while a line was being opened, perhaps one that comes to nothing
  #timers = new Map();
  #onOnline = () => this.poke();
  #onOffline = () => this.#lost();

  constructor(parts) {
    this.#parts = parts;
  }

  /** Begins, and goes on until stop(). */
  start() {
    if (this.#running) return;
    this.#running = true;
    this.#parts.network.addEventListener("online", this.#onOnline);
    this.#parts.network.addEventListener("offline", this.#onOffline);
    this.#connect();
  }

  /** Closes for good; start() begins again. */
  stop() {
    this.#running = false;
    this.#parts.network.removeEventListener("online", this.#onOnline);
    this.#parts.network.removeEventListener("offline", this.#onOffline);
    this.#drop();
    this.#stopPolling();
  }

  /** The network or the person came back: do not wait for the timer. */
  poke() {
    if (!this.#running) return;
    if (this.#welcomed) this.#beat();
    else if (this.#socket) this.#isPoked = true;
    else this.#connect();
  }

  /** @param {object} frame @returns {boolean} whether there was a line to put it on */
  send(frame) {
    const isOpen = this.#welcomed && !isClosing(this.#socket);
    const way = this.#poller ?? (isOpen ? { send: (one) => this.#socket.send(JSON.stringify(one)) } : null);
    if (way) way.send(frame);
    return way !== null;
  }

  #connect() {
    this.#cancel("retry");
    if (!this.#poller) this.#parts.onState("connecting");
    let opened = false;
    const socket = this.#parts.open(this.#parts.url);
    this.#socket = socket;
    const mine = (run) => (event) => this.#socket === socket && run(event);
    socket.onopen = mine(() => {
      opened = true;
      socket.send(JSON.stringify(this.#parts.hello()));
    });
    socket.onmessage = mine((event) => this.#receive(event.data));
    socket.onclose = mine((event) => this.#closed(event.code, opened, event.reason));
    this.#set("dead", WELCOME_WITHIN_MS, () => this.#closed(0, false)); // some networks let it hang instead of refusing it
  }

  #receive(data) {
    if (this.#welcomed) this.#listen();
    const frame = readFrame(data) ?? unreadableFrame();
    if (frame.name === "welcome") this.#welcome();
    this.#parts.onFrame(frame);
  }

  #welcome() {
    this.#welcomed = true;
    this.#isPoked = false;
    this.#listen();
    this.#set("steady", STEADY_MS, () => {
      this.#attempts = 0;
    });
    this.#refused = 0;
    this.#stopPolling();
    this.#parts.onState("online");
  }

  #beat() {
    this.#cancel("beat");
    this.send(headsFrame());
  }

  // Any byte shows that the line lives; half-open ones tell nothing. The first after a beat sets the time of the next, as
  // a timer that another timer sets would in a hidden page be held back for up to a minute, beyond the end of the line.
  #listen() {
    this.#set("dead", DEAD_AFTER_MS, () => this.#lost());
    if (!this.#timers.has("beat")) this.#set("beat", HEARTBEAT_MS, () => this.#beat());
  }

  #lost() {
    this.#stopPolling();
    this.#closed(0, true);
  }

  #closed(code, opened, reason) {
    this.#drop();
    if (!this.#running) return;
    this.#refused = opened ? 0 : this.#refused + 1;
    if (code === CLOSE.REPLACED) this.#end();
    else this.#comeBack(code, reason);
  }

  #end() {
    this.stop();
    this.#parts.onState("offline");
    this.#parts.onReplaced();
  }

  #comeBack(code, reason) {
    if (this.#refused >= REFUSED_BEFORE_POLLING && !this.#poller) this.#poll();
    if (!this.#poller) this.#parts.onState("offline");
    const wait = this.#poller ? RETRY_WHILE_POLLING_MS : (PAUSE_MS[code] ?? 0) + (this.#isPoked ? 0 : this.#backoff(retryHint(code, reason)));
    this.#isPoked = false;
    const again = () => (NEED_A_SESSION.has(code) ? this.#rebind() : this.#connect());
    this.#set("retry", wait, again);
  }

  #backoff(hint) {
    const ceiling = Math.max(hint, Math.min(BACKOFF_CAP_MS, BACKOFF_MS * 2 ** this.#attempts));
    this.#attempts += 1;
    return this.#parts.schedule.random() * ceiling;
  }

  #rebind() {
    this.#parts.rebind().then(
      () => this.#running && this.#connect(),
      () => this.#running && this.#comeBack(CLOSE.DEVICE_NEEDED),
    );
  }

  #poll() {
    const { api, schedule, onFrame, onState } = this.#parts;
    const heard = (frame) => {
      onState("online");
      onFrame(frame);
    };
    this.#poller = createPoller({ api, schedule, onFrame: heard, onFailure: (error) => this.#pollFailed(error) });
  }

  #pollFailed(error) {
    if (error.code === "DEVICE_REQUIRED") this.#rebind();
    else if (error.code === "OFFLINE") this.#lost();
    else this.#parts.onState("offline");
  }

  #stopPolling() {
    this.#poller?.stop();
    this.#poller = null;
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#welcomed = false;
    ["beat", "dead", "retry", "steady"].forEach((name) => this.#cancel(name));
    if (socket) socket.close();
  }

  #set(name, ms, run) {
    this.#cancel(name);
    this.#timers.set(name, this.#parts.schedule.after(ms, run));
  }

  #cancel(name) {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

// The other end said goodbye, and the event that tells of it is still to come: what is sent now reaches nobody.
function isClosing({ readyState }) {
  return readyState === WebSocket.CLOSING || readyState === WebSocket.CLOSED;
}
