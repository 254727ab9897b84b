"""Situations that people meet: an item of each kind, made through the pipeline itself."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance import versions
from governance.actor import ENGINE
from mappings import tables
from routes import failures
from routes.plan import plan
from tests.governance.people import company
from tests.routes import world as worlds
from tests.routes.world import World, entry

RATED = worlds.OUTWARD | {
    "name": "ledger-time-rated",
    "fields": [*worlds.OUTWARD["fields"], {"to": "rate", "formula": 'LOOKUP("bill_rates.rate", role, currency)'}],
}


def with_rates(world: World, **more: Any) -> World:
    """Let the world's outward mapping look rates up in a table that has one role."""
    table = tables.create_table(
        name="bill_rates", title="Bill rates", key_columns=["role", "currency"], value_columns={"rate": "money"},
        by=ENGINE, **more,
    )  # fmt: skip
    added = tables.add_rows(table, [tables.NewRow(("Partner", "EUR"), {"rate": Decimal(300)})], by=ENGINE)
    if added.waiting:
        row = added.waiting[0]
        row.approved_by, row.approved_at, row.recorded_from = "person:0", timezone.now(), timezone.now()
        row.save()
    versions.install(kind="mapping", object_key=str(RATED["name"]), content=RATED)
    world.destination.mapping = str(RATED["name"])
    world.destination.save()
    plan.cache_clear()
    return world


def missing_rate(world: World, number: int = 3) -> WorkItem:
    """Return the item of time entries whose role has no rate."""
    with_rates(world)
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    intake.take_in()
    return WorkItem.objects.get()


def zero_hours(world: World, number: int = 1, **more: Any) -> WorkItem:
    """Return the item of time entries against a rule."""
    world.take_in(*(entry(each, hours="0.00", **more) for each in range(1, number + 1)))
    intake.take_in()
    return WorkItem.objects.get()


def trouble(world: World, problem: Problem, **more: Any) -> WorkItem:
    """Return the item of a failure that is written down as it is."""
    given = {"connection_id": world.destination.connection_id} | more
    with transaction.atomic():
        failures.write_down(
            [failures.Trouble(company("HP-DE").pk, world.route.pk, "deliver", problem, **given)],
            at=timezone.now(),
        )
    intake.take_in()
    return WorkItem.objects.order_by("-pk")[0]


def refused_sign_in(world: World) -> WorkItem:
    """Return the item of a connection whose credentials are refused."""
    connection = world.destination.connection
    type(connection).objects.filter(pk=connection.pk).update(breaker_state="open", breaker_opened_at=timezone.now())
    return trouble(world, Problem("error", Category.CREDENTIALS, "", None, "Ledger: the token is not accepted."))
