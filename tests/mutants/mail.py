"""Conversations and sockets."""

from tests.mutants import Mutant

MUTANTS = [
    Mutant(
        "removed-device-keeps-its-socket",
        "conversations/receivers.py",
        "    delivery.end_sessions(uid)  # a device may have been removed\n",
        "",
        ("conversations/tests/test_endings.py",),
    ),
    Mutant(
        "silent-process-tells-nobody",
        "conversations/delivery.py",
        "    _desk()\n\n\ndef join",
        "    pass\n\n\ndef join",
        ("conversations/tests/test_endings.py",),
    ),
    Mutant(
        "foreign-conversation-found",
        "conversations/models.py",
        "        return self.filter(Q(uid_lo=uid) | Q(uid_hi=uid))",
        "        return self.all()",
        (
            "conversations/tests/test_services.py::test_it_refuses_a_stranger_in_every_verb",
            "conversations/tests/test_api.py",
        ),
    ),
    Mutant(
        "sender-not-compared",
        "conversations/rules.py",
        "    if (header.uid, header.did, header.cid) != (post.uid, post.did, post.cid):",
        "    if header.cid != post.cid:",
        ("conversations/tests/test_services.py::test_it_takes_the_sender_from_the_blob_alone",),
    ),
    Mutant(
        "counter-not-compared",
        "conversations/rules.py",
        "    if header.counter != next_counter:",
        "    if header.counter < next_counter:",
        ("conversations/tests/test_services.py::test_it_refuses_a_counter_other_than_the_next",),
    ),
    Mutant(
        "stale-bundle-taken",
        "conversations/rules.py",
        '    if any(current(reference.uid) != reference for reference in header.references):\n        raise Refusal(409, "STALE_BUNDLE")\n',  # noqa: E501
        "",
        ("conversations/tests/test_services.py",),
    ),
    Mutant(
        "posts-not-counted",
        "conversations/judging.py",
        "        self._check_limit(post.uid)\n",
        "",
        ("conversations/tests/test_services.py::test_one_account_posts_so_much_a_minute",),
    ),
    Mutant(
        "socket-from-any-origin",
        "conversations/socketauth.py",
        "    allowed = len(origins) == 1 and origins[0] in settings.ALLOWED_ORIGINS",
        "    allowed = True",
        ("conversations/tests/test_consumers.py::test_it_refuses_a_foreign_origin_before_accepting",),
    ),
    Mutant(
        "socket-without-device",
        "conversations/socketauth.py",
        "    if device is None:\n        raise LoginMissing(closecodes.DEVICE_NEEDED)\n",
        "",
        ("conversations/tests/test_consumers.py::test_it_says_which_part_of_the_login_is_missing",),
    ),
    Mutant(
        "hello-of-another-device",
        "conversations/consumers.py",
        "        if frame.did != self.did:\n            return await self.close(closecodes.DEVICE_NEEDED)\n",
        "",
        ("conversations/tests/test_consumers.py::test_it_refuses_the_hello_of_another_device",),
    ),
    Mutant(
        "frame-of-any-size",
        "conversations/frames.py",
        "    if len(text) > MAX_FRAME_BYTES:",
        "    if False:",
        (
            "conversations/tests/test_frames.py",
            "conversations/tests/test_consumers.py::test_it_holds_the_border_of_a_frames_size",
        ),
    ),
    Mutant(
        "bells-before-the-welcome",
        "conversations/consumers.py",
        "        self._joined = self._joined or delivery.join(self)",
        "        self._welcomed = self._joined = self._joined or delivery.join(self)",
        ("conversations/tests/test_endings.py::test_a_bell_never_comes_before_the_welcome",),
    ),
    Mutant(
        "half-open-sockets",
        "conversations/lobby.py",
        "    if _waiting[network] >= MAX_WAITING_A_NETWORK:",
        "    if False:",
        ("conversations/tests/test_endings.py::test_sockets_that_say_nothing_are_so_many_a_network",),
    ),
    Mutant(
        "body-without-end",
        "conversations/server.py",
        "        if self._taken <= HARD_BODY_BYTES:",
        "        if True:",
        ("conversations/tests/test_serve_limits.py::test_a_body_without_end_is_cut_off",),
    ),
    Mutant(
        "frames-without-end",
        "conversations/server.py",
        "        if not self._waiting and self._unread_is_much():",
        "        if False:",
        ("conversations/tests/test_serve_limits.py::test_frames_that_nobody_takes_are_not_read",),
    ),
    Mutant(
        "database-open-to-all",
        "conversations/management/commands/serve.py",
        "        keep_private()\n",
        "",
        ("conversations/tests/test_serve_limits.py::test_the_database_is_for_the_server_alone",),
    ),
]
