"""Verbs on subscriptions: who may, where, what is refused in words, and what the audit trail says; secrets never."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from governance.actor import ENGINE
from governance.models import AuditEntry, User
from governance.rights import NotAllowed, Role
from governance.rotation import rotate as rotate_keys
from governance.versions import WrongState
from routes.models import Delivery, OutboundEvent, Subscription
from routes.outbound import redelivering, rotating, steering, subscribing, trying
from routes.outbound.wishes import Wishes
from tests.governance.people import company, person
from tests.outbound.subscriber import Subscriber
from tests.routes.world import World

pytestmark = pytest.mark.django_db
Make = Callable[..., World]
ADDRESS = "https://events.acme.example/throughline"


@pytest.fixture
def ines() -> User:
    return person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-DE"))


def germany(**more: Any) -> Wishes:
    return Wishes(**{"name": "Data warehouse", "address": ADDRESS, "legal_entity": company("HP-DE")} | more)


def delivery(made: Subscription) -> Delivery:
    """Return an event that was delivered, on its row."""
    event = OutboundEvent.objects.create(
        type="throughline.transaction.posted", key="k", subject="TE-1", legal_entity=company("HP-DE"), route_id=1,
        happened_at=timezone.now(), body="{}",
    )  # fmt: skip
    event.refresh_from_db()
    return Delivery.objects.create(
        subscription=made, event=event, key="k", sequence=event.number, due_at=timezone.now(), done_at=timezone.now(),
        done_how="delivered", attempts=1,
    )  # fmt: skip


VERBS: dict[str, Callable[[Subscription, Any], object]] = {
    "subscribe": lambda row, by: subscribing.subscribe(germany(name="Another"), by=by),
    "change": lambda row, by: subscribing.change(row, germany(), by=by),
    "end": lambda row, by: subscribing.end(row, reason="gone", by=by),
    "pause": lambda row, by: steering.pause(row, reason="Year-end close", by=by),
    "resume": lambda row, by: steering.resume(row, by=by),
    "rotate": lambda row, by: rotating.rotate(row, by=by),
    "send again": lambda row, by: redelivering.send_again(delivery(row), by=by),
    "send all again": lambda row, by: redelivering.send_again_since(row, timezone.now(), by=by),
    "drop": lambda row, by: redelivering.drop(delivery(row), reason="known there", by=by),
    "try": lambda row, by: trying.try_out(row, by=by),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("role", "where"),
    [(Role.FINANCE, "HP-DE"), (Role.CONTROLLER, "HP-DE"), (Role.VIEWER, "HP-DE"), (Role.OPERATOR, "HP-DE"),
     (Role.INTEGRATION_ADMIN, "HP-US")],
)  # fmt: skip
def test_others_may_nothing(ines: User, nudged: list[int], verb: str, role: Role, where: str) -> None:
    row, _ = subscribing.subscribe(germany(), by=ines)
    other = person("Grace Field", role, company(where))
    with transaction.atomic(), pytest.raises(NotAllowed):
        VERBS[verb](row, other)


def test_subscription_to_every_company_needs_the_right_in_every_company(ines: User) -> None:
    with pytest.raises(NotAllowed):
        subscribing.subscribe(germany(legal_entity=None), by=ines)
    row, _ = subscribing.subscribe(germany(), by=ines)
    with pytest.raises(NotAllowed):
        subscribing.change(row, germany(legal_entity=None), by=ines)
    row, _ = subscribing.subscribe(
        germany(name="All", legal_entity=None), by=person("Ida Berg", Role.INTEGRATION_ADMIN)
    )
    assert not Subscription.objects.visible_to(ines).filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"name": " "}, "name", "Give it a name"),
        ({"address": "events"}, "address", "does not begin with http"),
        ({"address": "ftp://acme.example"}, "address", "does not begin with http"),
        ({"address": "http://events.acme.example/"}, "address", "begins with https"),
        ({"address": "http://192.168.1.9/"}, "address", "OUTBOUND_ALLOWED"),
        ({"address": "https://192.168.1.9/"}, "address", "OUTBOUND_ALLOWED"),
        ({"address": "https://user:secret@acme.example/"}, "address", "password"),
        ({"address": "https://acme.example/#here"}, "address", "behind a #"),
        ({"address": "https://acme.example/" + "x" * 500}, "address", "at most 500"),
        ({"types": ("throughline.transaction.flown",)}, "types", "There is no throughline.transaction.flown"),
        ({"categories": ("bad luck",)}, "categories", "There is no bad luck"),
        ({"routes": (4711,)}, "routes", "does not exist"),
        ({"destinations": (4711,)}, "destinations", "does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_its_field(ines: User, wrong: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(ValidationError) as told:
        subscribing.subscribe(germany(**wrong), by=ines)
    assert says in " ".join(told.value.message_dict[field])
    assert not Subscription.objects.exists()


def test_subscription_stays_with_its_company(ines: User) -> None:
    ida = person("Ida Berg", Role.INTEGRATION_ADMIN)
    row, _ = subscribing.subscribe(germany(), by=ines)
    for other in (company("HP-US"), None):
        with pytest.raises(ValidationError) as told:
            subscribing.change(row, germany(legal_entity=other), by=ida)
        assert "stays with its company" in str(told.value.message_dict["legal_entity"])


def test_every_problem_is_told_at_once(ines: User) -> None:
    with pytest.raises(ValidationError) as told:
        subscribing.subscribe(germany(name="", address="?", types=("x",)), by=ines)
    assert set(told.value.message_dict) == {"name", "address", "types"}


def test_route_of_another_company_does_not_exist_for_a_person(quick_world: Make, ines: User) -> None:
    world = quick_world()  # its route belongs to the British company
    with pytest.raises(ValidationError) as told:
        subscribing.subscribe(germany(routes=(world.route.pk,), destinations=(world.destination.pk,)), by=ines)
    assert set(told.value.message_dict) == {"routes", "destinations"}


def test_name_is_given_once(ines: User) -> None:
    subscribing.subscribe(germany(), by=ines)
    with pytest.raises(ValidationError) as told:
        subscribing.subscribe(germany(), by=ines)
    assert "already" in str(told.value.message_dict["name"])


def test_secret_is_given_once_and_stands_nowhere_in_clear(ines: User) -> None:
    row, secret = subscribing.subscribe(germany(), by=ines)
    new = rotating.rotate(row, by=ines)
    assert secret != new
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM routes_subscription")
        (stored,) = cursor.fetchone()
    told = "".join(str((e.before, e.after, e.reason)) for e in AuditEntry.objects.all())
    for each in (secret, new):
        assert each.removeprefix("whsec_") not in stored + told + repr(Subscription.objects.get().secrets)
    assert rotate_keys(by=ENGINE).lost == []


def test_deeds_are_in_the_audit_trail(ines: User, nudged: list[int]) -> None:
    row, _ = subscribing.subscribe(germany(), by=ines)
    subscribing.change(row, germany(types=("throughline.run.done",)), by=ines)
    steering.pause(row, reason="Year-end close", by=ines)
    steering.resume(row, by=ines)
    rotating.rotate(row, by=ines)
    redelivering.send_again(delivery(row), by=ines)
    row.deliveries.update(done_at=None, done_how="")
    redelivering.drop(row.deliveries.get(), reason="known there", by=ines)
    subscribing.end(row, reason="No longer needed", by=ines)
    entries = AuditEntry.objects.filter(thing_name="Data warehouse").order_by("at")
    assert [entry.verb for entry in entries] == [
        "subscribe", "change", "pause", "resume", "rotate_secret", "send_again", "drop_event", "end",
    ]  # fmt: skip
    assert {entry.actor_name for entry in entries} == {"Ines Brandt"}
    assert {entry.legal_entity_id for entry in entries} == {company("HP-DE").pk}
    assert nudged == [row.pk or nudged[0]] * 3


def test_steering_twice_is_told(ines: User, nudged: list[int]) -> None:
    row, _ = subscribing.subscribe(germany(), by=ines)
    with pytest.raises(ValueError, match="active already"):
        steering.resume(row, by=ines)
    with pytest.raises(ValueError, match="needs a reason"):
        steering.pause(row, reason=" ", by=ines)
    steering.pause(row, reason="Year-end close", by=ines)
    with pytest.raises(ValueError, match="not active"):
        steering.pause(row, reason="once more", by=ines)


def test_overlap_has_its_limits(ines: User) -> None:
    row, secret = subscribing.subscribe(germany(), by=ines)
    with pytest.raises(ValueError, match="at most 30 days"):
        rotating.rotate(row, by=ines, overlap=timedelta(days=31))
    for _ in range(rotating.MOST - 1):
        rotating.rotate(row, by=ines)
    with pytest.raises(WrongState, match="5 secrets sign already"):
        rotating.rotate(row, by=ines)
    row.refresh_from_db()
    assert secret in str(dict(row.secrets))
    rotating.rotate(row, by=ines, secret=secret)  # it counts once
    rotating.rotate(row, by=ines, overlap=timedelta(0))
    row.refresh_from_db()
    assert secret not in str(dict(row.secrets))


def test_test_event_arrives_and_leaves_nothing_behind(
    transactional_db: None, subscribe: Any, subscriber: Subscriber
) -> None:
    made = subscribe()
    answer = trying.try_out(made, by=ENGINE)
    assert answer.taken
    [heard] = subscriber.taken
    assert heard.event["type"] == "throughline.subscription.tested"
    assert not OutboundEvent.objects.exists()
    subscriber.says(401)
    assert "401" in trying.try_out(made, by=ENGINE).words
