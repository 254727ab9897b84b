"""Who may do what, where: asked by every verb before it acts.

Segregation of duties is asked here too: whoever made or sent in a thing never approves it.
"""

from typing import TYPE_CHECKING, cast

from canonical.entity import Mask
from governance import same_person
from governance.actor import Actor, By
from governance.models.people import LegalEntity
from governance.roles import ENTRUSTED, MASK_RIGHTS, OPENING, ROLE_RIGHTS, Right, Role, roles_with
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids, entity_scoped_models_without_visible_to, has_role

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    from governance.models import User

__all__ = [
    "ENTRUSTED",
    "OPENING",
    "ROLE_RIGHTS",
    "EntityScopedQuerySet",
    "NotAllowed",
    "Right",
    "Role",
    "allowed",
    "allowed_anywhere",
    "allowed_masks",
    "called",
    "entities_visible_to",
    "entity_ids",
    "entity_scoped_models_without_visible_to",
    "has_role",
    "opens_administration",
    "require",
    "require_other_person",
]


class NotAllowed(Exception):
    """Somebody lacks a right. The message names the thing, the cause and the remedy, for people."""


def require(by: By, right: Right, legal_entity: "LegalEntity | int | None") -> None:
    """Raise NotAllowed unless somebody has the right in the legal entity; None asks for it in all of them."""
    if allowed(by, right, legal_entity):
        return
    if right in ENTRUSTED and bool(getattr(by, "password_set_by", "")):
        raise NotAllowed(
            f"You may not {right.label} while your password is one that somebody else has set. Change it under your "
            "name, then ask a third person, who may approve or give roles, to vouch for you. Where there is none yet, "
            "whoever runs the hub does it at the terminal, with manage.py vouch."
        )
    place, there = _place(legal_entity, by)
    roles = " or ".join(role.label for role in roles_with(right))
    raise NotAllowed(
        f"You need the right to {right.label} {place}, which your roles do not include. "
        f"Ask an operator to give you the role {roles} {there}."
    )


def allowed(by: By, right: Right, legal_entity: "LegalEntity | int | None") -> bool:
    """Return whether somebody has the right in the legal entity (a row or its id); None asks for it in all of them."""
    ids = entity_ids(by, right)
    if ids is ALL:
        return True
    return (legal_entity.pk if isinstance(legal_entity, LegalEntity) else legal_entity) in ids


def allowed_anywhere(by: By, right: Right) -> bool:
    """Return whether somebody has the right in any legal entity."""
    ids = entity_ids(by, right)
    return ids is ALL or bool(ids)


def opens_administration(by: "User | AnonymousUser | AbstractBaseUser") -> bool:
    """Return whether the administration is open to somebody: by a role, or because their account says so.

    `is_staff` lets those look at it whose roles have nothing to do there, such as somebody in finance.
    """
    if not by.is_active or by.pk is None:
        return False
    if getattr(by, "is_superuser", False) or getattr(by, "is_staff", False):
        return True
    return any(allowed_anywhere(cast(By, by), right) for right in OPENING)


def allowed_masks(by: By, legal_entity: "LegalEntity | int | None") -> frozenset[Mask]:
    """Return the masking classes that somebody may see through in a legal entity; give it to `canonical.masking`."""
    return frozenset(mask for mask, right in MASK_RIGHTS.items() if allowed(by, right, legal_entity))


def entities_visible_to(by: By) -> "EntityScopedQuerySet[LegalEntity]":
    """Return the legal entities whose rows somebody may see."""
    return LegalEntity.objects.visible_to(by)


def require_other_person(by: By, *makers: "Actor | str | None", thing: str) -> None:
    """Raise NotAllowed when the approver counts as one of those who made or sent in the thing (actors or references).

    A client of the API whose secret they have had counts as them, and an account of which they have set what opens it.
    """
    if same_person.is_one_of(by, *makers):
        raise NotAllowed(
            f"{thing} cannot be approved by somebody who wrote it or sent it in, and that was you, a client of the "
            "API whose secret you have had, or an account of which one of you has set the password, the e-mail address "
            "or the second factor since its owner last did. Ask another person who may approve it."
        )


def called(company: "LegalEntity", by: By, otherwise: str = "another company") -> str:
    """Return what a company is called to somebody: one that they do not see is not named."""
    return str(company) if allowed(by, Right.VIEW, company) else otherwise


def _place(legal_entity: "LegalEntity | int | None", by: By) -> tuple[str, str]:
    """Return where a right is missing, and the same when it is said again."""
    if legal_entity is None:
        return "for all companies", "for all companies"
    found = (
        legal_entity if isinstance(legal_entity, LegalEntity) else LegalEntity.objects.filter(pk=legal_entity).first()
    )
    if found is None:
        return "for this company", "for this company"
    if not allowed(by, Right.VIEW, found):
        return "for a company that you do not see", "there"
    return f"for {found}", f"for {found}"
