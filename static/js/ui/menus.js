/** What a <details> menu lacks: it closes on a choice, on Escape and on a press elsewhere, and gives the focus back. */

/** @param {HTMLDetailsElement} menu */
export function closeMenu(menu) {
  if (!menu.open) return;
  const inside = menu.contains(document.activeElement);
  menu.open = false;
  if (inside) menu.querySelector("summary").focus();
}

/** @param {HTMLDetailsElement} menu */
export function watchMenu(menu) {
  const outside = (event) => !menu.contains(event.target) && closeMenu(menu);
  menu.addEventListener("toggle", () => {
    if (menu.open) document.addEventListener("pointerdown", outside);
    else document.removeEventListener("pointerdown", outside);
  });
  menu.addEventListener("keydown", (event) => menu.open && menuKey(menu, event));
}

function menuKey(menu, event) {
  if (event.key === "Escape") {
    event.stopPropagation();
    closeMenu(menu);
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target instanceof HTMLSelectElement) return;
  event.preventDefault();
  const stops = [...menu.querySelectorAll("summary, .menu__item, select")].filter((one) => one.offsetParent);
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length]?.focus();
}
