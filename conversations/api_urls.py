"""Addresses below /api/conversations/."""

from django.urls import path

from conversations import api
from conversations.attachments import api as attachments

app_name = "conversations-api"
urlpatterns = [
    path("", api.conversations, name="conversations"),
    path("heads/", api.heads, name="heads"),
    path("<str:cid>/events/", api.events, name="events"),
    path("<str:cid>/ack/", api.ack, name="ack"),
    path("<str:cid>/blobs/", attachments.blobs, name="blobs"),
    path("<str:cid>/blobs/<str:blob>/", attachments.blob, name="blob"),
    path("<str:cid>/blobs/<str:blob>/<int:number>/", attachments.part, name="blob-part"),
]
