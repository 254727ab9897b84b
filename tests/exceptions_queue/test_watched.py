"""A rule in force that compares a shown value with pay tells nobody without the right what pay is, however they try."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from canonical.entities import ENTITIES
from canonical.masking import HIDDEN
from exceptions_queue import checking, intake, lineage, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.trying import Outcome
from governance import versions
from governance.rights import NotAllowed, allowed_masks
from routes.models import Destination, Overlay
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_trying import one, opened, publish
from tests.routes.world import INWARD, OUTWARD, World, entry

Make = Callable[..., World]
KEY = "TE-0000001"
PAY = [*INWARD["fields"], {"to": "cost_rate", "from": "cost_rate"}]
MARGIN = {"name": "margin", "check": "bill_rate >= cost_rate", "message": "The rate is too low.", "severity": "error"}
AT_LEDGER = MARGIN | {"check": "source.bill_rate >= source.cost_rate"}


@pytest.fixture(params=["to the ledger", "from the source"])
def staff(quick_world: Make, quick_staff: Staff, request: Any) -> Staff:
    """Return the staff of a firm whose mapping to the ledger has a rule that looks at pay, with one entry stopped."""
    world = quick_world()
    outward = request.param == "to the ledger"
    publish(INWARD | {"fields": PAY, "rules": [] if outward else [MARGIN]}, quick_staff)
    publish(OUTWARD | {"rules": [*OUTWARD["rules"], *([AT_LEDGER] if outward else [])]}, quick_staff)
    world.take_in(entry(1, hours="0.00", cost_rate="71.5"))
    intake.take_in()
    return quick_staff


def rate(value: str) -> dict[str, Any]:
    return {KEY: {"hours": Decimal("8"), "bill_rate": Decimal(value)}}


def test_value_that_is_tried_tells_nothing_of_pay(staff: Staff) -> None:
    low, high = (one(staff.farid, corrections=rate(value)) for value in ("71", "72"))

    assert (low.outcome, low.words, low.rules, low.payload) == (high.outcome, high.words, high.rules, high.payload)
    assert low.untold
    assert "the rule “margin” looks at something you may not see" in low.words
    assert "71.5" not in str(low)
    seen = [one(staff.clara, corrections=rate(value)).outcome for value in ("71", "72")]
    assert seen == [Outcome.STILL_INVALID, Outcome.WILL_SEND], "who may see pay is told"


def test_value_that_the_rule_does_not_look_at_is_tried_as_ever(staff: Staff) -> None:
    assert one(staff.farid, corrections={KEY: {"hours": Decimal("8")}}).outcome is Outcome.WILL_SEND
    assert one(staff.farid).outcome is Outcome.STILL_INVALID, "as it stands"


def test_field_form_tells_nothing_and_the_correction_is_kept(staff: Staff) -> None:
    item, [failure] = WorkItem.objects.get(), opened()
    told = {
        checking.check_value(item, failure, by=staff.farid, name="bill_rate", value=value).words
        for value in ("71", "72", "300")
    }
    assert len(told) == 1
    verbs.correct_field(item, by=staff.farid, field="hours", value="8", reason="agreed", failures=[failure.pk])
    assert Overlay.objects.get().value == "8"


@pytest.mark.parametrize("field", ["condition", "approval_formula"])
def test_condition_and_approval_that_look_at_pay_tell_nothing_either(
    quick_world: Make, quick_staff: Staff, field: str
) -> None:
    world = quick_world()
    publish(INWARD | {"fields": PAY}, quick_staff)
    Destination.objects.filter(pk=world.destination.pk).update(**{field: "bill_rate >= cost_rate"})
    world.take_in(entry(1, hours="0.00", cost_rate="71.5"))
    intake.take_in()
    assert len({one(quick_staff.farid, corrections=rate(value)).words for value in ("71", "72")}) == 1
    assert len({one(quick_staff.clara, corrections=rate(value)).outcome for value in ("71", "72")}) == 2


def test_draft_that_sets_what_a_rule_in_force_compares_with_pay_tells_nothing(staff: Staff) -> None:
    def drafted(value: str) -> Any:
        fields = [each for each in PAY if each["to"] not in ("bill_rate", "hours")]
        fields += [{"to": "bill_rate", "formula": value}, {"to": "hours", "formula": "8"}]
        return versions.draft(
            kind="mapping", object_key="ledger-time-in", by=staff.ingrid,
            content=versions.Version.objects.of("mapping", "ledger-time-in").in_force().get().content
            | {"fields": fields},
        )  # fmt: skip

    low, high = (one(staff.ingrid, configuration=drafted(value)) for value in ("71", "72"))

    assert low.outcome is Outcome.NOT_POSSIBLE
    assert (low.outcome, low.words) == (high.outcome, high.words)
    assert "the rule “margin”" in low.words
    seen = {one(staff.clara, configuration=drafted(value)).outcome for value in ("71", "72")}
    assert seen == {Outcome.STILL_INVALID, Outcome.WILL_SEND}


def test_value_by_way_of_another_field_or_a_column_is_hidden(staff: Staff) -> None:
    fields = [
        {"to": "inner.cost", "formula": "hours * cost_rate"}, {"to": "half", "formula": "result.inner.cost / 2"},
        {"to": "whole", "formula": "result.half * 2"}, {"to": "paid", "formula": 'LOOKUP("pay.cost_rate", role)'},
        {"to": "plain", "formula": "result.shown + 1"}, {"to": "shown", "from": "hours"},
    ]  # fmt: skip
    content = {"destinations": [{"id": 1, "translate": {"content": {"fields": fields}}}]}
    copies, entity = lineage.copies(content, 1), ENTITIES["time_entry"]
    for who, hidden in ((staff.farid, True), (staff.clara, False)):
        masks = allowed_masks(who, WorkItem.objects.get().legal_entity_id)
        for path in ("inner.cost", "half", "whole", "paid"):
            assert (lineage.sent_shown(copies, entity, path, "286", masks) == HIDDEN) is hidden, path
        assert lineage.sent_shown(copies, entity, "plain", "9", masks) == "9"
    with pytest.raises(NotAllowed):
        one(staff.viktor, corrections=rate("71"))
