"""The hub with routes to the real Tryton: records are pushed to its own door and go the whole way over HTTP."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Kind
from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity
from mappings import shipped
from mappings.cross_references import NewReference, upsert
from mappings.tables import NewRow, add_rows, create_table
from routes import inline, intake
from routes.models import Destination, Effect, Failure, Route, Transaction, Transition
from tests.clocks import later
from tests.erp.conftest import Tryton
from tests.governance.people import company


@dataclass
class Hub:
    """A company with a door for pushed records and a connection to Tryton; `routes` by name."""

    tryton: Tryton
    company: LegalEntity
    source: Connection
    erp: Connection
    routes: dict[str, Route] = field(default_factory=dict)

    def route(self, entity: str, name: str = "", **more: Any) -> Route:
        """Make a route that takes pushed records of an entity, without destinations."""
        mapping = f"pushed.{entity}"
        versions.install(kind="mapping", object_key=mapping, content=as_it_is(entity))
        name = name or entity
        self.routes[name] = Route.objects.create(
            slug=name, name=name, legal_entity=self.company, connection=self.source, stream="time_entries",
            canonical_entity=entity, mapping=mapping, **more,
        )  # fmt: skip
        return self.routes[name]

    def destination(self, route: Route, stream: str, **more: Any) -> Destination:
        """Let a route write a stream of Tryton, through the mapping that the connector ships for it."""
        mapping = more.pop("mapping", f"tryton.{stream}")
        connection = more.pop("connection", self.erp)
        return Destination.objects.create(
            route=route, name=mapping, connection=connection, stream=stream, mapping=mapping, **more
        )

    def time_route(self, **more: Any) -> Destination:
        """Make the route that posts time, and let the hub know worker and task of the firm's seed."""
        firm = self.tryton.firm
        work = firm["projects"]["P-101"]["timesheet_works"]["BUILD"]
        self.refer("worker", "W-001", firm["employees"]["W-001"])
        self.refer("task", "P-101/BUILD", work)
        route = self.route("time_entry", order=more.pop("order", "superseding"))
        more = {"mapping": "tryton.time_entries", "key_formula": "entry_id", "correction": "update"} | more
        return self.destination(route, "time_lines", **more)

    def refer(self, entity: str, key: str, external_id: int, connection: Connection | None = None) -> None:
        """Let the hub know which id one of its records has in Tryton."""
        at = (connection or self.erp).pk
        upsert([NewReference(at, entity, key, str(external_id), self.company.pk)], by=ENGINE)

    def push(self, route: str, *records: dict[str, Any]) -> None:
        """Push records to a route and take them in."""
        body = json.dumps(records).encode()
        intake.accept(self.routes[route], body=body, via="api")
        intake.work(self.routes[route].pk)

    def work_off(self, *, leaps: Sequence[float] = (), login: str = "") -> None:
        """Do all that is due, then again after each leap of the clock."""
        inline.work_off()
        for seconds in leaps:
            later(seconds)
            inline.work_off()

    def states(self, route: str) -> dict[str, str]:
        """Return the state of each key's newest transaction of a route."""
        rows = Transaction.objects.filter(destination__route=self.routes[route]).order_by("version", "created_at")
        return {row.key: row.state for row in rows}


def as_it_is(entity: str) -> dict[str, Any]:
    """Return the mapping of a sender who uses the hub's own words."""
    return {
        "name": f"Pushed {entity}",
        "from": {"system": "ledger_look_up", "stream": "time_entries"},
        "to": {"entity": entity},
        "fields": _fields(entity),
    }


def _fields(entity: str) -> list[dict[str, Any]]:
    return [
        {"to": f.name, "each": f.name, "fields": _fields(f.references)}
        if f.kind is Kind.LINES
        else {"to": f.name, "from": f.name}
        for f in ENTITIES[entity].fields
    ]


def record(key: str, version: int = 1, **values: Any) -> dict[str, Any]:
    """Return a record as it is pushed: its own key and version beside the hub's words."""
    stamp = f"2026-10-06T08:{version:02d}:00Z"
    return {"key": key, "version": version, "changed_at": stamp, "legal_entity": "HP-DE"} | values


