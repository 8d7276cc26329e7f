/** Small readings of a Conversation that several elements share. */
import { cleanName } from "./text.js";
import { say } from "./words.js";

/** @param {{name: string, displayName?: string}|null|undefined} person  @returns {string} */
export const personName = (person) => cleanName(person?.displayName) || person?.name || "";

/** @param {object} conversation  @returns {string} the name to show for it */
export function nameOf({ self, peer, isSecond }) {
  const name = self ? say("self.name") : personName(peer);
  return isSecond ? say("second.name", { name }) : name;
}

/** @param {object} messenger  @param {string|null|undefined} cid  @returns {object|undefined} nothing while locked or unknown */
export const conversationOf = (messenger, cid) => (cid ? messenger.conversations().find((one) => one.cid === cid) : undefined);
