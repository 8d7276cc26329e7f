/** The browsers that hold my keys: which is this one, since when each is there, what I call it, and how to take one off. */
import { guessBrowser } from "./browser-guess.js";
import { dayLabel } from "./dates.js";
import { DialogView } from "./dialog-view.js";
import { build } from "./templates.js";
import { define } from "./view.js";
import { say } from "./words.js";
import "./pass-field.js";

export class BrowsersDialog extends DialogView {
  #chosen = null;
  #named = null;

  prepared() {
    this.on("nameForm", "submit", (event) => this.#rename(event));
    this.on("leaveName", "click", () => this.#ask(null));
    this.on("form", "submit", (event) => this.#remove(event));
    this.on("keep", "click", () => this.#choose(null));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.source = messenger;
  }

  /** @param {string|null} [did] of one that is to go */
  async open(did = null) {
    this.fail(null);
    this.#choose(null);
    this.#ask(null);
    this.parts.rows.replaceChildren();
    this.show();
    const isHere = this.watch();
    const chosen = (await this.#load()).find((browser) => browser.did === did && !browser.isThis);
    if (chosen && isHere()) this.#choose(chosen);
  }

  closed() {
    this.parts.passphrase.clear();
  }

  async #load() {
    try {
      const browsers = await this.source.browsers();
      this.parts.rows.replaceChildren(...browsers.map((browser) => this.#row(browser)));
      return browsers;
    } catch (error) {
      this.fail(error);
      return [];
    }
  }

  #row(browser) {
    const { fragment, parts } = build("browser-item");
    const name = nameOf(browser);
    parts.name.textContent = name;
    parts.added.textContent = say("browsers.since", { time: dayLabel(browser.addedAt) });
    parts.here.hidden = !browser.isThis;
    parts.remove.hidden = browser.isThis;
    parts.remove.setAttribute("aria-label", say("browsers.remove", { name }));
    parts.rename.setAttribute("aria-label", say("browsers.rename", { name }));
    parts.rename.title = say("browsers.rename", { name });
    parts.rename.hidden = typeof this.source.nameBrowser !== "function";
    parts.rename.addEventListener("click", () => this.#ask(browser));
    parts.remove.addEventListener("click", () => this.#choose(browser));
    return fragment.firstElementChild;
  }

  #choose(browser) {
    this.turnAway();
    this.#chosen = browser;
    this.fail(null);
    this.parts.form.hidden = !browser;
    this.parts.rows.hidden = Boolean(browser);
    this.parts.passphrase.clear();
    if (!browser) return;
    this.parts.what.textContent = say("browsers.what", { name: nameOf(browser) });
    this.parts.passphrase.focus();
  }

  #ask(browser) {
    const { nameForm, rows, name } = this.parts;
    this.turnAway();
    this.#named = browser;
    this.fail(null);
    nameForm.hidden = !browser;
    rows.hidden = Boolean(browser);
    if (!browser) return;
    name.value = browser.label;
    name.placeholder = nameOf({ ...browser, label: "" });
    name.focus();
  }

  async #rename(event) {
    event.preventDefault();
    await this.attempt(event.submitter, async (isHere) => {
      await this.source.nameBrowser({ did: this.#named.did, label: this.parts.name.value });
      if (isHere()) this.#ask(null);
      await this.#load();
    });
  }

  async #remove(event) {
    event.preventDefault();
    await this.attempt(this.parts.go, async (isHere) => {
      await this.source.removeBrowser({ did: this.#chosen.did, passphrase: this.parts.passphrase.value });
      if (isHere()) this.#leaveForm();
      await this.#load();
      this.emit("key-file-due");
      this.emit("browser-removed");
      this.emit("say-toast", { text: say("browsers.removed") });
    });
  }

  #leaveForm() {
    this.#choose(null);
    this.parts.close.focus();
  }
}

function nameOf({ label, kind, isThis }) {
  return label || (isThis && guessBrowser(navigator.userAgent)) || kind || say("browsers.unnamed");
}

define("browsers-dialog", BrowsersDialog);
