/** Everybody of the site, page by page, also those who are not here now: choosing one opens the chat. */
import { personName } from "./conversations.js";
import { define, View } from "./view.js";
import { say, sayError } from "./words.js";
import "./user-avatar.js";

class PersonRow extends View {
  #uid = "";

  built() {
    this.on("button", "click", () => this.emit("pick-person", { uid: this.#uid }));
  }

  /** @param {{uid: string, name: string, displayName: string, hasKeys: boolean}} person  @param {boolean} isMe */
  fill(person, isMe) {
    const { parts } = this;
    this.#uid = person.uid;
    parts.avatar.person = person;
    parts.name.textContent = isMe ? say("self.name") : personName(person);
    parts.user.textContent = isMe ? "" : `@${person.name}`;
    parts.hint.textContent = isMe ? say("self.hint") : person.hasKeys ? "" : say("people.noKeys");
    this.classList.toggle("is-away", !person.hasKeys && !isMe);
  }

  focus() {
    this.parts.button.focus();
  }
}

export class PeoplePicker extends View {
  #messenger = null;
  #query = null;
  #next = null;
  #run = 0;
  #busy = false;
  #pressed = Promise.resolve(); // until a press on a row has ended
  /** The people of the last search are shown, or why there are none. @type {Promise<void>} */
  found = Promise.resolve();

  built() {
    this.on("again", "click", () => this.#load());
    this.watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.#more(), { rootMargin: "400px" });
    this.watcher.observe(this.parts.end);
    this.parts.rows.addEventListener("pointerdown", () => (this.#pressed = untilReleased()));
  }

  /** @param {object} messenger */
  set messenger(messenger) {
    this.#messenger = messenger;
  }

  /** Shows people whose name begins so; an empty text shows everybody. @param {string} query */
  search(query) {
    if (query === this.#query) return;
    this.#query = query;
    this.#next = null;
    this.#run += 1;
    this.found = this.#load();
  }

  /** Asks anew the next time it is shown. */
  forget() {
    this.#query = null;
  }

  #more() {
    if (this.#next && !this.#busy) this.#load();
  }

  async #load() {
    const run = this.#run;
    const first = this.#next === null;
    this.#wait(true, first);
    try {
      const page = await this.#messenger.people({ q: this.#query, after: this.#next ?? undefined });
      await this.#pressed;
      if (run === this.#run) this.#show(page, first);
    } catch (error) {
      if (run === this.#run) this.#fail(error, first);
    }
    if (run === this.#run) this.#wait(false, first);
  }

  #wait(on, first) {
    this.#busy = on;
    this.parts.rows.setAttribute("aria-busy", String(on));
    this.parts.skeleton.hidden = !(on && first && !this.parts.rows.childElementCount);
    if (on) this.parts.failed.hidden = true;
  }

  #show({ people, next }, first) {
    if (first) this.#keepOnly(people);
    people.reduce((before, person) => this.#place(person, before), first ? null : this.parts.rows.lastElementChild);
    this.#next = next ?? null;
    const { none } = this.parts;
    none.hidden = this.parts.rows.childElementCount > 0;
    none.textContent = this.#query ? say("people.none", { query: this.#query }) : say("people.nobody");
    if (this.#next) requestAnimationFrame(() => this.#near() && this.#more());
  }

  #near() {
    return this.isConnected && this.parts.end.getBoundingClientRect().top < innerHeight + 400 && this.offsetParent !== null;
  }

  // A row that stays is never taken out and put back: it may have the focus.
  #keepOnly(people) {
    const wanted = new Set(people.map(({ uid }) => uid));
    [...this.parts.rows.children].filter(({ dataset }) => !wanted.has(dataset.uid)).forEach((item) => item.remove());
  }

  #place(person, before) {
    const next = before ? before.nextElementSibling : this.parts.rows.firstElementChild;
    const item = next?.dataset.uid === person.uid ? next : this.#newItem(person.uid);
    if (item !== next) this.parts.rows.insertBefore(item, next);
    item.firstElementChild.fill(person, person.uid === this.#messenger.me?.uid);
    return item;
  }

  // Where the order changed, its older place goes.
  #newItem(uid) {
    this.parts.rows.querySelector(`:scope > [data-uid="${CSS.escape(uid)}"]`)?.remove();
    const item = document.createElement("li");
    const row = document.createElement("person-row");
    row.className = "conversation-row";
    item.dataset.uid = uid;
    item.append(row);
    return item;
  }

  #fail(error, first) {
    if (first) this.#keepOnly([]);
    this.parts.failed.hidden = false;
    this.parts.why.textContent = sayError(error);
  }
}

/** Rows that come or go would move the one that is pressed. @returns {Promise<void>} after its click */
function untilReleased() {
  const over = new AbortController();
  return new Promise((resolve) => {
    const end = () => {
      over.abort();
      setTimeout(resolve);
    };
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end, { signal: over.signal });
  });
}

define("person-row", PersonRow);
define("people-picker", PeoplePicker);
