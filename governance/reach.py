"""What somebody may do where, in words: each right, and by which of their roles they have it in each company."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from governance.actor import By
from governance.models import RoleGrant, User
from governance.roles import ENTRUSTED, ROLE_RIGHTS, Right, Role
from governance.scoping import ALL, entity_ids

EVERYWHERE = "All companies"


@dataclass(frozen=True, slots=True)
class Line:
    """One right: what it lets do, and for each place the roles that give it (empty: none does)."""

    right: str
    by_place: list[str]
    withheld: bool  # held by a role, but not counted while nobody has vouched for the account


@dataclass(frozen=True, slots=True)
class Reach:
    """All rights of somebody. `places` are the heads of the columns."""

    places: list[str]
    lines: list[Line]
    closed: bool  # the account is closed: nothing of it counts
    unlimited: bool  # a superuser may do everything everywhere


def seen_by(by: By) -> "models.QuerySet[RoleGrant]":
    """Return the roles that somebody who manages users sees: those that count in their companies."""
    ids = entity_ids(by, Right.MANAGE_USERS)
    rows = RoleGrant.objects.all()
    return rows if ids is ALL else rows.filter(Q(legal_entity=None) | Q(legal_entity__in=ids))


def of(user: User, by: By) -> Reach:
    """Return what somebody's roles let them do, in companies for which another manages users. Two queries."""
    grants = list(seen_by(by).filter(user=user).select_related("legal_entity").order_by("legal_entity__code"))
    held: dict[str, list[Role]] = {EVERYWHERE: []}
    for grant in grants:
        place = str(grant.legal_entity) if grant.legal_entity else EVERYWHERE
        held.setdefault(place, []).append(Role(grant.role))
    lines = [_line(right, held, withholds=bool(user.password_set_by)) for right in Right]
    return Reach(list(held), lines, not user.is_active, user.is_superuser)


def _line(right: Right, held: dict[str, list[Role]], *, withholds: bool) -> Line:
    by_place = [_roles(right, held[place], held[EVERYWHERE], place) for place in held]
    words = right.label[:1].upper() + right.label[1:]
    return Line(words, by_place, withheld=withholds and right in ENTRUSTED and any(by_place))


def _roles(right: Right, there: list[Role], everywhere: list[Role], place: str) -> str:
    roles = [*there, *(everywhere if place != EVERYWHERE else [])]
    return ", ".join(dict.fromkeys(role.label for role in roles if right in ROLE_RIGHTS[role]))
