"""Causes removed where they are told: what each remedy lets go is said before it is pressed, and who decides."""

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec import structs

from canonical.failure import Category
from canonical.problem import Problem
from connectors import outcome
from connectors.models import Connection
from connectors.outcome import WriteRequest
from exceptions_queue import intake, remedies, tasks, verbs
from exceptions_queue.models import State, WorkItem
from governance import second_person, versions
from governance.actor import ENGINE, as_actor
from governance.models import AuditEntry
from governance.rights import NotAllowed
from mappings import cross_references
from mappings.models import CrossReference
from routes import intake as arriving
from routes import releases, retry, waiting_behind
from routes.models import Destination, Route
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, refused_sign_in, trouble, with_rates
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.governance.people import company
from tests.routes.test_periods import close_until
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
PROJECTS = {
    "name": "ledger-projects-out",
    "from": {"entity": "project"},
    "to": {"system": "ledger", "stream": "entries"},
    "fields": [
        {"to": "key", "formula": "hub.key"}, {"to": "hours", "value": "1"}, {"to": "amount", "value": "1"},
        {"to": "currency", "value": "EUR"},
    ],
}  # fmt: skip


# Sign-ins


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the system says when a sign-in is tried, and with which secrets it was."""
    told: dict[str, Any] = {"report": outcome.TestReport(True, "Connected to Harvest as Halden & Partner.")}

    def tried(row: Connection, *, by: Any, **_: Any) -> outcome.TestReport:
        told["secrets"] = dict(row.kept_secrets())
        found: outcome.TestReport = told["report"]
        return found

    monkeypatch.setattr("connectors.trying.try_typed", tried)
    return told


def harvest_item(world: World) -> WorkItem:
    """Return the item of a Harvest that no longer accepts its token."""
    row = Connection(
        slug="harvest", name="Harvest", connector="harvest", legal_entity=company("HP-DE"), auth="token",
        answers={"account": "1463201", "contact": "hub@halden.example", "address": "https://api.harvestapp.com/v2",
                 "identity": "https://id.getharvest.com"},
    )  # fmt: skip
    row.secrets = {"token": "the old one"}
    row.save()
    problem = Problem("error", Category.CREDENTIALS, "", None, "Harvest: the token is not accepted.")
    return trouble(world, problem, connection_id=row.pk)


def test_system_that_takes_nothing_says_what_waits_for_it(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_sign_in(world)
    world.take_in(entry(1), entry(2), entry(3, amount=None, bill_rate=None, legal_entity="HP-GB"))
    waits = waiting_behind.behind(world.destination.connection_id)
    assert (waits.count, waits.unknown, waits.sums) == (3, 1, {"EUR": Decimal(1600)})

    words = text_of(signed_in(staff.ingrid).get(url_of(item)))
    assert "Lets 3 transactions, 1,600.00 EUR, 1 without a known amount go on, in order, once it works" in words
    here = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "2 transactions, 1,600.00 EUR" in here, "of Germany, and nothing of Britain"
    assert "3 transactions" not in here


def test_what_travels_in_consignments_waits_too(make_world: Make) -> None:
    world = make_world("ledger_idempotent")
    world.travels = True
    world.take_in(entry(1), entry(2))
    assert world.travelling()
    waits = waiting_behind.behind(world.destination.connection_id)
    assert (waits.count, waits.sums) == (2, {"EUR": Decimal(1600)})
    assert waiting_behind.behind(world.destination.connection_id, of=[company("HP-GB").pk]).count == 0


def test_sign_in_is_entered_in_place_tried_and_kept(make_world: Make, staff: Staff, said: dict[str, Any]) -> None:
    item = harvest_item(make_world())
    client = signed_in(staff.ingrid)
    page = client.get(url_of(item)).content.decode()
    assert re.search(r'<input type="password" name="answer_token"', page)
    assert "the old one" not in page
    answer = client.post(f"{url_of(item)}sign-ins/", {"answer_token": "the new one", "reason": "renewed"}, follow=True)

    assert "Connected to Harvest as Halden" in text_of(answer)
    assert said["secrets"] == {"token": "the new one"}
    kept = Connection.objects.get(slug="harvest")
    assert dict(kept.secrets.items()) == {"token": "the new one"}
    told = AuditEntry.objects.get(verb="renew_sign_in")
    assert (told.after, told.reason) == ({"token": "•••"}, "renewed")
    assert "the new one" not in str(list(AuditEntry.objects.values_list("after", "before", "reason")))
    item.refresh_from_db()
    assert item.state == State.IN_PROGRESS


def test_sign_in_that_the_system_refuses_changes_nothing(make_world: Make, staff: Staff, said: dict[str, Any]) -> None:
    item = harvest_item(make_world())
    said["report"] = outcome.TestReport(
        False, "The credentials were refused.", "Check the token.", Category.CREDENTIALS
    )
    answer = signed_in(staff.ingrid).post(f"{url_of(item)}sign-ins/", {"answer_token": "not-this-one"})
    assert answer.status_code == 422
    assert "The credentials were refused. Check the token. Nothing was changed; enter it again." in text_of(answer)
    assert "not-this-one" not in answer.content.decode(), "a secret is never shown again"
    assert dict(Connection.objects.get(slug="harvest").secrets.items()) == {"token": "the old one"}
    empty = signed_in(staff.ingrid).post(f"{url_of(item)}sign-ins/", {"answer_token": ""})
    assert "Nothing was entered that differs" in text_of(empty)


def test_sign_in_waits_for_a_second_person_where_the_company_wants_one(
    make_world: Make, staff: Staff, said: dict[str, Any]
) -> None:
    item = harvest_item(make_world())
    second_person.ask(company("HP-DE"), by=staff.ingrid)
    page = signed_in(staff.ingrid).get(url_of(item)).content.decode()
    assert 'name="answer_token"' not in page
    assert "Changes at HP-DE" in page
    assert f"/admin/connectors/connection/{item.connection_id}/change/" in page
    with pytest.raises(second_person.NeedsSecondPerson):
        verbs.renew_sign_in(item, by=staff.ingrid, typed={"token": "the new one"})
    assert "secrets" not in said, "it is not even tried"


@pytest.mark.parametrize("who", ["farid", "clara", "olga", "viktor"])
def test_sign_in_is_entered_by_who_edits_connections_only(make_world: Make, staff: Staff, said: Any, who: str) -> None:
    item = harvest_item(make_world())
    person = getattr(staff, who)
    page = signed_in(person).get(url_of(item))
    assert "Ingrid Solheim can do it" in text_of(page)
    assert 'name="answer_token"' not in page.content.decode()
    assert signed_in(person).post(f"{url_of(item)}sign-ins/", {"answer_token": "mine"}).status_code == 403
    with pytest.raises(NotAllowed):
        verbs.renew_sign_in(item, by=person, typed={"token": "mine"})
    assert dict(Connection.objects.get(slug="harvest").secrets.items()) == {"token": "the old one"}


def test_sign_in_changes_nothing_but_what_the_way_asks(make_world: Make, staff: Staff, said: dict[str, Any]) -> None:
    item = harvest_item(make_world())
    verbs.renew_sign_in(item, by=staff.ingrid, typed={"token": "new", "address": "https://evil.example", "x": "y"})
    kept = Connection.objects.get(slug="harvest")
    assert kept.answers["address"] == "https://api.harvestapp.com/v2"
    assert dict(kept.secrets.items()) == {"token": "new"}


def test_sign_in_that_works_again_ends_its_item_in_the_name_of_who_entered_it(
    make_world: Make, staff: Staff, said: dict[str, Any]
) -> None:
    world = make_world()
    item = refused_sign_in(world)
    world.take_in(entry(1))
    verbs.ask_system(item, by=staff.ingrid)
    WorkItem.objects.update(root_cause="target")  # as entering it does
    world.deliver()
    while intake.take_in():
        pass
    item.refresh_from_db()
    assert (world.states(), item.state, item.resolution) == (["posted"], State.RESOLVED, "fixed")
    assert item.resolved_by == f"person:{staff.ingrid.pk}"


# Parents


@pytest.fixture
def parked(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two entries whose project the ledger lacks, which can be asked for it: projects go there, too."""
    monkeypatch.setitem(retry.POLICIES, Category.MISSING_REFERENCE, retry.Policy(attempts=1, first=1, cap=1))
    world = make_world()
    words = "The record instance for external ID 'P-001' does not exist."
    lacking = structs.replace(refused(Category.MISSING_REFERENCE, words), parent_key="P-001")
    there = world.target

    def behave(request: WriteRequest, number: int) -> Any:
        return None if request.key.startswith("P-") or there.live("P-001") else lacking

    world.target.behave = behave
    versions.install(kind="mapping", object_key=str(PROJECTS["name"]), content=PROJECTS)
    route = Route.objects.create(
        slug="projects", name="Projects", legal_entity=company("HP-DE"), canonical_entity="project"
    )
    Destination.objects.create(
        route=route, name="Ledger", connection=world.destination.connection, stream="entries",
        mapping=str(PROJECTS["name"]), key_formula="project_code", correction="update",
    )  # fmt: skip
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    return world


