"""What the lists of the administration are narrowed by: by their filters, and by nothing that a page covers."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

import hub.urls  # noqa: F401 - the administration is loaded with the addresses; without them nothing would be tried
from governance import audit
from governance.list_filters import REFUSED
from governance.models import LegalEntity
from governance.roles import Role
from mappings.models import LookupTable
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
HIDDEN = "fiona.mackay@halden-partner.example"


def test_what_is_covered_is_not_asked_for_letter_by_letter() -> None:
    germany = company("HP-DE")
    audit.record(
        by=person("Rosa Root", is_superuser=True), verb="change", thing=germany, legal_entity=germany.pk, reason="a",
        after={"values": {"worker_id": "W-1060", "email": HIDDEN, "cost_rate": "61.00"}},
    )  # fmt: skip
    olga = signed_in(person("Olga Petrenko", Role.OPERATOR, germany))
    place = "/admin/governance/auditentry/"
    assert "HP-DE" in text_of(olga.get(place))
    for asked in (
        {"after__values__worker_id": "W-1060", "after__values__email__startswith": "f"},
        {"after__values__cost_rate__gte": "60"}, {"before__isnull": "1"}, {"reason__icontains": "a"},
        {"thing_name__startswith": "H"}, {"after": "{}"}, {"actor_name": "Rosa Root"},
    ):  # fmt: skip
        answers = [olga.get(place, asked | {name: f"{value}z" for name, value in more.items()})
                   for more in ({}, dict(list(asked.items())[-1:]))]  # fmt: skip
        assert [each.status_code for each in answers] == [400, 400], asked
        assert REFUSED in text_of(answers[0])


def test_no_list_takes_a_column_or_a_pattern_from_its_address() -> None:
    root = person("Rosa Root", is_staff=True, is_superuser=True)
    client, wrong = Client(raise_request_exception=False), []
    client.force_login(root)
    for model, shown in admin.site._registry.items():
        if model is LookupTable:  # its list is a page of ours
            continue
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        filters = str(shown.list_filter)
        column = next(each.name for each in reversed(model._meta.concrete_fields) if each.name not in filters)
        for name, value in (
            ("pk__regex", "["), ("pk__range", "1"), (f"{column}__regex", "("), (f"{column}__in", "1"), ("pk", "1"),
            (column, "1"), ("nothing", "1"), (f"{column}__year", "99999999999"),
        ):  # fmt: skip
            if (code := client.get(place, {name: value}).status_code) != 400:
                wrong.append(f"{place}?{name}={value}: {code}")
    assert wrong == []


def test_each_filter_that_a_list_offers_is_taken() -> None:
    for code in ("HP-DE", "HP-US"):
        company(code)
    root, taken = person("Rosa Root", is_staff=True, is_superuser=True), set()
    client = signed_in(root)
    for model, shown in admin.site._registry.items():
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        request = RequestFactory().get(place)
        request.user = root
        for spec in shown.get_changelist_instance(request).filter_specs:
            for name in spec.expected_parameters():
                value = LegalEntity.objects.all()[0].pk if "legal_entity__" in name else "1"
                assert client.get(place, {name: value}).status_code in (200, 302), f"{place}?{name}"
                taken.add(name)
    assert {"legal_entity__id__exact", "is_active__exact", "grants__role__exact"} <= taken
