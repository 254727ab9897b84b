"""Sending records back to their source with a reason: an outbox of rows, carried by workers like effects.

A row is written down, marked as sent before its first byte leaves, and settled by the answer; its id is the idempotency
key, its bytes never change. What is in doubt is asked after, sent again or left to a person, as the stream's class has
it. Afterwards the row waits for the source's answer: a newer version of its record that stands somewhere.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from canonical.failure import Category
from connectors import gate, loop
from connectors.manifest.stream import Return, Stream
from connectors.models import BreakerState, Connection
from connectors.outcome import ConnectorFailure, LookUp, Result, WriteOutcome, WriteRequest
from connectors.paths import find
from connectors.registry import UnknownConnector, registry
from governance import audit, keys
from governance.actor import By, as_actor
from governance.identifiers import new_id
from governance.keys import KeyLost
from governance.rights import Right, require
from routes import attempts, nudges, pausing, retry, shipments
from routes.arrivals import decode
from routes.bulk import array
from routes.models import Failure, Record, Route, SendingBack
from routes.models import SendingBackState as State

BATCH = 20
TIMES = 2  # how often the source must say "not there" after settling
LOOK_THERE = "Nobody knows whether {} has it, and it cannot be asked. Look there, and see to it by hand if it has not."


class NotToSendBack(ValueError):  # reads as what happened
    """It cannot be sent back; the message says why and what to do instead."""


def way_of(route: Route) -> tuple[Return | None, str]:
    """Return how a route's source takes records back, or None and in words why it does not; "" where nobody said."""
    stream = _stream(route)
    return (None, "") if stream is None else (stream.returns, stream.cannot_return)


def _stream(route: Route) -> Stream | None:
    if route.connection is None:
        return None
    try:
        return registry.connector(route.connection.connector).manifest.streams.get(route.stream)
    except UnknownConnector:
        return None


BODIES = """
SELECT r.id, p.body, h.version FROM routes_record r
LEFT JOIN LATERAL routes_body(r.source_payload_id) p ON true
LEFT JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key
WHERE r.id = ANY(%s::uuid[])
"""


@transaction.atomic
def ask(failures: Sequence[Failure], *, by: By, reason: str) -> list[SendingBack]:
    """Write down that the records of failures of one route go back to its source; return the rows, all or none.

    Raises NotAllowed, ValueError without a reason, and NotToSendBack.
    """
    if not reason.strip():
        raise ValueError("Sending back needs a reason: whoever handed it in reads it.")
    for entity in {each.legal_entity_id for each in failures}:
        require(by, Right.RETURN, entity)
    route = Route.objects.select_related("connection").get(pk=failures[0].route_id)
    way, why = way_of(route)
    if way is None or route.connection is None:
        raise NotToSendBack(why or f"{route.connection or 'Its sender'} takes nothing back from a program. {INSTEAD}")
    records = {each.pk: each for each in Record.objects.filter(pk__in=[f.record_id for f in failures if f.record_id])}
    with database.cursor() as cursor:
        cursor.execute(BODIES, [array(records)])
        bodies = {id_: (body, newest) for id_, body, newest in cursor.fetchall()}
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    before = SendingBack.objects.filter(record_id__in=list(records)).exclude(state=State.REFUSED).first()
    if before is not None:
        raise NotToSendBack(f"{before.made_by_name} has sent {before.key} back already. Wait for its newer version.")
    by_record = {each.record_id: each for each in failures if each.record_id}
    rows = [
        _row(way, route, records[id_], by_record[id_], *bodies[id_], by=by, reason=reason.strip(), now=now)
        for id_ in by_record
    ]
    write_down(rows, verb="send back to source", by=by)
    nudges.sending_back(route.connection.pk)
    return rows


def write_down(rows: Sequence[SendingBack], *, verb: str, by: By) -> None:
    """Store rows of the outbox, each with its entry in the audit trail and the reason that it carries."""
    SendingBack.objects.bulk_create(rows)
    entries = [
        audit.entry_of(
            by=by, verb=verb, thing=("record", str(row.record_id), row.key), reason=row.reason,
            legal_entity=row.legal_entity_id, channel="",
        )
        for row in rows
    ]  # fmt: skip
    audit.record_all(entries)


INSTEAD = "Tell whoever handed it in, and fetch it again once it is corrected there."


