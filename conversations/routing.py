"""The one door for sockets: /ws/. Everything else is refused before it is accepted."""

from typing import Any

from conversations.baseconsumer import Receive, Send
from conversations.consumers import ChatConsumer
from conversations.socketauth import log_rejection

SOCKET_PATH = "/ws/"


def application_for_websockets() -> Any:
    """The ASGI application for scopes of type `websocket`."""
    chat = ChatConsumer.as_asgi()

    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["path"] == SOCKET_PATH:
            return await chat(scope, receive, send)
        log_rejection("path")
        await send({"type": "websocket.close"})

    return application
