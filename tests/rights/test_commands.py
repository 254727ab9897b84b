"""Every command × every role × own and foreign legal entity: those that act for a person ask that person's rights.

A new command without a row here fails the first test.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from governance.roles import ROLE_RIGHTS, Right, Role
from tests.rights.firm import Firm, undone

R = Right
BY: dict[str, tuple[Right, Callable[[Firm], list[str]]]] = {  # commands that act for a person: right and words
    "run_route": (R.RESUBMIT, lambda firm: [firm.route.slug]),
    "resubmit": (R.RESUBMIT, lambda firm: [str(firm.item.number), "--reason", "agreed", "--yes"]),
    "connections": (R.EDIT_CONFIGURATION, lambda firm: ["test", firm.connection.slug]),
    "config": (R.EDIT_CONFIGURATION, lambda firm: []),
    "transactions": (R.VIEW, lambda firm: []),
}
OPERATORS = {  # commands of whoever holds the machine: they need the hub's own account there, and name nobody
    "audit", "backup", "restore", "doctor", "first_run", "load_demo", "main_job", "prepare", "rotate_keys", "vouch",
    "write_canonical_page", "formulas",
}  # fmt: skip


def test_every_command_has_a_row() -> None:
    there = {
        path.stem
        for path in settings.BASE_DIR.glob("*/management/commands/*.py")
        if not path.stem.startswith("_") and ".venv" not in path.parts
    }
    assert there == BY.keys() | OPERATORS


def answer(name: str, *words: str) -> str:
    """Give a command, undo it, and return what it refuses; "" where it does not."""
    with undone():
        try:
            call_command(name, *words)
        except CommandError as error:
            return str(error)
        except SystemExit:
            return ""
    return ""


REFUSALS = ("You need the right", "There is no route", "There is no connection", "There is no open work item")


@pytest.mark.parametrize("name", [name for name in BY if name not in ("transactions", "config")])
def test_command_asks_the_rights_of_whom_it_names(firm: Firm, name: str, monkeypatch: Any) -> None:
    from tests.rights.test_verbs import quiet

    quiet(monkeypatch)
    right, words = BY[name]
    wrong = []
    for role in Role:
        for where, who in (("own", firm.own), ("foreign", firm.foreign)):
            said = answer(name, *words(firm), "--by", who[role].get_username())
            refused = any(each in said for each in REFUSALS)
            if refused == (where == "own" and right in ROLE_RIGHTS[role]):
                wrong.append(f"{name} {role} {where}: {said or 'done'}")
    assert wrong == []


def test_configuration_is_applied_by_who_may_edit_it(firm: Firm, tmp_path: Path) -> None:
    place = tmp_path / "firm" / "legal_entities"
    place.mkdir(parents=True)
    (place / "HP-DE.yaml").write_text("code: HP-DE\nname: Another name\ncountry: DE\ncurrency: EUR\n")
    wrong = []
    for role in Role:
        for where, who in (("own", firm.own), ("foreign", firm.foreign)):
            said = answer("config", "apply", str(place.parent), "--yes", "--by", who[role].get_username())
            if ("mistake" in said) == (where == "own" and R.EDIT_CONFIGURATION in ROLE_RIGHTS[role]):
                wrong.append(f"{role} {where}: {said or 'done'}")
    assert wrong == []


def test_totals_count_what_the_named_person_sees(firm: Firm, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("transactions", "--json", "--by", firm.own[Role.VIEWER].get_username())
    own = capsys.readouterr().out
    call_command("transactions", "--json", "--by", firm.foreign[Role.VIEWER].get_username())
    assert capsys.readouterr().out != own
