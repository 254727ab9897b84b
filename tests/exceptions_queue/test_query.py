"""What a line means: to whom which items, by the page, the API and the numbers beside the list alike."""

from collections.abc import Callable
from datetime import time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.deadlines import Deadline
from exceptions_queue.models import CutOff, CutOffKind, WorkItem, WorkItemAmount
from exceptions_queue.pages import home
from exceptions_queue.query import compiled, counting, facets, kept
from exceptions_queue.query.line import write
from exceptions_queue.query.words import understood
from governance.models import RoleGrant, User
from governance.rights import Role
from tests.api.signing import token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.world import World

NOW = timezone.now()
Make = Callable[..., World]
OF = {
    "a": {"category": "validation", "owner": "billing", "amount": Decimal(500),
          "about": {"project_code": "P-1", "billing_model": "fixed_fee"}},
    "b": {"category": "unmapped_value", "owner": "finance data owner", "amount": Decimal(20_000), "field": "cost_rate",
          "title": "Cost rate: no row for 95.00", "cause": "Secret 95.00", "entity": "time_entry"},
    "c": {"category": "validation", "owner": "billing", "amount": None, "state": "waiting",
          "waiting_on": "project P-1"},
    "d": {"category": "refused", "owner": "finance", "amount": Decimal(5000), "reopened": 2,
          "about": {"worker_name": "Ana Ruiz", "customer_id": "C-1"}, "title": "Ana Ruiz is not known there"},
    "e": {"category": "validation", "owner": "billing", "amount": Decimal(1), "state": "resolved",
          "resolution": "auto:retry_succeeded", "resolved_by": "engine:throughline", "resolved_at": timezone.now()},
    "f": {"category": "validation", "owner": "billing", "amount": Decimal(9999), "company": "HP-GB"},
}  # fmt: skip


@pytest.fixture
def staff(db: None) -> Staff:
    """Return the firm's people, in a transaction of the test."""
    germany, britain = company("HP-DE"), company("HP-GB")
    return Staff(
        person("Farid Amini", Role.FINANCE, germany),
        person("Clara Voss", Role.CONTROLLER),
        person("Viktor Lang", Role.VIEWER, germany),
        person("Ingrid Solheim", Role.INTEGRATION_ADMIN),
        person("Olga Petrenko", Role.OPERATOR),
        person("Grace Field", Role.FINANCE, britain),
    )


@pytest.fixture
def items(staff: Staff) -> dict[str, WorkItem]:
    """Return six items by letters; all are of the German company but f."""
    now = timezone.now()
    made = {}
    for place, (name, given) in enumerate(OF.items()):
        more = {"title": f"Item {name}", "cause": "because", "members": 3} | given
        seen = now - timedelta(days=2 * place, hours=1)
        where = company(more.pop("company", "HP-DE"))
        more |= {"a": {"due_at": now + timedelta(hours=30)}, "d": {"due_at": now - timedelta(1), "due_bills": True,
                 "priority": 60}}.get(name, {})  # fmt: skip
        more["rank"] = more.get("priority", 0) if more["amount"] is not None else 1000
        made[name] = WorkItem.objects.create(
            number=7_770_000 + place,  # which stands in no word of another item
            legal_entity=where,
            fingerprint=name,
            first_seen=seen,
            last_seen=seen,
            opened_at=seen,
            worth=more.get("amount"),
            worth_currency="EUR",
            **more,
        )
        if made[name].amount:
            made[name].amounts.create(currency="EUR", amount=made[name].amount)
            made[name].amounts.create(currency="CHF", amount=1)
    return made


def fits(line: str, user: Any) -> str:
    found = understood(line, timezone.now())
    assert not found.wrong, found.wrong
    return "".join(sorted(compiled.narrowed(found, user).values_list("fingerprint", flat=True)))


