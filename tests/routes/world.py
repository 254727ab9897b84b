"""A small firm with one route, and a target that a test can make behave badly: for tests of the pipeline itself."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.db import connection, transaction
from django.test import override_settings

from canonical.failure import Category
from chaos import firm
from connectors.models import Connection
from connectors.outcome import LookUp, Result, WriteOutcome, WriteRequest
from governance import versions
from governance.models import LegalEntity
from routes import consignments, deliver, receive
from routes.models import Destination, Effect, KeyHead, Record, Route, Transaction, Transition
from routes.plan import Plan, current, plan
from tests import clocks

INWARD = firm.INWARD
OUTWARD = firm.OUTWARD | {
    "rules": [
        {"name": "hours-positive", "check": "hours > 0", "severity": "error", "field": "hours",
         "message": "Hours must be more than nothing. Correct them in the time tool."},
    ],
}  # fmt: skip


def entry(
    number: int, *, hours: str = "8.00", version: int = 1, status: str = "approved", **more: Any
) -> dict[str, Any]:
    """Return a raw time entry as the ledger's source shows it."""
    return {
        "id": number, "key": f"TE-{number:07d}", "legal_entity": "HP-DE", "worker_code": "W-001",
        "project_code": "P-001", "task_code": "T-BUILD", "role": "Consultant", "worked_on": "2026-10-05",
        "hours": Decimal(hours), "bill_rate": Decimal("100.00"), "amount": Decimal(hours) * 100, "currency": "EUR",
        "billable": True, "notes": "Build and unit tests", "status": status, "version": version,
        "changed_at": f"2026-10-06T08:00:{version % 60:02d}.000000Z",
    } | more  # fmt: skip


