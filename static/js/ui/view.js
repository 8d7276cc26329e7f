/** What every element of ours is: light DOM cloned from the template of its name, parts by name, events upwards. */
import { build } from "./templates.js";

export class View extends HTMLElement {
  #parts = null;

  /** Named parts of this element; the markup is cloned on first use, so an element may be filled before it stands in the page. */
  get parts() {
    if (!this.#parts) {
      const { fragment, parts } = build(this.template);
      this.#parts = parts;
      this.append(fragment);
      this.built();
    }
    return this.#parts;
  }

  /** @returns {string} the template to clone */
  get template() {
    return this.localName;
  }

  connectedCallback() {
    void this.parts;
    this.connected();
  }

  disconnectedCallback() {
    this.disconnected();
  }

  /** Called once, when the parts exist. */
  built() {}

  connected() {}

  disconnected() {}

  /** @param {string} type  @param {object} [detail] */
  emit(type, detail = {}) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, cancelable: true }));
  }

  /** Listens on a part. @param {string} part  @param {string} type  @param {(event: Event) => void} listener */
  on(part, type, listener) {
    this.parts[part].addEventListener(type, listener);
  }
}

/** @param {string} name  @param {Function} element */
export function define(name, element) {
  if (!customElements.get(name)) customElements.define(name, element);
}
