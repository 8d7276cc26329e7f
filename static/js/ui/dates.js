/** Times as people of the page's language write them. */

const DAY_MS = 86_400_000;
const language = () => document.documentElement.lang || "en";
const shapes = new Map();

function shape(name, options) {
  if (!shapes.has(name)) shapes.set(name, new Intl.DateTimeFormat(language(), options));
  return shapes.get(name);
}

const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** Whole days between two moments by the calendar, not by 24 hours. */
export const daysBefore = (ms, now = Date.now()) => Math.round((midnight(now) - midnight(ms)) / DAY_MS);

/** @param {number} ms  @returns {string} */
export const clockTime = (ms) => shape("clock", { hour: "numeric", minute: "2-digit" }).format(ms);

/** @param {number} ms  @returns {string} */
export const fullTime = (ms) => shape("full", { dateStyle: "full", timeStyle: "short" }).format(ms);

function relativeDay(days) {
  const word = new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(-days, "day");
  return word.charAt(0).toLocaleUpperCase(language()) + word.slice(1);
}

/** The label over a day of messages. @param {number} ms */
export function dayLabel(ms, now = Date.now()) {
  const days = daysBefore(ms, now);
  if (days === 0 || days === 1) return relativeDay(days);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  if (sameYear) return shape("day", { weekday: "long", day: "numeric", month: "long" }).format(ms);
  return shape("dayYear", { day: "numeric", month: "long", year: "numeric" }).format(ms);
}

/** The short time in a row of the list. @param {number} ms */
export function rowTime(ms, now = Date.now()) {
  const days = daysBefore(ms, now);
  if (days <= 0) return clockTime(ms);
  if (days === 1) return relativeDay(1);
  if (days < 7) return shape("weekday", { weekday: "short" }).format(ms);
  if (new Date(ms).getFullYear() === new Date(now).getFullYear()) return shape("short", { day: "numeric", month: "short" }).format(ms);
  return shape("shortYear", { dateStyle: "short" }).format(ms);
}

const UNITS = [["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

/** @param {number} seconds @returns {string} such as "1 week", in the largest unit that fits */
export function duration(seconds) {
  const [unit, size] = UNITS.find(([, one]) => seconds % one === 0 && seconds >= one) ?? UNITS.at(-1);
  return new Intl.NumberFormat(language(), { style: "unit", unit, unitDisplay: "long" }).format(seconds / size);
}

/** One key a calendar day. @param {number} ms */
export const dayKey = (ms) => String(midnight(ms));
