"""What waits for somebody's approval: counted as the list it leads to, and never what they are behind themselves."""

import re
from collections.abc import Callable
from itertools import product
from typing import Any

from django.utils import timezone

from canonical.failure import Category
from exceptions_queue import intake, policies
from exceptions_queue.models import ApprovalPolicy, BulkRun, BulkState, LoosenedPolicy, WorkItem
from exceptions_queue.pages import approvals
from governance import passwords
from governance.models import RoleGrant, User
from governance.rights import Role
from mappings.models import Approval
from mappings.tables import NewRow, add_rows, create_table
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_four_eyes import asked, policy
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
HELD = "Exceptions that wait for approval"


def told(user: Any) -> dict[str, approvals.Waits]:
    return {each.what: each for each in approvals.waiting_for(user)}


def listed(user: Any, address: str) -> list[int]:
    page = signed_in(user).get(address).content.decode()
    return sorted(map(int, re.findall(r'data-number="(\d+)"', page)))


def wants_much(by: User) -> None:
    """Let somebody ask for a second person in every way there is."""
    table = create_table(
        name="bill_rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=by,
        approval=Approval.ALWAYS,
    )  # fmt: skip
    add_rows(table, [NewRow(("Partner",), {"rate": "100"})], by=by)
    who = f"person:{by.pk}"
    LoosenedPolicy.objects.create(
        name="Careful",
        was=policies.written(ApprovalPolicy.objects.get()),
        was_told="correct a field",
        now_told="nothing",
        made_by=who,
        legal_entity=None,
    )
    run = BulkRun.objects.create(
        choice="waivers", title="Do not deliver", actor_kind="person", actor_id=str(by.pk), actor_name="Farid Amini",
        made_at=timezone.now(), pace=60, state=BulkState.PLANNED, planned=3,
        second_person="policy “Careful” asks for it",
    )  # fmt: skip
    run.legal_entities.set([company("HP-DE")])
    asked(WorkItem.objects.get(), by)


def test_who_was_behind_an_account_is_not_led_to_what_was_asked_from_it(quick_world: Make, quick_staff: Staff) -> None:
    zero_hours(quick_world())
    policy()
    farid: Any = quick_staff.farid
    behind, other = person("Cora Behind", Role.CONTROLLER), person("Dora Brandt", Role.CONTROLLER)
    for each, role in product((behind, other, farid), (Role.INTEGRATION_ADMIN, Role.OPERATOR)):
        RoleGrant.objects.create(user=each, role=role, granted_by="engine:engine")
    passwords.was_set(farid, by=behind)
    wants_much(User.objects.get(pk=farid.pk))
    passwords.was_set(farid, by=farid)
    passwords.vouch(farid, by=quick_staff.clara, reason="we spoke")  # type: ignore[arg-type]

    assert told(behind) == {}
    assert approvals.requests_for(behind) == []
    assert {"Proposed rows of Rates", HELD, "Correct a field: asked by Farid Amini"} <= told(other).keys()
    assert any(each.startswith("Bulk run") for each in told(other))
    page = told(other)["Correct a field: asked by Farid Amini"].at
    assert "Approve, and do it" in text_of(signed_in(other).get(page))
    assert "Approve, and do it" not in text_of(signed_in(behind).get(page))


def test_exceptions_that_wait_are_counted_as_they_are_listed(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    policy()
    clara: Any = quick_staff.clara
    mine = zero_hours(world)
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(7))
    world.deliver()
    intake.take_in()
    [theirs] = WorkItem.objects.exclude(pk=mine.pk)

    asked(mine, clara)
    assert HELD not in told(clara), "she has asked for it herself"
    asked(theirs, quick_staff.farid)
    assert told(clara)[HELD].count == 1
    assert listed(clara, told(clara)[HELD].at) == [theirs.pk]

    looks_here = person("Cora Here", Role.CONTROLLER, company("HP-GB"))  # approves in one company, and sees the other
    sees = {"role": Role.VIEWER, "legal_entity": company("HP-DE"), "granted_by": "engine:engine"}
    RoleGrant.objects.create(user=looks_here, **sees)
    WorkItem.objects.filter(pk=mine.pk).update(legal_entity=company("HP-GB"))
    assert told(looks_here)[HELD].count == 1
    assert listed(looks_here, told(looks_here)[HELD].at) == [mine.pk]
