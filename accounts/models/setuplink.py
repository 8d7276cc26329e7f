"""The one-time link with which the first administrator signs up."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class SetupLinkQuerySet(models.QuerySet["SetupLink"]):
    def usable(self) -> Self:
        return self.filter(used_at=None, expires_at__gt=timezone.now())


class SetupLink(models.Model):
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = SetupLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"
