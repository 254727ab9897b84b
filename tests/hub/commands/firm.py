"""A small Halden & Partner with a bit of every kind of configuration: accounts that are never called, and staff."""

import base64
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.conf import settings

from connectors.models import Connection, MaintenanceWindow
from governance import calendars, versions
from governance.actor import ENGINE
from governance.models import CalendarDay, User
from governance.rights import Role
from hub.demonstration import movement, schedules
from mappings import drafting, shipped
from mappings.models.lookup import Approval
from mappings.tables import NewRow, add_rows, approve_rows, create_table
from routes.models import Destination, Route
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.governance.people import company, person


@cache
def _shipped() -> list[shipped.ShippedMapping]:
    """Read the few mappings that the firm uses, once for all tests."""
    vendors = settings.BASE_DIR / "connectors" / "vendors"
    keys = ("harvest.clients", "harvest.time_entries", "netsuite.customers", "netsuite.time_entries")
    return [each for each in shipped.load([vendors / "harvest", vendors / "netsuite"]) if each.key in keys]


def _route(way: movement.Way, harvest: Connection, netsuite: Connection) -> Route:
    route = Route.objects.create(
        slug=way.slug, name=way.name, legal_entity=harvest.legal_entity, connection=harvest, stream=way.stream,
        canonical_entity=way.entity, mapping=f"harvest.{way.stream}", compare_days=way.compare_days,
    )  # fmt: skip
    Destination.objects.create(
        route=route, name=way.destination, connection=netsuite, stream=way.to, condition=way.condition,
        key_formula=way.key, mapping=f"netsuite.{way.to}", correction="update", **{"lane": "master", **way.more},
    )  # fmt: skip
    return route


@dataclass
class Firm:
    """Who works there, and what was made."""

    ingrid: User  # integration admin
    farid: User  # finance
    clara: User  # controller
    viktor: User  # viewer in Britain
    root: User  # made at the installation
    routes: list[Route]


def staff() -> dict[str, User]:
    """Make the people, with roles as an operator gives them."""
    return {
        "ingrid": person("Ingrid Solheim", Role.INTEGRATION_ADMIN),
        "farid": person("Farid Amini", Role.FINANCE),
        "clara": person("Clara Voss", Role.CONTROLLER),
        "viktor": person("Viktor Lang", Role.VIEWER, company("HP-GB")),
        "root": person("Root Solheim", is_superuser=True),
    }


def make_firm() -> Firm:
    """Make the firm as it stands at the end of its introduction."""
    germany, _, _ = (company(code) for code in ("HP-DE", "HP-US", "HP-GB"))
    people = staff()
    calendar = calendars.set_up(legal_entity=germany, time_zone="Europe/Berlin", subdivision="BE", by=ENGINE)
    CalendarDay.objects.create(calendar=calendar, on=date(2026, 12, 24), name="Christmas Eve", is_working=False)
    harvest, netsuite = _connection("harvest", germany), _connection("netsuite", germany)
    MaintenanceWindow.objects.create(
        connection=netsuite, reason="NetSuite's release", weekday=6, from_time="02:00", minutes=90
    )
    _tables(people)
    shipped.install(_shipped())
    routes = [_route(way, harvest, netsuite) for way in movement.WAYS if way.slug in ("customers", "time")]
    schedules.make(routes)
    content = versions.published("mapping", "harvest.clients").content | {"name": "Clients, with another name"}
    drafting.draft(key="harvest.clients", content=content, by=people["ingrid"])
    _subscription(routes, people["ingrid"])
    return Firm(**people, routes=routes)


def _connection(slug: str, owner: object) -> Connection:
    answers = {
        "harvest": {"account": "123456", "contact": "integration@halden-partner.example"},
        "netsuite": {
            "account": "1234567",
            "client_id": "c" * 64,
            "certificate": "cert-1",
            "address": "https://1234567.suitetalk.api.netsuite.com",
        },
    }[slug]
    secrets = {
        "harvest": {"token": SECRETS["HARVEST_TOKEN"]},
        "netsuite": {"private_key": SECRETS["NETSUITE_PRIVATE_KEY"]},
    }
    row = Connection(
        slug=slug, name=f"{slug.title()} of Halden & Partner", connector=slug, environment="sandbox",
        legal_entity=owner, auth={"harvest": "token", "netsuite": "certificate"}[slug], answers=answers, concurrency=12,
    )  # fmt: skip
    row.secrets = secrets[slug]
    row.full_clean()
    row.save()
    return row


SIGNING = "whsec_" + base64.b64encode(b"nobody else's business: 32 bytes").decode()
SECRETS = {
    "HARVEST_TOKEN": "1234567.pt.do-not-tell-anybody",
    "NETSUITE_PRIVATE_KEY": "-----BEGIN nobody's business",
    "SUBSCRIPTION_DATA_WAREHOUSE_SECRET": SIGNING,
}


def _subscription(routes: list[Route], by: User) -> None:
    place = routes[-1].destinations.get()
    wanted = Wishes(
        "Data warehouse", "https://events.acme.example/throughline", routes[-1].legal_entity,
        types=("throughline.transaction.posted", "throughline.transaction.failed"), routes=(routes[-1].pk,),
        destinations=(place.pk,), categories=("validation", "refused"),
    )  # fmt: skip
    subscribing.subscribe(wanted, by=by, secret=SIGNING)


def _tables(people: dict[str, User]) -> None:
    items = create_table(
        name="service_items", title="Service items", meaning="What an hour is sold as.", key_columns=["task"],
        value_columns={"item": "text"}, accepted={"item": {"choices": ["SVC-ANL", "SVC-BLD"]}}, by=people["ingrid"],
    )  # fmt: skip
    add_rows(items, [NewRow(("Analysis",), {"item": "SVC-ANL"}), NewRow(("Build",), {"item": "SVC-BLD"})],
             by=people["farid"])  # fmt: skip
    rates = create_table(
        name="bill_rates", title="Rate card", key_columns=["role", "currency"], value_columns={"rate": "money"},
        approval=Approval.ALWAYS, accepted={"rate": {"lowest": "1", "highest": "900"}}, by=people["ingrid"],
    )  # fmt: skip
    added = add_rows(rates, RATES, by=people["farid"])
    approve_rows(rates, [row.pk for row in added.waiting], by=people["clara"])


RATES = [
    NewRow(("Consultant", "EUR"), {"rate": "120.00"}, None, date(2026, 6, 30)),
    NewRow(("Consultant", "EUR"), {"rate": "125.50"}, date(2026, 7, 1), None),
    NewRow(("Principal", "EUR"), {"rate": "210.00"}),
]


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return what a folder holds, by the paths in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
