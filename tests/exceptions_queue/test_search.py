"""Searching from anywhere: by which keys and names things are found, by whom, and how much is asked for it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import intake, keys, search, settle, verbs
from exceptions_queue.models import WorkItem
from exceptions_queue.naming import THEIRS
from exceptions_queue.query.compiled import narrowed
from exceptions_queue.query.words import understood
from mappings.models import CrossReference
from routes.models import Effect, EffectMember, Failure, Record, Transaction
from tests.api.signing import get, token_of
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


def test_posting_is_found_by_the_targets_own_number(make_world: Make, staff: Staff) -> None:
    """Finance has an ERP's document number in hand, or the id in its address."""
    world = make_world()
    world.take_in(entry(1), entry(2))
    world.deliver()
    effect = Effect.objects.get(key="TE-0000002")
    assert effect.reference.startswith("LR-")
    for text in (effect.reference, effect.external_id):
        assert [row.key for row in search.find(text, staff.farid).posted] == ["TE-0000002"], text
        assert search.find(text, staff.stranger).nothing
    assert search.find(effect.reference[:-1], staff.farid).nothing, "a number is typed whole"
    page = text_of(signed_in(staff.farid).get(f"/search/?q={effect.reference}"))
    assert f"Posted, or known there, as {effect.reference}" in page
    assert "TE-0000002" in page


def test_number_of_what_stands_for_many_finds_each_of_them(make_world: Make, staff: Staff) -> None:
    """An invoice's number finds the hours on it."""
    world = make_world()
    world.take_in(entry(1), entry(2))
    world.deliver()
    first, second = Effect.objects.order_by("key")
    EffectMember.objects.create(effect_id=first.pk, transaction_id=second.transaction_id)
    found = search.find(first.reference, staff.farid).posted
    assert {row.key for row in found} == {"TE-0000001", "TE-0000002"}


def test_number_is_looked_up_by_an_index(make_world: Make, staff: Staff) -> None:
    make_world()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        _as_if_of_many(cursor, "routes_effect")
        cursor.execute(f"EXPLAIN {keys.POSTED_AS}", {"text": "LR-1", "most": 10})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "effect_reference" in plan
    assert "effect_external_id" in plan


def _as_if_of_many(cursor: CursorWrapper, table: str) -> None:
    """Tell the planner that pages of a table and of its indexes are full: of an almost empty one any index is as good.

    What other tests' rows were like is forgotten. Undone with the transaction. It scales rows for a page by the pages
    there are, of which a new table counts ten.
    """
    cursor.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", [table])
    cursor.execute(
        """UPDATE pg_class SET relpages = 1, reltuples = 100000 WHERE oid = %(table)s::regclass
        OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass)""",
        {"table": table},
    )


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
    for who, named in ((staff.clara, "Ledger"), (staff.farid, THEIRS)):  # the ledger is of a company he does not see
        ((found, system),) = search.find(text, who).numbers
        assert (found.canonical_key, system) == ("P-001", named)
    assert search.find(text, staff.stranger).nothing


def test_exception_is_found_by_its_number_and_by_the_key_that_is_missing(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    for text in (f"#{item.number}", "Consultant"):
        assert [row.item.pk for row in search.find(text, staff.clara).items] == [item.pk], text
    assert not search.find(f"#{item.number}", staff.stranger).items


def test_exception_that_ended_is_found_by_the_key_of_what_it_held(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world(), 3)
    key = str(Record.objects.order_by("key").values_list("key", flat=True)[2])
    verbs.waive(item, by=staff.farid, reason="Never worked")
    intake.take_in()
    settle.settle_sent_again()
    assert WorkItem.objects.get().state == "resolved"

    assert [row.item.pk for row in search.find(key, staff.farid).items] == [item.pk]
    assert not search.find(key, staff.stranger).items
    for line, found in (
        (f'key:"{key}"', 1), (f'"{key}"', 1), (f'is:resolved key:"{key}"', 1), (f'is:open key:"{key}"', 0),
        (f'-key:"{key}"', 0), ("key:TE-1", 0),
    ):  # fmt: skip
        assert narrowed(understood(line, timezone.now()), staff.farid).count() == found, line
        listed = get(f"/api/experience/v1/work-items?query={quote(line)}", token_of(staff.farid))
        assert len(listed.json()["items"]) == found, line
    assert narrowed(understood(f'key:"{key}"', timezone.now()), staff.stranger).count() == 0
    assert "3 time entries" in text_of(signed_in(staff.farid).get("/queue/", {"q": f'key:"{key}"'}))


def test_open_exception_is_found_by_what_it_holds_now(make_world: Make, staff: Staff) -> None:
    item = zero_hours(make_world(), 2)
    gone, held = (Failure.objects.order_by("pk")[n] for n in (0, 1))
    Failure.objects.filter(pk=gone.pk).update(closed_at=timezone.now(), closed_how="fixed")
    keys_of = dict(Record.objects.values_list("pk", "key"))
    found = [[row.item.pk for row in search.find(keys_of[each.record_id], staff.farid).items] for each in (gone, held)]
    assert found == [[], [item.pk]]


def test_what_was_held_is_looked_up_by_an_index(make_world: Make, staff: Staff) -> None:
    zero_hours(make_world())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        _as_if_of_many(cursor, "routes_failure")
        with CaptureQueriesContext(connection) as queries:
            keys.causes_of(Record.objects.get().key, staff.clara)
        cursor.execute("EXPLAIN " + queries.captured_queries[-1]["sql"])
        told = "\n".join(line for (line,) in cursor.fetchall())
    for index in ("closed_record", "closed_transaction"):
        assert f"failure_{index}" in told, told
    assert "failure_open_" in told, told  # with no rows in it, any of the two costs nothing
    assert "Seq Scan" not in told


def test_person_is_not_found_by_a_missing_key_or_an_address(quick_world: Make, quick_staff: Staff) -> None:
    """Viktor sees no names, Farid does."""
    item = zero_hours(quick_world())
    about = item.about | {"worker_name": "Fiona Mackay"}
    WorkItem.objects.filter(pk=item.pk).update(table="employees", table_key=["Fiona Mackay"], about=about)
    address = "fiona.mackay@halden.example"
    Record.objects.update(key=address)
    people = (quick_staff.viktor, quick_staff.farid)

    assert [len(search.find("Fiona Mackay", user).items) for user in people] == [0, 1]
    assert [len(keys.causes_of(address, user).now) for user in people] == [0, 1]
    found = [narrowed(understood(f'"{address}"', timezone.now()), user).count() for user in people]
    assert found == [0, 1]


def test_routes_and_systems_are_found_by_a_part_of_their_name(make_world: Make, staff: Staff) -> None:
    make_world()
    found = search.find("edge", staff.clara)
    assert [(each.kind, each.title) for each in found.named] == [("Route", "Time to ledger"), ("System", "Ledger")]


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
    statement = keys.BEGINNING["transactions"].format(entities="")
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {statement}", {"text": "TE-%", "most": 20})
        told = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET ALL")
    assert "transaction_key" in told
    assert "Sort" not in told
