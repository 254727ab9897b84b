"""The admin shows and changes what the person's roles allow, and records it."""

from html import unescape

import pytest
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from connectors.models import Connection
from governance import audit, versions
from governance.actor import ENGINE
from governance.models import AuditEntry, BusinessCalendar, LegalEntity, RoleGrant, User, Version
from governance.rights import Role
from governance.scoped_admin import ScopedAdmin
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Browser()
    client.force_login(user)
    return client


def test_list_shows_only_legal_entities_with_a_role() -> None:
    company("HP-GB")
    farid = person("Farid Amini", Role.FINANCE, company("HP-DE"), is_staff=True)

    page = signed_in(farid).get("/admin/governance/legalentity/").content.decode()

    assert "HP-DE" in page
    assert "HP-GB" not in page


def filtered_lists() -> list[str]:
    """Return the address of every list of ours whose filters name rows, in an order that every test process has."""
    import hub.urls  # noqa: F401 - loads the administration

    found = []
    for model, shown in site._registry.items():
        named = {field.name for field in model._meta.get_fields() if field.many_to_one}
        if isinstance(shown, ScopedAdmin) and named & set(shown.list_filter):
            found.append(f"/admin/{model._meta.app_label}/{model._meta.model_name}/")
    return sorted(found)


@pytest.mark.parametrize("page", filtered_lists())
def test_filters_name_only_what_a_person_may_see(page: str) -> None:
    for code in ("HP-DE", "HP-GB", "HP-US"):
        Connection.objects.create(
            slug=code, name=f"Ledger of {code}", connector="ledger_look_up", legal_entity=company(code),
            environment="sandbox",
        )  # fmt: skip
    viewer = person("Viktor Lang", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)
    RoleGrant.objects.create(user=viewer, role=Role.OPERATOR, legal_entity=company("HP-US"), granted_by="engine:engine")

    shown = signed_in(viewer).get(page).content.decode()

    assert "HP-DE" in shown or "Halden" in shown or "table" in page or "run/" in page
    assert "HP-GB" not in shown
    assert "Halden & Partner Ltd" not in unescape(shown)


def test_page_of_another_legal_entity_is_not_there() -> None:
    britain = company("HP-GB")
    farid = person("Farid Amini", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)

    assert signed_in(farid).get(f"/admin/governance/legalentity/{britain.pk}/change/").status_code == 302


@pytest.mark.parametrize("page", ["legalentity", "user", "rolegrant", "businesscalendar", "version", "auditentry"])
def test_pages_open_for_those_who_may_and_nobody_else(page: str) -> None:
    olga = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    nobody = person("Viktor Lang", is_staff=True)

    assert signed_in(olga).get(f"/admin/governance/{page}/").status_code == 200
    assert signed_in(nobody).get(f"/admin/governance/{page}/").status_code == 403


def test_change_is_recorded_with_person_and_channel() -> None:
    germany = company("HP-DE")
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True)
    form = {"code": "HP-DE", "name": "Halden & Partner SE", "country": "DE", "currency": "EUR"}

    signed_in(ingrid).post(f"/admin/governance/legalentity/{germany.pk}/change/", form)

    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor_name, entry.channel) == ("change", "Ingrid Solheim", "admin")
    assert (entry.before, entry.after) == ({"name": "Halden & Partner GmbH"}, {"name": "Halden & Partner SE"})


def test_viewer_changes_nothing() -> None:
    germany = company("HP-DE")
    viktor = person("Viktor Lang", Role.VIEWER, is_staff=True)
    form = {"code": "HP-DE", "name": "Mine", "country": "DE", "currency": "EUR"}

    assert signed_in(viktor).post(f"/admin/governance/legalentity/{germany.pk}/change/", form).status_code == 403
    assert LegalEntity.objects.get().name == "Halden & Partner GmbH"


def test_row_cannot_be_put_into_a_legal_entity_without_a_hand_there() -> None:
    farid = person("Farid Amini", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)
    RoleGrant.objects.create(user=farid, role=Role.VIEWER, legal_entity=company("HP-GB"), granted_by="engine:engine")
    form = {"legal_entity": company("HP-GB").pk, "country": "GB", "time_zone": "Europe/London"} | {
        f"{each}-{name}_FORMS": "0" for each in ("weekday_hours", "days") for name in ("TOTAL", "INITIAL")
    }

    refused = signed_in(farid).post("/admin/governance/businesscalendar/add/", form)

    assert set(refused.context["adminform"].form.errors) == {"legal_entity"}
    assert not BusinessCalendar.objects.exists()


def test_hours_are_edited_with_their_calendar_and_recorded() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)
    form = {
        "legal_entity": company("HP-DE").pk,
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "weekday_hours-TOTAL_FORMS": "1",
        "weekday_hours-INITIAL_FORMS": "0",
        "weekday_hours-0-weekday": "0",
        "weekday_hours-0-opens_at": "09:00",
        "weekday_hours-0-closes_at": "17:00",
        "days-TOTAL_FORMS": "0",
        "days-INITIAL_FORMS": "0",
    }

    signed_in(ingrid).post("/admin/governance/businesscalendar/add/", form)

    assert [str(hours) for hours in BusinessCalendar.objects.get().weekday_hours.all()] == ["Monday 09:00 to 17:00"]
    assert set(AuditEntry.objects.values_list("thing_kind", "legal_entity_id")) == {
        ("governance.businesscalendar", company("HP-DE").pk),
        ("governance.weekdayhours", company("HP-DE").pk),
    }


