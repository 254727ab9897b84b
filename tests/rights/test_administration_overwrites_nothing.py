"""Every form and every deletion of the administration: it puts nothing aside that its page has not shown."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from exceptions_queue.models import ApprovalPolicy, CutOff, FallbackTeam, RoutingRule, Team
from exceptions_queue.models.order import Covers, CutOffKind, Rule
from governance.models import ApiClient, BusinessCalendar, RoleGrant, User
from governance.scoped_admin import ScopedAdmin
from governance.seen import SEEN
from tests.rights.firm import Firm, undone
from tests.rights.test_admin import LEADS_ON, NEVER, STAYS, rows


@pytest.mark.django_db
def test_form_of_the_administration_that_says_nothing_of_what_was_seen_overwrites_nothing(firm: Firm) -> None:
    BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    client, wrong, there = Client(), [], rows(firm) | _made(firm)
    client.force_login(User.objects.get(username="root"))
    for model, shown in _edited_there().items():
        row = there[model]
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        opened = client.get(place)
        if "adminform" not in opened.context:
            wrong.append(f"{place} has no form")
            continue
        form = opened.context["adminform"].form
        if not form.fields:
            continue  # it only shows; a deed of its own changes the row
        columns = {each.name for each in (*model._meta.concrete_fields, *model._meta.many_to_many)}
        marked = {*getattr(form, "edited", ())}
        left = (columns & {*form.fields}) - marked
        beside = {each.model for each in shown.get_inline_instances(opened.wsgi_request, row)}
        if left or beside - {each[0] for each in getattr(form, "beside", ())}:
            wrong.append(f"{place}: the mark leaves out {left} {beside}")
        before = model._default_manager.filter(pk=row.pk).values().get()
        with undone():
            sent = {key: value for key, value in _filled(opened).items() if key != SEEN}
            answer = client.post(place, sent)
            if answer.status_code != 200 or "does not say which state" not in answer.content.decode():
                wrong.append(f"{place}: {answer.status_code}")
            if model._default_manager.filter(pk=row.pk).values().get() != before:
                wrong.append(f"{place} overwrites unseen")
    assert wrong == []


def _edited_there() -> dict[Any, Any]:
    """Return what the administration edits in a form, with how."""
    found = admin.site._registry.items()
    return {
        model: shown for model, shown in found
        if isinstance(shown, ScopedAdmin) and model not in NEVER and model not in LEADS_ON
    }  # fmt: skip


def _made(firm: Firm) -> dict[Any, Any]:
    """Return rows of the models that the firm has none of."""
    here = {"legal_entity": firm.germany}
    return {
        User: firm.other, ApiClient: firm.client, Team: Team.objects.create(name="billing", **here),
        FallbackTeam: FallbackTeam.objects.create(category="any", team="billing", **here),
        RoutingRule: RoutingRule.objects.create(name="Large", team="billing", **here),
        ApprovalPolicy: ApprovalPolicy.objects.create(name="Large", deeds=["waivers"], **here),
        CutOff: CutOff.objects.create(
            name="Weekly", kind=CutOffKind.BILLING, rule=Rule.WEEKLY, weekday=4, at="12:00", covers=Covers.UP_TO, **here
        ),
    }  # fmt: skip


def _filled(opened: Any) -> dict[str, Any]:
    """Return what a form holds, with its rows."""
    found: dict[str, Any] = {}
    sets = [each.formset for each in opened.context["inline_admin_formsets"]]
    for form in (
        opened.context["adminform"].form,
        *(each.management_form for each in sets),
        *(f for s in sets for f in s),
    ):
        for bound in form:
            value = bound.value()
            if value not in (None, False):
                found[bound.html_name] = value if isinstance(value, list) else str(value)
    return found


@pytest.mark.django_db
def test_deletion_in_the_administration_that_does_not_say_what_it_has_shown_asks_again(firm: Firm) -> None:
    BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    client, gone, wrong = Client(), 0, []
    client.force_login(User.objects.get(username="root"))
    there = rows(firm) | _made(firm)
    for model in _edited_there().keys() | {RoleGrant}:
        row = there[model]
        if model in STAYS - {RoleGrant}:
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        one, several = reverse(f"{name}_delete", args=[row.pk]), reverse(f"{name}_changelist")
        ticked = {"action": "delete_selected", "_selected_action": str(row.pk)}
        pages = ((one, {}, client.get(one)), (several, ticked, client.post(several, ticked)))
        for place, more, opened in pages:
            asks = re.findall(rf'name="{SEEN}" value="([0-9a-f]+)"', opened.content.decode())
            for mark in ({}, {SEEN: ""}, {SEEN: "0" * 24}, {"select_across": "1"}):
                with undone():
                    client.post(place, {"post": "yes", **more, **mark})
                    if not model._default_manager.filter(pk=row.pk).exists():
                        wrong.append(f"{place} deletes with {mark}")
            with undone():
                client.post(place, {"post": "yes", **more, SEEN: asks[0] if asks else ""})
                gone += not model._default_manager.filter(pk=row.pk).exists()
    assert wrong == []
    assert gone >= 2, "what was shown is deleted"


@pytest.mark.django_db
def test_what_was_changed_meanwhile_is_not_deleted_by_a_page_that_showed_it_before(firm: Firm) -> None:
    client = Client()
    client.force_login(User.objects.get(username="root"))
    row = BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    place = reverse("admin:governance_businesscalendar_delete", args=[row.pk])
    [older] = re.findall(rf'name="{SEEN}" value="([0-9a-f]+)"', client.get(place).content.decode())
    BusinessCalendar.objects.filter(pk=row.pk).update(country="AT")

    told = client.post(place, {"post": "yes", SEEN: older})

    assert "while you had it open" in told.content.decode()
    assert BusinessCalendar.objects.filter(pk=row.pk).exists()
    [mark] = re.findall(rf'name="{SEEN}" value="([0-9a-f]+)"', told.content.decode())
    client.post(place, {"post": "yes", SEEN: mark})
    assert not BusinessCalendar.objects.filter(pk=row.pk).exists(), "told of it, one may insist"
