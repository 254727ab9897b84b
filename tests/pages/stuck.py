"""Four hundred time entries that do not reach NetSuite, for four causes, through the pipeline and over HTTP."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors import loop
from connectors.models import Connection
from exceptions_queue import intake as queue
from exceptions_queue import settle
from governance import versions
from governance.actor import ENGINE
from mappings import cross_references, shipped, tables
from routes import inline, intake, periods, plan
from routes.models import Destination, Route
from sandbox.launch import Simulator
from tests.governance.people import company
from tests.vendors.talking import netsuite_spec

EACH = 100
CONSULTANT, PRINCIPAL = Decimal(100), Decimal(180)  # per hour; the second one the rate card lacks
PASSED_ON = (
    "entry_id", "legal_entity", "worker_id", "project_code", "role", "worked_on", "hours", "amount", "currency",
    "approval_status",
)  # fmt: skip
TIME_IN = {
    "name": "Time as it is pushed",
    "from": {"system": "ledger_look_up", "stream": "time_entries"},
    "to": {"entity": "time_entry"},
    "fields": [{"to": name, "from": name} for name in PASSED_ON],
}
TIME_OUT = {
    "name": "Time to NetSuite, of one employee",
    "from": {"entity": "time_entry"},
    "to": {"system": "netsuite", "stream": "time_entries"},
    "on": "worked_on",
    "fields": [
        {"to": "employee.id", "value": "2001"},
        {"to": "customer.id", "formula": 'XREF("project", project_code)'},
        {"to": "item.externalId", "value": "SVC-BLD"},
        {"to": "hours", "from": "hours", "as": "decimal"},
        {"to": "tranDate", "from": "worked_on", "as": "date"},
        {"to": "rate", "formula": 'LOOKUP("bill_rates.rate", role, currency)', "as": "decimal"},
    ],
}
MONTHS = ("07-01/31", "08-01/31", "09-01/30", "10-01/31", "11-01/30", "12-01/31")
JOB = {"parent": "1201", "subsidiary": "2", "currency": "1"}


@dataclass
class Stuck:
    """The hub, the simulator, and what should stand in it once nothing is stuck any more."""

    simulator: Simulator
    route: Route
    expected: dict[str, tuple[Decimal, Decimal]]  # key → hours and rate
    key: str = ""  # what is copied from NetSuite's screens once the old certificate is taken back
    certificate: str = ""

    def push(self, first: int, number: int = EACH, **differing: Any) -> None:
        """Let entries come, a hundred if nothing else is said, and go as far as they go."""
        told = [_entry(each, **differing) for each in range(first, first + number)]
        for each in told:
            rate = PRINCIPAL if each["role"] == "Principal" else CONSULTANT
            self.expected[str(each["key"])] = Decimal(str(each["hours"])), rate
        intake.accept(self.route, body=json.dumps(told).encode(), via="api")
        intake.work(self.route.pk)
        self.work()

    def work(self) -> None:
        """Do what workers and clock do, until nothing moves by itself."""
        inline.work_off()
        while queue.take_in():
            pass
        settle.settle_sent_again()

    def take_the_certificate_back(self) -> None:
        """Let the sign-in expire, and get a new one, as NetSuite's administrator does; the hub does not know of it."""
        old = self.simulator.admin("GET", "credentials")["certificate_id"]
        self.simulator.admin("POST", "certificates/revocations", {"kid": old})
        made = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        self.key = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = made.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.certificate = "renewed-in-november"
        self.simulator.admin("POST", "certificates", {"kid": self.certificate, "pem": public.decode()})

    def set_the_project_up(self) -> None:
        """Let somebody make the missing project in NetSuite, by hand."""
        self._row("job", externalId="P-NEW", entityId="P-NEW", companyName="Claims portal", **JOB)

    def cap_the_hours(self, hours: str) -> None:
        """Let NetSuite refuse what goes beyond a project's hours, as a script of the firm does; "" lifts it."""
        self._row("job", id=3001, custentity_hours_cap=hours)

    def standing(self) -> dict[str, dict[str, Any]]:
        """Return the time records of NetSuite, by our key."""
        rows = self.simulator.admin("GET", "rows/timeBill")
        assert len({row["externalId"] for row in rows}) == len(rows)
        return {row["externalId"]: row for row in rows}

    def effects(self) -> Counter[str]:
        """Return how often each key was written, by NetSuite's own log."""
        lines = self.simulator.log("netsuite.jsonl")
        return Counter(x["row"]["externalId"] for x in lines if x.get("table") == "timeBill" and x["kind"] == "put")

    def _row(self, kind: str, **values: Any) -> None:
        self.simulator.admin("POST", f"rows/{kind}", values)

    def furnish(self) -> None:
        """Put into NetSuite what time refers to: company, person, customer, project; and months, the first closed."""
        self._row("currency", id=1, externalId="EUR", name="Euro", symbol="EUR")
        self._row("subsidiary", id=2, externalId="HP-DE", name="Halden & Partner GmbH", currency="1")
        self._row("serviceItem", id=51, externalId="SVC-BLD", itemId="SVC-BLD", displayName="Build")
        self._row("customer", id=1201, externalId="C-1", entityId="C-1", companyName="Acme", subsidiary="2")
        self._row("job", id=3001, externalId="P-1", entityId="P-1", companyName="Core banking", **JOB)
        self._row("employee", id=2001, externalId="W-1", entityId="W-1", firstName="A", lastName="B", subsidiary="2")
        for number, month in enumerate(MONTHS):
            first, last = month.split("/")
            self._row(
                "accountingPeriod", id=700 + number, externalId=f"2026-{first[:2]}", periodName=f"2026-{first[:2]}",
                startDate=f"2026-{first}", endDate=f"2026-{first[:3]}{last}", closed=number == 0,
            )  # fmt: skip


