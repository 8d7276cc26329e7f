"""The one page of the chat. Everything in it happens in the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe


@require_safe
@never_cache
@ensure_csrf_cookie
def chat(request: HttpRequest) -> HttpResponse:
    """Behind the full login, by `accounts.middleware.FullLoginRequired`."""
    return render(request, "conversations/chat.html")
