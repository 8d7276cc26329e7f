/** The page's sentences: read once from <template data-words>, in the page's language; no sentence stands in JavaScript. */

const SIDEWAYS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;
let book = null;

function open() {
  book = new Map();
  for (const template of document.querySelectorAll("template[data-words]")) {
    for (const node of template.content.querySelectorAll("[data-word]")) book.set(node.dataset.word, node.textContent.trim());
  }
  return book;
}

const language = () => document.documentElement.lang || "en";

/** Keeps a value that runs right to left from turning the sentence around it. */
const isolate = (value) => (SIDEWAYS.test(value) ? `\u2068${value}\u2069` : value);

function sentence(key, values) {
  const words = book ?? open();
  if (words.has(key)) return words.get(key);
  if (values.count === undefined) return undefined;
  const rule = new Intl.PluralRules(language()).select(values.count);
  return words.get(`${key}.${rule}`) ?? words.get(`${key}.other`);
}

/** @param {string} key  @returns {boolean} */
export const knows = (key) => (book ?? open()).has(key) || book.has(`${key}.other`);

/**
 * @param {string} key
 * @param {Object<string, string|number>} [values] for the {placeholders}; a count chooses between key.one and key.other
 * @returns {string}
 */
export function say(key, values = {}) {
  const text = sentence(key, values) ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? isolate(format(values[name])) : whole));
}

const format = (value) => (typeof value === "number" ? new Intl.NumberFormat(language()).format(value) : String(value));

/** What happened and what to do, for a code of the protocol or of the server. @param {string} code  @param {object} [values] */
export function sayCode(code, values = {}) {
  const key = `code.${code}`;
  return knows(key) ? say(key, values) : say("code.general", { ...values, code: code || "UNKNOWN" });
}

/** The sentence for something that was thrown. @param {{code?: string}} error  @param {object} [values] */
export const sayError = (error, values = {}) => sayCode(error?.code ?? "UNEXPECTED", values);
