"""Words that everybody reads who sees an exception quote nothing that a mask hides from some of them."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.contrib.admin import site
from django.core.management import call_command
from django.urls import reverse

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import deadlines, intake, stuck, verbs
from exceptions_queue.bulk import collecting, shown
from exceptions_queue.models import BulkMember, WorkItem
from governance import discreet
from governance.identifiers import new_id
from governance.models import AuditEntry, User
from mappings.models import CrossReference
from routes.models import Failure, Transition
from tests.api.signing import get, token_of
from tests.exceptions_queue.bulk import AGAIN, WHY, planned
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, trouble
from tests.exceptions_queue.test_trying import publish
from tests.governance.people import person
from tests.routes.world import INWARD, World, entry

Make = Callable[..., World]
PAY = [*INWARD["fields"], {"to": "cost_rate", "from": "cost_rate"}]
SAYS = "Rate {bill_rate} of {worker_name} is below the cost {cost_rate}."
RULE = {"name": "margin", "check": "bill_rate >= cost_rate", "message": SAYS, "severity": "error", "field": "bill_rate"}
HIDDEN = Problem("error", Category.VALIDATION, "cost_rate", None, "A cost of 95.00 is above the rate.", "95.00")


def test_message_of_a_rule_leaves_out_what_a_mask_hides(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    publish(INWARD | {"fields": PAY, "rules": [RULE]}, quick_staff)
    world.take_in(entry(1, cost_rate="771.5"))
    intake.take_in()
    item, failure = WorkItem.objects.get(), Failure.objects.get()
    told = f"{item.title} {item.cause} {failure.message}"
    assert "is below the cost •••." in failure.message
    assert "771.5" not in told


def test_history_in_the_api_is_told_as_on_the_page(make_world: Make, staff: Staff) -> None:
    item = trouble(make_world(), HIDDEN)
    address = f"/api/experience/v1/work-items/{item.number}"
    for somebody, sees in ((staff.viktor, False), (staff.farid, False), (staff.clara, True)):
        told = get(address, token_of(somebody)).content.decode()
        assert ("95.00" in told) is sees, somebody


def test_correction_of_pay_is_told_without_its_value(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = zero_hours(make_world())
    seen: list[str] = []
    module = import_module("exceptions_queue.verbs.correct_field")  # the package has the verb under this name
    monkeypatch.setattr(module, "send_again", lambda item, members, *, by, told, after, reason: seen.append(told))
    verbs.correct_field(item, by=staff.clara, field="hours", value="4", reason="as on the slip")
    verbs.correct_field(item, by=staff.clara, field="cost_rate", value="96.50", reason="as agreed")
    assert seen == ["hours of 1 corrected to 4: as on the slip", "cost rate of 1 corrected: as agreed"]
    assert not Transition.objects.filter(reason__contains="96.50").exists()


def test_audit_trail_tells_exceptions_by_their_number(make_world: Make, staff: Staff) -> None:
    item = trouble(make_world(), HIDDEN)
    WorkItem.objects.update(title="The cost rate 95.00 is not accepted")
    item.refresh_from_db()
    verbs.comment(item, by=staff.clara, text="seen")
    entries = AuditEntry.objects.filter(thing_id=str(item.pk), verb="comment")

    def names(by: Any) -> list[str]:
        return [each.thing_name for each in discreet.covered(entries.all(), by)]

    assert names(staff.olga) == [f"{item.number} •••"]
    root = User.objects.create_superuser("root", password=None)
    assert "95.00" in names(root)[0], "who may see through every mask"
    assert not discreet.told_by_name(entries.filter(thing_name__icontains="95.0"), "95.0", staff.olga).exists()
    assert discreet.told_by_name(entries.filter(thing_name__icontains="95.0"), "95.0", root).exists()


def test_deadline_is_named_to_who_sees_something_that_stands_in_it(make_world: Make, staff: Staff) -> None:
    zero_hours(make_world())
    keys = {line.key for _, line in deadlines._lines(stuck.places(None), deadlines._now())}
    assert keys
    assert all(deadlines.line_of(key, staff.farid) for key in keys)
    assert not any(deadlines.line_of(key, staff.stranger) for key in keys)


def test_command_tells_titles_as_its_person_may_read_them(
    make_world: Make, staff: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    item = trouble(make_world(), HIDDEN)
    for somebody, sees in ((staff.farid, False), (staff.clara, True)):
        call_command("resubmit", str(item.number), by=somebody.username, reason="again", dry_run=True)
        assert ("95.00" in capsys.readouterr().out) is sees


def test_lists_of_the_administration_do_not_sort_by_what_is_covered() -> None:
    reverse("admin:index")  # which fills the registry
    for model, names in ((AuditEntry, ["about"]), (CrossReference, ["our_key", "their_id", "their_number"])):
        shown = site._registry[model]
        assert not [name for name in names if getattr(getattr(shown, name), "admin_order_field", None)]


def test_plan_keeps_words_that_everybody_may_read_who_sees_it(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, hours="0.00", cost_rate="96,50"))
    intake.take_in()
    item = WorkItem.objects.get()
    assert item.field != "cost_rate"
    publish(INWARD | {"fields": PAY}, staff)
    run = planned(staff.clara, "resubmissions", AGAIN, item)
    for reader in (staff.clara, staff.farid):
        [member] = shown.told(list(run.members.select_related("item", "run")), reader)
        assert "Something is wrong with the cost rate." in member["why"]
        assert "96,50" not in str(member)


def test_plan_of_an_earlier_release_quotes_nothing_to_who_does_not_see_all(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    run = planned(staff.farid, "waivers", WHY, item)
    said = {"why": "The cost rate 95.00 is too high.", "ended": "The cost rate 95.00 is too high."}
    rows = BulkMember.objects.filter(run=run)
    assert rows.get().corrected, "what is planned now keeps how it was corrected"
    root = person("Rosa Root", is_superuser=True)
    for user, kept, told in ((staff.viktor, "x", True), (staff.viktor, "", False), (root, "", True)):
        rows.update(corrected=kept, **said)
        page = text_of(signed_in(user).get(f"/bulk-runs/{run.pk}/"))
        assert ("95.00" in page) is told, (user, kept)


def test_what_stopped_again_is_told_of_a_hidden_field_without_its_value() -> None:
    for field, said in (("cost_rate", "Something is wrong with the cost rate."), ("hours", "It is 96,50.")):
        ending = collecting.ending_of(
            collecting.Stand(1, False, "", "failed", "", new_id(), "It is 96,50.", "validation", field=field)
        )
        assert ending
        assert ending.ended == said
