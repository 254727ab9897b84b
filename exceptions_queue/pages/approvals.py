"""What waits for one person's approval: mappings and other configuration, rows, what was loosened, held items."""

from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    BooleanField,
    Count,
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
)
from django.urls import reverse
from django.utils import timezone

from exceptions_queue import asked_by, emergencies
from exceptions_queue.agreeing import may_agree
from exceptions_queue.models import (
    ApprovalRequest,
    BulkRun,
    BulkState,
    Deed,
    LoosenedPolicy,
    RequestState,
    State,
    WorkItem,
    WorkItemTally,
)
from governance.models import LegalEntity, User, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import Right
from governance.same_person import counted_as, written_by
from governance.scoping import ALL, entity_ids
from mappings.models import LookupTable, Mapping, TableRow
from mappings.models.mapping import KIND

MOST = 50  # changes that are looked through for those that somebody may agree to
SHOWN = 10  # lines of each kind; the page that a line leads to shows the others


@dataclass(frozen=True, slots=True)
class Waits:
    """One thing to decide about: in words, how many of it, and the page on which that is done."""

    what: str
    count: int
    at: str


def waiting_for(user: User) -> list[Waits]:
    """Return what somebody may approve now, leaving out what they brought in themselves, also behind another's account.

    Within `grants_read_once`, as on a page, at most thirteen queries, one of them for the rights.
    """
    mine = sorted(counted_as(user))
    return [
        *_versions(user, mine), *_changes(user, mine), *_tables(user, mine), *_items(user, mine),
        *_bulk_runs(user, mine), *_asked(user, mine), *_policies(user, mine),
    ]  # fmt: skip


def requests_for(user: User, mine: list[str] | None = None) -> list[ApprovalRequest]:
    """Return the requests that somebody may decide about, the oldest first. One query, beside those for the rights
    and for which accounts are theirs, unless these are given (`mine`).
    """
    if entity_ids(user, Right.APPROVE) == frozenset():
        return []
    rows = ApprovalRequest.objects.visible_to(user, Right.APPROVE).filter(state=RequestState.WAITING)
    mine = sorted(counted_as(user)) if mine is None else mine
    others = rows.exclude(written_by(mine, "made_by", "made_at")).select_related("legal_entity", "item__connection")
    return list(others.order_by("number")[:MOST])


def _asked(user: User, mine: list[str]) -> list[Waits]:
    """Return the requests that somebody may decide about, and in one line what waits for their review. One query."""
    if entity_ids(user, Right.APPROVE) == frozenset():
        return []
    rows = ApprovalRequest.objects.visible_to(user, Right.APPROVE).filter(state=RequestState.WAITING)
    others = rows.exclude(written_by(mine, "made_by", "made_at"))
    requests = _alike(others, "made_by_name", Value(None, DateTimeField())).order_by("number")
    deeds = _alike(emergencies.waiting_for(user, mine), "emergency__opened_by_name", F("review_by")).order_by(
        "review_by"
    )
    found = list(requests[:SHOWN].union(deeds[:MOST], all=True))
    told = [
        Waits(f"{Deed(deed).label}: asked by {who}", count, reverse("queue:request", args=[number]))
        for number, deed, who, count, due in found if due is None
    ]  # fmt: skip
    reviews = sorted(due for *_, due in found if due is not None)
    if reviews:
        overdue = sum(due <= timezone.now() for due in reviews)
        when = f"{overdue:,} overdue" if overdue else f"by {reviews[0]:%Y-%m-%d %H:%M} UTC"
        what = f"Review what was done in emergency mode, {when}"
        told.insert(0, Waits(what, len(reviews), reverse("queue:emergency")))
    return told


def _alike(rows: Any, name: str, due: Any) -> Any:
    """Return rows of something about members as number, deed, who, how many members, and until when."""
    many = Func(F("failures"), function="cardinality", output_field=IntegerField())
    return rows.annotate(who=F(name), many=many, due=due).values_list("number", "deed", "who", "many", "due")


def _policies(user: User, mine: list[str]) -> list[Waits]:
    """Return the policies that ask for less, where somebody else may agree to it."""
    places = entity_ids(user, Right.APPROVE_CONFIGURATION)
    if places == frozenset():
        return []
    rows = LoosenedPolicy.objects.visible_to(user, Right.APPROVE_CONFIGURATION).filter(agreed_at=None)
    others = rows.exclude(written_by(mine, "made_by", "made_at"))
    return [Waits(str(row), 1, reverse("queue:requests")) for row in others[:SHOWN]]


def _versions(user: User, mine: list[str]) -> list[Waits]:
    places = entity_ids(user, Right.APPROVE_CONFIGURATION)
    if places == frozenset():
        return []
    found = Version.objects.filter(_within(places), kind=KIND).waiting_for_approval()
    found = found.exclude(contributors__overlap=mine).exclude(submitted_by__in=mine).order_by("submitted_at")
    of = Mapping.objects.filter(key=OuterRef("object_key"))
    told = found.annotate(mapping=Subquery(of.values("pk")[:1]), title=Subquery(of.values("title")[:1]))
    return [
        Waits(f"Mapping {title}, version {number}", 1, reverse("mappings:mapping", args=[mapping]))
        for mapping, title, number in told.values_list("mapping", "title", "number")[:SHOWN]
        if mapping is not None
    ]


