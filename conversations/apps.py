"""The app of the mail: conversations, events, sockets and bells."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConversationsConfig(AppConfig):
    name = "conversations"
    verbose_name = _("Conversations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from chatproject.lib.retention import purges
        from conversations import receivers, retention, watching

        receivers.connect()
        watching.connect()
        purges["conversations"] = retention.purge
