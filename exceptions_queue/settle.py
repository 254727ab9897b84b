"""Closing items whose members have all come to an end, with the code that says how.

Codes that begin with `auto:` are the hub's own finding. `fixed` is given only when everything that was sent again is
posted (or has become needless); until then the item stays "sent again".
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from canonical.failure import Category
from exceptions_queue import saving, waking
from exceptions_queue.models import Release, Resolution, RootCause, State, WorkItem, WorkItemEvent
from exceptions_queue.moving import event_of
from governance import audit
from governance.actor import ENGINE, Actor, ActorKind
from routes.models import SendingBack
from routes.states import ENDS
from routes.states import State as Stands

# Where a transaction stands. What a person's correction has stored as a newer version goes on as that, and what was
# taken back as what was made of it afterwards, where something was: these tell.
STANDS = """CASE WHEN {t}.state = 'reversed' OR {t}.state = 'superseded' AND EXISTS (
    SELECT FROM routes_history h
    WHERE h.subject_id = {t}.id AND h.to_state = 'superseded' AND h.actor_kind = 'person')
THEN coalesce((
    SELECT n.state FROM routes_record r
    JOIN routes_record p ON p.route_id = r.route_id AND p.key = r.key
        AND (p.version > r.version OR {t}.state = 'reversed' AND p.id = r.id)
    JOIN routes_transaction n ON n.record_id = p.id AND n.destination_id = {t}.destination_id AND NOT n.withdraws
        AND n.id > {t}.id
    WHERE r.id = {t}.record_id ORDER BY n.version DESC, n.id DESC LIMIT 1),
    CASE {t}.state WHEN 'reversed' THEN 'reversed' ELSE 'filtered' END)
ELSE {t}.state END"""
# A person has said where the parent is: whichever process let go on what waited, it is their deed.
LET_GO = """EXISTS (SELECT FROM exceptions_queue_release r WHERE r.item_id = i.number AND r.actor_kind = 'person'
    AND r.cause_gone AND r.requested_at BETWEEN i.opened_at AND f.closed_at)"""
# What stopped several times on its way to a place counts as it ended last: taken back and posted anew, it is posted.
OUTCOMES = f"""
WITH mine AS (
    SELECT DISTINCT ON (i.number, coalesce(f.record_id, f.transaction_id, f.id), t.destination_id)
        i.number, f.transaction_id, f.record_id,
        CASE WHEN f.closed_how = 'auto:parent_arrived' AND {LET_GO} THEN 'fixed' ELSE f.closed_how END AS closed_how
    FROM exceptions_queue_workitem i
    JOIN routes_failure f ON f.fingerprint = i.fingerprint AND f.closed_at >= i.opened_at
    LEFT JOIN routes_transaction t ON t.id = f.transaction_id
    WHERE i.number = ANY(%s)
    ORDER BY i.number, coalesce(f.record_id, f.transaction_id, f.id), t.destination_id, f.closed_at DESC, f.id DESC
), sent_again AS (
    SELECT number, transaction_id AS id FROM mine WHERE closed_how = 'fixed' AND transaction_id IS NOT NULL
    UNION
    SELECT m.number, t.id FROM mine m JOIN routes_transaction t ON t.record_id = m.record_id
    WHERE m.closed_how = 'fixed' AND m.transaction_id IS NULL
)
SELECT number, 'closed', closed_how, count(*) FROM mine GROUP BY number, closed_how
UNION ALL
SELECT number, 'stands', state, count(*) FROM (
    SELECT s.number, {STANDS.format(t="t")} AS state
    FROM sent_again s JOIN routes_transaction t ON t.id = s.id) stands GROUP BY number, state
