"""The firm whose lists are measured: three companies, its staff, four routes with their connections, one subscriber."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import hub_setup
from bench.lists import spread
from connectors.models import Connection
from governance.actor import ENGINE
from governance.grants import grant
from governance.models import LegalEntity, User
from governance.rights import Role
from routes.models import Destination, Route
from routes.plan import current

Staff = Mapping[str, tuple[str, str, Role, str]]
STAFF: Staff = {  # user name → first name, last name, role, company ("" for all)
    "ingrid": ("Ingrid", "Solheim", Role.INTEGRATION_ADMIN, ""),
    "farid": ("Farid", "Amini", Role.FINANCE, ""),
    "clara": ("Clara", "Voss", Role.CONTROLLER, ""),
    "viktor": ("Viktor", "Lang", Role.VIEWER, "HP-GB"),
    "olga": ("Olga", "Petrenko", Role.OPERATOR, ""),
}
STREAMS = ("entries", "entries_by_hundreds")


@dataclass(frozen=True, slots=True)
class Target:
    """A destination, by its ids."""

    id: int
    connection: int
    stream: str


@dataclass(frozen=True, slots=True)
class Switch:
    """A route, by its ids, with its targets."""

    id: int
    legal_entity: int
    snapshot: int
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Firm:
    """What all rows belong to."""

    now: dt.datetime
    companies: dict[str, int]
    routes: dict[str, Switch]
    staff: dict[str, User]


def found(now: dt.datetime, ways: Sequence[spread.Way] = spread.WAYS, staff: Staff = STAFF) -> Firm:
    """Make the firm in an empty database, with these routes and people."""
    hub_setup.lay_the_ground()
    companies = {row.code: row for row in LegalEntity.objects.filter(code__in=spread.COMPANIES)}
    routes = {way.slug: _route(way, companies["HP-DE"]) for way in ways}
    people = {name: _person(name, told, companies) for name, told in staff.items()}
    return Firm(now, {code: row.pk for code, row in companies.items()}, routes, people)


def _route(way: spread.Way, owner: LegalEntity) -> Switch:
    shared: dict[str, Any] = {
        "connector": "bench_ledger", "legal_entity": owner, "answers": {"base_url": "http://127.0.0.1:9"}
    }  # fmt: skip
    source = Connection.objects.create(slug=f"{way.slug}-from", name=f"{way.name}: source", **shared)
    route = Route.objects.create(
        slug=way.slug, name=way.name, legal_entity=owner, connection=source, stream="time_entries",
        canonical_entity="time_entry", mapping="bench.normalise", enabled=way.last == 1.0,
    )  # fmt: skip
    targets = []
    for number, stream in enumerate(STREAMS[: way.destinations]):
        to = Connection.objects.create(slug=f"{way.slug}-to-{number + 1}", name=f"{way.name}: {number + 1}", **shared)
        name = ("Ledger", "Warehouse")[number]
        row = Destination.objects.create(
            route=route, name=name, connection=to, stream=stream, mapping="bench.translate", correction="update"
        )
        targets.append(Target(row.pk, to.pk, stream))
    return Switch(route.pk, owner.pk, current(route).pk, tuple(targets))


def _person(name: str, told: tuple[str, str, Role, str], companies: dict[str, LegalEntity]) -> User:
    first, last, role, company = told
    user = User.objects.create_user(username=name, first_name=first, last_name=last, is_staff=True)
    grant(user=user, role=role, legal_entity=companies.get(company), by=ENGINE, reason="measurement")
    return user
