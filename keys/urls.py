"""The doors of public keys, under /api/keys/."""

from django.urls import path

from keys import views

app_name = "keys"
urlpatterns = [
    path("publish/", views.publish, name="publish"),
    path("bundles/<uid>/", views.bundles, name="bundles"),
    path("browsers/", views.browsers, name="browsers"),
    path("log/", views.log, name="log"),
    path("prekeys/", views.prekeys, name="prekeys"),
    path("prekeys/fetch/", views.fetch_prekeys, name="fetch-prekeys"),
    path("nonce/", views.nonce, name="nonce"),
    path("write-number/", views.write_number, name="write-number"),
    path("session/", views.session, name="session"),
]
