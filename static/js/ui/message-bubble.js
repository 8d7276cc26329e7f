/** One message: what it answers, its text with links, time, a state that has a name, reactions, and what to do when it failed. */
import { clockTime, fullTime } from "./dates.js";
import { copyText } from "./files.js";
import { setIcon } from "./icons.js";
import { reactionsText, showReactions } from "./message-reactions.js";
import { isMore, isSaid, lineOf } from "./message-verbs.js";
import "./message-failed.js";
import "./message-file.js";
import { onlyEmoji, pieces } from "./text.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

const ICONS = { queued: "clock", sent: "tick", delivered: "ticks", read: "ticks-filled" };

function link({ text, href }) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.textContent = text;
  return anchor;
}

/** @param {string} text  @returns {(Node|string)[]} */
export const nodesOf = (text) => pieces(text).map((piece) => (piece.href ? link(piece) : piece.text));

export class MessageBubble extends View {
  #message = null;
  #key = "";
  #can = {};

  built() {
    this.on("more", "click", () => this.emit("message-menu", { row: this }));
    this.on("quote", "click", () => this.emit("go-to-message", { id: this.#message.re }));
    this.on("edited", "click", () => this.emit("message-verb", { verb: "earlier", message: this.#message }));
  }

  get message() {
    return this.#message;
  }

  /** @returns {Object<string, boolean>} which verbs it allows */
  get can() {
    return this.#can;
  }

  /**
   * @param {{message: object, author: string, own: boolean, quote: {who: string, text: string}|null, can: Object<string, boolean>}} given
   *   `own`: my own notes have no ticks
   */
  fill({ message, author, own, quote, can }) {
    const before = this.#message;
    const key = JSON.stringify([author, quote, can]);
    if (before === message && this.#key === key) return;
    this.#message = message;
    this.#key = key;
    this.#can = can;
    this.classList.toggle("is-mine", message.mine);
    this.parts.more.hidden = !isMore(can);
    if (["text", "kind", "deleted"].some((name) => before?.[name] !== message[name])) this.#showText(message);
    this.#showFile(message);
    this.#showQuote(message.deleted ? null : quote);
    showReactions(this.parts.reactions, message.reactions, can.react ? (wish) => this.#react(wish) : null);
    this.parts.edited.hidden = !message.edited || message.deleted;
    this.parts.time.textContent = clockTime(message.at);
    this.parts.time.dateTime = new Date(message.at).toISOString();
    this.parts.time.title = fullTime(message.at);
    this.#showState(message, own);
    this.#name(message, author);
  }

  /** @param {number} done  @param {number} total  bytes of its file that went up */
  transfer(done, total) {
    if (!this.parts.file.hidden) this.parts.file.progress(done, total);
  }

  async copy() {
    const copied = await copyText(this.#message.text ?? "");
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }

  #react({ sign, on }) {
    this.emit("message-verb", { verb: "react", message: this.#message, sign, on });
  }

  #showQuote(quote) {
    const { parts } = this;
    parts.quote.hidden = !quote;
    parts.quoteWho.textContent = quote?.who ?? "";
    parts.quoteText.textContent = quote?.text ?? "";
  }

  #showFile(message) {
    const { file, text } = this.parts;
    const isFile = message.kind === "file" && !message.deleted;
    file.hidden = !isFile;
    text.hidden = isFile;
    if (isFile) file.fill(message);
    else file.clear();
  }

  #showText({ kind, text, code, deleted }) {
    if (kind === "file" && !deleted) return this.classList.remove("is-odd", "is-emoji");
    const plain = kind === "text" && !deleted;
    const said = deleted ? "deleted" : kind;
    this.parts.text.replaceChildren(...(plain ? nodesOf(text) : [say(`message.${said}`, { code: code ?? "" })]));
    this.classList.toggle("is-emoji", plain && onlyEmoji(text));
    return this.classList.toggle("is-odd", !plain);
  }

  #showState(message, own) {
    const { parts } = this;
    const { mine, state } = message;
    const shown = mine && !own && state !== "failed";
    parts.state.hidden = !shown;
    if (shown) {
      setIcon(parts.state.querySelector("svg"), ICONS[state] ?? "clock");
      parts.state.dataset.state = state;
      parts.state.setAttribute("aria-label", say(`state.${state}`));
      parts.state.title = say(`state.${state}`);
    }
    parts.failed.hidden = state !== "failed";
    if (state === "failed") parts.failed.fill(message);
  }

  #name(message, author) {
    const { quote, quoteText, edited } = this.parts;
    const state = message.mine ? say(`state.${message.state}`) : "";
    const said = isSaid(message) ? lineOf(message) : this.parts.text.textContent;
    const text = quote.hidden ? said : say("quote.read", { quote: quoteText.textContent, text: said });
    const more = [edited.hidden ? "" : edited.textContent, reactionsText(message.reactions)].filter(Boolean);
    const label = say("message.read", { author, text, time: clockTime(message.at), state });
    this.setAttribute("aria-label", [label.trim(), ...more].join(". "));
  }
}

define("message-bubble", MessageBubble);
