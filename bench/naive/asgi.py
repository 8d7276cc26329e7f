from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

pages = get_asgi_application()

from bench.naive.consumers import ChatConsumer  # noqa: E402  its models need the apps

sockets = URLRouter([path("ws/chat/<room>/", ChatConsumer.as_asgi())])
application = ProtocolTypeRouter({"http": pages, "websocket": AuthMiddlewareStack(sockets)})
