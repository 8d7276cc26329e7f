"""People in the administration: what is known about them, never what they know. Two switches, nothing else can be
changed.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import events, services
from accounts.adminsite import PlainAdmin, site
from accounts.models import User
from accounts.names import fold_name
from accounts.services.enrol import confirmed_factors


@admin.register(User, site=site)
class PersonAdmin(PlainAdmin):
    list_display = ("name", "display_name", "is_active", "is_staff", "joined_at", "bundle_version")
    list_filter = ("is_active", "is_staff", "joined_at")
    search_fields = ("name",)
    search_help_text = _("The beginning of a user name")
    ordering = ("name",)
    fields = (
        "uid",
        "name",
        "display_name",
        "email",
        "language",
        "joined_at",
        "bundle_version",
        "second_steps",
        "is_active",
        "is_staff",
    )
    readonly_fields = fields[:-2]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        prefix = fold_name(search_term)
        if not prefix:
            return queryset, False
        return queryset.filter(name__startswith=prefix), False

    @admin.display(description=_("second steps"))
    def second_steps(self, user: User) -> str:
        """Kind and day only; a factor's secrets have no way into a page."""
        return ", ".join(f"{factor.title} ({factor.created_at:%Y-%m-%d})" for factor in confirmed_factors(user))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        events.warn("administered", uid=obj.pk, by=_uid(request), fields=",".join(form.changed_data))
        if "is_active" in form.changed_data:
            services.set_active(user=obj, active=obj.is_active)
        if "is_staff" in form.changed_data:
            services.set_staff(user=obj, staff=obj.is_staff)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Administrators only: staff look. Nobody changes themselves, so that nobody locks the last one out."""
        me = request.user
        return isinstance(me, User) and me.is_superuser and (obj is None or obj.pk != me.pk)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


def _uid(request: HttpRequest) -> str:
    return request.user.uid.hex if isinstance(request.user, User) else "-"
