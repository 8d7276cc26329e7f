/** What the tabs of this browser tell each other; it reaches pages of this origin only. The only place that opens a BroadcastChannel. */

/**
 * @param {string} name @param {(message: object) => void} onMessage what another tab posted, in its order
 * @returns {{post: (message: object) => void, close: () => void}} after `close` nothing is posted
 */
export function openTabs(name, onMessage) {
  let channel = new BroadcastChannel(name);
  channel.addEventListener("message", ({ data }) => onMessage(data));
  return {
    post: (message) => channel?.postMessage(message),
    close: () => {
      channel?.close();
      channel = null;
    },
  };
}
