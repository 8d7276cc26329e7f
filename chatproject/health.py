"""Two questions that probes ask: is the process alive, and can it serve."""

import asyncio
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from chatproject.lib import bridge, readiness

PROBES = ("/healthz", "/readyz")
ANSWER_SECONDS = 2.0  # probes give up after 4 or 5
_migrated: set[str] = set()  # aliases once found up to date; older code on a newer schema is up to date too


class ProbesByAddress:
    """Probes come by address: on these two paths the name in the Host header counts for nothing, unless a proxy
    passed them on.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path_info in PROBES and not _is_from_outside(request):
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        return self.get_response(request)


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200; Http404 for whoever asks through a proxy."""
    _refuse_outside(request)
    return HttpResponse("ok", content_type="text/plain")


@require_safe
async def ready(request: HttpRequest) -> JsonResponse:
    """200 when every database answers and is migrated and the process is not about to end, 503 otherwise; names what
    failed. What only makes it slower (the channel layer) is named in `degraded` and keeps nobody away. Http404 for
    whoever asks through a proxy.
    """
    _refuse_outside(request)
    answers = await asyncio.gather(*(_answers_in_time(alias) for alias in settings.DATABASES))
    failed = [alias for alias, answered in zip(settings.DATABASES, answers, strict=True) if not answered]
    failed += await _unanswered(readiness.needed)
    degraded = await _unanswered(readiness.helpful)
    body = {"ready": not failed, "failed": failed, "degraded": degraded}
    return JsonResponse(body, status=503 if failed else 200)


def _refuse_outside(request: HttpRequest) -> None:
    if _is_from_outside(request):
        raise Http404


def _is_from_outside(request: HttpRequest) -> bool:
    """A proxy says for whom it asks. Those who probe ask for themselves."""
    return settings.TRUSTED_PROXY_COUNT > 0 and "X-Forwarded-For" in request.headers


async def _unanswered(questions: dict[str, readiness.Question]) -> list[str]:
    return [name for name, ask in questions.items() if not await ask()]


async def _answers_in_time(alias: str) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await bridge.run(_answers, alias)
    except (TimeoutError, OperationalError):
        return False


def _answers(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
        return _is_migrated(alias)
    except Exception:
        return False


def _is_migrated(alias: str) -> bool:
    if alias not in _migrated:
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add(alias)
    return True
