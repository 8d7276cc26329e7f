/** What a tab may have the tab in charge do for it: verbs of the Messenger (docs/architecture.md, "Several tabs"). */

/** @type {ReadonlySet<string>} */
export const ACTS = new Set([
  "createKeys", "makeKeyFile", "proveKeyFile", "unlock", "importKeyFile", "resetKeys", "renewBrowser", "keyFile", "remindLater",
  "changePassphrase", "bringKeyFile", "browsers", "newBrowsers", "knowBrowsers", "nameBrowser", "removeBrowser", "renewRoot", "lock", "forgetBrowser", "touch", "poke",
  "conversationFile", "readConversationFile", "exportConversation", "startWith", "messages", "message", "send", "edit", "erase", "react",
  "sendFile", "openFile", "checkFile", "readAgain", "retry", "discard", "markRead", "setReadReceipts", "setNotifications", "setDraft", "people", "safetyNumber", "formerNumber",
  "logEvidence", "setVerified", "setTimer", "decide",
]);

/** What somebody typed: it is done by whichever tab is in charge next, when this one ends or locks before it answers. @type {ReadonlySet<string>} */
export const TYPED = new Set(["send", "sendFile", "edit", "setDraft"]);

/**
 * @typedef {{values: unknown[], calls: [number, string][], signals: number[]}} Passed
 *   calls: argument and name under which the asker waits to be called; signals: arguments with an AbortSignal
 */

/** @param {unknown[]} args of a verb @returns {Passed} without what no other tab can have */
export function passed(args) {
  const given = { values: [], calls: [], signals: [] };
  args.forEach((arg, at) => given.values.push(isWish(arg) ? plain(arg, at, given) : arg));
  return given;
}

/**
 * @param {Passed} given @param {{call: (at: number, name: string, values: unknown[]) => void, signal: AbortSignal}} back to the asker, and its signal
 * @returns {unknown[]} arguments of the verb
 */
export function received({ values, calls, signals }, { call, signal }) {
  const args = values.map((value) => (isWish(value) ? { ...value } : value));
  for (const [at, name] of calls) args[at][name] = (...words) => call(at, name, words);
  for (const at of signals) args[at].signal = signal;
  return args;
}

/** @param {unknown[]} args @returns {AbortSignal|undefined} by which the asker gives up */
export function signalOf(args) {
  return args.find((arg) => isWish(arg) && arg.signal)?.signal;
}

function plain(wish, at, { calls, signals }) {
  const kept = { ...wish };
  for (const [name, value] of Object.entries(wish)) {
    if (typeof value === "function") calls.push([at, name]);
    else if (value instanceof AbortSignal) signals.push(at);
    else continue;
    delete kept[name];
  }
  return kept;
}

function isWish(value) {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}
