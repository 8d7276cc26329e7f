"""The only place that writes mails to people. A mail never says more than the person needs: no names, no addresses of
others. It is written at once, and sent beside the request (accounts.mailqueue): nobody is told when that fails, but the
log.
"""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context, Engine
from django.utils import translation

from accounts import mailqueue, throttles
from accounts.models import User


def send_code(*, user: User, address: str, code: str) -> None:
    _send(user, address, "code", {"code": code})


def send_notice(*, user: User, event: str) -> None:
    """Tells a person about a change of their account; `event` names a template in templates/accounts/mail/. To an
    address that was never proved only a few go, whoever gave it: it may be a stranger's.
    """
    if user.email and (user.email_proved or _is_room(user.email)):
        _send(user, user.email, event, {})


def _is_room(address: str) -> bool:
    try:
        throttles.count_recipient(throttles.UNPROVED_NOTICES, address)
    except throttles.TooMany:
        return False
    return True


def _send(user: User, address: str, template: str, words: dict[str, str]) -> None:
    with translation.override(user.language or translation.get_language() or settings.LANGUAGE_CODE):
        context = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "person": user, **words}
        text = _text(template, context)
    subject, _blank, body = text.partition("\n")
    mailqueue.put(EmailMessage(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [address]))


def _text(template: str, context: dict[str, object]) -> str:
    """Plain text: nothing is escaped for HTML, because there is none."""
    engine = Engine.get_default()
    return engine.get_template(f"accounts/mail/{template}.txt").render(Context(context, autoescape=False)).strip()