def _entry(number: int, **differing: Any) -> dict[str, Any]:
    hours = Decimal(1 + number % 8) + Decimal("0.25") * (number % 3)
    rate = PRINCIPAL if differing.get("role") == "Principal" else CONSULTANT
    return {
        "key": f"TE-{number}", "entry_id": f"TE-{number}", "version": 1, "changed_at": "2026-11-06T08:00:00Z",
        "legal_entity": "HP-DE", "worker_id": "W-1", "project_code": "P-1", "role": "Consultant",
        "worked_on": f"2026-09-{1 + number % 28:02d}", "hours": str(hours), "amount": str(hours * rate),
        "currency": "EUR", "approval_status": "approved",
    } | differing  # fmt: skip


@contextmanager
def stuck(folder: Path) -> Iterator[Stuck]:
    """Let four hundred entries stop: no rate, no project, a closed month, an expired sign-in."""
    with at_netsuite(folder) as made:
        made.push(1, role="Principal")
        made.push(101, project_code="P-NEW")
        made.push(201, worked_on="2026-07-15")
        made.take_the_certificate_back()
        made.push(301)
        yield made


@contextmanager
def at_netsuite(folder: Path) -> Iterator[Stuck]:
    """Start NetSuite with what time refers to, and a route to it."""
    with Simulator.start("netsuite", state=folder) as simulator, pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.OUTBOUND_ALLOWED", [f"127.0.0.1:{simulator.port}"])
        plan.plan.cache_clear()
        loop.stop()  # the next use reads the settings anew
        made = Stuck(simulator, _configured(simulator), {})
        made.furnish()
        for connection in Connection.objects.filter(connector="netsuite"):
            cross_references.upsert(
                [cross_references.NewReference(connection.pk, "project", "P-1", "3001", company("HP-DE").pk)], by=ENGINE
            )
            periods.refresh(connection)
        yield made
        loop.stop()


def _configured(simulator: Simulator) -> Route:
    owner = company("HP-DE")
    spec = netsuite_spec(simulator, auth="certificate")
    source = Connection.objects.create(slug="time", name="Time tool", connector="ledger_look_up", legal_entity=owner)
    target = Connection(
        slug="erp", name="NetSuite", connector="netsuite", legal_entity=owner, auth="certificate",
        answers=dict(spec.answers), concurrency=12,
    )  # fmt: skip
    target.secrets = dict(spec.secrets)
    target.save()
    table = tables.create_table(
        name="bill_rates", title="Rate card", key_columns=["role", "currency"], value_columns={"rate": "money"},
        by=ENGINE,
    )  # fmt: skip
    tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": CONSULTANT})], by=ENGINE)
    for name, content in (("time-in", TIME_IN), ("time-out", TIME_OUT)):
        versions.install(kind="mapping", object_key=name, content=content)
    shipped.install(
        [each for each in shipped.load() if each.key in ("netsuite.accounting_periods", "netsuite.projects")]
    )
    projects = Route.objects.create(slug="projects", name="Projects", legal_entity=owner, canonical_entity="project")
    route = Route.objects.create(
        slug="time", name="Approved time to NetSuite", legal_entity=owner, connection=source, stream="time_entries",
        canonical_entity="time_entry", mapping="time-in",
    )  # fmt: skip
    for each, stream, mapping, more in (
        (projects, "projects", "netsuite.projects", {"key_formula": "project_code"}),
        (route, "time_entries", "time-out", {"key_formula": "entry_id", "posting_date": "worked_on"}),
    ):
        Destination.objects.create(
            route=each, name=stream, connection=target, stream=stream, mapping=mapping, correction="update", **more
        )
    return route
