"""Taking stopped work on again, from its stored bodies: after a fix, a release, an approval or a resubmission.

The current configuration and table rows are used unless "as then" is asked for: then those of the last time that a
transaction was worked out, which is when it came or was taken on again. Cross-references are always those of now. What
stops again stops for a reason of its own, which is written down anew.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from governance.actor import By, as_actor
from governance.models import Version
from routes import (
    configuration_choices,
    evaluation,
    failures,
    heads,
    legal_entities,
    overlays,
    rule_waivers,
    rule_warnings,
    storing,
    taken_back,
    unforeseen,
    without_group,
    worked_out,
)
from routes.arrivals import Arrival, Verdict, decode
from routes.bodies import Bodies
from routes.chosen_configuration import Configuration, has_part, in_words
from routes.models import Route, Snapshot
from routes.plan import NotReadyToRun, Plan, current, plan
from routes.standing import standings
from routes.states import State, move, write_record_moves
from routes.worked_out import AGAIN, Begins, Start

CAUSE_GONE = (
    "What was posted of this record was taken back because a person asked. What had stopped this version is gone, and"
    " it waits until somebody sends it or decides that it is not delivered."
)
CHECKED = (State.NORMALISED, State.VALIDATED)  # as far as the check got before it stopped again


def transactions(
    ids: Sequence[UUID], *, by: By, reason: str, how: str, configuration: Configuration = "now",
    start: Start = Start.SOURCE, cause_gone: bool = False, held_for: str = "",
) -> list[UUID]:  # fmt: skip
    """Validate and translate stopped transactions again and queue those that pass; return those that went on.

    From the failed stage on, what a target has refused goes once more with the same bytes. Left alone: what is not
    stopped, what a newer version replaced, what has a write in doubt, which needs a decision first, and what a chosen
    version's mapping has no part in. `cause_gone`: nobody has asked to send just these, so that what a person has had
    taken back waits for what they say. With `held_for` nothing goes on: all of it is held for that. One commit, a
    constant number of queries per route; "as then" for each page that they came with.
    """
    if not ids:
        return []
    went_on: list[UUID] = []
    with transaction.atomic():
        held = heads.lock_of(ids)
        # What follows a reversal waits behind it, and goes as soon as that is done.
        behind = taken_back.followers([id_ for id_ in ids if id_ not in held]) if len(held) < len(ids) else []
        away = frozenset(ids) if held_for else taken_back.kept_away(ids) if cause_gone else frozenset()
        as_then, version = configuration == "then", _version(configuration)
        rows = [
            row for row in worked_out.load([*held, *behind], as_then=as_then, start=start) if worked_out.can_go_on(row)
        ]
        groups: dict[tuple[int, int | None, dt.datetime | None], list[dict[str, Any]]] = {}
        for row in rows:
            then = (row["snapshot"], row["worked_out_at"]) if as_then else (None, None)
            groups.setdefault((row["route"], *then), []).append(row)
        words = f"{in_words(configuration)}{reason}"
        for (route, snapshot, as_of), members in groups.items():
            made = plan(snapshot or current(Route.objects.get(pk=route), version).pk)
            went_on += _again(
                made,
                members,
                held,
                by=by,
                reason=words,
                how=how,
                as_of=as_of,
                start=start,
                configuration=configuration,
                away=away,
                why_away=held_for or CAUSE_GONE,
            )
    return went_on


def _version(configuration: Configuration) -> Version | None:
    return None if isinstance(configuration, str) else configuration


def whatever_can(
    stopped: Sequence[UUID], failed: Sequence[UUID], *, by: By, reason: str, how: str,
    configuration: Configuration = "now", start: Start = Start.SOURCE, cause_gone: bool = False,
) -> int:  # fmt: skip
    """Take stopped transactions and failed records on again; return how many went on.

    Those that something unforeseen spoils are left to people and hold up no other: one commit for those that go
    together. Raises what was met when more of them meet it than unforeseen.MOST.
    """
    went_on: list[UUID] = []

    def again(part: Sequence[UUID]) -> None:
        went_on.extend(
            transactions(
                part, by=by, reason=reason, how=how, configuration=configuration, start=start, cause_gone=cause_gone
            )
        )

    def anew(part: Sequence[UUID]) -> None:
        went_on.extend(records(part, by=by, reason=reason, how=how, configuration=configuration))

    unforeseen.through(stopped, again, lambda id_, error: _leave_to_people(TRANSACTION, id_, error, by=by, how=how))
    unforeseen.through(failed, anew, lambda id_, error: _leave_to_people(RECORD, id_, error, by=by, how=how))
    return len(went_on)


TRANSACTION = """
SELECT t.legal_entity_id, d.route_id, t.record_id, t.id, d.connection_id, t.amount, t.currency, t.hours
FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id WHERE t.id = %s
"""
RECORD = """
SELECT r.legal_entity_id, r.route_id, r.id, NULL, route.connection_id, r.amount, r.currency, r.hours
FROM routes_record r JOIN routes_route route ON route.id = r.route_id WHERE r.id = %s
"""


def _leave_to_people(which: str, id_: UUID, error: Exception, *, by: By, how: str) -> None:
    """Stop for good what cannot be taken on again, so that nothing tries it for ever; its failure says why."""
    if isinstance(error, NotReadyToRun):
        return  # foreseen: it waits as it did until the route is put right
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(which, [id_])
        entity, route, record, stopped, connection_id, amount, currency, hours = cursor.fetchone()
        told = unforeseen.problem(error, unforeseen.APART)
        if stopped:
            move([stopped], frm=(State.PARKED, State.HELD), to=State.FAILED, by=as_actor(by), reason=told.message)
            heads.forget_waits([stopped])
            failures.close(transactions=[stopped], how=how)
        else:
            failures.close(records=[record], how=how)
        cursor.execute("SELECT hub_now()")
        stage = "validate" if stopped else "receive"
        trouble = failures.Trouble(
            entity, route, stage, told, record=record, transaction=stopped, connection_id=connection_id, amount=amount,
            currency=currency, hours=hours,
        )  # fmt: skip
        failures.write_down([trouble], at=cursor.fetchone()[0])


def _again(
    made: Plan, rows: Sequence[dict[str, Any]], held: dict[UUID, int], *, by: By, reason: str, how: str,
    as_of: dt.datetime | None, start: Start, configuration: Configuration, away: Collection[UUID] = (),
    why_away: str = CAUSE_GONE,
) -> list[UUID]:  # fmt: skip
    version = _version(configuration)
    destinations = {d.id: d for d in made.destinations}
    usable = [row for row in rows if row["destination"] in destinations]
    if version is not None:
        content = Snapshot.objects.get(pk=made.snapshot_id).content
        usable = [row for row in usable if has_part(version, content, row["destination"])]
    remade = version is not None
    once_more = [
        row["id"] for row in usable
        if row["id"] not in away
        and worked_out.begins(row, start, destinations[row["destination"]], remade=remade) is Begins.REQUEST
    ]  # fmt: skip
    went_on = _same_bytes(once_more, held, by=by, reason=reason, how=how)
    _keep([row for row in usable if row["id"] in set(went_on)], None, configuration, by)
    usable = [row for row in usable if row["id"] not in set(once_more)]
    actor = as_actor(by)
    moved = set(move([row["id"] for row in usable], frm=AGAIN, to=State.NORMALISED, by=actor, reason=reason))
    failures.close(transactions=list(moved), how=how)
    heads.forget_waits(list(moved))
    going = [row for row in usable if row["id"] in moved]
    _keep(going, made.snapshot_id, configuration, by)
    pairs = worked_out.worked_out(made, going, as_of=as_of, start=start, remade=remade)
    evaluation.keep_away([verdict for _, verdict in pairs if verdict.transaction in away], why_away)
    _settle(made, pairs, held, by=by)
    return [*went_on, *(v.transaction for _, v in pairs if v.state is State.READY)]


def _keep(rows: Sequence[dict[str, Any]], snapshot: int | None, configuration: Configuration, by: By) -> None:
    """Write down what loaded transactions go with, and by whose choice."""
    of = [(row["legal_entity"], row["id"], row["snapshot"]) for row in rows]
    configuration_choices.write(of, snapshot=snapshot, configuration=configuration, by=by)


def _same_bytes(ids: Sequence[UUID], held: dict[UUID, int], *, by: By, reason: str, how: str) -> list[UUID]:
    """Queue transactions whose bytes a target has refused, as they are; return those that were still stopped."""
    words = f"the same bytes once more: {reason}"
    moved = move(ids, frm=AGAIN, to=State.READY, by=as_actor(by), reason=words)
    if not moved:
        return []
    failures.close(transactions=moved, how=how)
    heads.forget_waits(moved)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_transaction SET attempts = 0 WHERE id = ANY(%s)", [moved])
    _let_go([held[id_] for id_ in moved if id_ in held])
    return moved


def _let_go(ids: Sequence[int]) -> None:
    """Let heads go now, or as soon as an earlier request to their target can no longer arrive."""
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, [list(ids), list(ids)])


# What was written down for them and never sent is over: its bytes are those of before.
LET_GO = """
WITH stale AS (
    UPDATE routes_effect e
    SET state = 'refused', ended_at = (SELECT hub_now()), message = 'never sent: it was worked out anew'
    FROM routes_keyhead h
    WHERE h.id = ANY(%s) AND e.connection_id = h.connection_id AND e.object = h.object AND e.key = h.key
      AND e.state = 'intended')
