"""A transaction's and a record's whole story: what stands around it, who sees what, and with how many queries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from canonical.entities import ENTITIES
from canonical.failure import Category
from exceptions_queue import intake, story, tries, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.way import way
from governance.identifiers import new_id
from governance.models import User
from routes.models import Attempt, Effect, Exchange, Record, Transaction, Transition
from routes.states import State
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company
from tests.routes.billing import Billing
from tests.routes.test_corrections_kept import second
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def of(key: str, **more: Any) -> Transaction:
    return Transaction.objects.select_related("destination").filter(key=key, **more).order_by("-version")[0]


def page_of(row: Transaction | Record, user: Any) -> str:
    name = "transaction" if isinstance(row, Transaction) else "record"
    return text_of(signed_in(user).get(reverse(f"queue:{name}", args=[row.pk])))


def test_versions_stand_around_a_transaction_with_what_they_did(make_world: Make, staff: Staff) -> None:
    world = make_world(correction="reverse")
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()

    found = story.tell(of("TE-0000001"), staff.farid).around.versions

    assert [(v.current, v.newer, v.row.hours) for v in found] == [(False, False, 8), (True, False, 6)]
    assert found[0].written == "posted"
    assert found[1].written == "reversed, then posted"
    assert "An earlier version posted" in page_of(of("TE-0000001"), staff.farid)


def test_siblings_at_other_destinations_are_named(make_world: Make, staff: Staff) -> None:
    world = make_world()
    copy = second(world)
    world.take_in(entry(1))
    words = page_of(of("TE-0000001", destination=world.destination), staff.farid)
    assert "The same, for another destination TE-0000001 Copy" in words
    assert copy.name == "Copy"


def test_neighbours_of_other_companies_are_not_told(make_world: Make, staff: Staff) -> None:
    world = make_world()
    second(world)
    world.take_in(entry(1))
    mine, other = Transaction.objects.order_by("destination_id")
    Transaction.objects.filter(pk=other.pk).update(legal_entity=company("HP-GB"))
    found = story.tell(of("TE-0000001", pk=mine.pk), staff.farid).around
    assert found.siblings == []
    assert found.versions == []


def test_invoice_and_its_hours_lead_to_each_other(billing: Callable[..., Billing], staff: Staff) -> None:
    made = billing()
    made.take_in(entry(1), entry(2))
    made.bill()
    hour, invoice = of("TE-0000001"), Transaction.objects.exclude(key__startswith="TE-").get()
    assert [x.pk for x in story.tell(hour, staff.clara).around.grouped_into] == [invoice.pk]
    assert [x.key for x in story.tell(invoice, staff.clara).around.made_of] == ["TE-0000001", "TE-0000002"]


def test_correction_is_told_with_its_reason(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world())
    verbs.correct_field(item, by=staff.farid, field="hours", value="4", reason="as on the slip")
    words = page_of(of("TE-0000001"), staff.farid)
    assert "Hours by Farid Amini" in words
    assert "Around it" not in words, "nothing else stands around it"
    assert "as on the slip" in words


def test_way_shows_where_it_stands_aside() -> None:
    passed = [State.RECEIVED, State.NORMALISED, State.FAILED]
    stops = way(State.FAILED, [Transition(to_state=each) for each in passed])
    assert [(s.label, s.kind, s.now) for s in stops][:4] == [
        ("Received", "done", False), ("In the hub's words", "done", False), ("Needs a person", "bad", True),
        ("Checked", "left", False),
    ]  # fmt: skip
    assert not any(s.now for s in stops[3:])


def test_way_of_what_is_posted_has_no_stop_left() -> None:
    stops = way(State.POSTED, [Transition(to_state=each) for each in list(State)[:6]])
    assert [s.kind for s in stops] == ["done"] * 5 + ["good"]


SAID = {
    "method": "POST", "url": "https://ledger.example/entries", "request_headers": {"Authorization": "•••"},
    "request_body": '{"hours": 8}', "status": 400, "response_headers": {}, "response_body": '{"error": "no"}',
    "started": "2026-10-06T08:00:00Z", "duration_ms": 350.2, "error": "",
}  # fmt: skip


def tried(world: World) -> Transaction:
    """Return a transaction that was refused, with an exchange."""
    world.target.behave = lambda request, count: refused(Category.REFUSED, "Too much.")
    world.take_in(entry(1))
    world.deliver()
    exchange = Exchange.objects.create(
        id=new_id(), connection=world.destination.connection, body=SAID, at="2026-10-06T08:00:00Z"
    )
    Attempt.objects.update(exchange_id=exchange.pk)
    return of("TE-0000001")


def test_try_is_told_to_all_and_its_exchange_to_those_who_see_technical_details(make_world: Make, staff: Staff) -> None:
    row = tried(make_world())
    for user, sees in ((staff.farid, False), (staff.viktor, False), (staff.ingrid, True), (staff.olga, True)):
        words = page_of(row, user)
        assert "Sent, number 1" in words
        assert "Too much." in words
        assert ("https://ledger.example/entries" in words) is sees, user


def test_bodies_of_an_exchange_are_for_those_who_may_see_everything_everywhere(make_world: Make, staff: Staff) -> None:
    row = tried(make_world())
    for user in (staff.ingrid, staff.olga):
        words = page_of(row, user)
        assert "&quot;error&quot;: &quot;no&quot;" not in words
        assert "The bodies are left out" in words


def test_exchange_of_somebody_who_may_see_everything_has_its_bodies(make_world: Make, staff: Staff) -> None:
    row = tried(make_world())
    root = User.objects.create_superuser("root", password="a long walk by the sea")
    (found,) = story.tell(row, root).tries
    assert found.exchange is not None
    assert found.exchange["response_body"] == '{\n  "error": "no"\n}'
    assert found.duration == "0.35 s"


def test_story_asks_the_same_queries_whatever_there_is(make_world: Make, staff: Staff) -> None:
    world = make_world()
    second(world)
    counts = []
    for version in (1, 12):
        for each in range(1, version + 1):
            world.take_in(entry(1, hours=f"{each}.00", version=each))
            world.deliver()
        client = signed_in(staff.ingrid)
        for row in (of("TE-0000001", destination=world.destination), Record.objects.order_by("-version")[0]):
            name = "transaction" if isinstance(row, Transaction) else "record"
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(f"queue:{name}", args=[row.pk])).status_code == 200
            counts.append(len(queries))
    assert counts[2] <= 30
    assert counts[3] <= 20
    assert counts[2] - counts[0] <= 1, "the versions' effects are asked for once there are some"
    assert counts[3] == counts[1]


def test_record_says_where_it_did_not_go(make_world: Make, staff: Staff) -> None:
    world = make_world(condition="hours > 9")
    world.take_in(entry(1))
    words = page_of(Record.objects.get(), staff.farid)
    assert "Not to Ledger: it does not meet hours &gt; 9" in words


def test_record_that_stopped_says_why_and_leads_to_its_item(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1, currency=None))
    intake.take_in()
    answer = signed_in(staff.farid).get(reverse("queue:record", args=[Record.objects.get().pk]))
    assert "without a currency" in text_of(answer)
    assert reverse("queue:item", args=[WorkItem.objects.get().number]) in answer.content.decode()


@pytest.mark.parametrize("name", ["transaction", "record"])
def test_story_of_another_company_is_not_there(make_world: Make, staff: Staff, name: str) -> None:
    make_world().take_in(entry(1))
    row = Transaction.objects.get() if name == "transaction" else Record.objects.get()
    assert signed_in(staff.stranger).get(reverse(f"queue:{name}", args=[row.pk])).status_code == 404


def test_names_of_people_are_hidden_from_those_who_may_not_see_them(make_world: Make, staff: Staff) -> None:
    make_world().take_in(entry(1, worker_name="Jonas Weber"))
    record = Record.objects.get()
    assert "Jonas Weber" not in page_of(record, staff.viktor)


def test_tries_of_nothing_ask_nothing(staff: Staff, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert tries.of([], ENTITIES["time_entry"], staff.farid, technical=True) == []
    assert not Effect.objects.exists()
