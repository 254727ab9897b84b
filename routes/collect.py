"""Grouping: posted transactions of one destination become records of another route (hours → an invoice).

Each posted transaction is collected at most once per route; the database holds that. The effect of the grouped record
stands for all of them, so the lineage from the invoice line back to the hour survives.

A grouped record has versions as any other. When an hour on it is posted anew or is taken back, the record's next
version holds the hour as it is posted now, or lacks it. What that means at the target is decided where it is for every
record: an earlier version is superseded, waited for, or corrected in the destination's way.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity
from canonical.failure import Category
from canonical.problem import Problem
from mappings.batch import run_mixed
from routes import evaluation, legal_entities, locks, overlays, receive, storing
from routes.arrivals import Arrival, decode, digest, exact, version_at
from routes.bulk import array, arrays
from routes.plan import Plan
from routes.standing import standings

LIMIT = 20_000  # transactions that one run groups; the next run takes the rest
UNGROUPED = "ungrouped/"  # begins the name of a group of one, for which the formula has none
NO_GROUP = (
    "The route's grouping formula gives no group for this record. Correct the formula and send this again: the next "
    "run puts it where it belongs."
)

POSTED = """
SELECT t.id, t.key, p.body, h.live_external_id, e.reference
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
    AND h.live_transaction_id = t.id
JOIN routes_effect e ON e.id = h.live_effect_id
JOIN routes_record r ON r.id = t.record_id
CROSS JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p
WHERE t.destination_id = %s AND t.state = 'posted'
  AND NOT EXISTS (SELECT FROM routes_collected c WHERE c.route_id = %s AND c.source_transaction_id = t.id)
ORDER BY t.key LIMIT %s
"""
# A transaction stands on a record as long as it is collected into the record's newest version.
STANDING = """
SELECT t.key, h.key
FROM routes_transaction t
JOIN routes_collected c ON c.route_id = %s AND c.source_transaction_id = t.id
JOIN routes_sourcehead h ON h.route_id = c.route_id AND h.record_id = c.record_id
WHERE t.destination_id = %s AND t.key = ANY(%s::text[])
"""
# Between a reversal and the posting of the new version nothing stands either: then a transaction is under way.
TAKEN_BACK = """
SELECT t.key, h.key
FROM routes_sourcehead h
JOIN routes_collected c ON c.route_id = h.route_id AND c.record_id = h.record_id
JOIN routes_transaction t ON t.id = c.source_transaction_id
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead k ON k.connection_id = d.connection_id AND k.object = d.stream AND k.key = t.key
WHERE h.route_id = %s AND k.live_transaction_id IS NULL AND k.transaction_id IS NULL
ORDER BY h.key, t.key LIMIT %s
"""
BEFORE = """
SELECT h.key, h.record_id, h.version, p.body, array_agg(t.key ORDER BY t.key), array_agg(t.id ORDER BY t.key)
FROM routes_sourcehead h
JOIN routes_record r ON r.id = h.record_id
CROSS JOIN LATERAL routes_body(r.source_payload_id) p
JOIN routes_collected c ON c.route_id = h.route_id AND c.record_id = h.record_id
JOIN routes_transaction t ON t.id = c.source_transaction_id
WHERE h.route_id = %s AND h.key = ANY(%s::text[])
GROUP BY h.key, h.record_id, h.version, p.body
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One posted transaction: what it says, as a line of the record that it is grouped into."""

    transaction: UUID
    key: str
    line: dict[str, Any]


@dataclass(slots=True)
class Change:
    """What becomes of a record that stands already: who leaves it, and who comes instead."""

    leave: set[str] = field(default_factory=set)  # keys of hours
    come: list[Member] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Before:
    """The newest version of a grouped record."""

    record: UUID
    version: str
    lines: dict[str, dict[str, Any]]  # by key of the hour, as are the transactions that it stands for
    transactions: dict[str, UUID]

    def kept(self, change: Change) -> list[UUID]:
        """Return the transactions that go on to stand on the record."""
        return [transaction for key, transaction in self.transactions.items() if key not in change.leave]


Unit = tuple[bool, str]  # whether it changes a record that stands, and that record's key; else the name of a group


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is to be grouped now: who begins new records, and what changes on those that stand."""

    fresh: dict[str, list[Member]]  # by group
    numbers: dict[str, int]  # how many records each group has had
    changes: dict[str, Change]  # by key of the record
    before: dict[str, Before]
    now: dt.datetime

    @property
    def units(self) -> list[Unit]:
        """Return what can be stored by itself, new records first."""
        return [(False, group) for group in sorted(self.fresh)] + [(True, key) for key in sorted(self.changes)]


