#!/usr/bin/env python
"""Operators' door: `manage.py help` lists the commands."""

import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from chatproject import env


def main() -> None:
    env.default_settings_module()
    if needs_no_secret(sys.argv[1:]):
        env.throw_away_secrets()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def needs_no_secret(words: list[str]) -> bool:
    """Where the private key of backups lies, there is no installation."""
    return words[:1] == ["verify_backup"] or (words[:1] == ["backup"] and "--make-key" in words)


if __name__ == "__main__":
    main()
