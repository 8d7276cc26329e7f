/** Initials on a colour that is always the same for the same person. */
import { initials, tintOf } from "./text.js";
import { define, View } from "./view.js";

export class UserAvatar extends View {
  /** @param {{uid: string, name: string, displayName?: string}} person */
  set person(person) {
    this.parts.sign.textContent = initials(person.displayName || person.name);
    for (const name of [...this.classList]) if (name.startsWith("tint-")) this.classList.remove(name);
    this.classList.add(tintOf(person.uid));
  }
}

define("user-avatar", UserAvatar);
