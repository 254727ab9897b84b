"""The pages of connections and lanes: health in words, what waits, who may steer, and with how many queries."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from canonical.failure import Category
from connectors import breaker
from connectors.guard import AddressRefused
from connectors.models import BreakerState, Connection, MaintenanceWindow, RateBudget
from connectors.registry import registry
from exceptions_queue.intake import take_in
from governance.identifiers import new_id
from governance.rights import Role
from hub.pages import lanes
from routes import pausing
from routes.models import Exchange, Route
from tests.exceptions_queue.conftest import Staff, make_world, staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry

__all__ = ["make_world", "staff"]
Make = Callable[..., World]


def firm(make_world: Make) -> World:
    """Return a world whose systems and route belong to the German company."""
    world = make_world()
    germany = company("HP-DE")
    Connection.objects.update(legal_entity=germany)
    Route.objects.update(legal_entity=germany)
    return world


def ledger(world: World) -> Connection:
    return Connection.objects.get(pk=world.destination.connection_id)


def change(world: World, **values: Any) -> None:
    Connection.objects.filter(pk=world.destination.connection_id).update(**values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Ledger working"),
        ({"paused": True, "paused_reason": "Year-end close"}, "Ledger paused by a person"),
        ({"breaker_state": BreakerState.OPEN, "breaker_opened_at": timezone.now(), "breaker_message": "401"},
         "Ledger left alone after failures"),
        ({"slow_until": timezone.now() + timedelta(days=1)}, "Ledger asked for patience"),
        ({"connector": "gone"}, "Ledger its connector is missing"),
    ],
)  # fmt: skip
def test_health_is_told_in_words(make_world: Make, staff: Staff, values: dict[str, Any], says: str) -> None:
    change(firm(make_world), **values)
    client = signed_in(staff.farid)
    assert says in text_of(client.get("/connections/ledger/"))
    assert says.removeprefix("Ledger ") in text_of(client.get("/connections/"))


def test_open_window_is_told_with_its_end(make_world: Make, staff: Staff) -> None:
    world, now = firm(make_world), timezone.now()
    MaintenanceWindow.objects.create(
        connection=ledger(world), reason="Upgrade", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )
    MaintenanceWindow.objects.create(
        connection=ledger(world), reason="Backup", weekday=6, from_time="02:00", minutes=90, time_zone="Europe/Berlin"
    )
    words = text_of(signed_in(staff.farid).get("/connections/ledger/"))
    assert "In maintenance. Upgrade. The hub goes on by itself" in words
    assert "Sundays from 02:00 for 90 minutes (Europe/Berlin)" in words


def test_what_waits_is_counted_by_lane_and_stream(make_world: Make, staff: Staff) -> None:
    world = firm(make_world)
    world.take_in(entry(1), entry(2))
    words = text_of(signed_in(staff.farid).get("/connections/ledger/"))
    assert "posting entries 2 " in words
    assert "Posting 2 could go now" in text_of(signed_in(staff.olga).get("/lanes/"))


def test_budget_shows_what_is_left(make_world: Make, staff: Staff) -> None:
    world = firm(make_world)
    change(world, requests_allowed=100, period_seconds=1e9)
    RateBudget.objects.create(connection=ledger(world), budget="", left=40, filled_at=timezone.now())
    assert "40 of 100 left" in text_of(signed_in(staff.farid).get("/connections/ledger/"))


def test_troubles_are_for_those_who_see_technical_details(make_world: Make, staff: Staff) -> None:
    world = firm(make_world)
    body = {"method": "POST", "url": "https://ledger.example/entries", "status": 503, "error": ""}
    Exchange.objects.create(id=new_id(), connection=ledger(world), at=timezone.now(), body=body)
    for user, sees in ((staff.ingrid, True), (staff.olga, True), (staff.farid, False), (staff.viktor, False)):
        words = text_of(signed_in(user).get("/connections/ledger/"))
        assert ("https://ledger.example/entries" in words) is sees, user


def test_troubles_name_records_to_who_sees_all_companies(make_world: Make, staff: Staff) -> None:
    body = {"method": "PATCH", "url": "https://ledger.example/employee/W-1060", "status": 422, "error": "no W-1060"}
    Exchange.objects.create(id=new_id(), connection=ledger(firm(make_world)), at=timezone.now(), body=body)
    words = text_of(signed_in(person("Otto Own", Role.OPERATOR, company("HP-DE"))).get("/connections/ledger/"))
    assert "PATCH 422" in " ".join(words.split())
    assert "W-1060" not in words
    assert words.count("None") == 1, "and nothing stands in its place"
    assert text_of(signed_in(staff.olga).get("/connections/ledger/")).count("W-1060") == 2


def test_operator_pauses_and_lets_go_on_in_the_page(make_world: Make, staff: Staff) -> None:
    world, client = firm(make_world), signed_in(staff.olga)
    answer = client.post("/connections/ledger/pauses/", {"reason": "Year-end close"}, follow=True)
    assert "Ledger is paused. What comes for it waits, in order." in text_of(answer)
    who = f"Paused by a person. Year-end close. By {staff.olga.get_full_name()}, since 20"
    assert who in " ".join(text_of(answer).split())
    again = client.post("/connections/ledger/pauses/", {"reason": "Once more"})
    assert (again.status_code, ledger(world).paused_reason) == (409, "Year-end close")
    assert "Ledger goes on." in text_of(client.post("/connections/ledger/releases/", follow=True))
    assert not ledger(world).paused


def test_pause_without_a_reason_says_so_beside_the_field(make_world: Make, staff: Staff) -> None:
    world = firm(make_world)
    answer = signed_in(staff.olga).post("/connections/ledger/pauses/", {"reason": " "})
    assert answer.status_code == 422
    assert "This field is required." in text_of(answer)
    assert not ledger(world).paused


@pytest.mark.parametrize("deed", ["pauses", "releases", "probes"])
def test_steering_is_refused_to_others_and_hidden_from_strangers(make_world: Make, staff: Staff, deed: str) -> None:
    world = firm(make_world)
    address = f"/connections/ledger/{deed}/"
    assert signed_in(staff.farid).post(address, {"reason": "because"}).status_code == 403
    assert signed_in(staff.stranger).post(address, {"reason": "because"}).status_code == 404
    assert signed_in(staff.olga).get(address).status_code == 405
    assert "Pause it" not in text_of(signed_in(staff.farid).get("/connections/ledger/"))
    assert not ledger(world).paused


def test_who_configures_is_led_to_a_new_connection(make_world: Make, staff: Staff) -> None:
    firm(make_world)
    offered = {
        who.username
        for who in (staff.ingrid, staff.farid, staff.clara, staff.viktor, staff.olga)
        if "/admin/connectors/connection/add/" in signed_in(who).get("/connections/").content.decode()
    }
    assert offered == {"ingrid"}


def test_connection_of_another_company_is_not_there(make_world: Make, staff: Staff) -> None:
    firm(make_world)
    client = signed_in(staff.stranger)
    assert client.get("/connections/ledger/").status_code == 404
    assert "Ledger" not in text_of(client.get("/connections/"))
    assert "entries" not in text_of(client.get("/lanes/"))


def test_no_page_shows_a_secret_or_asks_for_one(make_world: Make, staff: Staff) -> None:
    world = firm(make_world)
    row = ledger(world)
    row.secrets = {"token": "hidden-value"}
    row.save()
    for address in ("/connections/", "/connections/ledger/"):
        with CaptureQueriesContext(connection) as queries:
            answer = signed_in(staff.ingrid).get(address)
        assert "hidden-value" not in answer.content.decode()
        assert not any('"secrets"' in query["sql"] for query in queries)


def test_pages_ask_the_same_queries_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world, counts = firm(make_world), []
    client = signed_in(staff.ingrid)
    for round_ in range(2):
        for address in ("/connections/", "/connections/ledger/", "/lanes/", "/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
        if not round_:
            second(world)
            world.take_in(*(entry(n) for n in range(1, 20)))
    assert counts[:4] == counts[4:]
    assert max(counts) <= 24


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[dict[str, str]]]]:
    """Let workers answer what the test puts in here."""
    said: dict[str, list[dict[str, str]]] = {}

    class Inspect:
        def active_queues(self) -> dict[str, list[dict[str, str]]]:
            return said

    monkeypatch.setattr(lanes.current_app.control, "inspect", lambda **_: Inspect())
    return said


def test_lane_that_nobody_reads_is_told(staff: Staff, answers: dict[str, list[dict[str, str]]]) -> None:
    answers["worker@one"] = [{"name": name} for name in ("posting", "master", "intake")]
    words = text_of(signed_in(staff.olga).get("/lanes/workers/"))
    assert "Worker 1 worker@one posting, master, intake" in words
    assert "No worker that answers reads the lane analytics." in words
    assert "lane posting" not in words


def test_machine_of_a_worker_is_named_only_to_those_who_operate_everywhere(
    staff: Staff, answers: dict[str, list[dict[str, str]]]
) -> None:
    answers["worker@one"] = [{"name": "posting"}]
    here = person("Ines Weber", Role.OPERATOR, company("HP-DE"))
    words = text_of(signed_in(here).get("/lanes/workers/"))
    assert "Worker 1 posting" in words
    assert "worker@one" not in words


def test_broker_that_is_away_is_told(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(lanes.current_app.control, "inspect", away)
    assert "The broker does not answer" in text_of(signed_in(staff.olga).get("/lanes/workers/"))


def test_workers_are_for_those_who_operate(staff: Staff) -> None:
    assert signed_in(staff.farid).get("/lanes/workers/").status_code == 403


def test_gallery_is_for_staff_and_shows_every_state(staff: Staff) -> None:
    assert signed_in(staff.farid).get("/gallery/").status_code == (200 if staff.farid.is_staff else 403)
    staff.ingrid.is_staff = True
    staff.ingrid.save()
    words = text_of(signed_in(staff.ingrid).get("/gallery/"))
    for state in ("posted", "outcome unknown", "waiting for another record", "left alone after failures"):
        assert state in words
    assert "Enter a valid date." in words


def refused(world: World, address: str) -> None:
    """Let the guard have refused a call to the ledger, as a delivery notes it."""
    pausing.trip(ledger(world), Category.OUTAGE, str(AddressRefused(address, 443)))
    take_in()


def test_connection_whose_calls_the_guard_refuses_is_not_working(make_world: Make, staff: Staff, settings: Any) -> None:
    world = firm(make_world)
    otto = signed_in(person("Otto Petrenko", Role.OPERATOR))
    refused(world, "10.1.2.3")
    for client, place in ((otto, "/"), (otto, "/connections/"), (signed_in(staff.ingrid), "/connections/ledger/")):
        words = text_of(client.get(place))
        assert "10.1.2.3 port 443 is internal. The operator of the hub can add 10.1.2.3:443 to" in words, place
        assert "alls refused by the address guard" in words
        assert "Ledger working" not in words
    form = f"/admin/connectors/connection/{ledger(world).pk}/change/"
    assert "Calls refused by the address guard" in text_of(signed_in(staff.ingrid).get(form))
    assert "can add 10.1.2.3:443 to the setting OUTBOUND_ALLOWED" in words

    settings.OUTBOUND_ALLOWED = ["10.1.2.3:443"]
    told = text_of(otto.get("/connections/ledger/"))
    assert "alls refused" not in told, "allowed by now"
    assert "Left alone after failures" in told, "until it is tried again"
    settings.OUTBOUND_ALLOWED = []
    breaker.probe_now(ledger(world).pk)
    assert "alls refused" not in text_of(otto.get("/connections/ledger/")), "changed since, so nobody knows"


def test_address_that_is_a_number_is_judged_before_any_call(make_world: Make, staff: Staff, settings: Any) -> None:
    world = firm(make_world)
    names = [each.name for each in registry.connector(ledger(world).connector).manifest.questions if not each.secret]
    asked = next(each for each in names if "url" in each or "address" in each)
    for address, allowed, works in (
        ("https://10.1.2.3", [], False), ("http://localhost:8", [], False),
        ("https://10.1.2.3", ["10.0.0.0/8:*"], True), ("https://ledger.example", [], True),
    ):  # fmt: skip
        settings.OUTBOUND_ALLOWED = allowed
        change(world, answers={asked: address})
        words = text_of(signed_in(staff.farid).get("/connections/ledger/"))
        assert ("Ledger working" in words) == works, address
