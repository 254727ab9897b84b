"""Names of another company's systems and routes: nobody is told them who does not see that company."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from connectors.models import Connection
from exceptions_queue import deadlines, intake, naming, stuck, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import GroupingRule, RoutingRule, WorkItem, WorkItemEvent
from exceptions_queue.record_links import to_source
from exceptions_queue.sheets.exporting import export
from governance.actor import ENGINE
from governance.rights import Role
from hub.configuration.exceptions import GroupingRules
from hub.configuration.routing import RoutingRules
from mappings import cross_references
from mappings.cross_references import NewReference
from routes.models import Overlay, Record, Route, Run, Transaction
from tests.api.signing import get, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]
LEDGER, ROUTE = "Zugspitze ledger", "Watzmann hours"


@pytest.fixture
def item(quick_world: Make, quick_staff: Staff) -> WorkItem:
    """Return an item of HP-DE that came by a route of another company, and stopped at a system of that."""
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    intake.take_in()
    theirs = company("HP-US")
    Connection.objects.update(legal_entity=theirs)
    ledger = world.destination.connection
    Connection.objects.filter(pk=ledger.pk).update(name=LEDGER, slug="zugspitze")
    Route.objects.update(legal_entity=theirs, name=ROUTE, slug="watzmann")
    soon = timezone.now() + dt.timedelta(days=2)
    route = Route.objects.get()
    WorkItem.objects.update(
        connection=ledger, title=f"{LEDGER}: closed period", cause=f"{LEDGER} refused it.", due_at=soon,
        due_key=f"run:{theirs.pk}:{route.pk}", due_of=f"{ROUTE}: its next run",
    )  # fmt: skip
    return WorkItem.objects.get()


def names(told: str) -> list[str]:
    return [each for each in (LEDGER, ROUTE, "zugspitze", "watzmann") if each in told]


def test_pages_and_answers_name_no_system_or_route_of_another_company(item: WorkItem, quick_staff: Staff) -> None:
    root = person("Rosa Root", is_superuser=True)
    sent = Transaction.objects.get()
    record = sent.record_id
    pages = [
        "/", "/queue/", "/queue/?columns=system", f"/queue/{item.number}/", "/records/", f"/records/{code_of(record)}/",
        f"/transactions/{code_of(sent.pk)}/", "/search/?q=TE-0000001",
        *(f"/queue/choices/{word}/" for word in ("route", "source", "target")),
    ]  # fmt: skip
    member = item.failures()[0]
    pages.append(f"/queue/{item.number}/records/{code_of(member.pk)}/")
    mine, all_ = signed_in(quick_staff.farid), signed_in(root)
    found = {page: (mine.get(page), all_.get(page)) for page in pages}
    assert {page: told.status_code for page, (told, _) in found.items() if told.status_code != 200} == {}
    wrong = {page: hit for page, (told, _) in found.items() if (hit := names(told.content.decode()))}
    assert wrong == {}
    told_to_root = {page for page, (_, told) in found.items() if names(told.content.decode())}
    assert told_to_root >= {"/queue/", "/records/", "/queue/choices/route/", f"/queue/{item.number}/"}

    counts = "/api/experience/v1/work-item-counts?of=source&of=target&of=route"
    for address in ("/api/experience/v1/work-items", f"/api/experience/v1/work-items/{item.number}", counts):
        assert names(get(address, token_of(quick_staff.farid)).content.decode()) == [], address
        assert names(get(address, token_of(root)).content.decode()) != [], address
    assert names(export(by=quick_staff.farid, line="is:open")[0].decode()) == []  # type: ignore[arg-type]
    assert names(export(by=root, line="is:open")[0].decode()) == [LEDGER, ROUTE]


def test_words_say_that_it_is_another_companys(item: WorkItem, quick_staff: Staff) -> None:
    shown = text_of(signed_in(quick_staff.farid).get(f"/queue/{item.number}/"))
    assert "A system of another company: closed period" in shown
    assert "A system of another company refused it." in shown
    assert naming.THEIR_ROUTE in shown
    by: Any = quick_staff.farid
    assert naming.without_systems(f"See the {LEDGER}s and the {LEDGER}", item, by).endswith(naming.THEIRS)
    closed = f"period:{item.connection.legal_entity_id}:3:2026-10-01:2026-10-31:open"  # type: ignore[union-attr]
    assert naming.due_of(closed, f"October 2026 at {LEDGER} at sea", by) == (
        "October 2026 at a system of another company"
    )
    assert naming.due_of("run:watzmann", f"{ROUTE}: its next run", by) == f"{naming.THEIR_ROUTE}: its next run"
    assert naming.due_of("cutoff:1:2026-10-31", "Billing at noon", by) == "Billing at noon"
    route = Route.objects.select_related("connection").get()
    assert all("another company" in link.words for link in to_source(route, {"id": 1}, by))


def test_deadlines_name_no_route_of_another_company_in_words_or_key(item: WorkItem, quick_staff: Staff) -> None:
    lines = {line.key: line for _, line in deadlines._lines(stuck.places(None), deadlines._now())}
    assert names(" ".join(lines)) == []
    for line in deadlines.deadlines(quick_staff.farid):  # type: ignore[arg-type]
        assert names(f"{line.key} {line.title} {line.due}") == []


def correction_of(somebody: Any) -> None:
    record = Record.objects.get()
    Overlay.objects.create(
        legal_entity=record.legal_entity, route_id=record.route_id, key=record.key, field="hours", value="8.00",
        source_value="0.00", reason="typing error", made_by=somebody,
    )  # fmt: skip


def test_answers_about_what_moves_name_no_route_or_system_of_another_company(
    item: WorkItem, quick_staff: Staff
) -> None:
    sent = Transaction.objects.get()
    person_at = person("Root Rasch", is_superuser=True)
    correction_of(quick_staff.farid)
    addresses = [
        "/api/system/v1/records", f"/api/system/v1/records/{sent.record_id}", "/api/process/v1/transactions",
        f"/api/process/v1/transactions/{sent.pk}", "/api/experience/v1/corrections",
    ]  # fmt: skip
    for address in addresses:
        told = get(address, token_of(quick_staff.farid)).content.decode()
        assert (names(told), "one of another company" in told) == ([], True), address
        assert names(get(address, token_of(person_at)).content.decode()) != [], address


ASKED = {
    "system/v1/records": ("route=watzmann", "connection=hours"),
    "process/v1/transactions": ("route=watzmann",),
    "experience/v1/corrections": ("route=watzmann",),
    "experience/v1/work-items": (
        "route=watzmann", "connection=zugspitze",
        *(f"query={each}" for each in ("route:watzmann", "source:hours", "system:zugspitze", "target:zugspitze")),
    ),
    "process/v1/cross-references": ("connection=zugspitze",),
}  # fmt: skip


def test_nobody_learns_by_guessing_that_another_company_has_a_route_or_a_system(
    item: WorkItem, quick_staff: Staff
) -> None:
    Connection.objects.exclude(slug="zugspitze").update(slug="hours")
    ledger, germany = Connection.objects.get(slug="zugspitze"), company("HP-DE")
    cross_references.upsert([NewReference(ledger.pk, "worker", "W-001", "4711", germany.pk)], by=ENGINE)
    correction_of(quick_staff.farid)
    mine, all_ = token_of(quick_staff.farid), token_of(person("Root Rasch", is_superuser=True))
    for address, asked in ASKED.items():
        assert get(f"/api/{address}", mine).json()["items"] != [], address
        for each in asked:
            found = [get(f"/api/{address}?{each}", token).json()["items"] != [] for token in (mine, all_)]
            assert found == [False, True], (address, each)
        none = get(f"/api/{address}?{asked[0].partition('=')[0]}=nowhere", mine)
        assert none.json()["items"] == [], address


def test_search_and_grouping_rules_name_no_system_of_another_company(item: WorkItem, quick_staff: Staff) -> None:
    ledger, germany = Connection.objects.get(slug="zugspitze"), company("HP-DE")
    cross_references.upsert([NewReference(ledger.pk, "worker", "W-001", "4711", germany.pk)], by=ENGINE)
    GroupingRule.objects.create(
        name="Closed periods", legal_entity=germany, category=item.category, connection=ledger, cause=item.fingerprint,
        route_id=Route.objects.get().pk, made_by="engine:engine", reason="together", made_at=timezone.now(),
    )  # fmt: skip
    mine, all_ = signed_in(quick_staff.farid), signed_in(person("Root Rasch", is_superuser=True))
    for page in ("/search/?q=4711", "/cross-references/", "/queue/grouping-rules/"):
        told = text_of(mine.get(page))
        assert names(told) == [], page
        assert naming.THEIRS in told, page
        assert "a former connection" not in told, page
        assert LEDGER in text_of(all_.get(page)), page
    rules = "/api/experience/v1/grouping-rules"
    [rule] = get(rules, token_of(quick_staff.farid)).json()["items"]
    assert (rule["connection"], rule["route"]) == ("one of another company", "one of another company")


def test_run_says_nothing_of_a_source_of_another_company(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    Route.objects.update(legal_entity=company("HP-DE"))
    Connection.objects.filter(pk=world.route.connection_id).update(name=LEDGER, legal_entity=company("HP-US"))
    now = timezone.now()
    Run.objects.create(
        route=world.route, legal_entity=company("HP-DE"), trigger="schedule", requested_by="engine", created_at=now,
        due_at=now, state="waiting", message=f"{LEDGER} is not asked now: it is paused",
    )  # fmt: skip
    assert names(text_of(signed_in(quick_staff.farid).get("/runs/?all=1"))) == []
    assert names(get("/api/process/v1/runs", token_of(quick_staff.farid)).content.decode()) == []
    root = person("Root Rasch", is_superuser=True)
    assert LEDGER in text_of(signed_in(root).get("/runs/?all=1"))


def test_rules_name_no_route_or_system_of_another_company(item: WorkItem, quick_staff: Staff) -> None:
    route, here = Route.objects.get(), company("HP-DE")
    GroupingRule.objects.create(
        legal_entity=here, name="Late", category="validation", connection=item.connection, route_id=route.pk, cause="x",
        reason="the same", made_by="engine:engine", made_at=timezone.now(),
    )  # fmt: skip
    RoutingRule.objects.create(legal_entity=here, name="Theirs", routes=[route.pk], team="billing")
    root = person("Rosa Root", is_superuser=True)
    iris = person("Iris Here", Role.INTEGRATION_ADMIN, here, is_staff=True)

    verbs.leave_to_rules(item, by=quick_staff.farid)  # type: ignore[arg-type]
    why = WorkItem.objects.get(pk=item.pk).routed_why
    assert "Rule “Theirs” fits: by a route of another company" in why

    older = f"Rule “Theirs” fits: by {ROUTE}. It goes to billing."  # as earlier releases wrote it down
    WorkItem.objects.filter(pk=item.pk).update(routed_why=older)
    WorkItemEvent.objects.filter(item=item).exclude(reason="").update(reason=older)
    for place in (f"/queue/{item.number}/", f"/api/experience/v1/work-items/{item.number}"):
        for user in (quick_staff.farid, root):
            answer = signed_in(user).get(place)
            assert ("by a route of another company" in answer.content.decode()) == (user != root), place
            assert (ROUTE in text_of(answer)) == (user == root), place

    rules, listed = "/api/experience/v1/grouping-rules", "/admin/exceptions_queue/routingrule/"
    for address in ("/queue/grouping-rules/", f"/queue/{item.number}/"):
        assert names(text_of(signed_in(quick_staff.farid).get(address))) == [], address
    assert names(text_of(signed_in(iris).get(listed))) == []
    assert names(get(rules, token_of(quick_staff.farid)).content.decode()) == []
    for kind in (GroupingRules(), RoutingRules()):
        assert names(str(kind.rows(iris))) == [], kind.folder
        assert "one of another company" in str(kind.rows(iris))
        assert names(str(kind.rows(root))) != [], kind.folder
    assert names(text_of(signed_in(root).get("/queue/grouping-rules/"))) == [LEDGER, ROUTE]
    assert names(text_of(signed_in(root).get(listed))) == [ROUTE]
    assert names(get(rules, token_of(root)).content.decode()) == ["zugspitze", "watzmann"]
