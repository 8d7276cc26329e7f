/** A browser came to my account: what it says it is, since when; it was me, or it goes at once (attack A23). */
import { dayLabel, clockTime } from "./dates.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";

export class NewBrowser extends View {
  #messenger = null;
  #dids = []; // of those that are told of, the first one by name

  built() {
    this.on("notMe", "click", () => this.emit("take-off-browser", { did: this.#dids[0] }));
    this.on("me", "click", ({ detail }) => detail < 2 && this.#known()); // the second press of two would be for the next one
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
    this.refresh();
  }

  async refresh() {
    const browsers = (await this.#messenger.newBrowsers?.().catch(() => [])) ?? [];
    this.hidden = browsers.length === 0;
    if (this.hidden) return;
    const [{ kind, addedAt }] = browsers;
    this.#dids = browsers.map(({ did }) => did);
    const values = { kind, day: dayLabel(addedAt), time: clockTime(addedAt), count: browsers.length };
    this.parts.text.textContent = say(kind ? "newBrowser.kind" : "newBrowser.unknown", values);
    this.parts.more.hidden = browsers.length === 1;
    this.parts.more.textContent = say("newBrowser.more", { count: browsers.length - 1 });
  }

  async #known() {
    try {
      await this.#messenger.knowBrowsers({ dids: this.#dids });
      await this.refresh();
    } catch (error) {
      this.emit("say-toast", { text: sayError(error) });
    }
  }
}

define("new-browser", NewBrowser);
