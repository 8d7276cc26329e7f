/** What a browser without a name is called, from what it says about itself. */

const MAKERS = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["FxiOS/", "Firefox"], ["CriOS/", "Chrome"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
const SYSTEMS = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["CrOS", "ChromeOS"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["Linux", "Linux"]];

/** @param {string} agent as navigator.userAgent @returns {string} such as "Firefox, Linux"; empty when it says neither */
export function guessBrowser(agent) {
  const named = (list) => list.find(([sign]) => agent.includes(sign))?.[1];
  return [named(MAKERS), named(SYSTEMS)].filter(Boolean).join(", ");
}
