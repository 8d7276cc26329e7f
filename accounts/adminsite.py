"""The administration's one site object. Only staff with a full login get in, through the ordinary log-in page."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.views import redirect_to_login
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.services.login import log_out
from accounts.services.sessions import full_login

# Django lets querysets name their model in square brackets, admin classes not yet.
if not hasattr(ModelAdmin, "__class_getitem__"):
    ModelAdmin.__class_getitem__ = classmethod(lambda cls, _model: cls)  # type: ignore[attr-defined]


class PlainAdmin(ModelAdmin):  # type: ignore[type-arg]
    """The base of every page here: no bulk actions, and none of Django's jQuery, which makes markup of strings and is
    therefore refused by the policy of every page (chatproject.middleware).
    """

    actions = None
    show_full_result_count = False

    @property
    def media(self) -> Media:
        return Media()


class VerifiedStaffSite(AdminSite):
    site_title = site_header = _("Administration")
    index_title = _("What the server keeps")
    site_url = "/chat/"

    def has_permission(self, request: HttpRequest) -> bool:
        user = full_login(request.session)
        return user is not None and user.is_staff

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if full_login(request.session) is not None:
            return redirect("accounts:welcome")
        return redirect_to_login(reverse("admin:index"), reverse("accounts:log-in"))

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            log_out(request=request)
        return redirect("accounts:welcome")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one place for it, which counts wrong tries, ends the other sessions and tells the person."""
        return redirect("accounts:account-password")

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("accounts:account")


site = VerifiedStaffSite(name="admin")
