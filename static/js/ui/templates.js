/** The only place that clones a <template>: markup comes from the server's page, never from a string. */

const found = new Map();

/** @param {string} name of an element  @returns {HTMLTemplateElement} */
function find(name) {
  if (!found.has(name)) found.set(name, document.querySelector(`template[data-element="${name}"]`));
  const template = found.get(name);
  if (!template) throw new Error(`no template for ${name}`);
  return template;
}

/**
 * A fresh copy of a template and its named parts.
 * @param {string} name
 * @returns {{fragment: DocumentFragment, parts: Object<string, HTMLElement>}}
 */
export function build(name) {
  const fragment = document.importNode(find(name).content, true);
  const parts = {};
  for (const node of fragment.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  return { fragment, parts };
}

/** @param {string} name  @returns {boolean} */
export const hasTemplate = (name) => Boolean(document.querySelector(`template[data-element="${name}"]`));
