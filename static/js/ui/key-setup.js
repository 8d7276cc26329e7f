/** The path of a new person's keys: passphrase, making, saving the key file, showing that it is there. */
import { busy } from "./dialog-view.js";
import { copyText, download } from "./files.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./file-drop.js";
import "./pass-field.js";
import "./step-progress.js";

const STEPS = ["choose", "making", "save", "prove"];
const MAKING = ["make", "protect", "publish", "log"];

export class KeySetup extends View {
  #messenger = null;
  #passphrase = "";

  built() {
    this.on("another", "click", () => this.#suggest());
    this.on("copy", "click", () => this.#copy());
    this.on("own", "click", () => this.#own(true));
    this.on("offer", "click", () => this.#own(false));
    this.on("choose", "submit", (event) => this.#choose(event));
    this.on("retry", "click", () => this.#make());
    this.on("save", "submit", (event) => this.#save(event));
    this.on("saved", "click", () => this.#step("prove"));
    this.on("prove", "submit", (event) => this.#prove(event));
    this.on("backToSave", "click", () => this.#step("save"));
  }

  /** @param {{messenger: object, phase: string}} given  "prove": the keys are there, the file was never shown */
  begin({ messenger, phase }) {
    this.#messenger = messenger;
    this.#own(false);
    if (phase === "prove") this.#step("save");
    else this.#suggest();
    this.#dots(phase === "prove" ? "save" : "choose");
  }

  disconnected() {
    this.#passphrase = "";
    this.parts.phrase.textContent = "";
  }

  #step(name) {
    for (const step of STEPS) this.parts[step].hidden = step !== name;
    this.#dots(name);
    const needsPhrase = name === "save" && !this.#passphrase;
    this.parts.savePhrase.hidden = !needsPhrase;
    this.parts.savePhrase.required = needsPhrase;
    this.parts[name].querySelector("h1").focus();
  }

  #dots(name) {
    const now = STEPS.indexOf(name);
    [...this.parts.dots.children].forEach((dot, at) => {
      dot.classList.toggle("is-done", at < now);
      if (at === now) dot.setAttribute("aria-current", "step");
      else dot.removeAttribute("aria-current");
    });
  }

  async #suggest() {
    this.parts.phrase.textContent = await this.#messenger.suggestPassphrase();
    this.parts.kept.checked = false;
  }

  async #copy() {
    const copied = await copyText(this.parts.phrase.textContent);
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }

  #own(on) {
    this.parts.offered.hidden = on;
    this.parts.mine.hidden = !on;
    this.parts.ownPhrase.required = on;
    this.parts.kept.checked = false;
    if (on) this.parts.ownPhrase.focus();
  }

  #choose(event) {
    event.preventDefault();
    this.#passphrase = this.parts.mine.hidden ? this.parts.phrase.textContent : this.parts.ownPhrase.value;
    this.#step("making");
    return this.#make();
  }

  async #make() {
    const { progress, makingError, retry } = this.parts;
    makingError.hidden = retry.hidden = true;
    progress.begin(MAKING, "setup");
    try {
      await this.#messenger.createKeys({ passphrase: this.#passphrase, onStep: (step) => progress.step(step) });
      progress.finish();
      this.parts.ownPhrase.clear();
      this.#step("save");
    } catch (error) {
      this.#fail("makingError", error);
      retry.hidden = false;
      retry.focus();
    }
  }

  async #save(event) {
    event.preventDefault();
    const { saveNow, saved, saveError, savePhrase } = this.parts;
    saveError.hidden = true;
    await busy(saveNow, async () => {
      try {
        download(await this.#messenger.makeKeyFile({ passphrase: this.#passphrase || savePhrase.value }));
        saved.disabled = false;
        saved.classList.add("button--primary");
        saveNow.classList.remove("button--primary");
      } catch (error) {
        this.#fail("saveError", error);
      }
    });
  }

  async #prove(event) {
    event.preventDefault();
    const { file, provePhrase, proveNow, proveError } = this.parts;
    proveError.hidden = true;
    if (!file.check()) return;
    await busy(proveNow, async () => {
      try {
        const reached = await this.#messenger.proveKeyFile({ bytes: await file.bytes(), passphrase: provePhrase.value });
        this.emit("key-file-proved");
        this.emit("phase-reached", reached ?? { phase: "open" });
      } catch (error) {
        this.#fail("proveError", error);
      }
    });
  }

  #fail(part, error) {
    this.parts[part].hidden = false;
    this.parts[part].textContent = sayError(error);
  }
}

define("key-setup", KeySetup);
