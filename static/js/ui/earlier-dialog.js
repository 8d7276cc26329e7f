/** What a message said before it was edited, oldest first; let go of when the dialog closes. */
import { fullTime } from "./dates.js";
import { DialogView } from "./dialog-view.js";
import { nodesOf } from "./message-bubble.js";
import { define } from "./view.js";

export class EarlierDialog extends DialogView {
  closed() {
    this.parts.texts.replaceChildren();
  }

  /** @param {{earlier: {text: string, at: number}[]}} message */
  open({ earlier }) {
    this.parts.texts.replaceChildren(...earlier.map(version));
    this.show();
  }
}

function version({ text, at }) {
  const item = document.createElement("li");
  const head = Object.assign(document.createElement("p"), { className: "archive__head", textContent: fullTime(at) });
  const body = Object.assign(document.createElement("bdi"), { className: "archive__text" });
  body.append(...nodesOf(text));
  item.append(head, body);
  return item;
}

define("earlier-dialog", EarlierDialog);
