"""A bulk plan of ten thousand, made as the page and its worker make it: chosen, judged, and its hash taken."""

import gc
import sys
import time
from collections.abc import Iterator

from django.db import connection

from bench.lists.addresses import Asked
from bench.lists.measure import Measured, processor_time
from bench.queue.addresses import Found
from bench.queue.size import PLANNED
from exceptions_queue.bulk import planning, running
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.models import BulkRun, BulkState
from governance.models import User
from hub import garbage

MEMBERS = """
SELECT f.id, t.key FROM routes_failure f JOIN routes_transaction t ON t.id = f.transaction_id
WHERE f.closed_at IS NULL AND f.fingerprint = (SELECT fingerprint FROM exceptions_queue_workitem WHERE number = %s)
ORDER BY f.id LIMIT %s
"""
WAYS = {"resubmissions": {"start": "source", "configuration": "now"}, "waivers": {"reason": "Booked twice."}}


def measure(found: Found, rounds: int) -> list[Measured]:
    """Plan the largest cause's first ten thousand as *farid*, in each way so many times."""
    user = User.objects.get(username="farid")
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [found.largest, PLANNED])
        members = cursor.fetchall()
    keys = tuple(key for _, key in members)
    ticked = Selection(items=(found.largest,), failures=tuple(id_ for id_, _ in members))
    made = []
    garbage.spare_what_is_loaded()  # as a worker does
    for what, choice, selection in (
        ("send 10,000 again", "resubmissions", ticked),
        ("send 10,000 again, their keys pasted", "resubmissions", Selection(names=keys)),
        ("waive 10,000", "waivers", ticked),
    ):
        taken = list(_taken(choice, selection, user, rounds, len(members)))
        times = tuple(each for each, _ in taken)
        processor = sorted(each for _, each in taken)[len(taken) // 2]
        made.append(Measured(Asked("Bulk plan", what, "", "farid"), times, processor, 0))
        print(f"  {made[-1].median:8.1f} ms {processor:8.1f} ms cpu  {what}", file=sys.stderr, flush=True)
    return made


def _taken(name: str, selection: Selection, user: User, rounds: int, members: int) -> Iterator[tuple[float, float]]:
    choice = by_name(name)
    assert choice is not None
    for _ in range(rounds + 1):
        gc.collect()
        spent, at = processor_time(), time.perf_counter()
        run = planning.plan(selection, by=user, choice=choice, data=WAYS[name])
        running.work(seconds=600, run=run.pk)
        taken = (time.perf_counter() - at) * 1000, (processor_time() - spent) * 1000
        run.refresh_from_db()
        assert (run.state, run.chosen, run.planned) == (BulkState.PLANNED, members, members), run.__dict__
        BulkRun.objects.filter(pk=run.pk).delete()
        if _:  # the first only warms up
            yield taken
