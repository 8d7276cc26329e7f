"""How a line of the log looks, and what never stands in it: one-time tokens, identifiers of conversations, queries, the
text of exceptions (a database quotes the values that it refused).
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from typing import Any

from chatproject.lib import requestid

_HIDDEN = (
    (re.compile(r"(/setup/)[^/\s]+"), r"\1..."),
    (re.compile(r"(/)[0-9a-fA-F]{32}(?![0-9a-fA-F])"), r"\1..."),
    (re.compile(r"(/[^\s?]*)\?\S+"), r"\1?..."),
)


class HideTokens(logging.Filter):
    """Django logs the path of every refused request: with the token of the first administrator's sign-up, or with the
    address of a conversation in it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.getMessage()
        hidden = _without_exception(record, shown)
        for pattern, instead in _HIDDEN:
            hidden = pattern.sub(instead, hidden)
        if hidden != shown:
            record.msg, record.args = hidden, ()
        return True


class Line(logging.Formatter):
    """For people: one line, and where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        words = [_time(record), record.levelname, record.name, _one_line(record.getMessage())]
        if requestid.current():
            words.append(f"request={requestid.current()}")
        return " ".join([*words, *_where(record)])


class Json(logging.Formatter):
    """For machines: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": requestid.current(),
            "process": record.process,
        }
        found = _where(record)
        return json.dumps({**entry, "exception": found[0]} if found else entry, ensure_ascii=False)


def origin_of(error: BaseException | None) -> str:
    """The kind of an exception and the places it passed, without its text; causes too."""
    told: list[str] = []
    while error is not None and len(told) < 5:
        places = traceback.extract_tb(error.__traceback__)
        told.append(" < ".join([type(error).__name__, *(f"{at.filename}:{at.lineno}" for at in reversed(places))]))
        error = error.__cause__ or error.__context__
    return " after ".join(told)


def _without_exception(record: logging.LogRecord, shown: str) -> str:
    """Some libraries put the exception's text into the message too."""
    error = record.exc_info[1] if record.exc_info else None
    return shown.replace(str(error), "...") if error is not None and str(error) else shown


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _where(record: logging.LogRecord) -> list[str]:
    return [origin_of(record.exc_info[1])] if record.exc_info and record.exc_info[1] else []


def _one_line(text: str) -> str:
    """A name with a line break in it makes no second line."""
    return text.replace("\r", "\\r").replace("\n", "\\n")
