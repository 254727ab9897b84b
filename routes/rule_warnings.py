"""What rules of severity "warning" say of transactions, which go on. Where none speaks, the database is not asked."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from canonical.problem import Problem
from routes.arrivals import Arrival, Verdict
from routes.bulk import array, copy_in
from routes.plan import Plan

Row = tuple[object, ...]


def write_down(plan: Plan, pairs: Sequence[tuple[Arrival, Verdict]], *, now: datetime) -> None:
    """Store the warnings of transactions with one COPY, when there are any; in the caller's commit."""
    rows = [row for a, v in pairs if a.problems or v.problems for row in _rows(plan, a, v, now)]
    if rows:
        with connection.cursor() as cursor:
            copy_in(
                cursor,
                "COPY routes_rulewarning (legal_entity_id, transaction_id, stage, rule, field, message, at) FROM STDIN",
                rows,
            )


def _rows(plan: Plan, a: Arrival, v: Verdict, now: datetime) -> list[Row]:
    entity = a.legal_entity or plan.legal_entity_id
    said = [("normalise", p) for p in a.problems] + [("validate", p) for p in v.problems]
    return [(entity, v.transaction, stage, *_words(p), now) for stage, p in said if p.severity == "warning"]


def _words(problem: Problem) -> tuple[str, str, str]:
    return problem.rule[:120], problem.field[:120], problem.message.replace("\x00", "")


def replace(plan: Plan, pairs: Sequence[tuple[Arrival, Verdict]], *, now: datetime) -> None:
    """Store what the rules say of transactions that are taken on again, in place of what they said before.

    What the mapping from the source said stays where it is not run again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM routes_rulewarning WHERE transaction_id = ANY(%s::uuid[])"
            " AND (stage = 'validate' OR transaction_id = ANY(%s::uuid[]))",
            [array(v.transaction for _, v in pairs), array(v.transaction for a, v in pairs if a.raw)],
        )
    write_down(plan, pairs, now=now)
