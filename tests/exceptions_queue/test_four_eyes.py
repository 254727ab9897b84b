"""Four eyes by risk: what a policy asks for waits for another person, who sees only what would differ."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from exceptions_queue import policies, verbs
from exceptions_queue.models import ApprovalPolicy, ApprovalRequest, Deed, LoosenedPolicy, RequestState, State, WorkItem
from exceptions_queue.policies import Act, covers, hits
from governance import versions
from governance.models import AuditEntry, RoleGrant, User
from governance.rights import NotAllowed, Role
from routes.models import Overlay, Transaction
from routes.plan import plan
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company, person
from tests.routes.world import INWARD, World

Make = Callable[..., World]
WHY = "typing error, asked the consultant"


@pytest.fixture
def item(quick_world: Make) -> WorkItem:
    return zero_hours(quick_world(), 2)


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def policy(*deeds: Deed, **more: Any) -> ApprovalPolicy:
    made = ApprovalPolicy(name=more.pop("name", "Careful"), deeds=list(deeds or [Deed.CORRECT]), **more)
    made.full_clean()
    made.save()
    return made


def asked(item: WorkItem, by: Any, value: str = "7.50", **more: Any) -> ApprovalRequest:
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.correct_field(item, by=by, field="hours", value=value, reason=WHY, **more)
    return verbs.ask_approval(needs.value.wish, by=by)


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def test_what_no_policy_asks_for_is_done_at_once(item: WorkItem, staff: Staff) -> None:
    policy(Deed.WAIVE)
    policy(Deed.CORRECT, name="Elsewhere", legal_entity=company("HP-GB"))
    policy(Deed.CORRECT, name="Another field", fields=["description"])
    policy(Deed.CORRECT, name="Off", is_on=False)
    assert verbs.correct_field(item, by=staff.farid, field="hours", value="7.50", reason=WHY).went_on == 2


def test_a_correction_waits_for_another_person_and_is_done_by_consent(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    row = asked(item, staff.farid)
    assert not Overlay.objects.exists(), "nothing is done before"
    assert (fresh(item).state, fresh(item).waiting_on) == (State.PENDING_APPROVAL, "a second person")
    assert row.differences == [{"field": "hours", "before": "0.00", "after": "7.50", "count": 2}]
    with pytest.raises(NotAllowed):
        verbs.consent(row, by=staff.farid)
    done = verbs.consent(row, by=staff.clara, reason="seen the sheet")
    assert done.state == RequestState.APPROVED
    assert {each.made_by_id for each in Overlay.objects.all()} == {staff.farid.pk}, "in the name of whoever asked"
    told = list(fresh(item).events.order_by("pk").values_list("verb", "actor_name"))
    assert ("approval asked", "Farid Amini") in told
    assert ("request approved", "Clara Voss") in told
    assert list(AuditEntry.objects.filter(verb__in=["ask approval", "approve"]).values_list("verb", flat=True))
    with pytest.raises(verbs.NotPossible, match="decided already"):
        verbs.consent(row, by=staff.clara)


def test_whoever_asked_never_decides_not_even_as_controller(item: WorkItem, staff: Staff) -> None:
    policy()
    row = asked(item, staff.clara)
    for act in (verbs.consent, verbs.refuse_request):
        with pytest.raises(NotAllowed):
            act(row, by=staff.clara, reason="mine")
    assert ApprovalRequest.objects.get().state == RequestState.WAITING


def carl_worked(world: World, number: int) -> WorkItem:
    """Return the item of time that Carl Worker has handed in."""
    worker: dict[str, Any] = {"worker_email": "Carl.Worker@halden.example", "worker_name": "Carl Worker"}
    named = [{"to": name, "from": name} for name in worker]
    content = INWARD | {"name": "ledger-time-named", "fields": [*INWARD["fields"], *named]}
    versions.install(kind="mapping", object_key="ledger-time-named", content=content)
    world.route.mapping = "ledger-time-named"
    world.route.save()
    plan.cache_clear()
    return zero_hours(world, number, **worker)


@pytest.mark.parametrize("known_by", ["email", "name"])
def test_whoever_handed_in_the_time_never_approves_it(quick_world: Make, staff: Staff, known_by: str) -> None:
    policy()
    item = carl_worked(quick_world(), 2)
    row = asked(item, staff.farid)
    name = "Carl Worker" if known_by == "name" else "Carla Other"
    submitter = person(name, Role.CONTROLLER, email="carl.worker@halden.example" if known_by == "email" else "")
    with pytest.raises(NotAllowed, match="handed it in"):
        verbs.consent(row, by=submitter)
    assert verbs.consent(row, by=staff.clara).state == RequestState.APPROVED


def test_a_refusal_does_nothing_and_says_why(item: WorkItem, staff: Staff) -> None:
    policy()
    row = asked(item, staff.farid)
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.refuse_request(row, by=staff.clara, reason=" ")
    verbs.refuse_request(row, by=staff.clara, reason="ask the client first")
    assert not Overlay.objects.exists()
    assert (fresh(item).state, fresh(item).waiting_on) == (State.IN_PROGRESS, "")
    assert asked(item, staff.farid).pk != row.pk, "it may be asked anew"


def test_a_request_is_taken_back_by_whoever_asked(item: WorkItem, staff: Staff) -> None:
    policy()
    row = asked(item, staff.farid)
    with pytest.raises(verbs.NotPossible, match="Farid Amini's to take back"):
        verbs.withdraw_request(row, by=staff.clara)
    assert verbs.withdraw_request(row, by=staff.farid).state == RequestState.WITHDRAWN


def test_the_same_is_not_asked_for_twice(item: WorkItem, staff: Staff) -> None:
    policy()
    asked(item, staff.farid)
    with pytest.raises(verbs.NotPossible, match="has asked for an approval of some of these already"):
        asked(item, staff.clara)


def test_a_request_expires_once_what_it_was_about_has_changed(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    row = asked(item, staff.farid)
    first = item.failures().order_by("pk")[0]
    verbs.waive(item, by=staff.clara, reason="not billable", failures=[first.pk])
    done = verbs.consent(row, by=staff.clara)
    assert (done.state, done.decided_reason.partition(" since")[0]) == (RequestState.EXPIRED, "1 is not open any more")
    assert not Overlay.objects.exists()


def test_the_sweep_ends_requests_that_were_overtaken(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    asked(item, staff.farid)
    assert verbs.expire_overtaken() == 0
    assert verbs.correct_field(item, by=staff.clara, field="description", value="Workshop", reason=WHY)
    assert verbs.expire_overtaken() == 1


def test_a_maker_who_may_not_any_more_gets_nothing_done(item: WorkItem, staff: Staff) -> None:
    policy()
    row = asked(item, staff.farid)
    RoleGrant.objects.filter(user=staff.farid).delete()
    with pytest.raises(verbs.NotPossible, match="may not do this any more"):
        verbs.consent(row, by=staff.clara)
    assert ApprovalRequest.objects.get().state == RequestState.WAITING
    User.objects.filter(pk=staff.farid.pk).update(is_active=False)
    with pytest.raises(verbs.NotPossible, match="no account any more"):
        verbs.consent(row, by=staff.clara)


def test_a_value_that_does_not_fit_is_refused_before_anybody_is_asked(item: WorkItem, staff: Staff) -> None:
    policy()
    with pytest.raises(verbs.NotPossible) as refused:
        verbs.correct_field(item, by=staff.farid, field="hours", value="many", reason=WHY)
    assert not isinstance(refused.value, verbs.NeedsApproval)


def test_what_was_corrected_is_sent_again_by_two(item: WorkItem, staff: Staff) -> None:
    verbs.correct_field(item, by=staff.farid, field="hours", value="0.00", reason=WHY)
    item = WorkItem.objects.open().get()
    policy(Deed.RESUBMIT, fields=["hours"])
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.resubmit(item, by=staff.clara, reason="now", failures=[each.pk for each in item.failures()])
    row = verbs.ask_approval(needs.value.wish, by=staff.clara)
    other = person("Otto Other", Role.CONTROLLER)
    corrector = RoleGrant.objects.create(user=staff.farid, role=Role.CONTROLLER, granted_by="engine:engine")
    with pytest.raises(NotAllowed):
        verbs.consent(row, by=corrector.user)
    assert verbs.consent(row, by=other).state == RequestState.APPROVED


def test_what_nobody_corrected_is_sent_again_by_one(item: WorkItem, staff: Staff) -> None:
    policy(Deed.RESUBMIT)
    verbs.resubmit(item, by=staff.farid, reason="now", failures=[each.pk for each in item.failures()])
    assert not ApprovalRequest.objects.exists()


def test_a_waiver_above_an_amount_needs_two(item: WorkItem, staff: Staff) -> None:
    policy(Deed.WAIVE, amount_from=Decimal(10_000_000), unknown_too=False)
    one, two = item.failures()
    verbs.waive(item, by=staff.farid, reason="not billable", failures=[one.pk])
    policy(Deed.WAIVE, name="All of it", amount_from=Decimal(0), unknown_too=True)
    with pytest.raises(verbs.NeedsApproval, match="All of it"):
        verbs.waive(item, by=staff.farid, reason="not billable", failures=[two.pk])
    assert Transaction.objects.filter(state="waived").count() == 1


def test_a_policy_that_an_earlier_release_loosened_still_binds(item: WorkItem, staff: Staff) -> None:
    row = policy(Deed.WAIVE)
    was = policies.written(row)
    del was["contract_types"]
    LoosenedPolicy.objects.create(
        name=row.name, was=was, was_told="do not deliver", now_told="nothing", made_by=f"person:{staff.farid.pk}"
    )
    row.delete()
    with pytest.raises(verbs.NeedsApproval):
        verbs.waive(item, by=staff.farid, reason="not billable")


def act(**more: Any) -> Act:
    return Act(**({"deed": "corrections", "company": 1, "category": "validation", "entity": "time_entry"} | more))


def bare(**more: Any) -> ApprovalPolicy:
    return ApprovalPolicy(**({"name": "P", "deeds": ["corrections", "waivers"]} | more))


@pytest.mark.parametrize(
    ("wanted", "done", "does"),
    [
        ({}, {}, True),
        ({"categories": ["refused"]}, {}, False),
        ({"entities": ["time_entry"]}, {}, True),
        ({"fields": ["hours"]}, {"fields": ("rate", "hours")}, True),
        ({"fields": ["hours"]}, {"fields": ("rate",)}, False),
        ({"fields": ["hours"]}, {"deed": "waivers"}, True),
        ({"amount_from": Decimal(100)}, {"worth": Decimal(100)}, True),
        ({"amount_from": Decimal(100)}, {"worth": Decimal("99.99")}, False),
        ({"amount_from": Decimal(100)}, {"worth": Decimal(-500)}, True),
        ({"amount_from": Decimal(100)}, {"worth": None}, True),
        ({"amount_from": Decimal(100), "unknown_too": False}, {"worth": None}, False),
        ({}, {"deed": "links"}, False),
        ({"contract_types": ["fixed_fee"]}, {"contract_types": frozenset({"fixed_fee", "retainer"})}, True),
        ({"contract_types": ["fixed_fee"]}, {"contract_types": frozenset({"retainer"})}, False),
        ({"contract_types": ["fixed_fee"]}, {}, False),
    ],
)
def test_a_policy_asks_where_all_of_it_holds(wanted: dict[str, Any], done: dict[str, Any], does: bool) -> None:
    assert bool(hits([bare(**wanted)], act(**done))) is does


@pytest.mark.parametrize(
    ("now", "before", "does"),
    [
        ({}, {}, True),
        ({"deeds": ["waivers"]}, {}, False),
        ({"deeds": ["waivers", "links", "corrections"]}, {}, True),
        ({"fields": ["hours"]}, {}, False),
        ({"fields": ["hours", "rate"]}, {"fields": ["hours"]}, True),
        ({"amount_from": Decimal(5)}, {}, False),
        ({"amount_from": Decimal(5)}, {"amount_from": Decimal(9)}, True),
        ({"amount_from": Decimal(9)}, {"amount_from": Decimal(5)}, False),
        ({"amount_from": Decimal(5), "unknown_too": False}, {"amount_from": Decimal(5)}, False),
        ({"is_on": False}, {}, False),
        ({"contract_types": ["fixed_fee"]}, {}, False),
        ({}, {"contract_types": ["fixed_fee"]}, True),
        ({"contract_types": ["fixed_fee", "retainer"]}, {"contract_types": ["retainer"]}, True),
        ({"is_on": False}, {"is_on": False}, True),
    ],
)
def test_what_asks_for_less_is_known(now: dict[str, Any], before: dict[str, Any], does: bool) -> None:
    assert covers(bare(**now), bare(**before)) is does
    assert covers(None, bare(**before)) is (before == {"is_on": False})


def form_of(row: ApprovalPolicy, **more: Any) -> dict[str, Any]:
    kept = {"name": row.name, "deeds": row.deeds, "is_on": "on", "unknown_too": "on"}
    return {name: value for name, value in (kept | more).items() if value is not None}


def changed(client: Client, row: ApprovalPolicy, **more: Any) -> str:
    at = reverse("admin:exceptions_queue_approvalpolicy_change", args=[row.pk])
    seen = {
        field["name"]: field["value"]
        for field in [{"name": "seen", "value": _seen(client.get(at).content.decode())}]
        if field["value"]
    }
    return text_of(client.post(at, form_of(row, **more) | seen, follow=True))


def _seen(page: str) -> str:
    import re

    found = re.search(r'name="seen"[^>]*value="([^"]*)"', page) or re.search(r'value="([^"]*)"[^>]*name="seen"', page)
    return found[1] if found else ""


def test_whoever_loosens_a_policy_stays_bound_until_another_agrees(item: WorkItem, staff: Staff) -> None:
    RoleGrant.objects.create(user=staff.ingrid, role=Role.CONTROLLER, granted_by="engine:engine")
    row = policy(Deed.WAIVE)
    assert "stay bound" in changed(signed_in(staff.ingrid), row, is_on=None)
    assert not ApprovalPolicy.objects.get().is_on
    with pytest.raises(verbs.NeedsApproval):
        verbs.waive(item, by=staff.ingrid, reason="not billable")
    loosened = LoosenedPolicy.objects.get()
    with pytest.raises(NotAllowed):
        policies.agree(loosened, by=staff.ingrid)
    listed = text_of(signed_in(staff.clara).get(reverse("queue:requests")))
    assert "Policies that ask for less than before" in listed
    signed_in(staff.clara).post(reverse("queue:policy-agreement", args=[loosened.pk]))
    verbs.waive(item, by=staff.ingrid, reason="not billable")


def test_others_are_free_where_somebody_loosened_a_policy(item: WorkItem, staff: Staff) -> None:
    row = policy(Deed.WAIVE)
    signed_in(staff.ingrid).post(
        reverse("admin:exceptions_queue_approvalpolicy_delete", args=[row.pk]), {"post": "yes"}
    )
    assert LoosenedPolicy.objects.count() == 1
    verbs.waive(item, by=staff.farid, reason="not billable")


def test_tightening_a_policy_binds_nobody_twice(item: WorkItem, staff: Staff) -> None:
    row = policy(Deed.WAIVE, amount_from=Decimal(100))
    changed(signed_in(staff.ingrid), row, amount_from="50", deeds=["waivers", "corrections"])
    assert (ApprovalPolicy.objects.get().amount_from, LoosenedPolicy.objects.count()) == (Decimal(50), 0)


def test_the_pages_ask_show_only_the_difference_and_approve(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    farid, clara = signed_in(staff.farid), signed_in(staff.clara)
    typed = {"field": "hours", "value": "7.50", "reason": WHY}
    said = text_of(farid.post(reverse("queue:remedy", args=[item.number, "corrections"]), typed, follow=True))
    row = ApprovalRequest.objects.get()
    assert "Nothing is done yet" in said
    assert f"Clara Voss can approve request {row.number}" in said
    assert "has asked for a second person" in said
    assert f"Correct a field: asked by {staff.farid}" not in said
    assert "Correct a field: asked by Farid Amini" in text_of(clara.get("/"))
    page = clara.get(reverse("queue:request", args=[row.number]))
    words = text_of(page)
    assert "0.00" in words
    assert "7.50" in words
    assert "Approve, and do it" in words
    assert "Take it back" not in words
    mine = text_of(farid.get(reverse("queue:request", args=[row.number])))
    assert "Take it back" in mine
    assert "Approve, and do it" not in mine
    assert "Correct a field" in text_of(clara.get(reverse("queue:requests")))
    refused = clara.post(reverse("queue:request-answer", args=[row.number, "refusals"]), {"reason": ""})
    assert refused.status_code == 422
    done = clara.post(reverse("queue:request-answer", args=[row.number, "approvals"]), {"reason": ""}, follow=True)
    assert "Approved, and done." in text_of(done)
    assert Overlay.objects.count() == 2
    assert signed_in(staff.stranger).get(reverse("queue:request", args=[row.number])).status_code == 404


def test_the_api_asks_and_answers(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    at = f"/api/experience/v1/work-items/{item.number}/corrections"
    body = {"field": "hours", "value": "7.50", "reason": WHY}
    told = signed_in(staff.farid).post(at, body, content_type="application/json").json()
    assert told["said"].startswith("Nothing is done yet")
    requests = "/api/experience/v1/approval-requests"
    clara = signed_in(staff.clara)
    [row] = clara.get(requests, {"state": "waiting"}).json()["items"]
    assert row["differences"] == [{"what": "hours", "before": "0.00", "after": "7.50", "count": 2}]
    at = f"{requests}/{row['number']}/approvals"
    assert signed_in(staff.farid).post(at, {}, content_type="application/json").status_code == 403
    assert clara.post(at, {}, content_type="application/json").json()["state"] == "approved"


def test_the_sweep_ends_an_old_request_that_many_others_came_after(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("exceptions_queue.verbs.ask_approval"), "AT_ONCE", 2)
    policy(fields=["hours"])
    item = zero_hours(quick_world(), 6)
    members = list(item.failures().order_by("pk"))
    rows = [asked(item, staff.farid, failures=[each.pk]) for each in members]
    verbs.correct_field(item, by=staff.clara, field="description", value="x", reason=WHY, failures=[members[0].pk])

    assert verbs.expire_overtaken(limit=3) == 1

    assert ApprovalRequest.objects.get(pk=rows[0].pk).state == RequestState.EXPIRED
    assert ApprovalRequest.objects.filter(state=RequestState.WAITING).count() == 5
