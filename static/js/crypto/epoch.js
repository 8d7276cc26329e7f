/** Epoch records (protocol.md, section 6): what the chat layer needs of them. */

export { encodeCore, encodeRecord, parseCore, parseRecord } from "./epoch-core.js";
export { checkConfirm, firstChainKey, firstChainKeys } from "./epoch-keys.js";
export { buildRecord, needsPrekey, newRecordRandomness, proposeRecord } from "./epoch-make.js";
export { followRecord, receiveRecord, recordNeeds } from "./epoch-receive.js";
export { openHistoryWrap, readHistory } from "./epoch-history.js";
export { newConversation } from "./epoch-state.js";
