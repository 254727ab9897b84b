"""10,000 failures of one cause: one cause, and a number of queries that does not grow with them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from routes import intake, receive
from routes.models import Failure, Transaction
from routes.plan import current, plan
from tests.intake.firm import Firm, body, record
from tests.routes.world import entry


def without_rule(number: int) -> dict[str, Any]:
    return entry(number, hours="0.00", notes=f"day {number}")


def unreadable(number: int) -> dict[str, Any]:
    return {"id": number, "notes": "no key"}


def misread(number: int) -> dict[str, Any]:
    return entry(number, legal_entity="HP-XX")


def queries(firm: Firm, raws: list[dict[str, Any]]) -> int:
    made = plan(current(firm.pushed).pk)
    with (
        CaptureQueriesContext(
            connection,
        ) as caught,
        transaction.atomic(),
    ):
        receive.take_in(made, raws, run=None)
    return len(caught)


@pytest.mark.parametrize("broken", [without_rule, unreadable, misread])
def test_failures_of_one_cause_cost_a_constant_number_of_queries(
    firm: Firm, broken: Callable[[int], dict[str, Any]]
) -> None:
    few = queries(firm, [broken(number) for number in range(10)])
    many = queries(firm, [broken(number) for number in range(10, 10_010)])
    assert many <= few
    assert Failure.objects.count() == 10_010
    assert Failure.objects.values("fingerprint").distinct().count() == 1


def test_misshapen_events_of_one_cause_cost_a_constant_number_of_queries(firm: Firm) -> None:
    counts = []
    for many in (2, intake.BATCH):
        for number in range(many):
            intake.accept(firm.pushed, body=b'"%d"' % number, via="webhook")
        with CaptureQueriesContext(connection) as caught:
            intake.work(firm.pushed.pk)
        counts.append(len(caught))
    assert counts[1] <= counts[0]
    assert Failure.objects.values("fingerprint").distinct().count() == 1


def test_story_of_an_event_costs_a_constant_number_of_queries(firm: Firm) -> None:
    from routes import events

    counts = []
    for start, many in ((1, 2), (1000, 400)):
        content = body(*(record(start + number, hours="0.00") for number in range(many)))
        event, _ = events.send_in(route=firm.events.slug, body=content, by=firm.farid)
        intake.work(firm.events.pk)
        with CaptureQueriesContext(connection) as caught:
            story = events.what_became_of(event.pk, by=firm.farid)
        counts.append(len(caught))
        assert story["summary"] == f"{many} needs a person."
    assert counts[1] <= counts[0]
    assert Transaction.objects.filter(state="failed").count() == 402
