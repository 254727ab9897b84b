"""Emergency mode: what it lifts, for whom and how long, what it marks, and that a second person reviews it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from exceptions_queue import emergencies, intake, verbs
from exceptions_queue.bulk import limits, planning, running
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.models import ApprovalRequest, Deed, Emergency, EmergencyDeed, Review, WorkItem
from exceptions_queue.verbs.correct_field import correctable
from governance import calendars
from governance.actor import ENGINE, as_actor
from governance.models import AuditEntry, LegalEntity, RoleGrant, User
from governance.rights import NotAllowed, Role
from routes import overlays
from routes.models import Overlay, Record
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_four_eyes import policy
from tests.exceptions_queue.test_member import place, row_of
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]
WHY = "typing error, asked the consultant"
LATE = "the billing run is at six, and nobody else can be reached"
MODES, DEEDS = "/api/experience/v1/emergency-modes", "/api/experience/v1/emergency-deeds"


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


@pytest.fixture
def item(quick_world: Make, staff: Staff) -> WorkItem:
    return zero_hours(quick_world(), 2)


def place_of(item: WorkItem) -> LegalEntity:
    assert item.legal_entity is not None
    return item.legal_entity


def may(user: Any, where: LegalEntity | None = None) -> None:
    RoleGrant.objects.create(user=user, role=Role.EMERGENCY, legal_entity=where, granted_by="engine:engine")


def opened(user: Any, item: WorkItem, hours: int = 2) -> Emergency:
    may(user)
    return verbs.open_emergency(by=user, legal_entity=place_of(item), reason=LATE, hours=hours)


def ran_out(row: Emergency) -> None:
    """Let its time be over."""
    ago = timezone.now() - dt.timedelta(hours=3)
    Emergency.objects.filter(pk=row.pk).update(opened_at=ago, until=ago + dt.timedelta(hours=2))


def corrected(item: WorkItem, by: Any, field: str = "hours", value: str = "7.50", **more: Any) -> Any:
    return verbs.correct_field(item, by=by, field=field, value=value, reason=WHY, **more)


def fixed_item(world: World, names: str = "hours") -> WorkItem:
    world.route.fixed_fields = names
    world.route.save()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    return WorkItem.objects.get()


def test_what_a_policy_asks_for_goes_on_at_once_and_is_marked_everywhere(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    mode = opened(staff.farid, item)
    assert corrected(item, staff.farid).went_on == 2
    deed = EmergencyDeed.objects.get()
    assert (deed.emergency, deed.item, deed.deed, deed.review) == (mode, item, Deed.CORRECT, Review.WAITING)
    assert "policy “Careful”" in deed.lifted
    assert deed.differences == [{"field": "hours", "before": "0.00", "after": "7.50", "count": 2}]
    assert set(Overlay.objects.values_list("emergency", flat=True)) == {mode.number}
    history = list(item.events.filter(verb="emergency mode").values_list("reason", flat=True))
    assert len(history) == 1
    assert f"in emergency mode {mode.number}" in history[0]
    kept = AuditEntry.objects.get(verb="act_in_emergency")
    assert kept.after["emergency mode"] == mode.number
    corrections = [each.after for each in AuditEntry.objects.filter(verb="correct", thing_kind="routes.overlay")]
    assert all(each["emergency mode"] == mode.number for each in corrections)
    assert corrections
    assert not ApprovalRequest.objects.exists()


def test_what_needs_nobody_is_not_kept(item: WorkItem, staff: Staff) -> None:
    opened(staff.farid, item)
    corrected(item, staff.farid)
    assert not EmergencyDeed.objects.exists()
    assert set(Overlay.objects.values_list("emergency", flat=True)) == {None}


@pytest.mark.parametrize("deed", [Deed.WAIVE, Deed.RESUBMIT])
def test_other_deeds_are_lifted_and_kept_too(item: WorkItem, staff: Staff, deed: Deed) -> None:
    if deed == Deed.RESUBMIT:
        corrected(item, staff.farid, value="0.00")
        item = WorkItem.objects.open().get()
    policy(deed)
    opened(staff.farid, item)
    if deed == Deed.WAIVE:
        verbs.waive(item, by=staff.farid, reason=WHY)
    else:
        verbs.resubmit(item, by=staff.farid, reason=WHY, failures=[each.pk for each in item.failures()])
    assert EmergencyDeed.objects.get().deed == deed


def test_a_verb_that_fails_keeps_nothing(item: WorkItem, staff: Staff) -> None:
    policy()
    opened(staff.farid, item)
    with pytest.raises(verbs.NotPossible):
        corrected(item, staff.farid, seen_until=0, failures=[])
    assert not EmergencyDeed.objects.exists()
    assert not AuditEntry.objects.filter(verb="act_in_emergency").exists()


def test_a_field_that_is_not_released_is_corrected_in_it_and_a_key_never(quick_world: Make, staff: Staff) -> None:
    item = fixed_item(quick_world(), "hours, bill_rate")
    mode = opened(staff.farid, item)
    names = {each.name for each in correctable(item, staff.farid)}
    assert {"hours", "bill_rate"} <= names
    assert "entry_id" not in names
    with pytest.raises(verbs.NotPossible, match="cannot be corrected here"):
        corrected(item, staff.farid, field="entry_id", value="9")
    assert corrected(item, staff.farid).went_on == 1
    deed = EmergencyDeed.objects.get()
    assert deed.lifted == "a field that the route does not release for corrections"
    assert Overlay.objects.get().emergency == mode.number
    with pytest.raises(ValueError, match="is part of what"):
        overlays.correct(
            record=Record.objects.all()[0].pk, field="entry_id", value="9", reason=WHY, by=staff.farid,
            emergency=mode.number,
        )  # fmt: skip


def test_rows_of_a_sheet_are_marked_alike(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    mode = opened(staff.farid, item)
    one, two = item.failures()
    rows = {one.pk: {"hours": "7.50"}, two.pk: {"hours": "6.00"}}
    verbs.correct_rows(item, by=staff.farid, rows=rows, reason=WHY)
    told = {(each["field"], each["after"], each["count"]) for each in EmergencyDeed.objects.get().differences}
    assert told == {("hours", "7.50", 1), ("hours", "6.00", 1)}
    assert set(Overlay.objects.values_list("emergency", flat=True)) == {mode.number}


def test_it_lifts_no_right_that_somebody_lacks(item: WorkItem, staff: Staff) -> None:
    policy()
    opened(staff.viktor, item)
    with pytest.raises(NotAllowed):
        corrected(item, staff.viktor)


def test_it_is_for_those_who_have_the_right_and_in_their_company_only(item: WorkItem, staff: Staff) -> None:
    with pytest.raises(NotAllowed, match="Emergency mode"):
        verbs.open_emergency(by=staff.clara, legal_entity=place_of(item), reason=LATE, hours=1)
    policy()
    other = company("HP-GB" if place_of(item).code != "HP-GB" else "HP-US")
    may(staff.farid, other)
    with pytest.raises(NotAllowed):
        verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=LATE, hours=1)
    verbs.open_emergency(by=staff.farid, legal_entity=other, reason=LATE, hours=1)
    with pytest.raises(verbs.NeedsApproval):
        corrected(item, staff.farid)


def test_it_lifts_nothing_for_others(item: WorkItem, staff: Staff) -> None:
    policy()
    opened(staff.farid, item)
    may(staff.clara)
    with pytest.raises(verbs.NeedsApproval):
        corrected(item, staff.clara)


@pytest.mark.parametrize("hours", [0, 5, -1])
def test_it_is_bounded(item: WorkItem, staff: Staff, hours: int) -> None:
    with pytest.raises(verbs.NotPossible, match="1 to 4 hours"):
        opened(staff.farid, item, hours=hours)
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=" ", hours=1)
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        Emergency.objects.create(
            legal_entity=place_of(item), opened_by="person:1", opened_at=now, until=now + dt.timedelta(hours=5),
            reason=LATE,
        )  # fmt: skip


def test_it_is_not_opened_twice_and_is_ended_by_its_own_hand_only(item: WorkItem, staff: Staff) -> None:
    policy()
    mode = opened(staff.farid, item)
    with pytest.raises(verbs.NotPossible, match="already"):
        verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=LATE, hours=1)
    with pytest.raises(verbs.NotPossible, match="Farid Amini's to end"):
        verbs.end_emergency(mode, by=staff.clara)
    verbs.end_emergency(mode, by=staff.farid)
    assert User.objects.get(pk=staff.farid.pk).emergency_until is None
    with pytest.raises(verbs.NotPossible, match="ended already"):
        verbs.end_emergency(mode, by=staff.farid)
    with pytest.raises(verbs.NeedsApproval):
        corrected(item, staff.farid)


def test_it_ends_by_time_and_with_the_right(item: WorkItem, staff: Staff) -> None:
    policy()
    mode = opened(staff.farid, item)
    RoleGrant.objects.filter(user=staff.farid, role=Role.EMERGENCY).delete()
    with pytest.raises(verbs.NeedsApproval):
        corrected(item, staff.farid)
    may(staff.farid)
    ran_out(mode)
    with pytest.raises(verbs.NeedsApproval):
        corrected(item, staff.farid)


def test_a_bulk_run_is_still_approved_by_a_second_person(item: WorkItem, staff: Staff) -> None:
    policy(Deed.WAIVE)
    opened(staff.farid, item)
    choice = by_name("waivers")
    assert choice is not None
    run = planning.plan(Selection(items=(item.number,)), by=staff.farid, choice=choice, data={"reason": WHY})
    while running.work(seconds=10):
        pass
    run.refresh_from_db()
    assert "policy “Careful” asks for it" in limits.second_person(run, choice)


def test_the_review_is_due_by_the_end_of_the_next_business_day(db: None) -> None:
    germany = company("HP-DE")
    friday = dt.datetime(2026, 10, 30, 20, 0, tzinfo=dt.UTC)
    assert emergencies.review_by(germany, friday) == dt.datetime(2026, 11, 2, 17, 0, tzinfo=dt.UTC)
    calendars.set_up(legal_entity=germany, subdivision="BY", time_zone="Europe/Berlin", by=ENGINE)
    late = dt.datetime(2026, 10, 29, 23, 30, tzinfo=dt.UTC)  # Friday in Berlin by then
    assert emergencies.review_by(germany, late) == dt.datetime(2026, 11, 2, 16, 0, tzinfo=dt.UTC)


def done(item: WorkItem, staff: Staff) -> EmergencyDeed:
    policy(fields=["hours"])
    opened(staff.farid, item)
    corrected(item, staff.farid)
    return EmergencyDeed.objects.get()


def test_whoever_did_it_never_reviews_it_and_nobody_twice(item: WorkItem, staff: Staff) -> None:
    row = done(item, staff)
    RoleGrant.objects.create(user=staff.farid, role=Role.CONTROLLER, granted_by="engine:engine")
    for verb in (verbs.confirm_deed, verbs.object_to_deed):
        with pytest.raises(NotAllowed, match="Deed"):
            verb(row, by=staff.farid, note="mine")
        with pytest.raises(NotAllowed):
            verb(row, by=staff.viktor, note="who looks only")
        with pytest.raises(verbs.NotPossible, match="needs a reason"):
            verb(row, by=staff.clara, note=" ")
    seen = verbs.object_to_deed(row, by=staff.clara, note="the sheet says 8.00")
    assert (seen.review, seen.reviewed_by) == (Review.OBJECTED, as_actor(staff.clara).reference)
    with pytest.raises(verbs.NotPossible, match="reviewed already"):
        verbs.confirm_deed(row, by=staff.clara, note="after all")
    assert "the sheet says 8.00" in item.events.order_by("-pk")[0].reason
    assert AuditEntry.objects.filter(verb="object_to_deed", reason="the sheet says 8.00").exists()


def test_an_account_whose_password_the_maker_has_set_counts_as_the_maker(item: WorkItem, staff: Staff) -> None:
    row = done(item, staff)
    maker = as_actor(staff.farid).reference
    User.objects.filter(pk=staff.clara.pk).update(credentials_set_by=[maker])
    with pytest.raises(NotAllowed):
        verbs.confirm_deed(row, by=User.objects.get(pk=staff.clara.pk), note="seen")


def test_what_is_overdue_blocks_the_next_one_and_is_told_to_the_reviewer(item: WorkItem, staff: Staff) -> None:
    row = done(item, staff)
    verbs.end_emergency(row.emergency, by=staff.farid)
    verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=LATE, hours=1)
    verbs.end_emergency(Emergency.objects.first(), by=staff.farid)  # type: ignore[arg-type]  # there is one
    EmergencyDeed.objects.update(review_by=timezone.now() - dt.timedelta(hours=1))
    with pytest.raises(verbs.NotPossible, match="should be reviewed by now"):
        verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=LATE, hours=1)
    assert "Review what was done in emergency mode, 1 overdue" in text_of(signed_in(staff.clara).get("/"))
    assert "Review what was done" not in text_of(signed_in(staff.farid).get("/"))
    verbs.confirm_deed(row, by=staff.clara, note="right")
    verbs.open_emergency(by=staff.farid, legal_entity=place_of(item), reason=LATE, hours=1)


def test_the_banner_stands_on_every_page_while_it_lasts(item: WorkItem, staff: Staff) -> None:
    client, other = signed_in(staff.ingrid), signed_in(staff.clara)
    assert "Emergency mode for" not in text_of(client.get("/queue/"))
    mode = opened(staff.ingrid, item)
    banner = f"Emergency mode for {place_of(item).code} until {mode.until:%H:%M} UTC."
    for address in ("/", "/queue/", "/sessions/", "/mappings/", "/admin/routes/route/"):
        assert banner in text_of(client.get(address)), address
    assert banner not in text_of(other.get("/queue/"))
    client.post(reverse("queue:emergency-ending", args=[mode.number]))
    assert banner not in text_of(client.get("/queue/"))


def test_a_form_that_stood_open_is_refused_in_words_and_keeps_what_was_typed(item: WorkItem, staff: Staff) -> None:
    policy()
    mode, client = opened(staff.farid, item), signed_in(staff.farid)
    page = client.get(reverse("queue:item", args=[item.number])).content.decode()
    assert f'name="emergency" value="{mode.number}"' in page.replace("\n", "")
    ran_out(mode)
    typed = {"field": "hours", "value": "7.25", "reason": "as on the slip", "emergency": mode.number}
    answer = client.post(reverse("queue:remedy", args=[item.number, "corrections"]), typed)
    assert answer.status_code == 422
    words, body = text_of(answer), answer.content.decode()
    assert "Your emergency mode ended at" in words
    assert 'value="7.25"' in body
    assert "as on the slip" in body
    assert f'name="emergency" value="{mode.number}"' not in body.replace("\n", "")
    assert not Overlay.objects.exists()
    assert not ApprovalRequest.objects.exists()
    del typed["emergency"]
    client.post(reverse("queue:remedy", args=[item.number, "corrections"]), typed)
    assert ApprovalRequest.objects.get().made_by == as_actor(staff.farid).reference


def test_a_fields_form_that_stood_open_is_refused_in_words_too(quick_world: Make, staff: Staff) -> None:
    item = fixed_item(quick_world())
    mode, client = opened(staff.farid, item), signed_in(staff.farid)
    assert f'name="emergency" value="{mode.number}"' in client.get(place(item)).content.decode().replace("\n", "")
    verbs.end_emergency(mode, by=staff.farid)
    typed = {"field": "hours", "value": "7.25", "reason": "as on the slip", "emergency": mode.number}
    answer = client.post(place(item, "corrections/"), typed)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert 'value="7.25"' in body
    assert "as on the slip" in body
    assert "Your emergency mode ended at" in row_of(answer, "hours")
    assert not Overlay.objects.exists()


def test_the_pages_open_review_and_end_it(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    may(staff.farid)
    farid, clara = signed_in(staff.farid), signed_in(staff.clara)
    at = reverse("queue:emergency")
    assert "Open it for yourself" not in text_of(clara.get(at))
    refused = farid.post(reverse("queue:emergency-opening"), {"hours": "2", "reason": ""})
    assert refused.status_code == 422
    wanted = {"legal_entity": place_of(item).pk, "hours": "2", "reason": LATE}
    assert clara.post(reverse("queue:emergency-opening"), wanted).status_code == 422
    assert "You work in emergency mode" in text_of(farid.post(reverse("queue:emergency-opening"), wanted, follow=True))
    typed = {"field": "hours", "value": "7.50", "reason": WHY}
    farid.post(reverse("queue:remedy", args=[item.number, "corrections"]), typed)
    row = EmergencyDeed.objects.get()
    assert "in emergency mode" in text_of(farid.get("/corrections/"))
    mine = text_of(farid.get(reverse("queue:emergency-deed", args=[row.number])))
    assert "Confirm" not in mine
    assert "Correct a field" in text_of(clara.get(at))
    words = text_of(clara.get(reverse("queue:emergency-deed", args=[row.number])))
    assert "7.50" in words
    assert "no second person, whom policy" in words.lower()
    confirm = reverse("queue:emergency-review", args=[row.number, "confirmations"])
    assert clara.post(confirm, {"note": ""}).status_code == 422
    assert "Confirmed." in text_of(clara.post(confirm, {"note": "seen"}, follow=True))
    assert signed_in(staff.stranger).get(reverse("queue:emergency-deed", args=[row.number])).status_code == 404


def test_the_api_has_all_of_it(item: WorkItem, staff: Staff) -> None:
    policy(fields=["hours"])
    may(staff.farid)
    farid, clara = signed_in(staff.farid), signed_in(staff.clara)
    json: Any = {"content_type": "application/json"}
    wanted = {"legal_entity": place_of(item).code, "hours": 1, "reason": LATE}
    assert clara.post(MODES, wanted, **json).status_code == 403
    assert farid.post(MODES, wanted | {"hours": 9}, **json).status_code == 422
    assert farid.post(MODES, wanted | {"legal_entity": "XX"}, **json).status_code == 422
    made = farid.post(MODES, wanted, **json)
    assert made.status_code == 201
    at = f"/api/experience/v1/work-items/{item.number}/corrections"
    farid.post(at, {"field": "hours", "value": "7.50", "reason": WHY}, **json)
    [deed] = clara.get(DEEDS, {"review": "waiting"}).json()["items"]
    assert (deed["emergency_mode"], deed["made_by"]) == (made.json()["number"], "Farid Amini")
    assert EmergencyDeed.objects.get().channel == "api"
    [correction, _] = clara.get("/api/experience/v1/corrections").json()["items"]
    assert correction["emergency_mode"] == made.json()["number"]
    review = f"{DEEDS}/{deed['number']}/confirmations"
    assert farid.post(review, {"note": "mine"}, **json).status_code == 403
    assert clara.post(review, {"note": "seen"}, **json).json()["review"] == "confirmed"
    assert clara.post(review, {"note": "again"}, **json).status_code == 409
    ended = farid.post(f"{made['Location']}/endings", {}, **json)
    assert ended.json()["ended_at"]
    told = farid.post(at, {"field": "description", "value": "Workshop", "reason": WHY}, **json)
    assert told.status_code in (200, 409)
    assert EmergencyDeed.objects.count() == 1
