"""What does not hold: attacks without a test and why, and tests that show a fault that is not mended yet."""

# number: why there is no test, or why its tests do not cover it
NOT_AUTOMATED: dict[int, str] = {
    23: "phishing of a person; no remote linking exists, the 'not me' button and the coarse place are not built",
    38: "the warning 'keys cannot be renewed' and the limit of 1000 messages are not built",
    51: "edits are not built: they are shown as unsupported",
    54: "timers are not built in the page",
    65: "files are not shown or sent by the page yet",
    67: "pictures are not sent by the page yet",
    79: "the same attack as A32: backups are the history wraps",
    87: "notifications while the page is closed are not built: nothing is pushed",
}

# number: what its tests leave out
PARTLY: dict[int, str] = {
    12: "'not reached yet' is not listed in the page",
    15: "a second chat for the pair is not told apart in words",
    17: "the two heads cannot be exported yet",
    48: "edits are not built: shown as unsupported, nothing changes",
    49: "deletes are not built: shown as unsupported, nothing changes",
    50: "reactions are not built",
    61: "module only",
    62: "module only",
    63: "module only",
    64: "module only",
    66: "module only",
    78: "storage only, no memory snapshot",
}

# test name: the fault it shows; left out of the default run, tried with --attack-open
BROKEN: dict[str, str] = {
    "test_a32_a_forged_history_key_is_told_by_its_name": "a fresh browser shows NO_EPOCH_KEY lines, not BAD_CONFIRM",
    "test_a40_swapped_messages_stand_in_the_senders_order": "a late message stands where the server put it",
    "test_a59_both_parsers_refuse_the_same_odd_contents": "the reference client takes fields that are not listed",
}
