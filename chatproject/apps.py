from django.apps import AppConfig


class ChatProjectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject import checks, watching  # noqa: F401
        from chatproject.lib import durable

        durable.connect()
        watching.connect()
