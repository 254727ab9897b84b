"""Every form of the administration × every role × own and foreign legal entity; by the rights that it declares.

Rows are found: each model that is registered, with its form and its deletion, and each page for a deed. A model whose
administration asks no role fails, and so does a deed that is named nowhere.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import models
from django.test import Client
from django.urls import reverse

import hub.urls  # noqa: F401 - the administration is loaded with the addresses; without them nothing would be tried
from connectors import outcome, trying
from connectors.connection_form import PREFIX
from connectors.models import Connection
from governance.models import AuditEntry, BusinessCalendar, LegalEntity, RoleGrant, User, Version
from governance.roles import ROLE_RIGHTS, Right, Role
from governance.scoped_admin import ScopedAdmin
from mappings.models import CrossReference, LookupTable
from routes.models import Destination, PostingPeriod, Route, Run, Subscription, WebhookRefusal
from tests.governance.people import company, person
from tests.rights.firm import Firm, undone

NEVER = {  # rows that nobody changes in the form: by what they change instead
    AuditEntry: "written once", Version: "by the steps of its mapping", CrossReference: "by `cross_references.upsert`",
    Run: "by the pages", WebhookRefusal: "counted", PostingPeriod: "read from the target",
    RoleGrant: "given and taken, not changed",
}  # fmt: skip
LEADS_ON = {LookupTable}  # it leads to the table's own page, which asks its rights itself
STAYS = NEVER.keys() | {Subscription}  # rows that no form deletes; roles are taken, and a subscription ended, by a deed


def test_every_model_that_is_registered_asks_roles_or_is_not_ours() -> None:
    for model, shown in admin.site._registry.items():
        if isinstance(shown, ScopedAdmin) or model._meta.app_label == "django_celery_beat":
            continue
        assert model is User, f"{model._meta.label}: its administration asks no role"


def rows(firm: Firm) -> dict[type[models.Model], Any]:
    """Return a row of the German company of each model that has one here."""
    found: dict[type[models.Model], Any] = {}
    for model in admin.site._registry:
        if model is LegalEntity:
            found[model] = firm.germany
        elif model is RoleGrant:
            found[model] = RoleGrant.objects.filter(legal_entity=firm.germany).first()
        elif model is Subscription:
            found[model] = firm.subscription
        elif hasattr(model._default_manager.all(), "visible_to"):
            found[model] = model._default_manager.visible_to(firm.own[Role.VIEWER]).first()  # type: ignore[attr-defined]
    return {model: row for model, row in found.items() if row is not None}


@pytest.mark.slow
def test_list_and_forms_ask_the_rights_that_they_declare(firm: Firm) -> None:
    BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    there, wrong = rows(firm), []
    assert {Connection, Route, Destination, LookupTable, BusinessCalendar, LegalEntity, RoleGrant} <= there.keys()
    for role in Role:
        for who, mine in ((firm.own, True), (firm.foreign, False)):
            client = Client(raise_request_exception=False)
            client.force_login(who[role])
            for model, row in there.items():
                shown: Any = admin.site._registry[model]
                if not isinstance(shown, ScopedAdmin):
                    continue
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
                sees = mine and shown.right_to_view in ROLE_RIGHTS[role]
                may = sees and shown.right_to_change in ROLE_RIGHTS[role]
                edits = sees if model in LEADS_ON else may and model not in NEVER
                deletes = may and model not in STAYS
                for place, method, expected in (
                    (reverse(f"{name}_change", args=[row.pk]), "get", sees),
                    (reverse(f"{name}_change", args=[row.pk]), "post", edits),
                    *([] if model in LEADS_ON else [(reverse(f"{name}_delete", args=[row.pk]), "post", deletes)]),
                ):
                    with undone():
                        answer = getattr(client, method)(place)
                    if _let_in(answer) != expected or answer.status_code >= 500:
                        wrong.append(f"{method} {place} {role} {'own' if mine else 'foreign'}: {answer.status_code}")
    assert wrong == []


def _let_in(answer: Any) -> bool:
    """Return whether the administration let somebody in: it leads away from what does not exist for them, in words."""
    if answer.status_code == 302:
        if any("is not there: somebody has deleted it, or it is not yours" in str(each) for each in _said(answer)):
            return False
        return answer["Location"] != "/admin/" and not answer["Location"].startswith(("/admin/login", "/login"))
    return bool(answer.status_code == 200)


def _said(answer: Any) -> list[Any]:
    return list(get_messages(answer.wsgi_request))


DEEDS: dict[str, str] = {  # pages: the verb that each calls, whose right the matrix of verbs knows; "": it only shows
    "governance_apiclient_renew_secret": "governance.clients.renew_secret",
    "governance_legalentity_ask": "governance.second_person.ask",
    "governance_legalentity_ask_no_more": "governance.second_person.ask_no_more",
    "governance_legalentity_agree": "governance.second_person.agree",
    "governance_user_close_account": "governance.accounts.close",
    "governance_user_open_account": "governance.accounts.open_again",
    "governance_user_give_role": "governance.grants.grant",
    "governance_user_take_role": "governance.grants.revoke",
    "governance_user_show_rights": "",
    "governance_businesscalendar_show_year": "",
    "exceptions_queue_cutoff_dates": "",
    "exceptions_queue_routingrule_trial": "",
    "governance_user_reset_second_factor": "governance.second_factor.reset",
    "governance_user_unlink_providers": "governance.provider_links.unlink",
    "auth_user_password_change": "governance.passwords.was_set",
    "connectors_connection_test_connection": "connectors.trying.try_out",
    "connectors_connection_show_sample": "connectors.sampling.sample",
    "connectors_connection_trial": "connectors.trying.try_typed",
    "routes_subscription_edit": "routes.outbound.subscribing.change",
    "routes_subscription_try_out": "routes.outbound.trying.try_out",
    "routes_subscription_rotate": "routes.outbound.rotating.rotate",
    "routes_subscription_pause": "routes.outbound.steering.pause",
    "routes_subscription_resume": "routes.outbound.steering.resume",
    "routes_subscription_send_again": "routes.outbound.redelivering.send_again_since",
    "routes_subscription_end": "routes.outbound.subscribing.end",
    "routes_route_run_now": "routes.runs.ask_for_run",
    "routes_route_preview_run": "routes.preview.of_next_run",
    "routes_route_switch_on": "routes.switching.switch",
    "routes_route_switch_off": "routes.switching.switch",
    "routes_route_set_schedule": "routes.schedules.set_schedule",
}
TYPED = {  # parts of a form that may not be saved yet
    "exceptions_queue_cutoff_dates": "tests/exceptions_queue/test_order.py",
    "exceptions_queue_routingrule_trial": "tests/exceptions_queue/test_routing.py",
}
TRIAL = "connectors_connection_trial"  # of a form that may not be saved yet
USUAL = ("changelist", "add", "history", "delete", "change")  # pages that every model has


def deeds() -> dict[str, type[models.Model]]:
    """Return the model of each page for a deed, by the page's name."""
    found: dict[str, type[models.Model]] = {}
    for model, shown in admin.site._registry.items():
        usual = tuple(f"{model._meta.app_label}_{model._meta.model_name}_{name}" for name in USUAL)
        names = [each.name for each in shown.get_urls() if each.name and not each.name.startswith(usual)]
        found |= dict.fromkeys(names, model)
    return found