"""  # noqa: S608 - built from the constant above
CHANGED = ("state", "waiting_on", "resolution", "root_cause", "resolved_by", "resolved_at", *waking.REST)
# How an item ended of which all that was sent again came to the same end.
ENDED_ALIKE: dict[str, Resolution] = {
    Stands.POSTED: Resolution.FIXED, Stands.SUPERSEDED: Resolution.NEWER_VERSION, Stands.WAIVED: Resolution.WAIVED,
}  # fmt: skip
STOPPED = {Stands.FAILED, Stands.PARKED, Stands.HELD}
# How failures are closed of which nothing is posted by that: beside them not everything of an item is.
NOT_POSTED_BY = frozenset({"waived", "reversed", "no_action", "auto:newer_version", "auto:source_withdrawn"})


def settle_sent_again(limit: int = 500) -> int:
    """Close the items that were sent again and whose members have all arrived since; return how many."""
    with transaction.atomic():
        rows = WorkItem.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state=State.RESUBMITTED, members=0
        )
        return settle(list(rows.order_by("opened_at")[:limit]))


def settle(items: list[WorkItem]) -> int:
    """Close those of these locked items, all without open members, that are at an end; return how many.

    A constant number of queries.
    """
    if not items:
        return 0
    closed, stands, now = outcomes([item.number for item in items])
    people = _people(items)
    away = of_sources([item.number for item in items])
    releasing = set(Release.objects.filter(item__in=items, done_at=None).values_list("item_id", flat=True))
    events: list[WorkItemEvent] = []
    done = []
    for item in items:
        was = item.state
        if item.number in away:
            continue  # its source has not answered yet: until then it is somebody's
        code = _code(closed.get(item.number, {}), stands.get(item.number, {}))
        if code is None or item.number in releasing:
            if was != State.RESUBMITTED:
                item.state = State.RESUBMITTED
                events.append(event_of(item, by=ENGINE, verb="sent again", at=now, frm=was, reason="on its way again"))
            continue
        if code == Resolution.RETRY_SUCCEEDED and item.category == Category.CREDENTIALS and item.root_cause:
            code = Resolution.FIXED  # it succeeded since somebody has entered the sign-in anew
        who = ENGINE if code.startswith("auto:") else people.get(item.number, ENGINE)
        _resolve(item, code, who, now)
        done.append((item, who))
        events.append(event_of(item, by=who, verb="resolved", at=now, frm=was, reason=code.label))
    saving.save(items, CHANGED)
    WorkItemEvent.objects.bulk_create(events)
    audit.record_all(
        [
            audit.entry_of(
                by=who, verb="resolve", thing=item, after={"resolution": item.resolution},
                legal_entity=item.legal_entity_id,
            )
            for item, who in done
        ]
    )  # fmt: skip
    return len(done)


AWAY = """
SELECT DISTINCT i.number FROM routes_sendingback s
JOIN routes_failure f ON f.id = s.failure_id
JOIN exceptions_queue_workitem i ON i.fingerprint = f.fingerprint
WHERE i.number = ANY(%s) AND s.answered_at IS NULL AND s.state <> 'refused'
"""


def of_sources(numbers: list[int]) -> set[int]:
    """Return which items hold something that was sent back and of which its source has sent nothing newer.

    One query; two where something is away at all.
    """
    if not numbers or not SendingBack.objects.filter(answered_at=None).exists():
        return set()
    with connection.cursor() as cursor:
        cursor.execute(AWAY, [numbers])
        return {row[0] for row in cursor.fetchall()}


NOT_POSTED = f"""
SELECT count(*) FROM (
    SELECT DISTINCT coalesce(f.transaction_id, t.id, f.record_id) AS id,
        coalesce({STANDS.format(t="own")}, {STANDS.format(t="t")}, '') AS state
    FROM exceptions_queue_workitem i
    JOIN routes_failure f ON f.fingerprint = i.fingerprint AND f.closed_at IS NOT NULL AND (
        f.closed_at >= i.opened_at
        OR NOT EXISTS (SELECT FROM routes_failure h WHERE h.fingerprint = i.fingerprint AND h.closed_at >= i.opened_at))
    LEFT JOIN routes_transaction own ON own.id = f.transaction_id
    LEFT JOIN routes_transaction t ON t.record_id = f.record_id AND f.transaction_id IS NULL
    WHERE i.number = %s AND f.record_id IS NOT NULL
) held WHERE state <> 'posted'
"""  # noqa: S608 - built from the constant above


def not_posted(item: WorkItem) -> int:
    """Return how much of what an item held in this episode, or ever where that is nothing, is not posted. One query.

    What somebody opens again holds nothing in that episode, and is no more fixed than it was.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOT_POSTED, [item.number])
        return int(cursor.fetchone()[0])


def outcomes(
    numbers: list[int],
) -> tuple[dict[int, dict[str, int]], dict[int, dict[str, int]], datetime]:
    """Return per item how its failures were closed, and where what was sent again stands; and the time."""
    closed: dict[int, dict[str, int]] = {}
    stands: dict[int, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        cursor.execute(OUTCOMES, [numbers])
        for number, kind, name, count in cursor.fetchall():
            (closed if kind == "closed" else stands).setdefault(number, {})[name] = count
    return closed, stands, now


def _people(items: Iterable[WorkItem]) -> dict[int, Actor]:
    """Return who last had a hand in each item."""
    last = (
        WorkItemEvent.objects.filter(item__in=list(items), actor_kind=ActorKind.PERSON)
        .order_by("item_id", "-pk")
        .distinct("item_id")
    )
    return {each.item_id: Actor(ActorKind.PERSON, each.actor_id, each.actor_name) for each in last}


def _code(closed: dict[str, int], stands: dict[str, int]) -> Resolution | None:
    """Return how an item ended; None while something is under way. Fixed is only what is posted, all of it."""
    if any(state not in ENDS and state not in STOPPED for state in stands):
        return None
    if closed.get("fixed"):
        ended = set(stands)
        code = ENDED_ALIKE.get(next(iter(ended))) if len(ended) == 1 else None if ended else Resolution.FIXED
        if code is None or (code == Resolution.FIXED and NOT_POSTED_BY & closed.keys()):
            return Resolution.PASSED_ON
        return code
    if closed.get("waived"):
        return Resolution.WAIVED
    automatic = {how: count for how, count in closed.items() if how in Resolution.values}
    if closed.get("reversed") and not automatic:
        return Resolution.PASSED_ON
    most = max(automatic, key=lambda how: automatic[how], default=Resolution.RETRY_SUCCEEDED)
    return Resolution(most)


def _resolve(item: WorkItem, code: Resolution, who: Actor, now: datetime) -> None:
    item.state, item.waiting_on, item.resolution = State.RESOLVED, "", code
    waking.clear(item)
    item.resolved_by, item.resolved_at = who.reference, now
    if not item.root_cause:
        item.root_cause = RootCause.NO_ACTION if code == Resolution.WAIVED else ""
