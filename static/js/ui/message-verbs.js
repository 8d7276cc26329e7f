/** Which verbs a message allows, and what they do; a verb that the Messenger does not have is not offered. */
import { say } from "./words.js";

/** @param {{kind: string, deleted?: boolean}} message  @returns {boolean} whether somebody's words or file are there */
export const isSaid = ({ kind, deleted }) => (kind === "text" || kind === "file") && !deleted;

/**
 * @param {object} messenger  @param {object} message  @param {boolean} canWrite into its chat
 * @returns {{reply: boolean, edit: boolean, earlier: boolean, erase: boolean, react: boolean, copy: boolean}}
 */
export function verbsOf(messenger, { kind, mine, seq, deleted, earlier }, canWrite) {
  const there = isSaid({ kind, deleted });
  const known = there && canWrite && seq !== null && seq !== undefined;
  const has = (name) => typeof messenger[name] === "function";
  return {
    reply: known && has("message"),
    edit: known && mine && kind === "text" && has("edit"),
    erase: known && mine && has("erase"),
    react: known && has("react"),
    earlier: there && earlier?.length > 0,
    copy: there && kind === "text",
  };
}

/** @param {Object<string, boolean>} verbs  @returns {boolean} worth a menu */
export const isMore = ({ reply, edit, earlier, erase, react }) => reply || edit || earlier || erase || react;

/** @param {{mine: boolean}} message  @param {string} name of the other person  @returns {string} */
export const authorOf = ({ mine }, name) => (mine ? say("you") : name);

/** What the composer is told when it answers a message, or replaces mine. @param {"reply"|"edit"} verb  @param {object} message  @param {string} name */
export function contextOf(verb, message, name) {
  const text = lineOf(message);
  if (verb === "edit") return { edit: message.id, title: say("composer.edit"), text, body: message.text };
  return { re: message.id, title: message.mine ? say("composer.replyMine") : say("composer.reply", { author: name }), text };
}

/** The one line that stands for a message in a quote. @param {object|null|undefined} message  @returns {string} */
export function lineOf(message) {
  if (!message) return say("quote.gone");
  if (message.deleted) return say("message.deleted");
  if (message.kind === "file") return say("message.file", { name: message.file.name });
  return message.kind === "text" ? message.text : say(`message.${message.kind}`);
}
