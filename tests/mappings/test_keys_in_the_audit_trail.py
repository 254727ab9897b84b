"""The audit trail names rows of tables by their keys, and a key that names a person only to who may see people."""

from datetime import date

import pytest

from governance import audit, discreet
from governance.actor import ENGINE
from governance.models import AuditEntry, User
from governance.rights import Role
from mappings.ending import end_row
from mappings.models import TableRow
from mappings.tables import NewRow, add_rows, create_table, withdraw_rows
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import person

pytestmark = pytest.mark.django_db
WHY = "moved to another team"
ROWS, PAGE = "mappings.tablerow", "/admin/governance/auditentry/"


@pytest.fixture
def olga() -> User:
    """Return an operator, who sees neither people nor pay."""
    return person("Olga Petrenko", Role.OPERATOR)


def written(column: str, key: str) -> TableRow:
    """Let a row be added, ended and withdrawn; return it."""
    title = f"Centers of {column}"
    table = create_table(name=column, title=title, key_columns=[column], value_columns={"b": "text"}, by=ENGINE)
    row = add_rows(table, [NewRow((key,), {"b": "y"})], by=ENGINE, reason=f"for {key}").in_force[0]
    row = end_row(table, row.pk, last_day=date(2030, 1, 31), by=ENGINE, reason=WHY)
    return withdraw_rows(table, [row.pk], by=ENGINE, reason=WHY)[0]


def earlier(row: TableRow, number: str = "") -> None:
    """Write an entry as an earlier release did: without the key by column."""
    thing = (ROWS, number or str(row.pk), f"{row.table}: {row}")
    audit.record(by=ENGINE, verb="end", thing=thing, after={"valid_to": "2029-12-31"}, reason=WHY)


def names(by: User) -> list[str]:
    return sorted(each.thing_name for each in discreet.covered(AuditEntry.objects.filter(thing_kind=ROWS), by))


def found(by: User, text: str) -> int:
    entries = AuditEntry.objects.filter(thing_kind=ROWS, thing_name__icontains=text)
    return discreet.told_by_name(entries, text, by).count()


def test_key_that_names_a_person_is_covered_as_on_the_tables_page(olga: User) -> None:
    rows = [written("worker_name", "Fiona Mackay"), written("place", "Glasgow")]
    root = person("Rosa Root", is_superuser=True)
    assert (found(root, "Mackay"), found(olga, "Mackay"), found(olga, "Glasgow")) == (3, 0, 3)
    for each in rows:
        earlier(each)
    assert names(root) == 4 * ["Centers of place: Glasgow"] + 4 * ["Centers of worker_name: Fiona Mackay"]
    assert names(olga) == 4 * ["Centers of place: Glasgow"] + 4 * ["Centers of worker_name: •••"]
    assert (found(root, "Mackay"), found(olga, "Mackay"), found(olga, "Glasgow")) == (4, 0, 3)
    assert "Mackay" not in str([each.after for each in discreet.covered(AuditEntry.objects.all(), olga)])
    client = signed_in(olga)
    for page in ("", *(f"{each.pk}/change/" for each in AuditEntry.objects.filter(thing_kind=ROWS))):
        assert "Mackay" not in text_of(client.get(f"{PAGE}{page}"))


def test_key_of_a_row_that_is_gone_is_covered_whatever_it_was(olga: User) -> None:
    row = written("place", "Glasgow")
    earlier(row, "987654")
    assert names(olga) == 3 * ["Centers of place: Glasgow"] + ["Centers of place: •••"]
