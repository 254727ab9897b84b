"""What is pushed to us, by webhook or API: committed first, acknowledged then, worked on after that."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from connectors.odd_text import decoded
from connectors.paths import find
from routes import crashpoints, echoes, failures, locks, piecewise, receive, retry, unforeseen
from routes.arrivals import Arrival, digest
from routes.models import InboundEvent, Route
from routes.models.inbound import Via
from routes.plan import NotReadyToRun, Plan, current, plan

BATCH = 200  # events that one commit works on, at most
BATCH_BYTES = 8_000_000  # of their bodies, at most; one larger event is worked on alone
NOT_READY_SECONDS = 60.0  # until a route that cannot run yet is tried again
MISSHAPEN = (
    "A pushed message has not the agreed form: a JSON object or a list of them. It is kept; correct the sender, then "
    "waive this one."
)
ONE = dt.timedelta(microseconds=1)  # between two records that have no version of their own
log = logging.getLogger(__name__)


class OtherBytes(ValueError):
    """The same idempotency key came before with another body."""


class Replayed(ValueError):
    """A signature that carries its time was used before."""


def accept(
    route: Route, *, body: bytes, via: str, idempotency_key: str = "", signature: bytes | None = None
) -> tuple[InboundEvent, bool]:
    """Commit a pushed body and return it, and whether it is new; a repeat returns the first one.

    `signature` is 16 bytes that stand for a signature which is good only once. Raises OtherBytes when the key was used
    for another body, Replayed when the signature was used before.
    """
    text = as_text(body)
    content = digest(text)
    with transaction.atomic():
        now = _now()
        try:
            with transaction.atomic():
                event = InboundEvent.objects.create(
                    route=route, legal_entity_id=route.legal_entity_id, via=via, idempotency_key=idempotency_key,
                    signature=signature, body_hash=content, body=text, received_at=now, due_at=now,
                )  # fmt: skip
        except IntegrityError:
            return _earlier(route, idempotency_key, signature, content), False
        transaction.on_commit(lambda: crashpoints.point("intake.after_commit"))
    return event, True


def as_text(body: bytes) -> str:
    """Return a body as the database keeps it: what is no text in UTF-8 is replaced, and so is NUL."""
    return body.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        return cursor.fetchone()[0]


def _earlier(route: Route, idempotency_key: str, signature: bytes | None, content: bytes) -> InboundEvent:
    """Return the event that came before in this one's place."""
    if signature is not None and InboundEvent.objects.filter(route=route, signature=signature).exists():
        raise Replayed("This signature was used before.")
    event = InboundEvent.objects.get(route=route, idempotency_key=idempotency_key)
    if bytes(event.body_hash) != content:
        raise OtherBytes(
            f"The idempotency key {idempotency_key} was used for another body. Use a new key for a new event."
        )
    return event


DUE_ROUTES = f"""
SELECT r.id FROM routes_route r
WHERE r.enabled AND EXISTS (
    SELECT FROM routes_inboundevent e
    WHERE e.route_id = r.id AND e.processed_at IS NULL AND e.due_at <= (SELECT hub_now()))
AND NOT (EXISTS (SELECT FROM routes_destination d WHERE d.connection_id = r.connection_id)
    AND EXISTS ({echoes.UNDER_WAY.format(connection="r.connection_id")}))
"""  # noqa: S608 - built from a constant of ours


def due_routes() -> list[int]:
    """Return the routes that have pushed events to work on now.

    Those of a route that is switched off wait, and those of a system to which a write of the hub's own is on its way.
    """
    with connection.cursor() as cursor:
        cursor.execute(DUE_ROUTES)
        return [row[0] for row in cursor.fetchall()]


@dataclass(slots=True)
class _Event:
    """A pushed event in work."""

    id: UUID
    via: str
    body: str
    arrivals: list[Arrival] = field(default_factory=list)
    problem: str = ""
    waits: bool = False  # it met something unforeseen and keeps its place


def work(route_id: int) -> bool:
    """Take in pushed events of a route in the order in which they came; return whether there are more.

    Those of a route that is switched off wait, whoever says that there are some.
    An event that nobody foresaw goes to a person by itself and holds up none of the others.
    """
    try:
        route = Route.objects.get(pk=route_id)
        if not route.enabled:
            return False
        made = plan(current(route).pk)
        try:
            return _batch(made, BATCH, unforeseen.watched(_take_in))
        except unforeseen.Spoilt:
            return _batch(made, 1, _alone)
    except NotReadyToRun as error:
        _put_off(route_id, Problem("error", Category.CONFIGURATION, "", None, str(error)), NOT_READY_SECONDS)
    except unforeseen.OUTAGES:
        raise
    except Exception as error:
        log.exception("unforeseen with the pushed events of route %s", route_id, extra={"route": route_id})
        _put_off(route_id, unforeseen.problem(error), retry.SLOWLY.cap)
    return False


DUE = """
SELECT id, via, body FROM (
    SELECT id, via, body, number, sum(length(body)) OVER (ORDER BY number) - length(body) AS before
    FROM (SELECT * FROM routes_inboundevent WHERE route_id = %s AND processed_at IS NULL
          AND due_at <= (SELECT hub_now()) ORDER BY number LIMIT %s) AS due) AS measured
WHERE before < %s ORDER BY number
"""


