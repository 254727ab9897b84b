"""What became of what was sent back to its source: told on its exception, which closes once the source has answered."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection, transaction

from exceptions_queue import settle, waking, words
from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.settle import of_sources
from governance.actor import ENGINE
from routes.models import Failure, SendingBack, SendingBackState

LIMIT = 500
CAME_BACK = """
SELECT DISTINCT i.number FROM routes_sendingback s
JOIN routes_failure f ON f.id = s.failure_id
JOIN exceptions_queue_workitem i ON i.fingerprint = f.fingerprint AND i.state = 'waiting' AND i.wakes_at IS NOT NULL
    AND i.members > 0 AND i.waiting_on LIKE 'the corrected version%%'
WHERE s.answered_at >= (SELECT hub_now()) - interval '2 days' ORDER BY 1 LIMIT %s
"""


def sweep() -> None:
    """Say on exceptions how sending back ended, close those whose records have come back, wake the others."""
    with transaction.atomic():
        _tell()
    with transaction.atomic():
        waiting = WorkItem.objects.select_for_update(of=("self",), skip_locked=True).filter(members=0)
        waiting = waiting.exclude(state__in=(State.RESOLVED, State.RESUBMITTED))
        settle.settle(list(waiting.filter(root_cause="source").order_by("opened_at")[:LIMIT]))
    with transaction.atomic():
        _wake()


def _tell() -> None:
    rows = SendingBack.objects.select_for_update(of=("self",), skip_locked=True).filter(
        ended_at__isnull=False, told=False
    )
    found = list(rows.select_related("connection").order_by("ended_at")[:LIMIT])
    causes = dict(Failure.objects.filter(pk__in=[row.failure_id for row in found]).values_list("pk", "fingerprint"))
    by_item: dict[str, list[SendingBack]] = defaultdict(list)
    for row in found:
        if row.failure_id in causes:
            by_item[causes[row.failure_id]].append(row)
    for cause, members in by_item.items():
        item = WorkItem.objects.filter(fingerprint=cause).order_by("-number").first()
        if item is not None:
            _tell_one(item, members)
    SendingBack.objects.filter(pk__in=[row.pk for row in found]).update(told=True)


def _tell_one(item: WorkItem, members: Sequence[SendingBack]) -> None:
    done = [row for row in members if row.state == SendingBackState.CONFIRMED]
    if done:
        told = f"{done[0].connection or 'Its source'} has taken {words.counted(len(done), item.entity)} back"
        note(item, by=ENGINE, verb="sent back", reason=told)
    for message in dict.fromkeys(row.message for row in members if row.state != SendingBackState.CONFIRMED):
        failed = [row for row in members if row.message == message and row.state != SendingBackState.CONFIRMED]
        named = ", ".join(row.key for row in failed[:5])
        told = f"{words.counted(len(failed), item.entity)} not sent back ({named}): {message}"
        row = note(item, by=ENGINE, verb="not sent back", reason=told)
        if waking.rests(row):
            waking.awake(row, told, members[0].ended_at or row.last_seen).save()
            row.save(update_fields=["state", "waiting_on", *waking.REST])


def _wake() -> None:
    """Wake items whose records have come back, and stopped again for the same cause."""
    with connection.cursor() as cursor:
        cursor.execute(CAME_BACK, [LIMIT])
        numbers = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    left = of_sources(numbers)
    for item in WorkItem.objects.select_for_update(of=("self",)).filter(number__in=set(numbers) - left):
        waking.awake(item, "it has come back from its source, and stopped for the same cause again", now).save()
        item.save(update_fields=["state", "waiting_on", *waking.REST])