WANTED = {
    "": "abcdef", "is:open": "abcdf", "is:waiting": "c", "is:resolved": "e", "is:auto": "e", "is:regressed": "d",
    "class:validation": "acef", "-class:validation": "bd", "is:open -is:waiting": "abdf",
    "class:refused,unmapped_value": "bd", 'owner:"finance data owner"': "b", "owner:finance": "d",
    "amount:>500": "bdf", "amount:>=500": "abdf", "amount:unknown": "c", "amount:500..5000": "a",
    "-amount:unknown": "abdef", "entity:hp-gb": "f", "-entity:HP-GB": "abcde", "project:P-1": "a",
    "-project:P-1": "bcdef", "client:C-1 is:open": "d", "currency:chf": "abdef", "-currency:CHF": "c",
    "age:<3d": "ab", "age:>=3d age:<7d": "cd", "age:3d..7d": "cd", "resolved:<24h": "e", "holds:>2 again:>1": "d",
    '"is not known"': "d", "secret": "b", "P-1": "a", 'worker:"Ana Ruiz"': "d", "waiting:p-1": "c",
    "due:<2d": "ad", "due:past": "d", "due:none": "bcef", "due:0d..2d": "a", "is:billing": "d", "priority:>=60": "d",
    "type:time_entry": "b", "contract:fixed-fee": "a", "-contract:fixed_fee": "bcdef",
    "contract:retainer": "", "assignee:nobody": "abcdef", "assignee:farid": "", "has:correction": "",
    "closed:auto": "e", "closed:human": "", "cause:late": "", "has:rule-candidate": "", "number:0": "",
    "is:open class:unmap cutoff:<2d": "", "class:missing_ref": "", "class:valid": "acef",
    "cutoff:<2d status:open": "ad", "is:payroll": "", "field:cost_rate": "b", "resolution:auto:retry_succeeded": "e",
    "tag:none-such": "", "blocks:nothing": "",
}  # fmt: skip


def test_words_mean_what_they_say(items: dict[str, WorkItem], staff: Staff) -> None:
    assert {line: fits(line, staff.clara) for line in WANTED} == WANTED


def test_line_of_the_specification_is_understood() -> None:
    line = "is:open class:missing_ref entity:DE01 amount:>1000 cutoff:<2d assignee:me"
    found = understood(line, NOW)
    assert found.wrong == ()
    assert write(found.line.terms) == "is:open class:missing-reference entity:DE01 amount:>1000 due:<2d assignee:me"
    for several in ("class:re", "is:res", "class:co", "is:w"):  # the beginning of several values, or of too little
        assert understood(several, NOW).wrong, several


def test_what_blocks_payroll_is_found_and_counted(items: dict[str, WorkItem], staff: Staff) -> None:
    kinds = {
        kind: CutOff.objects.create(
            legal_entity=company("HP-DE"), name=kind, kind=kind, rule="weekly", weekday=4, at=time(18), covers="up_to"
        )
        for kind in (CutOffKind.PAYROLL, CutOffKind.CLOSE)
    }
    for letter, kind in (("a", CutOffKind.PAYROLL), ("b", CutOffKind.CLOSE)):
        WorkItem.objects.filter(pk=items[letter].pk).update(due_key=f"{kinds[kind].key}:2026-12-04")
    assert fits("is:payroll", staff.clara) == "a"
    assert fits("is:open -is:payroll", staff.clara) == "bcdf"
    told = {each.value: each.number for each in counting.on_request(understood("", NOW), "is", staff.clara, NOW).values}
    assert told["payroll"] == 1


def test_rules_and_fields_are_counted(items: dict[str, WorkItem], staff: Staff) -> None:
    WorkItem.objects.filter(pk=items["a"].pk).update(rule="hours-positive")
    for word, value in (("rule", "hours-positive"), ("field", "cost_rate")):
        found = counting.on_request(understood("is:open", NOW), word, staff.clara, NOW)
        assert [(each.value, each.number) for each in found.values] == [(value, 1)]


def test_number_does_not_exclude_other_words(items: dict[str, WorkItem], staff: Staff) -> None:
    number = items["e"].number
    assert fits(f"#{number}", staff.clara) == "e"
    assert "e" in fits(str(number), staff.clara)  # and in whatever says this number in its words
    assert fits(f"{number} is:open", staff.clara) == ""
    assert fits(f"{items['f'].number}", staff.farid) == ""


def test_key_of_a_record_finds_what_holds_it(quick_world: Make, staff: Staff) -> None:
    item = zero_hours(quick_world(), 2)
    for text in ("TE-0000002", "TE-0000001 is:open class:validation", '"TE-0000002"'):
        assert fits(text, staff.clara) == item.fingerprint
    assert fits("TE-0000002 is:resolved", staff.clara) == fits("TE-000000", staff.clara) == ""
    assert fits("TE-0000002", staff.stranger) == ""


