"""Conversations and their events, in the alias of the messages. No foreign key leads to another app: people and devices
are plain identifiers, so that the mail can live in a database of its own. What a unique constraint begins with has no
index of its own: each index is written anew with every event.
"""

import secrets
import uuid
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


def random_id() -> uuid.UUID:
    """16 random bytes (protocol section 1)."""
    return uuid.UUID(bytes=secrets.token_bytes(16))


class Incarnation(models.Model):
    """One row: the random name of this database's life. A restored backup must get a new one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    value = models.UUIDField(default=random_id, editable=False)

    class Meta:
        verbose_name = _("incarnation")
        verbose_name_plural = _("incarnations")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="conversations_incarnation_one_row")]

    def __str__(self) -> str:
        return self.value.hex


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, uid: uuid.UUID) -> Self:
        """The conversations this person is in: the only way to find one."""
        return self.filter(Q(uid_lo=uid) | Q(uid_hi=uid))

    def of_any(self, uids: Iterable[uuid.UUID]) -> Self:
        """Those that one of these people is in."""
        people = list(uids)
        return self.filter(Q(uid_lo__in=people) | Q(uid_hi__in=people))

    def of_each(self, wanted: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> Self:
        """For pairs (cid, uid): the named conversations, each only when one of the pairs names a person in it."""
        return self.filter(reduce(or_, (Q(cid=cid) & (Q(uid_lo=uid) | Q(uid_hi=uid)) for cid, uid in wanted)))


class Conversation(models.Model):
    cid = models.UUIDField(_("number"), primary_key=True, default=random_id, editable=False)
    uid_lo = models.UUIDField(_("one person"))
    uid_hi = models.UUIDField(_("other person"), db_index=True)
    seq = models.BigIntegerField(_("last event"), default=0)
    epoch = models.BigIntegerField(_("epoch"), default=-1)
    th = models.BinaryField(max_length=32, default=bytes)
    started_by = models.UUIDField()
    started_at = models.DateTimeField(_("started"))
    updated_at = models.DateTimeField(_("last changed"))  # no index: each event would have to renew it

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(fields=["uid_lo", "uid_hi"], name="conversations_one_a_pair"),
            models.CheckConstraint(condition=Q(uid_lo__lte=F("uid_hi")), name="conversations_pair_in_order"),
        ]
        indexes = [models.Index(fields=["started_by", "started_at"], name="conversations_started")]

    def __str__(self) -> str:
        return self.cid.hex

    @property
    def uids(self) -> tuple[uuid.UUID, uuid.UUID]:
        return self.uid_lo, self.uid_hi


class Event(models.Model):
    class Kind(models.TextChoices):
        RECORD = "record", _("epoch record")
        MESSAGE = "message", _("message")

    conversation = models.ForeignKey(
        Conversation,
        models.PROTECT,
        related_name="events",
        db_column="cid",
        db_index=False,
        verbose_name=_("conversation"),
    )
    seq = models.BigIntegerField(_("event number"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    uid = models.UUIDField(_("sender"))
    did = models.UUIDField(_("browser"))
    client_id = models.UUIDField(_("number by the sender"))
    sha256 = models.BinaryField(max_length=32)
    blob = models.BinaryField()
    epoch = models.BigIntegerField(_("epoch"))
    counter = models.BigIntegerField(_("counter"), null=True)
    at = models.DateTimeField(_("stored"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="conversations_event_one_seq"),
            models.UniqueConstraint(fields=["did", "client_id"], name="conversations_event_once"),
            models.UniqueConstraint(
                fields=["conversation", "epoch", "did", "counter"],
                condition=Q(kind="message"),
                name="conversations_event_one_counter",
            ),
            models.UniqueConstraint(
                fields=["conversation", "epoch"], condition=Q(kind="record"), name="conversations_event_one_record"
            ),
            models.CheckConstraint(
                condition=Q(kind="message", counter__isnull=False) | Q(kind="record", counter__isnull=True),
                name="conversations_event_counter_of_message",
            ),
        ]
        indexes = [models.Index(fields=["uid", "at"], name="conversations_event_of_person")]

    def __str__(self) -> str:
        return f"{self.conversation_id.hex} {self.seq}"


class ConversationDevice(models.Model):
    """The counter that the next message of a device must have in an epoch (protocol section 14)."""

    conversation = models.ForeignKey(
        Conversation,
        models.PROTECT,
        related_name="devices",
        db_column="cid",
        db_index=False,
        verbose_name=_("conversation"),
    )
    epoch = models.BigIntegerField(_("epoch"))
    did = models.UUIDField(_("browser"))
    next_counter = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("device in a conversation")
        verbose_name_plural = _("devices in conversations")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "epoch", "did"], name="conversations_one_chain_a_device")
        ]

    def __str__(self) -> str:
        return f"{self.did.hex} {self.next_counter}"


class Cursor(models.Model):
    """Up to where a device has stored a conversation. A hint for retention; nothing is delivered by it."""

    conversation = models.ForeignKey(
        Conversation,
        models.PROTECT,
        related_name="cursors",
        db_column="cid",
        db_index=False,
        verbose_name=_("conversation"),
    )
    did = models.UUIDField(_("browser"))
    upto = models.BigIntegerField(_("received up to"))

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "did"], name="conversations_one_cursor_a_device")
        ]

    def __str__(self) -> str:
        return f"{self.did.hex} {self.upto}"


class Attachment(models.Model):
    """A blob (protocol section 9): announced, then parts of it, then whole. The event that a post claimed it for is
    named as that post names itself, for it is claimed before the event is stored.
    """

    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="attachments", db_column="cid", verbose_name=_("conversation")
    )
    blob_id = models.UUIDField(_("number by the sender"))
    uid = models.UUIDField(_("sender"))
    did = models.UUIDField(_("browser"))
    size = models.BigIntegerField(_("size (bytes)"))
    sha256 = models.BinaryField(max_length=32)
    parts = models.IntegerField(_("parts"), default=0)
    is_whole = models.BooleanField(_("complete"), default=False)
    event_did = models.UUIDField(null=True)
    event_client_id = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(_("sent"), null=True)
    at = models.DateTimeField(_("begun"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "blob_id"], name="conversations_attachment_once"),
            models.CheckConstraint(
                condition=Q(claimed_at=None, event_did=None, event_client_id=None)
                | Q(claimed_at__isnull=False, event_did__isnull=False, event_client_id__isnull=False),
                name="conversations_attachment_claim_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["uid", "at"], name="conversations_attachment_of"),
            models.Index(fields=["claimed_at", "at"], name="conversations_attachment_age"),
        ]

    def __str__(self) -> str:
        return self.blob_id.hex
