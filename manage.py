#!/usr/bin/env python
"""Operators' door: `manage.py help` lists the commands."""

import sys

from chatproject import env


def main() -> None:
    env.default_settings_module()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
