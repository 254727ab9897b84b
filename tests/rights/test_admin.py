"""Every form of the administration × every role × own and foreign legal entity; by the rights that it declares.

Rows are found: each model that is registered, with its form and its deletion, and each page for a deed. A model whose
administration asks no role fails, and so does a deed that is named nowhere.
"""

from typing import Any

from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import models
from django.test import Client
from django.urls import get_resolver, reverse

from connectors.models import Connection
from governance.models import AuditEntry, BusinessCalendar, LegalEntity, RoleGrant, User, Version
from governance.roles import ROLE_RIGHTS, Role
from governance.scoped_admin import ScopedAdmin
from mappings.models import CrossReference, LookupTable, Mapping, TableRow
from routes.models import Destination, PostingPeriod, Route, Run, Subscription, WebhookRefusal
from tests.rights.firm import Firm, undone

NEVER = {  # rows that nobody changes in the form: by what they change instead
    AuditEntry: "written once", Version: "by the deeds of its mapping", TableRow: "by the deeds of its table",
    CrossReference: "by `cross_references.upsert`", Run: "by the pages", WebhookRefusal: "counted",
    PostingPeriod: "read from the target", Mapping: "by the deeds of its versions",
    RoleGrant: "given and taken, not changed",
}  # fmt: skip
STAYS = (NEVER.keys() - {RoleGrant}) | {Subscription}  # rows that no form deletes; a subscription is ended by a deed


def test_every_model_that_is_registered_asks_roles_or_is_not_ours() -> None:
    assert get_resolver().url_patterns  # with which the administration is loaded
    for model, shown in admin.site._registry.items():
        if isinstance(shown, ScopedAdmin) or model._meta.app_label == "django_celery_beat":
            continue
        assert model is User, f"{model._meta.label}: its administration asks no role"


def rows(firm: Firm) -> dict[type[models.Model], Any]:
    """Return a row of the German company of each model that has one here."""
    assert get_resolver().url_patterns  # with which the administration is loaded
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
                edits, deletes = may and model not in NEVER, may and model not in STAYS
                for place, method, expected in (
                    (reverse(f"{name}_change", args=[row.pk]), "get", sees),
                    (reverse(f"{name}_change", args=[row.pk]), "post", edits),
                    (reverse(f"{name}_delete", args=[row.pk]), "post", deletes),
                ):
                    with undone():
                        answer = getattr(client, method)(place)
                    if _let_in(answer) != expected or answer.status_code >= 500:
                        wrong.append(f"{method} {place} {role} {'own' if mine else 'foreign'}: {answer.status_code}")
    assert wrong == []


def _let_in(answer: Any) -> bool:
    """Return whether the administration let somebody in: it leads away from what does not exist for them."""
    if answer.status_code == 302:
        if any("is not there" in str(each) for each in get_messages(answer.wsgi_request)):
            return False
        return answer["Location"] != "/admin/" and not answer["Location"].startswith(("/admin/login", "/login"))
    return bool(answer.status_code == 200)


DEEDS: dict[str, str] = {  # pages for a deed: the verb that each calls, whose right the matrix of verbs knows
    "governance_apiclient_renew_secret": "governance.clients.renew_secret",
    "governance_user_reset_second_factor": "governance.second_factor.reset",
    "governance_user_unlink_providers": "governance.provider_links.unlink",
    "auth_user_password_change": "governance.passwords.was_set",
    "connectors_connection_test_connection": "connectors.trying.try_out",
    "connectors_connection_trial": "connectors.trying.try_typed",
    "connectors_connection_show_sample": "connectors.sampling.sample",
    "governance_user_close_account": "governance.accounts.close",
    "governance_user_open_account": "governance.accounts.open_again",
    "governance_user_give_role": "governance.grants.grant",
    "governance_user_take_role": "governance.grants.revoke",
    "governance_user_show_rights": "",  # shows what is seen anyway
    "governance_businesscalendar_show_year": "",  # shows what is seen anyway
    "routes_route_preview_run": "routes.preview.of_next_run",
    "routes_route_switch_on": "routes.switching.switch",
    "routes_route_switch_off": "routes.switching.switch",
    "mappings_tablerow_correct_row": "mappings.tables.add_rows",
    "mappings_tablerow_approve_row": "mappings.tables.approve_rows",
    "mappings_tablerow_refuse_row": "mappings.tables.refuse_rows",
    "mappings_tablerow_withdraw_row": "mappings.tables.withdraw_rows",
    "mappings_mapping_open_table": "",  # leads to the page of the table of fields, which asks
    "mappings_mapping_write_draft": "mappings.drafting.draft",
    "mappings_mapping_try_on_samples": "mappings.trial.try_out",
    "mappings_mapping_compare_versions": "",  # shows what is seen anyway
    "mappings_mapping_submit_draft": "governance.versions.submit",
    "mappings_mapping_approve_draft": "governance.versions.approve",
    "mappings_mapping_send_draft_back": "governance.versions.send_back",
    "mappings_mapping_publish_version": "governance.versions.publish",
    "mappings_mapping_withdraw_version": "governance.versions.withdraw",
    "mappings_mapping_roll_back": "governance.versions.roll_back",
    "mappings_mapping_retire_version": "governance.versions.retire",
    "routes_subscription_edit": "routes.outbound.subscribing.change",
    "routes_subscription_try_out": "routes.outbound.trying.try_out",
    "routes_subscription_rotate": "routes.outbound.rotating.rotate",
    "routes_subscription_pause": "routes.outbound.steering.pause",
    "routes_subscription_resume": "routes.outbound.steering.resume",
    "routes_subscription_send_again": "routes.outbound.redelivering.send_again_since",
    "routes_subscription_end": "routes.outbound.subscribing.end",
    "routes_route_run_now": "routes.runs.ask_for_run",
    "routes_route_set_schedule": "routes.schedules.set_schedule",
}
USUAL = ("changelist", "add", "history", "delete", "change")  # pages that every model has


def deeds() -> dict[str, type[models.Model]]:
    """Return the model of each page for a deed, by the page's name."""
    assert get_resolver().url_patterns  # with which the administration is loaded
    found: dict[str, type[models.Model]] = {}
    for model, shown in admin.site._registry.items():
        usual = tuple(f"{model._meta.app_label}_{model._meta.model_name}_{name}" for name in USUAL)
        names = [each.name for each in shown.get_urls() if each.name and not each.name.startswith(usual)]
        found |= dict.fromkeys(names, model)
    return found


def test_every_deed_names_the_verb_that_it_calls() -> None:
    from tests.rights.test_verbs import ANYWHERE, VERBS

    assert deeds().keys() == DEEDS.keys()
    assert {verb for verb in DEEDS.values() if verb} - VERBS.keys() - ANYWHERE.keys() == set()


def test_no_deed_lets_in_who_lacks_its_right(firm: Firm) -> None:
    from tests.rights.test_verbs import VERBS

    there, wrong = rows(firm), []
    for name, model in deeds().items():
        verb = VERBS.get(DEEDS[name])
        if verb is None or model not in there:
            continue  # accounts and clients belong to no company; the verbs ask
        if name == "connectors_connection_trial":
            continue  # of answers that are typed and not kept; the verb asks
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
