"""Reproducible: the same bytes on a retry, today's configuration on a resubmission, and what both were made with."""

import copy
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from canonical.failure import Category
from connectors.outcome import WriteOutcome
from governance import versions
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings.models import LookupTable
from mappings.tables import NewRow, add_rows, create_table
from routes import bodies, decisions
from routes.models import Record, Snapshot, Transaction
from tests.governance.people import person
from tests.routes.world import INWARD, OUTWARD, World, entry, refused, unknown

Make = Callable[..., World]


def task_codes() -> LookupTable:
    """Make the table that mappings of these tests look codes up in."""
    return create_table(
        name="task_codes", title="Task codes", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE
    )


def publish(content: dict[str, Any]) -> None:
    """Put another version of a mapping in force: one person makes it, another approves it."""
    ingrid = User.objects.filter(username="ingrid").first() or person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    clara = User.objects.filter(username="clara").first() or person("Clara Voss", Role.CONTROLLER)
    made = versions.draft(kind="mapping", object_key=content["name"], content=content, by=ingrid)
    versions.publish(versions.approve(versions.submit(made, by=ingrid), by=clara), by=ingrid)


def changed(content: dict[str, Any], to: str, **rule: str) -> dict[str, Any]:
    """Return a mapping with one field's rule replaced."""
    other = copy.deepcopy(content)
    other["fields"] = [{"to": to, **rule} if f["to"] == to else f for f in other["fields"]]
    return other


def sent(world: World) -> dict[str, Any]:
    """Return what was sent last."""
    found: dict[str, Any] = msgspec.json.decode(world.target.requests[-1].body)
    return found


def hits(id_: UUID) -> tuple[int, ...]:
    """Return the table rows that a body was made with."""
    return bodies.read([id_])[id_].hits


@pytest.mark.parametrize(
    ("connector", "mishap"),
    [("ledger_idempotent", unknown()), ("ledger_look_up", refused(Category.TRANSIENT, "lock"))],
)
def test_automatic_retry_sends_the_same_bytes_whatever_was_published_since(
    quick_world: Make, connector: str, mishap: WriteOutcome
) -> None:
    world = quick_world(connector)
    world.target.behave = lambda request, number: mishap if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    publish(changed(OUTWARD, "project", formula='"NEW-" & project_code'))
    world.later(60)
    world.deliver()
    assert world.states() == ["posted"]
    before, after = world.target.requests
    assert before.body == after.body
    assert (before.idempotency_key == after.idempotency_key) == (connector == "ledger_idempotent")


@pytest.mark.parametrize("as_then", [False, True])
def test_resubmission_uses_todays_configuration_unless_told_as_then(quick_world: Make, as_then: bool) -> None:
    world = quick_world()
    world.target.behave = lambda request, number: refused(Category.VALIDATION, "no such project")
    world.take_in(entry(1))
    world.deliver()
    [failed] = world.transactions()
    then = failed.snapshot_id
    publish(changed(INWARD, "role", formula='"Senior " & role'))
    publish(changed(OUTWARD, "project", formula='project_code & "/" & role'))
    world.target.behave = lambda request, number: None
    assert decisions.resubmit(
        [failed.pk], by=ENGINE, reason="corrected there", configuration="then" if as_then else "now"
    ) == [failed.pk]
    world.deliver()
    failed.refresh_from_db()
    assert failed.state == "posted"
    assert sent(world)["project"] == ("P-001" if as_then else "P-001/Senior Consultant")
    assert (failed.snapshot_id == then) == as_then
    names = {m["content"]["name"]: m["version"] for m in mappings_of(Snapshot.objects.get(pk=failed.snapshot_id))}
    assert names == dict.fromkeys(("ledger-time-in", "ledger-time-out"), 1 if as_then else 2)


