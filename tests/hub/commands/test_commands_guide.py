"""The operator's guide names every command, and every command says what it takes to somebody new."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands, load_command_class

SECTION = re.compile(r"^## Commands$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def ours() -> dict[str, str]:
    """Return the hub's own commands with their applications."""
    base = Path(settings.BASE_DIR)
    own = {config.name for config in apps.get_app_configs() if Path(config.path).parent == base}
    return {name: app for name, app in get_commands().items() if app in own}


def test_operators_guide_names_every_command() -> None:
    text = (settings.BASE_DIR / "docs" / "operator.md").read_text()
    (section,) = SECTION.findall(text)
    named = set(re.findall(r"`(\w+)", section))
    assert sorted(ours().keys() - named) == []
    assert {"config", "run_route", "resubmit", "connections", "audit", "doctor"} <= ours().keys()


@pytest.mark.parametrize("name", sorted(ours()))
def test_command_says_what_it_is_for(name: str) -> None:
    command = load_command_class(ours()[name], name)
    assert len(command.help) > 30
    told = command.create_parser("manage.py", name).format_help()
    assert " ".join(command.help.split()[:5]) in " ".join(told.split())
    silent = [action.dest for action in command.create_parser("manage.py", name)._actions
              if not action.help and not action.choices]  # fmt: skip
    assert silent == []
