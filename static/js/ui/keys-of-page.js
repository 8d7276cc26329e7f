/** The keys that work everywhere on the desk. */

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");

/**
 * @param {KeyboardEvent} event
 * @returns {"find"|"next"|"previous"|"escape"|"sheet"|null}
 */
export function meaningOf(event) {
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.altKey && event.key.toLowerCase() === "k") return "find";
  if (event.altKey && !command && event.key === "ArrowDown") return "next";
  if (event.altKey && !command && event.key === "ArrowUp") return "previous";
  if (event.key === "Escape") return "escape";
  if (event.key === "?" && !command && !typing(event.target)) return "sheet";
  return null;
}