def test_every_deed_names_the_verb_that_it_calls() -> None:
    from tests.rights.test_verbs import ACCOUNTS, VERBS

    assert deeds().keys() == DEEDS.keys()
    assert {verb for verb in DEEDS.values() if verb} - VERBS.keys() - ACCOUNTS.keys() == set()


@pytest.mark.slow
def test_no_deed_lets_in_who_lacks_its_right(firm: Firm) -> None:
    from tests.rights.test_verbs import VERBS

    there, wrong = rows(firm), []
    for name, model in deeds().items():
        verb = VERBS.get(DEEDS[name])
        if verb is None or model not in there or name == TRIAL:
            continue  # accounts and clients belong to no company: see below, and the verbs ask
        place = reverse(f"admin:{name}", args=[there[model].pk])
        for role in Role:
            for who, mine in ((firm.own, True), (firm.foreign, False)):
                if mine and verb.right in ROLE_RIGHTS[role]:
                    continue
                client = Client(raise_request_exception=False)
                client.force_login(who[role])
                with undone():
                    answer = client.post(place, {"reason": "agreed"})
                if _let_in(answer) or answer.status_code not in (302, 403, 404):
                    wrong.append(f"{place} {role} {'own' if mine else 'foreign'}: {answer.status_code}")
    assert wrong == []


