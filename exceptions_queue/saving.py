"""Saving many items in one statement whose text does not grow with them.

Django's own way writes a case for every item and column; for sixty items that took the database and Python a hundred
times as long as the update itself.
"""

import json
from collections.abc import Sequence

from django.db import connection

from exceptions_queue.models import WorkItem
from routes.bulk import arrays

TYPES = {
    "state": "text", "waiting_on": "text", "resolution": "text", "root_cause": "text", "resolved_by": "text",
    "resolved_at": "timestamptz", "members": "int", "seen": "int", "gathers": "bool", "hours": "numeric",
    "amount": "numeric", "currency": "text", "without_amount": "int", "last_seen": "timestamptz", "about": "jsonb",
    "reopened": "int",
    "opened_at": "timestamptz", "came_from": "text", "wakes_at": "timestamptz", "wakes_above": "int",
    "wakes_above_amount": "numeric", "duplicate_of_id": "bigint", "worth": "numeric", "worth_once": "numeric",
    "worth_currency": "text", "worth_lacks": "text", "due_at": "timestamptz", "due_key": "text", "due_of": "text",
    "due_bills": "bool", "priority": "smallint", "rank": "smallint", "reckoned_at": "timestamptz",
    "owner": "text", "assignee": "text", "placed_by": "text", "routed_rule": "bigint", "routed_why": "text",
    "routed_worth": "numeric", "routed_at": "timestamptz", "priority_set": "smallint", "priority_set_by": "text",
    "priority_reason": "text",
}  # fmt: skip


def save(items: Sequence[WorkItem], fields: Sequence[str]) -> None:
    """Write some fields of locked items; in the caller's commit. One query."""
    if not items:
        return
    names = ", ".join(fields)
    values = ", ".join(f"{name} = w.{name}" for name in fields)
    lists = ", ".join(f"%s::{TYPES[name]}[]" for name in fields)
    rows = [(item.number, *(_written(item, name) for name in fields)) for item in items]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE exceptions_queue_workitem i SET {values}"  # noqa: S608 - names from the table above
            f" FROM unnest(%s::bigint[], {lists}) AS w(number, {names}) WHERE i.number = w.number",
            arrays(rows, len(fields) + 1),
        )


def _written(item: WorkItem, name: str) -> object:
    value = getattr(item, name)
    return json.dumps(value) if TYPES[name] == "jsonb" else value
