"""The list of events out and the page of one: what each may see and do, by key, with a constant number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance.actor import ENGINE
from governance.rights import Role
from hub.pages import deliveries
from routes.models import Delivery, OutboundEvent, Route, Subscription
from routes.outbound import disabling, subscribing
from routes.outbound.wishes import Wishes
from tests.governance.people import company, person
from tests.routes.world import World

pytestmark = pytest.mark.django_db


def signed_in(role: Role, where: str | None = "HP-DE", name: str = "Farid Amini") -> Client:
    client = Client()
    client.force_login(person(name, role, company(where) if where else None))
    return client


@pytest.fixture
def warehouse(nudged: list[int]) -> Subscription:
    wanted = Wishes("Data warehouse", "https://events.acme.example/secret-path", company("HP-DE"))
    return subscribing.subscribe(wanted, by=ENGINE)[0]


def deliver(to: Subscription, number: int, *, done: bool = False, **more: Any) -> Delivery:
    event = OutboundEvent.objects.create(
        type="throughline.transaction.posted", key=f"k{number}", subject=f"TE-{number}", legal_entity=company("HP-DE"),
        route_id=1, happened_at=timezone.now(), body='{"specversion": "1.0"}',
    )  # fmt: skip
    event.refresh_from_db()
    ended = {"done_at": timezone.now(), "done_how": "delivered"} if done else {}
    return Delivery.objects.create(
        subscription=to, event=event, key=event.key, sequence=event.number, due_at=timezone.now(), **ended, **more
    )


def test_list_shows_the_newest_first_page_by_page(warehouse: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "SIZE", 3)
    for number in range(5):
        deliver(warehouse, number)
    farid = signed_in(Role.FINANCE)
    first = farid.get("/events-out/")
    assert [row.event.subject for row in first.context["deliveries"]] == ["TE-4", "TE-3", "TE-2"]
    rest = farid.get("/events-out/", {"after": first.context["after"]})
    assert [row.event.subject for row in rest.context["deliveries"]] == ["TE-1", "TE-0"]
    assert rest.context["after"] == ""


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"state": "waiting"}, ["TE-2"]),
        ({"state": "delivered"}, ["TE-1"]),
        ({"key": "TE-2"}, ["TE-2"]),
        ({"type": "throughline.run.done"}, []),
        ({"type": "throughline.transaction.posted"}, ["TE-2", "TE-1"]),
    ],
)
def test_filters_narrow_the_list(warehouse: Subscription, chosen: dict[str, str], found: list[str]) -> None:
    deliver(warehouse, 1, done=True)
    deliver(warehouse, 2)
    answer = signed_in(Role.FINANCE).get("/events-out/", chosen | {"subscription": warehouse.pk})
    assert [row.event.subject for row in answer.context["deliveries"]] == found


@pytest.mark.parametrize("query", ["after=x", "after=" + "9" * 30, "state=lost", "subscription=x"])
def test_page_that_there_is_not_is_told(query: str) -> None:
    assert signed_in(Role.FINANCE).get(f"/events-out/?{query}").status_code == 404


def test_list_asks_a_constant_number_of_queries(warehouse: Subscription) -> None:
    farid = signed_in(Role.FINANCE)
    counts = []
    for number in (1, 20):
        for each in range(number):
            deliver(warehouse, 100 * number + each)
        with CaptureQueriesContext(connection) as asked:
            farid.get("/events-out/")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8


def test_nobody_sees_what_is_told_of_other_companies(warehouse: Subscription) -> None:
    row = deliver(warehouse, 1)
    grace = signed_in(Role.FINANCE, "HP-US", "Grace Field")
    assert "TE-1" not in grace.get("/events-out/").content.decode()
    for address in ("", "redeliveries/", "drops/"):
        assert grace.post(f"/events-out/{row.pk}/{address}", {"reason": "x"}).status_code == 404
    assert grace.get(f"/events-out/{row.pk}/").status_code == 404


def test_page_of_an_event_shows_neither_address_nor_secret(warehouse: Subscription) -> None:
    row = deliver(warehouse, 1, attempts=2, answer="it answered 500", status=500)
    page = signed_in(Role.FINANCE).get(f"/events-out/{row.pk}/").content.decode()
    assert "it answered 500" in page
    assert "secret-path" not in page
    assert "whsec_" not in page
    assert "specversion" not in page, "technical"
    olga = signed_in(Role.OPERATOR, None, "Olga Petrenko")
    assert "specversion" in olga.get(f"/events-out/{row.pk}/").content.decode()


def test_event_is_sent_again_or_dropped_by_those_who_may(warehouse: Subscription, nudged: list[int]) -> None:
    row = deliver(warehouse, 1, done=True)
    address = f"/events-out/{row.pk}/"
    farid, ines = signed_in(Role.FINANCE), signed_in(Role.INTEGRATION_ADMIN, name="Ines Brandt")
    assert farid.post(f"{address}redeliveries/").status_code == 403
    assert farid.post(f"{address}drops/", {"reason": "x"}).status_code == 403
    assert "sent again" in ines.post(f"{address}redeliveries/", follow=True).content.decode()
    row.refresh_from_db()
    assert row.done_at is None
    Subscription.objects.filter(pk=warehouse.pk).update(state="paused", state_reason="year-end close")
    told = ines.post(f"{address}redeliveries/", follow=True).content.decode()
    assert "It waits until that goes on" in told
    assert "It is sent again" not in told
    answer = ines.post(f"{address}drops/", {"reason": " "})
    assert answer.status_code == 422
    assert "needs a reason" in answer.content.decode()
    assert "is dropped" in ines.post(f"{address}drops/", {"reason": "known there"}, follow=True).content.decode()
    row.refresh_from_db()
    assert row.done_how == "dropped"


def test_page_says_what_an_event_waits_for(warehouse: Subscription) -> None:
    first = deliver(warehouse, 1)
    second = deliver(warehouse, 2)
    Delivery.objects.filter(pk=second.pk).update(key=first.key)
    farid = signed_in(Role.FINANCE)
    assert "the one before it" in farid.get(f"/events-out/{second.pk}/").content.decode()
    Subscription.objects.update(state="paused", state_reason="Year-end close")
    assert "Year-end close" in farid.get(f"/events-out/{second.pk}/").content.decode()


def test_subscription_switched_off_is_a_work_item_that_closes_when_resumed(
    quick_world: Any, warehouse: Subscription
) -> None:
    from routes.outbound import steering

    world: World = quick_world()
    Route.objects.update(legal_entity=company("HP-DE"))
    disabling.disable(warehouse, "Its address answered 410 Gone.", (company("HP-DE").pk, world.route.pk))
    intake.take_in()
    item = WorkItem.objects.get()
    assert "Data warehouse" in item.title
    ines = signed_in(Role.INTEGRATION_ADMIN, name="Ines Brandt")
    page = ines.get(reverse("queue:item", args=[item.number])).content.decode()
    assert "Resume" in page
    assert "Read again" not in page
    warehouse.refresh_from_db()
    steering.resume(warehouse, by=ENGINE)
    intake.take_in()
    item.refresh_from_db()
    assert not item.is_open
