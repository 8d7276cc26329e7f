"""The name of what is being served, for log lines that belong together: one a request, one a socket. Random; says
nothing about anybody.
"""

import secrets
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def begin() -> str:
    """A new name for the running context and the tasks and threads that come out of it."""
    name = secrets.token_hex(8)
    _current.set(name)
    return name


def current() -> str:
    """Nothing outside a request or a socket."""
    return _current.get()
