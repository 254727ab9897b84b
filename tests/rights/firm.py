"""One firm for the matrix of rights: all of it belongs to the German company; each role has people there and abroad."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from connectors.models import Connection
from exceptions_queue import verbs
from exceptions_queue.bulk import planning
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.models import ApprovalRequest, BulkRun, Emergency, EmergencyDeed, LoosenedPolicy
from exceptions_queue.verbs.asking import Wish
from governance import clients, versions
from governance.actor import ENGINE, as_actor
from governance.api.refusals import NOT_ALLOWED, NOT_FOUND, Refused
from governance.models import ApiClient, LegalEntity, User, Version
from governance.rights import NotAllowed
from governance.roles import Role
from mappings.models import LookupTable, Mapping, TableRow
from routes.models import Delivery, Failure, OutboundEvent, Overlay, Record, Route, Run, Subscription, Transaction
from routes.outbound import signing
from tests.exceptions_queue import situations
from tests.governance.people import company, person
from tests.routes.world import INWARD, World

STATES = ("draft", "submitted", "approved", "published", "retired")
REASON = "agreed"


@dataclass
class Firm:
    """What the German company has, and who is there, abroad and everywhere, by role."""

    world: World
    germany: LegalEntity
    item: Any
    run: Run
    table: LookupTable
    versions: dict[str, Version]  # by state
    subscription: Subscription
    delivery: Delivery
    events: Route  # takes what is sent to it
    client: ApiClient
    other: User  # somebody without roles
    own: dict[Role, User]
    foreign: dict[Role, User]
    everywhere: dict[Role, User]
    changes: dict[str, Version] = field(default_factory=dict)  # of the route, by state

    @property
    def route(self) -> Route:
        return self.world.route

    @property
    def connection(self) -> Connection:
        found = self.world.route.connection
        assert found is not None
        return found

    @property
    def bulk(self) -> BulkRun:
        """Return a bulk run that waives what the item holds, planned by somebody else."""
        if (found := BulkRun.objects.first()) is not None:
            return found
        choice, root = by_name("waivers"), User.objects.get(username="root")
        assert choice is not None
        return planning.plan(Selection(items=(self.item.number,)), by=root, choice=choice, data={"reason": REASON})

    @property
    def correction(self) -> Any:
        """Return a correction of hours that somebody else has made."""
        root = User.objects.get(username="root")
        made = {"value": "7.50", "source_value": "8.00", "reason": REASON, "made_by": root}
        key = Record.objects.all()[0].key
        where = {"route": self.route, "legal_entity": self.germany, "key": key, "field": "hours"}
        return Overlay.objects.get_or_create(**where, defaults=made)[0]

    @property
    def approval(self) -> Any:
        """Return a request to waive what the item holds, asked by somebody else."""
        return self.approval_of(User.objects.get(username="root"))

    def approval_of(self, by: User) -> Any:
        """Return a request to waive what the item holds, asked by somebody."""
        if (found := ApprovalRequest.objects.first()) is not None:
            return found
        members = list(self.item.failures())
        with suppress(NotAllowed):
            return verbs.ask_approval(Wish("waivers", self.item, members, {}, REASON), by=by)
        return verbs.ask_approval(Wish("waivers", self.item, members, {}, REASON), by=User.objects.get(username="root"))

    @property
    def loosened(self) -> Any:
        """Return a policy that asks for less than before, by somebody else."""
        told = {"name": "Large", "was": {}, "was_told": "all", "now_told": "nothing", "made_by": "person:0"}
        return LoosenedPolicy.objects.get_or_create(legal_entity=self.germany, **told)[0]

    def emergency_of(self, by: User) -> Any:
        """Return an emergency mode in the German company that somebody has opened."""
        now, actor = timezone.now(), as_actor(by)
        made = {"opened_at": now, "until": now + timedelta(hours=1), "reason": REASON, "opened_by_name": actor.name}
        where = {"legal_entity": self.germany, "opened_by": actor.reference}
        return Emergency.objects.get_or_create(**where, defaults=made)[0]

    @property
    def emergency_deed(self) -> Any:
        """Return what somebody else has done in it, and nobody has reviewed."""
        mode = self.emergency_of(User.objects.get(username="root"))
        made = {"item": self.item, "deed": "waivers", "lifted": "no second person", "failures": [], "reason": REASON,
                "made_at": mode.opened_at, "review_by": mode.until}  # fmt: skip
        return EmergencyDeed.objects.get_or_create(emergency=mode, legal_entity=self.germany, defaults=made)[0]

    @property
    def transactions(self) -> list[Any]:
        return list(Transaction.objects.values_list("pk", flat=True))

    @property
    def record(self) -> Any:
        return Record.objects.all()[0].pk

    @property
    def row(self) -> TableRow:
        return self.table.rows.all()[0]

    @property
    def view(self) -> Any:
        """Return a list that is shared with all who see the German company."""
        from exceptions_queue.models import SavedView

        kept = {"line": "is:open", "changed_by": "person:1", "changed_at": timezone.now()}
        return SavedView.objects.get_or_create(name="Shared", legal_entity=self.germany, defaults=kept)[0]

    @property
    def grouping_rule(self) -> Any:
        """Return a grouping rule of the German company."""
        from exceptions_queue.models import GroupingRule

        kept = {"category": "refused", "field": "hours", "cause": "c", "reason": REASON, "made_by": "person:1",
                "made_at": timezone.now()}  # fmt: skip
        return GroupingRule.objects.get_or_create(name="Kept", legal_entity=self.germany, defaults=kept)[0]

    @property
    def failure(self) -> Any:
        return Failure.objects.all()[0].pk


def make(world: World) -> Firm:
    """Make it."""
    germany = company("HP-DE")
    company("HP-US")
    Route.objects.update(legal_entity=germany)
    Connection.objects.update(legal_entity=germany)
    item = situations.missing_rate(world)
    LookupTable.objects.update(legal_entity=germany)
    world.route.refresh_from_db()
    run = Run.objects.create(
        route=world.route, legal_entity=germany, created_at=item.first_seen, ended_at=item.first_seen, state="done"
    )
    events = Route.objects.create(slug="time-events", name="Time", legal_entity=germany, canonical_entity="time_entry")
    client, _ = clients.register(name="Time tool", scopes=("process:read",), by=ENGINE)
    made = {
        kind: {role: _person(number, kind, role, place) for number, role in enumerate(Role)}
        for kind, place in (("Own", germany), ("Foreign", company("HP-US")), ("Everywhere", None))
    }
    subscription, delivery = _told(germany, world.route)
    return Firm(
        world, germany, item, run, LookupTable.objects.get(), _versions(germany), subscription, delivery, events,
        client, person("Nora Nobody"), made["Own"], made["Foreign"], made["Everywhere"], _changes(world.route, germany),
    )  # fmt: skip


def _person(number: int, kind: str, role: Role, place: LegalEntity | None) -> User:
    return person(f"{kind}{number} Person", role, place, is_staff=True)


def _told(germany: LegalEntity, route: Route) -> tuple[Subscription, Delivery]:
    row = Subscription(
        name="Warehouse", address="http://127.0.0.1:9/", legal_entity=germany, created_by="engine:engine"
    )
    row.secrets = signing.kept(signing.new_secret())
    row.save()
    event = OutboundEvent.objects.create(
        type="throughline.run.done", key="k", subject="k", legal_entity=germany, route=route,
        happened_at=timezone.now(), body="{}",
    )  # fmt: skip
    event.refresh_from_db()
    sent = Delivery.objects.create(subscription=row, event=event, key="k", sequence=event.number, due_at=timezone.now())
    return row, sent


def _versions(germany: LegalEntity) -> dict[str, Version]:
    """Return a mapping's version in each state, each of a mapping of its own."""
    root, made = person("Root Solheim", is_superuser=True), {}
    steps: list[Callable[[Version], Version]] = [
        lambda row: versions.submit(row, by=ENGINE),
        lambda row: versions.approve(row, by=root),
        lambda row: versions.publish(row, by=root),
        lambda row: versions.retire(row, by=root, reason=REASON),
    ]
    for number, state in enumerate(STATES):
        key = f"time-{state}"
        Mapping.objects.create(
            key=key, title=key, legal_entity=germany, source="ledger time_entries", target="time_entry"
        )
        row = versions.draft(kind="mapping", object_key=key, content=INWARD, by=ENGINE, legal_entity=germany)
        for step in steps[:number]:
            row = step(row)
        made[state] = row
    return made


