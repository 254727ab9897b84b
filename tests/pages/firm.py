"""A firm with something of everything: each kind of work item, each state of a transaction, run, draft, event out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from canonical.failure import Category
from canonical.problem import Problem
from connectors.models import BreakerState, Connection, MaintenanceWindow
from exceptions_queue import intake, policies, verbs
from exceptions_queue.models import ApprovalPolicy, Deed, Emergency, EmergencyDeed, WorkItem
from exceptions_queue.models.routing import FallbackTeam, RoutingRule, Team
from governance import calendars, clients, versions
from governance.actor import ENGINE, as_actor
from governance.models import User
from governance.rights import Role
from hub.changes import drafting, publishing, things
from hub.demonstration import cut_offs
from mappings import cross_references, deleting, shipped, tables
from mappings.defining import define_table
from mappings.models import LookupTable
from routes import overlays
from routes.models import (
    Delivery,
    OutboundEvent,
    PostingPeriod,
    Record,
    Route,
    Run,
    Subscription,
    Transaction,
    WebhookRefusal,
)
from routes.models.inbound import Refusal
from routes.models.movement import RunState
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from routes.states import State
from tests.exceptions_queue.bulk import planned, started, work
from tests.exceptions_queue.situations import trouble, with_rates
from tests.exceptions_queue.test_pages import run_of
from tests.exceptions_queue.test_story import tried
from tests.governance.people import company, person
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry

Make = Callable[..., World]
PASSWORD = "a long walk by the sea"  # of the person without a role
STAFF = {
    "ingrid": ("Ingrid Solheim", Role.INTEGRATION_ADMIN),
    "farid": ("Farid Amini", Role.FINANCE),
    "clara": ("Clara Voss", Role.CONTROLLER),
    "viktor": ("Viktor Lang", Role.VIEWER),
    "olga": ("Olga Petrenko", Role.OPERATOR),
}


@dataclass
class Firm:
    """Who may walk through it, by the name under which tests call them, and their sessions."""

    people: dict[str, User]
    sessions: dict[str, str]


def empty() -> Firm:
    """Return a firm in which nothing has happened yet: its companies, and the people, with what they may do."""
    for code, zone in (("HP-DE", "Europe/Berlin"), ("HP-US", "America/New_York"), ("HP-GB", "Europe/London")):
        calendars.set_up(legal_entity=company(code), time_zone=zone, by=ENGINE)
    cut_offs.make([company("HP-DE")], by=ENGINE)
    where = {"viktor": company("HP-DE")}
    people = {name: person(full, role, where.get(name), is_staff=True) for name, (full, role) in STAFF.items()}
    people["nobody"] = person("Nora Without")  # has an account and no role yet
    people["nobody"].set_password(PASSWORD)
    people["nobody"].save()
    people["root"] = person("Rosa Root", is_staff=True, is_superuser=True)
    return Firm(people, {name: _session(user) for name, user in people.items()})


def _session(user: User) -> str:
    """Sign somebody in; return what their browser keeps."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def furnished(make: Make) -> Firm:
    """Return a firm at work."""
    firm = empty()
    world = make(correction="reverse")
    second(world)
    _move(world)
    _corrections(world, firm)
    _troubles(world)
    _tables(world, firm)
    _mappings(firm)
    _connections(world)
    _runs(world)
    _events_out(firm)
    _schedules()
    _changes(world, firm)
    _bulk_runs(firm)
    _requests(firm)
    _who_gets_what()
    return firm


def _who_gets_what() -> None:
    """Have a team, a fallback, a rule and a policy that concern nothing here, so that each has its page."""
    of = company("HP-US")
    Team.objects.create(name="tax", legal_entity=of)
    FallbackTeam.objects.create(category=Category.CLOSED_PERIOD, team="tax", legal_entity=of)
    RoutingRule.objects.create(name="Closed periods", legal_entity=of, categories=[Category.CLOSED_PERIOD], team="tax")
    ApprovalPolicy.objects.create(name="Large links", deeds=[Deed.LINK], amount_from=1_000_000, legal_entity=of)


def _requests(firm: Firm) -> None:
    """Leave a request for an approval by Farid that waits, and a policy that Ingrid has made ask for less."""
    policy = ApprovalPolicy.objects.create(name="Waivers", deeds=[Deed.WAIVE], legal_entity=company("HP-DE"))
    open_ = WorkItem.objects.open().filter(legal_entity=company("HP-DE"), category=Category.REFUSED)
    item = next(each for each in open_.order_by("pk") if each.failures().filter(transaction_id__isnull=False).exists())
    with pytest.raises(verbs.NeedsApproval) as needs:
        verbs.waive(item, by=firm.people["farid"], reason="the client was never billed for it")
    verbs.ask_approval(needs.value.wish, by=firm.people["farid"])
    policies.was_changed(policy, None, by=firm.people["ingrid"])
    policy.delete()
    _emergency(item, firm)


