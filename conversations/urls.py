"""The page of the chat."""

from django.urls import path

from conversations import views

app_name = "conversations"
urlpatterns = [path("chat/", views.chat, name="chat")]
