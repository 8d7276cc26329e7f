/** Light, dark or like the system: a cookie, so that the server's page already comes in the chosen looks. */

const YEAR_S = 31_536_000;

/** @returns {"auto"|"light"|"dark"} */
export const theme = () => document.documentElement.dataset.theme || "auto";

/** @param {"auto"|"light"|"dark"} name */
export function setTheme(name) {
  const age = name === "auto" ? 0 : YEAR_S;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${name}; path=/; max-age=${age}; samesite=lax${secure}`;
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}
