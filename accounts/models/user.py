"""A person with an account, and the named reads of the directory."""

import os
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.words import DirectoryWord
from accounts.names import (
    DISPLAY_NAME_MAX_CHARS,
    NAME_MAX_CHARS,
    NAME_PATTERN,
    clean_display_name,
    fold_name,
    search_words,
)


def random_uid() -> uuid.UUID:
    """16 random bytes (protocol section 1): unlike a version 4 UUID, no bit is fixed."""
    return uuid.UUID(bytes=os.urandom(16))


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def administrators(self) -> Self:
        return self.active().filter(is_superuser=True)

    def by_uids(self, uids: Iterable[uuid.UUID]) -> Self:
        return self.filter(uid__in=list(uids)).order_by("name")

    def directory(self, *, typed: str = "", after: str = "") -> Self:
        """Active people in order of name, beyond `after`, of whom each typed word is a prefix of some word."""
        people = self.active().order_by("name")
        if after:
            people = people.filter(name__gt=after)
        for prefix in search_words(typed):
            people = people.filter(uid__in=DirectoryWord.objects.starting_with(prefix).values("user_id"))
        return people


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def administrators(self) -> UserQuerySet:
        return self.get_queryset().administrators()

    def by_uids(self, uids: Iterable[uuid.UUID]) -> UserQuerySet:
        return self.get_queryset().by_uids(uids)

    def directory(self, *, typed: str = "", after: str = "") -> UserQuerySet:
        return self.get_queryset().directory(typed=typed, after=after)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(name=fold_name(username or ""))

    def create_user(self, name: str, password: str | None = None, display_name: str = "", **fields: Any) -> "User":
        name = fold_name(name)
        user = self.model(name=name, display_name=clean_display_name(display_name) or name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        DirectoryWord.objects.put_words(user)
        return user

    def create_superuser(self, name: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(name, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django-otp has no types
    uid = models.UUIDField(primary_key=True, default=random_uid, editable=False)
    name = models.CharField(_("user name"), max_length=NAME_MAX_CHARS, unique=True)
    display_name = models.CharField(_("name shown"), max_length=DISPLAY_NAME_MAX_CHARS)
    email = models.EmailField(_("e-mail"), blank=True)
    email_proved = models.BooleanField(default=False, db_default=False, editable=False)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)
    bundle_version = models.PositiveIntegerField(_("version of the keys"), null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "name"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(condition=models.Q(name__regex=NAME_PATTERN), name="accounts_user_name_grammar"),
            models.CheckConstraint(condition=~models.Q(display_name=""), name="accounts_user_display_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name
