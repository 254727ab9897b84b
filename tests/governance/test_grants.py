"""Roles are given by those who may, and never to oneself."""

import pytest

from governance.grants import grant, revoke
from governance.models import AuditEntry, RoleGrant
from governance.rights import NotAllowed, Right, Role, allowed
from governance.roles import ROLE_RIGHTS
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def test_grant_gives_the_rights_of_the_role_there_and_revoke_takes_them() -> None:
    olga, farid, germany = person("Olga Petrenko", Role.OPERATOR), person("Farid Amini"), company("HP-DE")

    for _ in range(2):
        grant(user=farid, role=Role.FINANCE, legal_entity=germany, by=olga)
    assert allowed(farid, Right.RESUBMIT, germany)
    assert not allowed(farid, Right.RESUBMIT, company("HP-US"))

    revoke(user=farid, role=Role.FINANCE, legal_entity=germany, by=olga)
    assert not allowed(farid, Right.RESUBMIT, germany)
    assert list(AuditEntry.objects.order_by("at").values_list("verb", flat=True)) == ["grant", "revoke"]


def test_grant_to_all_entities_once_only() -> None:
    olga, farid = person("Olga Petrenko", Role.OPERATOR), person("Farid Amini")

    assert grant(user=farid, role=Role.VIEWER, legal_entity=None, by=olga) == grant(
        user=farid, role=Role.VIEWER, legal_entity=None, by=olga
    )


def test_nobody_changes_their_own_roles() -> None:
    olga = person("Olga Petrenko", Role.OPERATOR)

    for verb in (grant, revoke):
        with pytest.raises(NotAllowed, match="Ask another operator"):
            verb(user=olga, role=Role.CONTROLLER, legal_entity=None, by=olga)


def test_roles_are_given_where_one_may_only() -> None:
    olga, farid = person("Olga Petrenko", Role.OPERATOR, company("HP-DE")), person("Farid Amini")

    with pytest.raises(NotAllowed, match="roles for a company that you do not see"):
        grant(user=farid, role=Role.FINANCE, legal_entity=company("HP-GB"), by=olga)


def test_the_one_who_gives_roles_has_no_hand_in_business_values() -> None:
    business = {Right.EDIT_OVERLAY, Right.APPROVE, Right.WAIVE, Right.RESUBMIT, Right.EDIT_TABLES}

    assert not any(Right.MANAGE_USERS in rights and rights & business for rights in ROLE_RIGHTS.values())
    assert set(ROLE_RIGHTS) == set(Role)
    assert set().union(*ROLE_RIGHTS.values()) == set(Right)
    assert RoleGrant.objects.count() == 0
