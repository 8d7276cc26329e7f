/** The browsers that hold my keys: which is this one, since when each is there, and how to take one off. */
import { dayLabel } from "./dates.js";
import { busy, DialogView } from "./dialog-view.js";
import { build } from "./templates.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class BrowsersDialog extends DialogView {
  #chosen = null;

  prepared() {
    this.on("form", "submit", (event) => this.#remove(event));
    this.on("keep", "click", () => this.#choose(null));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  async open() {
    this.fail(null);
    this.#choose(null);
    this.parts.rows.replaceChildren();
    this.show();
    await this.#load();
  }

  closed() {
    this.parts.passphrase.clear();
  }

  async #load() {
    try {
      const browsers = await this.source.browsers();
      this.parts.rows.replaceChildren(...browsers.map((browser) => this.#row(browser)));
    } catch (error) {
      this.fail(error);
    }
  }

  #row(browser) {
    const { fragment, parts } = build("browser-item");
    parts.name.textContent = browser.label || say("browsers.unnamed");
    parts.added.textContent = say("browsers.since", { time: dayLabel(browser.addedAt) });
    parts.here.hidden = !browser.isThis;
    parts.remove.hidden = browser.isThis;
    parts.remove.setAttribute("aria-label", say("browsers.remove", { name: parts.name.textContent }));
    parts.remove.addEventListener("click", () => this.#choose(browser));
    return fragment.firstElementChild;
  }

  #choose(browser) {
    this.#chosen = browser;
    this.fail(null);
    this.parts.form.hidden = !browser;
    this.parts.rows.hidden = Boolean(browser);
    this.parts.passphrase.clear();
    if (!browser) return;
    this.parts.what.textContent = say("browsers.what", { name: browser.label || say("browsers.unnamed") });
    this.parts.passphrase.focus();
  }

  async #remove(event) {
    event.preventDefault();
    this.fail(null);
    await busy(this.parts.go, async () => {
      try {
        await this.source.removeBrowser({ did: this.#chosen.did, passphrase: this.parts.passphrase.value });
        this.#choose(null);
        await this.#load();
        this.parts.close.focus();
        this.emit("say-toast", { text: say("browsers.removed") });
      } catch (error) {
        this.fail(error);
      }
    });
  }
}

define("browsers-dialog", BrowsersDialog);
