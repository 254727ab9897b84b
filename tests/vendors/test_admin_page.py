"""docs/admin.md tells of the demonstration as it is: its people, tables, routes and commands."""

from pathlib import Path

import pytest
from django.core.management import get_commands

from governance.models import LegalEntity
from hub.demonstration import firm, rules, staff, tables
from hub.demonstration.movement import WAYS
from routes.models import Route

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "admin.md").read_text()


@pytest.mark.parametrize("person", staff.STAFF, ids=lambda person: person.user_name)
def test_people_stand_on_the_page_with_their_roles(person: staff.Person) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{person.user_name}` |")]

    assert f"| {person.first_name} {person.last_name} | {person.role.label}" in line
    assert person.legal_entity in line


def test_rules_of_the_firm_and_who_may_work_in_emergency_mode_stand_on_the_page() -> None:
    late = rules.late_entries(LegalEntity(), Route())
    for each in (*rules.routing_rules(), *rules.policies(), late):
        assert any(line.startswith(f"| {each.name} |") for line in PAGE.splitlines()), each.name
    for person in staff.STAFF:
        [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{person.user_name}` |")]
        assert ("Emergency mode" in line) is bool(person.emergency)


def test_tables_routes_and_commands_stand_on_the_page() -> None:
    for table in tables.tables_of(firm.facts()):
        assert f"| `{table.name}`" in PAGE, table.name
    for way in WAYS:
        assert any(line.startswith(f"| {way.name.partition(' from ')[0]} |") for line in PAGE.splitlines()), way.name
    for command in ("load_demo", "main_job"):
        assert command in get_commands()
        assert f"`manage.py {command}`" in PAGE
