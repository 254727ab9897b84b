"""What waits for one person's approval: versions of mappings, proposed rows, loosened tables, held work items."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from exceptions_queue.models import State, WorkItem
from governance.actor import as_actor
from governance.models import User, Version
from governance.rights import Right
from governance.scoping import ALL, entity_ids
from mappings.models import LookupTable, Mapping, TableRow
from mappings.models.mapping import KIND

SHOWN = 10  # lines of each kind; the page that a line leads to shows the others


@dataclass(frozen=True, slots=True)
class Waits:
    """One thing to decide about: in words, how many of it, and the page on which that is done."""

    what: str
    count: int
    at: str


def waiting_for(user: User) -> list[Waits]:
    """Return what somebody may approve now, leaving out what they brought in themselves. At most seven queries."""
    return [*_versions(user), *_tables(user), *_items(user)]


def _versions(user: User) -> list[Waits]:
    places = entity_ids(user, Right.APPROVE_CONFIGURATION)
    if places == frozenset():
        return []
    me = as_actor(user).reference
    found = Version.objects.filter(_within(places), kind=KIND).waiting_for_approval()
    found = found.exclude(contributors__contains=[me]).exclude(submitted_by=me).order_by("submitted_at")
    waiting = list(found.only("object_key", "number")[:SHOWN])
    titles = {each.key: each for each in Mapping.objects.filter(key__in=[row.object_key for row in waiting])}
    return [
        Waits(f"Mapping {titles[row.object_key]}, version {row.number}", 1,
              reverse("mappings:mapping", args=[titles[row.object_key].pk]))
        for row in waiting
        if row.object_key in titles
    ]  # fmt: skip


def _tables(user: User) -> list[Waits]:
    places = entity_ids(user, Right.APPROVE_TABLES)
    if places == frozenset():
        return []
    me = as_actor(user).reference
    rows = TableRow.objects.filter(_within(places, "table__")).waiting().exclude(proposed_by=me)
    counted = rows.order_by("table__title").values("table", "table__title").annotate(count=Count("pk"))[:SHOWN]
    found = [
        Waits(f"Proposed rows of {row['table__title']}", row["count"],
              reverse("tables:table", args=[row["table"]]) + "?show=waiting")
        for row in counted
    ]  # fmt: skip
    loosened = LookupTable.objects.filter(_within(places)).exclude(loosened_by=[])
    mine_to_judge = loosened.exclude(loosened_by__contains=[me]).order_by("title")[:SHOWN]
    return [
        *found,
        *(Waits(f"Who approves rows of {each}", 1, reverse("tables:agree", args=[each.pk])) for each in mine_to_judge),
    ]


def _items(user: User) -> list[Waits]:
    places = entity_ids(user, Right.APPROVE)
    if places == frozenset():
        return []
    held = WorkItem.objects.filter(_within(places), state=State.PENDING_APPROVAL).count()
    at = f"{reverse('queue:items')}?show=work&state={State.PENDING_APPROVAL}"
    return [Waits("Exceptions that wait for approval", held, at)] if held else []


def _within(places: frozenset[int] | None, before: str = "") -> Q:
    """Keep what belongs to these companies; what serves all of them only for those who decide everywhere."""
    return Q() if places is ALL else Q(**{f"{before}legal_entity__in": places})