def test_ones_own_words_are_ones_own(items: dict[str, WorkItem], staff: Staff) -> None:
    verbs.take(items["a"], by=staff.farid)
    verbs.watch(items["b"], by=staff.farid)
    verbs.comment(items["d"], by=staff.clara, text="@Farid Amini look")
    verbs.tag(items["a"], by=staff.farid, names=["Month end", "acme"])
    assert fits("assignee:me", staff.farid) == fits("assignee:FARID", staff.clara) == "a"
    assert fits("assignee:me", staff.clara) == ""
    assert fits("is:watched,mentioned", staff.farid) == "bd"
    assert fits('tag:"month end",acme', staff.clara) == "a"
    assert fits("-tag:acme is:open", staff.clara) == "bcdf"


def test_hidden_words_are_not_found_by_asking_for_them(items: dict[str, WorkItem], staff: Staff) -> None:
    """Viktor sees no names and no pay; Farid sees names, and no pay."""
    asked = ('worker:"Ana Ruiz"', '"Ana Ruiz"', "Ruiz", "95.00", "Secret")
    assert [fits(each, staff.viktor) for each in asked] == [""] * 5
    assert [fits(each, staff.farid) for each in asked] == ["d", "d", "d", "", ""]
    assert fits('-worker:"Ana Ruiz" is:open', staff.viktor) == "abcd"
    for word in counting.ON_REQUEST:
        told = counting.on_request(understood("is:open", timezone.now()), word, staff.viktor, timezone.now())
        assert not any("Ana" in each.words or "95" in each.words for each in told.values), word
    seen = counting.on_request(understood("", timezone.now()), "worker", staff.farid, timezone.now())
    assert [(each.value, each.number) for each in seen.values] == [("Ana Ruiz", 1)]


LINES = ("is:open", "class:validation,refused amount:<1000 owner:billing", "-class:validation is:open",
         "is:resolved class:validation currency:EUR")  # fmt: skip


def test_every_number_is_what_the_list_has_once_it_is_chosen(items: dict[str, WorkItem], staff: Staff) -> None:
    """Whatever is chosen already, and by whom: a value's number and the list of its line agree."""
    now = timezone.now()
    verbs.tag(items["a"], by=staff.farid, names=["one", "two"])
    verbs.take(items["b"], by=staff.farid)
    for user, line in product((staff.clara, staff.farid, staff.viktor, staff.stranger), LINES):
        found = understood(line, now)
        facets = counting.always(found, user, now)
        facets += [counting.on_request(found, word, user, now) for word in counting.ON_REQUEST]
        for facet in facets:
            others = " ".join(part for part in line.split() if not part.startswith(f"{facet.word}:"))
            for value in facet.values:
                alone = f"{others} {facet.word}:" + f'"{value.value}"'
                assert value.number == len(fits(alone, user)), (line, facet.word, value)
                again = understood(value.line, now)
                assert again.wrong == ()
                assert again.line.has(facet.word, value.value) is not value.chosen


def test_numbers_ask_as_many_queries_for_few_and_many(items: dict[str, WorkItem], staff: Staff) -> None:
    counts = []
    for number in (0, 40):
        now = timezone.now()
        WorkItem.objects.bulk_create(
            WorkItem(
                legal_entity=company("HP-DE"), fingerprint=f"x{each}", category="refused", owner="finance",
                title="x", cause="x", first_seen=now, last_seen=now, opened_at=now, about={"period": str(each)},
            )
            for each in range(number)
        )  # fmt: skip
        found = understood("is:open class:refused owner:finance", now)
        with CaptureQueriesContext(connection) as queries:
            counting.always(found, staff.clara, now)
        assert len(queries) <= 2
        told = [len(queries)]
        for word in counting.ON_REQUEST:
            with CaptureQueriesContext(connection) as queries:
                counting.on_request(found, word, staff.clara, now)
            assert len(queries) <= 5, word
            told.append(len(queries))
        counts.append(told)
    assert counts[0] == counts[1]


