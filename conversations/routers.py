"""Keeps the conversations in the alias of the messages and lets no relation cross over."""

from typing import Any

from django.conf import settings
from django.db.models import Model

APP = "conversations"


class MessagesRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return settings.MESSAGES_ALIAS if model._meta.app_label == APP else None

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return settings.MESSAGES_ALIAS if model._meta.app_label == APP else None

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        return None if (obj1._meta.app_label == APP) == (obj2._meta.app_label == APP) else False

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        if app_label == APP:
            return db == settings.MESSAGES_ALIAS
        return False if db == settings.MESSAGES_ALIAS != "default" else None
