from django.apps import AppConfig


class ChatProjectConfig(AppConfig):
    name = "chatproject"

    def ready(self) -> None:
        from chatproject import checks, watching  # noqa: F401

        watching.connect()
