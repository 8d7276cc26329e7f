/** The screens without a form: open elsewhere, not secure, too old, did not open. They need no Messenger. */
import { busy } from "./dialog-view.js";
import { copyText } from "./files.js";
import { hasTemplate } from "./templates.js";
import { define, View } from "./view.js";
import { sayCode, sayError } from "./words.js";

export class GatePage extends View {
  #name = "gate-failed";

  get template() {
    return this.#name;
  }

  /** @param {{messenger?: object, phase: string, code?: string}} given */
  begin({ messenger, phase, code }) {
    if (hasTemplate(`gate-${phase}`)) this.#name = `gate-${phase}`;
    const { go, text, code: shown, copy } = this.parts;
    if (phase === "insecure") go.href = `https://${location.host}${location.pathname}`;
    if (phase === "elsewhere") go.addEventListener("click", () => this.#takeOver(messenger));
    if (this.#name === "gate-failed" || phase === "login") go.addEventListener("click", () => location.reload());
    if (this.#name !== "gate-failed") return;
    text.textContent = sayCode(code ?? phase);
    shown.textContent = code ?? phase;
    copy.addEventListener("click", () => copyText(shown.textContent));
  }

  async #takeOver(messenger) {
    const { go, error } = this.parts;
    await busy(go, async () => {
      try {
        const reached = await messenger.takeOver();
        if (reached?.phase) this.emit("phase-reached", reached);
      } catch (thrown) {
        error.hidden = false;
        error.textContent = sayError(thrown);
      }
    });
  }
}

define("gate-page", GatePage);
