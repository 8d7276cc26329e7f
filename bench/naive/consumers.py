"""The chat of the Channels tutorial, with one line that stores the message."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from bench.naive.models import Message


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        if not self.scope["user"].is_authenticated:
            return await self.close()
        self.room = self.scope["url_route"]["kwargs"]["room"]
        self.group = f"chat_{self.room}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        if hasattr(self, "group"):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str = "", bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data)
        await self.save(frame)
        message = {"id": frame["id"], "body": frame["body"], "from": self.scope["user"].username}
        await self.channel_layer.group_send(self.group, {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(event["message"]))

    @database_sync_to_async
    def save(self, frame: dict[str, Any]) -> None:
        author = self.scope["user"]
        Message.objects.create(room=self.room, author=author, client_id=frame["id"], body=frame["body"])
