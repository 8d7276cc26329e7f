/** The same frames over HTTPS, for networks that refuse WebSockets. */

import { describe, frameOfList, refusedFrame } from "./frames.js";

const POLL_EVERY_MS = 4_000;

/**
 * @param {{api: object, schedule: {after: (ms: number, run: () => void) => () => void}, onFrame: (frame: object) => void, onFailure: (error: Error) => void}} parts
 * @returns {{send: (frame: object) => void, stop: () => void}}
 */
export function createPoller({ api, schedule, onFrame, onFailure }) {
  let cancel = () => {};
  let stopped = false;
  let isFirst = true;
  const settle = (work, orElse) => {
    work.then((frame) => stopped || onFrame(frame)).catch((error) => stopped || orElse(error));
  };
  const look = () => {
    settle(api.conversations().then((list) => {
      const frame = frameOfList(list, isFirst);
      isFirst = false;
      return frame;
    }), onFailure);
    cancel = schedule.after(POLL_EVERY_MS, look);
  };
  look();
  return {
    send(frame) {
      const { name, cid, clientId, after, limit } = describe(frame);
      if (name === "post") settle(api.postEvent(cid, frame), (error) => answerFor({ cid, clientId }, error, { onFrame, onFailure }));
      if (name === "pull") settle(api.pullEvents(cid, after, limit), onFailure);
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}

// A refusal by another layer than the post office (413, 429) still answers the post; no answer at all is a lost line.
function answerFor(post, error, { onFrame, onFailure }) {
  if (error.status >= 400 && error.status !== 401 && error.status !== 403) onFrame(refusedFrame(post, error));
  else onFailure(error);
}
