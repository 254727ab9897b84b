"""Echoes: two systems that mirror each other come to rest, and end up the same."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import transaction

from connectors.models import Connection
from connectors.outcome import Result, WriteOutcome, WriteRequest
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity
from routes import deliver, drafts, echoes, intake, pages, piecewise, receive, runs, shipments
from routes.models import (
    Destination,
    Effect,
    Failure,
    InboundEvent,
    KeyHead,
    Record,
    Route,
    Run,
    SourceHead,
    Transaction,
)
from routes.models.inbound import Via
from routes.plan import current, plan
from tests import clocks
from tests.routes.world import INWARD, OUTWARD, entry

FIELDS = ("key", "legal_entity", "worker_code", "project_code", "task_code", "role", "worked_on", "hours", "notes",
          "billable", "bill_rate", "amount", "currency", "status")  # fmt: skip
TO_CANONICAL = {f["from"]: f["to"] for f in INWARD["fields"] if "from" in f}
MIRROR = {
    **OUTWARD, "name": "mirror-out", "rules": [],
    "fields": [{"to": name, "from": TO_CANONICAL[name]} for name in FIELDS if name != "key"]
    + [{"to": "key", "formula": "hub.key"}],
}  # fmt: skip


@dataclass
class System:
    """One of the two: what it holds, by key. Every write counts its version up, as a person's edit does."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: int = 0

    def edit(self, number: int, **more: Any) -> None:
        """Do what a person does there."""
        made = entry(number)
        before = self.records.get(made["key"])
        self._put({**(before or made), **more}, before)

    def write(self, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
        """Take what the hub sends; the answer says nothing of the version that it became."""
        for request in requests:
            body = msgspec.json.decode(request.body, type=dict[str, Any])
            before = self.records.get(body["key"])
            self.writes += 1
            if request.operation == "reverse":
                self._put({**(before or {}), "status": "rejected"}, before)
            else:
                self._put({**(before or entry(int(body["key"][3:]))), **body}, before)
        return [WriteOutcome(Result.CONFIRMED, external_id=r.key, reference=r.key) for r in requests]

    def write_under_own_ids(self, prefix: str, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
        """Take what the hub sends under ids that only this system gives, and tell them in the answers."""
        ids = []
        for request in requests:
            body = msgspec.json.decode(request.body, type=dict[str, Any])
            ids.append(f"{prefix}-{body['key']}")
            before = self.records.get(ids[-1])
            self._put({**(before or entry(500)), **body, "key": ids[-1], "status": "approved"}, before)
        return [WriteOutcome(Result.CONFIRMED, external_id=id_, reference=id_) for id_ in ids]

    def _put(self, values: dict[str, Any], before: dict[str, Any] | None) -> None:
        version = (before["version"] if before else 0) + 1
        stamp = f"2026-10-06T08:{version:02d}:00.000000Z"
        numbers = {name: Decimal(str(values[name])) for name in ("hours", "amount", "bill_rate")}
        self.records[values["key"]] = {**values, **numbers, "version": version, "changed_at": stamp}

    def says(self) -> dict[str, tuple[Any, ...]]:
        """Return what matters of its records, by key."""
        return {key: tuple(r[name] for name in FIELDS) for key, r in self.records.items()}


@dataclass
class Mirror:
    """Two systems and a route each way."""

    left: System
    right: System
    routes: dict[str, Route]
    connections: dict[int, System]

    def turn(self) -> None:
        """Read both once and deliver what is due."""
        for name, system in (("left", self.left), ("right", self.right)):
            with transaction.atomic():
                made = plan(current(self.routes[name]).pk)
                receive.take_in(made, [dict(r) for r in system.records.values()], run=None)
            for connection_id in self.connections:
                for _ in range(3):
                    deliver.deliver(connection_id=connection_id, lane="posting", stream="entries")

    def rest(self, turns: int = 8) -> int:
        """Turn until nothing is written any more; return how many effects it took."""
        before = Effect.objects.count()
        for _ in range(turns):
            effects = Effect.objects.count()
            self.turn()
            if Effect.objects.count() == effects:
                return effects - before
        pytest.fail(f"still writing after {turns} turns: {list(Effect.objects.values_list('key', 'operation'))}")


@pytest.fixture
def mirror(db: None, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    plan.cache_clear()
    entity = LegalEntity.objects.create(code="HP-DE", name="Halden & Partner GmbH", country="DE", currency="EUR")
    for content in (INWARD, MIRROR):
        versions.install(kind="mapping", object_key=str(content["name"]), content=content)
    sides = {
        slug: Connection.objects.create(
            slug=slug, name=slug.title(), connector="ledger_idempotent", legal_entity=entity, environment="sandbox",
            answers={"base_url": ""},
        )
        for slug in ("left", "right")
    }  # fmt: skip
    routes = {}
    for here, there in (("left", "right"), ("right", "left")):
        routes[here] = Route.objects.create(
            slug=f"from-{here}", name=f"From {here}", legal_entity=entity, connection=sides[here],
            stream="time_entries", canonical_entity="time_entry", mapping="ledger-time-in",
        )  # fmt: skip
        Destination.objects.create(
            route=routes[here], name=there.title(), connection=sides[there], stream="entries", mapping="mirror-out",
            correction="update",
        )  # fmt: skip
    made = Mirror(System(), System(), routes, {})
    made.connections = {sides["left"].pk: made.left, sides["right"].pk: made.right}
    monkeypatch.setattr(shipments, "send_requests", lambda c, d, requests, n: made.connections[c.pk].write(requests))
    return made


def at_rest(mirror: Mirror) -> None:
    assert mirror.left.says() == mirror.right.says()
    assert not KeyHead.objects.exclude(transaction_id=None).exists()
    assert not Failure.objects.filter(closed_at=None).exists()
    assert set(Transaction.objects.values_list("state", flat=True)) <= {"posted", "superseded", "filtered"}


def test_new_record_is_written_once_and_comes_to_rest(mirror: Mirror) -> None:
    for number in range(1, 6):
        mirror.left.edit(number)
    assert mirror.rest() == 5
    at_rest(mirror)
    assert (mirror.left.writes, mirror.right.writes) == (0, 5)


def test_change_on_either_side_reaches_the_other_and_comes_to_rest(mirror: Mirror) -> None:
    mirror.left.edit(1)
    mirror.rest()
    mirror.right.edit(1, hours="6.00", amount="600.00")
    assert mirror.rest() == 1
    at_rest(mirror)
    assert mirror.left.records["TE-0000001"]["hours"] == 6


@pytest.mark.parametrize("side", ["left", "right"])
def test_change_back_to_what_the_hub_once_wrote_is_no_echo(mirror: Mirror, side: str) -> None:
    mirror.left.edit(1, hours="8.00")
    mirror.rest()
    mirror.right.edit(1, hours="6.00")
    mirror.rest()
    getattr(mirror, side).edit(1, hours="8.00")
    mirror.rest()
    at_rest(mirror)
    assert mirror.left.records["TE-0000001"]["hours"] == 8


def test_records_of_both_sides_meet(mirror: Mirror) -> None:
    mirror.left.edit(1)
    mirror.right.edit(2)
    mirror.rest()
    for hours, side in (("1.00", mirror.left), ("2.00", mirror.right), ("1.00", mirror.right), ("3.00", mirror.left)):
        side.edit(1, hours=hours)
        side.edit(2, hours=hours)
        assert mirror.rest() <= 4
        at_rest(mirror)


def test_our_own_write_that_vanishes_there_breaks_no_comparison(mirror: Mirror) -> None:
    mirror.left.edit(1)
    mirror.rest()
    with transaction.atomic():
        made = plan(current(mirror.routes["right"]).pk)
        assert receive.withdraw_missing(made, ["TE-0000001"], run=None) == 0
    assert SourceHead.objects.get(route=mirror.routes["right"]).withdrawn


class Died(BaseException):
    """A worker that is killed: no code of ours catches it."""


def answer_comes_after_the_echoes_were_looked_for(patch: pytest.MonkeyPatch) -> None:
    """From the look for echoes on, nothing is on its way any more: another worker has taken the answer in."""
    looked: list[bool] = []
    among, are_under_way = echoes.among, echoes.are_under_way
    patch.setattr(echoes, "among", lambda *page: (among(*page), looked.append(True))[0])
    patch.setattr(echoes, "are_under_way", lambda made: not looked and are_under_way(made))


ANSWERED_IN_BETWEEN = "just before its answer"


@pytest.mark.parametrize("travels", [True, False])
@pytest.mark.parametrize(
    "when", ["after its answer", "before its answer", ANSWERED_IN_BETWEEN, "before its worker died"]
)
def test_write_that_is_read_back_on_its_way_is_waited_for(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, when: str, travels: bool
) -> None:
    """Each system has ids of its own, so only the answer tells which record there is ours."""
    interrupted: list[str] = []
    put_off: list[str] = []

    def read(name: str) -> None:
        made = plan(current(mirror.routes[name]).pk)
        page = [dict(r) for r in getattr(mirror, name).records.values()]
        run = Run.objects.filter(route=mirror.routes[name]).first() or runs.ask_for_run(
            mirror.routes[name], by=ENGINE, trigger="person"
        )
        try:
            with transaction.atomic():
                onward = drafts.open_for(made) if travels else None
                receive.take_in(made, page, run=run.pk, onward=onward)
        except pages.NotNow as not_now:
            put_off.append(str(not_now))

    def send(connection: Connection, to: Any, requests: Sequence[WriteRequest], at_once: int) -> list[WriteOutcome]:
        answers = mirror.connections[connection.pk].write_under_own_ids(connection.slug, requests)
        if not interrupted:
            interrupted.append(when)
            if when == "before its worker died":
                raise Died
            if when == "before its answer":
                read("right")
            if when == ANSWERED_IN_BETWEEN:
                with monkeypatch.context() as patch:
                    answer_comes_after_the_echoes_were_looked_for(patch)
                    read("right")
        return answers

    monkeypatch.setattr(shipments, "send_requests", send)
    mirror.left.edit(1)
    read("left")
    for _ in range(4):
        for connection_id in mirror.connections:
            for _ in range(3):
                with contextlib.suppress(Died):
                    deliver.deliver(connection_id=connection_id, lane="posting", stream="entries")
        read("right")
        read("left")
        clocks.later(300)
    clocks.set_right()
    assert sum(record["hours"] for record in mirror.left.records.values()) == 8
    assert len(mirror.right.records) == 1
    assert bool(put_off) == (when != "after its answer")


def test_page_that_goes_record_by_record_waits_for_a_write_too(mirror: Mirror) -> None:
    mirror.left.edit(1)
    mirror.turn()
    mirror.left.edit(1, notes="Workshop")
    with transaction.atomic():
        made = plan(current(mirror.routes["left"]).pk)
        receive.take_in(made, [dict(r) for r in mirror.left.records.values()], run=None)
    Effect.objects.update(state="sent")  # as while its answer is awaited
    mirror.right.edit(2)
    run = runs.ask_for_run(mirror.routes["right"], by=ENGINE, trigger="person")
    made = plan(current(mirror.routes["right"]).pk)
    with pytest.raises(pages.NotNow), transaction.atomic():
        piecewise.take_in(made, [dict(r) for r in mirror.right.records.values()], run=run.pk)
    assert not Failure.objects.exists()


def push(mirror: Mirror, name: str) -> None:
    """Let a system push what it holds, and a worker look for what was pushed."""
    intake.accept(mirror.routes[name], body=said(getattr(mirror, name)), via=Via.WEBHOOK)
    look(mirror, name)


def said(system: System) -> bytes:
    """Return what a system pushes: all that it holds."""
    return msgspec.json.encode([{**r, "hours": str(r["hours"])} for r in system.records.values()])


def look(mirror: Mirror, name: str) -> None:
    """Take in what was pushed: a nudge that comes when nothing may be done changes nothing."""
    intake.work(mirror.routes[name].pk)


@pytest.mark.parametrize("when", ["before its answer", "before its worker died"])
def test_event_that_may_be_our_own_write_waits_in_the_inbox_until_that_is_settled(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Each system has ids of its own, so only the answer tells which record there is ours."""
    interrupted: list[str] = []

    def send(connection: Connection, to: Any, requests: Sequence[WriteRequest], at_once: int) -> list[WriteOutcome]:
        answers = mirror.connections[connection.pk].write_under_own_ids(connection.slug, requests)
        if not interrupted:
            interrupted.append(when)
            push(mirror, "right")
            mirror.right.edit(2)
            push(mirror, "right")
            assert InboundEvent.objects.filter(processed_at=None).count() == 2
            assert intake.due_routes() == []  # nobody looks for what cannot be taken in yet
            if when == "before its worker died":
                raise Died
        return answers

    monkeypatch.setattr(shipments, "send_requests", send)
    mirror.left.edit(1)
    push(mirror, "left")
    assert Record.objects.get().key == "TE-0000001"  # nothing was under way to where that came from
    for _ in range(4):
        for connection_id in mirror.connections:
            for _ in range(3):
                with contextlib.suppress(Died):
                    deliver.deliver(connection_id=connection_id, lane="posting", stream="entries")
        look(mirror, "right")
        clocks.later(300)
    clocks.set_right()

    assert interrupted
    assert not InboundEvent.objects.filter(processed_at=None).exists()
    assert not Failure.objects.filter(closed_at=None).exists()
    assert sorted(mirror.left.records) == ["TE-0000001", "left-TE-0000002"]
    assert len(mirror.right.records) == 2


def test_event_is_taken_in_while_a_write_waits_for_a_person_or_goes_elsewhere(mirror: Mirror) -> None:
    mirror.left.edit(1)
    mirror.turn()
    Effect.objects.update(state="sent")  # that head is due no more: only a person goes on with it
    KeyHead.objects.update(due_at=None)

    mirror.right.edit(2)
    push(mirror, "right")

    assert not InboundEvent.objects.filter(processed_at=None).exists()
