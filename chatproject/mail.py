"""Mail of the embedded mode: shown in the terminal and kept, one file a mail, in the data folder."""

from collections.abc import Sequence

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as Terminal
from django.core.mail.backends.filebased import EmailBackend as Files
from django.core.mail.message import EmailMessage


class TerminalAndFileBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        Files(fail_silently=self.fail_silently).send_messages(email_messages)
        return Terminal(fail_silently=self.fail_silently).send_messages(email_messages)
