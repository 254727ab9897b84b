"""The dry run says what would happen, and what happens then is what it said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.trying import Idempotency, Outcome, Trial, tries
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity, RoleGrant
from governance.rights import NotAllowed, Role
from routes.arrivals import decode
from routes.models import Failure, Record, Snapshot
from routes.worked_out import Start
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, with_rates, zero_hours
from tests.governance.people import company
from tests.routes.world import INWARD, OUTWARD, World, entry, refused, unknown

Make = Callable[..., World]


def opened() -> list[Failure]:
    return list(Failure.objects.filter(closed_at=None).order_by("pk"))


def one(by: Any, **more: Any) -> Trial:
    [trial] = tries(opened(), by=by, **more)
    return trial


def everything() -> list[Any]:
    """Return what a dry run must leave as it is: every table of the database, row by row."""
    with connection.cursor() as cursor:
        names = [name for name in connection.introspection.table_names(cursor) if name.startswith("routes_")]
        found = []
        for name in [*names, "governance_auditentry", "governance_version", "exceptions_queue_workitem"]:
            cursor.execute(f"SELECT md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), '')) FROM \"{name}\" x")
            found.append((name, cursor.fetchone()[0]))
    return found


def publish(content: dict[str, Any], staff: Staff) -> None:
    row = versions.draft(kind="mapping", object_key=str(content["name"]), content=content, by=staff.ingrid)
    row = versions.approve(versions.submit(row, by=staff.ingrid), by=staff.clara)
    versions.publish(row, by=staff.ingrid)


def refuse(world: World, number: int = 1) -> None:
    world.target.behave = lambda request, n: refused(Category.REFUSED, "Unknown task")
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    intake.take_in()
    world.target.behave = lambda request, n: None


RENAMED = OUTWARD | {"fields": [*OUTWARD["fields"], {"to": "memo", "formula": '"billed by " & role'}]}


def test_nothing_is_written_and_no_system_is_asked(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    world.take_in(entry(9, hours="0.00"))
    publish(RENAMED, quick_staff)  # a configuration that nothing was processed with has no snapshot, and gets none
    asked, before = len(world.target.requests), everything()

    for start in Start:
        for configuration in ("now", "then"):
            tries(opened(), by=quick_staff.farid, start=start, configuration=configuration)

    assert (everything(), len(world.target.requests)) == (before, asked)


def test_what_would_be_sent_is_what_is_sent(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    publish(RENAMED, quick_staff)

    trial = one(quick_staff.clara, start="source")
    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.clara, failures=[trial.failure])
    world.deliver()

    assert (trial.outcome, trial.idempotency) == (Outcome.WILL_SEND, Idempotency.NEW_NUMBER)
    assert trial.idempotency_words == "Other bytes under the new number 2."
    assert [(d.name, d.was, d.now) for d in trial.differences] == [("memo", None, "billed by Consultant")]
    assert trial.changed == ["mapping for the target: ledger-time-out version 1 → ledger-time-out version 2"]
    assert decode(world.target.commits[-1].body) == trial.payload


def test_bytes_that_go_once_more_say_that_a_fix_is_not_used(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    publish(RENAMED, quick_staff)

    trial = one(quick_staff.clara, start="failed_stage")

    assert (trial.outcome, trial.idempotency) == (Outcome.WILL_SEND, Idempotency.SAME_BYTES)
    assert trial.payload == trial.last
    assert "what was changed since is not used" in trial.configuration
    assert trial.rules == []


def test_as_then_uses_what_counted_then(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    publish(RENAMED, quick_staff)

    trial = one(quick_staff.clara, configuration="then")

    assert (trial.outcome, trial.differences, trial.changed) == (Outcome.WILL_SEND, [], [])
    assert trial.configuration == "as it was then: ledger-time-in version 1, ledger-time-out version 1"


def test_a_draft_is_tried_and_not_put_in_force(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    drafted = versions.draft(kind="mapping", object_key="ledger-time-out", content=RENAMED, by=quick_staff.ingrid)
    other = versions.draft(
        kind="mapping", object_key="another", content=RENAMED | {"name": "another"}, by=quick_staff.ingrid
    )

    trial = one(quick_staff.ingrid, configuration=drafted)
    strange = one(quick_staff.ingrid, configuration=other)

    assert (trial.outcome, [d.name for d in trial.differences]) == (Outcome.WILL_SEND, ["memo"])
    assert "with the draft 2 of “ledger-time-out”" in trial.configuration
    assert (strange.outcome, strange.payload) == (Outcome.INCOMPATIBLE, None)
    assert "has no part in this" in strange.words
    assert Snapshot.objects.count() == 1
    with pytest.raises(NotAllowed, match="Drafts are read by"):
        tries(opened(), by=quick_staff.farid, configuration=drafted)


def test_a_rule_that_still_stops_it_is_named(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    zero_hours(world)

    trial = one(quick_staff.farid)

    assert (trial.outcome, trial.words) == (
        Outcome.STILL_INVALID, "Hours must be more than nothing. Correct them in the time tool.",
    )  # fmt: skip
    assert [(r.name, r.verdict) for r in trial.rules] == [("hours-positive", "broken")]
    assert (trial.payload, trial.idempotency) == (None, Idempotency.NONE)


def test_brief_answer_says_the_same_and_tells_no_bodies(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    zero_hours(world, 2)
    whole, brief = (tries(opened(), by=quick_staff.farid, brief=each) for each in (False, True))
    assert len(brief) == 2
    assert [(t.outcome, t.words, t.amount, t.key) for t in brief] == [
        (t.outcome, t.words, t.amount, t.key) for t in whole
    ]
    assert all(t.rules for t in whole)
    assert not any(t.rules or t.payload or t.last for t in brief)


def test_what_needs_a_second_person_says_so(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world(approval_formula="hours > 7")
    world.take_in(entry(1))
    intake.take_in()

    trial = one(quick_staff.farid)

    assert (trial.outcome, trial.words) == (
        Outcome.NEEDS_APPROVAL, "Needs a second person's approval by the route's rule",
    )  # fmt: skip
    assert trial.payload is not None


def test_what_is_in_doubt_is_asked_first(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world("ledger_blind")
    world.target.behave = lambda request, n: unknown()
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()

    trial = one(quick_staff.farid)

    assert (trial.outcome, trial.idempotency) == (Outcome.NOT_POSSIBLE, Idempotency.ASKS_FIRST)
    assert trial.words.startswith("Whether it was written is in doubt")


def test_what_is_posted_is_told_with_its_number(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    [failure] = opened()
    verbs.resubmit(WorkItem.objects.get(), by=quick_staff.farid, failures=[failure.pk])
    world.deliver()

    [trial] = tries([failure], by=quick_staff.farid)  # looked at before, and pressed afterwards

    assert (trial.outcome, trial.words) == (Outcome.ALREADY_THERE, "It is posted as LR-1.")


def test_a_record_that_stopped_early_is_tried_at_every_destination(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1, legal_entity="HP-XX"))
    intake.take_in()

    still = one(quick_staff.clara)
    LegalEntity.objects.create(code="HP-XX", name="Halden XX", country="FR", currency="EUR")
    fits = one(quick_staff.clara)

    assert (still.outcome, still.transaction) == (Outcome.STILL_INVALID, None)
    assert (fits.outcome, fits.destination) == (Outcome.WILL_SEND, "Ledger")
    assert fits.payload is not None
    assert Record.objects.get().state == "failed"


def test_somebody_of_another_company_tries_nothing(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    refuse(world)
    for by in (quick_staff.stranger, quick_staff.viktor):
        with pytest.raises(NotAllowed):
            tries(opened(), by=by)


BRIEF = ("failure", "transaction", "record", "key", "destination", "outcome", "words", "stopped_by", "amount",
         "currency", "hours", "untold")  # fmt: skip


@pytest.mark.parametrize("start", Start)
@pytest.mark.parametrize("configuration", ["now", "then"])
def test_plan_of_many_tells_of_each_what_its_own_dry_run_tells(
    quick_world: Make, quick_staff: Staff, start: Start, configuration: Any
) -> None:
    world = quick_world()
    refuse(world, 2)
    with_rates(world)
    world.take_in(*(entry(each) for each in (3, 4)))
    world.take_in(entry(5, hours="0.00"), entry(6, legal_entity="HP-XX"), entry(7, hours="0.00", role="Partner"))
    world.take_in(entry(1, version=2, hours="3.00"))
    intake.take_in()
    found = opened()
    assert len({(each.category, each.stage) for each in found}) > 3

    many = tries(found, by=ENGINE, start=start, configuration=configuration, brief=True)

    for failure, told in zip(found, many, strict=True):
        [alone] = tries([failure], by=ENGINE, start=start, configuration=configuration)
        assert [getattr(told, name) for name in BRIEF] == [getattr(alone, name) for name in BRIEF]


def test_ten_cost_as_many_queries_as_one(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    missing_rate(world, 10)
    found = opened()
    tries(found, by=ENGINE)
    counts = []
    for members in (found[:1], found):
        with CaptureQueriesContext(connection) as asked:
            trials = tries(members, by=quick_staff.clara)
        counts.append(len(asked))
        assert {trial.outcome for trial in trials} == {Outcome.STILL_INVALID}
    assert counts[0] == counts[1]
    assert counts[1] <= 25


@pytest.mark.parametrize(
    "formula",
    [
        "cost_rate", '"pays " & cost_rate', 'IF(cost_rate > 70, "much", "little")',
        'IF(cost_rate > 70, VALUE("x"), "")',
    ],
)  # fmt: skip
def test_draft_tells_no_pay_to_who_may_not_see_it(quick_world: Make, quick_staff: Staff, formula: str) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00", cost_rate="71.5"))
    intake.take_in()
    fields = [each for each in INWARD["fields"] if each["to"] != "description"]
    content = INWARD | {"fields": [*fields, {"to": "description", "formula": formula}]}
    drafted = versions.draft(kind="mapping", object_key="ledger-time-in", content=content, by=quick_staff.ingrid)

    trial, seen = (one(who, configuration=drafted) for who in (quick_staff.ingrid, quick_staff.clara))

    assert (trial.outcome, trial.payload, trial.rules, trial.differences) == (Outcome.NOT_POSSIBLE, None, [], [])
    assert "This draft reads what you may not see, in a new way: the field “description”." in trial.words
    assert "71.5" not in str(trial)
    assert seen.outcome is not Outcome.NOT_POSSIBLE


def test_draft_puts_no_record_where_its_reader_sees_more(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00", cost_rate="71.5"))
    intake.take_in()
    america = company("HP-US")
    RoleGrant.objects.create(user=quick_staff.ingrid, role=Role.CONTROLLER, legal_entity=america, granted_by="engine:x")
    there = [each for each in INWARD["fields"] if each["to"] not in ("legal_entity", "description")]
    there += [{"to": "legal_entity", "value": "HP-US"}, {"to": "description", "from": "cost_rate"}]
    drafted = versions.draft(
        kind="mapping", object_key="ledger-time-in", content=INWARD | {"fields": there}, by=quick_staff.ingrid
    )

    assert "71.5" not in str(one(quick_staff.ingrid, configuration=drafted))


def test_what_its_destination_being_off_holds_is_no_matter_of_approval(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world(approval_formula="hours > 7")
    world.take_in(entry(1))
    intake.take_in()
    type(world.destination).objects.update(enabled=False)

    trial = one(quick_staff.farid)

    assert trial.outcome is Outcome.STILL_INVALID
    assert "switched off" in trial.words
