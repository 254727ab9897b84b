"""Everything that somebody may do in one legal entity, with one query: a page asks for many rights at once."""

from collections.abc import Collection

from django.db.models import Q

from canonical.entity import Mask
from governance import narrowing
from governance.actor import as_actor
from governance.models import LegalEntity, RoleGrant, User
from governance.roles import MASK_RIGHTS, ROLE_RIGHTS, Right, Role, roles_with
from governance.scoping import roles_held

NAMED = 5  # people who are named as able to do something


def rights_in(user: User, legal_entity: int | None) -> frozenset[Right]:
    """Return the rights that somebody has in a legal entity; None asks for those in all of them."""
    if not narrowing.reaches(legal_entity):
        return frozenset()
    if user.is_active and user.is_superuser:
        return frozenset(Right)
    there = {None, legal_entity}
    roles = {each.role for each in roles_held(user.pk) if each.legal_entity in there}
    return frozenset(right for role in roles for right in ROLE_RIGHTS[Role(role)])


def masks_of(rights: frozenset[Right]) -> frozenset[Mask]:
    """Return the masking classes that these rights see through."""
    return frozenset(mask for mask, right in MASK_RIGHTS.items() if right in rights)


class Holders:
    """Who holds which role where: one query for each company that is asked about, whatever the right."""

    def __init__(self) -> None:
        self._found: dict[int | None, list[RoleGrant]] = {}

    def of(self, right: Right, legal_entity: LegalEntity | None) -> list[RoleGrant]:
        """Return the grants that give a right in a legal entity, None for all of them."""
        key = legal_entity.pk if legal_entity else None
        if key not in self._found:
            there = Q(legal_entity=None) | Q(legal_entity=legal_entity) if legal_entity else Q(legal_entity=None)
            grants = RoleGrant.objects.filter(there, user__is_active=True).select_related("user")
            self._found[key] = list(grants)
        return [grant for grant in self._found[key] if grant.role in roles_with(right)]


def who_may(right: Right, legal_entity: LegalEntity | None, holders: Holders) -> str:
    """Return which role somebody lacks where, and who has it: "You need the role Controller for all companies …"."""
    people = sorted({as_actor(grant.user).name for grant in holders.of(right, legal_entity)})[:NAMED]
    roles = " or ".join(role.label for role in roles_with(right))
    place = f"in {legal_entity.code}" if legal_entity else "for all companies"
    able = f"{' or '.join(people)} can do it." if people else "Nobody has it yet: an operator gives it."
    return f"You need the role {roles} {place} for this. {able}"


def masks_by_entity(user: User, legal_entities: Collection[int]) -> dict[int, frozenset[Mask]]:
    """Return what somebody sees through in each legal entity, with one query."""
    if user.is_active and user.is_superuser:
        return dict.fromkeys(legal_entities, masks_of(frozenset(Right)))
    held: dict[int | None, set[Right]] = {}
    for each in roles_held(user.pk):
        held.setdefault(each.legal_entity, set()).update(ROLE_RIGHTS[Role(each.role)])
    everywhere = held.get(None, set())
    return {each: masks_of(frozenset(everywhere | held.get(each, set()))) for each in legal_entities}


def who_have(right: Right, legal_entity: LegalEntity | None) -> list[User]:
    """Return the people who have a right in a legal entity by a role, by name. One query."""
    there = Q(legal_entity=None) | Q(legal_entity=legal_entity) if legal_entity else Q(legal_entity=None)
    held = RoleGrant.objects.filter(there, user__is_active=True, role__in=roles_with(right)).values("user")
    return sorted(User.objects.filter(pk__in=held), key=lambda user: as_actor(user).name.casefold())


def who_see(legal_entity: LegalEntity | None) -> list[User]:
    """Return the people who may see what belongs to a legal entity. One query."""
    return who_have(Right.VIEW, legal_entity)