def test_parent_that_is_there_by_now_is_found_linked_and_releases(parked: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    client = signed_in(staff.farid)
    assert "If it is there, releases 2 time entries, 1,600.00 EUR" in text_of(client.get(url_of(item)))
    missing = client.post(f"{url_of(item)}look-ups/", {"reason": ""})
    assert missing.status_code == 422
    assert "A system of another company has no project P-001 under this key yet" in text_of(missing)
    assert not CrossReference.objects.exists()

    parked.target.commits.append(WriteRequest("create", "P-001", "", b'{"hours": 0}'))
    found = client.post(f"{url_of(item)}look-ups/", {"reason": ""}, follow=True)
    assert "It is there, and the link is kept. 2 went on." in text_of(found)
    assert CrossReference.objects.get().external_id == "X-P-001"
    parked.deliver()
    intake.take_in()
    assert parked.states() == ["posted", "posted"]
    item.refresh_from_db()
    assert item.state == State.RESOLVED


def test_parent_is_asked_for_where_it_can_be(parked: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    Destination.objects.filter(route__slug="projects").delete()
    page = signed_in(staff.farid).get(url_of(item)).content.decode()
    assert 'id="look-ups"' not in page
    assert 'id="cross-references"' in page
    with pytest.raises(verbs.NotPossible, match="cannot be asked for that"):
        verbs.look_up_parent(item, by=staff.farid)
    with pytest.raises(NotAllowed):
        verbs.look_up_parent(item, by=staff.viktor)


def test_parent_that_stopped_itself_is_led_to(parked: World, staff: Staff) -> None:
    item = WorkItem.objects.get()
    assert "stopped, too" not in text_of(signed_in(staff.farid).get(url_of(item)))
    parked.target.behave = lambda request, number: refused(Category.REFUSED, "No projects today.")
    told = {"project_code": "P-001", "name": "Core banking", "legal_entity": "HP-DE", "customer_id": "C-1"}
    route = Route.objects.get(slug="projects")
    arriving.accept(route, body=json.dumps([told]).encode(), via="api")
    arriving.work(route.pk)
    parked.deliver()
    while intake.take_in():
        pass
    stopped = WorkItem.objects.get(category=Category.REFUSED)
    page = signed_in(staff.farid).get(url_of(item)).content.decode()
    assert re.search(rf'stopped, too: <a href="{url_of(stopped)}">', page)


# Closed periods


def test_closed_period_says_who_approves_and_where_more_are_moved(
    make_world: Make, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(posting_date="worked_on")
    world.target.behave = lambda request, number: refused(Category.CLOSED_PERIOD, "The period is closed.")
    close_until(world, dt.date(2026, 11, 1))
    world.take_in(*(entry(number) for number in range(1, 4)))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    client = signed_in(staff.farid)
    words = text_of(client.get(url_of(item)))
    assert "Proposes 3 time entries, 2,400.00 EUR; sent once Clara Voss approves" in words
    assert "in one go" not in words
    monkeypatch.setitem(remedies.AT_MOST, "period-moves", 2)
    page = client.get(url_of(item)).content.decode()
    assert "At most 2 in one go: choose some below, or" in page
    assert f'href="/bulk-runs/new/?items={item.number}#open-period-moves"' in page


# Rows: the table's rule


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "Releases 3 time entries"),
        ({"approval": "always"}, "Proposes the row; Clara Voss decides, and then it releases 3 time entries"),
        (
            {"approval": "above_amount", "approval_column": "rate", "approval_amount": Decimal(500)},
            "; a row with rate above 500.00 is proposed, and Clara Voss decides first",
        ),
    ],
)
def test_row_says_before_whether_somebody_else_decides(
    make_world: Make, staff: Staff, rule: dict[str, Any], said: str
) -> None:
    world = with_rates(make_world(), **rule)
    world.take_in(*(entry(each) for each in range(1, 4)))
    intake.take_in()
    item = WorkItem.objects.get()
    finance = staff.ingrid  # her role counts for all companies, and she approves no rows
    assert said in text_of(signed_in(finance).get(url_of(item)))


