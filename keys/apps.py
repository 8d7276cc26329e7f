"""The app of public keys: devices, bundles, the transparency log, prekeys."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KeysConfig(AppConfig):
    name = "keys"
    verbose_name = _("Keys")

    def ready(self) -> None:
        from chatproject.lib.retention import purges
        from keys import checks, retention, watching  # noqa: F401  (checks registers itself)

        watching.connect()
        purges["keys"] = retention.purge
