"""JSON of accounts."""

from django.urls import path

from accounts import api

app_name = "accounts-api"

urlpatterns = [
    path("me/", api.me, name="me"),
    path("people/", api.people, name="people"),
    path("people/by-uid/", api.people_by_uid, name="people-by-uid"),
    path("names/<str:name>/", api.name_is_free, name="name"),
]
