/**
 * What the account pages do beyond plain forms: show and hide a password, say how strong it is, check a user name while it is
 * typed, copy, save and print codes, send no form twice. Every page works without this file.
 */

import { copyText, download } from "../ui/files.js";
import { strength } from "../ui/strength.js";

const NAME_PAUSE_MS = 350;
const PASSWORD_LEAST = 12;
const STRENGTH_MOST = 4;
const DONE_MS = 2000;
const ANSWER_MS = 10_000; // the server gives up before

for (const form of document.querySelectorAll("form[method='post']")) sendOnce(form);
for (const field of document.querySelectorAll("[data-password-field]")) dressPassword(field);
for (const input of document.querySelectorAll("[data-name-check]")) watchName(input);
offer("[data-copy]", copy);
offer("[data-download]", save);
offer("[data-print]", () => window.print());
document.querySelector("[aria-invalid='true']")?.focus();

/**
 * A second press while the answer is on its way would drop that answer, and find its work done: the name is taken, by the
 * account just made; the code is spent. Once no answer can come any more the form can be sent again.
 */
function sendOnce(form) {
  let timer = 0;
  const free = () => {
    clearTimeout(timer);
    timer = 0;
    form.removeAttribute("aria-busy");
  };
  form.addEventListener("submit", (event) => {
    if (timer) return event.preventDefault();
    timer = setTimeout(free, ANSWER_MS);
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", free);
}

/** A button that shows what is typed, and for a new password a bar of its strength. Nothing leaves the page. */
function dressPassword(field) {
  const input = field.querySelector("input");
  input.after(showButton(input, field.dataset));
  if ("strength" in input.dataset) input.after(strengthBar(input, field.dataset.wordStrength));
}

function showButton(input, { wordShow, wordHide }) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: wordShow });
  button.className = "button button--quiet";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? wordHide : wordShow;
    button.setAttribute("aria-pressed", String(shown));
  });
  input.form?.addEventListener("submit", () => (input.type = "password"));
  return button;
}

function strengthBar(input, label) {
  const bar = Object.assign(document.createElement("meter"), { min: 0, max: STRENGTH_MOST, low: 2, high: 3, optimum: 4 });
  bar.className = "meter";
  bar.setAttribute("aria-label", label);
  input.addEventListener("input", () => (bar.value = strength(input.value, PASSWORD_LEAST)));
  return bar;
}

/** Asks whether the name is free after a short pause; an answer that comes late is dropped. */
function watchName(input) {
  const says = input.form.querySelector("[data-name-says]");
  let asked = 0;
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const turn = ++asked;
    says.textContent = "";
    timer = setTimeout(async () => {
      const words = input.value.trim() ? await sayName(input) : "";
      if (turn === asked) says.textContent = words;
    }, NAME_PAUSE_MS);
  });
}

/** @returns {Promise<string>} what to say about the name; nothing when the server cannot be asked now */
async function sayName(input) {
  const { nameUrl, wordFree, wordTaken, wordGrammar } = input.form.dataset;
  try {
    const response = await fetch(nameUrl.replace("NAME", encodeURIComponent(input.value.trim())));
    if (!response.ok) return response.status === 404 ? wordGrammar : "";
    const { free, code } = await response.json();
    return free ? wordFree : code === "NAME_TAKEN" ? wordTaken : wordGrammar;
  } catch {
    return "";
  }
}

/** Buttons that need a script are hidden until it is here. */
function offer(selector, act) {
  for (const button of document.querySelectorAll(selector)) {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  }
}

const sourceOf = (button) => button.closest("section").querySelector("[data-copy-source]");

/** The codes, one a line, or the secret without the spaces that group it. */
function textOf(source) {
  const items = [...source.querySelectorAll("li")];
  return items.length ? items.map((item) => item.textContent.trim()).join("\n") + "\n" : source.textContent.replace(/\s/g, "");
}

async function copy(button) {
  if (!(await copyText(textOf(sourceOf(button))))) return;
  const before = button.textContent;
  button.textContent = button.dataset.wordDone;
  setTimeout(() => (button.textContent = before), DONE_MS);
}

function save(button) {
  const source = sourceOf(button);
  download({ name: source.dataset.fileName, bytes: new TextEncoder().encode(textOf(source)) });
}
