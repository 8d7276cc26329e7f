"""The product's application, whose sockets live for seconds instead of half a day."""

import os

from chatproject.asgi import application
from conversations import consumers

__all__ = ["application"]
consumers.LIFE_SECONDS = float(os.environ["FAULT_SOCKET_LIFE_SECONDS"])
