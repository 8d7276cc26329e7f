"""A mail server that swallows connections: nothing is sent until the test lets go, or nine seconds are over."""

import threading
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend

HELD_SECONDS = 9
let_go = threading.Event()


class Held(EmailBackend):
    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        let_go.wait(HELD_SECONDS)
        return super().send_messages(messages)
