"""The whole document, called by each role: nothing falls over, and every answer is one that the document names.

In a short form here; `make fuzz` takes its time (FUZZ_EXAMPLES).
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from governance import versions
from governance.actor import ENGINE
from mappings.models import LookupTable, Mapping
from routes.models import Delivery, OutboundEvent, Record, Route, Run, Subscription, Transaction
from routes.outbound import signing
from tests.api.conftest import Staff
from tests.api.fuzzing import call, operations
from tests.api.signing import token_of
from tests.exceptions_queue import situations
from tests.routes.world import INWARD, World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # of each kind; 0: one, and of each operation by one role only
SLUGS = {("connection", ""): {"slug": "time"}, ("route", "events"): {"slug": "time-events"}}
SLUGS |= {("mapping", step): {"number": 2} for step in ("submissions", "approvals", "returns", "{number}")}
CONFIGURED = {"connections": "time", "tables": "bill_rates", "legal-entities": "HP-DE", "calendars": "HP-DE"}
ROLES = ("farid", "clara", "viktor", "ingrid", "olga", "stranger")


@pytest.fixture
def real(make_world: Callable[..., World], staff: Staff, settings: Any) -> dict[str, Any]:
    """Return what exists, by the names of path parameters."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    world = make_world()
    item = situations.missing_rate(world)
    run = Run.objects.create(route=world.route, legal_entity=item.legal_entity, created_at=item.first_seen)
    Route.objects.create(slug="time-events", name="Time", legal_entity=item.legal_entity, canonical_entity="time_entry")
    Mapping.objects.create(key=world.route.mapping, title="Time in", source="ledger time_entries", target="time_entry")
    versions.draft(kind="mapping", object_key=world.route.mapping, content=INWARD, by=ENGINE)
    sub = Subscription(name="Warehouse", address="http://127.0.0.1:9/", created_by="engine:engine")
    sub.secrets = signing.kept(signing.new_secret())
    sub.save()
    event = OutboundEvent.objects.create(
        type="throughline.run.done", key="k", subject="k", legal_entity=item.legal_entity, route=world.route,
        happened_at=item.first_seen, body="{}",
    )  # fmt: skip
    sent = Delivery.objects.create(subscription=sub, event=event, key="k", sequence=1, due_at=item.first_seen)
    return {
        "slug": world.route.slug,
        "number": item.number,
        "key": world.route.mapping,
        "transaction": str(Transaction.objects.order_by("pk")[0].pk),
        "record": str(Record.objects.order_by("pk")[0].pk),
        "run": str(run.pk),
        "table": LookupTable.objects.get().pk,
        "subscription": sub.pk,
        "deliverie": sent.pk,
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_answers_as_the_document_says(real: dict[str, Any], staff: Staff, role: str) -> None:
    from hub.wsgi import application

    headers = {"Authorization": f"Bearer {token_of(getattr(staff, role))}"}
    failures, calls = [], 0
    for number, operation in enumerate(operations(application)):
        if not EXAMPLES and number % len(ROLES) != ROLES.index(role):
            continue
        name = operation.path.split("/")[4].rstrip("s") if operation.path.count("/") > 4 else ""
        known = real | {"id": real.get(name, 1)}
        if name == "configuration":
            known["name"] = CONFIGURED.get(operation.path.split("/")[5], real["slug"])
        known |= SLUGS.get((name, operation.path.rpartition("/")[2]), SLUGS.get((name, ""), {}))
        try:
            calls += call(operation, headers, known, examples=EXAMPLES or 1)
        except BaseExceptionGroup as group:
            failures += [f"{operation.label}: {each}" for each in group.exceptions]
    assert not failures, "\n\n".join(failures)
    assert calls >= 10
