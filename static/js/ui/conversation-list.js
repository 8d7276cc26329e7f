/** The left pane: my menu, the search field, the chats, and the people found or picked. */
import { nameOf } from "./conversations.js";
import { define, View } from "./view.js";
import "./app-menu.js";
import "./conversation-row.js";
import "./key-file-reminder.js";
import "./new-browser.js";
import "./people-picker.js";

const TYPING_PAUSE_MS = 150;
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

export class ConversationList extends View {
  #messenger = null;
  #rows = new Map();
  #selected = null;
  #picking = false;
  #timer = 0;

  built() {
    this.on("compose", "click", () => this.pick());
    this.on("leave", "click", () => this.leave());
    this.on("clear", "click", () => this.#clear());
    this.on("form", "submit", (event) => this.#chooseFirst(event));
    this.on("find", "input", () => this.#typed());
    this.addEventListener("check-key-file", () => this.parts.menu.checkKeyFile());
    for (const type of ["key-file-proved", "key-file-saved", "key-file-due"]) this.addEventListener(type, () => this.parts.reminder.refresh());
    this.addEventListener("browser-removed", () => this.browsersChanged());
    this.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
    this.parts.people.messenger = messenger;
    this.parts.menu.messenger = messenger;
    this.parts.reminder.messenger = messenger;
    this.parts.newBrowser.messenger = messenger;
    this.refresh();
  }

  /** @param {string|null} cid */
  set selected(cid) {
    this.#selected = cid;
    for (const [key, row] of this.#rows) row.selected = key === cid;
  }

  /** Browsers came to my account, or went. */
  browsersChanged() {
    this.parts.newBrowser.refresh();
  }

  /** @param {string} did of a browser that is to go */
  takeOff(did) {
    this.parts.menu.takeOff(did);
  }

  /** Draws what changed; rows keep their place in the page when they keep their place in the list. */
  refresh() {
    const found = this.#matching();
    const rows = found.map((conversation) => this.#row(conversation));
    this.#place(rows);
    this.#showParts(found.length);
  }

  /** Everybody, to begin a chat. */
  pick() {
    this.#picking = true;
    this.parts.find.value = "";
    this.parts.people.forget();
    this.refresh();
    this.focusSearch();
  }

  leave() {
    this.#picking = false;
    this.#clear();
  }

  focusSearch() {
    this.parts.find.focus();
    this.parts.find.select();
  }

  /** @param {number} step  @returns {string|null} the chat before or after the open one */
  neighbour(step) {
    const order = this.#messenger.conversations().map(({ cid }) => cid);
    const at = order.indexOf(this.#selected);
    return order[at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + step))] ?? null;
  }

  get query() {
    return this.parts.find.value.trim();
  }

  #matching() {
    const all = this.#messenger.conversations();
    if (this.#picking) return [];
    const wanted = fold(this.query);
    if (!wanted) return all;
    return all.filter((one) => fold(`${nameOf(one)} ${one.peer.name} ${one.lastText ?? ""}`).includes(wanted));
  }

  #row(conversation) {
    let row = this.#rows.get(conversation.cid);
    if (!row) {
      row = document.createElement("conversation-row");
      row.className = "conversation-row";
      this.#rows.set(conversation.cid, row);
    }
    row.fill(conversation, conversation.cid === this.#selected);
    return row;
  }

  #place(rows) {
    const list = this.parts.rows;
    const items = rows.map((row) => row.parentElement ?? wrap(row));
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    for (const item of [...list.children]) if (!items.includes(item)) item.remove();
    items.forEach((item, at) => list.children[at] !== item && list.insertBefore(item, list.children[at] ?? null));
    if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true });
  }

  #showParts(count) {
    const { parts } = this;
    const searching = Boolean(this.query);
    const bare = !searching && !this.#picking && this.#messenger.conversations().length === 0;
    const people = searching || this.#picking || bare;
    this.querySelector(".conversation-list__header").hidden = this.#picking;
    parts.picking.hidden = !this.#picking;
    parts.clear.hidden = !searching;
    parts.chatsTitle.hidden = !(searching && count > 0);
    parts.rows.hidden = count === 0;
    parts.none.hidden = !bare;
    parts.people.hidden = !people;
    if (people) parts.people.search(this.query);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), TYPING_PAUSE_MS);
  }

  #clear() {
    this.parts.find.value = "";
    this.refresh();
    this.parts.find.focus();
  }

  #buttons() {
    return [...this.parts.scroll.querySelectorAll(".conversation-row__button")].filter((button) => button.offsetParent);
  }

  // The first of what was typed, not of what is still shown.
  async #chooseFirst(event) {
    event.preventDefault();
    clearTimeout(this.#timer);
    this.refresh();
    const { query } = this;
    if (!query) return;
    if (this.#matching().length === 0) await this.parts.people.found;
    if (query === this.query) this.#buttons()[0]?.click();
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#walk(event);
    if (event.key === "Escape" && (this.query || this.#picking)) {
      event.stopPropagation();
      this.leave();
    }
  }

  #walk(event) {
    const stops = [this.parts.find, ...this.#buttons()];
    const at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    stops[Math.min(stops.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
  }
}

function wrap(row) {
  const item = document.createElement("li");
  item.append(row);
  return item;
}

define("conversation-list", ConversationList);
