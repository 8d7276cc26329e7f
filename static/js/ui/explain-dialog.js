/** "What is this?": what a line in the chat means, what it may mean, what to do; the technical code under Details. */
import { DialogView } from "./dialog-view.js";
import { copyText } from "./files.js";
import { define } from "./view.js";
import { knows, say, sayCode } from "./words.js";

export class ExplainDialog extends DialogView {
  prepared() {
    this.on("fine", "click", () => this.close());
    this.on("copy", "click", () => copyText(this.parts.code.textContent));
  }

  /** @param {{code: string, title: string, name: string, detail?: unknown}} given */
  open({ code, title, name, detail }) {
    const key = `explain.${code}`;
    this.parts.title.textContent = title;
    this.parts.text.textContent = knows(key) ? say(key, { name }) : sayCode(code, { name });
    this.parts.code.textContent = detail ? `${code} ${typeof detail === "string" ? detail : JSON.stringify(detail)}` : code;
    this.show();
    this.parts.fine.focus();
  }
}

define("explain-dialog", ExplainDialog);
