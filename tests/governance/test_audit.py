"""The trail keeps what was done, and shows every attempt to change it afterwards."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance import audit
from governance.actor import ENGINE, Actor, ActorKind
from governance.models import AuditEntry, AuditSeal
from governance.rights import Role
from tests.governance.people import company, person

THING = ("routes.transaction", "42", "Time entry of 5 October")


def write(count: int = 3) -> list[AuditEntry]:
    return [audit.record(by=ENGINE, verb="waive", thing=THING, reason=f"reason {each}") for each in range(count)]


@pytest.mark.django_db
def test_record_keeps_who_did_what_where() -> None:
    germany, clara = company("HP-DE"), person("Clara Voss", Role.CONTROLLER)

    entry = audit.record(
        by=clara,
        verb="approve",
        thing=germany,
        before={"amount": Decimal("1.50")},
        after={"amount": Decimal("2.00"), "on": date(2026, 10, 5)},
        legal_entity=germany,
        channel="page",
    )
    entry.refresh_from_db()

    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("person", str(clara.pk), "Clara Voss")
    assert (entry.thing_kind, entry.thing_id) == ("governance.legalentity", str(germany.pk))
    assert (entry.before, entry.after) == ({"amount": "1.50"}, {"amount": "2.00", "on": "2026-10-05"})
    assert audit.verify().is_intact


@pytest.mark.django_db
def test_record_costs_one_query_and_the_seal_at_commit(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        write(1)


@pytest.mark.django_db
def test_thousands_of_entries_are_written_and_sealed_with_few_statements(django_assert_max_num_queries) -> None:
    entries = [audit.entry_of(by=ENGINE, verb="resubmit", thing=THING) for _ in range(2500)]

    with django_assert_max_num_queries(5):
        audit.record_all(entries)
    assert audit.verify().is_intact


@pytest.mark.django_db
def test_entries_carry_the_channel_they_came_through() -> None:
    with audit.through("api"):
        inside = write(1)[0]

    assert (inside.channel, write(1)[0].channel) == ("api", "")


@pytest.mark.django_db
def test_entries_are_seen_by_those_of_the_legal_entity() -> None:
    germany = company("HP-DE")
    farid = person("Farid Amini", Role.FINANCE, germany)
    audit.record(by=ENGINE, verb="waive", thing=THING, legal_entity=germany)
    audit.record(by=ENGINE, verb="waive", thing=THING, legal_entity=company("HP-GB"))
    audit.record(by=ENGINE, verb="rotate", thing=THING)

    assert AuditEntry.objects.visible_to(farid).count() == 1


@pytest.mark.django_db
def test_verify_returns_the_head_and_follows_the_chain() -> None:
    before = audit.verify()
    write()
    after = audit.verify()

    assert (before.is_intact, after.is_intact) == (True, True)
    assert after.entries == before.entries + 3
    assert after.head != before.head


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db
@given(before=json_like, reason=st.text())
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_whatever_is_recorded_comes_back_with_the_same_digest(before: object, reason: str) -> None:
    with transaction.atomic():
        entry = audit.record(by=ENGINE, verb="edit", thing=THING, before=before, reason=reason)
        again = AuditEntry.objects.get(pk=entry.pk)
        assert audit.digest(again) == bytes(again.digest)


TAMPERINGS = {
    "changed": ("UPDATE governance_auditentry SET reason = 'another' WHERE id = %s", "changed after it was written"),
    "removed": ("DELETE FROM governance_auditentry WHERE id = %s", "was removed"),
    "removed with its seal": (
        "WITH gone AS (DELETE FROM governance_auditentry WHERE id = %s RETURNING id)"
        " DELETE FROM governance_auditseal WHERE entry_id IN (SELECT id FROM gone)",
        "Seals before this one were removed",
    ),
    "given a new digest": (
        "UPDATE governance_auditentry SET digest = sha256('x') WHERE id = %s",
        "changed after it was written",
    ),
    "seal changed": (
        "UPDATE governance_auditseal SET hash = sha256('x') WHERE entry_id = %s",
        "does not follow from the one before",
    ),
    "seal removed": ("DELETE FROM governance_auditseal WHERE entry_id = %s", "slipped in"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", TAMPERINGS)
def test_verify_finds_an_entry_that_was(name: str) -> None:
    statement, message = TAMPERINGS[name]
    entries = write()
    assert audit.verify().is_intact

    tamper(statement, [entries[1].pk])

    assert any(message in each.message for each in audit.verify().breaks)


@pytest.mark.django_db
def test_verify_finds_a_chain_that_was_cut_short() -> None:
    entries = write()
    audit.verify()

    statement, _ = TAMPERINGS["removed with its seal"]
    tamper(statement, [entries[2].pk])

    assert "does not end at its head" in audit.verify().breaks[-1].message


@pytest.mark.django_db
def test_verify_finds_an_entry_slipped_in_past_the_trigger() -> None:
    entry = audit.entry_of(by=ENGINE, verb="approve", thing=THING)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        entry.save(force_insert=True)
        cursor.execute("SET LOCAL session_replication_role = origin")

    assert [each.entry_id for each in audit.verify().breaks] == [str(entry.pk)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE governance_auditentry SET reason = ''",
        "DELETE FROM governance_auditentry",
        "UPDATE governance_auditseal SET position = 9",
        "DELETE FROM governance_auditseal",
    ],
)
def test_database_refuses_to_change_the_trail(statement: str) -> None:
    write(1)
    audit.verify()

    with pytest.raises(IntegrityError, match="only ever added to"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_chain_holds_when_many_write_at_once() -> None:
    def work(number: int) -> None:
        for each in range(10):
            with transaction.atomic():
                actor = Actor(ActorKind.RULE, str(number), f"rule {number}")
                audit.record_all([audit.entry_of(by=actor, verb="waive", thing=THING, reason=str(each))])
                audit.record(by=actor, verb="resubmit", thing=THING, reason=str(each))
        connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = audit.verify()

    assert verdict.is_intact
    assert verdict.entries == AuditSeal.objects.count() == AuditEntry.objects.count() == 80


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(TypeError, match="plain values"):
        audit.plain({"row": object()})


def test_plain_keeps_moments_in_utc() -> None:
    assert audit.plain(datetime(2026, 10, 5, 8, tzinfo=UTC)) == "2026-10-05T08:00:00+00:00"


def tamper(statement: str, params: list[object]) -> None:
    """Do what only a superuser of the database can: switch the guards off and change history."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.django_db
def test_verify_of_an_empty_trail_is_intact_and_a_removed_head_is_not() -> None:
    tamper("DELETE FROM governance_audithead", [])
    assert audit.verify() == audit.Verdict(0, "", [])

    write(1)
    audit.verify()
    tamper("DELETE FROM governance_audithead", [])

    assert not audit.verify().is_intact
