"""Configures the hub for the benchmark, as an integration admin would: entities, tables, mappings, connections, routes.

Needs Django to be set up. A run gets connections and a route of its own, so that every entry is new to it while the
tables keep what earlier runs left, as in production.
"""

from typing import Any

from bench import hub_mapping, work
from bench.case import IN_FLIGHT, Case
from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity
from mappings import tables
from mappings.models import LookupTable
from routes.models import Destination, Route

COUNTRIES = {"HP-DE": ("DE", "EUR"), "HP-US": ("US", "USD"), "HP-GB": ("GB", "GBP")}
TITLES = {"workers": "Employees of the ledger", "projects": "Projects of the ledger", "tasks": "Services of the ledger"}


def lay_the_ground() -> None:
    """Make what all routes share."""
    for code, (country, currency) in COUNTRIES.items():
        LegalEntity.objects.get_or_create(code=code, defaults={"name": code, "country": country, "currency": currency})
    for name, rows in work.TABLES.items():
        if LookupTable.objects.filter(name=f"bench_{name}").exists():
            continue
        table = tables.create_table(
            name=f"bench_{name}", title=TITLES[name], key_columns=["code"], value_columns={"id": "text"}, by=ENGINE
        )
        tables.add_rows(table, [tables.NewRow((code,), {"id": id_}) for code, id_ in rows.items()], by=ENGINE)
    versions.install(kind="mapping", object_key="bench.normalise", content=hub_mapping.NORMALISE)
    versions.install(kind="mapping", object_key="bench.translate", content=hub_mapping.TRANSLATE)


def make_route(case: Case, url: str) -> Route:
    """Make the route of one run."""
    number = Route.objects.count() + 1
    entity = LegalEntity.objects.get(code="HP-DE")
    shared: dict[str, Any] = {"connector": "bench_ledger", "legal_entity": entity, "answers": {"base_url": url}}
    source = Connection.objects.create(slug=f"bench-source-{number}", name=f"Time tool {number}", **shared)
    target = Connection.objects.create(
        slug=f"bench-target-{number}", name=f"Ledger {number}", concurrency=IN_FLIGHT, **shared
    )
    route = Route.objects.create(
        slug=f"bench-{number}", name=f"{case.name} {number}", legal_entity=entity, connection=source,
        stream="time_entries", canonical_entity="time_entry", mapping="bench.normalise",
    )  # fmt: skip
    Destination.objects.create(
        route=route, name="Ledger", connection=target, stream="entries" if case.batch == 1 else "entries_by_hundreds",
        mapping="bench.translate", correction="update", posting_date="worked_on",
    )  # fmt: skip
    return route
