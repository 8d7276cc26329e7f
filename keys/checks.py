"""What must be right before the server may publish keys."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DatabaseError

from keys import signer
from keys.models import LogHead


@checks.register(checks.Tags.security)
def log_key_is_there(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    seeds = getattr(settings, "LOG_KEY_SEEDS", [])
    if seeds and all(isinstance(seed, bytes) and len(seed) == 32 and any(seed) for seed in seeds):
        return []
    return [checks.Error("LOG_KEY_SEED must hold keys of 32 random bytes.", id="keys.E001")]


@checks.register(checks.Tags.database)
def log_key_is_the_one_that_signed(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Every browser has pinned the log's key: one that no key leaf announced would end all trust in the server."""
    try:
        newest = LogHead.objects.order_by("-pk").first() if databases and "default" in databases else None
    except DatabaseError:
        return []  # not migrated yet
    if newest is None or (signer.is_own(newest) and signer.can_sign()):
        return []
    hint = "Put back the key that signed it, or the database that belongs to this key."
    return [checks.Error("The newest log head was not signed with LOG_KEY_SEED.", hint=hint, id="keys.E002")]
