"""Two questions that probes ask: is the process alive, and can it serve."""

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from chatproject.lib import bridge


@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


async def ready(request: HttpRequest) -> JsonResponse:
    """200 when every database answers, 503 otherwise; names what does not."""
    failed = [alias for alias in settings.DATABASES if not await bridge.run(_answers, alias)]
    return JsonResponse({"ready": not failed, "failed": failed}, status=503 if failed else 200)


def _answers(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return False
    return True
