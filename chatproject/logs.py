"""What never stands in the log: the one-time token in an address."""

import logging
import re

_TOKEN = re.compile(r"(/setup/)[^/\s]+")


class HideTokens(logging.Filter):
    """Django logs the path of every refused request; the sign-up of the first administrator has its token there."""

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.getMessage()
        hidden = _TOKEN.sub(r"\1...", shown)
        if hidden != shown:
            record.msg, record.args = hidden, ()
        return True
