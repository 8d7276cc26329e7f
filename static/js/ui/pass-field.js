/** A field for a passphrase: shown or hidden, and, where a new one is chosen, how strong it is. */
import { strength } from "./strength.js";
import { setIcon } from "./icons.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

export const LEAST_CHARACTERS = 16;

export class PassField extends View {
  built() {
    this.on("show", "click", () => this.#toggle());
    this.on("input", "input", () => this.#typed());
    if (this.dataset.fresh) {
      this.parts.meter.hidden = false;
      this.#typed();
    }
  }

  /** @param {string} text over the field */
  set label(text) {
    this.parts.name.textContent = text;
  }

  get value() {
    return this.parts.input.value;
  }

  clear() {
    this.parts.input.value = "";
    this.#show(false);
    this.#typed();
  }

  /** @param {boolean} on  a field that is not shown asks for nothing */
  set required(on) {
    this.parts.input.required = on;
    this.#typed();
  }

  focus() {
    this.parts.input.focus();
  }

  /** @returns {boolean} and tells the person what is wrong */
  check() {
    return this.parts.input.reportValidity();
  }

  #toggle() {
    this.#show(this.parts.input.type === "password");
    this.focus();
  }

  #show(open) {
    const { input, show } = this.parts;
    input.type = open ? "text" : "password";
    show.setAttribute("aria-pressed", String(open));
    setIcon(show.querySelector("svg"), open ? "eye-off" : "eye");
  }

  #typed() {
    if (!this.dataset.fresh) return;
    const { input, meter, hint } = this.parts;
    const count = [...input.value.normalize("NFKC")].length;
    const short = LEAST_CHARACTERS - count;
    meter.value = strength(input.value, LEAST_CHARACTERS);
    hint.textContent = advice(count, short, meter.value);
    input.setCustomValidity(input.required && short > 0 ? say("pass.least", { count: LEAST_CHARACTERS }) : "");
  }
}

function advice(count, short, grade) {
  if (count === 0) return say("pass.least", { count: LEAST_CHARACTERS });
  return short > 0 ? say("pass.more", { count: short }) : say(`pass.${grade}`);
}

define("pass-field", PassField);
