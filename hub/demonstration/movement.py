"""The firm's routes: masters first, whose numbers at NetSuite the hub learns, then the approved time."""

from dataclasses import dataclass, field
from typing import Any

from connectors.models import Connection
from governance import audit
from governance.models import User
from governance.rights import Right, require
from hub.demonstration.firm import ADMINISTRATION, INTERNAL_CUSTOMER
from mappings import shipped
from routes.models import Destination, Route
from routes.models.configuration import Correction

TIME = "time"
MASTERS = ("customers", "projects", "workers")


@dataclass(frozen=True)
class Way:
    """A route from a stream of Harvest to a stream of NetSuite."""

    slug: str
    name: str
    stream: str
    entity: str
    to: str
    destination: str
    condition: str
    only: str  # what goes there, in words
    key: str
    more: dict[str, Any] = field(default_factory=dict)  # of the destination
    compare_days: int = 0


WAYS = (
    Way(
        "customers",
        "Customers from Harvest to NetSuite",
        "clients",
        "customer",
        "customers",
        "NetSuite customers",
        f'AND(is_active, customer_id <> "{INTERNAL_CUSTOMER}")',
        "active customers, without the firm itself",
        "customer_id",
    ),
    Way(
        "projects",
        "Projects that NetSuite has",
        "projects",
        "project",
        "existing_projects",
        "NetSuite projects",
        "is_active",
        "active projects",
        "project_code",
    ),
    Way(
        "workers",
        "People whom NetSuite has",
        "users",
        "worker",
        "existing_workers",
        "NetSuite employees",
        f'AND(is_active, role <> "{ADMINISTRATION}")',
        "active people, without the administration",
        "worker_id",
    ),
    Way(
        TIME,
        "Approved time from Harvest to NetSuite",
        "time_entries",
        "time_entry",
        "time_entries",
        "NetSuite time",
        'AND(approval_status = "approved", billable)',
        "approved and billable time",
        '"TE-" & entry_id',
        {"lane": "posting", "keeps_reference": False, "posting_date": "worked_on"},
        compare_days=35,
    ),
)


def make(harvest: Connection, netsuite: Connection, *, by: User) -> list[Route]:
    """Put the shipped mappings in force and make the routes that are not there yet; return all of them."""
    shipped.install()
    return [_route(way, harvest, netsuite, by) for way in WAYS]


def _route(way: Way, harvest: Connection, netsuite: Connection, by: User) -> Route:
    owner = harvest.legal_entity
    require(by, Right.EDIT_CONFIGURATION, owner)
    route, is_new = Route.objects.get_or_create(
        slug=way.slug,
        defaults={
            "name": way.name,
            "legal_entity": owner,
            "connection": harvest,
            "stream": way.stream,
            "canonical_entity": way.entity,
            "mapping": f"harvest.{way.stream}",
            "compare_days": way.compare_days,
        },
    )
    if not is_new:
        return route
    settings = {"lane": "master", "keeps_reference": True, "correction": Correction.UPDATE, **way.more}
    Destination.objects.create(
        route=route,
        name=way.destination,
        connection=netsuite,
        stream=way.to,
        condition=way.condition,
        condition_name=way.only,
        key_formula=way.key,
        mapping=f"netsuite.{way.to}",
        **settings,
    )
    after = {"stream": way.stream, "destination": way.to, "condition": way.condition}
    audit.record(by=by, verb="create", thing=route, after=after, legal_entity=owner)
    return route
