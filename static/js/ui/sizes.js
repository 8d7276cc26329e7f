/** How large a file is, in words. */

const STEPS = [[1_000_000, "megabyte", 1], [1_000, "kilobyte", 0], [1, "byte", 0]];

/** @param {number} bytes @returns {string} */
export function sizeOf(bytes) {
  const [step, unit, digits] = STEPS.find(([least]) => bytes >= least) ?? STEPS.at(-1);
  const language = document.documentElement.lang || "en";
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: digits }).format(bytes / step);
}