def test_many_are_told_as_more_than(monkeypatch: Any, items: dict[str, WorkItem], staff: Staff) -> None:
    monkeypatch.setattr(facets, "MOST", 1)
    now = timezone.now()
    [kinds, *_] = counting.always(understood("is:open", now), staff.clara, now)
    assert [(each.words, each.shown) for each in kinds.values] == [
        ("Against a rule", "more than 1"), ("Refused by the target", "1"), ("Value without a translation", "1"),
    ]  # fmt: skip


def test_of_resolved_items_only_the_last_are_counted(
    monkeypatch: Any, items: dict[str, WorkItem], staff: Staff
) -> None:
    now = timezone.now()
    states = {"state": "resolved", "resolution": "fixed", "resolved_by": "engine:throughline"}
    WorkItem.objects.filter(fingerprint="a").update(**states, resolved_at=now - timedelta(days=9))

    def told(line: str, word: str) -> dict[str, str]:
        found = understood(line, now)
        facets = [*counting.always(found, staff.clara, now)] if word in counting.ALWAYS else [
            counting.on_request(found, word, staff.clara, now)
        ]  # fmt: skip
        return {each.value: each.shown for facet in facets if facet.word == word for each in facet.values}

    assert told("is:resolved", "class") == {"validation": "2"}
    assert told("is:resolved", "resolution") == {"auto:retry-succeeded": "1", "fixed": "1"}
    monkeypatch.setattr(counting, "LOOKED_AT", 1)
    assert told("is:resolved", "class") == {"validation": "at least 1"}
    assert told("is:resolved", "resolution") == {"auto:retry-succeeded": "at least 1"}
    assert told("", "class") == {each: f"at least {number}" for each, number in
                                 {"validation": 3, "refused": 1, "unmapped-value": 1}.items()}  # fmt: skip
    assert told("is:open", "class") == {"validation": "2", "refused": "1", "unmapped-value": "1"}
    states_told = told("is:open", "is")
    assert (states_told["open"], states_told["waiting"], states_told["resolved"]) == ("4", "1", "at least 1")


def test_numbers_of_very_many_are_kept_for_seconds_and_for_what_one_sees(
    monkeypatch: Any, items: dict[str, WorkItem], staff: Staff
) -> None:
    found, now = understood("is:open", timezone.now()), timezone.now()

    def counted(after: float, user: Any = staff.clara) -> dict[str, int]:
        [kinds, *_] = counting.always(found, user, now + timedelta(seconds=after))
        return {each.value: each.number for each in kinds.values}

    before = counted(0)
    WorkItem.objects.filter(fingerprint="d").update(category="validation")
    assert counted(1) == {"validation": 4, "unmapped-value": 1} != before, "few are counted anew each time"
    monkeypatch.setattr(kept, "MANY", 1)
    counted(2)
    WorkItem.objects.filter(fingerprint="d").update(category="refused")
    assert counted(11.9) == {"validation": 4, "unmapped-value": 1}
    assert counted(1.9) == before, "numbers of a later moment are none of an earlier one"
    assert counted(12) == before
    assert counted(12, staff.viktor) == {"validation": 2, "refused": 1, "unmapped-value": 1}
    WorkItem.objects.filter(fingerprint="f").update(category="refused")
    RoleGrant.objects.filter(user=staff.viktor).update(legal_entity=company("HP-GB"))
    assert counted(13, staff.viktor) == {"refused": 1}, "other rights, other numbers"
    one = counting.on_request(found, "route", staff.clara, now)
    assert one.values == ()


