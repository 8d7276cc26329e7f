/** What one can do with a message: one small menu for the whole list, moved beside the message it is for. */
import { define, View } from "./view.js";
import { say } from "./words.js";

const SIGNS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const VERBS = ["reply", "edit", "earlier", "copy", "erase"];
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

export class MessageMenu extends View {
  #row = null;

  built() {
    this.parts.signs.append(...SIGNS.map((sign) => this.#sign(sign)));
    for (const verb of VERBS) this.on(verb, "click", () => this.#choose({ verb }));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.outside = ({ target }) => !this.contains(target) && this.close();
  }

  connected() {
    document.addEventListener("pointerdown", this.outside);
  }

  disconnected() {
    document.removeEventListener("pointerdown", this.outside);
  }

  /** @param {HTMLElement} row a message-bubble  @param {Object<string, boolean>} can which verbs  @param {HTMLElement} scroll the pane it must fit into */
  open(row, can, scroll) {
    this.close();
    this.#row = row;
    for (const verb of VERBS) this.parts[verb].hidden = !can[verb];
    this.parts.signs.hidden = !can.react;
    for (const button of this.parts.signs.children) button.setAttribute("aria-checked", String(this.#isMine(button.textContent)));
    row.parts.box.append(this);
    row.classList.add("has-menu");
    const room = scroll.getBoundingClientRect().bottom - row.getBoundingClientRect().top;
    this.classList.toggle("is-above", room < this.parts.items.offsetHeight + 48);
    this.#stops()[0]?.focus();
  }

  /** @param {boolean} [giveBack] the focus goes to the message */
  close(giveBack = false) {
    const row = this.#row;
    if (!row) return;
    this.#row = null;
    row.classList.remove("has-menu");
    this.remove();
    if (giveBack) row.focus({ preventScroll: true });
  }

  #sign(sign) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "message-menu__sign", textContent: sign });
    button.setAttribute("role", "menuitemcheckbox");
    button.setAttribute("aria-label", say("react.with", { sign }));
    button.addEventListener("click", () => this.#choose({ verb: "react", sign, on: !this.#isMine(sign) }));
    return button;
  }

  #isMine(sign) {
    return Boolean(this.#row?.message.reactions?.some((one) => one.sign === sign && one.mine));
  }

  #choose(wish) {
    const { message } = this.#row;
    const row = this.#row;
    this.close(true);
    row.emit("message-verb", { ...wish, message });
  }

  #stops() {
    return [...this.parts.items.querySelectorAll("button")].filter((button) => button.offsetParent);
  }

  #key(event) {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      return this.close(true);
    }
    const step = STEPS[event.key];
    if (!step) return undefined;
    event.preventDefault();
    const stops = this.#stops();
    return stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length]?.focus();
  }
}

define("message-menu", MessageMenu);
