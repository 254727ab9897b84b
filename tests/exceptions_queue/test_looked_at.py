"""Whoever may only look at policies, rules, fallback teams and cut-offs reads them in words, not as they are stored."""

import datetime as dt
import re
from typing import Any

import pytest
from django.urls import reverse

from exceptions_queue.models import ApprovalPolicy, CutOff, FallbackTeam, RoutingRule
from governance.rights import Role
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
STORED = ("time_entry", "missing_reference", "cost_amount", "month_before", "working_day", "987654")


def rows() -> list[tuple[Any, str]]:
    """Return a row of each kind, and what its page has to say in words."""
    germany = company("HP-DE")
    rule = RoutingRule.objects.create(
        legal_entity=germany, name="Rates", categories=["missing_reference"], entities=["time_entry"], team="billing"
    )
    policy = ApprovalPolicy.objects.create(
        legal_entity=germany, name="Hours", deeds=["corrections"], fields=["cost_amount"], entities=["time_entry"]
    )
    cut_off = CutOff.objects.create(
        legal_entity=germany, name="Monthly billing", kind="billing_run", entities=["time_entry"], routes=[987654],
        rule="working_day", number=3, at=dt.time(17), covers="month_before",
    )  # fmt: skip
    fallback = FallbackTeam.objects.create(legal_entity=germany, category="missing_reference", team="billing")
    return [(rule, "time entry"), (policy, "cost amount"), (cut_off, "only time entry"), (fallback, "billing")]


def test_who_only_looks_reads_words() -> None:
    client = signed_in(person("Olga Petrenko", Role.OPERATOR))
    for row, says in rows():
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        answer = client.get(reverse(name, args=[row.pk]))
        assert answer.status_code == 200, name
        shown = text_of(answer)
        assert says in shown.lower(), (name, shown)
        assert [each for each in STORED if each in shown] == [], (name, shown)


def test_who_changes_them_has_the_whole_form() -> None:
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    for row, _ in rows():
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        assert 'name="_save"' in client.get(reverse(name, args=[row.pk])).content.decode(), name


def test_every_field_of_a_rule_has_a_box_that_is_seen() -> None:
    page = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN)).get("/admin/exceptions_queue/routingrule/add/")
    boxes = re.findall(r"<input[^>]*name=\"(?:clients|projects|periods|tags)\"[^>]*>", page.content.decode())
    assert len(boxes) == 4
    assert [each for each in boxes if "border" not in each] == []


def test_empty_list_says_so_in_our_words() -> None:
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    assert "There is nothing here yet" in text_of(client.get("/admin/exceptions_queue/team/"))
    assert "Nothing fits" in text_of(client.get("/admin/exceptions_queue/team/?q=nobody"))
