"""Sending an item's members through again, a bounded number in each commit.

The request is a row: what a page cannot finish at once a worker does, and a worker that dies goes on where it was.
Members that stop again stop with a new failure, later than the request, and are not tried twice.
"""

import time
from collections.abc import Sequence

from django.db import connection, transaction
from django.utils import timezone

from exceptions_queue import asked_about, coming_back, words
from exceptions_queue.models import Release, State, WorkItem
from exceptions_queue.moving import event_of, note, rested
from exceptions_queue.seen import Seen
from governance.actor import By, as_actor
from routes import overlay_endings, overlays, reprocess
from routes.chosen_configuration import Configuration, in_words, kept, named
from routes.models import Failure, Route
from routes.plan import NotReadyToRun, current
from routes.worked_out import Start

STEP = 1000  # members in one commit


def ask(
    item: WorkItem, *, by: By, reason: str, configuration: Configuration = "now", start: Start = Start.SOURCE,
    cause_gone: bool = False, seen: Seen | None = None,
) -> Release:  # fmt: skip
    """Write down that an item's open members, or those that were seen, go through again; call it last in a remedy's
    commit.

    `cause_gone`: because what stopped them is gone, and not because somebody sends just these; what a person has had
    taken back at the target is not posted anew by that. The first step follows at once after the commit; what is left
    goes to a worker. The remedy has asked the rights.
    """
    actor = as_actor(by)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    was = row.state
    held = item.failures()
    asked = (held.filter(pk__lte=seen.newest) if seen else held).count()
    if row.is_open:
        whole = (item.part is None or asked == row.members) and (seen is None or asked == held.count())
        row.state = State.RESUBMITTED if whole else State.IN_PROGRESS
        row.save(update_fields=["state", *rested(row)])
    told = f"{in_words(configuration)}{reason}"
    event_of(row, by=by, verb="sent again", at=timezone.now(), frm=was, reason=told).save()
    return Release.objects.create(
        item=row, requested_at=now, actor_kind=actor.kind.value, actor_id=actor.id, actor_name=actor.name,
        reason=reason, as_then=configuration == "then", start=start.value, asked=asked, part=item.part or "",
        cause_gone=cause_gone, mapping_version="" if isinstance(configuration, str) else named(configuration),
        seen=seen.newest if seen else None,
    )  # fmt: skip


def work(*, seconds: float, release: int | None = None) -> bool:
    """Go on with releases that are not done, for a while; return whether there is more to do."""
    until = time.monotonic() + seconds
    while True:
        more = _step(release)
        if more is None:
            return False
        if time.monotonic() > until:
            return True


def _step(number: int | None) -> bool | None:
    """Take the next members of one release on; None when there is no release that is not done."""
    with transaction.atomic():
        waiting = Release.objects.select_for_update(skip_locked=True, of=("self",)).filter(done_at=None)
        if number is not None:
            waiting = waiting.filter(pk=number)
        release = waiting.select_related("item").order_by("pk").first()
        if release is None:
            return None
        members = _members(release)
        if not members:
            release.done_at = timezone.now()
            coming_back.bring(list(WorkItem.objects.select_for_update(of=("self",)).filter(pk=release.item_id)))
        else:
            release.went_on += _take_on_each_route(release, members)
            release.looked_at += len(members)
            release.reached = members[-1].pk
        release.save()
        return bool(members)


def _members(release: Release) -> list[Failure]:
    release.item.part = release.part or None
    rows = release.item.failures().filter(opened_at__lte=release.requested_at)
    if release.cause_gone:  # nobody sends just these: what a second person was asked about waits for that
        rows = rows.exclude(pk__in=asked_about.members(release.item))
    if release.seen:
        rows = rows.filter(pk__lte=release.seen)
    if release.reached:
        rows = rows.filter(pk__gt=release.reached)
    return list(rows.order_by("pk")[:STEP])


def _take_on_each_route(release: Release, members: Sequence[Failure]) -> int:
    """Take members on; those of a route that cannot run just now stay as they were, and hold up no other release."""
    went_on = 0
    stayed: list[str] = []
    by_route: dict[int | None, list[Failure]] = {}
    for member in members:
        by_route.setdefault(member.route_id, []).append(member)
    for route, mine in by_route.items():
        try:
            if route is not None and not release.as_then and not release.mapping_version:
                current(Route.objects.get(pk=route))  # asked first: else each member of it would be tried by itself
            with transaction.atomic():
                went_on += _take_on(release, mine)
        except NotReadyToRun as error:
            stayed.append(f"{words.counted(len(mine), release.item.entity)} not sent: {error}")
    for told in stayed:  # last: an item is locked after everything that it holds
        note(release.item, by=release.actor, verb="not sent", reason=told)
    return went_on


def _take_on(release: Release, members: Sequence[Failure]) -> int:
    sent = [m.transaction_id for m in members if m.transaction_id]
    records = [m.record_id for m in members if m.record_id and not m.transaction_id]
    take_source(members, by=release.actor, reason=release.reason)
    return reprocess.whatever_can(
        sent, records, by=release.actor, reason=release.reason, how="fixed", start=Start(release.start),
        cause_gone=release.cause_gone,
        configuration=kept(release.mapping_version or ("then" if release.as_then else "now")),
    )  # fmt: skip


def take_source(members: Sequence[Failure], *, by: By, reason: str) -> None:
    """Let what the source says count where it contradicts a correction, and that is what members have stopped for."""
    asked = {m.record_id for m in members if m.stage == overlays.STAGE and m.record_id}
    if asked:
        overlay_endings.take_source(asked, by=by, reason=reason)
