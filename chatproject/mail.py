"""Mail of the embedded mode: shown in the terminal and kept, one file a mail, in the data folder."""

import os
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend as Terminal
from django.core.mail.backends.filebased import EmailBackend as Files
from django.core.mail.message import EmailMessage

from chatproject.lib.private import OWNER_ONLY


class PrivateFiles(Files):
    """A mail holds a login code: nobody but the server's own user reads it, whatever the umask says."""

    def open(self) -> bool:
        if self.stream is not None:
            return False
        handle = os.open(self._get_filename(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        self.stream = os.fdopen(handle, "ab")
        return True


class TerminalAndFileBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        PrivateFiles(fail_silently=self.fail_silently).send_messages(email_messages)
        return Terminal(fail_silently=self.fail_silently).send_messages(email_messages)