def take_in(plan: Plan, *, run: UUID | None) -> receive.Totals:
    """Group what the upstream destination has posted and nobody has collected yet; in the caller's commit.

    Returns the totals of the grouped records; those whose hours have changed, or are all gone, count as changed. What
    cannot be grouped stops as a record of its own with its failure.
    """
    found = waiting(plan)
    return receive.Totals() if found is None else store(plan, found, found.units, run=run)


def waiting(plan: Plan) -> Waiting | None:
    """Return what waits to be grouped, None when nothing does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [locks.ROUTE, plan.route_id])
    entity = ENTITIES[upstream_entity(plan)]
    fresh, changes = _sort_out(plan, _posted(plan, entity))
    if not fresh and not changes:
        return None
    return Waiting(fresh, _numbers(plan, list(fresh)), changes, _before(plan, list(changes), entity), receive._now())


def store(plan: Plan, found: Waiting, units: Sequence[Unit], *, run: UUID | None) -> receive.Totals:
    """Work out and store some of what waits; in the caller's commit."""
    arrivals = [arrive(plan, found, unit) for unit in units]
    _store(plan, arrivals, run=run, now=found.now)
    changed = [key for again, key in units if again]
    records = {a.key: a.record for a in arrivals}
    _carry_over(plan, [(records[key], found.before[key].kept(found.changes[key])) for key in changed])
    return receive.Totals(read=len(units), new=len(units) - len(changed), changed=len(changed))


def arrive(plan: Plan, found: Waiting, unit: Unit) -> Arrival:
    """Return the record that a group becomes, or its next version, before anything is worked out."""
    again, name = unit
    if again:
        return _arrive_again(plan, name, found.before[name], found.changes[name], found.now)
    return _arrive(plan, name, found.fresh[name], found.numbers.get(name, 0) + 1, found.now)


def upstream_entity(plan: Plan) -> str:
    """Return the kind of record that is grouped. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.canonical_entity FROM routes_destination d JOIN routes_route r ON r.id = d.route_id"
            " WHERE d.id = %s",
            [plan.upstream_id],
        )
        entity: str = cursor.fetchone()[0]
        return entity


def _posted(plan: Plan, entity: Entity) -> list[Member]:
    with connection.cursor() as cursor:
        cursor.execute(POSTED, [plan.upstream_id, plan.route_id, LIMIT])
        return [
            Member(
                id_,
                key,
                codec.loads(entity, body.encode())
                | {"posted_as": external, "posting_reference": reference, "business_key": key},
            )
            for id_, key, body, external, reference in cursor.fetchall()
        ]


def _sort_out(plan: Plan, members: Sequence[Member]) -> tuple[dict[str, list[Member]], dict[str, Change]]:
    """Return who begins new records, by group, and what changes on those that stand, by their key.

    An hour that was posted anew stays on its record while its group is the same; else it goes where it now belongs.
    """
    standing = _rows(STANDING, [plan.route_id, plan.upstream_id, array(m.key for m in members)]) if members else {}
    fresh: dict[str, list[Member]] = {}
    changes: dict[str, Change] = {}
    for group, member in zip(groups(plan, members), members, strict=True):
        record = standing.get(member.key)
        if record is not None:
            changes.setdefault(record, Change()).leave.add(member.key)
        if record is not None and group_of(record) == group:
            changes[record].come.append(member)
        else:
            fresh.setdefault(group, []).append(member)
    posted = {member.key for member in members}  # by now: what was taken back a moment ago may be posted again
    for key, record in _rows(TAKEN_BACK, [plan.route_id, LIMIT]).items():
        if key not in posted:
            changes.setdefault(record, Change()).leave.add(key)
    return fresh, changes


def _rows(statement: str, parameters: Sequence[str | int | None]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())


def groups(plan: Plan, members: Sequence[Member]) -> list[str]:
    """Return the group of each member; one of its own, that begins with UNGROUPED, where the formula has none.

    Tables are those of each member's own company, as they were for the member itself.
    """
    if plan.group_by is None:
        return [member.key for member in members]
    companies = legal_entities.by_code()
    found = run_mixed(
        plan.group_by.mapping, [member.line for member in members], connection_id=None,
        legal_entities=[companies.get(str(each.line.get("legal_entity")), plan.legal_entity_id) for each in members],
    )  # fmt: skip
    return [
        f"{UNGROUPED}{member.key}"
        if mapped.failed or mapped.values.get("value") in (None, "")
        else str(mapped.values["value"])
        for member, mapped in zip(members, found, strict=True)
    ]


def group_of(key: str) -> str:
    """Return the group of a grouped record: its key ends with its number in the group."""
    return key.rpartition("/")[0]


def _numbers(plan: Plan, groups: Sequence[str]) -> dict[str, int]:
    """Return how many records each group has had: late hours go on an invoice of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.name, count(*) FROM unnest(%s::text[]) AS g(name) JOIN routes_sourcehead h"
            " ON h.route_id = %s AND starts_with(h.key, g.name || '/')"
            " GROUP BY g.name",
            [list(groups), plan.route_id],
        )
        return dict(cursor.fetchall())


