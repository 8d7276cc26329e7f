/** Under a message that could not go out: why, and what to do with it. */
import { define, View } from "./view.js";
import { sayCode } from "./words.js";

export class MessageFailed extends View {
  #message = null;

  // Most messages do go out: the markup comes with one that did not.
  connectedCallback() {}

  built() {
    this.on("again", "click", () => this.emit("retry-message", { message: this.#message }));
    this.on("discard", "click", () => this.emit("discard-message", { message: this.#message }));
    this.on("copy", "click", () => this.emit("message-verb", { verb: "copy", message: this.#message }));
  }

  /** @param {object} message in state failed */
  fill(message) {
    const { why, copy } = this.parts;
    this.#message = message;
    why.textContent = sayCode(message.code ?? "SEND_FAILED", { detail: message.detail ?? "" });
    copy.hidden = message.kind === "file";
  }
}

define("message-failed", MessageFailed);