def _changes(user: User, mine: list[str]) -> list[Waits]:
    """Return drafts of connections, routes, schedules and calendars, and companies where none is needed any more."""
    places = entity_ids(user, Right.APPROVE_CONFIGURATION)
    if places == frozenset():
        return []
    found = Version.objects.filter(_within(places), kind__in=PUT_INTO_ROWS).waiting_for_approval()
    found = found.exclude(contributors__overlap=mine).exclude(submitted_by__in=mine).order_by("submitted_at")
    asking = list(LegalEntity.objects.filter(Q(second_person=True) | ~Q(loosened_by=[])).order_by("code"))
    here = [each for each in asking if places is ALL or each.pk in places]
    bound = [each for each in here if not each.second_person and not set(each.loosened_by) & set(mine)]
    anywhere = len(here) == len(asking)  # else a change may concern a company that asks and where they may not agree
    rows = islice((row for row in found[:MOST] if anywhere or may_agree(row, user)), SHOWN)
    return [
        *(
            Waits(f"{row.kind.capitalize()} {row.content.get('name') or row.object_key}, version {row.number}", 1,
                  reverse("changes:change", args=[row.pk]))
            for row in rows
        ),
        *(
            Waits(f"That changes at {each} need no second person", 1,
                  reverse("admin:governance_legalentity_agree", args=[each.pk]))
            for each in bound[:SHOWN]
        ),
    ]  # fmt: skip


def _tables(user: User, mine: list[str]) -> list[Waits]:
    places = entity_ids(user, Right.APPROVE_TABLES)
    if places == frozenset():
        return []
    rows = TableRow.objects.filter(_within(places, "table__")).waiting()
    rows = rows.exclude(written_by(mine, "proposed_by", "proposed_at"))
    counted = rows.order_by("table__title").values("table", "table__title").annotate(count=Count("pk"))[:SHOWN]
    found = [
        Waits(f"Proposed rows of {row['table__title']}", row["count"],
              reverse("tables:table", args=[row["table"]]) + "?show=waiting")
        for row in counted
    ]  # fmt: skip
    own = ExpressionWrapper(written_by(mine, "deletion_asked_by", "deletion_asked_at"), BooleanField())
    asked = LookupTable.objects.filter(_within(places)).exclude(loosened_by=[], deletion_asked_by=None)
    asked = asked.annotate(own_deletion=own)
    others = [each for each in asked.order_by("title")[: 5 * SHOWN] if not {*each.loosened_by} & {*mine}]
    loosened = [each for each in others if each.loosened_by]
    ending = [each for each in others if each.deletion_asked_by is not None and not each.own_deletion]
    return [
        *found,
        *(
            Waits(f"Who approves rows of {each}", 1, reverse("tables:agree", args=[each.pk]))
            for each in loosened[:SHOWN]
        ),
        *(
            Waits(f"That {each} is deleted", 1, reverse("tables:deletion-approval", args=[each.pk]))
            for each in ending[:SHOWN]
        ),
    ]


def _items(user: User, mine: list[str]) -> list[Waits]:
    """Return how many exceptions wait, but for those that only wait for what somebody has asked themselves."""
    places = entity_ids(user, Right.APPROVE)
    if places == frozenset():
        return []
    tally = WorkItemTally.objects.filter(_within(places), state=State.PENDING_APPROVAL)
    held = tally.aggregate(held=Sum("items"))["held"] or 0
    own = WorkItem.objects.filter(_within(places), pk__in=asked_by.alone(mine)).count() if held else 0
    at = f"{reverse('queue:items')}?{urlencode({'q': 'is:approvable'})}"
    return [Waits("Exceptions that wait for approval", held - own, at)] if held > own else []


def _bulk_runs(user: User, mine: list[str]) -> list[Waits]:
    """Return the plans that a second person has to approve, where somebody may in every company that they are of."""
    places = entity_ids(user, Right.APPROVE)
    if places == frozenset():
        return []
    found = BulkRun.objects.visible_to(user, Right.APPROVE).filter(state=BulkState.PLANNED, approved_by=None)
    others = found.exclude(second_person="").exclude(written_by(mine, "actor_id", "made_at", bare=True))
    waits = others.order_by("number")[:MOST]
    rows = [
        row for row in waits.prefetch_related("legal_entities")
        if places is ALL or {each.pk for each in row.legal_entities.all()} <= places
    ]  # fmt: skip
    return [
        Waits(f"Bulk run {row.number}, planned by {row.actor_name}", row.planned,
              reverse("queue:bulk-run", args=[row.pk]))
        for row in rows[:SHOWN]
    ]  # fmt: skip


def _within(places: frozenset[int] | None, before: str = "") -> Q:
    """Keep what belongs to these companies; what serves all of them only for those who decide everywhere."""
    return Q() if places is ALL else Q(**{f"{before}legal_entity__in": places})