def _before(plan: Plan, keys: Sequence[str], entity: Entity) -> dict[str, Before]:
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, [plan.route_id, array(keys)])
        return {
            key: Before(
                record,
                version,
                {line["business_key"]: codec.loads(entity, codec.dumps(line)) for line in decode(body)["lines"]},
                dict(zip(members, transactions, strict=True)),
            )
            for key, record, version, body, members, transactions in cursor.fetchall()
        }


def _arrive(plan: Plan, group: str, members: Sequence[Member], number: int, now: dt.datetime) -> Arrival:
    arrival = _compose(plan, f"{group}/{number}", [member.line for member in members], now)
    arrival.collected = tuple(member.transaction for member in members)
    arrival.causation = members[0].transaction
    return arrival


def _arrive_again(plan: Plan, key: str, was: Before, change: Change, now: dt.datetime) -> Arrival:
    """Return the next version of a record whose hours have changed; "nothing" when none is left."""
    lines = {name: line for name, line in was.lines.items() if name not in change.leave}
    lines |= {member.key: member.line for member in change.come}
    if lines:
        arrival = _compose(plan, key, [lines[name] for name in sorted(lines)], now)
        arrival.outcome = "changed"
        arrival.version = max(arrival.version, receive.later(was.version))  # the clock may have been set back
        arrival.collected = tuple(member.transaction for member in change.come)
        arrival.causation = next(iter(arrival.collected), None)
    else:
        arrival = storing.nothing_arrived(key, receive.later(was.version), was.record, now)
    arrival.previous = was.record
    return arrival


def _compose(plan: Plan, key: str, lines: list[dict[str, Any]], now: dt.datetime) -> Arrival:
    group, _, number = key.rpartition("/")
    raw: dict[str, Any] = {"group": group, "number": int(number), "key": key, "lines": lines}
    body = exact(raw)
    arrival = Arrival(raw, body, digest(body), key, version_at(now))
    if group.startswith(UNGROUPED):
        arrival.legal_entity = plan.legal_entity_id
        arrival.problems.append(
            Problem(
                "error", Category.CONFIGURATION, "", None,
                NO_GROUP,
                group.removeprefix(UNGROUPED),
            )
        )  # fmt: skip
    return arrival


def _store(plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime) -> None:
    wanted = [a for a in arrivals if a.outcome != "withdrawn"]
    evaluation.normalise(plan, wanted, entities=legal_entities.by_code())
    overlays.compare(plan, wanted)
    evaluated = [*wanted, *storing.load_canonical(plan, [a for a in arrivals if a.outcome == "withdrawn"])]
    placed = standings(plan, evaluated)
    evaluation.evaluate(plan, evaluated, standing=lambda a: placed.get(a.key, {}))
    storing.store(plan, evaluated, run=run, now=now)


def _carry_over(plan: Plan, kept: Sequence[tuple[UUID, Sequence[UUID]]]) -> None:
    """Let the hours that did not change stand on the new version of their record."""
    rows = [(record, transaction) for record, transactions in kept for transaction in transactions]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_collected c SET record_id = w.record"
                " FROM unnest(%s::uuid[], %s::uuid[]) AS w(record, transaction)"
                " WHERE c.route_id = %s AND c.source_transaction_id = w.transaction",
                [*arrays(rows, 2), plan.route_id],
            )
