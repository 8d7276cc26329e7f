/** Sending is blocked until the person decides: what happened, what it may mean, what to do; two choices, the safe one first. */
import { copyText } from "./files.js";
import { stopText, technical } from "./message-words.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

/** What the safe button does for each code; what is not named here: compare the numbers. */
const SAFE = {
  RESTART_SUSPECT: "repair",
  EPOCH_FORK: "repair",
  EPOCH_ROLLBACK: "repair",
  STALE_BUNDLE: "repair",
  BUNDLE_NOT_IN_LOG: "repair",
  STATE_ROLLBACK: "renew",
  SEQ_REWRITE: "resend",
  STORAGE_LOST: "repair",
  KEYS_NOT_RENEWED: "again",
  CODE_UNTRUSTED: "reload",
  ROOT_RESET: "dontSend",
  LOG_SELF_FORGED: "bring",
  SECOND_CHAT: "leave",
};

const FOLDS = new Set(["dontSend", "leave"]);
const CONTINUE = { SECOND_CHAT: "use" };
const OF_THE_LOG = new Set(["LOG_SPLIT_VIEW", "LOG_ROLLBACK", "LOG_BAD_HEAD", "LOG_SELF_FORGED"]);

const DECIDES = new Map([["repair", "repair"], ["resend", "resend"], ["again", "continue"]]);

/** Here is nothing to go on with: the other button only puts the banner aside. */
const FINAL = new Set(["SEQ_REWRITE", "STATE_ROLLBACK", "KEYS_NOT_RENEWED", "CODE_UNTRUSTED"]);

export class StopBanner extends View {
  #blocked = null;
  #name = "";

  built() {
    this.on("safe", "click", () => this.#safe());
    this.on("other", "click", () => (FINAL.has(this.#blocked.code) ? this.#fold(true) : this.emit("decide", { choice: "continue" })));
    this.on("close", "click", () => this.#fold(true));
    this.on("folded", "click", () => this.#fold(false));
    this.on("copy", "click", () => this.#copy());
    this.on("compare", "click", () => this.emit("compare-numbers"));
    this.on("evidence", "click", () => this.emit("save-evidence"));
  }

  /** @param {{code: string, detail?: unknown}|null} blocked  @param {string} name of the other person */
  show(blocked, name) {
    this.hidden = !blocked;
    const known = this.#blocked?.code === blocked?.code && name === this.#name;
    this.#blocked = blocked;
    this.#name = name;
    if (!blocked || known) return;
    this.#fill();
    this.#fold(false);
  }

  /** The number that was compared, beside the one of now. @param {{before: string, now: string}|null} former of 30 digits */
  set former(former) {
    this.parts.numbers.hidden = !former;
    for (const part of ["before", "now"]) this.parts[part].textContent = former ? former[part].match(/\d{5}/g).join(" ") : "";
  }

  get #safeWay() {
    return SAFE[this.#blocked.code] ?? "compare";
  }

  #fill() {
    const { parts } = this;
    const { code, detail } = this.#blocked;
    for (const part of ["title", "means", "advice"]) parts[part].textContent = stopText(part, this.#blocked, this.#name);
    parts.foldedTitle.textContent = parts.title.textContent;
    parts.box.setAttribute("aria-label", parts.title.textContent);
    parts.safe.textContent = say(`stop.do.${this.#safeWay}`);
    parts.other.textContent = say(FINAL.has(code) ? "stop.do.later" : `stop.do.${CONTINUE[code] ?? "continue"}`);
    parts.compare.hidden = code !== "ROOT_RESET";
    parts.evidence.hidden = !OF_THE_LOG.has(code);
    this.former = null;
    parts.code.textContent = technical(code, detail);
  }

  #safe() {
    if (DECIDES.has(this.#safeWay)) this.emit("decide", { choice: DECIDES.get(this.#safeWay) });
    else if (FOLDS.has(this.#safeWay)) this.#fold(true);
    else if (this.#safeWay === "bring") this.emit("bring-key-file");
    else if (this.#safeWay === "renew") this.emit("renew-browser");
    else if (this.#safeWay === "reload") location.reload();
    else this.emit("compare-numbers");
  }

  async #copy() {
    const copied = await copyText(this.parts.code.textContent);
    this.emit("say-toast", { text: say(copied ? "toast.copied" : "toast.notCopied") });
  }

  #fold(on) {
    const had = this.contains(document.activeElement);
    this.parts.box.hidden = on;
    this.parts.folded.hidden = !on;
    if (had) (on ? this.parts.folded : this.parts.safe).focus();
  }
}

define("stop-banner", StopBanner);
