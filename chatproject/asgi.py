"""The ASGI door: pages by Django, sockets by `conversations`. Wiring only."""

from chatproject import env

env.default_settings_module()

from django.core.asgi import get_asgi_application  # noqa: E402

pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402

from conversations.routing import application_for_websockets  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": application_for_websockets()})
