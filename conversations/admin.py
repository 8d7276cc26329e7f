"""What staff may see of the mail: addresses, numbers, times and sizes. Nothing can be changed, no blob is fetched."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.adminsite import PlainAdmin, site
from conversations.models import Attachment, Conversation, Cursor, Event

SHORT = 8  # digits of an id in a list; the page of a row shows all


def short(field: str, label: Any) -> Callable[[Model], str]:
    """A column with the beginning of an id."""

    @admin.display(description=label, ordering=field)
    def column(row: Model) -> str:
        return str(getattr(row, field))[:SHORT]

    column.__name__ = field
    return column


class MetadataAdmin(PlainAdmin):
    """Read only."""

    list_per_page = 50
    show_full_result_count = False  # counting many rows twice takes seconds

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Conversation, site=site)
class ConversationAdmin(MetadataAdmin):
    list_display = [
        *(short("cid", _("number")), short("uid_lo", _("one person")), short("uid_hi", _("other person"))),
        *("seq", "epoch", "started_at", "updated_at"),
    ]
    fields = ["cid", "uid_lo", "uid_hi", "seq", "epoch", "started_at", "updated_at"]
    search_fields = ["=cid", "=uid_lo", "=uid_hi"]
    ordering = ["-updated_at"]


@admin.register(Event, site=site)
class EventAdmin(MetadataAdmin):
    list_display = [
        *(short("conversation_id", _("conversation")), "seq", "kind"),
        *(short("uid", _("sender")), short("did", _("browser")), "size", "at"),
    ]
    fields = ["conversation", "seq", "kind", "uid", "did", "client_id", "epoch", "counter", "size", "at"]
    list_filter = ["kind"]
    search_fields = ["=conversation__cid", "=uid", "=did"]
    ordering = ["-pk"]  # the latest first, by an index: there may be very many

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        events: QuerySet[Event] = super().get_queryset(request)
        return events.defer("blob", "sha256").annotate(size=Length("blob"))

    @admin.display(description=_("size (bytes)"))
    def size(self, event: Any) -> int:
        return int(event.size)


@admin.register(Cursor, site=site)
class CursorAdmin(MetadataAdmin):
    list_display = [short("conversation_id", _("conversation")), short("did", _("browser")), "upto"]
    fields = ["conversation", "did", "upto"]
    search_fields = ["=conversation__cid", "=did"]


@admin.register(Attachment, site=site)
class AttachmentAdmin(MetadataAdmin):
    list_display = [
        *(short("conversation_id", _("conversation")), short("uid", _("sender")), short("did", _("browser"))),
        *("size", "parts", "is_whole", "at", "claimed_at"),
    ]
    fields = ["conversation", "blob_id", "uid", "did", "size", "parts", "is_whole", "at", "claimed_at"]
    list_filter = ["is_whole"]
    search_fields = ["=conversation__cid", "=uid", "=did"]
    ordering = ["-at"]
