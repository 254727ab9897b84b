"""An amount from which a second person is asked: corrections count by what they become, credits like invoices."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from exceptions_queue import becoming, verbs
from exceptions_queue.models import Deed, WorkItem
from exceptions_queue.verbs import asking
from routes.models import Failure, Overlay
from tests.exceptions_queue.bulk import planned
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_corrected_elsewhere import stopped
from tests.exceptions_queue.test_four_eyes import WHY, policy, staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.routes.test_corrected_fields import priced
from tests.routes.world import World

__all__ = ["staff"]
Make = Callable[..., World]


@pytest.mark.parametrize(("hours", "asks"), [("700", True), ("7", False), ("0.1", True)])
@pytest.mark.parametrize("before", ["refused", "against a rule"])
def test_a_correction_is_judged_by_what_it_makes_of_the_amount(
    quick_world: Make, staff: Staff, hours: str, asks: bool, before: str
) -> None:
    world = priced(quick_world())
    item = stopped(world) if before == "refused" else zero_hours(world)
    limit = 750 if hours == "0.1" else 1000  # 800.00 before, or nothing
    policy(amount_from=Decimal(limit))
    if before != "refused" and hours == "0.1":
        asks = False  # from nothing to ten
    if not asks:
        verbs.correct_field(item, by=staff.farid, field="hours", value=hours, reason=WHY)
        assert Overlay.objects.exists()
        return
    with pytest.raises(verbs.NeedsApproval):
        verbs.correct_field(item, by=staff.farid, field="hours", value=hours, reason=WHY)
    assert not Overlay.objects.exists()


@pytest.mark.parametrize("before", ["refused", "against a rule"])
@pytest.mark.parametrize(("first", "asks"), [("1.00", True), ("70000.00", False)])
def test_a_correction_that_comes_to_another_amount_than_was_judged_is_undone(
    quick_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch, first: str, asks: bool, before: str
) -> None:
    """A row of a table begins to count between the working that is judged and the one that is sent."""
    world = priced(quick_world())
    item = stopped(world) if before == "refused" else zero_hours(world)
    policy(amount_from=Decimal(1000 if asks else 100_000))
    real = becoming.amounts
    monkeypatch.setattr(becoming, "amounts", lambda wish: {each: (Decimal(first), "EUR") for each in real(wish)})
    hours = "700" if asks else "7"
    if not asks:
        verbs.correct_field(item, by=staff.farid, field="hours", value=hours, reason=WHY)
        return
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.correct_field(item, by=staff.farid, field="hours", value=hours, reason=WHY)
    assert not Overlay.objects.exists()
    assert item.failures().count() == 1
    assert verbs.ask_approval(needs.value.wish, by=staff.farid).state == "waiting"


def test_a_plan_to_correct_many_is_judged_by_what_they_become(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(priced(quick_world()), 2)
    policy(amount_from=Decimal(10_000))
    small = planned(staff.farid, "corrections", {"field": "hours", "value": "7", "reason": WHY}, item)
    assert (small.planned, "Careful" in small.second_person) == (2, False)
    large = planned(staff.farid, "corrections", {"field": "hours", "value": "700", "reason": WHY}, item)
    assert (large.planned, "Careful" in large.second_person) == (2, True)


def opposed(world: World) -> WorkItem:
    """Return an item of an invoice and its credit."""
    item = zero_hours(world, 2)
    first, second = item.failures().order_by("pk").values_list("pk", flat=True)
    Failure.objects.filter(pk=first).update(amount=Decimal(80_000))
    Failure.objects.filter(pk=second).update(amount=Decimal(-80_000))
    return item


def test_a_credit_makes_an_invoice_no_smaller(quick_world: Make, staff: Staff) -> None:
    item = opposed(quick_world())
    policy(Deed.WAIVE, amount_from=Decimal(10_000))
    with pytest.raises(verbs.NeedsApproval):
        verbs.waive(item, by=staff.farid, reason="both are void")


def test_a_credit_makes_a_bulk_run_no_smaller(quick_world: Make, staff: Staff, settings: Any) -> None:
    settings.BULK_AMOUNT_ALONE = 100_000
    item = opposed(quick_world())
    run = planned(staff.farid, "waivers", {"reason": "both are void"}, item)
    assert "160,000.00 EUR are more than" in run.second_person


def test_a_policys_amount_is_told_with_the_currency_in_which_it_is_meant(staff: Staff) -> None:
    kept = policy(amount_from=Decimal(1000))
    assert "from 1,000.00 EUR or of unknown amount)" in asking.in_words([kept])
    listed = signed_in(staff.clara).get("/admin/exceptions_queue/approvalpolicy/")
    assert "from 1,000.00 EUR or of unknown amount" in text_of(listed)
