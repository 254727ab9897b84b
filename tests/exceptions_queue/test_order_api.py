"""What the order of exceptions goes by, through the API: read, tried, changed and left as usual; cut-offs, too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from exceptions_queue import reckoning
from exceptions_queue.models import CutOff, WorkItem, Yardstick
from governance.models import AuditEntry
from governance.rights import Role
from routes.models import Route
from tests.api.test_configuration import asking
from tests.api.test_tokens import told
from tests.exceptions_queue.situations import with_rates
from tests.exceptions_queue.test_deadlines import stop
from tests.governance.people import company, person
from tests.routes.world import World

ORDER = "order-of-exceptions/exceptions"
CUT_OFF = {
    "legal_entity": "HP-DE", "name": "Monthly billing", "kind": "billing_run", "rule": "working_day", "number": 3,
    "at": "18:00", "covers": "month_before",
}  # fmt: skip


@pytest.fixture
def firm(quick_world: Callable[..., World]) -> World:
    return with_rates(quick_world(posting_date="worked_on"))


def tried(user: Any, name: str, body: Any) -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client.post(f"/api/experience/v1/{name}", body, content_type="application/json")


def test_order_is_read_as_usual_tried_changed_by_who_has_read_it_and_left_again(firm: World) -> None:
    stop(firm, 2)
    WorkItem.objects.update(reckoned_at=None)
    reckoning.sweep()
    item = WorkItem.objects.get()
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    ask = asking(ingrid)

    usual = ask("get", ORDER)
    assert (usual.status_code, usual.json()["currency"]) == (200, "EUR")
    assert "money" not in usual.json(), "what is as usual is left out, as in files"

    found = tried(ingrid, "order-trials", {"money": 0})
    assert found.status_code == 200, found.content
    moved = found.json()["items"]
    assert [(each["number"], each["priority"], each["priority_now"]) for each in moved] == [
        (item.number, 0, item.priority)
    ]
    assert not Yardstick.objects.exists()
    wrong = told(tried(ingrid, "order-trials", {"all_above": "5", "money": 101}), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/money"]
    wrong = told(tried(ingrid, "order-trials", {"all_above": "5.00"}), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/all_above"]

    told(ask("put", ORDER, usual.json() | {"money": 0}), 428, "if-match-needed")
    kept = ask("put", ORDER, usual.json() | {"money": 0}, If_Match=usual["ETag"])
    assert (kept.status_code, kept.json()["money"]) == (200, 0), kept.content
    stale = told(ask("put", ORDER, usual.json(), If_Match=usual["ETag"]), 412, "stale")
    assert stale["current"]["money"] == 0
    assert reckoning.sweep() == 1, "all open items are worked out anew"
    assert WorkItem.objects.get().priority == 0

    assert ask("delete", ORDER, If_Match=kept["ETag"]).status_code == 204
    assert ask("get", ORDER).json() == usual.json()
    assert [each.channel for each in AuditEntry.objects.filter(verb="set order")] == ["api", "api"]
    told(ask("put", ORDER, {"of": "exceptions", "currency": "EUR", "days": 0}, If_Match="*"), 422, "invalid-body")


def test_cut_off_is_made_tried_changed_and_taken_out(db: None) -> None:
    company("HP-DE")
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    ask = asking(ingrid)
    asked = {name: CUT_OFF[name] for name in ("legal_entity", "rule", "number", "at", "covers")}
    found = tried(ingrid, "cut-off-trials", asked)
    assert (found.status_code, len(found.json()["items"])) == (200, 6), found.content
    wrong = told(tried(ingrid, "cut-off-trials", asked | {"number": None}), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/number"]
    told(tried(ingrid, "cut-off-trials", asked | {"legal_entity": "HP-XX"}), 422, "invalid-body")

    made = ask("post", "cut-offs", CUT_OFF)
    assert made.status_code == 201, made.content
    wrong = told(ask("post", "cut-offs", CUT_OFF | {"name": "Other", "number": 40}), 422, "invalid-body")
    assert wrong["errors"][0]["pointer"] == "/number"
    changed = ask("put", "cut-offs/HP-DE Monthly billing", made.json() | {"number": 4}, If_Match=made["ETag"])
    assert changed.status_code == 200, changed.content
    assert CutOff.objects.get().number == 4
    assert ask("delete", "cut-offs/HP-DE Monthly billing", If_Match=changed["ETag"]).status_code == 204
    assert not CutOff.objects.exists()


def test_cut_off_names_no_route_of_another_company_and_keeps_it(firm: World) -> None:
    germany, other = company("HP-DE"), company("HP-GB")
    theirs = Route.objects.get(pk=firm.route.pk)
    Route.objects.filter(pk=theirs.pk).update(legal_entity=other)
    row = CutOff.objects.create(
        legal_entity=germany, name="Monthly billing", kind="billing_run", rule="working_day", number=3, at="18:00",
        covers="month_before", routes=[theirs.pk],
    )  # fmt: skip
    ask = asking(person("Greta Lang", Role.INTEGRATION_ADMIN, germany))
    shown = ask("get", "cut-offs/HP-DE Monthly billing")
    assert shown.json()["routes"] == ["one of another company"]
    changed = ask("put", "cut-offs/HP-DE Monthly billing", shown.json() | {"number": 5}, If_Match=shown["ETag"])
    assert changed.status_code == 200, changed.content
    row.refresh_from_db()
    assert (row.number, row.routes) == (5, [theirs.pk])
    named = ask("put", "cut-offs/HP-DE Monthly billing", shown.json() | {"routes": [theirs.slug]}, If_Match="*")
    told(named, 422, "invalid-body")
