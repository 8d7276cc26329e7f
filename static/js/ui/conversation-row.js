/** One chat in the list: who, the last line, when, what is new. */
import { nameOf } from "./conversations.js";
import { rowTime } from "./dates.js";
import { setIcon } from "./icons.js";
import { define, View } from "./view.js";
import { say } from "./words.js";
import "./user-avatar.js";

const STATE_ICONS = { queued: "clock", sent: "tick", delivered: "ticks", read: "ticks-filled", failed: "alert" };
const MOST_SHOWN = 99;

export class ConversationRow extends View {
  built() {
    this.on("button", "click", () => this.emit("open-chat", { cid: this.dataset.cid }));
  }

  /** @param {object} conversation  @param {boolean} selected */
  fill(conversation, selected) {
    const { parts } = this;
    this.dataset.cid = conversation.cid;
    parts.avatar.person = conversation.peer;
    parts.name.textContent = nameOf(conversation);
    parts.verified.hidden = !conversation.verified || conversation.self;
    this.#showTime(conversation.lastAt);
    this.#showLast(selected ? { ...conversation, draft: "" } : conversation);
    this.#showUnread(conversation.unread);
    parts.alert.hidden = !conversation.blocked;
    this.selected = selected;
  }

  /** @param {boolean} on */
  set selected(on) {
    this.classList.toggle("is-selected", on);
    if (on) this.parts.button.setAttribute("aria-current", "true");
    else this.parts.button.removeAttribute("aria-current");
  }

  #showTime(at) {
    const { time } = this.parts;
    time.textContent = at ? rowTime(at) : "";
    if (at) time.dateTime = new Date(at).toISOString();
  }

  #showLast({ draft, lastText, lastFile, lastDeleted, lastMine, lastState, self }) {
    const { last, state, stateName } = this.parts;
    last.classList.toggle("is-draft", Boolean(draft));
    const said = lastFile ? say("message.file", { name: lastFile }) : lastText;
    const text = lastDeleted ? say("message.deleted") : said;
    last.textContent = draft ? say("row.draft", { text: draft }) : text || say("row.empty");
    const icon = !draft && text && lastMine && !self ? STATE_ICONS[lastState] : undefined;
    state.hidden = !icon;
    if (!icon) return;
    setIcon(state.querySelector("svg"), icon);
    state.dataset.state = lastState;
    stateName.textContent = say(`state.${lastState}`);
  }

  #showUnread(count) {
    const { unread, unreadName } = this.parts;
    unread.hidden = !count;
    this.parts.count.textContent = count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count ?? "");
    unreadName.textContent = count ? say("row.unread", { count }) : "";
    this.classList.toggle("is-unread", Boolean(count));
  }

  focus() {
    this.parts.button.focus();
  }
}

define("conversation-row", ConversationRow);
