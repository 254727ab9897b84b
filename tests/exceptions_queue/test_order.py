"""Cut-offs decide what is due, the order follows, a person may override it, and the firm says by what it goes."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from exceptions_queue import deadlines, reckoning, verbs, yardstick
from exceptions_queue.models import CutOff, CutOffKind, WorkItem, Yardstick
from exceptions_queue.recurrence import Covers, Rule
from governance.actor import ENGINE
from governance.models import AuditEntry, BusinessCalendar
from governance.rights import NotAllowed, Role
from mappings.models import LookupTable
from mappings.tables import create_table
from routes.models import Route
from tests.door import MARK, marks
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import with_rates
from tests.exceptions_queue.test_deadlines import period, stop, today
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_record_list import staff_of
from tests.governance.people import company, person
from tests.routes.world import World

Make = Callable[..., World]


@pytest.fixture
def firm(quick_world: Make) -> World:
    return with_rates(quick_world(posting_date="worked_on"))


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def in_days(number: int) -> dt.date:
    return today() + dt.timedelta(days=number)


def cut_off(name: str, *days: int, of: str = "HP-DE", kind: str = CutOffKind.BILLING, **more: Any) -> CutOff:
    """Make a cut-off on days counted from today, for all work until each of them."""
    return CutOff.objects.create(
        legal_entity=company(of), name=name, kind=kind, rule=Rule.DATES, covers=Covers.UP_TO,
        dates=[in_days(each) for each in days], at=dt.time(18), **more,
    )  # fmt: skip


def reckoned(**more: Any) -> WorkItem:
    WorkItem.objects.update(reckoned_at=None)
    reckoning.sweep()
    return WorkItem.objects.get(**more)


def test_an_item_is_due_by_the_earliest_cut_off_of_any_member(firm: World, staff: Staff) -> None:
    stop(firm, 2, 30)
    cut_off("Payroll", 5, kind=CutOffKind.PAYROLL)
    passed = cut_off("Billing", -20, 9)
    item = reckoned()
    assert (item.due_key, item.due_bills) == (f"cutoff:{passed.pk}:{in_days(-20)}", True)
    assert item.due_at == dt.datetime.combine(in_days(-20), dt.time(18), dt.UTC)
    told = [(line.title.partition(" of ")[0], line.overdue, line.members) for line in deadlines.deadlines(staff.farid)]
    assert told == [("Billing", "the cut-off has passed", 1), ("Payroll", "", 1)], "each member in one line"
    words = text_of(signed_in(staff.farid).get("/"))
    assert "Billing of" in words
    assert "past since" in words
    item_words = text_of(signed_in(staff.farid).get(reverse("queue:item", args=[item.number])))
    assert "for the deadline, which is past: Billing of" in item_words


def test_a_cut_off_concerns_only_its_company_routes_and_records(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    cut_off("Elsewhere", 3, of="HP-GB")
    cut_off("Other records", 3, entities=["invoice"])
    cut_off("Other routes", 3, routes=[firm.route.pk + 1])
    assert reckoned().due_at is None
    own = cut_off("Own", 3, entities=["time_entry"], routes=[firm.route.pk])
    assert reckoned().due_key.startswith(own.key)
    own.delete()
    assert WorkItem.objects.get().reckoned_at is None, "what was due by it is worked out anew"
    assert reckoned().due_at is None


def test_closed_period_stands_before_cut_offs_and_a_close_says_itself_when_it_ends(firm: World, staff: Staff) -> None:
    stop(firm, 40)
    ended = period(firm, 65, 36)
    cut_off("Billing", 5)
    assert "still takes postings" in deadlines.deadlines(staff.farid)[0].overdue
    cut_off("Close", 6, kind=CutOffKind.CLOSE)
    assert reckoned().due_of.startswith("Billing of")
    ended.closed = True
    ended.save()
    assert reckoned().due_key.startswith("period:")


def test_a_person_sets_the_priority_and_leaves_it_to_the_formula_again(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    item = reckoned()
    before = item.priority
    with pytest.raises(NotAllowed):
        verbs.prioritise(item, by=staff.viktor, priority=90, reason="it is Acme")
    with pytest.raises(NotAllowed):
        verbs.prioritise(item, by=staff.stranger, priority=90, reason="it is Acme")
    with pytest.raises(verbs.NotPossible, match="reason"):
        verbs.prioritise(item, by=staff.farid, priority=90, reason=" ")
    client, address = signed_in(staff.farid), reverse("queue:handle", args=[item.number, "priorities"])
    assert client.post(address, {"priority": "101", "reason": "it is Acme"}).status_code == 422
    assert client.post(address, {"priority": "97", "reason": "it is Acme"}).status_code == 302
    assert (reckoned().priority, reckoned().rank) == (97, 97), "the sweep leaves it"
    words = text_of(client.get(reverse("queue:item", args=[item.number])))
    assert "set by Farid Amini" in words
    assert "it is Acme" in words
    assert f"Worked out it would be {before}" in words
    verbs.leave_to_formula(item, by=staff.farid)
    row = WorkItem.objects.get()
    assert (row.priority, row.priority_set, row.priority_reason) == (before, None, "")
    with pytest.raises(verbs.NotPossible, match="Nobody has set"):
        verbs.leave_to_formula(item, by=staff.farid)


def test_unknown_worth_comes_first_unless_somebody_has_set_its_priority(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    stop(firm, 2, first=2, role="Analyst", currency="USD")
    [first, second] = WorkItem.objects.by_money()
    assert (first.worth, first.worth_lacks) == (None, f"USD to EUR on {in_days(-2)}")
    verbs.prioritise(first, by=staff.farid, priority=0, reason="a test entry")
    assert list(WorkItem.objects.by_money()) == [second, first]


def test_the_firm_tries_other_measures_before_it_keeps_them(firm: World, staff: Staff) -> None:
    stop(firm, 2)
    item = reckoned()
    address, asked = reverse("queue:order"), {
        "currency": "EUR", "rates": "", "money": "0", "deadline": "35", "share": "15", "again": "10",
        "nothing_below": "100", "all_above": "1000000", "days": "10", "reason": "deadlines only",
    }  # fmt: skip
    olga, ingrid = signed_in(staff.olga), signed_in(staff.ingrid)
    assert "Keep it" not in text_of(olga.get(address))
    bare = ingrid.post(address, asked | {"keep": "yes"})
    assert bare.status_code == 409
    assert "does not say which state" in text_of(bare)
    assert not Yardstick.objects.exists()
    asked |= marks(ingrid, address)
    assert signed_in(staff.farid).post(address, asked | {"keep": "yes"}).status_code == 403
    seen = ingrid.post(address, asked | {"see": "yes"})
    assert [(move.priority, move.before) for move in seen.context["moves"]] == [(0, item.priority)]
    assert not Yardstick.objects.exists()
    assert WorkItem.objects.get().priority == item.priority > 0
    wrong = ingrid.post(address, asked | {"all_above": "50", "money": "101", "keep": "yes"})
    assert wrong.status_code == 422
    assert {"all_above", "money"} == wrong.context["form"].errors.keys()
    assert ingrid.post(address, asked | {"keep": "yes"}).status_code == 302
    assert reckoning.sweep() == 1, "a change has all open items worked out anew"
    assert WorkItem.objects.get().priority == 0
    entry = AuditEntry.objects.filter(verb="set order").get()
    assert (entry.before["money"], entry.after["money"], entry.reason) == ("40", "0", "deadlines only")
    stale = ingrid.post(address, asked | {"money": "70", "keep": "yes"})
    assert stale.status_code == 409
    assert "has changed this" in text_of(stale)
    assert 'value="70"' in stale.content.decode(), "what was typed stays"
    assert "Points for money at stake is “0” now; yours: “70”." in text_of(stale)
    assert Yardstick.objects.get().money == 0
    for step, status in (({"see": "yes"}, 200), ({"all_above": "50", "keep": "yes"}, 422)):
        older = ingrid.post(address, asked | {"money": "70"} | step)
        assert older.status_code == status
        kept = asked | {"money": "70", "keep": "yes"} | dict(MARK.findall(older.content.decode()))
        assert ingrid.post(address, kept).status_code == 409, "a trial gives an older window no mark of its own"
    again = asked | dict(MARK.findall(stale.content.decode())) | {"money": "70", "keep": "yes"}
    assert ingrid.post(address, again).status_code == 302
    with pytest.raises(NotAllowed):
        verbs.set_order(None, by=staff.farid)
    with pytest.raises(ValidationError):
        verbs.set_order(Yardstick(currency="EUR", all_above=Decimal(1)), by=staff.ingrid)


def test_rates_are_taken_from_a_table_that_is_there(staff: Staff) -> None:
    def wanted(table: str, column: str = "rate") -> Yardstick:
        return Yardstick(currency="EUR", rate_table=table, rate_column=column)

    for name, columns, keys in (("fx", {"rate": "decimal", "note": "text"}, 1), ("wide", {"rate": "decimal"}, 3)):
        create_table(
            name=name, title=name, key_columns=[f"k{n}" for n in range(keys)], value_columns=columns, by=ENGINE
        )
    for table, column, said in (
        ("nothing", "rate", "There is no table “nothing”"), ("wide", "rate", "holds no rates"),
        ("fx", "note", "has no column “note” with numbers. Use rate."), ("", "rate", "No table is named"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=said):
            verbs.set_order(wanted(table, column), by=staff.ingrid)
    assert not Yardstick.objects.exists()
    verbs.set_order(wanted("fx"), by=staff.ingrid)
    LookupTable.objects.filter(name="fx").update(name="gone")
    kept = verbs.set_order(wanted("fx"), by=staff.ingrid)
    assert kept.rate_table == "fx", "what holds stays, until another is chosen"
    verbs.set_order(wanted("", ""), by=staff.ingrid)


def test_who_only_looks_reads_when_cut_offs_are(staff: Staff) -> None:
    germany = company("HP-DE")
    common = {"legal_entity": germany, "kind": "billing_run", "at": dt.time(18), "covers": "month_before"}
    CutOff.objects.create(name="Billing", rule="working_day", number=3, **common)
    far = [dt.date(2999, 12, 18), dt.date(2999, 12, 30)]
    CutOff.objects.create(name="Holidays", rule="dates", dates=far, **common)
    CutOff.objects.create(name="Past", rule="dates", dates=[dt.date(2020, 1, 2)], **common)

    page = text_of(signed_in(staff.viktor).get(reverse("queue:order")))

    assert "HP-DE: Billing, on working day 3 of the month at 18:00 next: " in page
    assert "Holidays, on 18 Dec 2999, 30 Dec 2999 at 18:00 next: Wed 18 Dec 2999 18:00" in page
    assert "Past, on 2 Jan 2020 at 18:00 no date of it is to come" in page


def test_the_form_of_a_cut_off_shows_its_next_dates_and_what_is_wrong(firm: World, staff: Staff) -> None:
    germany = company("HP-DE")
    BusinessCalendar.objects.filter(legal_entity=germany).delete()
    client, add = signed_in(staff.ingrid), reverse("admin:exceptions_queue_cutoff_add")
    asked = {
        "legal_entity": germany.pk, "name": "Monthly billing", "kind": "billing_run", "covers": "month_before",
        "rule": "working_day", "number": "3", "at": "18:00", "dates": "",
    }  # fmt: skip
    with patch("exceptions_queue.admin.database_now", lambda: dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)):
        words = text_of(client.get(reverse("admin:exceptions_queue_cutoff_dates"), asked))
    assert words.count(" 18:00") == 6
    assert "Thu 3 Dec 2026 18:00 Mon 30 Nov 2026" in words
    assert "stand here once" in text_of(
        client.get(reverse("admin:exceptions_queue_cutoff_dates"), asked | {"number": ""})
    )
    foreign = text_of(signed_in(staff.stranger).get(reverse("admin:exceptions_queue_cutoff_dates"), asked))
    assert "18:00" not in foreign
    wrong = client.post(add, asked | {"number": "40", "dates": "soon"})
    assert "Give a number from 1 to 15." in text_of(wrong)
    wrong = client.post(add, asked | {"rule": "dates", "dates": "2026-12-18 soon"})
    assert "soon: no day of any calendar." in text_of(wrong)
    assert client.post(add, asked).status_code == 302
    row = CutOff.objects.get()
    assert (row.number, row.dates, str(AuditEntry.objects.filter(verb="add").latest("pk").after["name"])) == (
        3, [], "Monthly billing",
    )  # fmt: skip
    page = text_of(client.get(reverse("admin:exceptions_queue_cutoff_changelist")))
    assert "on working day 3 of the month at 18:00" in page


def test_usual_measures_are_those_of_the_specification(db: None) -> None:
    company("HP-DE")
    found = yardstick.measures()
    weights = (found.formula.money, found.formula.deadline, found.formula.share, found.formula.again)
    assert (weights, found.formula.days, found.reporting.currency) == ((40, 35, 15, 10), 10, "EUR")


def test_form_of_a_cut_off_offers_the_routes_that_one_sees_and_keeps_the_others(firm: World, staff: Staff) -> None:
    own, germany = Route.objects.get(pk=firm.route.pk), company("HP-DE")
    own.legal_entity = germany
    own.save()
    theirs = Route.objects.create(
        slug="secret-plan", name="Secret plan", legal_entity=company("HP-US"), canonical_entity="time_entry"
    )
    row = CutOff.objects.create(
        legal_entity=germany, name="Billing", kind="billing_run", rule="working_day", number=3, at=dt.time(18),
        covers="month_before", routes=[theirs.pk],
    )  # fmt: skip
    client = signed_in(person("Iris Berg", Role.INTEGRATION_ADMIN, germany, is_staff=True))
    place = reverse("admin:exceptions_queue_cutoff_change", args=[row.pk])

    words = [text_of(client.get(each)) for each in (place, reverse("admin:exceptions_queue_cutoff_add"))]

    assert not any("Secret plan" in each for each in words)
    assert all(own.name in each for each in words)
    assert "Routes of another company stand here too, and stay." in words[0]
    sent = {
        "legal_entity": germany.pk, "name": "Billing", "kind": "billing_run", "covers": "month_before",
        "rule": "working_day", "number": "3", "at": "18:00", "dates": "", "routes": [own.pk],
    }  # fmt: skip
    assert client.post(place, sent).status_code == 302
    row.refresh_from_db()
    assert row.routes == sorted([own.pk, theirs.pk])
    assert client.post(place, sent | {"routes": [theirs.pk]}).status_code == 200, "nobody chooses what they do not see"
