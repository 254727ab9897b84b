"""What a plan is of: which members in which version and state, with which configuration; and what changed since."""

import json
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection

from exceptions_queue.bulk.choices import Choice
from exceptions_queue.bulk.judging import configurations, version_of
from exceptions_queue.models import BulkRun, State
from routes.models import Route
from routes.models.movement import RecordState
from routes.states import State as Stands

TOLD = 20  # changes that are told; further ones are counted

MEMBERS = """
SELECT encode(sha256(convert_to(coalesce(string_agg(
    concat_ws('|', position, item_id, failure_id, version, stood, outcome, nullif(corrected, '')), E'\\n'
    ORDER BY position
), ''), 'UTF8')), 'hex')
FROM exceptions_queue_bulkmember WHERE run_id = %s
"""
# A mark of what is corrected in a record: what somebody takes back or corrects moves neither its version nor its state.
CORRECTED = """md5((SELECT coalesce(json_agg(json_build_array(o.field, o.value) ORDER BY o.field), '[]')::text
    FROM routes_overlay o WHERE o.route_id = {route} AND o.key = {key} AND o.ended_at IS NULL))"""
# How members stand now, of those that do not stand as they were planned.
CHANGED = f"""
SELECT * FROM (
    SELECT m.id, m.key, m.item_id, m.failure_id IS NULL, m.version, m.stood,
        CASE WHEN m.failure_id IS NULL THEN coalesce((
                SELECT max(e.id) FROM exceptions_queue_workitemevent e WHERE e.item_id = m.item_id)::text, '')
            ELSE coalesce(t.version, r.version, '') END,
        CASE WHEN m.failure_id IS NULL THEN i.state
            WHEN f.id IS NULL OR f.closed_at IS NOT NULL OR f.fingerprint <> i.fingerprint
                THEN 'gone:' || coalesce(t.state, r.state, '')
            ELSE coalesce(t.state, r.state, '') END,
        m.corrected <> '' AND m.corrected <> {CORRECTED.format(route="m.route_id", key="m.key")}
    FROM exceptions_queue_bulkmember m
    JOIN exceptions_queue_workitem i ON i.number = m.item_id
    LEFT JOIN routes_failure f ON f.id = m.failure_id
    LEFT JOIN routes_transaction t ON t.id = m.transaction_id
    LEFT JOIN routes_record r ON r.id = m.record_id AND m.transaction_id IS NULL
    WHERE m.run_id = %s AND m.result = 'waiting' AND (%s::bigint[] IS NULL OR m.id = ANY(%s))
) AS now (id, key, item, whole, version, stood, version_now, stands, otherwise)
WHERE version <> version_now OR stood <> stands OR otherwise ORDER BY id
"""  # noqa: S608 - built from the constant above


@dataclass(frozen=True, slots=True)
class Change:
    """One member that is not what it was when the plan was made."""

    id: int
    key: str
    item: int
    told: str  # in words


def hash_of(run: BulkRun) -> str:
    """Return the hash of a plan: of its members, their versions, states and outcomes, of what is done and with what."""
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [run.pk])
        members = cursor.fetchone()[0]
    rest = json.dumps([run.pk, members, run.choice, run.typed, run.snapshots], sort_keys=True)
    return sha256(rest.encode()).hexdigest()


def changes(run: BulkRun, members: list[int] | None = None) -> list[Change]:
    """Return the members still to be taken on that have changed since they were planned, of all or of some. One query.

    A newer version of a record, another state, other corrections, and a failure that somebody has seen to are changes.
    """
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [run.pk, members, members])
        return [Change(row[0], row[1], row[2], _told(*row[3:])) for row in cursor.fetchall()]


def _told(whole: bool, version: str, stood: str, version_now: str, stands: str, otherwise: bool) -> str:
    if whole:
        if stood != stands:
            return f"before: {State(stood).label}; now: {State(stands).label}"
        return "somebody has done something with it meanwhile"
    if version != version_now:
        return "a newer version of its record has come"
    if otherwise and stood == stands:
        return "its fields are corrected otherwise by now"
    now = stands.removeprefix("gone:")
    if stands.startswith("gone:"):
        return f"somebody has seen to it; now: {_label(now)}" if now else "it is no longer there"
    return f"before: {_label(stood)}; now: {_label(now)}"


def _label(state: str) -> str:
    if state in Stands:
        return str(Stands(state).label)
    return str(RecordState(state).label) if state in RecordState.values else state


def other_configuration(run: BulkRun, choice: Choice) -> list[str]:
    """Return the names of the routes whose configuration is another one than the plan was made with."""
    if not choice.sends or not run.snapshots:
        return []
    now = configurations((int(route) for route in run.snapshots), version_of(run))
    others = [int(route) for route, was in run.snapshots.items() if now.get(int(route), (None, ""))[0] != was]
    return list(Route.objects.filter(pk__in=others).order_by("name").values_list("name", flat=True))
