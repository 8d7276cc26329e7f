"""Public keys in the administration: numbers, sizes and times. Nothing can be changed, no blob is shown."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.adminsite import PlainAdmin, site
from keys.models import Bundle, Device, LogHead, LogLeaf, Prekey

PREFIX_BYTES = 8


class ReadOnlyAdmin(PlainAdmin):
    list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Device, site=site)
class DeviceAdmin(ReadOnlyAdmin):
    list_display = fields = ("did", "owner", "added", "removed_at", "one_time_left", "has_signed")
    list_select_related = ("owner",)
    search_fields = ("owner__name__istartswith",)
    ordering = ("-added_ms",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        one_time, signed = Q(prekeys__kind=Prekey.Kind.OPK), Q(prekeys__kind=Prekey.Kind.SPK)
        rows: QuerySet[Device] = super().get_queryset(request).defer("ds_pub", "dk_pub")
        counts = {"one_time": Count("prekeys", filter=one_time), "signed": Count("prekeys", filter=signed)}
        return rows.annotate(**counts)

    @admin.display(description=_("added"), ordering="added_ms")
    def added(self, device: Device) -> datetime:
        return _time(device.added_ms)

    @admin.display(description=_("one-time prekeys"))
    def one_time_left(self, device: Any) -> int:
        return int(device.one_time)

    @admin.display(description=_("signed prekey"), boolean=True)
    def has_signed(self, device: Any) -> bool:
        return bool(device.signed)


@admin.register(Bundle, site=site)
class BundleAdmin(ReadOnlyAdmin):
    list_display = fields = ("owner", "version", "hash_prefix", "size")
    list_select_related = ("owner",)
    search_fields = ("owner__name__istartswith",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bundle]:
        rows: QuerySet[Bundle] = super().get_queryset(request).defer("blob")
        return rows.annotate(octets=Length("blob"))

    @admin.display(description=_("hash"))
    def hash_prefix(self, bundle: Bundle) -> str:
        return _prefix(bundle.bundle_hash)

    @admin.display(description=_("size (bytes)"))
    def size(self, bundle: Any) -> int:
        return int(bundle.octets)


@admin.register(LogLeaf, site=site)
class LogLeafAdmin(ReadOnlyAdmin):
    list_display = fields = ("index", "hash_prefix", "bundle")
    list_select_related = ("bundle",)
    ordering = ("-index",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogLeaf]:
        return super().get_queryset(request).defer("leaf", "bundle__blob")

    @admin.display(description=_("hash"))
    def hash_prefix(self, leaf: LogLeaf) -> str:
        return _prefix(leaf.leaf_hash)


@admin.register(LogHead, site=site)
class LogHeadAdmin(ReadOnlyAdmin):
    list_display = fields = ("size", "root_prefix", "signed")
    ordering = ("-pk",)

    @admin.display(description=_("root"))
    def root_prefix(self, head: LogHead) -> str:
        return _prefix(head.root)

    @admin.display(description=_("signed"), ordering="ts_ms")
    def signed(self, head: LogHead) -> datetime:
        return _time(head.ts_ms)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def _prefix(value: bytes | memoryview) -> str:
    return bytes(value[:PREFIX_BYTES]).hex()
