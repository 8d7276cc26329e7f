"""Every command of ours explains itself, and the guide for operators knows it."""

from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class

from tests.sources import ROOT

OURS = {name: app for name, app in get_commands().items() if (ROOT / app).is_dir() and apps.is_installed(app)}
BY_VERB = {"serve": "llave serve", "prepare": "llave migrate"}  # the image's own words for them
PART_OF_ANOTHER = {"compile_words"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_command_explains_itself_and_its_options(name):
    parser = load_command_class(OURS[name], name).create_parser("manage.py", name)
    text = parser.format_help()
    assert parser.description
    assert all(action.help for action in parser._actions), text


@pytest.mark.parametrize("name", sorted(set(OURS) - PART_OF_ANOTHER))
def test_the_guide_knows_a_command(name):
    guide = Path(ROOT, "docs/operations.md").read_text()
    assert f"| `{BY_VERB.get(name, f'llave manage {name}')}" in guide
