"""The app of people: accounts, sessions, second factors, the directory."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from accounts import checks, receivers  # noqa: F401

        autodiscover_modules("admin")
