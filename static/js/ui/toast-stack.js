/** Short words at the edge of the page that go away by themselves. */
import { define, View } from "./view.js";

const SHOWN_MS = 6000;
const MOST = 3;

class Toast extends View {
  get template() {
    return "toast";
  }
}

export class ToastStack extends View {
  clear() {
    this.parts.items.replaceChildren();
  }

  /** @param {string} text  @param {number} [forMs] */
  add(text, forMs = SHOWN_MS) {
    const { items } = this.parts;
    const same = [...items.children].find((one) => one.parts.text.textContent === text);
    same?.remove();
    const toast = document.createElement("toast-line");
    toast.className = "toast";
    toast.parts.text.textContent = text;
    const gone = setTimeout(() => toast.remove(), forMs);
    toast.on("close", "click", () => {
      clearTimeout(gone);
      toast.remove();
    });
    items.append(toast);
    while (items.childElementCount > MOST) items.firstElementChild.remove();
  }
}

define("toast-line", Toast);
define("toast-stack", ToastStack);