def test_page_that_only_shows_is_shown_where_its_thing_is_seen(firm: Firm) -> None:
    BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    there, wrong = rows(firm), []
    for name, model in deeds().items():
        if DEEDS[name] or model is User or name in TYPED:
            continue
        shown: Any = admin.site._registry[model]
        place = reverse(f"admin:{name}", args=[there[model].pk])
        for role in Role:
            for who, mine in ((firm.own, True), (firm.foreign, False)):
                client = Client(raise_request_exception=False)
                client.force_login(who[role])
                answer = client.get(place)
                if _let_in(answer) != (mine and shown.right_to_view in ROLE_RIGHTS[role]):
                    wrong.append(f"{place} {role} {'own' if mine else 'foreign'}: {answer.status_code}")
    assert wrong == []


ACCOUNT_PAGES = {  # of somebody's account: whether it asks wherever the account has a role, or in any company
    "change": False, "history": False, "rights": False, "roles": False, "role-endings": False, "password": True,
    "closings": True, "second-factor-resets": True, "provider-unlinkings": True,
}  # fmt: skip


def test_pages_of_an_account_are_for_who_manages_users_and_deeds_for_who_does_wherever_it_has_a_role(
    firm: Firm,
) -> None:
    greta, closed = person("Greta Own", Role.VIEWER, firm.germany), person("Cleo Closed", Role.VIEWER, firm.germany)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    pages = [(greta, page, strict) for page, strict in ACCOUNT_PAGES.items()] + [(closed, "openings", True)]
    wrong = []
    for role in Role:
        for where, who in (("own", firm.own), ("foreign", firm.foreign), ("everywhere", firm.everywhere)):
            client = Client(raise_request_exception=False)
            client.force_login(who[role])
            for account, page, strict in pages:
                answer = client.get(f"/admin/governance/user/{account.pk}/{page}/")
                may = Right.MANAGE_USERS in ROLE_RIGHTS[role] and not (strict and where == "foreign")
                if _let_in(answer) != may or answer.status_code >= 500:
                    wrong.append(f"{page} {role} {where}: {answer.status_code}")
    assert wrong == []


def test_typed_answers_are_tried_by_who_may_edit_the_connection_as_it_is_kept(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else somebody would send another company's secrets to an address of their own, under their own company's name."""
    asked: list[str] = []
    monkeypatch.setattr(trying, "_report", lambda row, **_: asked.append(row.name) or outcome.TestReport(True, "works"))
    place = reverse(f"admin:{TRIAL}") + f"?connection={firm.connection.pk}"
    sent = {"name": firm.connection.name, "slug": firm.connection.slug, "auth": firm.connection.auth}
    sent |= {"timeout_seconds": "30", "concurrency": "1"}
    sent |= {f"{PREFIX}base_url": "http://127.0.0.1:9"}
    for role in Role:
        for who, mine in ((firm.own, True), (firm.foreign, False)):
            client = Client(raise_request_exception=False)
            client.force_login(who[role])
            answer = client.post(place, sent | {"legal_entity": str(firm.germany.pk)})
            may = mine and Right.EDIT_CONFIGURATION in ROLE_RIGHTS[role]
            assert (asked != []) == may, f"{role} {mine}: {answer.status_code} {answer.content.decode()}"
            assert mine or answer.status_code == 404
            asked.clear()
    both = firm.foreign[Role.INTEGRATION_ADMIN]  # edits there, and sees here
    RoleGrant.objects.create(user=both, role=Role.VIEWER, legal_entity=firm.germany, granted_by="engine:engine")
    client = Client(raise_request_exception=False)
    client.force_login(both)
    answer = client.post(place, sent | {"legal_entity": str(company("HP-US").pk)})
    assert asked == []
    assert "You need the right to edit connections" in answer.content.decode()
