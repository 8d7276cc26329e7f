"""The only place that writes mails to people. A mail never says more than the person needs: no names, no addresses of
others.
"""

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.template import Context, Engine
from django.utils import translation

from accounts.models import User

logger = logging.getLogger(__name__)


def send_code(*, user: User, address: str, code: str) -> None:
    _send(user, address, "code", {"code": code})


def send_notice(*, user: User, event: str) -> None:
    """Tells a person about a change of their account; `event` names a template in templates/accounts/mail/."""
    if user.email:
        _send(user, user.email, event, {})


def _send(user: User, address: str, template: str, words: dict[str, str]) -> None:
    with translation.override(user.language or translation.get_language() or settings.LANGUAGE_CODE):
        context = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "person": user, **words}
        text = _text(template, context)
    subject, _blank, body = text.partition("\n")
    try:
        send_mail(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [address])
    except OSError as error:  # its text may quote the address
        logger.error("A mail could not be sent: %s", type(error).__name__)


def _text(template: str, context: dict[str, object]) -> str:
    """Plain text: nothing is escaped for HTML, because there is none."""
    engine = Engine.get_default()
    return engine.get_template(f"accounts/mail/{template}.txt").render(Context(context, autoescape=False)).strip()
