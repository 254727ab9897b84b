"""Who gets what, and what needs four eyes, through the API: as documents, for one company or for all of them."""

from typing import Any

import pytest

from exceptions_queue.models import LoosenedPolicy
from exceptions_queue.models.routing import RoutingRule
from governance.actor import as_actor
from governance.models import AuditEntry, User
from governance.rights import Role
from hub.api.configuration import EXAMPLES
from tests.api.test_configuration import PLACE, Ask, asking
from tests.api.test_tokens import told
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
KINDS = {
    "teams": EXAMPLES["teams"] | {"members": ["farid"]}, "fallback_teams": EXAMPLES["fallback_teams"],
    "routing_rules": EXAMPLES["routing_rules"], "approval_policies": EXAMPLES["approval_policies"],
}  # fmt: skip
ADDRESSES = {
    "teams": ("HP-DE%20billing%20Berlin", "billing%20Berlin"),
    "fallback_teams": ("closed_period%20HP-DE", "closed_period"),
    "routing_rules": ("HP-DE%20Large%20credit%20notes", "Large%20credit%20notes"),
    "approval_policies": ("HP-DE%20Corrected%20hours", "Corrected%20hours"),
}  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    "teams": {"role": "controller"}, "fallback_teams": {"team": "billing"}, "routing_rules": {"priority": 90},
    "approval_policies": {"amount_from": "500.00"},
}  # fmt: skip


@pytest.fixture
def ask() -> Ask:
    company("HP-DE")
    person("Farid Amini", Role.FINANCE)
    return asking(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize("folder", KINDS)
def test_each_is_made_read_changed_and_taken_out(ask: Ask, folder: str, of_all: bool) -> None:
    sent = {name: value for name, value in KINDS[folder].items() if not (of_all and name == "legal_entity")}
    place = folder.replace("_", "-")
    made = ask("post", place, sent)
    assert (made.status_code, made["Location"]) == (201, f"{PLACE}/{place}/{ADDRESSES[folder][of_all]}"), made.content
    own = made["Location"].removeprefix(f"{PLACE}/")
    assert ask("get", own).json() == made.json() == sent
    assert sent in ask("get", place).json()["items"]
    told(ask("post", place, sent), 409, "not-possible")

    changed = ask("put", own, sent | CHANGES[folder], If_Match=made["ETag"])
    assert (changed.status_code, changed.json()) == (200, sent | CHANGES[folder]), changed.content
    told(ask("put", own, sent, If_Match=made["ETag"]), 412, "stale")
    assert ask("delete", own, If_Match=changed["ETag"]).status_code == 204
    told(ask("get", own), 404, "not-found")
    assert set(AuditEntry.objects.filter(channel="api").values_list("verb", flat=True)) >= {"add", "change", "delete"}


@pytest.mark.parametrize("folder", KINDS)
def test_who_sets_up_one_company_sets_up_nothing_for_all(ask: Ask, folder: str) -> None:
    hers = company("HP-GB")
    of_one = asking(person("Nora Lindqvist", Role.INTEGRATION_ADMIN, hers))
    everywhere = {name: value for name, value in KINDS[folder].items() if name != "legal_entity"}
    place = folder.replace("_", "-")
    told(of_one("post", place, everywhere), 403, "not-allowed")
    assert of_one("post", place, everywhere | {"legal_entity": "HP-GB"}).status_code == 201
    assert of_one("post", place, KINDS[folder]).status_code == 422, "there is no such company for her"


def test_two_of_the_same_name_are_told_apart_by_their_address(ask: Ask) -> None:
    rule = KINDS["routing_rules"]
    ask("post", "routing-rules", rule)
    of_all = {"name": "HP-DE Large credit notes", "team": "billing"}
    made = ask("post", "routing-rules", of_all)
    assert made.status_code == 201, made.content
    assert ask("get", made["Location"].removeprefix(f"{PLACE}/")).json() == of_all
    names = {each["name"] for each in ask("get", "routing-rules").json()["items"]}
    assert names == {rule["name"], of_all["name"]} == set(RoutingRule.objects.values_list("name", flat=True))


def test_who_makes_a_policy_ask_for_less_is_bound_by_it(ask: Ask) -> None:
    made = ask("post", "approval-policies", KINDS["approval_policies"])
    own = made["Location"].removeprefix(f"{PLACE}/")
    less = made.json() | {"amount_from": "9000.00"}
    assert ask("put", own, less, If_Match=made["ETag"]).status_code == 200
    assert LoosenedPolicy.objects.get(agreed_at=None).made_by == as_actor(User.objects.get(username="ingrid")).reference
