"""Own loop in the consumer, an in-process table of connections, one JSON parameter a batch. Uses `bench.naive`'s tables
and sessions; no membership, idempotency, sequence or limits.
"""

import asyncio
import json
from collections import defaultdict
from typing import Any

import psycopg
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

MAX_BATCH = 100
INSERT = """
INSERT INTO naive_message (room, author_id, client_id, body, sent_at)
SELECT w.room, w.author, w.id, w.body, now()
FROM json_to_recordset(%s::json) AS w(room text, author bigint, id text, body text)"""

pages = get_asgi_application()
connected: defaultdict[str, list["Consumer"]] = defaultdict(list)


class Writer:
    """Rows that wait while a batch commits are the next batch."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Consumer, dict[str, Any]]] = []
        self._task: asyncio.Task[None] | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None

    def add(self, consumer: "Consumer", frame: dict[str, Any]) -> None:
        self._waiting.append((consumer, frame))
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        if self._connection is None:
            given = settings.DATABASES["default"]
            address = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"], "dbname": given["NAME"]}
            self._connection = await psycopg.AsyncConnection.connect(**address, autocommit=True)
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            rows = [{"room": frame["to"], "author": consumer.pk, **frame} for consumer, frame in batch]
            await self._connection.execute(INSERT, (json.dumps(rows),), prepare=True)
            for consumer, frame in batch:
                await consumer.send_text(json.dumps({"id": frame["id"]}))
                news = json.dumps({"id": frame["id"], "body": frame["body"], "from": consumer.name})
                for other in connected[frame["to"]]:
                    await other.send_text(news)
        self._task = None


writer = Writer()


class Consumer(AsyncWebsocketConsumer):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._send, user = send, scope["user"]
        self.name, self.pk = await asyncio.to_thread(lambda: (user.username, user.pk))
        await receive()
        await send({"type": "websocket.accept"})
        connected[self.name].append(self)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                writer.add(self, json.loads(message["text"]))
        finally:
            connected[self.name].remove(self)

    async def send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})


sockets = URLRouter([path("ws/chat/<room>/", Consumer.as_asgi())])
application = ProtocolTypeRouter({"http": pages, "websocket": AuthMiddlewareStack(sockets)})
