"""Who belongs to which team, and to which team a kind of item falls: the hub's own, and what the firm says otherwise.

Read once for a batch. Nothing is ever without a team: where the one that is meant has nobody who may work in the
company, the company's last resort takes its place, and after that whoever works the queue there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from canonical.failure import CATEGORIES, Category, Owner
from exceptions_queue.models import FallbackTeam, Team
from exceptions_queue.models.routing import ANY
from governance.actor import ActorKind
from governance.models import LegalEntity, RoleGrant, User
from governance.roles import Right, Role, roles_with
from governance.row_numbers import number_in

SHIPPED: dict[str, Role] = {  # the teams that every hub has, each with the role whose people belong to it
    Owner.INTEGRATION_ADMIN: Role.INTEGRATION_ADMIN,
    Owner.MASTER_DATA: Role.FINANCE,
    Owner.FINANCE_DATA: Role.FINANCE,
    Owner.BILLING: Role.FINANCE,
    Owner.CONTROLLER: Role.CONTROLLER,
    Owner.MANAGER: Role.CONTROLLER,
    Owner.FINANCE: Role.FINANCE,
    Owner.TARGET_ADMIN: Role.INTEGRATION_ADMIN,
}
LAST = Owner.FINANCE.value  # the last resort where nobody has said another
# Where the engine goes on by itself nobody looks first; once that is used up, somebody who knows the systems does.
USUAL: dict[str, str] = {
    category.value: (Owner.INTEGRATION_ADMIN if info.owner is Owner.NOBODY else info.owner).value
    for category, info in CATEGORIES.items()
}
WORKING = roles_with(Right.WORK_QUEUE)
Place = int | None  # a company's id; None: all of them


@dataclass(frozen=True, slots=True)
class Told:
    """One team as a row says it, or as every hub has it."""

    name: str
    place: Place
    role: str
    members: frozenset[int] = frozenset()


@dataclass(slots=True)
class Roster:
    """All teams, who may work on items where, and which team is said for what. See `roster`."""

    teams: dict[tuple[Place, str], Told]  # by company and name; small letters
    works: dict[int, set[Place]]  # who may work on items, and where; None: everywhere
    roles: dict[tuple[str, Place], set[int]]  # who has a role there
    fallbacks: dict[tuple[Place, str], str]
    _found: dict[tuple[int, str], frozenset[int]] = field(default_factory=dict)

    def team(self, name: str, entity: int) -> Told | None:
        """Return the team of a name that counts in a company: its own before the one for all."""
        key = name.casefold()
        return self.teams.get((entity, key)) or self.teams.get((None, key))

    def people(self, name: str, entity: int) -> frozenset[int]:
        """Return who of a team may work on items of a company."""
        key = (entity, name.casefold())
        if key not in self._found:
            self._found[key] = self._people(self.team(name, entity), entity)
        return self._found[key]

    def may_work(self, user: int, entity: int) -> bool:
        """Return whether somebody may work on items of a company."""
        return not self.works.get(user, set()).isdisjoint((None, entity))

    def fallback(self, category: str, entity: int) -> str:
        """Return the team for a kind of cause in a company: as said for it, as said for all, as every hub has it."""
        said = self.fallbacks.get((entity, category)) or self.fallbacks.get((None, category))
        return said or USUAL.get(category, LAST)

    def last_resort(self, entity: int) -> str:
        """Return the team to which falls what has no other in a company."""
        return self.fallbacks.get((entity, ANY)) or self.fallbacks.get((None, ANY)) or LAST

    def _people(self, team: Told | None, entity: int) -> frozenset[int]:
        if team is None:
            return frozenset()
        named = set(team.members)
        if team.role:
            named |= self.roles.get((team.role, entity), set()) | self.roles.get((team.role, None), set())
        return frozenset(each for each in named if self.may_work(each, entity))


def roster(more: Iterable[Team] = ()) -> Roster:
    """Return who belongs to what now; `more` are teams that are only tried. Five queries."""
    teams: dict[tuple[Place, str], Told] = {
        (None, name.casefold()): Told(name, None, role) for name, role in SHIPPED.items()
    }
    for row in [*Team.objects.prefetch_related("members"), *more]:
        people = frozenset(each.pk for each in row.members.all())
        teams[row.legal_entity_id, row.name.casefold()] = Told(row.name, row.legal_entity_id, row.role, people)
    works: dict[int, set[Place]] = {}
    roles: dict[tuple[str, Place], set[int]] = {}
    held = RoleGrant.objects.filter(role__in=WORKING, user__is_active=True).order_by()
    for user, role, place in held.values_list("user", "role", "legal_entity"):
        works.setdefault(user, set()).add(place)
        roles.setdefault((role, place), set()).add(user)
    for user in User.objects.filter(is_superuser=True, is_active=True).values_list("pk", flat=True):
        works.setdefault(user, set()).add(None)
    said = FallbackTeam.objects.order_by().values_list("legal_entity", "category", "team")
    return Roster(teams, works, roles, {(place, category): team for place, category, team in said})


def names_known(companies: Iterable[int] | None = None) -> list[str]:
    """Return the names of teams, the hub's and those of rows (of some companies and of all); by name. One query."""
    rows = Team.objects.all()
    if companies is not None:
        rows = rows.filter(Q(legal_entity=None) | Q(legal_entity__in=list(companies)))
    found = {name.casefold(): str(name) for name in SHIPPED}
    found.update({name.casefold(): name for name in rows.values_list("name", flat=True)})
    return sorted(found.values(), key=str.casefold)


def mine(user: User) -> Q:
    """Return which items are of the teams of somebody. Six queries."""
    known = roster()
    own = Q(pk__in=[])
    companies = list(LegalEntity.objects.values_list("pk", flat=True))
    for name in {told.name for told in known.teams.values()}:
        places = [each for each in companies if user.pk in known.people(name, each)]
        if places:
            own |= Q(owner__iexact=name, legal_entity__in=places)
    return own


def number_of(reference: str) -> int | None:
    """Return the number of the account that an actor's reference names; None where it names none."""
    kind, _, identity = reference.partition(":")
    return number_in(identity) if kind == ActorKind.PERSON else None


def title_of(category: str) -> str:
    """Return what people call what a fallback team is for."""
    return "whatever has no other team" if category == ANY else CATEGORIES[Category(category)].title