@dataclass
class Target:
    """What the fake target has committed; `behave` decides about each request (None: it commits and says so)."""

    commits: list[WriteRequest] = field(default_factory=list)
    requests: list[WriteRequest] = field(default_factory=list)
    behave: Callable[[WriteRequest, int], WriteOutcome | str | None] = lambda request, number: None
    dedups: bool = False
    ids: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def write(self, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
        """Answer requests as the test wants it; a text is an unknown outcome whose write was committed anyway."""
        return [self._one(request) for request in requests]

    def _one(self, request: WriteRequest) -> WriteOutcome:
        self.requests.append(request)
        wanted = self.behave(request, len(self.requests))
        if isinstance(wanted, WriteOutcome):
            return wanted
        repeated = self.dedups and any(c.idempotency_key == request.idempotency_key for c in self.commits)
        if not repeated:
            self.commits.append(request)
        if isinstance(wanted, str):
            return unknown(wanted)
        number = next(iter(self.ids))
        return WriteOutcome(Result.CONFIRMED, external_id=f"X{number}", reference=f"LR-{number}")

    def look_up(self, requests: Sequence[WriteRequest]) -> list[LookUp]:
        """Tell which keys are committed and not undone."""
        return [LookUp(self.live(r.key), external_id=f"X-{r.key}") for r in requests]

    def live(self, key: str) -> bool:
        """Whether the key stands there now."""
        mine = [c for c in self.commits if c.key == key]
        return bool(mine) and mine[-1].operation != "reverse"

    def net_hours(self, key: str) -> Decimal:
        """What the target's books say for a business key, all its lines together."""
        total = Decimal(0)
        lines: dict[str, Decimal] = {}
        for commit in self.commits:
            if commit.key.split(".")[0] != key:
                continue
            hours = Decimal(str(msgspec.json.decode(commit.body, type=dict[str, Any]).get("hours", 0)))
            lines[commit.key] = Decimal(0) if commit.operation == "reverse" else hours
        return sum(lines.values(), total)


def unknown(message: str = "the connection closed without an answer") -> WriteOutcome:
    """Return an outcome that nobody can tell."""
    return WriteOutcome(Result.UNKNOWN, message=message, category=Category.OUTCOME_UNKNOWN)


def refused(category: Category, message: str = "no") -> WriteOutcome:
    """Return a certain refusal."""
    return WriteOutcome(Result.REFUSED, message=message, category=category)


@dataclass
class World:
    """One route from a time source to a ledger, and its target."""

    route: Route
    destination: Destination
    target: Target
    travels: bool = False  # whether what is new travels in consignments

    @property
    def plan(self) -> Plan:
        return plan(current(self.route).pk)

    def take_in(self, *raws: dict[str, Any]) -> receive.Totals:
        """Receive a page, as a run does; what is new travels in consignments where the test wants it so."""
        plan = self.plan  # one for the whole page
        with override_settings(CONSIGNMENTS=self.travels):
            return self.store(plan, receive.prepare(plan, raws, run=None))

    def store(self, plan: Plan, prepared: receive.Prepared) -> receive.Totals:
        """Store a page that was worked out before."""
        with transaction.atomic():
            return receive.take_in_prepared(plan, prepared, run=None)

    def deliver(self, rounds: int = 10) -> None:
        """Deliver until nothing is due."""
        for _ in range(rounds):
            done = deliver.deliver(connection_id=self.destination.connection_id, lane="posting", stream="entries")
            if not done.claimed:
                return

    def travelling(self) -> int:
        """Return how many consignments are on their way."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM routes_consignment")
            return int(cursor.fetchone()[0])

    def lose_a_worker(self) -> None:
        """Let a worker take the next consignment and die with it, before it has sent anything."""
        with transaction.atomic():
            consignments.take(
                connection_id=self.destination.connection_id, lane="posting", stream="entries", owner=uuid4(), limit=500
            )

    def later(self, seconds: float) -> None:
        """Let time pass, for this connection."""
        clocks.later(seconds)

    def transactions(self) -> list[Transaction]:
        return list(Transaction.objects.order_by("key", "version", "created_at"))

    def states(self) -> list[str]:
        return [t.state for t in self.transactions()]

    def effects(self) -> list[tuple[str, int, str, str]]:
        """Return (key, number, operation, state) of every effect."""
        return list(Effect.objects.order_by("key", "number").values_list("key", "number", "operation", "state"))

    def history(self, id_: UUID) -> list[str]:
        return list(Transition.objects.filter(subject_id=id_).order_by("at", "id").values_list("to_state", flat=True))


def make(connector: str = "ledger_look_up", *, correction: str = "update", over_http: str = "", **more: Any) -> World:
    """Make a firm, its connections and one route."""
    for code, country, currency in (("HP-DE", "DE", "EUR"), ("HP-US", "US", "USD"), ("HP-GB", "GB", "GBP")):
        entity, _ = LegalEntity.objects.get_or_create(
            code=code, defaults={"name": f"Halden & Partner {country}", "country": country, "currency": currency}
        )
    source, target = (
        Connection.objects.create(
            slug=slug,
            name=slug.title(),
            connector=connector,
            legal_entity=entity,
            environment="sandbox",
            answers={"base_url": over_http},
        )
        for slug in ("time", "ledger")
    )
    for content in (INWARD, OUTWARD):
        versions.install(kind="mapping", object_key=str(content["name"]), content=content)
    route = Route.objects.create(
        slug="time-to-ledger", name="Time to ledger", legal_entity=entity, connection=source, stream="time_entries",
        canonical_entity="time_entry", mapping="ledger-time-in", order=more.pop("order", "superseding"),
    )  # fmt: skip
    destination = Destination.objects.create(
        route=route, name="Ledger", connection=target, stream="entries", mapping="ledger-time-out",
        condition=more.pop("condition", 'approval_status = "approved"'), correction=correction,
        delta_fields=["hours", "amount"], **more,
    )  # fmt: skip
    return World(route, destination, Target(dedups=connector == "ledger_idempotent"))


__all__ = ["INWARD", "OUTWARD", "KeyHead", "Record", "Target", "World", "dt", "entry", "make", "refused", "unknown"]
