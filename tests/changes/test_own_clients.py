"""Nobody is two people: what a client of the API wrote counts as written by whoever has had its secret."""

from datetime import timedelta
from typing import Any

import pytest

from exceptions_queue.pages import approvals
from governance import clients, second_person, versions
from governance.models import LegalEntity, RoleGrant, User, Version
from governance.rights import NotAllowed, Role
from governance.second_person import NeedsSecondPerson
from hub.changes import drafting, publishing, things
from mappings.loosening import remember
from mappings.models import Approval
from mappings.tables import NewRow, add_rows, approve_rows, create_table
from routes import schedules
from tests.changes.looking import at, browser, go
from tests.governance.people import company, person
from tests.intake.firm import Firm


@pytest.fixture
def opia(firm: Firm) -> User:
    """Return somebody who manages users and approves."""
    made = person("Opia Lund", Role.OPERATOR, is_staff=True)
    for role in (Role.INTEGRATION_ADMIN, Role.CONTROLLER):
        RoleGrant.objects.create(user=made, role=role, granted_by="engine:engine")
    return made


@pytest.fixture
def program(opia: User) -> User:
    """Return the account of a client that Opia has registered."""
    made, _ = clients.register(name="Nightly", scopes=["system:write"], by=opia)
    assert made.user is not None
    for role in (Role.INTEGRATION_ADMIN, Role.FINANCE, Role.CONTROLLER):
        RoleGrant.objects.create(user=made.user, role=role, granted_by="engine:engine")
    return made.user


def sent_in(by: User) -> Version:
    document = things.document("route", "time-pushed") | {"name": "By the program"}
    return drafting.submit(drafting.draft("route", "time-pushed", document, by=by), by=by, note="x")


def test_draft_of_ones_own_client_is_approved_by_another(
    firm: Firm, asking: LegalEntity, opia: User, program: User, clara: User
) -> None:
    version = sent_in(program)
    assert "Approve" not in browser(opia).get(at(version)).content.decode().split("How far it is")[1].split("</a>")[0]
    assert approvals.waiting_for(opia) == []
    assert go(opia, version, "publications-after-approval") == 403
    assert go(opia, version, "approvals") == 403
    with pytest.raises(NotAllowed, match="whose secret you have had"):
        publishing.approve(version, by=opia)
    assert [each.what for each in approvals.waiting_for(clara)] == ["Route By the program, version 2"]
    assert go(clara, version, "approvals") == 302


def test_whoever_renewed_the_secret_counts_too_and_a_bystander_does_not(
    firm: Firm, asking: LegalEntity, program: User, opia: User
) -> None:
    from governance.models import ApiClient

    other = person("Olga Petrenko", Role.OPERATOR)
    RoleGrant.objects.create(user=other, role=Role.INTEGRATION_ADMIN, granted_by="engine:engine")
    RoleGrant.objects.create(user=other, role=Role.CONTROLLER, granted_by="engine:engine")
    version = sent_in(program)
    clients.renew_secret(ApiClient.objects.get(user=program), by=other)
    for each in (other, opia):
        with pytest.raises(NotAllowed):
            publishing.approve(version, by=each)
    assert publishing.approve(version, by=person("Clara Other", Role.CONTROLLER)).approved_by


def test_mapping_of_ones_own_client_is_approved_by_another(opia: User, program: User) -> None:
    made = versions.draft(kind="mapping", object_key="x", content={}, by=program, legal_entity=company("HP-DE"))
    made = versions.submit(made, by=program, note="x")
    with pytest.raises(NotAllowed):
        versions.approve(made, by=opia)


def test_rows_of_ones_own_client_are_approved_by_another(opia: User, program: User, clara: User) -> None:
    table = create_table(
        name="bill_rates", title="Rate card", key_columns=["role"], value_columns={"rate": "money"}, by=opia,
        approval=Approval.ALWAYS, legal_entity=company("HP-DE"),
    )  # fmt: skip
    row = NewRow(("Consultant",), {"rate": "145.00"})
    (waits,) = add_rows(table, [row], by=program).waiting
    with pytest.raises(NotAllowed):
        approve_rows(table, [waits.pk], by=opia)
    before = (Approval.ALWAYS, "", None)
    table.approval = Approval.AT_ONCE
    remember(table, before, by=opia, reason="quiet")
    table.save()
    assert add_rows(table, [row], by=program).in_force == [], "who loosened it is bound, and so is their client"
    assert approve_rows(table, [each.pk for each in table.rows.waiting()], by=clara).in_force


def test_who_switches_it_off_binds_their_client_too(
    firm: Firm, asking: LegalEntity, opia: User, program: User, ingrid: User
) -> None:
    second_person.ask_no_more(asking, by=opia, reason="quiet")
    with pytest.raises(NeedsSecondPerson):
        schedules.set_schedule(firm.pushed, by=program, every=timedelta(hours=1))
    schedules.set_schedule(firm.pushed, by=ingrid, every=timedelta(hours=1))


def test_clients_that_are_here_know_their_people_by_the_audit_entries(program: User, opia: User) -> None:
    from importlib import import_module

    from django.apps import apps

    from governance.models import ApiClient

    ApiClient.objects.update(secret_known_to=[])
    migration: Any = import_module("governance.migrations.0006_who_knows_a_clients_secret")
    migration.remember(apps, None)
    assert ApiClient.objects.get(user=program).secret_known_to == [f"person:{opia.pk}"]
