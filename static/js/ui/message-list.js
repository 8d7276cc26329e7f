/** The messages of one chat: days, runs, the line before what is new, and a reading position that never moves. */
import { nextFrame } from "./frames.js";
import { forgetReadOut, readOut, showJump, shownWhileSlow, SHOW_WAIT_MS } from "./list-signs.js";
import { messageKey } from "./message-keys.js";
import { daysOf, MessageWindow } from "./message-window.js";
import { MessageRows } from "./message-rows.js";
import { arrival, beginning, isSaidAbove } from "./message-words.js";
import { verbsOf } from "./message-verbs.js";
import { Quotes } from "./quotes.js";
import { keepPlace, nearEnd, toEnd } from "./scroll-place.js";
import { build } from "./templates.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./message-menu.js";

const ROWS = ".message-row";
const EDGE_PX = 600;
const PAGE = 60;

export class MessageList extends View {
  #window = new MessageWindow();
  #rows = null;
  #conversation = null;
  #messenger = null;
  #older = null; // the fetching of what is older
  #gone = new Set(); // ids that were taken away since the chat was opened
  #filling = false;
  #pinned = true;
  #unreadFrom = null;
  #missed = 0;
  #name = "";
  #canWrite = false;
  #due = false; // something changed that is not drawn yet
  #menu = document.createElement("message-menu");
  #quotes = new Quotes({
    atHand: (id) => this.#window.items.find((one) => one.id === id),
    ask: (id) => this.#messenger.message?.(this.#conversation.cid, id),
    onFound: () => this.#redraw(),
  });

  built() {
    const { scroll, jump, rows } = this.parts;
    this.#rows = new MessageRows(rows);
    scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    scroll.addEventListener("keydown", (event) => this.#walk(event));
    jump.addEventListener("click", () => this.toNewest());
    this.addEventListener("message-menu", ({ detail }) => this.#menu.open(detail.row, detail.row.can, scroll));
    this.addEventListener("go-to-message", ({ detail }) => this.#goTo(detail.id));
    this.on("beginWhat", "click", () => this.emit("explain", beginning(this.#conversation, this.#name)));
    this.sizes = new ResizeObserver(() => {
      this.#window.fit(scroll.clientHeight + 2 * EDGE_PX);
      if (this.#pinned) toEnd(scroll);
    });
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
      const [page] = await Promise.all([this.#messenger.messages(conversation.cid, { limit: PAGE }), nextFrame()]);
      if (this.#conversation.cid !== conversation.cid) return;
      const meanwhile = this.#window.items;
      this.#window.reset(page.items.filter(({ id }) => !this.#gone.has(id)), page.more);
      this.#unreadFrom = this.#window.firstUnread(conversation);
      meanwhile.forEach((message) => this.#window.put(message));
      this.#window.beginAt(this.#unreadFrom);
      this.#draw();
      this.#start();
      this.#fill();
    } finally {
      clearTimeout(skeleton);
    }
  }

  /** A message came, was sent or changed. @param {object} message  @param {boolean} isNew */
  put(message, isNew) {
    this.#quotes.forget(message.id);
    this.#gone.delete(message.id);
    const fresh = this.#window.put(message);
    if (!fresh) forgetReadOut(this.parts.log, message.id);
    if (fresh && message.mine && isNew) this.#unreadFrom = null;
    const follow = fresh && (message.mine ? isNew : this.#pinned);
    if (follow && !this.#window.atEnd) this.#beginAtEnd();
    if (follow) this.#pinned = true;
    this.#redrawSoon();
    if (fresh && isNew && !message.mine && !isSaidAbove(message)) this.#arrived(message);
    this.#showJump();
  }

  /** @param {string} id */
  remove(id) {
    this.#quotes.forget(id);
    this.#gone.add(id);
    forgetReadOut(this.parts.log, id);
    this.#window.remove(id);
    this.#redrawSoon();
  }

  /** Whether something can be sent into this chat now. @param {boolean} on */
  set canWrite(on) {
    if (on === this.#canWrite) return;
    this.#canWrite = on;
    if (this.#conversation) this.#redraw();
  }

  /** @param {string} id  @param {number} done  @param {number} total */
  transfer(id, done, total) {
    this.#row(id)?.transfer(done, total);
  }

  /** @param {string} id */
  copy(id) {
    this.#row(id)?.copy();
  }

  toNewest() {
    if (!this.#window.atEnd) this.#beginAtEnd();
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

  #clear(conversation, name) {
    this.#conversation = conversation;
    this.#name = name;
    this.#window.reset([], false);
    this.#older = null; // that of another chat comes to nothing
    this.#menu.close();
    this.#quotes.clear();
    this.#gone.clear();
    this.#rows.clear();
    this.#missed = 0;
    this.#pinned = true;
    this.#unreadFrom = null;
    const { begin, beginText, older, jump, log, scroll } = this.parts;
    log.replaceChildren();
    begin.hidden = older.hidden = jump.hidden = true;
    beginText.textContent = beginning(conversation, name).title;
    scroll.setAttribute("aria-label", say("list.label", { name }));
  }

  /** A few of the newest, then as many as the screen takes. */
  #beginAtEnd() {
    this.#window.toEnd();
    this.#fill();
  }

  #start() {
    const line = this.parts.rows.querySelector(".message-unread");
    if (!line) return this.toNewest();
    line.scrollIntoView({ block: "center" });
    return this.#seePlace();
  }

  #draw() {
    const quoteOf = (message) => this.#quotes.of(message, this.#name);
    const canOf = (message) => verbsOf(this.#messenger, message, this.#canWrite);
    this.#rows.draw(daysOf(this.#window.shown, this.#unreadFrom), { name: this.#name, own: this.#conversation.self, quoteOf, canOf });
    this.parts.begin.hidden = this.#window.more || this.#window.from > 0;
  }

  /** Once for all that comes in one go: what was missed for long comes by the hundred. */
  #redrawSoon() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#redrawNow();
    });
  }

  /** Anew, and still at the end where one was there. */
  #redrawNow() {
    this.#redraw();
    if (this.#pinned) toEnd(this.parts.scroll);
  }

  /** Anew, without moving what one reads. */
  #redraw() {
    keepPlace(this.parts.scroll, ROWS, () => this.#draw());
  }

  /** To a message that was answered, however far above. */
  async #goTo(id) {
    const at = () => this.#window.items.findIndex((one) => one.id === id);
    while (at() < 0 && this.#window.more) if (!(await this.#fetchOlder())) return;
    if (at() < 0) return;
    this.#window.around(at());
    this.#pinned = false;
    this.#draw();
    this.#row(id).focus();
    this.#row(id).scrollIntoView({ block: "center" });
    this.#fill();
  }

  #row(id) {
    return this.parts.rows.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  #scrolled() {
    this.#seePlace();
    if (!this.#grow() && this.parts.scroll.scrollTop < EDGE_PX) this.#fill();
  }

  /** Whether one is at the end, and what follows from it. */
  #seePlace() {
    this.#pinned = this.#window.atEnd && nearEnd(this.parts.scroll);
    if (this.#pinned && this.#missed) this.#missed = 0;
    this.#showJump();
    if (this.#pinned) this.emit("read-to-end");
  }

  /** A few more of those at hand, where one comes near the end of what is drawn. @returns {boolean} whether there were any */
  #grow() {
    const { scroll } = this.parts;
    const isAbove = scroll.scrollTop < EDGE_PX && this.#window.older();
    const isBelow = !isAbove && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < EDGE_PX && this.#window.newer();
    if (isAbove || isBelow) this.#redrawNow();
    return isAbove || isBelow;
  }

  /** On every screen there are enough above and below what one sees; a frame between two steps. */
  #fill() {
    if (this.#filling) return;
    this.#filling = true;
    requestAnimationFrame(async () => {
      this.#filling = false;
      if (this.#grow() || (await this.#showOlder())) this.#fill();
    });
  }

  /** From the store, where one is near the first of those at hand. @returns {Promise<boolean>} whether there were any */
  async #showOlder() {
    if (this.parts.scroll.scrollTop >= EDGE_PX || this.#older || !this.#window.more) return false;
    const isThere = await this.#fetchOlder();
    if (isThere) this.#redraw();
    return isThere;
  }

  /** Once, however many ask. @returns {Promise<boolean>} whether they are here */
  #fetchOlder() {
    const older = (this.#older ??= this.#fetchPage().finally(() => this.#older === older && (this.#older = null)));
    return older;
  }

  async #fetchPage() {
    const asked = this.#conversation;
    try {
      const page = await shownWhileSlow(this.parts.older, this.#messenger.messages(asked.cid, { before: this.#window.oldestSeq, limit: PAGE }));
      if (asked !== this.#conversation) return false;
      this.#window.prepend(page.items, page.more);
      this.#window.older();
      return true;
    } catch (error) {
      if (this.isConnected) this.emit("say-toast", { text: sayError(error) });
      return false;
    }
  }

  #arrived(message) {
    readOut(this.parts.log, arrival(message, this.#name), message.id);
    if (!this.#pinned) this.#missed += 1;
  }

  #showJump() {
    showJump(this.parts, !this.#pinned && this.#window.items.length > 0, this.#missed);
  }

  #walk(event) {
    const { scroll, rows } = this.parts;
    const found = messageKey(event, scroll, [...rows.querySelectorAll(ROWS)]);
    if (!found) return;
    event.preventDefault();
    if (found.leave) this.emit("to-composer");
    else if (found.focus) found.focus.focus();
    else if (!found.verb) this.#menu.open(found.row, found.row.can, scroll);
    else if (found.row.can[found.verb]) found.row.emit("message-verb", { verb: found.verb, message: found.row.message });
  }
}

define("message-list", MessageList);
