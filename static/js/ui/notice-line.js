/** A centred line in the flow: something about keys happened; one question mark away from its explanation. */
import { lineText } from "./message-words.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

export class NoticeLine extends View {
  #notice = null;

  built() {
    this.on("again", "click", () => this.emit("read-again"));
    this.on("notMe", "click", () => this.emit("take-off-browser", { did: this.#notice.detail.added[0] }));
    this.on("what", "click", () => this.emit("explain", this.#notice));
  }

  /** @param {{message: object, name: string}} given */
  fill({ message, name }) {
    const text = lineText(message, name);
    this.#notice = { code: message.code, title: text, name, detail: message.detail };
    this.parts.again.hidden = message.kind !== "missing" || !(message.code === "NO_EPOCH_KEY" || message.detail?.again);
    this.parts.notMe.hidden = message.code !== "DEVICE_ADDED" || !message.detail?.mine || !message.detail.added?.length;
    this.parts.text.textContent = text;
    this.parts.what.setAttribute("aria-label", say("notice.what", { text }));
  }
}

define("notice-line", NoticeLine);