def entry(key: str, version: int = 1, **values: Any) -> dict[str, Any]:
    """Return approved time of W-001 on P-101/BUILD, worked yesterday."""
    day = today() - dt.timedelta(days=1)
    worked = {
        "entry_id": key, "worker_id": "W-001", "customer_id": "C-1001", "project_code": "P-101", "task_code": "BUILD",
        "worked_on": day.isoformat(), "hours": "7.25", "description": "Interface to the warehouse", "billable": True,
        "bill_rate": "120.00", "amount": "870.00", "currency": "EUR", "approval_status": "approved",
        "period": f"{day:%Y-%m}",
    }  # fmt: skip
    return record(key, version, **worked | values)


def today() -> dt.date:
    """Return today as Tryton sees it."""
    return dt.datetime.now(dt.UTC).date()


def make(tryton: Tryton, *, base_url: str = "", login: str = "hub") -> Hub:
    """Make the company, its connections and the tables that the shipped mappings ask for."""
    shipped.install([each for each in shipped.load() if each.key.startswith("tryton.")])
    owner = company("HP-DE")
    source = Connection.objects.create(
        slug="time", name="Time tool", connector="ledger_look_up", legal_entity=owner, answers={}
    )
    hub = Hub(tryton, owner, source, connect(tryton, owner, base_url=base_url, login=login))
    _fill_tables(tryton)
    return hub


def connect(
    tryton: Tryton, owner: LegalEntity, *, slug: str = "tryton", base_url: str = "", login: str = "hub"
) -> Connection:
    """Connect the hub to Tryton as one of its users."""
    return Connection.objects.create(
        slug=slug, name="Tryton", connector="tryton", legal_entity=owner, answers=tryton.answers(login, base_url),
        secrets={"password": tryton.users[login]["password"]},
    )  # fmt: skip


def _fill_tables(tryton: Tryton) -> None:
    firm = tryton.firm
    books = {
        "journal": firm["journal"],
        "receivable": firm["accounts"]["receivable"],
        "revenue": firm["accounts"]["revenue"],
        "payment_term": _long_term(tryton),
        "product": firm["products"]["CONS-STD"],
        "unit": firm["units"]["Hour"],
        "tax": firm["tax"],
    }
    _table("tryton_books", "Books in Tryton", {("HP-DE",): books})
    _table("tryton_addresses", "Invoice addresses", {(c,): {"id": a} for c, a in firm["addresses"].items()})
    _table("tryton_currencies", "Currencies", {("EUR",): {"id": firm["currency"]}})


def _table(name: str, title: str, rows: dict[tuple[str, ...], dict[str, Any]]) -> None:
    columns = dict.fromkeys(next(iter(rows.values())), "text")
    table = create_table(name=name, title=title, key_columns=["key"], value_columns=columns, by=ENGINE)
    new = [NewRow(key, {column: str(value) for column, value in values.items()}) for key, values in rows.items()]
    add_rows(table, new, by=ENGINE)


def _long_term(tryton: Tryton) -> int:
    """Return a payment term so long that Tryton never warns of a payment date in the past."""
    name = "Net 1500"
    found = tryton.direct.ids("account.invoice.payment_term", ["name", "=", name])
    if not found:
        line = {"type": "remainder", "relativedeltas": [["create", [{"days": 1500}]]]}
        found = tryton.direct("account.invoice.payment_term.create", [{"name": name, "lines": [["create", [line]]]}])
    return int(found[0])


def effects(key: str) -> list[tuple[int, str, str]]:
    """Return (number, operation, state) of the effects on a business key."""
    return list(Effect.objects.filter(key=key).order_by("number").values_list("number", "operation", "state"))


def open_failures() -> list[Failure]:
    """Return what people are told now."""
    return list(Failure.objects.filter(closed_at=None).order_by("opened_at", "id"))


def history(key: str) -> list[str]:
    """Return the states that a key's only transaction went through."""
    only = Transaction.objects.get(key=key)
    return list(Transition.objects.filter(subject_id=only.pk).order_by("at", "id").values_list("to_state", flat=True))
