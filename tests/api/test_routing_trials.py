"""A routing rule is tried through the API as its form tries it, by the same document that sets it up."""

from collections.abc import Callable
from typing import Any

import pytest

from exceptions_queue.models import WorkItem
from exceptions_queue.models.routing import RoutingRule
from governance.models import AuditEntry
from governance.rights import Role
from tests.api.test_tokens import told
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company, person
from tests.routes.world import World

PLACE = "/api/experience/v1/routing-rule-trials"
RULE = {"name": "Ours", "legal_entity": "HP-DE", "categories": ["validation"], "team": "controller"}


def tried(browser: Any, body: Any) -> Any:
    return browser.post(PLACE, body, content_type="application/json")


def test_rule_is_tried_and_nothing_is_kept(make_world: Callable[..., World], staff: Staff) -> None:
    item = zero_hours(make_world())
    ingrid = signed_in(staff.ingrid)
    entries = AuditEntry.objects.count()
    answer = tried(ingrid, RULE)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["looked"], found["decided"], found["moved"], found["days"]) == (1, 1, 1, 30)
    [went], [example] = found["went"], found["examples"]
    assert (went["to"], went["count"]) == ("controller", 1)
    assert (example["number"], example["then"], example["now"]) == (item.number, "controller", item.owner)
    assert not RoutingRule.objects.exists()
    assert (WorkItem.objects.get().owner, AuditEntry.objects.count()) == (item.owner, entries)

    other = tried(ingrid, RULE | {"categories": ["refused"]}).json()
    assert (other["looked"], other["decided"], other["went"]) == (1, 0, [])


def test_rule_of_that_name_is_put_aside(make_world: Callable[..., World], staff: Staff) -> None:
    item = zero_hours(make_world())
    RoutingRule.objects.create(legal_entity=item.legal_entity, name="Ours", team="billing", categories=["validation"])
    found = tried(signed_in(staff.ingrid), RULE).json()
    assert [(each["now"], each["then"]) for each in found["examples"]] == [("billing", "controller")]
    assert RoutingRule.objects.get().team == "billing"


@pytest.mark.parametrize(("more", "pointer"), [
    ({"team": "nobodys"}, "/team"), ({"person": "nobody"}, "/person"), ({"categories": ["x"]}, "/categories/0"),
    ({"amount_from": "many"}, "/amount_from"), ({"legal_entity": "HP-XX"}, "/legal_entity"), ({"odd": 1}, "/odd"),
])  # fmt: skip
def test_each_mistake_is_told_at_its_place(
    more: dict[str, Any], pointer: str, make_world: Callable[..., World], staff: Staff
) -> None:
    make_world()
    wrong = told(tried(signed_in(staff.ingrid), RULE | more), 422, "invalid-body")
    assert pointer in {each["pointer"] for each in wrong["errors"]}


def test_who_may_not_set_it_up_may_not_try_it(make_world: Callable[..., World], staff: Staff) -> None:
    zero_hours(make_world())
    for user in (staff.farid, staff.viktor):
        told(tried(signed_in(user), RULE), 403, "not-allowed")
    hers = signed_in(person("Nora Lindqvist", Role.INTEGRATION_ADMIN, company("HP-GB")))
    told(tried(hers, {name: value for name, value in RULE.items() if name != "legal_entity"}), 403, "not-allowed")
    assert tried(hers, RULE).status_code == 422, "there is no such company for her"
    assert tried(hers, RULE | {"legal_entity": "HP-GB"}).json()["looked"] == 0
