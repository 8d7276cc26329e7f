/** A browser without keys: bring the key file, or, when it is lost, start over knowingly. */
import { busy } from "./dialog-view.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./file-drop.js";
import "./pass-field.js";
import "./step-progress.js";

const STEPS = ["read", "check", "make", "publish", "history"];
const SCREENS = ["bring", "working", "reset"];

export class KeyImport extends View {
  #messenger = null;

  built() {
    this.on("bring", "submit", (event) => this.#import(event));
    this.on("file", "file-chosen", () => this.parts.passphrase.focus());
    this.on("lost", "click", () => this.#show("reset"));
    this.on("keep", "click", () => this.#show("bring"));
    this.on("reset", "submit", (event) => this.#reset(event));
  }

  /** @param {{messenger: object}} given */
  begin({ messenger, code }) {
    this.#messenger = messenger;
    if (code) this.#fail("error", { code });
    this.parts.nameLabel.textContent = say("reset.type", { name: messenger.me?.name ?? "" });
  }

  #show(name) {
    for (const screen of SCREENS) this.parts[screen].hidden = screen !== name;
    this.parts[name].querySelector("h1").focus();
  }

  async #import(event) {
    event.preventDefault();
    const { file, passphrase, progress, error } = this.parts;
    error.hidden = true;
    if (!file.check()) return;
    const app = this.closest("chat-app");
    progress.begin(STEPS, "import");
    this.#show("working");
    try {
      const reached = await this.#messenger.importKeyFile({
        bytes: await file.bytes(),
        passphrase: passphrase.value,
        onStep: (step) => progress.step(step),
        onHistory: (done, total) => this.#history(done, total),
      });
      passphrase.clear();
      app.show(reached.phase);
      for (const code of reached.notices ?? []) app.say(say(`notice.${code}`));
    } catch (thrown) {
      this.#show("bring");
      this.#fail("error", thrown);
    }
  }

  #history(done, total) {
    const { history, bar, count } = this.parts;
    history.hidden = !total;
    bar.max = Math.max(1, total);
    bar.value = done;
    count.textContent = say("import.history", { done, count: total });
  }

  async #reset(event) {
    event.preventDefault();
    const { name, resetNow, resetError } = this.parts;
    resetError.hidden = true;
    await busy(resetNow, async () => {
      try {
        const reached = await this.#messenger.resetKeys({ name: name.value.trim() });
        this.emit("phase-reached", reached ?? { phase: "setup" });
      } catch (thrown) {
        this.#fail("resetError", thrown);
      }
    });
  }

  #fail(part, error) {
    this.parts[part].hidden = false;
    this.parts[part].textContent = sayError(error);
  }
}

define("key-import", KeyImport);