def _batch(made: Plan, most: int, take_in: Callable[[Plan, Sequence[_Event]], None]) -> bool:
    """Work on the oldest events of a route in one commit; return whether there may be more that can be taken in now."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [locks.EVENTS, made.route_id])
        if not cursor.fetchone()[0]:
            return False  # another worker has them, and will look again
        cursor.execute(DUE, [made.route_id, most, BATCH_BYTES])
        events = [_Event(*row) for row in cursor.fetchall()]
        if not events:
            return False
        # Asked once the events are known: what they may echo was sent before they came. Settled, it is recognised.
        if made.reads_back and echoes.are_under_way(made):
            return False  # they keep their places; the sweep finds them when it is settled
        take_in(made, events)
        _processed(events)
    return True


def _take_in(made: Plan, events: Sequence[_Event]) -> None:
    now = receive._now()
    misshapen = []
    for event in events:
        found = _records(made, event)
        if found is None:
            event.problem = MISSHAPEN
            misshapen.append(event.body)
        else:
            event.arrivals = receive.arrive(made, found, now)
            now += len(found) * ONE
            for arrival in event.arrivals:
                arrival.correlation = event.id  # all that an event causes can be found by it
    arrivals = [arrival for event in events for arrival in event.arrivals]
    if arrivals:
        receive.take_in_arrivals(made, arrivals, run=None, now=now)
    _explain(made, Category.SHAPE, MISSHAPEN, misshapen)


def _alone(made: Plan, events: Sequence[_Event]) -> None:
    """Take in one event, without the records that spoil it; when it is spoilt as a whole it waits, and others go on."""
    for event in events:
        try:
            with transaction.atomic():
                found = _records(made, event)
                if found is None:
                    _take_in(made, [event])
                else:
                    event.arrivals = piecewise.take_in_of(made, found, run=None, correlation=event.id)[1]
        except unforeseen.OUTAGES:
            raise
        except Exception as error:
            log.exception("pushed event %s cannot be taken in", event.id, extra={"event": event.id})
            event.arrivals, event.waits = [], True
            _put_off(made.route_id, unforeseen.problem(error), retry.SLOWLY.cap, event=event.id)


def _processed(events: Sequence[_Event]) -> None:
    done = [event for event in events if not event.waits]
    rows = [(event.id, arrival.record) for event in done for arrival in event.arrivals]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_inboundevent e
            SET processed_at = (SELECT hub_now()), problem = w.problem, record_ids = coalesce(
                (SELECT array_agg(DISTINCT r.record) FROM unnest(%s::uuid[], %s::uuid[]) AS r(event, record)
                 WHERE r.event = e.id), '{}')
            FROM unnest(%s::uuid[], %s::text[]) AS w(id, problem) WHERE e.id = w.id
            """,
            [[a for a, _ in rows], [b for _, b in rows], [e.id for e in done], [e.problem for e in done]],
        )


def _records(made: Plan, event: _Event) -> list[Mapping[str, Any]] | None:
    """Return the records of a pushed body: an object, or a list of objects; None when it is neither."""
    try:
        value = decoded(receive.decode, event.body.encode())
    except (msgspec.DecodeError, RecursionError, ArithmeticError, ValueError):
        return None
    if event.via == Via.API and isinstance(value, dict):
        value = value.get("records")
    elif event.via == Via.WEBHOOK and made.source.pushed:
        value = find(value, made.source.pushed)
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _explain(made: Plan, category: Category, words: str, bodies: Sequence[str]) -> None:
    problem = [Problem("error", category, "", None, words, body[:100]) for body in bodies]
    failures.write_down([_trouble(made, each) for each in problem], at=receive._now())


def _trouble(made: Plan, problem: Problem) -> failures.Trouble:
    return failures.Trouble(made.legal_entity_id, made.route_id, "receive", problem, connection_id=made.connection_id)


def _put_off(route_id: int, problem: Problem, most: float, *, event: UUID | None = None) -> None:
    """Let a route's events, or one that cannot be worked on, wait where they are; tell a person once for each cause.

    The wait grows with the time since the first failure, up to `most` seconds.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [locks.EVENTS, route_id])
        cursor.execute("SELECT r.legal_entity_id, (SELECT hub_now()) FROM routes_route r WHERE r.id = %s", [route_id])
        entity, now = cursor.fetchone()
        trouble = failures.Trouble(entity, route_id, "route", problem)
        failures.write_down_once(trouble, at=now)
        cursor.execute(
            f"""
            UPDATE routes_inboundevent SET due_at = (SELECT hub_now()) + make_interval(secs => least(%s, greatest(%s,
                (SELECT extract(epoch FROM hub_now() - min(opened_at)) FROM routes_failure
                 WHERE {failures.OF_CAUSE} AND closed_at IS NULL))))
            WHERE route_id = %s AND processed_at IS NULL AND (%s::uuid IS NULL OR id = %s)
            """,  # noqa: S608 - the condition is a constant
            [most, NOT_READY_SECONDS, *failures.of_cause(trouble), route_id, event, event],
        )
