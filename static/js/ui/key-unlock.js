/** Coming back: one field, the passphrase. */
import { busy } from "./dialog-view.js";
import { personName } from "./conversations.js";
import { define, View } from "./view.js";
import { say, sayCode, sayError } from "./words.js";
import "./pass-field.js";
import "./user-avatar.js";

export class KeyUnlock extends View {
  #messenger = null;

  built() {
    this.on("form", "submit", (event) => this.#unlock(event));
    this.on("forget", "click", () => this.emit("ask-forget"));
  }

  /** @param {{messenger: object, code?: string}} given code: why the keys were closed */
  begin({ messenger, code }) {
    this.#messenger = messenger;
    this.parts.error.hidden = !code;
    if (code) this.parts.error.textContent = sayCode(code);
    const { me } = messenger;
    this.parts.avatar.hidden = !me;
    if (me) this.parts.avatar.person = me;
    this.parts.title.textContent = me ? say("unlock.title", { name: personName(me) }) : say("unlock.again");
  }

  async #unlock(event) {
    event.preventDefault();
    const { passphrase, go, error } = this.parts;
    error.hidden = true;
    await busy(go, async () => {
      try {
        const reached = await this.#messenger.unlock({ passphrase: passphrase.value });
        passphrase.clear();
        this.emit("phase-reached", reached ?? { phase: "open" });
      } catch (thrown) {
        error.hidden = false;
        error.textContent = sayError(thrown);
        passphrase.focus();
      }
    });
  }
}

define("key-unlock", KeyUnlock);
