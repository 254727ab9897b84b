"""Finding records and runs: by which keys, what an empty list says, and with how many queries."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exceptions_queue import intake
from exceptions_queue.codes import code_of
from exceptions_queue.models import WorkItem
from routes.models import Run, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import run_of, signed_in, text_of, url_of
from tests.routes.world import World, entry

Make = Callable[..., World]


def test_record_is_found_by_its_key_at_the_source(make_world: Make, staff: Staff) -> None:
    zero_hours(make_world(), 2)
    row = Transaction.objects.order_by("key")[0]
    Transaction.objects.filter(pk=row.pk).update(key="LEDGER-1")  # the target knows it by another key
    found = reverse("queue:transactions")
    for somebody, sees in ((staff.farid, True), (staff.stranger, False)):
        for key in ("TE-0000001", "LEDGER-"):
            words = text_of(signed_in(somebody).get(f"{found}?key={key}"))
            assert ("LEDGER-1" in words) is sees, (somebody, key)


def test_all_that_came_of_a_record_is_found_by_its_key_at_the_source(make_world: Make, staff: Staff) -> None:
    world = make_world(correction="reverse", key_formula='"LEDGER-" & project_code')
    world.take_in(entry(1))
    world.deliver()
    world.take_in(entry(1, version=2, project_code="P-002"))  # takes the first back, and is posted under another key
    world.deliver()
    world.take_in(entry(1, version=3, hours="0.00", project_code="P-002"))  # the newest stops
    found = reverse("queue:transactions")
    states = sorted(Transaction.objects.values_list("state", flat=True))

    for address, many in (
        (f"{found}?key=TE-0000001", len(states)), (f"{found}?key=TE-0000001&entity=HP-DE", len(states)),
        *((f"{found}?key=TE-0000001&state={state}", states.count(state)) for state in set(states)),
    ):  # fmt: skip
        listed = signed_in(staff.farid).get(address)
        assert len(listed.context["transactions"]) == many, address
        assert not signed_in(staff.stranger).get(address).context["transactions"]
    searched = signed_in(staff.farid).get(f"{reverse('queue:search')}?q=TE-0000001")
    assert len(searched.context["found"].transactions) == len(states) >= 4


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/transactions/", "No record that you may see has come yet."),
        ("/transactions/?state=failed", "Nothing that you may see fits what you chose."),
        ("/records/", "No record that you may see has come yet."),
        ("/records/?state=failed", "Nothing that you may see fits what you chose."),
        ("/records/?since=abc", "Nothing is looked for, since what you chose is not all understood."),
        ("/transactions/?until=abc", "Nothing is looked for, since what you chose is not all understood."),
        ("/runs/?since=2026-11-05&until=2026-11-04", "Nothing is looked for, since what you chose is not all"),
        ("/records/?key=TE-77", "has the key “TE-77” at its source. The whole key is needed"),
        ("/runs/?state=held", "No run fits what you chose."),
        ("/transactions/?key=TE-77", "Nothing that you may see has the key “TE-77” at its source"),
        ("/runs/", "No route has found anything yet."),
        ("/runs/?all=1", "No route has run yet."),
        ("/queue/", "Nothing is open. That is good news."),
        ("/queue/?show=work", "Nothing needs anybody. That is good news."),
        ("/queue/?q=is%3Aopn", "Nothing is looked for, since what you typed is not all understood."),
        ("/queue/?show=resolved", "Nothing has been resolved yet."),
        ("/queue/?show=resolved&kind=validation", "Nothing fits what you chose."),
    ],
)
def test_empty_list_says_why_it_is_empty(staff: Staff, address: str, says: str) -> None:
    assert says in text_of(signed_in(staff.farid).get(address))


def test_pages_ask_the_same_queries_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world = make_world()
    counts: dict[str, list[int]] = {}
    client = signed_in(staff.ingrid)
    run, first = None, 1
    for last in (2, 40):
        world.take_in(*(entry(each, hours="0.00") for each in range(first, last + 1)))
        intake.take_in()
        run, first = run or run_of(world), last + 1
        Transaction.objects.update(run=run)
        Run.objects.bulk_create(
            Run(route=world.route, legal_entity=run.legal_entity, trigger="schedule", requested_by="Throughline",
                created_at=run.created_at, read=1, new=1, state="done") for _ in range(last)
        )  # fmt: skip
        item, some = WorkItem.objects.get(), Transaction.objects.order_by("pk")[0]
        for limit, address in (
            (24, "/"), (6, reverse("queue:runs")),
            (13, reverse("queue:run", args=[run.pk])),  # whose books differ (`run_of`): one more, to see why
            (7, f"{reverse('queue:transactions')}?run={code_of(run.pk)}"),
            (8, f"{reverse('queue:transactions')}?key=TE-"), (7, reverse("queue:records")),
            (10, f"{reverse('queue:records')}?key=TE-0000001&connection=time&kind=time_entry"),
            (19, reverse("queue:transaction", args=[some.pk])),
            (7, reverse("queue:technical", args=[item.number])), (26, url_of(item)),
        ):  # fmt: skip
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            assert len(queries) <= limit, (address, len(queries))
            counts.setdefault(address, []).append(len(queries))
    assert {address: each for address, each in counts.items() if len(set(each)) > 1} == {}