UPDATE routes_keyhead SET due_at = greatest((SELECT hub_now()), quiet_until), lease_owner = NULL WHERE id = ANY(%s)
"""


def _settle(made: Plan, pairs: Sequence[tuple[Arrival, Verdict]], held: dict[UUID, int], *, by: By) -> None:
    actor = as_actor(by)
    _write_bodies(made, pairs)
    passed = [(a, v) for a, v in pairs if v.reached is State.VALIDATED]
    move([v.transaction for _, v in passed], frm=State.NORMALISED, to=State.VALIDATED, by=actor, reason="checked again")
    for state in (State.READY, State.PARKED, State.HELD, State.FAILED):
        members = [(a, v) for a, v in pairs if v.state is state]
        move(
            [v.transaction for _, v in members], frm=State.VALIDATED if state is State.READY else CHECKED, to=state,
            by=actor,
            reason=[v.reason or "stopped again" for _, v in members],
            return_to=State.NORMALISED if state in (State.PARKED, State.HELD) else "",
            waits_for=[v.waits_for[1] if v.waits_for else "" for _, v in members],
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    _let_go([held[v.transaction] for _, v in pairs if v.state is State.READY and v.transaction in held])
    storing.write_stops(made, pairs, now=now)
    rule_warnings.replace(made, pairs, now=now)


def _write_bodies(made: Plan, pairs: Sequence[tuple[Arrival, Verdict]]) -> None:
    """Store the new requests, and canonical forms with corrections in them, and point the transactions at them."""
    bodies = Bodies()
    rows = []
    for arrival, verdict in pairs:
        request = canonical = None
        if verdict.body:
            request = bodies.add("request", verdict.body, verdict.hits)
        if arrival.canonical_body:
            canonical = bodies.add("canonical", arrival.canonical_body, arrival.hits)
        amount, currency, hours = arrival.worth = evaluation.money(arrival)
        rows.append((verdict.transaction, request, verdict.content or None, canonical, amount, currency, hours))
    if not rows:
        return
    bodies.write()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_transaction t
            SET request_payload_id = w.request, request_hash = w.content, canonical_payload_id = w.canonical,
                snapshot_id = %s, amount = w.amount, currency = w.currency, hours = w.hours, attempts = 0
            FROM unnest(%s::uuid[], %s::uuid[], %s::bytea[], %s::uuid[], %s::numeric[], %s::text[], %s::numeric[])
                AS w(id, request, content, canonical, amount, currency, hours)
            WHERE t.id = w.id
            """,
            [made.snapshot_id, *[list(column) for column in zip(*rows, strict=True)]],
        )


