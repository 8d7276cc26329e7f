/** Swaps the symbol an <svg><use> of the page shows; the sprite's address comes from the markup itself. */

/** @param {SVGElement} svg  @param {string} name of the symbol */
export function setIcon(svg, name) {
  const use = svg.querySelector("use");
  const [sprite, shown] = use.getAttribute("href").split("#");
  if (shown !== name) use.setAttribute("href", `${sprite}#${name}`);
}