@pytest.mark.parametrize("page", ["user", "rolegrant"])
def test_forms_open(page: str) -> None:
    olga = person("Olga Petrenko", Role.OPERATOR, is_staff=True)

    assert signed_in(olga).get(f"/admin/governance/{page}/add/").status_code == 200


def test_role_is_given_through_the_verb() -> None:
    olga = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    farid = person("Farid Amini")
    form = {"user": farid.pk, "role": "finance", "legal_entity": company("HP-DE").pk}

    signed_in(olga).post("/admin/governance/rolegrant/add/", form)

    assert RoleGrant.objects.get(user=farid).granted_by == f"person:{olga.pk}"
    assert AuditEntry.objects.filter(verb="grant", channel="admin").count() == 1


def test_operator_cannot_take_over_a_superuser() -> None:
    olga = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    root = person("Clara Voss", is_superuser=True)

    assert signed_in(olga).post(f"/admin/governance/user/{root.pk}/password/", {}).status_code == 403
    page = signed_in(olga).get(f"/admin/governance/user/{farid().pk}/change/").content.decode()
    assert "is_superuser" not in page


def test_versions_and_audit_entries_are_only_looked_at() -> None:
    clara = person("Clara Voss", is_superuser=True, is_staff=True)

    for model in (Version, AuditEntry):
        assert signed_in(clara).get(f"/admin/governance/{model._meta.model_name}/add/").status_code == 403


def farid() -> User:
    return person("Farid Amini")


def test_audit_entries_are_told_in_words_and_found_by_them() -> None:
    clara, germany = person("Clara Voss", Role.CONTROLLER, is_staff=True), company("HP-DE")
    made = audit.record(
        by=clara, verb="set_schedule", thing=germany, after={"valid_to": "2026-12-31"}, legal_entity=germany
    )
    audit.record(by=clara, verb="sign_in", thing=clara)
    client = signed_in(clara)

    found = client.get("/admin/governance/auditentry/?verb=set_schedule").content.decode()
    page = client.get(f"/admin/governance/auditentry/{made.pk}/change/").content.decode()

    assert "Schedule set" in found
    assert "Signed in</td>" not in found
    for words in ("Schedule set", "Company", "HP-DE Halden", "valid to"):
        assert words in page
    assert "valid_to" not in page
    assert page.count("set_schedule") == page.count("<span data-technical>set_schedule") == 1


def test_version_is_told_in_words_and_not_as_its_document() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True)
    clara = person("Clara Voss", Role.CONTROLLER)
    content = {"name": "Approved time", "compare_days": 30}
    made = versions.draft(kind="route", object_key="time-to-erp", content=content, by=ingrid, note="deletions matter")
    versions.approve(versions.submit(made, by=ingrid, note="deletions matter"), by=clara)
    alone = versions.keep(kind="calendar", object_key="HP-DE", content={"time_zone": "UTC"}, by=ingrid)
    assert alone is not None
    client = signed_in(ingrid)

    found = client.get("/admin/governance/version/").content.decode()
    page = client.get(f"/admin/governance/version/{made.pk}/change/").content.decode()
    other = client.get(f"/admin/governance/version/{alone.pk}/change/").content.decode()

    assert "Route Approved time" in found
    for words in (
        "Route Approved time",
        "Ingrid Solheim",
        "Clara Voss",
        "deletions matter",
        reverse("changes:change", args=[made.pk]),
    ):
        assert words in page
    assert "nobody else, since one person was enough" in other
    assert "Business calendar HP-DE" in found
    for raw in ("Object key", "Content hash", made.content_hash, "person:", "one-person", "compare_days"):
        assert raw not in page + other + found


def test_address_finds_audit_entries_only_for_who_may_see_people() -> None:
    germany = company("HP-DE")
    for kind in ("mappings.tablerow", "governance.user"):
        thing = (kind, "1", "Item of jane.doe@acme.example")
        audit.record(by=ENGINE, verb="replace", thing=thing, after={"key": {"item": thing[2]}}, legal_entity=germany)
    olga = person("Olga Petrenko", Role.OPERATOR, germany, is_staff=True)
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, germany, is_staff=True)

    def found(user: User, text: str) -> int:
        page = signed_in(user).get(f"/admin/governance/auditentry/?q={text}").content.decode()
        return page.count("Replaced</td>") or page.count(">Replaced<")

    seen = {text: (found(olga, text), found(ingrid, text)) for text in ("jane.doe", "acme.example", "Throughline")}
    assert seen == {"jane.doe": (1, 2), "acme.example": (1, 2), "Throughline": (2, 2)}, "its own people are told of"
