/** The signs under a message: how many, and whether one is mine; a press adds or takes back mine. */
import { say } from "./words.js";

function chip({ sign, count, mine }, onPress) {
  const item = document.createElement("li");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "reaction", tabIndex: -1 });
  button.textContent = count > 1 ? `${sign} ${count}` : sign;
  button.setAttribute("aria-pressed", String(mine));
  button.setAttribute("aria-label", say(mine ? "react.mine" : "react.theirs", { sign, count }));
  button.disabled = !onPress;
  if (onPress) button.addEventListener("click", () => onPress({ sign, on: !mine }));
  item.append(button);
  return item;
}

/**
 * @param {HTMLElement} list  @param {{sign: string, count: number, mine: boolean}[]|undefined} reactions
 * @param {((wish: {sign: string, on: boolean}) => void)|null} onPress
 */
export function showReactions(list, reactions, onPress) {
  list.hidden = !reactions?.length;
  list.replaceChildren(...(reactions ?? []).map((one) => chip(one, onPress)));
}

/** @param {{sign: string, count: number}[]|undefined} reactions  @returns {string} for those who listen */
export const reactionsText = (reactions) => (reactions?.length ? say("react.all", { signs: reactions.map(({ sign }) => sign).join(" ") }) : "");
