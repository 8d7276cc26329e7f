"""The words under which people are found: a prefix search that is a range of an index, whatever the number of
people.
"""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import connections, models

from accounts.names import WORD_MAX_CHARS, directory_words

if TYPE_CHECKING:
    from accounts.models.user import User

_ABOVE_EVERY_LETTER = "\U0010ffff"


class DirectoryWordQuerySet(models.QuerySet["DirectoryWord"]):
    def starting_with(self, prefix: str) -> Self:
        """Words with this prefix. SQLite's LIKE cannot use the index, so there the range is written out."""
        if connections[self.db].vendor == "sqlite":
            return self.filter(word__gte=prefix, word__lt=prefix + _ABOVE_EVERY_LETTER)
        return self.filter(word__startswith=prefix)

    def put_words(self, user: "User") -> None:
        """Replaces the words of one person by those of the present names."""
        self.filter(user=user).delete()
        words = directory_words(name=user.name, display_name=user.display_name)
        self.bulk_create([DirectoryWord(user=user, word=word) for word in words])


class DirectoryWord(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory_words")
    word = models.CharField(max_length=WORD_MAX_CHARS)

    objects = DirectoryWordQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "word"], name="accounts_directoryword_once")]
        indexes = [
            models.Index(
                fields=["word", "user"], name="accounts_word_prefix", opclasses=["varchar_pattern_ops", "uuid_ops"]
            )
        ]

    def __str__(self) -> str:
        return self.word
