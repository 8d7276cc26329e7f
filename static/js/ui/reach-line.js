/** Browsers of the two that the keys of this chat do not reach yet: how many, and on demand which. */
import { dayLabel } from "./dates.js";
import { define, View } from "./view.js";
import { say } from "./words.js";

export class ReachLine extends View {
  #told = {};

  built() {
    this.on("what", "click", () => this.emit("explain", this.#told));
  }

  /** @param {{mine: boolean, isThis: boolean, addedAt: number}[]} browsers  @param {string} name of the other person */
  show(browsers, name) {
    this.hidden = browsers.length === 0;
    if (this.hidden) return;
    const title = sentence(browsers, name);
    this.#told = { code: "NOT_REACHED", title, name, items: browsers.map((one) => itemOf(one, name)) };
    if (this.parts.text.textContent !== title) this.parts.text.textContent = title;
    this.parts.what.setAttribute("aria-label", say("notice.what", { text: title }));
  }
}

function sentence(browsers, name) {
  if (browsers.some(({ isThis }) => isThis)) return say("reach.this");
  const mine = browsers.filter((one) => one.mine).length;
  const parts = [[mine, "reach.mine"], [browsers.length - mine, "reach.theirs"]].filter(([count]) => count > 0);
  return parts.map(([count, key]) => say(key, { count, name })).join(" ");
}

function itemOf({ mine, isThis, addedAt }, name) {
  if (isThis) return say("reach.item.this");
  return say(mine ? "reach.item.mine" : "reach.item.theirs", { name, time: dayLabel(addedAt) });
}

define("reach-line", ReachLine);
