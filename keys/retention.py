"""What of public keys has had its time: one-time prekeys that are handed out no more."""

from collections.abc import Mapping
from datetime import datetime

from keys.models import Prekey


def purge(now: datetime, *, dry_run: bool) -> Mapping[str, int]:
    """Signed prekeys stay until a newer one takes their place: the browser reads the last id from them."""
    gone = Prekey.objects.one_time().filter(not_after_ms__lt=now.timestamp() * 1000)
    return {"prekeys": gone.count() if dry_run else gone.order_by().delete()[0]}
