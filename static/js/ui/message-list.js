/** The messages of one chat: days, runs, the line before what is new, and a reading position that never moves. */
import { daysOf, MessageWindow } from "./message-window.js";
import { MessageRows } from "./message-rows.js";
import { arrival, isSaidAbove } from "./message-words.js";
import { keepPlace, nearEnd, toEnd } from "./scroll-place.js";
import { build } from "./templates.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

const ROWS = ".message-row";
const EDGE_PX = 600;
const PAGE = 60;
const SHOW_WAIT_MS = 300;

export class MessageList extends View {
  #window = new MessageWindow();
  #rows = null;
  #conversation = null;
  #messenger = null;
  #loading = false;
  #pinned = true;
  #unreadFrom = null;
  #missed = 0;
  #name = "";

  built() {
    const { scroll, jump, rows } = this.parts;
    this.#rows = new MessageRows(rows);
    scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroll.addEventListener("keydown", (event) => this.#walk(event));
    jump.addEventListener("click", () => this.toNewest());
    this.on("beginWhat", "click", () => this.emit("explain", this.#beginning()));
    this.sizes = new ResizeObserver(() => this.#pinned && toEnd(scroll));
    this.sizes.observe(scroll);
    this.sizes.observe(rows);
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
  }

  /** Shows another chat, at its first unread message or at its end. */
  async open(conversation, name) {
    this.#clear(conversation, name);
    const skeleton = setTimeout(() => this.parts.rows.replaceChildren(build("message-skeleton").fragment), SHOW_WAIT_MS);
    try {
      const page = await this.#messenger.messages(conversation.cid, { limit: PAGE });
      if (this.#conversation.cid !== conversation.cid) return;
      this.#window.reset(page.items, page.more);
      this.#unreadFrom = this.#firstUnread(conversation);
      this.#draw();
      this.#start();
    } finally {
      clearTimeout(skeleton);
    }
  }

  /** A message came, was sent or changed. @param {object} message  @param {boolean} isNew */
  put(message, isNew) {
    const { scroll } = this.parts;
    const fresh = this.#window.put(message);
    if (fresh && message.mine && isNew) this.#unreadFrom = null;
    const follow = fresh && (message.mine ? isNew : this.#pinned);
    if (follow && !this.#window.atEnd) this.#window.toEnd();
    if (follow) this.#pinned = true;
    keepPlace(scroll, ROWS, () => this.#draw());
    if (follow) toEnd(scroll);
    if (fresh && isNew && !message.mine && !isSaidAbove(message)) this.#arrived(message);
    this.#showJump();
  }

  /** @param {string} id */
  remove(id) {
    this.#window.remove(id);
    keepPlace(this.parts.scroll, ROWS, () => this.#draw());
  }

  toNewest() {
    if (!this.#window.atEnd) this.#window.toEnd();
    this.#draw();
    this.#pinned = true;
    toEnd(this.parts.scroll);
    this.#missed = 0;
    this.#showJump();
    this.emit("read-to-end");
  }

  /** Whether the newest message can be seen. */
  get atNewest() {
    return this.#pinned && this.#window.atEnd;
  }

  get lastSeq() {
    return this.#window.items.reduce((top, { seq }) => Math.max(top, seq ?? -1), -1);
  }

  focusLast() {
    const rows = this.parts.rows.querySelectorAll(ROWS);
    rows[rows.length - 1]?.focus();
  }

  #clear(conversation, name) {
    this.#conversation = conversation;
    this.#name = name;
    this.#window.reset([], false);
    this.#rows.clear();
    this.#missed = 0;
    this.#pinned = true;
    this.#unreadFrom = null;
    const { begin, beginText, older, jump, log, scroll } = this.parts;
    log.replaceChildren();
    begin.hidden = older.hidden = jump.hidden = true;
    beginText.textContent = this.#beginning().title;
    scroll.setAttribute("aria-label", say("list.label", { name }));
  }

  /** The one line that says what protects this chat. */
  #beginning() {
    const mine = this.#conversation.self;
    return { code: "STARTED", title: say(mine ? "begin.self" : "begin.both"), name: this.#name, detail: mine ? { mine } : undefined };
  }

  #firstUnread({ unread, readSeq }) {
    if (!unread) return null;
    return this.#window.items.find((one) => !one.mine && one.kind !== "notice" && one.seq !== null && one.seq > (readSeq ?? -1))?.id ?? null;
  }

  #start() {
    const line = this.parts.rows.querySelector(".message-unread");
    if (!line) return this.toNewest();
    line.scrollIntoView({ block: "center" });
    this.#scrolled();
    return undefined;
  }

  #draw() {
    const about = { name: this.#name, own: this.#conversation.self };
    this.#rows.draw(daysOf(this.#window.shown, this.#unreadFrom), about);
    this.parts.begin.hidden = this.#window.more || this.#window.from > 0;
  }

  #scrolled() {
    const { scroll } = this.parts;
    this.#pinned = this.#window.atEnd && nearEnd(scroll);
    if (this.#pinned && this.#missed) this.#missed = 0;
    this.#showJump();
    if (this.#pinned) this.emit("read-to-end");
    if (scroll.scrollTop < EDGE_PX) this.#older();
    else if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < EDGE_PX) this.#newer();
  }

  #newer() {
    if (this.#window.newer()) keepPlace(this.parts.scroll, ROWS, () => this.#draw());
  }

  async #older() {
    if (this.#loading) return;
    if (!this.#window.older()) {
      if (!this.#window.more) return;
      await this.#fetchOlder();
    }
    keepPlace(this.parts.scroll, ROWS, () => this.#draw());
  }

  async #fetchOlder() {
    const { cid } = this.#conversation;
    this.#loading = true;
    const wait = setTimeout(() => (this.parts.older.hidden = false), SHOW_WAIT_MS);
    try {
      const page = await this.#messenger.messages(cid, { before: this.#window.oldestSeq, limit: PAGE });
      if (cid !== this.#conversation.cid) return;
      this.#window.prepend(page.items, page.more);
      this.#window.older();
    } finally {
      clearTimeout(wait);
      this.parts.older.hidden = true;
      this.#loading = false;
    }
  }

  #arrived(message) {
    const line = document.createElement("p");
    line.textContent = arrival(message, this.#name);
    this.parts.log.append(line);
    while (this.parts.log.childElementCount > 20) this.parts.log.firstElementChild.remove();
    if (!this.#pinned) this.#missed += 1;
  }

  #showJump() {
    const { jump, jumpCount } = this.parts;
    jump.hidden = this.#pinned || !this.#window.items.length;
    jumpCount.hidden = !this.#missed;
    jumpCount.textContent = String(this.#missed);
    jump.setAttribute("aria-label", this.#missed ? say("list.jump", { count: this.#missed }) : say("list.toEnd"));
  }

  #walk(event) {
    const rows = [...this.parts.rows.querySelectorAll(ROWS)];
    const at = rows.indexOf(document.activeElement);
    if (event.key === "c" && at >= 0 && !event.ctrlKey && !event.metaKey) return void rows[at].copy?.();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || (at < 0 && event.target !== this.parts.scroll)) return;
    event.preventDefault();
    const next = at < 0 ? rows.length - 1 : Math.max(0, at + step);
    if (next >= rows.length) this.emit("to-composer");
    else rows[next].focus();
  }
}

define("message-list", MessageList);
