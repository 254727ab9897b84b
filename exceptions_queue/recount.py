"""Counting anew what items amount to because another item let go, or took, records that they hold as well."""

from django.db import connection, transaction

from exceptions_queue import intake, reckoning
from exceptions_queue.models import Recount, WorkItem

LIMIT = 200

LOCK = """
SELECT n.number FROM unnest(%s::bigint[], %s::text[]) AS n(number, cause)
WHERE pg_try_advisory_xact_lock(%s, hashtext(n.cause))
"""


def sweep(limit: int = LIMIT) -> int:
    """Count anew at most so many items that somebody left word for; return how many there were. Constant queries."""
    with transaction.atomic():
        marks = list(Recount.objects.select_for_update(skip_locked=True).order_by("pk")[:limit])
        if not marks:
            return 0
        wanted = {each.item_id for each in marks}
        causes = dict(WorkItem.objects.open().filter(pk__in=wanted).values_list("pk", "fingerprint"))
        mine = _locked(causes)
        rows = WorkItem.objects.select_for_update(of=("self",)).filter(pk__in=mine).order_by("number")
        items = [item for item in rows if item.is_open]
        intake.save_amounts(items, intake.standing_of([item.fingerprint for item in items]))
        left = causes.keys() - mine  # others are at them: the word stays
        Recount.objects.filter(pk__in=[each.pk for each in marks if each.item_id not in left]).delete()
        reckoning.reckon(items, reckoning.now())
        return len(mine)


def _locked(causes: dict[int, str]) -> set[int]:
    """Return the numbers of the items whose cause nobody else takes in now."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [list(causes), list(causes.values()), intake.LOCK])
        return {row[0] for row in cursor.fetchall()}