def test_overview_keeps_its_sums_of_very_many_for_seconds_too(
    monkeypatch: Any, items: dict[str, WorkItem], staff: Staff
) -> None:
    asked: list[User] = []

    def stuck(user: User, now: Any) -> list[Deadline]:
        asked.append(user)
        return [Deadline("billing", "Billing", causes=3)]

    def told(user: User) -> dict[str, int]:
        return {each["state"]: each["items"] for each in signed_in(user).get("/").context["tiles"] if each["items"]}

    monkeypatch.setattr(home, "deadlines", stuck)
    before = told(staff.clara)
    WorkItem.objects.filter(fingerprint="d").update(state="triaged")
    assert (told(staff.clara), len(asked)) == ({"new": 3, "triaged": 1, "waiting": 1}, 2), "few are added up anew"
    assert before == {"new": 4, "waiting": 1}
    monkeypatch.setattr(kept, "MANY", 1)
    told(staff.clara)
    WorkItem.objects.filter(fingerprint="d").update(state="new")
    assert (told(staff.clara), len(asked)) == ({"new": 3, "triaged": 1, "waiting": 1}, 3)
    assert (told(staff.farid), len(asked)) == ({"new": 3, "waiting": 1}, 4), "other people, other numbers"
    RoleGrant.objects.filter(user=staff.farid).update(legal_entity=company("HP-GB"))
    assert (told(staff.farid), len(asked)) == ({"new": 1}, 5), "other rights, other numbers"


def test_page_keeps_a_line_that_is_not_understood(items: dict[str, WorkItem], staff: Staff) -> None:
    answer = signed_in(staff.clara).get("/queue/", {"q": 'is:open clas:validation "Item a"'})
    words, page = text_of(answer), answer.content.decode()
    assert answer.context["rows"] == []
    assert "“clas” is no word of this line. Did you mean “class”?" in words
    assert "Nothing is looked for, since what you typed is not all understood." in words
    assert 'value="is:open clas:validation &quot;Item a&quot;"' in page
    assert "Show this instead: is:open class:validation &quot;Item a&quot;" in page


def test_page_shows_what_a_line_means_and_leads_on(items: dict[str, WorkItem], staff: Staff) -> None:
    browser = signed_in(staff.clara)

    def shown(line: str) -> list[str]:
        return [row.item.fingerprint for row in browser.get("/queue/", {"q": line}).context["rows"]]

    assert shown("is:open") == ["c", "d", "a", "b", "f"]
    assert shown("is:resolved") == ["e"]
    assert shown("") == ["f", "e", "d", "c", "b", "a"]
    page = browser.get("/queue/", {"q": "is:open entity:HP-DE"}).content.decode()
    assert 'href="?q=is%3Aopen%20entity%3AHP-DE%20class%3Avalidation"' in page
    assert "/queue/choices/tag/?q=is%3Aopen%20entity%3AHP-DE" in page
    part = browser.get("/queue/choices/entity/", {"q": "is:open"})
    assert "HP-DE" in text_of(part)
    assert "<html" not in part.content.decode()
    assert browser.get("/queue/choices/nothing/", {"q": ""}).status_code == 404
    assert "HP-GB" not in text_of(signed_in(staff.farid).get("/queue/choices/entity/?q=is:open"))


def test_older_addresses_become_lines(items: dict[str, WorkItem], staff: Staff) -> None:
    answer = signed_in(staff.clara).get("/queue/?show=waiting&entity=HP-DE&kind=validation&whose=nobody&tag=Month+end")
    assert answer.context["asked"].text == (
        'is:waiting,snoozed entity:HP-DE class:validation tag:"Month end" assignee:nobody'
    )


def test_api_takes_the_same_line(items: dict[str, WorkItem], staff: Staff, client: Any) -> None:
    headers = {"authorization": f"Bearer {token_of(staff.clara)}"}

    def asked(**more: str) -> Any:
        return client.get("/api/experience/v1/work-items", more, headers=headers)

    answer = asked(query="is:open -class:validation", kind="refused")
    assert [each["number"] for each in answer.json()["items"]] == [items["d"].number]
    answer = asked(query="is:open clas:x")
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["parameter"] == "query"
    assert "At character 9: “clas” is no word" in error["detail"]
    counted = client.get(
        "/api/experience/v1/work-item-counts", {"query": "is:open", "of": ["class", "entity"]}, headers=headers
    ).json()["counts"]
    assert [(each["word"], {v["value"]: v["items"] for v in each["values"]}) for each in counted] == [
        ("class", {"validation": 3, "refused": 1, "unmapped-value": 1}), ("entity", {"HP-DE": 4, "HP-GB": 1}),
    ]  # fmt: skip
    viewer = person("Vera Stone", Role.VIEWER, company("HP-DE"))
    headers["authorization"] = f"Bearer {token_of(viewer)}"
    assert asked(query="Ruiz").json()["items"] == []
    assert WorkItemAmount.objects.count() == 10