def _emergency(item: WorkItem, firm: Firm) -> None:
    """Have something that Farid did in emergency mode, which nobody has reviewed."""
    by, now = as_actor(firm.people["farid"]), timezone.now()
    mode = Emergency.objects.create(
        legal_entity=company("HP-DE"), opened_by=by.reference, opened_by_name=by.name, opened_at=now,
        until=now + timedelta(hours=1), reason="nobody else can be reached", ended_by=by.reference, ended_at=now,
    )  # fmt: skip
    EmergencyDeed.objects.create(
        legal_entity=mode.legal_entity, emergency=mode, item=item, deed=Deed.CORRECT, lifted="no second person",
        failures=[], differences=[{"field": "hours", "before": "8.00", "after": "7.50", "count": 1}],
        reason="as on the slip", made_at=now, review_by=now + timedelta(days=1),
    )  # fmt: skip


def _bulk_runs(firm: Firm) -> None:
    """Leave a bulk run that is done, and a plan that says why it cannot do it to some."""
    clara, items = firm.people["clara"], list(WorkItem.objects.open())
    work(started(planned(clara, "tags", {"add": "month-end"}, *items), clara))
    planned(clara, "resubmissions", {"configuration": "now", "reason": "it is put right"}, *items)


def _changes(world: World, firm: Firm) -> None:
    """Have a change of the route in each state, by Ingrid."""
    by, slug = firm.people["ingrid"], world.route.slug
    document = things.document("route", slug)
    for days in (1, 2, 3):
        draft = drafting.draft("route", slug, document | {"compare_days": days}, by=by, note="deletions matter")
        if days > 1:
            drafting.submit(draft, by=by)
        if days > 2:
            publishing.approve(draft, by=firm.people["clara"])
    drafting.draft("calendar", "HP-DE", things.document("calendar", "HP-DE") | {"subdivision": "BE"}, by=by)


def _corrections(world: World, firm: Firm) -> None:
    """Have a correction in force, and one that its source contradicts, with a hint for whoever decides."""
    by = firm.people["clara"]
    for number in (81, 82):
        world.take_in(entry(number, hours="30.00"))
        record = Record.objects.filter(key=f"TE-{number:07d}").latest("pk")
        overlays.correct(record=record.pk, field="hours", value="4", reason="as on the slip", by=by)
    world.take_in(entry(82, hours="6.00", version=2))
    intake.take_in()
    asked = WorkItem.objects.open().get(category=Category.CONFLICT, field="hours")
    verbs.write_hint(asked, by=by, text="Ask the consultant.", link="https://wiki.example/hours")


def _move(world: World) -> None:
    """Let entries end in all the ways in which they can, and one stand in each state on the way."""
    tried(world)
    world.target.behave = lambda request, count: None
    for version in (1, 2):
        world.take_in(entry(5, hours=f"{version}.00", version=version))
        world.deliver()
    world.take_in(entry(6, hours="0.00"), entry(7, status="unsubmitted"), entry(8, currency=None))
    with_rates(world)
    world.take_in(entry(20), entry(21))
    world.take_in(*(entry(30 + place, role="Partner") for place in range(len(State))))
    rows = Transaction.objects.filter(key__gte="TE-0000030", destination=world.destination).order_by("key")
    for row, state in zip(rows, State, strict=True):
        waits = {"return_to": State.READY, "waits_for": "project:P-881"} if state in (State.HELD, State.PARKED) else {}
        Transaction.objects.filter(pk=row.pk).update(state=state, **waits)


def _troubles(world: World) -> None:
    """Write down one failure of each category, so that each has its item."""
    intake.take_in()
    for category in Category:
        message = "Ledger: this was not accepted. Ask who keeps the ledger, then send it again."
        trouble(world, Problem("error", category, "hours", None, message, value="8.00"))


def _tables(world: World, firm: Firm) -> None:
    rates = LookupTable.objects.get(name="bill_rates")
    LookupTable.objects.filter(pk=rates.pk).update(approval="always")
    rates.refresh_from_db()
    wanted = tables.NewRow(("Manager", "EUR"), {"rate": Decimal(210)}, valid_from=date(2026, 1, 1))
    tables.add_rows(rates, [wanted], by=firm.people["ingrid"], reason="agreed in January")
    define_table(  # which loosens it: somebody else has to agree
        rates, title=rates.title, meaning=rates.meaning, approval="above_amount", approval_column="rate",
        approval_amount=Decimal(500), by=firm.people["ingrid"], reason="Small rates need no second person",
    )  # fmt: skip
    old = LookupTable.objects.create(
        name="old_rates", title="Old rates", key_columns=["role"], value_columns={"rate": "money"},
        approval="above_amount", approval_column="rate", approval_amount=Decimal(500),
    )  # fmt: skip
    tables.add_rows(old, [tables.NewRow(("Manager",), {"rate": Decimal(90)})], by=ENGINE, reason="of last year")
    deleting.delete_table(old, by=firm.people["ingrid"], reason="Nobody reads it")  # somebody else has to agree
    connection = world.destination.connection_id
    reference = cross_references.NewReference(connection, "project", "P-001", "X-1", company("HP-DE").pk, "PR-1")
    cross_references.upsert([reference], by=ENGINE)


