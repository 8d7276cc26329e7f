/** Sending is blocked until the person decides: what happened, what it may mean, what to do; two choices, the safe one first. */
import { copyText } from "./files.js";
import { define, View } from "./view.js";
import { knows, say } from "./words.js";

/** What the safe button does for each code; what is not named here: compare the numbers. */
const SAFE = {
  RESTART_SUSPECT: "repair",
  EPOCH_FORK: "repair",
  EPOCH_ROLLBACK: "repair",
  STALE_BUNDLE: "repair",
  BUNDLE_NOT_IN_LOG: "repair",
  STATE_ROLLBACK: "repair",
  STORAGE_LOST: "repair",
};

/** Here is nothing to go on with: the other button only puts the banner aside. */
const FINAL = new Set(["SEQ_REWRITE"]);

export class StopBanner extends View {
  #code = null;
  #name = "";

  built() {
    this.on("safe", "click", () => this.#safe());
    this.on("other", "click", () => (FINAL.has(this.#code) ? this.#fold(true) : this.emit("decide", { choice: "continue" })));
    this.on("close", "click", () => this.#fold(true));
    this.on("folded", "click", () => this.#fold(false));
    this.on("copy", "click", () => copyText(this.parts.code.textContent));
  }

  /** @param {{code: string, detail?: unknown}|null} blocked  @param {string} name of the other person */
  show(blocked, name) {
    this.hidden = !blocked;
    if (!blocked) this.#code = null;
    if (!blocked || (blocked.code === this.#code && name === this.#name)) return;
    this.#code = blocked.code;
    this.#name = name;
    this.#fill(blocked, name);
    this.#fold(false);
  }

  #fill({ code, detail }, name) {
    const { parts } = this;
    for (const part of ["title", "means", "advice"]) parts[part].textContent = this.#say(part, code, name);
    parts.foldedTitle.textContent = parts.title.textContent;
    parts.box.setAttribute("aria-label", parts.title.textContent);
    parts.safe.textContent = say(`stop.do.${SAFE[code] ?? "compare"}`);
    parts.other.textContent = say(FINAL.has(code) ? "stop.do.later" : "stop.do.continue");
    parts.code.textContent = detail ? `${code} ${typeof detail === "string" ? detail : JSON.stringify(detail)}` : code;
  }

  #say(part, code, name) {
    const key = `stop.${code}.${part}`;
    return say(knows(key) ? key : `stop.other.${part}`, { name });
  }

  #safe() {
    if (SAFE[this.#code] === "repair") this.emit("decide", { choice: "repair" });
    else this.emit("compare-numbers");
  }

  #fold(on) {
    const had = this.contains(document.activeElement);
    this.parts.box.hidden = on;
    this.parts.folded.hidden = !on;
    if (had) (on ? this.parts.folded : this.parts.safe).focus();
  }
}

define("stop-banner", StopBanner);
