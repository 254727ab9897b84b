"""`resubmit`: says what it would do, asks, and goes through the verb of the page."""

import pytest

from exceptions_queue.models import WorkItem, WorkItemEvent
from governance.models import AuditEntry
from governance.rights import Role
from mappings import tables
from mappings.models import LookupTable
from tests.exceptions_queue.situations import missing_rate
from tests.governance.people import company, person

REASON = ("--reason", "the rate is there now")


@pytest.fixture
def item(quick_world, django_capture_on_commit_callbacks):
    from governance.actor import ENGINE

    world = quick_world()
    found = missing_rate(world)
    person("Farid Amini", Role.FINANCE, company("HP-DE"))
    table = LookupTable.objects.get(name="bill_rates")
    with django_capture_on_commit_callbacks(execute=False):
        tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": "100"})], by=ENGINE)
    return found


def test_resubmit_sends_an_items_members_again(item, give) -> None:
    done = give("resubmit", item.number, "--by", "farid", *REASON, "--yes")
    assert (done.code, done.err) == (0, "")
    assert f"{item.number}: 3 went on" in done.out
    assert item.failures().count() == 0
    entry = AuditEntry.objects.get(verb="resubmit", thing_kind="exceptions_queue.workitem")
    assert (entry.actor_name, entry.reason, entry.channel) == ("Farid Amini", "the rate is there now", "command")


def test_resubmit_says_first_what_it_would_do(item, give) -> None:
    done = give("resubmit", "--route", "time-to-ledger", "--by", "farid", *REASON, "--dry-run")
    assert done.code == 0
    assert "Nothing was done. 3 waiting in 1 work item would be sent again." in done.out
    assert item.failures().count() == 3


def test_resubmit_chooses_by_kind_and_company(item, give) -> None:
    person("Grace Field", Role.FINANCE, company("HP-GB"))
    none = give("resubmit", "--category", "closed_period", "--by", "farid", *REASON, "--yes")
    assert "There is nothing open to send again." in none.out
    foreign = give("resubmit", "--category", "unmapped_value", "--by", "grace", *REASON, "--yes")
    assert "There is nothing open to send again." in foreign.out
    done = give("resubmit", "--category", "unmapped_value", "--entity", "HP-DE", "--by", "farid", *REASON, "--yes")
    assert "3 went on" in done.out


def test_resubmit_takes_a_published_version(item, give) -> None:
    person("Clara Voss", Role.CONTROLLER)
    version = ("--with-version", "ledger-time-rated@1")
    both = give("resubmit", item.number, "--by", "clara", *REASON, "--yes", *version, "--as-then")
    assert (both.code, "Choose one of --as-then and --with-version." in both.err) == (2, True)
    strange = give("resubmit", item.number, "--by", "clara", *REASON, "--yes", "--with-version", "another@7")
    assert (strange.code, "There is no version “another@7”" in strange.err) == (1, True)
    assert "3 went on" in give("resubmit", item.number, "--by", "clara", *REASON, "--yes", *version).out


def test_resubmit_asks_at_a_terminal(item, give) -> None:
    refused = give("resubmit", item.number, "--by", "farid", *REASON, typed="n")
    assert refused.code == 1
    assert "it was not agreed to" in refused.err
    assert item.failures().count() == 3
    assert give("resubmit", item.number, "--by", "farid", *REASON, typed="y").code == 0
    assert item.failures().count() == 0


def test_resubmit_without_a_terminal_needs_to_be_told_yes(item, give) -> None:
    done = give("resubmit", item.number, "--by", "farid", *REASON)
    assert done.code == 1
    assert "Give --yes" in done.err
    assert item.failures().count() == 3


def test_resubmit_does_not_know_an_item_of_another_company(item, give) -> None:
    person("Grace Field", Role.FINANCE, company("HP-GB"))
    done = give("resubmit", item.number, "--by", "grace", *REASON, "--yes")
    assert done.code == 1
    assert f"There is no open work item {item.number}" in done.err


def test_resubmit_refuses_whom_the_verb_refuses(item, give) -> None:
    person("Viktor Lang", Role.VIEWER)
    events = WorkItemEvent.objects.count()
    done = give("resubmit", item.number, "--by", "viktor", *REASON, "--yes")
    assert done.code == 1
    assert "You need the right to resubmit" in done.err
    assert WorkItemEvent.objects.count() == events
    assert WorkItem.objects.get().state == "new"


@pytest.mark.django_db
def test_resubmit_of_nothing_named_is_wrong_usage(give) -> None:
    person("Farid Amini", Role.FINANCE)
    done = give("resubmit", "--by", "farid", *REASON)
    assert done.code == 2
    assert "Say what to send again" in done.err
