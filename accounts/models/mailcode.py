"""A code sent by mail: hashed, for one purpose, one login and one address, with a time and a number of tries."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class MailCodeQuerySet(models.QuerySet["MailCode"]):
    def open(self) -> Self:
        """Codes that could still be accepted."""
        return self.filter(used_at=None, tries_left__gt=0, expires_at__gt=timezone.now())

    def take_try(self) -> bool:
        """Uses up one try of the one row of this query, in one statement; False when there is none left."""
        return self.open().update(tries_left=models.F("tries_left") - 1) == 1

    def use_up(self) -> bool:
        """Marks the one row of this query as used, in one statement; only the first caller gets True."""
        return self.filter(used_at=None).update(used_at=timezone.now()) == 1


class MailCode(models.Model):
    class Purpose(models.TextChoices):
        FACTOR = "factor"
        ADDRESS = "address"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_codes")
    purpose = models.CharField(max_length=8, choices=Purpose)
    attempt = models.UUIDField(default=uuid.uuid4)
    address = models.EmailField()
    digest = models.CharField(max_length=64)
    tries_left = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = MailCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "purpose", "attempt"], name="accounts_mailcode_newest_only")
        ]

    def __str__(self) -> str:
        return self.purpose
