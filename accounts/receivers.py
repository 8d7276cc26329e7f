"""What happens at every log-in, whoever calls Django's `login`: the session gets its row."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.services.sessions import begin_session


@receiver(user_logged_in, sender=User)
def give_the_session_its_row(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    begin_session(session=request.session, user=user, browser=request.META.get("HTTP_USER_AGENT", ""))
