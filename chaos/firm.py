"""The firm of a chaos run, as rows of the hub: a connection, a route and its destination for each write class."""

from dataclasses import dataclass
from typing import Any

from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity
from routes import runs
from routes.models import Destination, Route

ENTITIES = {"HP-DE": ("Halden & Partner GmbH", "DE", "EUR"), "HP-US": ("Halden & Partner Inc.", "US", "USD"),
            "HP-GB": ("Halden & Partner Ltd", "GB", "GBP")}  # fmt: skip
# The ledger's way into the hub and out of it; the tests of the pipeline go the same one.
INWARD: dict[str, Any] = {
    "name": "ledger-time-in",
    "from": {"system": "ledger", "stream": "time_entries"},
    "to": {"entity": "time_entry"},
    "fields": [
        {"to": "entry_id", "from": "key"},
        {"to": "legal_entity", "from": "legal_entity"},
        {"to": "worker_id", "from": "worker_code"},
        {"to": "project_code", "from": "project_code"},
        {"to": "task_code", "from": "task_code"},
        {"to": "role", "from": "role"},
        {"to": "worked_on", "from": "worked_on"},
        {"to": "hours", "from": "hours"},
        {"to": "description", "from": "notes"},
        {"to": "billable", "from": "billable"},
        {"to": "bill_rate", "from": "bill_rate"},
        {"to": "amount", "from": "amount"},
        {"to": "currency", "from": "currency"},
        {"to": "approval_status", "from": "status"},
        {"to": "changed_at", "from": "changed_at"},
        {"to": "period", "formula": "LEFT(worked_on, 7)"},
    ],
}
OUTWARD: dict[str, Any] = {
    "name": "ledger-time-out",
    "from": {"entity": "time_entry"},
    "to": {"system": "ledger", "stream": "entries"},
    "fields": [
        {"to": "key", "formula": "hub.key"},
        {"to": "hours", "from": "hours"},
        {"to": "amount", "from": "amount"},
        {"to": "currency", "from": "currency"},
        {"to": "project", "from": "project_code"},
    ],
}
# How each class corrects what is posted. Reversing and posting anew is the harder way where repeats are not absorbed.
CORRECTIONS = {"idempotent": "update", "look_up": "reverse", "blind": "update"}


@dataclass(frozen=True)
class Way:
    """One route of the firm to one target, by its rows' ids."""

    write_class: str
    route: int
    destination: int
    connection: int


def make(write_class: str, base_url: str) -> Way:
    """Make the way of a write class to the ledger at `base_url`."""
    for code, (name, country, currency) in ENTITIES.items():
        facts = {"name": name, "country": country, "currency": currency}
        LegalEntity.objects.get_or_create(code=code, defaults=facts)
    for content in (INWARD, OUTWARD):
        versions.install(kind="mapping", object_key=content["name"], content=content)
    entity = LegalEntity.objects.get(code="HP-DE")
    source, target = (
        Connection.objects.create(
            slug=f"{write_class.replace('_', '-')}-{what}", name=f"{title} ({write_class})",
            connector=f"ledger_{write_class}", legal_entity=entity, environment="sandbox",
            answers={"base_url": base_url}, concurrency=64,
        )
        for what, title in (("time", "Time tool"), ("ledger", "Ledger"))
    )  # fmt: skip
    route = Route.objects.create(
        slug=f"chaos-{write_class.replace('_', '-')}", name=f"Time to the {write_class} ledger", legal_entity=entity,
        connection=source, stream="time_entries", canonical_entity="time_entry", mapping=INWARD["name"],
    )  # fmt: skip
    destination = Destination.objects.create(
        route=route, name="Ledger", connection=target, stream="entries", mapping=OUTWARD["name"],
        condition='approval_status = "approved"', correction=CORRECTIONS[write_class],
        window=100,  # a killed worker leaves so many in doubt: enough to count, few enough for people
    )  # fmt: skip
    return Way(write_class, route.pk, destination.pk, target.pk)


def ask_for_run(way: Way) -> None:
    """Ask for a run of the way's route, as a schedule would."""
    runs.ask_for_run(Route.objects.get(pk=way.route), by=ENGINE, trigger="schedule")
