"""The dry run of an item's members, or of some of them: what would become of each, before anything is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from msgspec.structs import replace

from exceptions_queue import configurations, verbs, words
from exceptions_queue.codes import id_of
from exceptions_queue.forms import STARTS, ResubmissionForm
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.item import item_of, meant
from exceptions_queue.parts import SHORT
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.put_right_since import put_right_since
from exceptions_queue.seen import seen_of
from exceptions_queue.templatetags.shown import money
from exceptions_queue.told_trial import leaves
from exceptions_queue.trying import LABELS, MEANS, Outcome, Trial, tries
from governance.models import User, Version
from governance.rights import require
from governance.roles import Right
from routes.chosen_configuration import ONCE_IN_FORCE, right_to_send
from routes.models import Failure
from routes.worked_out import Start

MOST = 200  # members that are tried while somebody waits
GOES = (Outcome.WILL_SEND, Outcome.ALREADY_THERE, Outcome.NEEDS_APPROVAL, Outcome.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Line:
    """How many would end how, and what they come to."""

    outcome: Outcome
    label: str
    means: str
    count: int
    sums: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of what would be sent, beside the last time."""

    name: str
    last: Any
    now: Any
    differs: bool


@page
def trials(request: HttpRequest, number: int) -> HttpResponse:
    """Show what would become of the members that were ticked, else of all; of many the oldest. Changes nothing."""
    user = person(request)
    row = meant(request, item_of(user, number))
    require(user, Right.WORK_QUEUE, row.legal_entity_id)
    if request.GET.get("cause") and not row.part:
        messages.info(request, "Nothing of that cause is open any more.")
        return redirect("queue:item", number=number)
    start = Start.FAILED_STAGE if request.GET.get("start") == Start.FAILED_STAGE else Start.SOURCE
    wanted = request.GET.get("configuration", "now")
    chosen = ticked(request)
    members = members_of(row, chosen)
    if not members:
        messages.error(request, "Nothing of this can be tried: it holds no records that are stopped.")
        return redirect("queue:item", number=number)
    try:
        configuration = configurations.read(wanted, user)
    except verbs.NotPossible as error:
        messages.error(request, str(error))
        return redirect("queue:item", number=number)
    found = tries(members, by=user, start=start, configuration=configuration)
    said = words.with_titles([trial.words for trial in found])
    found = [replace(trial, words=text) for trial, text in zip(found, said, strict=True)]
    return render(request, "queue/trials.html", _context(row, user, found, start, wanted, configuration, chosen))


def _context(
    row: WorkItem, user: User, found: Sequence[Trial], start: Start, wanted: str, configuration: Any,
    chosen: Sequence[UUID],
) -> dict[str, Any]:  # fmt: skip
    rights = rights_in(user, row.legal_entity_id)
    version = configuration if isinstance(configuration, Version) else None
    drafted = version is not None and version.state not in ONCE_IN_FORCE
    goes = any(trial.outcome in GOES for trial in found)
    asks = goes and not drafted and right_to_send(configuration) in rights and row.is_open
    count = how_many(row, chosen)
    form = ResubmissionForm(initial={"seen": str(seen_of(row) or "")})
    del form.fields["start"], form.fields["configuration"], form.fields["failures"], form.fields["rows"]
    return context(
        "queue",
        item=row,
        part=row.part and row.part[:SHORT],
        title=words.title_for(row, masks_of(rights), user),
        lines=lines(found),
        trials=[(trial, fields(trial)) for trial in found],
        start=start.value,
        starts=STARTS,
        configuration=wanted,
        configurations=configurations.choices({row.route_id or 0}, user),
        drafted=drafted,
        left_out=len(put_right_since(found, by=user, start=start, configuration=configuration)),
        may_else=Right.RESUBMIT in rights,
        chosen=chosen,
        meant=all_of(row, chosen, found),
        count=count,
        more=max(0, count - len(found)),
        form=form if asks else None,
        goes=goes,
        technical=Right.SEE_TECHNICAL in rights,
    )


def how_many(row: WorkItem, chosen: Sequence[UUID]) -> int:
    """Return how many members an item holds, or how many of the ticked ones; also those that are not tried."""
    return _records(row).filter(pk__in=chosen).count() if chosen else row.members


def all_of(row: WorkItem, chosen: Sequence[UUID], found: Sequence[Trial]) -> str:
    """Return what is meant, tried or not: "37 time entries, 12,480.00 EUR"; `found` are the trials of it."""
    if not chosen and row.part_holds:
        return row.part_holds
    if not chosen:
        held = ", ".join(money(each.amount, each.currency) for each in row.amounts.all())
        return f"{words.counted(row.members, row.entity)}, {held}".rstrip(", ")
    count = how_many(row, chosen)
    worth = sums(found if count <= len(found) else _each_once(row, chosen))
    return f"{words.counted(count, row.entity)}, {worth}".rstrip(", ")


def _each_once(row: WorkItem, chosen: Sequence[UUID]) -> Iterable[Failure]:
    """Return a ticked member for each record: one that goes to three destinations is one money."""
    by_worth = _records(row).filter(pk__in=chosen).order_by("record_id", F("amount").desc(nulls_last=True))
    return by_worth.distinct("record_id")


def _records(row: WorkItem) -> "QuerySet[Failure]":
    return row.failures().filter(record_id__isnull=False)


def ticked(request: HttpRequest) -> list[UUID]:
    """Return the members that were ticked; none means all. Raises Http404."""
    try:
        return [id_of(code) for code in request.GET.getlist("failures")]
    except ValueError as error:
        raise Http404(str(error)) from error


def members_of(row: WorkItem, chosen: Sequence[UUID]) -> list[Failure]:
    """Return the open members of an item that can be tried, or the chosen ones, as many as are tried at once."""
    rows = _records(row).order_by("pk")
    return list((rows.filter(pk__in=chosen) if chosen else rows)[:MOST])


def lines(found: Iterable[Trial]) -> list[Line]:
    """Return how many would end how, in the order in which a person asks."""
    by_outcome: dict[Outcome, list[Trial]] = {}
    for trial in found:
        by_outcome.setdefault(trial.outcome, []).append(trial)
    return [
        Line(outcome, LABELS[outcome], MEANS[outcome], len(by_outcome[outcome]), sums(by_outcome[outcome]))
        for outcome in Outcome
        if outcome in by_outcome
    ]


def sums(found: Iterable[Trial | Failure]) -> str:
    """Return what trials or members come to, by currency: "12,480.00 EUR, 90.00 USD"; "" where none has an amount."""
    totals: dict[str, Decimal] = {}
    for trial in found:
        if trial.amount is not None:
            totals[trial.currency] = totals.get(trial.currency, Decimal(0)) + trial.amount
    return ", ".join(money(amount, currency) for currency, amount in sorted(totals.items()))


def fields(trial: Trial) -> list[Field]:
    """Return what would be sent, beside the last time, field by field; what differs first."""
    now, last = dict(leaves(trial.payload or {})), dict(leaves(trial.last or {}))
    if trial.payload is None:
        return []
    found = [Field(name, last.get(name), now.get(name), last.get(name) != now.get(name)) for name in {**now, **last}]
    if trial.last is None:
        found = [Field(each.name, None, each.now, False) for each in found]
    return sorted(found, key=lambda each: not each.differs)