def mappings_of(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [snapshot.content["normalise"], *[d["translate"] for d in snapshot.content["destinations"]]]


def test_bodies_name_the_table_rows_that_they_were_made_with(quick_world: Make) -> None:
    world = quick_world()
    table = task_codes()
    [build] = add_rows(table, [NewRow(("T-BUILD",), {"code": "B"})], by=ENGINE).in_force
    [test] = add_rows(table, [NewRow(("T-TEST",), {"code": "T"})], by=ENGINE).in_force
    publish(changed(INWARD, "description", formula='LOOKUP("task_codes", task_code)'))
    publish(changed(OUTWARD, "project", formula='LOOKUP("task_codes", "T-TEST") & task_code'))
    world.take_in(entry(1))
    [only] = world.transactions()
    record = Record.objects.get(pk=only.record_id)
    assert hits(record.canonical_payload_id) == (build.pk,)
    assert hits(only.request_payload_id) == (test.pk,)
    assert hits(record.source_payload_id) == ()


def test_resubmission_names_the_table_rows_of_today(quick_world: Make) -> None:
    world = quick_world()
    table = task_codes()
    publish(changed(OUTWARD, "project", formula='LOOKUP("task_codes", task_code)'))
    world.take_in(entry(1))
    assert world.states() == ["failed"]
    [row] = add_rows(table, [NewRow(("T-BUILD",), {"code": "B"})], by=ENGINE).in_force
    decisions.resubmit([t.pk for t in world.transactions()], by=ENGINE, reason="the row was added")
    [only] = Transaction.objects.all()
    assert (only.state, hits(only.request_payload_id)) == ("ready", (row.pk,))


@pytest.mark.parametrize("as_then", [False, True])
def test_resubmission_as_then_reads_the_rows_that_counted_then(make_world: Make, as_then: bool) -> None:
    world = make_world()
    table = task_codes()
    [then] = add_rows(table, [NewRow(("T-BUILD",), {"code": "B"})], by=ENGINE).in_force
    publish(changed(INWARD, "description", formula='LOOKUP("task_codes", task_code)'))
    publish(changed(OUTWARD, "project", formula='LOOKUP("task_codes", task_code)'))
    world.target.behave = lambda request, number: refused(Category.VALIDATION, "no such project")
    world.take_in(entry(1))
    world.deliver()
    [failed] = world.transactions()
    [now] = add_rows(table, [NewRow(("T-BUILD",), {"code": "C"})], by=ENGINE).in_force
    world.target.behave = lambda request, number: None
    for _ in range(2):  # what was then stays the same, however often it is asked for
        assert decisions.resubmit(
            [failed.pk], by=ENGINE, reason="corrected there", configuration="then" if as_then else "now"
        ) == [failed.pk]
        Transaction.objects.update(state="failed")
    Transaction.objects.update(state="ready")
    world.deliver()
    assert sent(world)["project"] == ("B" if as_then else "C")
    failed.refresh_from_db()
    for payload in (failed.request_payload_id, failed.canonical_payload_id):
        assert hits(payload) == ((then if as_then else now).pk,)


def test_resubmission_as_then_means_the_last_time_that_it_was_worked_out_anew(make_world: Make) -> None:
    world = make_world()
    table = task_codes()
    publish(changed(OUTWARD, "project", formula='LOOKUP("task_codes", task_code)'))
    world.take_in(entry(1))
    assert world.states() == ["failed"]
    world.target.behave = lambda request, number: refused(Category.VALIDATION, "no such project")
    add_rows(table, [NewRow(("T-BUILD",), {"code": "B"})], by=ENGINE)  # releases it
    world.deliver()
    add_rows(table, [NewRow(("T-BUILD",), {"code": "C"})], by=ENGINE)
    world.target.behave = lambda request, number: None
    [failed] = world.transactions()
    assert decisions.resubmit([failed.pk], by=ENGINE, reason="corrected there", configuration="then") == [failed.pk]
    world.deliver()
    assert sent(world)["project"] == "B"
