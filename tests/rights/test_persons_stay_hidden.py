"""Whoever may not see persons meets their names and addresses nowhere, however they got into the words.

A person is planted in every kind of row that the hub shows, and every page and address is read.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from canonical.masking import spoken
from exceptions_queue import intake
from exceptions_queue.models import (
    ApprovalRequest,
    BulkMember,
    BulkRun,
    Deed,
    Emergency,
    EmergencyDeed,
    GroupingRule,
    RequestState,
    WorkItem,
    WorkItemComment,
    WorkItemEvent,
)
from governance import versions
from governance.actor import ENGINE
from governance.models import LegalEntity, User
from governance.rights import Role
from hub.api.described import document
from mappings import cross_references, tables
from mappings.models import LookupTable, Mapping
from routes import events
from routes import intake as arriving
from routes.models import (
    Attempt,
    Destination,
    Effect,
    Failure,
    InboundEvent,
    Overlay,
    Record,
    Route,
    RuleWarning,
    Run,
    Transaction,
)
from routes.plan import plan
from tests.exceptions_queue.bulk import planned
from tests.exceptions_queue.test_pages import run_of, signed_in
from tests.governance.people import company, person
from tests.routes.world import INWARD, World, entry

Make = Callable[..., World]
ANN, BROOKE = "Ann Walker", "Brooke Tanner"
ANN_AT, BROOKE_AT = "ann.walker@acme.example", "brooke.tanner@acme.example"
PLANTED = (ANN, ANN_AT, BROOKE, BROOKE_AT, "brooke.tanner", "ann.walker")
SAID = f"It is about {ANN}, {ANN_AT}."
EACH_VIEW = 6  # pages of one view that are read
NO_PLACE = {  # addresses of the API for things that this world has none of, or that hold nothing of records
    "changes", "clients", "configuration", "connections", "deliveries", "mappings", "schedules", "subscriptions",
    "routes", "versions", "work-item-views",
}  # fmt: skip


def planted(quick_world: Make) -> World:
    """Return a world in which people stand in every kind of row."""
    world = quick_world()
    germany = company("HP-DE")
    Route.objects.update(legal_entity=germany)
    more = [{"to": name, "from": name} for name in ("worker_name", "worker_email")]
    more.append({"to": "cost_center", "formula": 'LOOKUP("cost_centers.code", worker_email)'})
    content = INWARD | {"name": "time-of-people", "fields": [*INWARD["fields"], *more]}
    versions.install(kind="mapping", object_key="time-of-people", content=content)
    world.route.refresh_from_db()
    world.route.mapping = "time-of-people"
    world.route.save()
    Mapping.objects.get_or_create(
        key="time-of-people", defaults={"title": "Time", "source": "ledger time_entries", "target": "time_entry"}
    )
    centers = tables.create_table(
        name="cost_centers", title="Cost centers", key_columns=["address"], value_columns={"code": "text"}, by=ENGINE
    )
    tables.add_rows(centers, [tables.NewRow((ANN_AT,), {"code": "C-1"})], by=ENGINE, reason=f"for {ANN_AT}")
    users = tables.create_table(
        name="users", title="Users", key_columns=["user"], value_columns={"worker_name": "text"}, by=ENGINE,
        legal_entity=germany,
    )  # fmt: skip
    tables.add_rows(users, [tables.NewRow(("17",), {"worker_name": ANN})], by=ENGINE)
    plan.cache_clear()
    ann, brooke = {"worker_name": ANN, "worker_email": ANN_AT}, {"worker_name": BROOKE, "worker_email": BROOKE_AT}
    world.take_in(entry(1, **ann), entry(2, hours="0.00", **ann), entry(3, **brooke), entry(4, **ann))
    world.deliver()
    _an_event(world)
    Failure.objects.exclude(table="cost_centers").update(message=SAID, hint=SAID)
    intake.take_in()
    run = run_of(world)
    Run.objects.filter(pk=run.pk).update(message=f"Stopped at {ANN_AT}.", state="stopped", legal_entity=germany)
    Transaction.objects.update(run=run)
    _said_of_it(world, germany)
    reference = cross_references.NewReference(
        world.destination.connection_id, "worker", ANN_AT, BROOKE_AT, germany.pk, "PR-1"
    )
    cross_references.upsert([reference], by=ENGINE)
    return world


def _an_event(world: World) -> None:
    """Send an event about Ann in, which stops."""
    route = Route.objects.create(
        slug="time-events", name="Time", legal_entity=company("HP-DE"), canonical_entity="time_entry"
    )
    Destination.objects.create(
        route=route, name="Events", connection=world.destination.connection, stream="entries",
        mapping="ledger-time-out", key_formula='hub.key & "/event"',
    )  # fmt: skip
    sent = {
        "legal_entity": "HP-DE", "entry_id": "TE-9", "worker_id": "W-001", "worker_name": ANN, "worker_email": ANN_AT,
        "project_code": "P-001", "worked_on": "2026-10-05", "hours": "0.00", "approval_status": "approved",
        "changed_at": "2026-10-06T08:00:00Z", "period": "2026-10",
    }  # fmt: skip
    events.send_in(route=route.slug, body=json.dumps({"records": [sent]}).encode(), by=ENGINE)
    arriving.work(route.pk)


def _said_of_it(world: World, germany: LegalEntity) -> None:
    """Have warnings, histories, effects, tries, corrections, remarks and events of items speak of Ann."""
    now = timezone.now()
    for row in Transaction.objects.all():
        RuleWarning.objects.create(
            transaction_id=row.pk, legal_entity=germany, stage="validate", rule="late", message=SAID, at=now
        )
    with connection.cursor() as cursor:
        for table in ("routes_transition",):
            cursor.execute(f"UPDATE {table} SET reason = %s", [SAID])
    Transaction.objects.filter(state="failed").update(waits_for=f"worker:{ANN_AT}")
    Effect.objects.update(message=SAID)
    for effect in Effect.objects.all():
        Attempt.objects.create(effect_id=effect.pk, kind="write", at=now, outcome="refused", status=422, message=SAID)
    record = Record.objects.filter(key="TE-0000001").get()
    clara = User.objects.get(username="clara")
    Overlay.objects.create(
        legal_entity=germany, route=world.route, key=record.key, field="worker_name", value=ANN, source_value=BROOKE,
        reason=SAID, made_by=clara,
    )  # fmt: skip
    for item in WorkItem.objects.all():
        said = SAID if item.about.get("worker_name") == ANN else f"Ask {BROOKE_AT}."
        WorkItemComment.objects.create(
            item=item, at=now, author_kind="person", author_id=str(clara.pk), author_name="Clara Voss", text=said
        )
        WorkItemEvent.objects.create(
            item=item, at=now, actor_kind="person", actor_id=str(clara.pk), actor_name="Clara Voss", verb="resubmitted",
            to_state=item.state, reason=said,
        )  # fmt: skip
        item.waiting_on = said
        item.save()
    _in_bulk(clara)
    _asked_of_two(clara)
    _in_emergency(clara)
    GroupingRule.objects.create(
        legal_entity=germany, name="Alike", category="validation", route_id=world.route.pk, words=ANN_AT, cause="c",
        reason=f"as {BROOKE_AT} said", made_by=f"person:{clara.pk}", made_at=now,
    )  # fmt: skip


def _asked_of_two(clara: User) -> None:
    """Have a request for an approval that waits, and one refused, about each item; they speak of people."""
    now, by = timezone.now(), {"made_by": f"person:{clara.pk}", "made_by_name": "Clara Voss"}
    no = {"decided_by": f"person:{clara.pk}", "decided_by_name": "Clara Voss", "decided_at": now}
    for item in WorkItem.objects.all():
        said = SAID if item.about.get("worker_name") == ANN else f"Ask {BROOKE_AT}."
        differs = [
            {"field": name, "before": before, "after": after, "count": 1}
            for name, before, after in (("worker_name", ANN, BROOKE), ("worker_email", ANN_AT, BROOKE_AT))
        ]
        for state, more in ((RequestState.WAITING, {}), (RequestState.REFUSED, no | {"decided_reason": said})):
            ApprovalRequest.objects.create(
                item=item, legal_entity_id=item.legal_entity_id, made_at=now, reason=said, state=state, stood=[],
                failures=[each.pk for each in item.failures()], deed=Deed.CORRECT, policies="policy “Careful”",
                typed={"field": "worker_name", "value": BROOKE}, differences=differs if item.entity else [],
                **by, **more,
            )  # fmt: skip


def _in_emergency(clara: User) -> None:
    """Have a deed in emergency mode that was reviewed, about each item; they speak of people."""
    now, by = timezone.now(), f"person:{clara.pk}"
    for item in WorkItem.objects.all():
        said = SAID if item.about.get("worker_name") == ANN else f"Ask {BROOKE_AT}."
        mode = Emergency.objects.create(
            legal_entity_id=item.legal_entity_id, opened_by=by, opened_by_name="Clara Voss", opened_at=now,
            until=now + timedelta(hours=1), reason=f"as {BROOKE_AT} said",
        )  # fmt: skip
        EmergencyDeed.objects.create(
            emergency=mode, legal_entity_id=item.legal_entity_id, item=item, deed=Deed.CORRECT, lifted="all",
            failures=[each.pk for each in item.failures()], reason=said, made_at=now, review_by=now, note=said,
            review="objected", reviewed_by=by, reviewed_by_name="Clara Voss", reviewed_at=now,
            differences=[{"field": "worker_name", "before": ANN, "after": BROOKE, "count": 1}] if item.entity else [],
        )  # fmt: skip


def _in_bulk(clara: User) -> None:
    """Have a bulk run over all items, whose words and members speak of people."""
    run = planned(clara, "waivers", {"reason": f"for {ANN_AT}"}, *WorkItem.objects.open())
    BulkRun.objects.filter(pk=run.pk).update(state_reason=f"Ask {BROOKE_AT}.", left_out=ANN_AT, selected_words=SAID)
    for member in BulkMember.objects.select_related("item"):
        said = SAID if member.item.about.get("worker_name") == ANN else f"Ask {BROOKE_AT}."
        BulkMember.objects.filter(pk=member.pk).update(why=said, ended=said)


def pages(client: Client) -> Iterator[tuple[str, str]]:
    """Yield the pages that somebody comes to by links, from the first one on, some of each view; with their text."""
    seen, open_, of_view = {"/"}, ["/", "/queue/?show=open", "/search/?q=TE-0000001", f"/search/?q={ANN_AT}"], Counter()
    open_ += [f"/search/?q={word}" for word in ("TE-", "users", "cost", "PR-1")]
    while open_:
        address = open_.pop(0)
        answer = client.get(address, follow=True)
        text = _text(b"".join(answer) if answer.streaming else answer.content)  # type: ignore[attr-defined]
        yield address, text
        for link in re.findall(r'href="(/[^"#]*)', text):
            link = unescape(link)
            path = link.partition("?")[0]
            try:
                view = resolve(path).view_name
            except Resolver404:
                continue
            if (
                link not in seen
                and of_view[view] < EACH_VIEW
                and "sign-out" not in path
                and not path.startswith("/api/")
            ):
                seen.add(link)
                of_view[view] += 1
                open_.append(link)


def _text(content: bytes) -> str:
    """Return an answer as text; of a workbook, all of its parts."""
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(book.read(name).decode() for name in book.namelist())


def addresses() -> Iterator[str]:
    """Yield every address of the API that is read, with each thing of this world in it."""
    things = {
        "/records/{id}": [str(each) for each in Record.objects.values_list("pk", flat=True)],
        "/transactions/{id}": [str(each) for each in Transaction.objects.values_list("pk", flat=True)],
        "/runs/{id}": [str(each) for each in Run.objects.values_list("pk", flat=True)],
        "/events/{id}": [str(each) for each in InboundEvent.objects.values_list("pk", flat=True)],
        "/tables/{id}": [str(each) for each in LookupTable.objects.values_list("pk", flat=True)],
        "/work-items/{number}": [str(each) for each in WorkItem.objects.values_list("pk", flat=True)],
        "/corrections/{number}": [str(each) for each in Overlay.objects.values_list("pk", flat=True)],
        "/approval-requests/{number}": [str(each) for each in ApprovalRequest.objects.values_list("pk", flat=True)],
        "/emergency-modes/{number}": [str(each) for each in Emergency.objects.values_list("pk", flat=True)],
        "/emergency-deeds/{number}": [str(each) for each in EmergencyDeed.objects.values_list("pk", flat=True)],
        "/grouping-rules/{id}": [str(each) for each in GroupingRule.objects.values_list("pk", flat=True)],
        "/bulk-runs/{number}": [str(each) for each in BulkRun.objects.values_list("pk", flat=True)],
        "/routes/{slug}": list(Route.objects.values_list("slug", flat=True)),
    }
    for path, operations in document()["paths"].items():
        if "get" not in operations:
            continue
        if "{" not in path:
            yield path
            continue
        place = next((place for place in things if place in path), None)
        if place is None:
            assert set(path.split("/")) & NO_PLACE or "/schemas/" in path, f"{path} needs a thing of this world"
            continue
        for each in things[place]:
            yield path.replace(place, place.partition("{")[0] + each)


@pytest.fixture
def blind(quick_world: Make) -> list[Client]:
    """Return the sessions of those who may not see persons: a viewer, and an operator."""
    people = [
        person("Clara Voss", Role.CONTROLLER),
        person("Viktor Lang", Role.VIEWER),
        person("Olga Petrenko", Role.OPERATOR, is_staff=True),
    ]
    planted(quick_world)
    return [signed_in(each) for each in people[1:]]


@pytest.mark.slow
def test_nobody_without_the_right_meets_a_person(blind: list[Client]) -> None:
    found: dict[str, str] = {}
    read = 0
    for client in blind:
        for address, text in pages(client):
            read += 1
            if (told := _planted_in(text, address)) and address not in found:
                found[address] = told
        for address in addresses():
            answer = client.get(address)
            read += 1
            if (told := _planted_in(_text(answer.content), address)) and address not in found:
                found[address] = told
    assert found == {}, json.dumps(found, indent=1, ensure_ascii=False)
    assert read > 150


def _planted_in(text: str, address: str) -> str:
    """Return the words around a person in a text; "" where there is none. What was typed into a search stays there."""
    text = unescape(text)
    if "q=" in address:
        typed = address.partition("q=")[2]
        text = re.sub(rf'(value="(?:/search/\?q=)?|“|title>[^<]*){re.escape(typed)}', "", text)
    for each in PLANTED:
        if (place := text.find(each)) >= 0:
            return re.sub(r"\s+", " ", text[max(0, place - 160) : place + 80])
    return ""


def test_who_may_see_persons_meets_them(quick_world: Make) -> None:
    clara = person("Clara Voss", Role.CONTROLLER)
    planted(quick_world)
    client = signed_in(clara)
    record = Record.objects.get(key="TE-0000003")
    assert BROOKE_AT in client.get(f"/api/system/v1/records/{record.pk}").content.decode()
    item = WorkItem.objects.get(table="cost_centers")
    assert client.get(f"/api/experience/v1/work-items/{item.pk}").json()["table_key"] == [BROOKE_AT]
    table = LookupTable.objects.get(name="cost_centers")
    assert ANN_AT in client.get(f"/tables/{table.pk}/").content.decode()


def test_addresses_are_covered_within_any_words() -> None:
    for words in ("ask a.b+c@acme.co.uk.", "“x@y.org” is not known", "mailto:x@y.org", "worker:x@y.org", "(x@y.org)"):
        assert "@" not in spoken(words, (), ())
    assert spoken("30 @ 5.00 EUR", (), ()) == "30 @ 5.00 EUR"
