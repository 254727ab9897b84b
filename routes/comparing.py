"""Finding what vanished at a source that reports no deletions: compare the ids of a window of days.

A comparison that would withdraw more than the route's limit is held for a person: more often than not the source showed
less than it has (a lost right, a filter), and withdrawing a month of time would reverse a month of postings.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import failures, receive, unforeseen
from routes.models import Run
from routes.models.movement import RunState
from routes.plan import Plan

ALWAYS_FINE = 3  # so few missing records are no sign of a source that hides things


def mark_seen(plan: Plan, keys: Sequence[str], *, run: UUID) -> None:
    """Note that the source still has these keys; in the page's commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_sourcehead SET seen_run = %s WHERE route_id = %s AND key = ANY(%s)",
            [run, plan.route_id, list(keys)],
        )


def _missing(run: Run) -> tuple[list[str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, seen_run IS DISTINCT FROM %s FROM routes_sourcehead"
            " WHERE route_id = %s AND NOT withdrawn AND occurred_on BETWEEN %s AND %s ORDER BY key",
            [run.pk, run.route_id, run.window_from, run.window_to],
        )
        rows = cursor.fetchall()
    return [key for key, missing in rows if missing], len(rows)


def finish(run: Run, plan: Plan, *, owner: UUID) -> None:
    """Withdraw what the window no longer shows, or hold the run for a person when that is too much."""
    missing, known = _missing(run)
    limit = max(ALWAYS_FINE, known * run.route.shrink_limit_percent // 100)
    with transaction.atomic():
        if len(missing) > limit:
            _hold(run, owner, len(missing), known)
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


def _hold(run: Run, owner: UUID, missing: int, known: int) -> None:
    words = (
        f"{missing} of {known} records between {run.window_from} and {run.window_to} are no longer at the source, more "
        f"than the {run.route.shrink_limit_percent} % that may vanish unseen. Check the connection's rights and the "
        "source, then approve the run or stop it."
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_run SET state = 'held', due_at = NULL, lease_owner = NULL, message = %s"
            " WHERE id = %s AND lease_owner = %s RETURNING (SELECT hub_now())",
            [words, run.pk, owner],
        )
        found = cursor.fetchone()
    if found:
        problem = Problem("error", Category.APPROVAL_MISSING, "", None, words, missing, "an approval")
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


@transaction.atomic
def approve(run: Run, plan: Plan, *, by: By, reason: str) -> int:
    """Let a held comparison withdraw what is missing; return how many records it withdrew.

    Raises governance.rights.NotAllowed.
    """
    require(by, Right.APPROVE, run.legal_entity)
    row = Run.objects.select_for_update().get(pk=run.pk)
    if row.state != RunState.HELD:
        raise ValueError(f"The run is {row.get_state_display()} and waits for no approval. Look at its present state.")
    missing, _ = _missing(row)
    withdrawn = _withdraw(row, plan, missing)
    _end(row, None, withdrawn)
    audit.record(
        by=by, verb="approve", thing=row, after={"withdrawn": withdrawn}, reason=reason, legal_entity=row.legal_entity
    )
    return withdrawn
