"""Searching from anywhere: by which keys and names things are found, by whom, and how much is asked for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import search
from mappings.models import CrossReference
from routes.models import Record, Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company
from tests.routes.world import World, entry

Make = Callable[..., World]


def referenced(world: World, **more: str) -> CrossReference:
    given: dict[str, Any] = {
        "entity": "project",
        "canonical_key": "P-001",
        "external_id": "8023",
        "reference": "PRJ-77",
    } | more
    return CrossReference.objects.create(
        connection_id=world.destination.connection_id,
        legal_entity=company("HP-DE"),
        recorded_at=timezone.now(),
        **given,
    )


def test_records_and_transactions_are_found_by_the_beginning_of_their_key(make_world: Make, staff: Staff) -> None:
    make_world().take_in(entry(1), entry(2), entry(13))
    found = search.find("TE-000000", staff.farid)
    assert [t.key for t in found.transactions] == ["TE-0000001", "TE-0000002"]
    assert [r.key for r in found.records] == ["TE-0000001", "TE-0000002"]
    assert search.find("te-000000", staff.farid).nothing, "letters count as they are"


def test_record_of_several_versions_is_found_once_as_its_newest(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(entry(1))
    world.take_in(entry(1, hours="6.00", version=2))
    (found,) = search.find("TE-0000001", staff.farid).records
    assert found.pk == Record.objects.order_by("-version")[0].pk


@pytest.mark.parametrize("text", ["TE%0000001", "TE-000000_", "TE\\0000001", "%%", "__"])
def test_characters_of_patterns_stand_for_themselves(make_world: Make, staff: Staff, text: str) -> None:
    make_world().take_in(entry(1))
    assert search.find(text, staff.farid).nothing


def test_others_things_are_not_found_nor_do_they_crowd_out_ones_own(make_world: Make, staff: Staff) -> None:
    world = make_world()
    world.take_in(*(entry(n) for n in range(1, 41)))
    last = Transaction.objects.order_by("-key")[0]
    Transaction.objects.exclude(pk=last.pk).update(legal_entity=company("HP-GB"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_record SET legal_entity_id = %s WHERE key <> %s", [company("HP-GB").pk, last.key])
    found = search.find("TE-", staff.farid)
    assert [t.pk for t in found.transactions] == [last.pk]
    assert [r.key for r in found.records] == [last.key]
    assert len(search.find("TE-", staff.stranger).transactions) == search.SHOWN


@pytest.mark.parametrize("text", ["8023", "PRJ-77", "P-001"])
def test_number_in_another_system_leads_to_our_key(make_world: Make, staff: Staff, text: str) -> None:
    referenced(make_world())
    ((found, system),) = search.find(text, staff.farid).numbers
    assert (found.canonical_key, system) == ("P-001", "Ledger")
    assert search.find(text, staff.stranger).nothing


def test_exception_is_found_by_its_number_and_by_the_key_that_is_missing(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    for text in (f"#{item.number}", "Consultant"):
        assert [row.item.pk for row in search.find(text, staff.clara).items] == [item.pk], text
    assert not search.find(f"#{item.number}", staff.stranger).items


def test_routes_and_systems_are_found_by_a_part_of_their_name(make_world: Make, staff: Staff) -> None:
    make_world()
    found = search.find("edge", staff.clara)
    assert [r.slug for r in found.routes] == ["time-to-ledger"]
    assert [c.slug for c in found.connections] == ["ledger"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "Type at least 2 characters"),
        ("x" * 201, "No key has more than 200 characters"),
        ("nothing like it", "Nothing that you may see goes by “nothing like it”."),
        ("", "By a key or its beginning"),
        ("<script>", "goes by “&lt;script&gt;”"),
        ("99999999999999999999", "Nothing that you may see"),
        ("²³", "Nothing that you may see"),
    ],
)
def test_search_says_what_to_do(staff: Staff, text: str, says: str) -> None:
    answer = signed_in(staff.farid).get("/search/", {"q": text})
    assert answer.status_code == 200
    assert says in text_of(answer)


def test_search_asks_the_same_queries_for_few_and_many(make_world: Make, staff: Staff) -> None:
    world = make_world()
    counts = []
    for last in (2, 30):
        zero_hours(world, last)
        referenced(world, canonical_key=f"TE-{last}", external_id=f"x{last}", reference="TE-0")
        with CaptureQueriesContext(connection) as queries:
            assert signed_in(staff.clara).get("/search/", {"q": "TE-0"}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 35


def test_beginnings_are_read_from_the_index_in_its_order(make_world: Make, staff: Staff) -> None:
    """A common beginning must not fetch and sort everything that begins so."""
    make_world().take_in(*(entry(n) for n in range(1, 30)))
    statement = search.BEGINNING["transactions"].format(entities="")
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}", {"text": "TE-%", "most": 20})
        told = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET ALL")
    assert "transaction_key" in told
    assert "Sort" not in told