def _row(
    way: Return, route: Route, record: Record, failure: Failure, body: str | None, newest: str | None, *, by: By,
    reason: str, now: Any,
) -> SendingBack:  # fmt: skip
    if newest is not None and record.version < newest:
        raise NotToSendBack(f"A newer version of {record.key} has come meanwhile. Load the page again.")
    raw = decode(body) if body else {}
    external_id = find(raw, way.id)
    if external_id in (None, ""):
        raise NotToSendBack(f"What the source said of {record.key} has no id to send back to. {INSTEAD}")
    actor, id_ = as_actor(by), new_id()
    scope = {"reason": reason, "who": actor.name, "key": str(id_), "record": raw}
    assert route.connection_id is not None
    return SendingBack(
        id=id_, legal_entity_id=record.legal_entity_id, route=route, connection_id=route.connection_id,
        record_id=record.pk, key=record.key, version=record.version, failure_id=failure.pk, stream=way.by,
        external_id=str(external_id), body=msgspec.json.encode(way.body.render(scope)).decode(), reason=reason,
        made_by=actor.reference, made_by_name=actor.name[:200], made_at=now, due_at=now,
    )  # fmt: skip


def sent(records: Sequence[UUID]) -> set[UUID]:
    """Return those records, versions as they are, that were sent back, or are on their way. One query."""
    found = SendingBack.objects.filter(record_id__in=list(records)).exclude(state=State.REFUSED)
    return set(found.values_list("record_id", flat=True))


def due() -> list[int]:
    """Return the connections for which something is due."""
    with database.cursor() as cursor:
        cursor.execute("SELECT DISTINCT connection_id FROM routes_sendingback WHERE due_at <= (SELECT hub_now())")
        return [row[0] for row in cursor.fetchall()]


CLAIM = """
UPDATE routes_sendingback s
SET lease_owner = %(owner)s, due_at = (SELECT hub_now()) + make_interval(secs => %(lease)s)
WHERE id IN (
    SELECT id FROM routes_sendingback
    WHERE connection_id = %(connection)s AND stream = %(stream)s AND due_at <= (SELECT hub_now())
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def carry(connection_id: int) -> bool:
    """Carry what is due to one source, a batch; return whether more may be due at once. Safe from any number of
    workers.
    """
    first = SendingBack.objects.filter(connection_id=connection_id, due_at__isnull=False).order_by("due_at").first()
    if first is None or connection_id not in due():
        return False
    keys.require_usable()  # else it would be found out once these are written down as sent
    owner = uuid4()
    admission = gate.admit(connection_id, BATCH, owner, stream=first.stream, at_once=1)
    if not admission.allowed:
        return False
    began = time.monotonic()
    try:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(
                CLAIM, {"owner": owner, "lease": settings.LEASE_SECONDS, "connection": connection_id,
                        "stream": first.stream, "limit": admission.allowed},
            )  # fmt: skip
            rows = list(SendingBack.objects.filter(pk__in=[row[0] for row in cursor.fetchall()]).order_by("made_at"))
            rows = _still_wanted(rows)
            _begin(rows)
        gate.give_back(admission, first.stream, sent=len(rows))
        _carry(Connection.objects.get(pk=connection_id), rows, owner, began + settings.LEASE_SECONDS / 2)
    finally:
        gate.release(admission, owner)
    return connection_id in due()


def _still_wanted(rows: list[SendingBack]) -> list[SendingBack]:
    """End what was never sent and has a newer version by now: the source has changed it by itself."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT s.id FROM routes_sendingback s"
            " JOIN routes_sourcehead h ON h.route_id = s.route_id AND h.key = s.key"
            " WHERE s.id = ANY(%s::uuid[]) AND s.state = 'intended' AND s.attempts = 0 AND h.version > s.version",
            [array([row.pk for row in rows])],
        )
        late = {row[0] for row in cursor.fetchall()}
    for row in rows:
        if row.pk in late:
            _end(row, State.REFUSED, "Not sent: a newer version of it came first.")
            row.save()
    return [row for row in rows if row.pk not in late]


def _begin(rows: Sequence[SendingBack]) -> None:
    """Mark what is sent for the first time; of what another worker has sent, the outcome is in doubt."""
    for row in rows:
        if row.state == State.SENT:
            row.state, row.message = State.UNKNOWN, "its worker stopped before the outcome was stored"
        elif row.state == State.INTENDED:
            row.state = State.SENT
    SendingBack.objects.bulk_update(rows, ["state", "message"])


