"""Who may do what, where: asked by every verb before it acts.

Segregation of duties is asked here too: whoever made or sent in a thing never approves it.
"""

from canonical.entity import Mask
from governance.actor import Actor, By, as_actor
from governance.models.people import LegalEntity
from governance.roles import ENTRUSTED, MASK_RIGHTS, ROLE_RIGHTS, Right, Role, roles_with
from governance.scoping import ALL, EntityScopedQuerySet, entity_ids, entity_scoped_models_without_visible_to

__all__ = [
    "ENTRUSTED",
    "ROLE_RIGHTS",
    "EntityScopedQuerySet",
    "NotAllowed",
    "Right",
    "Role",
    "allowed",
    "allowed_anywhere",
    "allowed_masks",
    "entities_visible_to",
    "entity_ids",
    "entity_scoped_models_without_visible_to",
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
    place = _place(legal_entity)
    roles = " or ".join(role.label for role in roles_with(right))
    raise NotAllowed(
        f"You need the right to {right.label} {place}, which your roles do not include. "
        f"Ask an operator to give you the role {roles} {place}."
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


def allowed_masks(by: By, legal_entity: "LegalEntity | int | None") -> frozenset[Mask]:
    """Return the masking classes that somebody may see through in a legal entity; give it to `canonical.masking`."""
    return frozenset(mask for mask, right in MASK_RIGHTS.items() if allowed(by, right, legal_entity))


def entities_visible_to(by: By) -> "EntityScopedQuerySet[LegalEntity]":
    """Return the legal entities whose rows somebody may see."""
    return LegalEntity.objects.visible_to(by)


def require_other_person(by: By, *makers: "Actor | str | None", thing: str) -> None:
    """Raise NotAllowed when the approver is one of those who made or sent in the thing (actors or references)."""
    reference = as_actor(by).reference
    if reference in {maker.reference if isinstance(maker, Actor) else maker for maker in makers}:
        raise NotAllowed(
            f"{thing} cannot be approved by somebody who wrote it or sent it in, and that was you. "
            "Ask another person who may approve it."
        )


def _place(legal_entity: "LegalEntity | int | None") -> str:
    if legal_entity is None:
        return "for all legal entities"
    if isinstance(legal_entity, LegalEntity):
        return f"for {legal_entity}"
    found = LegalEntity.objects.filter(pk=legal_entity).first()
    return f"for {found or 'this legal entity'}"
