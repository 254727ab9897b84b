"""Finding what vanished at a source that reports no deletions: compare the ids of a window of days.

A comparison that would withdraw more than the route's limit is held for a person: more often than not the source showed
less than it has (a lost right, a filter), and withdrawing a month of time would reverse a month of postings. What such
a comparison did not find is marked then and there: nothing that comes afterwards is ever part of what a person agrees
to, and what the source shows meanwhile is part of it no longer.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import failures, meeting, receive, unforeseen
from routes.arrivals import UNREADABLE
from routes.models import Run
from routes.models.movement import RunState
from routes.plan import Plan

ALWAYS_FINE = 3  # so few missing records are no sign of a source that hides things
KEPT = "A person has refused it: nothing was withdrawn."
OFF = "Its route is switched off, so nothing is withdrawn. Switch the route on, then approve it; or refuse it."


def mark_seen(plan: Plan, keys: Sequence[str], *, run: UUID) -> None:
    """Note that the source still has these keys; in the page's commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_sourcehead SET seen_run = %s WHERE route_id = %s AND key = ANY(%s)",
            [run, plan.route_id, list(keys)],
        )


# What came once the run had been asked for was shown by the source since: its page may have been read before.
MISSING = """
SELECT count(*), coalesce(array_agg(h.key ORDER BY h.key) FILTER (WHERE h.seen_run IS DISTINCT FROM %s), '{}')
FROM routes_sourcehead h
WHERE h.route_id = %s AND NOT h.withdrawn AND h.occurred_on BETWEEN %s AND %s
  AND (h.seen_run IS NOT DISTINCT FROM %s
       OR NOT EXISTS (SELECT FROM routes_record r WHERE r.id = h.record_id AND r.received_at >= %s))
"""
NAMELESS = """
SELECT count(*) FROM routes_sourcehead WHERE route_id = %s AND seen_run = %s AND starts_with(key, %s)
"""


def _missing(run: Run) -> tuple[list[str], int]:
    """Return the keys that the run did not find, and how many it might have found."""
    window = [run.window_from, run.window_to]
    with connection.cursor() as cursor:
        cursor.execute(MISSING, [run.pk, run.route_id, *window, run.pk, run.created_at])
        known, missing = cursor.fetchone()
    return missing, known


def _nameless(run: Run) -> int:
    """Return how many records the run has read of which not even the key could be read: each may be a missing one."""
    with connection.cursor() as cursor:
        cursor.execute(NAMELESS, [run.route_id, run.pk, UNREADABLE])
        return int(cursor.fetchone()[0])


