"""One check of the client for each attack on it, and the second check where one stands behind the first."""

# attack: file below static/js/, exact old text, new text
MUTANTS: dict[int, tuple[str, str, str]] = {
    1: ("crypto/log.js", 'check(isLeafOf(lastLeaf(log, bundle.idx), bundle), "BUNDLE_NOT_IN_LOG");', ""),
    2: ("crypto/bundle.js", '[bundle.sigOld.length ? "ROOT_ROTATED" : "ROOT_RESET"]', "[]"),
    3: ("crypto/bundle.js", "await verify(bundle.rootPub, bundle.sig, concat(LABEL.bundleSig, bundle.hash));", ""),
    4: (
        "crypto/log.js",
        'throw new ProtocolError(wasInLog(log, bundle, size) ? "STALE_BUNDLE" : "BUNDLE_NOT_IN_LOG");',
        "",
    ),
    5: ("crypto/bundle.js", 'check(equal(bundle.uid, uid) && bundle.name === name, "NAME_REBOUND");', ""),
    7: ("crypto/epoch-keys.js", 'check(equal(await confirmTag(kConf, th, hwrapsHash), confirm), "BAD_CONFIRM");', ""),
    8: ("crypto/points.js", "u < P && !LOW_ORDER_U.has(u)", "true"),
    9: ("crypto/points.js", "check(u < P && !LOW_ORDER_U", "check(!LOW_ORDER_U"),
    11: ("crypto/bundle.js", "await verify(bundle.rootPub, bundle.sig, concat(LABEL.bundleSig, bundle.hash));", ""),
    12: ("crypto/prekeys.js", 'check(nowMs <= fields.notAfterMs, "PREKEY_EXPIRED");', ""),
    13: ("crypto/epoch-check.js", 'check(Boolean(found), "PREKEY_UNKNOWN");', ""),
    16: ("crypto/epoch-check.js", 'check(core.suite === SUITE, "BAD_SUITE");', ""),
    17: ("crypto/epoch-check.js", "equal(await logRoot(log, core.logSize), core.logRoot)", "true"),
    18: ("crypto/log.js", 'check(head.size >= log.size, "LOG_ROLLBACK");', ""),
    19: ("crypto/log.js", "await checkHeadSignature(head, bytes, sig, lgPub);", ""),
    20: ("crypto/log.js", 'check(leaf.version === (before?.version ?? 0) + 1, "BUNDLE_CHAIN_BROKEN");', ""),
    22: ("chat/bundles.js", "Boolean(pin?.verifiedRoot && pin.chain.length) &&", "pin?.verifiedRoot ? true :"),
    25: ("crypto/epoch-check.js", 'processed ? "DUPLICATE" : "EPOCH_ROLLBACK"', '"DUPLICATE"'),
    26: ("crypto/envelope.js", 'check(equal(header.th, epoch.th.subarray(0, TH_BYTES)), "EPOCH_FORK");', ""),
    28: ("crypto/epoch-receive.js", 'wasMember ? "RESTART_SUSPECT" : "DEVICE_ADDED"', '"DEVICE_ADDED"'),
    29: ("crypto/epoch-keys.js", 'check(equal(await confirmTag(kConf, th, hwrapsHash), confirm), "BAD_CONFIRM");', ""),
    31: ("crypto/epoch-receive.js", 'notices.push("MODE_CHANGED");', ";"),
    32: ("chat/record-in.js", "if (forged) draft.notice(event.seq, forged, event.at);", ""),
    34: (
        "crypto/chain.js",
        'check(counter < COUNTER_LIMIT && counter <= chain.next + SKIP_MAX, "COUNTER_TOO_FAR");',
        "",
    ),
    40: ("chat/gaps.js", "return isLie ? null : placeIn(gap, counter);", "return null;"),
    38: ("chat/starvation.js", "if (ownSent >= STARVED_LIMIT) {", "if (false) {"),
    54: ("chat/ephemeral.js", "until - this.#elapsed()", "Infinity"),
    39: ("crypto/envelope.js", '"DUPLICATE" : "COUNTER_REUSE"', '"COUNTER_REUSE" : "COUNTER_REUSE"'),
    41: ("crypto/chain.js", "gap: counter - chain.next };", "gap: 0 };"),
    42: ("crypto/epoch-receive.js", "if (counters && !hasAllMessages(core, counters)) {", "if (false) {"),
    44: ("crypto/envelope.js", 'check(equal(header.cid, cid), "WRONG_CONVERSATION");', ""),
    45: ("crypto/envelope.js", "equal(header.uid, sender.uid) && equal(header.did, sender.did)", "true"),
    46: ("crypto/envelope.js", 'check(header.suite === SUITE, "BAD_SUITE");', ""),
    47: (
        "crypto/envelope.js",
        "const padded = await gcmOpen(key, nonce, body, concat(headerBytes, commit));",
        "const padded = await gcmOpen(key, nonce, body, envelope.subarray(0, HEADER_BYTES + HASH_BYTES));",
    ),
    48: ("chat/action-in.js", "if (code) return draft.refuse(event, code);", ""),
    49: ("crypto/content.js", 'check(equal(target.uid, action.uid), "ACTION_NOT_OWNER");', ""),
    50: ("chat/targets.js", "LABEL.find, unhex(cid), unhex(mid)", "LABEL.find, unhex(mid)"),
    51: ("chat/actions.js", "text: versions.at(-1).text };", "text: body };"),
    52: ("chat/delivered.js", "?.get(did) ?? 0) > counter", "?.get(did) ?? 0) >= 0"),
    60: ("chat/receipts.js", "if (!receipts || !chat.wrote) return [];", "if (!receipts) return [];"),
    56: ("crypto/padding.js", "new Uint8Array(padme(content.length + 1))", "new Uint8Array(content.length + 1)"),
    59: (
        "crypto/content.js",
        'check(!supported || hasOnlyFields(content, { ...COMMON, ...FIELDS[content.t] }), "BAD_CONTENT");',
        "",
    ),
    61: ("crypto/attachment.js", 'check(equal(await sha256(blob), hash), "FILE_HASH_MISMATCH");', ""),
    62: (
        "crypto/attachment.js",
        'sealed >= TAG_BYTES && sealed % SEALED_CHUNK_BYTES >= TAG_BYTES, "FILE',
        'true, "FILE',
    ),
    63: ("crypto/attachment.js", 'check(blobLength(size) <= BLOB_MAX_BYTES, "FILE_TOO_LARGE");', ""),
    64: ("crypto/file-name.js", '.replace(CONTROLS, "")', ""),
    65: ("chat/files.js", "image: drawableImage(bytes) };", 'image: { mime: "image/svg+xml", width: 1, height: 1 } };'),
    66: ("crypto/image-bounds.js", "pixels >= 1 && pixels <= IMAGE_MAX_PIXELS", "pixels >= 1"),
    67: ("ui/send-files-dialog.js", "if (keep || !seen || !canClean(image)) return about;", "if (image) return about;"),
    68: ("crypto/keyfile.js", "iterations >= ITERATIONS_MIN && iterations", "iterations"),
    69: ("crypto/keyfile.js", " && iterations <= ITERATIONS_MAX", ""),
    70: (
        "crypto/keyfile.js",
        "rest.ctLength >= KEYFILE_CT_MIN_BYTES && reader.left === HASH_BYTES + rest.ctLength",
        "true",
    ),
    72: (
        "chat/key-import.js",
        "if (hex(account.uid) !== me.uid || account.name !== me.name) throw",
        "if (false) throw",
    ),
    73: ("crypto/keyfile-payload.js", 'isStale ? ["KEYFILE_STALE"] : []', "[]"),
    75: (
        "crypto/keyfile.js",
        'check(equal(commit, file.subarray(KEYFILE_HEADER_BYTES, body)), "KEYFILE_WRONG_PASSPHRASE");',
        "",
    ),
    6: ("crypto/prekeys.js", 'check(equal(fields.uid, uid) && equal(fields.did, did), "BAD_SIG");', ""),
    10: (
        "crypto/points.js",
        "sig.length === SIG_BYTES && isSoundPoint(sig.subarray(0, 32))",
        "sig.length === SIG_BYTES",
    ),
    15: ("crypto/epoch-check.js", 'processed ? "DUPLICATE" : "EPOCH_ROLLBACK"', '"EPOCH_ROLLBACK"'),
    21: ("crypto/safety-number.js", "vec(utf8(name)), rootPub);", "vec(utf8(name)));"),
    23: ("chat/own-browsers.js", "!browser.isThis && !known.includes(browser.did)", "false"),
    33: ("chat/reach.js", "(chat.unreached === null && !isOutside(chat))", "true"),
    77: ("chat/life.js", 'isLost ? "STORAGE_LOST" : undefined', "undefined"),
    27: ("chat/epochs.js", 'new Set(["EPOCH_CONFLICT", ', "new Set(["),
    30: ("chat/record-in.js", "draft.set({ crypto: skipped(crypto) });", ";"),
    35: ("chat/unlocked.js", 'await this.trust.block(cid, "STATE_ROLLBACK");', ";"),
    36: ("crypto/envelope.js", '"DUPLICATE" : "COUNTER_REUSE"', '"DUPLICATE" : "DUPLICATE"'),
    37: ("chat/device-keys.js", "if (over.length === 0) return;", "if (over.length >= 0) return;"),
    43: (
        "crypto/envelope.js",
        'check(equal(commit, envelope.subarray(HEADER_BYTES, HEADER_BYTES + HASH_BYTES)), "BAD_COMMIT");',
        "",
    ),
    53: ("chat/message-in.js", "at: content.ts, detail", "at: event.at, detail"),
    55: ("chat/message-in.js", "if (known) return putAgain(draft, known, opened.mid, parts);", ""),
    58: (
        "chat/message-in.js",
        "  draft.refuse(event, code);",
        "  draft.refuse(event, code);\n  draft.set({ ackOwed: true });",
    ),
    71: (
        "crypto/keyfile.js",
        'gcmOpen(key, nonce, file.subarray(body), header, "KEYFILE_DAMAGED")',
        "gcmOpen(key, nonce, file.subarray(body), header)",
    ),
    74: (
        "chat/life.js",
        "  async create({ passphrase, onStep = () => {} }) {\n    checkPassphrase(passphrase);\n",
        "  async create({ passphrase, onStep = () => {} }) {\n",
    ),
    79: (
        "crypto/epoch-keys.js",
        "concat(...(await Promise.all([dh(hkSeed, senderDkPub), dh(hkSeed, ePub)])))",
        "dh(hkSeed, ePub)",
    ),
    78: ("chat/life.js", "    this.open?.stop();\n    this.open = null;\n", "    this.open?.stop();\n"),
    87: ("ui/notifications.js", 'say("notification.title"), { tag: TAG }', "document.title, { tag: TAG }"),
    76: ("chat/unlocked.js", 'await this.trust.block(cid, "STATE_ROLLBACK");', ";"),
}
# where a second check stands behind the first, all of them go
ALSO: dict[int, list[tuple[str, str, str]]] = {
    1: [("chat/bundles.js", 'check(wasInLog(this.#parts.replay.log, bundles.at(-1)), "BUNDLE_NOT_IN_LOG");', "")],
    79: [
        (
            "crypto/epoch-keys.js",
            "concat(...(await Promise.all([dh(dkSeed, hkPub), dh(eSeed, hkPub)])))",
            "dh(eSeed, hkPub)",
        )
    ],
    35: [
        ("chat/message-in.js", "if (event.did === parts.did) meetOwn(draft, header);", ""),
        ("chat/sending.js", 'await trust.block(cid, "STATE_ROLLBACK");', ""),
    ],
    76: [("chat/message-in.js", "if (event.did === parts.did) meetOwn(draft, header);", "")],
    72: [
        (
            "crypto/keyfile-payload.js",
            'check(equal(account.uid, uid) && account.name === name, "KEYFILE_WRONG_ACCOUNT");',
            "",
        )
    ],
    60: [("chat/receipts.js", "receipts && chat.wrote ? chat.untold", "receipts ? chat.untold")],
    47: [
        (
            "crypto/envelope.js",
            'equal(commit, envelope.subarray(HEADER_BYTES, HEADER_BYTES + HASH_BYTES)), "BAD',
            'true, "BAD',
        )
    ],
}

