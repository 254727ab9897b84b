"""A sheet of a table whose changes were shown puts nothing aside that came after that."""

import pytest

from governance.rights import Role
from mappings.tables import NewRow, add_rows
from tests.door import MARK
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import person
from tests.hub.test_table_pages import farid, rates

pytestmark = pytest.mark.django_db


def test_sheet_that_was_shown_earlier_puts_nobody_elses_row_aside() -> None:
    table, client = rates(), farid()
    at, typed = f"/tables/{table.pk}/sheets/", {"text": "role,rate\nPartner,300", "reason": "list"}
    mark = dict(MARK.findall(client.post(at, typed).content.decode()))
    other = person("Ida Berg", Role.FINANCE)
    add_rows(table, [NewRow(("Partner",), {"rate": "280"})], by=other)

    told = client.post(at, typed | mark | {"do": "add"})

    assert told.status_code == 422
    assert "Ida Berg has put a row there" in text_of(told)
    assert table.rows.in_force().filter(key=["Partner"]).get().values == {"rate": "280"}
