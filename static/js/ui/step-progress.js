/** The real steps of something that takes a moment: what is done, what is happening. */
import { build } from "./templates.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

export class StepProgress extends View {
  #names = [];
  #items = new Map();

  /** @param {string[]} names  @param {string} group of the words, as in `step.GROUP.NAME` */
  begin(names, group) {
    this.#names = names;
    this.#items.clear();
    this.group = group;
    this.parts.steps.replaceChildren(...names.map((name) => this.#item(name)));
  }

  /** @param {string} name of the step that begins now */
  step(name) {
    const now = this.#names.indexOf(name);
    if (now < 0) return;
    this.#names.forEach((one, at) => this.#mark(one, at < now ? "done" : at === now ? "now" : "later"));
    this.parts.spoken.textContent = say(`step.${this.group}.${name}`);
  }

  finish() {
    for (const name of this.#names) this.#mark(name, "done");
  }

  #item(name) {
    const { fragment, parts } = build("step-item");
    parts.text.textContent = say(`step.${this.group}.${name}`);
    const item = fragment.firstElementChild;
    item.dataset.state = "later";
    this.#items.set(name, item);
    return item;
  }

  #mark(name, state) {
    this.#items.get(name).dataset.state = state;
  }
}

define("step-progress", StepProgress);
