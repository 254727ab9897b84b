"""What the first members of open items tell: how often they were sent, and by which versions of mappings.

One cause has stopped all members alike, so that a few speak for them, as in the list's columns. Nothing of this is kept
with the items: for numbers beside the list the most urgent items alone are looked at, and the numbers say "at least".
"""

from collections import Counter
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, IntegerField, Q
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

from exceptions_queue.models import State
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query.values import Compared
from exceptions_queue.tried import LOOKED, tries_of
from routes.models import Snapshot

WORDS = frozenset({"tries", "version"})
MOST = 2_000  # items of a line that are looked at to count
OPEN = ~Q(state=State.RESOLVED)

FIRST = f"""SELECT transaction_id FROM routes_failure
    WHERE fingerprint = {{cause}} AND closed_at IS NULL AND transaction_id IS NOT NULL LIMIT {LOOKED}"""  # noqa: S608
TRIES = f"""(SELECT coalesce(max(c.tries), 0) FROM ({FIRST.format(cause="%(expressions)s")}) f CROSS JOIN LATERAL (
    SELECT count(*) AS tries FROM routes_effectlink l JOIN routes_attempt a ON a.effect_id = l.effect_id
    WHERE l.transaction_id = f.transaction_id AND a.kind = 'write') c)"""  # noqa: S608 - constants
MADE_WITH = f"""EXISTS (SELECT FROM ({FIRST.format(cause="%(expressions)s")}) f
    JOIN routes_transaction t ON t.id = f.transaction_id
    WHERE (t.snapshot_id, t.destination_id) IN (%(pairs)s))"""
CONFIGURATIONS = f"""
SELECT DISTINCT w.number, t.snapshot_id, t.destination_id FROM unnest(%s::bigint[], %s::text[]) AS w(number, cause)
CROSS JOIN LATERAL ({FIRST.format(cause="w.cause")}) f JOIN routes_transaction t ON t.id = f.transaction_id
"""  # noqa: S608 - constants


def tried(value: Compared) -> Q:
    """Return the open items of which the most tried of the first members was sent so often."""
    times = Func(F("fingerprint"), template=TRIES, output_field=IntegerField())
    found = OPEN
    if value.least is not None:
        found &= Q((GreaterThanOrEqual if value.least_in else GreaterThan)(times, value.least))
    if value.most is not None:
        found &= Q((LessThanOrEqual if value.most_in else LessThan)(times, value.most))
    return found


def made_with(value: str) -> Q:
    """Return the open items whose first members were made with a mapping, or a version of it: `time-out@2`."""
    name, _, version = value.rpartition("@") if "@" in value else (value, "", "")
    pairs = [
        f"({snapshot}, {destination})" for snapshot, destination, mapping, number in _versions(Snapshot.objects.all())
        if mapping == name and version in ("", str(number))
    ]  # fmt: skip
    if not pairs:
        return Q(pk__in=[])
    return OPEN & Q(Func(F("fingerprint"), template=MADE_WITH, pairs=", ".join(pairs), output_field=BooleanField()))


def counted(rows: WorkItemQuerySet, word: str, bands: list[tuple[str, Compared]]) -> tuple[dict[str, int], bool]:
    """Return how many of a line's open items have each value, of the most urgent, and whether there are further.

    Three queries. `bands` are the values of `tries`.
    """
    items = list(rows.open().by_money().only("number", "fingerprint")[: MOST + 1])
    items, cut = items[:MOST], len(items) > MOST
    if word == "tries":
        times = tries_of(items)
        of_each = [times.get(item.number, 0) for item in items]
        return {band: n for band, meant in bands if (n := sum(_within(each, meant) for each in of_each))}, cut
    with connection.cursor() as cursor:
        cursor.execute(CONFIGURATIONS, [[item.number for item in items], [item.fingerprint for item in items]])
        made = cursor.fetchall()
    known: dict[tuple[int, int], list[str]] = {}
    for snapshot, destination, name, number in _versions(Snapshot.objects.filter(pk__in={each[1] for each in made})):
        known.setdefault((snapshot, destination), []).append(f"{name}@{number}")
    each_once = {(item, version) for item, *pair in made for version in known.get((pair[0], pair[1]), ())}
    return dict(Counter(version for _, version in each_once)), cut


def _versions(snapshots: Any) -> list[tuple[int, int, str, int]]:
    """Return by snapshot and destination the mappings that they go by, with their versions. One query."""
    found = []
    for pk, inward, destinations in snapshots.values_list("pk", "content__normalise", "content__destinations"):
        for destination in destinations or ():
            used = [each for each in (inward, destination.get("translate")) if each]
            found += [(pk, destination["id"], each["name"], each["version"]) for each in used]
    return found


def _within(number: int, bounds: Compared) -> bool:
    over = bounds.least is None or number > bounds.least or (bounds.least_in and number == bounds.least)
    return over and (bounds.most is None or number < bounds.most or (bounds.most_in and number == bounds.most))
