/** A centred line in the flow: something about keys happened; one question mark away from its explanation. */
import { define, View } from "./view.js";
import { knows, say, sayCode } from "./words.js";

/** @param {string} code  @param {object} values */
export const noticeText = (code, values) => (knows(`notice.${code}`) ? say(`notice.${code}`, values) : sayCode(code, values));

export class NoticeLine extends View {
  #notice = null;

  built() {
    this.on("what", "click", () => this.emit("explain", this.#notice));
  }

  /** @param {{message: object, name: string}} given */
  fill({ message, name }) {
    const text = noticeText(message.code, { name });
    this.#notice = { code: message.code, title: text, name, detail: message.detail };
    this.parts.text.textContent = text;
    this.parts.what.setAttribute("aria-label", say("notice.what", { text }));
  }
}

define("notice-line", NoticeLine);
