/** One message: text with its links, time, state in an icon that has a name, and what to do when it failed. */
import { clockTime, fullTime } from "./dates.js";
import { copyText } from "./files.js";
import { setIcon } from "./icons.js";
import { onlyEmoji, pieces } from "./text.js";
import { define, View } from "./view.js";
import { say, sayCode } from "./words.js";

const ICONS = { queued: "clock", sent: "tick", delivered: "ticks", failed: "alert" };

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
  #author = "";

  built() {
    this.on("again", "click", () => this.emit("retry-message", { message: this.#message }));
    this.on("discard", "click", () => this.emit("discard-message", { message: this.#message }));
    this.on("copy", "click", () => this.copy());
  }

  get message() {
    return this.#message;
  }

  /** @param {{message: object, author: string, own: boolean}} given  `own`: my own notes have no ticks */
  fill({ message, author, own }) {
    const before = this.#message;
    if (before === message && this.#author === author) return;
    this.#message = message;
    this.#author = author;
    this.classList.toggle("is-mine", message.mine);
    if (before?.text !== message.text || before?.kind !== message.kind) this.#showText(message);
    this.parts.time.textContent = clockTime(message.at);
    this.parts.time.dateTime = new Date(message.at).toISOString();
    this.parts.time.title = fullTime(message.at);
    this.#showState(message, own);
    this.#name(message, author);
  }

  async copy() {
    const copied = await copyText(this.#message.text ?? "");
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }

  #showText({ kind, text, code }) {
    const plain = kind === "text";
    this.parts.text.replaceChildren(...(plain ? nodesOf(text) : [say(`message.${kind}`, { code: code ?? "" })]));
    this.classList.toggle("is-emoji", plain && onlyEmoji(text));
    this.classList.toggle("is-odd", !plain);
  }

  #showState({ mine, state, code, detail }, own) {
    const { parts } = this;
    const shown = mine && !own && state !== "failed";
    parts.state.hidden = !shown;
    if (shown) {
      setIcon(parts.state.querySelector("svg"), ICONS[state] ?? "clock");
      parts.state.dataset.state = state;
      parts.state.setAttribute("aria-label", say(`state.${state}`));
      parts.state.title = say(`state.${state}`);
    }
    parts.failed.hidden = state !== "failed";
    if (state === "failed") parts.why.textContent = sayCode(code ?? "SEND_FAILED", { detail: detail ?? "" });
  }

  #name(message, author) {
    const state = message.mine ? say(`state.${message.state}`) : "";
    const text = message.kind === "text" ? message.text : this.parts.text.textContent;
    this.setAttribute("aria-label", say("message.read", { author, text, time: clockTime(message.at), state }));
  }
}

define("message-bubble", MessageBubble);
