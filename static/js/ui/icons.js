/** Swaps the symbol an <svg><use> of the page shows; the sprite's address comes from the markup itself. */

/** @param {SVGElement} svg  @param {string} name of the symbol */
export function setIcon(svg, name) {
  const use = svg.querySelector("use");
  const sprite = use.getAttribute("href").split("#")[0];
  use.setAttribute("href", `${sprite}#${name}`);
}
