"""The overview names what waits for somebody's approval, and nothing that they may not decide or brought in."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import versions
from governance.actor import ENGINE
from governance.rights import Role
from mappings import drafting, shipped
from mappings.defining import define_table
from mappings.models import Approval, Mapping
from mappings.tables import NewRow, add_rows, create_table
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def submit(key: str, by: Any) -> None:
    content = Mapping.objects.get(key=key).published().content
    versions.submit(drafting.draft(key=key, content=content | {"meaning": "Anew."}, by=by), by=by)


def rates(by: Any, count: int, name: str = "bill_rates") -> Any:
    table = create_table(
        name=name, title=f"Rates {name}", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE,
        approval=Approval.ALWAYS,
    )  # fmt: skip
    add_rows(table, [NewRow((f"Role {number}",), {"rate": "100"}) for number in range(count)], by=by)
    return table


def test_controller_is_led_to_what_waits_for_her() -> None:
    shipped.install()
    ingrid, clara = person("Ingrid Solheim", Role.INTEGRATION_ADMIN), person("Clara Voss", Role.CONTROLLER)
    submit("harvest.clients", ingrid)
    table = rates(ingrid, 3)
    define_table(
        rates(ENGINE, 0, "other"),
        title="Cost rates",
        meaning="",
        approval=Approval.AT_ONCE,
        by=ingrid,
        reason="Why not",
    )

    answer = signed_in(clara).get("/")

    words, page = text_of(answer), answer.content.decode()
    assert "Waiting for your approval" in words
    assert "version 2" in words
    assert f"/mappings/{Mapping.objects.get(key='harvest.clients').pk}/" in page
    assert "Proposed rows of Rates bill_rates 3" in words
    assert f"/tables/{table.pk}/?show=waiting" in page
    assert "Who approves rows of Cost rates" in words


def test_nobody_is_led_to_what_they_brought_in_or_may_not_decide() -> None:
    shipped.install()
    clara, ingrid = person("Clara Voss", Role.CONTROLLER), person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    rates(clara, 2)
    submit("harvest.clients", ingrid)
    own = person("Cora Own", Role.CONTROLLER, company("HP-DE"))  # what serves all companies is not hers to decide

    assert "Proposed rows" not in text_of(signed_in(clara).get("/"))
    for who in (ingrid, own, person("Farid Amini", Role.FINANCE), person("Viktor Lang", Role.VIEWER)):
        assert "Waiting for your approval" not in text_of(signed_in(who).get("/"))


def test_overview_asks_the_same_queries_for_few_and_many_approvals() -> None:
    shipped.install()
    ingrid, client = person("Ingrid Solheim", Role.INTEGRATION_ADMIN), signed_in(person("Clara Voss", Role.CONTROLLER))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/").status_code == 200
        return len(queries)

    submit("harvest.clients", ingrid)
    rates(ingrid, 1)
    few = asked()
    submit("harvest.projects", ingrid)
    rates(ingrid, 9, "others")
    assert asked() == few <= 25
