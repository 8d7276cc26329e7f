/** Draws days of messages into a list, keyed by message: a node stays the same node as long as its message is shown. */
import { dayLabel } from "./dates.js";
import { isLine } from "./message-words.js";
import { authorOf } from "./message-verbs.js";
import { build } from "./templates.js";
import "./message-bubble.js";
import "./notice-line.js";

export class MessageRows {
  #list;
  #nodes = new Map();
  #days = new Map();
  #unread = null;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#nodes.clear();
    this.#days.clear();
    this.#list.replaceChildren();
  }

  /**
   * @param {object[]} days of message-window.js
   * @param {{name: string, own: boolean, quoteOf: Function, canOf: Function}} about the chat: the other person, whether it is with oneself,
   *   what a message answers, and what can be done with it
   */
  draw(days, about) {
    const keep = new Set();
    place(this.#list, days.map((day) => this.#day(day, about, keep)));
    for (const [id, node] of this.#nodes) if (!keep.has(node)) this.#nodes.delete(id);
    const used = new Set(days.map(({ id }) => id));
    for (const key of [...this.#days.keys()]) if (!used.has(key)) this.#days.delete(key);
  }

  #day({ id, at, rows }, about, keep) {
    if (!this.#days.has(id)) this.#days.set(id, daySection());
    const section = this.#days.get(id);
    section.label.textContent = dayLabel(at);
    const nodes = rows.flatMap((row) => (row.unread ? [this.#unreadLine(), this.#row(row, about)] : [this.#row(row, about)]));
    for (const node of nodes) keep.add(node);
    place(section.node, [section.head, ...nodes]);
    return section.node;
  }

  #row({ message, first, last }, about) {
    const notice = isLine(message);
    let node = this.#nodes.get(message.id);
    if (!node || (node.localName === "notice-line") !== notice) {
      node = newRow(notice);
      this.#nodes.set(message.id, node);
    }
    node.dataset.id = message.id;
    node.classList.toggle("is-first", first);
    node.classList.toggle("is-last", last);
    node.fill(notice ? { message, name: about.name } : aboutMessage(message, about));
    return node;
  }

  #unreadLine() {
    if (!this.#unread) {
      this.#unread = Object.assign(document.createElement("p"), { className: "message-unread" });
      this.#unread.append(build("message-unread").fragment);
    }
    return this.#unread;
  }
}

function aboutMessage(message, { name, own, quoteOf, canOf }) {
  return { message, author: authorOf(message, name), own, quote: quoteOf(message), can: canOf(message) };
}

function newRow(notice) {
  const node = document.createElement(notice ? "notice-line" : "message-bubble");
  node.className = `message-row ${notice ? "notice-line" : "message-bubble"}`;
  node.tabIndex = -1;
  node.setAttribute("role", notice ? "note" : "article");
  return node;
}

function daySection() {
  const { fragment, parts } = build("message-day");
  const head = fragment.firstElementChild;
  const node = Object.assign(document.createElement("section"), { className: "message-day" });
  return { node, head, label: parts.label };
}

/** Makes these the children of a node, touching only what is not in its place. */
function place(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, at) => parent.children[at] !== node && parent.insertBefore(node, parent.children[at] ?? null));
}