def _carry(connection: Connection, rows: Sequence[SendingBack], owner: UUID, deadline: float) -> None:
    fresh = [row for row in rows if row.state == State.SENT]
    doubtful = [row for row in rows if row.state == State.UNKNOWN]
    for stream in {row.stream for row in rows}:
        write = registry.connector(connection.connector).manifest.streams[stream].write
        assert write is not None
        mine = [row for row in fresh if row.stream == stream]
        asked = [row for row in doubtful if row.stream == stream]
        if write.write_class == "idempotent":
            mine, asked = mine + asked, []
        if mine:
            came = send_requests(connection, stream, [_request(row, deadline) for row in mine])
            answers = [shipments.fitting(each) for each in came]
            _settle(connection, list(zip(mine, answers, strict=True)), owner, write.write_class, write.settle_seconds)
        if asked and write.write_class == "look_up":
            said = ask_requests(connection, stream, [_request(row, deadline) for row in asked])
            found = [shipments.found_fitting(each) if isinstance(each, LookUp) else each for each in said]
            _weigh(connection, list(zip(asked, found, strict=True)), owner)
        elif asked:
            _settle(connection, [(row, _unknown(row)) for row in asked], owner, "blind", 0)


def _request(row: SendingBack, deadline: float) -> WriteRequest:
    return WriteRequest("create", str(row.pk), str(row.pk), row.body.encode(), row.external_id, deadline)


def _unknown(row: SendingBack) -> WriteOutcome:
    return WriteOutcome(Result.UNKNOWN, message=row.message, category=Category.OUTCOME_UNKNOWN)


@transaction.atomic
def _settle(
    connection: Connection, answered: Sequence[tuple[SendingBack, WriteOutcome]], owner: UUID, write_class: str,
    settles: float,
) -> None:  # fmt: skip
    """Store what a source answered to rows whose lease is still the caller's; a proof is taken from anybody."""
    for row, answer in answered:
        kept = _locked(row, owner, proof=answer.result is Result.CONFIRMED)
        if kept is None:
            continue
        kept.attempts += 1
        kept.message = answer.message
        was_in_doubt = row.state == State.UNKNOWN
        if answer.result is Result.CONFIRMED:
            kept.reference = answer.reference or answer.external_id or ""
            _end(kept, State.CONFIRMED, "")
        elif answer.result is Result.UNKNOWN or was_in_doubt:
            _doubt(connection, kept, write_class, settles)
        else:
            _again(connection, kept, answer)
        kept.save()
    if connection.breaker_state != BreakerState.CLOSED and pausing.works(a for _, a in answered):
        pausing.recovered(connection)
    attempts.write_down(
        [attempts.Try(row.pk, str(a.result), a) for row, a in answered], kind="write", connection_id=connection.pk
    )


def _locked(row: SendingBack, owner: UUID, *, proof: bool) -> SendingBack | None:
    rows = SendingBack.objects.select_for_update().filter(pk=row.pk, ended_at__isnull=True)
    return rows.first() if proof else rows.filter(lease_owner=owner).first()


def _doubt(connection: Connection, row: SendingBack, write_class: str, settles: float) -> None:
    row.state = State.UNKNOWN
    wait = retry.delay(Category.OUTCOME_UNKNOWN, row.attempts)
    if write_class == "blind" or wait is None:  # it was sent, or asked after, often enough
        _end(row, State.UNKNOWN, LOOK_THERE.format(connection.name))
    elif write_class == "look_up" and row.settles_at is None:
        row.settles_at, row.not_there = _in(settles), 0
        _put_back(row, settles)
    else:
        _put_back(row, wait)


def _again(connection: Connection, row: SendingBack, answer: WriteOutcome) -> None:
    """The source certainly did nothing: try later, or end it and say why."""
    category = answer.category or Category.INTERNAL
    if category in pausing.WAITS_FOR_SYSTEM:
        pausing.trip(connection, category, answer.message, hint=answer.hint)
    if category is Category.THROTTLED:
        gate.slow_down(connection.pk, answer.retry_after or 1.0)
    wait = retry.delay(category, row.attempts, retry_after=answer.retry_after, told=answer.retry)
    broke = category is Category.TRANSIENT and answer.retry is not True  # whose turn never came has not been tried
    if answer.result is Result.NOT_SENT and wait is None and category in pausing.MAY_PASS and not broke:
        wait = 5.0
    if wait is None:
        _end(row, State.REFUSED, answer.message or "The source refused it without a reason.")
        return
    row.state, row.settles_at = State.INTENDED, None
    _put_back(row, wait)