def records(ids: Sequence[UUID], *, by: By, reason: str, how: str, configuration: Configuration = "now") -> list[UUID]:
    """Normalise records again that failed before a destination was chosen; return those that went on.

    They never had a configuration, so that there is none "as then": that of now counts. What the source has replaced or
    withdrawn meanwhile is superseded instead: it must not be posted any more. What has no group stays, or is put
    together anew (`without_group`).
    """
    version = _version(configuration)
    if not ids:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.id, r.route_id, r.run_id, r.key, r.version, r.content_hash, r.correlation_id, r.outcome, p.body,
                   r.changed_at, (SELECT hub_now()), h.withdrawn, h.version
            FROM routes_record r CROSS JOIN LATERAL routes_body(r.source_payload_id) p
            LEFT JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key
            WHERE r.id = ANY(%s) AND r.state = 'failed' ORDER BY r.id FOR UPDATE OF r
            """,
            [list(ids)],
        )
        by_route: dict[int, list[tuple[Any, ...]]] = {}
        for row in cursor.fetchall():
            by_route.setdefault(row[1], []).append(row)
        went_on: list[UUID] = []
        for route, rows in by_route.items():
            snapshot = current(Route.objects.get(pk=route), version)
            made = plan(snapshot.pk)
            if version is not None and not has_part(version, snapshot.content, None):
                continue
            fresh = _still_wanted(made, rows)
            words = f"{in_words(version)}{reason}" if version else reason
            alone = without_group.among(made, ((row[0], row[3], row[8]) for row in fresh))
            went_on += without_group.let_go(made, without_group.grouped_by_now(made, alone), by=by, reason=words)
            fresh = [row for row in fresh if row[0] not in alone]
            if fresh:
                went_on += _records_again(made, fresh, by=by, reason=words, how=how)
        return went_on


def _still_wanted(made: Plan, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Supersede records that the source has replaced or withdrawn since they failed; return the others."""
    gone: dict[bool, list[UUID]] = {True: [], False: []}
    wanted = []
    for *row, withdrawn, newest in rows:
        id_, version = row[0], row[4]
        if newest is not None and version < newest and (withdrawn or not made.in_order):
            gone[withdrawn].append(id_)
        else:
            wanted.append(tuple(row))
    for withdrawn, ids in gone.items():
        storing.supersede_failed(ids, withdrawn=withdrawn)
    return wanted


def _records_again(made: Plan, rows: Sequence[tuple[Any, ...]], *, by: By, reason: str, how: str) -> list[UUID]:
    arrivals = []
    for id_, _, run, key, version, content, correlation, outcome, body, changed_at, now in rows:
        arrival = Arrival(decode(body), body, bytes(content), key, version, outcome, record=id_)
        arrival.correlation, arrival.changed_at = correlation, changed_at
        arrivals.append((arrival, run, now))
    readable = [a for a, _, _ in arrivals if a.outcome != "unreadable"]
    passes = rule_waivers.of_records([a.record for a in readable])
    for arrival in readable:
        arrival.waived = passes.get(arrival.record, frozenset())
    failures.close(records=[a.record for a in readable], how=how)
    evaluation.normalise(made, readable, entities=legal_entities.by_code())
    overlays.apply(made, readable)
    placed = standings(made, readable)
    evaluation.evaluate(made, readable, standing=lambda a: placed.get(a.key, {}))
    storing.store_again(made, readable, now=arrivals[0][2], run=arrivals[0][1])
    passed = [a.record for a in readable if not a.failed]
    write_record_moves(passed, "failed", "routed", by=as_actor(by), reason=reason)
    return passed
