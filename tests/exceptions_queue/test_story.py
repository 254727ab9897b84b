"""A transaction's and a record's whole story: what stands around it, who sees what, and with how many queries."""

import re
from collections.abc import Callable
from html import unescape
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
from governance import versions
from governance.actor import ENGINE
from governance.identifiers import new_id
from governance.models import User
from mappings import tables
from routes import taken_back
from routes.models import Attempt, Destination, Effect, Exchange, Record, Run, Transaction, Transition
from routes.plan import plan
from routes.states import State
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import RATED, zero_hours
from tests.exceptions_queue.test_pages import run_of, signed_in, text_of
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


def test_what_is_taken_back_is_told_with_what_was_posted(make_world: Make, staff: Staff) -> None:
    world = make_world(condition="hours > 5")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="2.00", version=2))
    row = of("TE-0000001", withdraws=True)
    Transaction.objects.filter(withdraws=False).update(amount=800, currency="EUR")
    Transaction.objects.filter(withdraws=True).update(amount=200, currency="EUR")

    around = story.tell(of("TE-0000001", withdraws=True), staff.farid).around
    words = page_of(row, staff.farid)

    assert [(v.row.withdraws, v.meant.hours) for v in around.versions] == [(False, 8), (True, 8)]
    assert "takes back 800.00 EUR" in words
    assert "200.00 EUR" not in words


def test_lists_search_record_and_api_tell_what_is_taken_back_with_what_was_posted(
    make_world: Make, staff: Staff
) -> None:
    world = make_world(condition="hours > 5")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="2.00", version=2))
    taking = of("TE-0000001", withdraws=True)
    Transaction.objects.filter(withdraws=False).update(amount=800, currency="EUR")
    Transaction.objects.filter(withdraws=True).update(amount=200, currency="USD", hours=2)
    client = signed_in(staff.farid)

    for address in ("/transactions/", "/search/?q=TE-0000001", reverse("queue:record", args=[taking.record_id])):
        words = text_of(client.get(address))
        assert "800.00 EUR" in words, address
        assert "200.00 USD" not in words, address
    listed = client.get("/api/process/v1/transactions").json()["items"]
    alone = client.get(f"/api/process/v1/transactions/{taking.pk}").json()
    for each in (*listed, alone):
        assert (each["amount"], each["currency"], each["hours"]) == ("800.0000", "EUR", "8.0000")


def test_what_was_never_posted_is_not_what_is_taken_back(make_world: Make) -> None:
    world = make_world(condition="hours > 5")
    world.take_in(entry(1, hours="8.00"))
    world.deliver()
    world.take_in(entry(1, hours="7.00", version=2))  # superseded before it was sent
    world.take_in(entry(1, hours="2.00", version=3))

    (row,) = taken_back.told([of("TE-0000001", withdraws=True)])

    assert row.worth.hours == 8


def test_list_asks_once_for_all_that_is_taken_back(
    make_world: Make, staff: Staff, django_assert_num_queries: Any
) -> None:
    world = make_world(condition="hours > 5")
    world.take_in(*(entry(number, hours="8.00") for number in range(1, 6)))
    world.deliver()
    world.take_in(*(entry(number, hours="2.00", version=2) for number in range(1, 6)))
    rows = list(Transaction.objects.all())
    assert sum(row.withdraws for row in rows) == 5

    with django_assert_num_queries(1):
        assert {row.worth.hours for row in taken_back.told(rows)} == {8}
    with django_assert_num_queries(0):
        taken_back.told(row for row in rows if not row.withdraws)


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


def test_write_that_succeeded_at_once_is_rebuilt_for_those_who_see_technical_details(
    make_world: Make, staff: Staff
) -> None:
    world = make_world()
    world.take_in(entry(1))
    world.deliver()
    row = of("TE-0000001")
    effect = Effect.objects.get()

    (write,) = story.tell(row, staff.ingrid).kept_writes
    words = page_of(row, staff.ingrid)

    assert write.line == "POST /entries"
    assert '"hours": 8' in write.body
    assert "Writes that succeeded at once" in words
    assert f"as {effect.reference}" in words
    assert "Its body is not kept any more" not in words
    assert story.tell(row, staff.farid).kept_writes == []
    assert "Writes that succeeded at once" not in page_of(row, staff.farid)


