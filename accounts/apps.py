"""The app of people: accounts, sessions, second factors, the directory."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from accounts import checks, receivers, retention  # noqa: F401
        from chatproject.lib.retention import purges

        autodiscover_modules("admin")
        purges["accounts"] = retention.purge