def test_unknown_amounts_are_said_with_the_count(make_world: Make, staff: Staff) -> None:
    world = with_rates(make_world())
    world.take_in(entry(1, amount=None, bill_rate=None))
    intake.take_in()
    client = signed_in(staff.clara)
    assert "Releases 1 time entry, amount unknown" in text_of(client.get(url_of(WorkItem.objects.get())))
    world.take_in(entry(2))
    intake.take_in()
    words = text_of(client.get(url_of(WorkItem.objects.get())))
    assert "Releases 2 time entries, 800.00 EUR, 1 without a known amount" in words


def test_item_says_who_decides_while_its_row_waits(make_world: Make, staff: Staff) -> None:
    world = with_rates(make_world(), approval="always")
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.add_table_row(item, by=staff.clara, values={"rate": "180"})
    words = text_of(signed_in(staff.farid).get(url_of(item)))
    assert "a second person (nobody may yet: an operator gives the role) decides." in words, "she proposed it herself"
    from tests.governance.people import person

    person("Dora Brandt", "controller")
    assert "Dora Brandt decides." in text_of(signed_in(staff.farid).get(url_of(item)))


def test_page_of_a_refused_sign_in_asks_the_same_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_sign_in(world)
    client, counts = signed_in(staff.clara), []
    for numbers in (range(1, 3), range(3, 40)):
        world.take_in(*(entry(number) for number in numbers))
        with CaptureQueriesContext(connection) as queries:
            client.get(url_of(item))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_missing_rate_is_released_by_its_row(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    assert item.members == 3
    assert verbs.add_table_row(item, by=ENGINE, values={"rate": "180"}).release is not None


@pytest.mark.parametrize("by_hand", [True, False])
def test_parent_that_a_person_has_named_is_their_deed_whoever_lets_go(
    parked: World, staff: Staff, by_hand: bool
) -> None:
    parked.target.behave = lambda request, number: None
    if by_hand:
        verbs.add_cross_reference(WorkItem.objects.get(), by=staff.farid, external_id="X-P-001")
    else:
        there = parked.destination.connection_id, "project", "P-001", "X-P-001", company("HP-DE").pk
        cross_references.upsert([cross_references.NewReference(*there)], by=ENGINE)

    releases.arrived_meanwhile()  # the engine is quicker than the release
    parked.deliver()
    tasks.sweep()
    tasks.sweep()

    item = WorkItem.objects.get()
    assert (parked.states(), item.state) == (["posted"] * 2, "resolved")
    if by_hand:
        assert (item.resolution, item.resolved_by) == ("fixed", as_actor(staff.farid).reference)
    else:
        assert (item.resolution, item.resolved_by) == ("auto:parent_arrived", ENGINE.reference)
