"""One line in the log for each thing that whoever runs the server may have to look into: what, whom, from where.

People stand there as their uid, addresses as their network. What was typed never does, a wrong user name included: it
may be a password in the wrong field.
"""

import logging
import uuid

from chatproject.lib import measures

logger = logging.getLogger("events")
WRONG = {"password_wrong": "password", "code_wrong": "code"}


def note(what: str, *, uid: uuid.UUID | None = None, **more: object) -> None:
    """Something went as it should; seen with LOG_LEVEL=INFO."""
    logger.info("%s", _line(what, uid, more))


def warn(what: str, *, uid: uuid.UUID | None = None, **more: object) -> None:
    """Somebody was refused, or rights changed."""
    if what in WRONG:
        measures.auth_failures.add(WRONG[what])
    logger.warning("%s", _line(what, uid, more))


def _line(what: str, uid: uuid.UUID | None, more: dict[str, object]) -> str:
    words = [what, f"uid={uid.hex if uid else '-'}", *(f"{name}={value}" for name, value in more.items())]
    return " ".join(words)
