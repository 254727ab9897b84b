"""Time that becomes invoices: a world whose posted hours are grouped by project, and the books that take the invoices.

What stands in the books is added up here from the requests that they committed, apart from all that the hub knows.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from django.db import transaction

from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from routes import collect, deliver, receive, runs
from routes.models import Failure, Route, Transaction
from routes.plan import current, plan
from tests.routes.world import Target, World

GROUPED = {
    "name": "hours-to-invoice",
    "from": {"system": "hub", "stream": "posted"},
    "to": {"entity": "invoice"},
    "fields": [
        {"to": "legal_entity", "formula": "ITEM(lines.legal_entity, 1)"},
        {"to": "invoice_id", "from": "key"},
        {"to": "customer_id", "formula": "ITEM(lines.project_code, 1)"},
        {"to": "issued_on", "formula": "MAX(lines.worked_on)"},
        {"to": "currency", "formula": "ITEM(lines.currency, 1)"},
        {"to": "net_amount", "formula": "SUM(lines.amount)"},
        {
            "to": "lines",
            "each": "lines",
            "fields": [
                {"to": "legal_entity", "from": "legal_entity"},
                {"to": "invoice_id", "from": "project_code"},
                {"to": "line_id", "from": "entry_id"},
                {"to": "quantity", "from": "hours"},
                {"to": "amount", "from": "amount"},
                {"to": "currency", "from": "currency"},
            ],
        },
    ],
}
INVOICE = {
    "name": "invoice-out",
    "from": {"entity": "invoice"},
    "to": {"system": "ledger", "stream": "entries"},
    "fields": [
        {"to": "key", "formula": "hub.key"},
        {"to": "date", "from": "issued_on", "as": "date"},
        {"to": "amount", "from": "net_amount"},
        {
            "to": "lines",
            "each": "lines",
            "fields": [{"to": "entry", "from": "line_id"}, {"to": "amount", "from": "amount"}],
        },
    ],
    "rules": [
        {"name": "not-free", "check": "amount > 0", "severity": "error", "field": "amount",
         "message": "An invoice is about more than nothing."},
    ],
}  # fmt: skip


@dataclass
class Billing:
    """The hub with time and invoices; `books` is the target of the invoices."""

    time: World
    route: Route
    books: Target = field(default_factory=Target)

    def take_in(self, *entries: dict[str, Any]) -> None:
        """Let the time tool show entries, and post them."""
        self.time.take_in(*entries)
        self.time.deliver()

    def vanish(self, key: str) -> None:
        """Let an entry be deleted in the time tool, and take back what is posted."""
        receive.withdraw_missing(self.time.plan, [key], run=None)
        self.time.deliver()

    def group(self) -> receive.Totals:
        """Group what is posted by now, without sending it."""
        with transaction.atomic():
            return collect.take_in(plan(current(self.route).pk), run=None)

    def run(self) -> Any:
        """Do a run of the route and return it."""
        asked = runs.ask_for_run(self.route, by=ENGINE, trigger="upstream")
        runs.work(self.route.pk)
        asked.refresh_from_db()
        return asked

    def send(self, rounds: int = 10) -> None:
        """Send invoices until nothing is due."""
        connection = self.route.destinations.get().connection_id
        for _ in range(rounds):
            if not deliver.deliver(connection_id=connection, lane="posting", stream="entries").claimed:
                return

    def bill(self) -> None:
        """Group and send."""
        self.group()
        self.send()

    def invoices(self) -> dict[str, dict[str, Decimal]]:
        """Return what stands in the books: invoice → entry → amount."""
        standing: dict[str, dict[str, Decimal]] = {}
        for commit in self.books.commits:
            if commit.operation == "reverse":
                del standing[commit.key]
                continue
            told = msgspec.json.decode(commit.body, type=dict[str, Any])
            lines: dict[str, Decimal] = {}
            for line in told["lines"]:
                lines[line["entry"]] = lines.get(line["entry"], Decimal(0)) + Decimal(str(line["amount"]))
            assert sum(lines.values()) == Decimal(str(told["amount"]))
            standing[commit.key] = lines
        return standing

    def billed(self, entry: str) -> Decimal | None:
        """Return what all invoices together say of an entry; None when that is nothing."""
        return sum((lines.get(entry, Decimal(0)) for lines in self.invoices().values()), Decimal(0)) or None

    def states(self) -> dict[str, list[str]]:
        """Return the states of each invoice's transactions, the oldest first."""
        found: dict[str, list[str]] = {}
        for row in Transaction.objects.filter(destination__route=self.route).order_by("key", "version", "created_at"):
            found.setdefault(row.key, []).append(row.state)
        return found

    def told(self) -> list[Failure]:
        """Return what people are told now of invoices."""
        return list(Failure.objects.filter(route=self.route, closed_at=None).order_by("opened_at", "id"))


def make(time: World, *, correction: str = "reverse", group_by: str = "project_code", **more: Any) -> Billing:
    """Make the route that groups what the world's destination has posted."""
    entity = time.route.legal_entity
    books = Connection.objects.create(
        slug="books", name="Books", connector="ledger_look_up", legal_entity=entity, environment="sandbox",
        answers={"base_url": ""},
    )  # fmt: skip
    for content in (GROUPED, INVOICE):
        versions.install(kind="mapping", object_key=str(content["name"]), content=content)
    route = Route.objects.create(
        slug="invoices", name="Invoices", legal_entity=entity, upstream=time.destination, group_by=group_by,
        canonical_entity="invoice", mapping="hours-to-invoice",
    )  # fmt: skip
    route.destinations.create(
        name="Books", connection=books, stream="entries", mapping="invoice-out", correction=correction, **more
    )
    return Billing(time, route)
