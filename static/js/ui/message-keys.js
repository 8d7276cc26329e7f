/** Keys while one walks through the messages. */

const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const VERBS = { c: "copy", r: "reply", e: "edit", Delete: "erase" };
const OPENS = new Set(["Enter", "ContextMenu", "m"]);

/**
 * @param {KeyboardEvent} event  @param {HTMLElement} scroll the pane  @param {HTMLElement[]} rows
 * @returns {{row: HTMLElement, verb?: string}|{focus: HTMLElement}|{leave: true}|null} a verb for a row, or its menu when there is no verb
 */
export function messageKey(event, scroll, rows) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const at = rows.indexOf(document.activeElement);
  const row = rows[at];
  const isBubble = Boolean(row?.can);
  if (isBubble && OPENS.has(event.key)) return { row };
  if (isBubble && VERBS[event.key]) return { row, verb: VERBS[event.key] };
  const step = STEPS[event.key];
  if (!step || rows.length === 0 || (!row && event.target !== scroll)) return null;
  const next = row ? Math.max(0, at + step) : rows.length - 1;
  return next >= rows.length ? { leave: true } : { focus: rows[next] };
}
