"""The releases of the page's program in the log (protocol section 4, asset leaves)."""

from django.db import transaction

from chatproject.lib import builds
from keys import formats, log
from keys.models import LogLeaf
from keys.services import logbook


def log_release(*, manifest_hash: bytes) -> bool:
    """Put a release's manifest into the log and sign a head over it; False when it is there already. SignerRefused."""
    leaf = asset_leaf(manifest_hash)
    with transaction.atomic():
        size = logbook.lock_log()
        if LogLeaf.objects.filter(bundle=None, leaf_hash=log.leaf_hash(leaf)).exists():
            return False
        logbook.sign_head(logbook.append(size=size, leaf=leaf, bundle=None))
    return True


def asset_leaf(manifest_hash: bytes) -> bytes:
    """The leaf; a build is called by the first 16 hex digits of its manifest's hash."""
    return formats.AssetLeaf(manifest_hash.hex()[: builds.DIGITS].encode(), manifest_hash).encode()
