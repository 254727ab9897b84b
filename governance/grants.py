"""Giving and taking roles: needs the right to manage users there, and nobody does it for themselves."""

from django.db import transaction

from governance import audit
from governance.actor import By, as_actor
from governance.models import LegalEntity, RoleGrant, User
from governance.rights import NotAllowed, Right, Role, require


@transaction.atomic
def grant(*, user: User, role: Role, legal_entity: LegalEntity | None, by: By, reason: str = "") -> RoleGrant:
    """Give a user a role in a legal entity, None: in all of them. Giving it twice changes nothing."""
    _require_hand(user, legal_entity, by)
    row, is_new = RoleGrant.objects.get_or_create(
        user=user, role=role, legal_entity=legal_entity, defaults={"granted_by": as_actor(by).reference}
    )
    if is_new:
        after = {"user": user.get_username(), "role": role}
        audit.record(by=by, verb="grant", thing=row, after=after, reason=reason, legal_entity=legal_entity)
    return row


@transaction.atomic
def revoke(*, user: User, role: Role, legal_entity: LegalEntity | None, by: By, reason: str = "") -> None:
    """Take a role from a user. Taking one that is not held changes nothing."""
    _require_hand(user, legal_entity, by)
    for row in RoleGrant.objects.select_for_update().filter(user=user, role=role, legal_entity=legal_entity):
        before = {"user": user.get_username(), "role": role}
        audit.record(by=by, verb="revoke", thing=row, before=before, reason=reason, legal_entity=legal_entity)
        row.delete()


def _require_hand(user: User, legal_entity: LegalEntity | None, by: By) -> None:
    require(by, Right.MANAGE_USERS, legal_entity)
    if as_actor(by) == as_actor(user) and not user.is_superuser:
        raise NotAllowed("Your own roles cannot be changed by yourself. Ask another operator to change them.")