def test_write_with_an_exchange_is_told_by_that_alone(make_world: Make, staff: Staff) -> None:
    row = tried(make_world())
    assert story.tell(row, staff.ingrid).kept_writes == []


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
    assert "Not to Ledger: left out by the condition “hours is more than 9”" in words
    assert "hours &gt; 9" not in words
    Destination.objects.update(condition_name="long days")
    told = page_of(Record.objects.get(), staff.ingrid)
    assert "Not to Ledger: left out by the condition “long days”" in told
    assert "hours &gt; 9" in told.partition("Technical details")[2]


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


def test_rows_it_was_worked_out_with_tell_no_pay_to_who_may_not_see_it(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    columns = {"rate": "money", "cost_rate": "money"}
    table = tables.create_table(
        name="bill_rates", title="Bill rates", key_columns=["role", "currency"], value_columns=columns, by=ENGINE,
        legal_entity=company("HP-DE"),
    )  # fmt: skip
    row = tables.NewRow(("Consultant", "EUR"), {"rate": "120", "cost_rate": "96.50"})
    tables.add_rows(table, [row], by=ENGINE)
    versions.install(kind="mapping", object_key=str(RATED["name"]), content=RATED)
    world.destination.mapping = str(RATED["name"])
    world.destination.save()
    plan.cache_clear()
    world.take_in(entry(1))

    told = {user: page_of(of("TE-0000001"), user) for user in (quick_staff.farid, quick_staff.clara)}

    assert all("Bill rates Consultant / EUR" in words for words in told.values())
    assert ["cost rate •••" in words for words in told.values()] == [True, False]
    assert ["96.50" in words for words in told.values()] == [False, True]


def test_tries_of_nothing_ask_nothing(staff: Staff, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert tries.of([], ENTITIES["time_entry"], staff.farid, technical=True) == []
    assert not Effect.objects.exists()


def test_run_of_another_company_is_no_link(make_world: Make, staff: Staff) -> None:
    world = make_world()
    zero_hours(world)
    run = run_of(world)
    Run.objects.filter(pk=run.pk).update(legal_entity=company("HP-GB"))
    Transaction.objects.update(run=run)
    Record.objects.update(run=run)
    link = reverse("queue:run", args=[run.pk])

    for row in (Transaction.objects.get(), Record.objects.get()):
        address = reverse(f"queue:{type(row).__name__.lower()}", args=[row.pk])
        assert link not in signed_in(staff.viktor).get(address).content.decode()
        assert link in signed_in(staff.clara).get(address).content.decode()
    assert signed_in(staff.viktor).get(link).status_code == 404


def test_links_of_a_story_lead_somewhere_for_who_sees_it(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1), entry(2, hours="0.00"), entry(3, currency=None))
    world.deliver()
    intake.take_in()
    run = run_of(world)
    Run.objects.filter(pk=run.pk).update(legal_entity=company("HP-GB"))
    Transaction.objects.update(run=run)
    Record.objects.update(run=run)
    client = signed_in(staff.viktor)
    pages = [reverse("queue:transaction", args=[row.pk]) for row in Transaction.objects.visible_to(staff.viktor)]
    pages += [reverse("queue:record", args=[row.pk]) for row in Record.objects.visible_to(staff.viktor)]
    pages += [reverse("queue:item", args=[item.pk]) for item in WorkItem.objects.visible_to(staff.viktor)]
    links = {link for page in pages for link in re.findall(r'href="(/[^"#]+)', client.get(page).content.decode())}

    assert len(pages) > 4
    dead = {link for link in links if "/static/" not in link and client.get(unescape(link)).status_code >= 400}
    assert dead == set()


def test_parent_that_it_waited_for_stays_linked(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1))
    world.deliver()
    row, reason = of("TE-0000001"), "Project P-001 does not exist yet in Ledger."
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_transition SET to_state = 'parked', reason = %s WHERE subject_id = %s", [reason, row.pk]
        )
        assert cursor.rowcount

    page = signed_in(staff.viktor).get(reverse("queue:transaction", args=[row.pk])).content.decode()

    assert 'href="/search/?q=P-001"' in page
    assert "It waited for" in page