def _changes(route: Route, germany: LegalEntity) -> dict[str, Version]:
    """Return a change of the route in each state that asks for something."""
    from hub.changes import things

    document = things.document("route", route.slug)
    where: dict[str, Any] = {"kind": "route", "object_key": route.slug, "by": ENGINE, "legal_entity": germany}
    made = {"retired": versions.keep(content=document | {"compare_days": 3}, **where)}
    made["published"] = versions.keep(content=document, **where)
    root = User.objects.get(username="root")
    for state in STATES[:3]:
        content = document | {"compare_days": 7}
        made[state] = versions.draft(content=content, based_on=made["published"], **where)
    made["submitted"], made["approved"] = (versions.submit(made[s], by=ENGINE) for s in ("submitted", "approved"))
    made["approved"] = versions.approve(made["approved"], by=root)
    found = {state: row for state, row in made.items() if row is not None}
    for row in found.values():
        row.refresh_from_db()
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def refused(act: Callable[[], object]) -> bool:
    """Do something and undo it; return whether it was refused for want of a right, or as what does not exist."""
    with undone():
        try:
            act()
        except (NotAllowed, PermissionDenied, Http404):
            return True
        except Refused as error:
            return error.kind in (NOT_FOUND, NOT_ALLOWED)
        except Exception:  # noqa: BLE001 - past the question of rights: whatever the verb finds wrong with the state of things
            return False
    return False
