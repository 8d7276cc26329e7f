"""Another key for the log, announced in the log itself (protocol section 4, key leaves)."""

from dataclasses import dataclass

from django.db import transaction

from keys import signer
from keys.models import KeyChange, LogLeaf
from keys.services import logbook


@dataclass(frozen=True, slots=True)
class Rotation:
    """Public keys, 32 bytes each; `size` of the log whose next leaf tells of the change."""

    old_pub: bytes
    new_pub: bytes
    size: int


def planned_rotation() -> Rotation:
    """What `rotate_log_key` would do now; changes nothing. SignerRefused."""
    with transaction.atomic():
        leaf = signer.key_leaf(logbook.lock_log())
    return Rotation(leaf.old_pub, leaf.new_pub, leaf.size)


def rotate_log_key() -> Rotation:
    """The old key's last word goes into the log, and the head over it is the new key's first. SignerRefused."""
    with transaction.atomic():
        leaf = signer.key_leaf(logbook.lock_log())
        size = logbook.append(size=leaf.size, leaf=leaf.encode(), bundle=None)
        row = LogLeaf.objects.get(index=leaf.size)
        KeyChange.objects.create(leaf=row, old_pub=leaf.old_pub, new_pub=leaf.new_pub)
        logbook.sign_head(size)
    return Rotation(leaf.old_pub, leaf.new_pub, leaf.size)
