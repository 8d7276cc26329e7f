"""Addresses below /api/conversations/."""

from django.urls import path

from conversations import api

app_name = "conversations-api"
urlpatterns = [
    path("", api.conversations, name="conversations"),
    path("<str:cid>/events/", api.events, name="events"),
]
