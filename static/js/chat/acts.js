/** What a tab may have the tab in charge do for it: verbs of the Messenger (docs/architecture.md, "Several tabs"). */

/** @type {ReadonlySet<string>} */
export const ACTS = new Set([
  "createKeys", "makeKeyFile", "proveKeyFile", "unlock", "importKeyFile", "resetKeys", "renewBrowser", "keyFile", "remindLater",
  "changePassphrase", "browsers", "nameBrowser", "removeBrowser", "renewRoot", "lock", "forgetBrowser", "touch", "poke",
  "conversationFile", "readConversationFile", "exportConversation", "startWith", "messages", "message", "send", "edit", "erase", "react",
  "readAgain", "retry", "discard", "markRead", "setReadReceipts", "setDraft", "draft", "people", "safetyNumber", "setVerified", "setTimer", "decide",
]);

/** What somebody typed: it is done by whichever tab is in charge next, when this one ends or locks before it answers. @type {ReadonlySet<string>} */
export const TYPED = new Set(["send", "edit", "setDraft"]);

/** @typedef {{values: unknown[], calls: string[]}} Passed calls: names in the first argument under which the asker waits to be called */

/** @param {unknown[]} args of a verb @returns {Passed} without functions, which no other tab can have */
export function passed([first, ...rest]) {
  const calls = Object.keys(isWish(first) ? first : {}).filter((name) => typeof first[name] === "function");
  const values = calls.length ? { ...first, ...Object.fromEntries(calls.map((name) => [name, undefined])) } : first;
  return { values: [values, ...rest], calls };
}

/** @param {Passed} given @param {(name: string, args: unknown[]) => void} call back to the asker @returns {unknown[]} arguments of the verb */
export function received({ values: [first, ...rest], calls }, call) {
  if (calls.length === 0) return [first, ...rest];
  return [{ ...first, ...Object.fromEntries(calls.map((name) => [name, (...args) => call(name, args)])) }, ...rest];
}

function isWish(value) {
  return typeof value === "object" && value !== null;
}
