"""All doors of the web side. Wiring only."""

from django.conf import settings
from django.urls import include, path

from accounts.adminsite import site
from chatproject import errors, health
from keys import checkpoint

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("log/checkpoint", checkpoint.show, name="log-checkpoint"),
    path("log/key", checkpoint.key, name="log-key"),
    path("log/hashes", checkpoint.hashes, name="log-hashes"),
    path("language/", include("django.conf.urls.i18n")),
    path(f"{settings.ADMIN_PATH}/", site.urls),
    path("api/keys/", include("keys.urls")),
    path("api/conversations/", include("conversations.api_urls")),
    path("api/", include("accounts.api_urls")),
    path("", include("accounts.urls")),
    path("", include("conversations.urls")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
