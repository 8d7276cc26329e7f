/** The words for what stands in the flow beside texts: lines, what they mean, and what is read out when something arrives. */
import { duration } from "./dates.js";
import { lineOf } from "./message-verbs.js";
import { knows, say, sayCode } from "./words.js";

/** About my own browsers and keys some lines read differently. */
const whose = (key, detail) => (detail?.mine && knows(`${key}.mine`) ? `${key}.mine` : key);

/** A timer was set, or taken off. */
const timed = (key, detail) => (detail?.timerS === undefined ? key : `${key}.${detail.timerS ? "timer" : "off"}`);

/** Both accounts are named by how their numbers begin, or the new one only. */
const numbered = (key, detail) => (detail?.now === undefined ? key : `${key}.${detail.was ? "both" : "new"}`);

const wordsOf = ({ detail }) => ({ count: detail?.count ?? 1, time: duration(detail?.timerS ?? 0), user: detail?.user, was: detail?.was, now: detail?.now });

/** A message of these kinds is a line in the middle, not a bubble. @param {{kind: string}} message  @returns {boolean} */
export const isLine = ({ kind }) => kind === "notice" || kind === "missing";

/** The top of a chat says this already. @param {{kind: string, code?: string}} message  @returns {boolean} */
export const isSaidAbove = ({ kind, code }) => kind === "notice" && code === "STARTED";

/** @param {{kind: string, code: string, detail?: object}} message  @param {string} name of the other person  @returns {string} */
export function lineText({ kind, code, detail }, name) {
  const key = whose(numbered(timed(`notice.${code}`, detail), detail), detail);
  if (knows(key)) return say(key, { name, ...wordsOf({ detail }) });
  if (knows(`stop.${code}.title`)) return stopText("title", { code, detail }, name);
  return kind === "missing" ? say("notice.refused") : sayCode(code, { name });
}

/** @param {{code: string, detail?: object}} line  @param {string} name  @returns {string} what happened, what it may mean, what to do */
export function explanation({ code, detail }, name) {
  const key = whose(numbered(timed(`explain.${code}`, detail), detail), detail);
  const more = detail?.lacksOneTime ? ` ${say("explain.lacksOneTime")}` : "";
  if (knows(key)) return say(key, { name, ...wordsOf({ detail }) }) + more;
  if (!knows(`stop.${code}.means`)) return sayCode(code, { name });
  return ["means", "advice"].map((part) => stopText(part, { code, detail }, name)).join(" ");
}

/** @param {"title"|"means"|"advice"} part  @param {{code: string, detail?: object}} stop  @param {string} name  @returns {string} */
export function stopText(part, { code, detail }, name) {
  const key = whose(`stop.${code}.${part}`, detail);
  return say(knows(key) ? key : `stop.other.${part}`, { name });
}

/** @param {object} message  @param {string} name  @returns {string} for those who listen */
export function arrival(message, name) {
  if (isLine(message)) return lineText(message, name);
  return say("message.arrived", { author: message.mine ? say("you") : name, text: lineOf(message) });
}

/** The one line at the top that says what protects a chat. @param {{self: boolean}} conversation  @param {string} name  @returns {object} as for a line */
export function beginning({ self: mine, lacksOneTime }, name) {
  const detail = { ...(mine && { mine }), ...(lacksOneTime && { lacksOneTime }) };
  return { code: "STARTED", title: say(mine ? "begin.self" : "begin.both"), name, detail: mine || lacksOneTime ? detail : undefined };
}

/** @param {string} code  @param {unknown} [detail]  @returns {string} the technical name, for Details */
export function technical(code, detail) {
  if (!detail) return code;
  return `${code} ${typeof detail === "string" ? detail : JSON.stringify(detail)}`;
}