def _mappings(firm: Firm) -> None:
    """Leave a mapping as a draft, one submitted, one approved, and one with a version that counts no more."""
    shipped.install()
    ingrid, clara = firm.people["ingrid"], firm.people["clara"]
    for place, key in enumerate(("clients", "projects", "users", "time_entries")):
        content = versions.published("mapping", f"harvest.{key}").content | {"name": f"harvest.{key}"}
        row = versions.draft(kind="mapping", object_key=f"harvest.{key}", content=content, by=ingrid, note="clearer")
        if place > 0:
            versions.submit(row, by=ingrid)
        if place > 1:
            versions.approve(row, by=clara, reason="read")
        if place > 2:
            versions.publish(row, by=ingrid)


def _connections(world: World) -> None:
    """Let one be well, one paused by a person, one by its breaker, and have each of them a window."""
    now = timezone.now()
    Connection.objects.filter(slug="copy").update(paused=True, paused_reason="Year-end close")
    Connection.objects.filter(slug="ledger").update(
        breaker_state=BreakerState.OPEN, breaker_category=Category.CREDENTIALS, breaker_trips=2, breaker_opened_at=now,
        breaker_message="The token is not accepted.", breaker_probe_at=now + timedelta(minutes=5),
    )  # fmt: skip
    for connection in Connection.objects.all():
        MaintenanceWindow.objects.create(
            connection=connection, reason="Sunday's upgrade", weekday=6, from_time=time(2), minutes=90
        )
        WebhookRefusal.objects.create(connection=connection, day=now.date(), reason=Refusal.STALE, count=3, last_at=now)
    PostingPeriod.objects.create(
        connection=world.destination.connection, legal_entity=company("HP-DE"), starts_on=date(2026, 10, 1),
        ends_on=date(2026, 10, 31), closed=True, read_at=now,
    )  # fmt: skip


def _runs(world: World) -> None:
    run_of(world)
    route = world.route
    for state in RunState:
        if state == RunState.RUNNING:  # of a route, one at a time
            route = Route.objects.create(
                slug="events", name="Time from events", legal_entity=company("HP-DE"), canonical_entity="time_entry"
            )
        Run.objects.create(
            route=route, legal_entity=route.legal_entity, trigger="person", requested_by="Ingrid Solheim", state=state,
            created_at=timezone.now(), read=2, new=2, message="The sign-in is refused." if state == "stopped" else "",
        )  # fmt: skip


def _events_out(firm: Firm) -> None:
    """Subscribe two systems; one is ended, the other has events that arrived, wait, fail and were dropped."""
    wanted = Wishes("Data warehouse", "https://events.acme.example/path", company("HP-DE"))
    subscription, _ = subscribing.subscribe(wanted, by=ENGINE)
    paused, _ = subscribing.subscribe(Wishes("Old one", "https://old.acme.example/", company("HP-DE")), by=ENGINE)
    Subscription.objects.filter(pk=paused.pk).update(state="paused", state_reason="It is being moved.")
    now = timezone.now()
    ends: list[dict[str, Any]] = [
        {},
        {"attempts": 3, "tried_at": now, "status": 503, "answer": "It answered 503."},
        {"done_at": now, "done_how": "delivered", "attempts": 1, "tried_at": now, "status": 204},
        {"done_at": now, "done_how": "dropped", "attempts": 9, "tried_at": now},
    ]
    for number, more in enumerate(ends):
        event = OutboundEvent.objects.create(
            type="throughline.transaction.posted", key=f"k{number}", subject=f"TE-{number}", happened_at=now,
            legal_entity=company("HP-DE"), route_id=Route.objects.earliest("pk").pk, body='{"specversion": "1.0"}',
        )  # fmt: skip
        event.refresh_from_db()
        Delivery.objects.create(
            subscription=subscription, event=event, key=event.key, sequence=event.number, due_at=now, **more
        )
    clients.register(
        name="Spreadsheet", scopes=["process:read"], redirect_uris="http://127.0.0.1:9999/back", by=firm.people["olga"]
    )


def _schedules() -> None:
    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    CrontabSchedule.objects.create(hour="6")
    SolarSchedule.objects.create(event="sunrise", latitude=50, longitude=8)
    ClockedSchedule.objects.create(clocked_time=timezone.now())
    PeriodicTask.objects.create(name="Time, every hour", task="routes.tasks.sweep", interval=hourly)


__all__ = ["Firm", "empty", "furnished"]
