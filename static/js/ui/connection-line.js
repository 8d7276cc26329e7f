/** Nothing while all is fine; a slim line over the messages when it is not, and only after two seconds. Emits "reconnect". */
import { define, View } from "./view.js";
import { say } from "./words.js";

const PATIENCE_MS = 2000;

export class ConnectionLine extends View {
  #timer = 0;

  /** @param {"online"|"connecting"|"offline"} state */
  set state(state) {
    if (this.dataset.state === state) return;
    this.dataset.state = state;
    clearTimeout(this.#timer);
    if (state === "online") this.#show("");
    else this.#timer = setTimeout(() => this.#show(say(`connection.${state}`)), PATIENCE_MS);
  }

  disconnected() {
    clearTimeout(this.#timer);
  }

  #show(text) {
    if (text) this.parts.text.textContent = text;
    this.classList.toggle("is-shown", Boolean(text));
    this.parts.line.hidden = !text;
    this.parts.again.hidden = this.dataset.state !== "offline";
  }

  built() {
    this.parts.line.hidden = true;
    this.on("again", "click", () => this.emit("reconnect"));
  }
}

define("connection-line", ConnectionLine);