def finish(run: Run, plan: Plan, *, owner: UUID) -> None:
    """Withdraw what the window no longer shows, or hold the run for a person when that is too much or in doubt."""
    with transaction.atomic():
        meeting.hold_route(run.route_id)  # nothing of it is read between being missed and being withdrawn
        missing, known = _missing(run)
        nameless = _nameless(run) if missing else 0
        limit = max(ALWAYS_FINE, known * run.route.shrink_limit_percent // 100)
        if nameless or len(missing) > limit:
            _hold(run, owner, missing, known, nameless)
        else:
            _end(run, owner, _withdraw(run, plan, missing))


LEFT = "this record is left as it is, and all others went on. The next comparison tries it again by itself."
TOLD = """
UPDATE routes_failure f SET closed_at = (SELECT hub_now()), closed_how = 'auto:retry_succeeded', taken = false
FROM routes_record r
WHERE r.id = f.record_id AND f.route_id = %s AND f.stage = 'compare' AND f.closed_at IS NULL
  AND r.occurred_on BETWEEN %s AND %s AND f.record_id <> ALL(%s::uuid[])
"""
LEFT_ALONE = """
SELECT h.key, h.record_id, r.legal_entity_id, r.amount, r.currency, r.hours, (SELECT hub_now())
FROM routes_sourcehead h JOIN routes_record r ON r.id = h.record_id
WHERE h.route_id = %s AND h.key = ANY(%s) AND NOT EXISTS (
    SELECT FROM routes_failure f WHERE f.record_id = h.record_id AND f.stage = 'compare' AND f.closed_at IS NULL)
"""


def _withdraw(run: Run, plan: Plan, missing: Sequence[str]) -> int:
    """Withdraw what is missing and return how many; what something unforeseen keeps in place is left to people.

    Raises what was met when more records than unforeseen.MOST meet it: then the fault lies with the hub.
    """
    withdrawn: list[int] = []
    left: dict[str, Exception] = {}

    def work(part: Sequence[str]) -> None:
        withdrawn.append(receive.withdraw_missing(plan, part, run=run.pk))

    unforeseen.through(missing, work, left.__setitem__)
    _tell(run, plan, left)
    return sum(withdrawn)


def _tell(run: Run, plan: Plan, left: Mapping[str, Exception]) -> None:
    """Write down what is left in place, once each, and close what was told before and has passed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_id FROM routes_sourcehead WHERE route_id = %s AND key = ANY(%s)", [run.route_id, list(left)]
        )
        still = [record for (record,) in cursor.fetchall()]
        cursor.execute(TOLD, [run.route_id, run.window_from, run.window_to, still])
        cursor.execute(LEFT_ALONE, [run.route_id, list(left)])
        rows = cursor.fetchall()
    troubles = [
        failures.Trouble(
            entity or run.legal_entity_id, run.route_id, "compare", unforeseen.problem(left[key], LEFT), record=record,
            run=run.pk, connection_id=plan.connection_id, amount=amount, currency=currency, hours=hours,
        )
        for key, record, entity, amount, currency, hours, _ in rows
    ]  # fmt: skip
    if troubles:
        failures.write_down(troubles, at=rows[0][-1])


def _hold(run: Run, owner: UUID, missing: Sequence[str], known: int, nameless: int) -> None:
    """Hold a run for a person, with a mark on what it is held for."""
    days = f"between {run.window_from} and {run.window_to}"
    gone = f"{len(missing)} of {known} records {days} are no longer at the source"
    then = "approve that they are withdrawn, or refuse it: then nothing is, and the next comparison looks again."
    if nameless:
        words = (
            f"{gone}, as far as can be told: of {nameless} that it shows, not even the key can be read, and these may "
            f"be among them. See to those first, then {then}"
        )
    else:
        words = (
            f"{gone}, more than the {run.route.shrink_limit_percent} % that may vanish unseen. Check the connection's "
            f"rights and the source, then {then}"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_sourcehead SET missed_by = %s WHERE route_id = %s AND key = ANY(%s)",
            [run.pk, run.route_id, list(missing)],
        )
        cursor.execute(
            "UPDATE routes_run SET state = 'held', due_at = NULL, lease_owner = NULL, message = %s"
            " WHERE id = %s AND lease_owner = %s RETURNING (SELECT hub_now())",
            [words, run.pk, owner],
        )
        found = cursor.fetchone()
    if found:
        problem = Problem("error", Category.APPROVAL_MISSING, "", None, words, len(missing), "an approval")
        trouble = failures.Trouble(run.legal_entity_id, run.route_id, "compare", problem, run=run.pk)
        failures.write_down([trouble], at=found[0])


def _end(run: Run, owner: UUID | None, withdrawn: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_run SET state = 'done', ended_at = (SELECT hub_now()), due_at = NULL, message = '',"
            " withdrawn = %s, read = read + %s, changed = changed + %s, lease_owner = NULL"
            " WHERE id = %s AND lease_owner IS NOT DISTINCT FROM %s",
            [withdrawn, withdrawn, withdrawn, run.pk, owner],
        )
    failures.close_of_run(run.route_id, stage="compare", how="auto:retry_succeeded")


def _held(run: Run) -> Run:
    """Return a run that is held, with its route, for this commit. Raises ValueError where it is not held."""
    meeting.hold_route(run.route_id)
    row = Run.objects.select_for_update().get(pk=run.pk)
    if row.state != RunState.HELD:
        raise ValueError(f"The run is {row.get_state_display()} and waits for no approval. Look at its present state.")
    return row


def _still_missing(run: Run) -> list[str]:
    """Return the keys that a run is held for and that the source has not shown since."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM routes_sourcehead WHERE route_id = %s AND NOT withdrawn AND missed_by = %s"
            " AND occurred_on BETWEEN %s AND %s ORDER BY key",
            [run.route_id, run.pk, run.window_from, run.window_to],
        )
        return [key for (key,) in cursor.fetchall()]


@transaction.atomic
def approve(run: Run, plan: Plan, *, by: By, reason: str) -> int:
    """Let a held comparison withdraw what it is held for; return how many records it withdrew.

    What the source has shown since stays, as does all that came since. Raises governance.rights.NotAllowed, and
    ValueError, in words, where the run is not held or its route is switched off.
    """
    require(by, Right.APPROVE, run.legal_entity)
    row = _held(run)
    if not row.route.enabled:
        raise ValueError(OFF)
    withdrawn = _withdraw(row, plan, _still_missing(row))
    _end(row, None, withdrawn)
    audit.record(
        by=by, verb="approve", thing=row, after={"withdrawn": withdrawn}, reason=reason, legal_entity=row.legal_entity
    )
    return withdrawn


@transaction.atomic
def refuse(run: Run, *, by: By, reason: str) -> None:
    """End a held comparison without withdrawing anything; the next one looks again.

    Raises governance.rights.NotAllowed.
    """
    require(by, Right.APPROVE, run.legal_entity)
    row = _held(run)
    kept = _still_missing(row)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_sourcehead SET missed_by = NULL WHERE route_id = %s AND key = ANY(%s)", [row.route_id, kept]
        )
        cursor.execute(
            "UPDATE routes_run SET state = 'done', ended_at = (SELECT hub_now()), message = %s WHERE id = %s",
            [KEPT, row.pk],
        )
    failures.close_of_run(row.route_id, stage="compare", how="no_action")
    audit.record(
        by=by, verb="refuse", thing=row, after={"withdrawn": 0, "kept": len(kept)}, reason=reason,
        legal_entity=row.legal_entity,
    )  # fmt: skip
