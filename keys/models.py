"""Rows of public keys.

Bundles, leaves and heads are only ever added; devices end by `removed_at`; prekeys are used up.
"""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from keys import formats


class DeviceQuerySet(models.QuerySet["Device"]):
    def active(self) -> "DeviceQuerySet":
        return self.filter(removed_at=None)


class Device(models.Model):
    """One browser's key set, as the owner's last bundle lists it."""

    MAX_MS = 2**63 - 1  # the largest time a column holds; larger ones are kept as this

    did = models.UUIDField(primary_key=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="devices", verbose_name=_("owner"))
    ds_pub = models.BinaryField(max_length=32)
    dk_pub = models.BinaryField(max_length=32)
    added_ms = models.BigIntegerField(_("added (ms)"))
    removed_at = models.DateTimeField(_("removed"), null=True)
    # Coarse, such as "Firefox, Linux": of the browser that published the bundle which listed the device first.
    browser = models.CharField(_("browser"), max_length=40, blank=True, default="", db_default="")
    # The highest one-time prekey id ever taken in: a used id never comes back (protocol section 5).
    opk_max_id = models.BigIntegerField(default=0)
    # The highest write of the browser's keyring that it told of: an older copy of the browser has less (section 10).
    write_no = models.BigIntegerField(default=0)

    objects = DeviceQuerySet.as_manager()
    prekeys: "PrekeyQuerySet"

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return self.did.hex


class BundleQuerySet(models.QuerySet["Bundle"]):
    def above(self, version: int) -> "BundleQuerySet":
        """Versions above this one, oldest first."""
        return self.filter(version__gt=version).order_by("version")

    def newest(self) -> "Bundle | None":
        return self.order_by("-version").first()


class Bundle(models.Model):
    """One signed version of who owns which devices. Never changed, never deleted while the person exists."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="bundles", verbose_name=_("owner"))
    version = models.BigIntegerField(_("version"))
    blob = models.BinaryField()
    bundle_hash = models.BinaryField(max_length=32)

    objects = BundleQuerySet.as_manager()

    class Meta:
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "version"], name="keys_bundle_owner_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="keys_bundle_version_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.owner_id}:{self.version}"


class LogState(models.Model):
    """The one row that every append locks first; its size is the next leaf's index."""

    ONLY = 1

    size = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="keys_logstate_one_row")]

    def __str__(self) -> str:
        return str(self.size)


class LogLeaf(models.Model):
    index = models.BigIntegerField(_("index"), unique=True)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    bundle = models.OneToOneField(Bundle, models.PROTECT, null=True, related_name="leaf", verbose_name=_("bundle"))

    class Meta:
        verbose_name = _("log leaf")
        verbose_name_plural = _("log leaves")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(index__gte=0), name="keys_logleaf_index_from_0")]

    def __str__(self) -> str:
        return str(self.index)


class KeyChange(models.Model):
    """A leaf that brings another log key, taken apart: from the next size on heads are signed with `new_pub`."""

    leaf = models.OneToOneField(LogLeaf, models.PROTECT, related_name="key_change", to_field="index")
    old_pub = models.BinaryField(max_length=32)
    new_pub = models.BinaryField(max_length=32)
    leaf_id: int

    def __str__(self) -> str:
        return f"log key from leaf {self.leaf_id} on"


class LogNode(models.Model):
    """The hash of one complete subtree (see `log.py`); level 0 are the leaf hashes."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    value = models.BinaryField(max_length=32)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["level", "index"], name="keys_lognode_block")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LogHead(models.Model):
    """A signed head; all are kept, the newest is what the log vouches for."""

    size = models.BigIntegerField(_("size"))
    root = models.BinaryField(max_length=32)
    ts_ms = models.BigIntegerField(_("signed (ms)"))
    sig = models.BinaryField(max_length=64)

    class Meta:
        verbose_name = _("log head")
        verbose_name_plural = _("log heads")

    def __str__(self) -> str:
        return f"{self.size} @ {self.ts_ms}"


class PrekeyQuerySet(models.QuerySet["Prekey"]):
    def signed(self) -> "PrekeyQuerySet":
        """SPKs, newest first."""
        return self.filter(kind=Prekey.Kind.SPK).order_by("-prekey_id")

    def one_time(self) -> "PrekeyQuerySet":
        """OPKs, oldest first."""
        return self.filter(kind=Prekey.Kind.OPK).order_by("prekey_id")

    def unexpired(self, now_ms: int) -> "PrekeyQuerySet":
        return self.filter(not_after_ms__gte=now_ms)


class Prekey(models.Model):
    class Kind(models.IntegerChoices):
        SPK = formats.SPK, "SPK"
        OPK = formats.OPK, "OPK"

    device = models.ForeignKey(Device, models.CASCADE, related_name="prekeys", verbose_name=_("device"))
    kind = models.PositiveSmallIntegerField(_("kind"), choices=Kind)
    prekey_id = models.BigIntegerField(_("id"))
    blob = models.BinaryField()
    sig = models.BinaryField(max_length=64)
    not_after_ms = models.BigIntegerField(_("valid until (ms)"))

    objects = PrekeyQuerySet.as_manager()
    device_id: UUID

    class Meta:
        verbose_name = _("prekey")
        verbose_name_plural = _("prekeys")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "kind", "prekey_id"], name="keys_prekey_device_kind_id"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.prekey_id}"