# attacks with several guards: each of these goes by itself, too
MORE: dict[int, list[tuple[str, str, str]]] = {
    32: [
        (
            "chat/record-in.js",
            "const forged = FORGED.has(history.error?.code) ? history.error.code : null;",
            "if (FORGED.has(history.error?.code)) throw history.error;\n  const forged = null;",
        )
    ],
    6: [("crypto/epoch-core.js", "dids.size === members.length", "true")],
    7: [("crypto/epoch-keys.js", "kdf(z, Z32, info, 44)", "kdf(z.subarray(32, 64), Z32, info, 44)")],
    14: [("chat/record-in.js", "spkId !== 0 && opkId === 0", "false")],
    15: [("chat/watch.js", 'await this.#parts.trust.block(cid, "SECOND_CHAT");', ";")],
    17: [
        ("chat/verbs.js", "  await open.checkNew([cid]);\n", ""),
        ("chat/watch.js", "await this.#parts.checkNew(fresh.map(({ cid }) => cid));", ";"),
        ("chat/unlocked.js", "if (alarm) for (const cid of cids) await this.trust.block(cid, alarm);", ""),
        ("chat/unlocked.js", "await keepRefusedHead(this, error);", ""),
        ("chat/record-in.js", "await keepRecord(parts, { ...event, cid: draft.chat.cid });", ";"),
        ("crypto/epoch-history.js", "await checkLogRoot(core, context.log);", ""),
    ],
    18: [("chat/unlocked.js", 'await this.trust.stands("LOG_STALE", true);', ";")],
    25: [
        ("chat/read-again.js", "one.seq < seq", "true"),
        ("chat/read-again.js", "one.seq < seq", "one.seq < seq && epochs.has(one.epoch)"),
        ("chat/archive.js", "keys ? epoch < reader.epoch", "keys ? false"),
        ("chat/archive.js", "epoch !== reader.epoch + 1", "false"),
    ],
    52: [("chat/delivered.js", "epoch, now), epoch - 1, before)", "epoch, now), epoch, before)")],
    54: [("chat/ephemeral.js", "if (value?.until !== undefined) return value;", "")],
    73: [
        ("chat/key-import.js", "checkBundleInLog(replay.log, chain.at(-1));", ""),
        ("chat/life.js", "await open.trust.note(OLD_FILE);", ";"),
        ("chat/key-import.js", 'if (!mayAddDevice) throw new ProtocolError("KEYFILE_STALE");', ""),
        ("chat/key-bring.js", "await checkHistory(account, chain);", ""),
        ("chat/key-bring.js", "isListed && equal(device.own.rootPub, last.rootPub)", "isListed"),
    ],
    78: [("ui/chat-app.js", "    this.#clearDesk();\n    const screen", "    const screen")],
    19: [
        ("crypto/log-key.js", "await verifyByLog(leaf.oldPub, leaf.sig, signedText(leaf));", ""),
        ("crypto/log-key.js", 'check(!key || equal(leaf.oldPub, key), "LOG_BAD_HEAD");', ""),
        ("crypto/log-key.js", 'check(!key || equal(key, lgPub), "LOG_BAD_HEAD");', ""),
        ("chat/key-import.js", "  replay.pin(account);", "  if (account.log.size > 0) replay.pin(account);"),
        ("crypto/log-key.js", "newPub, size, sizeBytes, root: reader", "newPub, size, root: reader"),
        ("crypto/log.js", "leaf.size === place && ", ""),
        ("crypto/log.js", " && equal(await logRoot(longer, leaf.size), leaf.root)", ""),
        ("chat/unlocked.js", "if (this.replay.isKeyNew) await this.#tellOfLogKey();", ""),
    ],
}