@transaction.atomic
def _weigh(connection: Connection, asked: Sequence[tuple[SendingBack, LookUp | ConnectorFailure]], owner: UUID) -> None:
    """Store what a source said of rows in doubt: "not there" counts after the settle time, and when said twice."""
    for row, answer in asked:
        kept = _locked(row, owner, proof=isinstance(answer, LookUp) and answer.found)
        if kept is None:
            continue
        if isinstance(answer, ConnectorFailure):
            _not_answered(connection, kept, answer)
        elif answer.found:
            kept.reference = answer.reference or answer.external_id or ""
            _end(kept, State.CONFIRMED, "")
        elif kept.settles_at is None:  # its worker died: the settle time begins now
            kept.settles_at = _in(float(settings.LEASE_SECONDS))
            _put_back(kept, settings.LEASE_SECONDS)
        else:
            kept.not_there += 1
            if kept.not_there >= TIMES:
                kept.state, kept.settles_at = State.INTENDED, None
            _put_back(kept, 1.0)
        kept.save()


def _not_answered(connection: Connection, row: SendingBack, failure: ConnectorFailure) -> None:
    """Ask again later; where asking does not help for long, a person looks there."""
    pausing.failed(connection, failure)
    if failure.category not in (*pausing.WAITS_FOR_SYSTEM, Category.THROTTLED):
        row.attempts += 1
    row.message = failure.message
    wait = retry.delay(Category.OUTCOME_UNKNOWN, max(1, row.attempts), retry_after=failure.retry_after)
    if wait is None or failure.category is Category.DUPLICATE:
        _end(row, State.UNKNOWN, LOOK_THERE.format(connection.name))
    else:
        _put_back(row, wait)


def _end(row: SendingBack, state: State, message: str) -> None:
    row.state, row.message, row.due_at, row.lease_owner, row.ended_at = state, message, None, None, _in(0)


def _put_back(row: SendingBack, seconds: float) -> None:
    row.due_at, row.lease_owner = _in(seconds), None


def _in(seconds: float) -> Any:
    with database.cursor() as cursor:
        cursor.execute("SELECT hub_now() + make_interval(secs => %s)", [seconds])
        return cursor.fetchone()[0]


def send_requests(connection: Connection, stream: str, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
    """The outside call of a rejection; the one place that tests replace."""
    try:
        return loop.run(loop.engine().write(connection.spec(), stream, list(requests), concurrency=1)).result()
    except KeyLost as lost:
        return [WriteOutcome(Result.NOT_SENT, category=Category.CREDENTIALS, message=str(lost))] * len(requests)


def ask_requests(
    connection: Connection, stream: str, requests: Sequence[WriteRequest]
) -> list[LookUp | ConnectorFailure]:
    """The outside call of a question; the one place that tests replace."""
    found: list[LookUp | ConnectorFailure] = []
    for each in requests:
        try:
            found += loop.run(loop.engine().look_up(connection.spec(), stream, [each], concurrency=1)).result()
        except (ConnectorFailure, KeyLost) as failure:
            told = failure if isinstance(failure, ConnectorFailure) else None
            found.append(told or ConnectorFailure(Category.CREDENTIALS, str(failure), sent=False))
    return found


# A version that the source has only rejected goes nowhere: it is no answer yet.
ANSWER = """
UPDATE routes_sendingback s SET answered_at = (SELECT hub_now())
FROM routes_sourcehead h LEFT JOIN routes_record r ON r.id = h.record_id
WHERE s.answered_at IS NULL AND h.route_id = s.route_id AND h.key = s.key AND h.version > s.version AND (
    h.withdrawn OR r.state IN ('failed', 'waived') OR EXISTS (
        SELECT FROM routes_transaction t WHERE t.record_id = h.record_id AND NOT t.withdraws
            AND t.state NOT IN ('received', 'normalised', 'validated', 'ready', 'delivering', 'retrying', 'unknown')))
"""


def note_answers() -> int:
    """Note which records have come back corrected, or were withdrawn for good; return how many. Part of the sweep."""
    with database.cursor() as cursor:
        cursor.execute(ANSWER)
        return int(cursor.rowcount)
