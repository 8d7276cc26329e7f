/** The whole page: which screen the life of the keys asks for, and what the Messenger tells it. */
import { conversationOf, nameOf } from "./conversations.js";
import { meaningOf } from "./keys-of-page.js";
import { clearNotification, notifyNew } from "./notifications.js";
import { define, View } from "./view.js";
import { say, sayCode } from "./words.js";
import "./chat-desk.js";
import "./forget-dialog.js";
import "./gate-page.js";
import "./key-import.js";
import "./key-setup.js";
import "./key-unlock.js";
import "./shortcut-sheet.js";
import "./toast-stack.js";

const KEY_PATH = new Set(["setup", "prove"]);
const GATES = { setup: "key-setup", prove: "key-setup", locked: "key-unlock", import: "key-import" };

export class ChatApp extends View {
  #messenger = null;
  #phase = null;

  built() {
    this.addEventListener("say-toast", ({ detail }) => this.parts.toasts.add(detail.text));
    this.addEventListener("lock-now", () => this.#lock());
    this.addEventListener("reconnect", () => this.#messenger.poke());
    this.addEventListener("phase-reached", ({ detail }) => this.show(detail.phase));
    this.addEventListener("show-shortcuts", () => this.parts.shortcuts.show());
    this.addEventListener("ask-forget", () => this.parts.forget.open());
    this.addEventListener("browser-forgotten", () => this.start(this.#messenger));
  }

  /** Opens the Messenger and follows it from then on. @param {object} messenger */
  async start(messenger) {
    if (this.#messenger !== messenger) this.#follow(messenger);
    try {
      const { phase, code } = await messenger.open();
      this.show(phase, code);
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {string} phase  @param {string} [code] why it came to this */
  show(phase, code) {
    if (phase === this.#phase && phase !== "open") return;
    const goesOn = KEY_PATH.has(this.#phase) && phase === "prove";
    this.#phase = phase;
    if (goesOn) return;
    this.querySelector("[data-loading]")?.remove();
    if (phase === "open") this.#showDesk();
    else this.#showGate(phase, code);
  }

  /** @param {string} text for a moment, at the edge */
  say(text) {
    this.parts.toasts.add(text);
  }

  /** The chats could not be opened at all. @param {Error} error */
  fail(error) {
    if (error?.code === "LOGIN_REQUIRED") return; // told as a problem
    this.#phase = null;
    this.show("failed", error?.code ?? "UNEXPECTED");
  }

  #showDesk() {
    const { desk, gate } = this.parts;
    if (!desk.hidden) return;
    gate.replaceChildren();
    gate.hidden = true;
    desk.hidden = false;
    desk.messenger = this.#messenger;
    this.#title();
  }

  /** A new, empty desk instead of the old one: no plaintext stays in the page when the keys are locked. */
  #clearDesk() {
    if (this.parts.desk.hidden) return;
    this.parts.desk.chat.settle();
    const fresh = document.createElement("chat-desk");
    fresh.className = "chat-desk";
    fresh.setAttribute("role", "main");
    fresh.hidden = true;
    this.parts.desk.replaceWith(fresh);
    this.parts.desk = fresh;
    this.parts.toasts.clear();
  }

  async #lock() {
    await this.parts.desk.chat.settle();
    await this.#messenger.lock();
  }

  #showGate(phase, code) {
    const { gate } = this.parts;
    clearNotification();
    this.#clearDesk();
    const screen = document.createElement(GATES[phase] ?? "gate-page");
    screen.className = "gate__screen";
    screen.begin({ messenger: this.#messenger, phase, code });
    gate.replaceChildren(screen);
    gate.hidden = false;
    document.title = this.dataset.site;
    requestAnimationFrame(() => (screen.querySelector("input:not([type=checkbox], [type=file])") ?? screen.querySelector("h1"))?.focus?.());
  }

  #follow(messenger) {
    this.#messenger = messenger;
    this.parts.forget.messenger = messenger;
    const listen = (type, react) => messenger.addEventListener(type, ({ detail }) => react(detail));
    listen("phase", ({ phase, code }) => this.show(phase, code));
    listen("conversations", () => this.#changed());
    listen("conversation", ({ cid }) => this.#changed(cid));
    listen("message", ({ message, isNew }) => this.#message(message, isNew));
    listen("transfer", ({ cid, id, done, total }) => this.#whenOpen((desk) => desk.chat.transfer(cid, id, done, total)));
    listen("removed", ({ cid, id }) => this.#whenOpen((desk) => desk.chat.remove(cid, id)));
    listen("connection", ({ state }) => this.#whenOpen((desk) => (desk.chat.connection = state)));
    listen("browsers", () => this.#whenOpen((desk) => desk.list.browsersChanged()));
    listen("problem", ({ code, cid }) => this.#problem(code, cid));
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => this.#looked());
  }

  #message(message, isNew) {
    this.#whenOpen((desk) => desk.chat.put(message, isNew));
    if (isNew && !message.mine && message.kind === "text" && this.#messenger.notifications?.()) notifyNew();
  }

  #looked() {
    if (document.visibilityState === "visible") clearNotification();
    this.#whenOpen((desk) => desk.chat.markIfSeen());
  }

  #whenOpen(action) {
    if (this.#phase === "open") action(this.parts.desk);
  }

  #changed(cid) {
    this.#whenOpen((desk) => desk.refresh(cid));
    this.#title();
  }

  #title() {
    const count = this.#messenger.conversations().reduce((sum, { unread }) => sum + (unread || 0), 0);
    const title = count ? say("title.unread", { count, site: this.dataset.site }) : this.dataset.site;
    if (document.title !== title) document.title = title;
  }

  #problem(code, cid) {
    if (code === "LOGIN_REQUIRED") return this.show("login");
    const conversation = cid && conversationOf(this.#messenger, cid);
    const name = conversation ? nameOf(conversation) : say("someone");
    return this.parts.toasts.add(sayCode(code, { name }));
  }

  #key(event) {
    const meaning = meaningOf(event);
    if (!meaning || this.#phase !== "open" || document.querySelector("dialog[open]")) return;
    const { desk, shortcuts } = this.parts;
    const ways = {
      find: () => desk.list.focusSearch(),
      next: () => desk.neighbour(1),
      previous: () => desk.neighbour(-1),
      escape: () => desk.cid && desk.chat.focusComposer(),
      sheet: () => shortcuts.show(),
    };
    if (meaning !== "escape") event.preventDefault();
    ways[meaning]();
  }
}

define("chat-app", ChatApp);
