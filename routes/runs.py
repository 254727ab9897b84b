"""Runs: asking for one, taking one that is due, reading its pages, and ending it.

A run belongs to the worker that holds its lease. Every page renews the lease in the page's own commit; whoever lost it
stores nothing any more, so a page is never taken in by two.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from psycopg.errors import DeadlockDetected

from canonical.failure import Category
from canonical.problem import Problem
from connectors import gate
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, Page
from governance import audit
from governance.actor import By, as_actor
from governance.keys import KeyLost
from governance.rights import Right, require
from routes import (
    ahead,
    collect,
    comparing,
    crashpoints,
    cursors,
    failures,
    nudges,
    pages,
    pausing,
    piecewise,
    receive,
    retry,
    unforeseen,
)
from routes.bulk import together
from routes.models import Route, Run
from routes.models.movement import RunState
from routes.plan import NotReadyToRun, Plan, current, plan

PAUSED_SECONDS = 60.0  # after which a run asks again whose connection a person has paused; its end wakes it sooner
OFF = "Its route is switched off. The run goes on from here once the route is switched on."
log = logging.getLogger(__name__)


class NothingToRead(ValueError):
    """The route takes what is sent to it, or is switched off; the message says what to do instead."""


class UnderWay(NothingToRead):
    """Another run of the route is open, that reads other days or compares; the message says which."""


class LeaseLost(Exception):
    """Another worker has this run now; what this one was about to store is dropped."""


def ask_for_run(
    route: Route, *, by: By, trigger: str, window: tuple[date, date] | None = None, compares: bool = False,
    from_start: bool = False,
) -> Run:  # fmt: skip
    """Queue a run of a route and return it; the open one, if there is one already that reads the same.

    With a window it is a backfill over those days; `compares` also looks for what has vanished at the source.
    `from_start`: how far the route has read is forgotten, so that it reads all that its source has; that is audited.
    Raises governance.rights.NotAllowed, NothingToRead, and UnderWay where the open run reads something else.
    """
    require(by, Right.RESUBMIT, route.legal_entity)
    if route.takes_events:
        raise NothingToRead(f"{route} takes what is sent to it and reads nothing. Ask the sender to send it again.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT enabled FROM routes_route WHERE id = %s FOR UPDATE", [route.pk])
        if cursor.fetchone() == (False,):
            raise NothingToRead(f"{route} is switched off and reads nothing. Ask again once it is switched on.")
        open_ = Run.objects.filter(route=route, state__in=[RunState.WAITING, RunState.RUNNING]).first()
        if open_ is not None:
            if from_start or (_window(open_), open_.compares) != (window, compares):
                raise UnderWay(_under_way(open_, route))
            return open_
        if from_start:
            cursors.forget(route.pk)
            audit.record(by=by, verb="read_from_start", thing=route, legal_entity=route.legal_entity)
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        nudges.run(route.pk)
        return Run.objects.create(
            route=route, legal_entity=route.legal_entity, trigger=trigger, requested_by=as_actor(by).name,
            created_at=now, due_at=now, window_from=window[0] if window else None,
            window_to=window[1] if window else None, compares=compares,
        )  # fmt: skip


def _window(run: Run) -> tuple[date, date] | None:
    return (run.window_from, run.window_to) if run.window_from and run.window_to else None


def _under_way(run: Run, route: Route) -> str:
    window = _window(run)
    reads = f"from {window[0]} to {window[1]}" if window else "on from where the last one ended"
    compares = ", and looks for what has vanished" if run.compares else ""
    return f"A run of {route} is under way already. It reads {reads}{compares}. Ask again once it has ended."


DUE_ROUTES = """
SELECT DISTINCT u.route_id FROM routes_run u JOIN routes_route r ON r.id = u.route_id AND r.enabled
WHERE u.due_at <= (SELECT hub_now())
"""
TAKE = """
UPDATE routes_run SET state = 'running', lease_owner = %s, started_at = coalesce(started_at, (SELECT hub_now())),
    due_at = (SELECT hub_now()) + make_interval(secs => %s)
WHERE id = (
    SELECT u.id FROM routes_run u WHERE u.route_id = %s AND u.due_at <= (SELECT hub_now())
        AND EXISTS (SELECT FROM routes_route r WHERE r.id = u.route_id AND r.enabled)
    ORDER BY u.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def due_routes() -> list[int]:
    """Return the routes whose run has something to read now; the run of a route that is switched off waits."""
    with connection.cursor() as cursor:
        cursor.execute(DUE_ROUTES)
        return [row[0] for row in cursor.fetchall()]


def work(route_id: int, *, seconds: float = 20.0) -> bool:
    """Work on the route's due run for a while; return whether there is more to do at once."""
    owner = uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE, [owner, settings.LEASE_SECONDS, route_id])
        found = cursor.fetchone()
    if found is None:
        return False
    run = Run.objects.select_related("route").get(pk=found[0])
    try:
        made = plan(current(run.route).pk)
        return _drive(run, made, owner, time.monotonic() + seconds)
    except LeaseLost:
        return False
    except pages.NotNow as not_now:
        _wait(run, owner, not_now)
    except NotReadyToRun as error:
        _stop(run, owner, ConnectorFailure(Category.CONFIGURATION, str(error)))
    except KeyLost as lost:
        _stop(run, owner, ConnectorFailure(Category.CREDENTIALS, str(lost), sent=False))
    except ConnectorFailure as failure:
        _stop(run, owner, failure)
    except unforeseen.OUTAGES as outage:
        if not isinstance(outage.__cause__, DeadlockDetected):
            raise
        _give_back(run, owner)  # the page is forgotten as a whole, and whoever stood in its way has gone on
        return True
    except Exception as error:
        log.exception("unforeseen in run %s of route %s", run.pk, route_id, extra={"run": run.pk, "route": route_id})
        with transaction.atomic():
            unforeseen.put_off_run(run, owner=owner, error=error)
    return False


def _drive(run: Run, made: Plan, owner: UUID, until: float) -> bool:
    if made.upstream_id is not None:
        try:
            _store_groups(run, made, owner, unforeseen.watched(collect.take_in))
        except unforeseen.Spoilt:
            _store_groups(run, made, owner, piecewise.group)
        return False
    assert made.connection_id is not None
    source = Connection.objects.get(pk=made.connection_id)
    reads = cursors.source_of(source, run.route.stream)
    if not cursors.belongs(run.source, reads):
        run.cursor = None  # it has begun at another source: a place there is none here
    run.source = reads
    try:
        with ahead.counted():
            more = _read_pages(run, made, source, owner, until)
    finally:
        if ahead.serving():
            _nudge(made)  # whatever this worker left to others meanwhile
    if more:
        _give_back(run, owner)
    return more


def _read_pages(run: Run, made: Plan, source: Connection, owner: UUID, until: float) -> bool:
    """Take in page by page; return whether the time was up before the last one.

    Raises pages.NotNow where the route is switched off meanwhile.
    """
    for page, prepared in ahead.each(_pages(run, source), lambda page: _prepared(run, made, page)):
        goes_on = _receive(run, made, owner, page, prepared)
        if page.last:
            if run.compares:
                comparing.finish(run, made, owner=owner)
            return False
        if not goes_on:
            raise pages.NotNow(OFF, gate.database_now())
        if time.monotonic() > until:
            return True
    return False


def _store_groups(run: Run, made: Plan, owner: UUID, take_in: Callable[..., receive.Totals]) -> None:
    with transaction.atomic():
        totals = take_in(made, run=run.pk)
        _page_done(run, owner, totals, cursor=None, last=True)
        _nudge(made)


def _prepared(run: Run, made: Plan, page: Page) -> receive.Prepared | None:
    """Work a page out ahead of its turn; None where something unforeseen is in it, to be found record by record."""
    try:
        return unforeseen.watched(receive.prepare)(made, page.records, run=run.pk)
    except unforeseen.Spoilt:
        return None


def _receive(run: Run, made: Plan, owner: UUID, page: Page, prepared: receive.Prepared | None) -> bool:
    """Store a page, what it brings new as consignments; whole, or where that is spoilt in pieces.

    Return whether the route is still switched on.
    """

    def whole() -> receive.Totals:
        assert prepared is not None
        return receive.take_in_prepared(made, prepared, run=run.pk)

    if prepared is not None:
        try:
            return _store_page(run, made, owner, page, unforeseen.watched(whole))
        except unforeseen.Spoilt:
            pass
    return _store_page(run, made, owner, page, lambda: piecewise.take_in(made, page.records, run=run.pk))


def _store_page(run: Run, made: Plan, owner: UUID, page: Page, take_in: Callable[[], receive.Totals]) -> bool:
    with transaction.atomic():
        totals = take_in()
        if run.compares:
            comparing.mark_seen(made, totals.seen, run=run.pk)
        crashpoints.point("receive.before_commit")
        with together():
            _let_disk_follow()
            goes_on = _page_done(run, owner, totals, cursor=page.cursor, last=page.last and not run.compares)
        _nudge(made, totals.due)
    crashpoints.point("receive.after_commit")
    return goes_on


def _let_disk_follow() -> None:
    """Let the disk have this commit a moment later, with the next one that waits for it.

    A server that falls in between forgets the page and its cursor together, and the page is read again. Nothing that
    left us can be forgotten: what sends any of it commits first, and waits for the disk to have all before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _nudge(made: Plan, due: Collection[int] | None = None) -> None:
    """Tell workers of the destinations that something is due for (None: of all)."""
    for destination in made.destinations:
        if due is None or destination.id in due:
            nudges.delivery(destination.connection_id, destination.lane, destination.stream)


def _pages(run: Run, source: Connection) -> Iterator[Page]:
    cursor = run.cursor
    if cursor is None and not run.window_from:
        cursor = cursors.stored(run.route_id, run.source)
    return pages.read(source, run.route.stream, cursor=cursor, window=_window(run))


def _page_done(run: Run, owner: UUID, totals: receive.Totals, *, cursor: dict[str, Any] | None, last: bool) -> bool:
    """Move totals and cursor in the page's commit and renew the lease. Raises LeaseLost.

    Return whether the route is still switched on.
    """
    with connection.cursor() as moved:
        moved.execute(
            """
            UPDATE routes_run
            SET pages = pages + 1, read = read + %s, new = new + %s, changed = changed + %s,
                unchanged = unchanged + %s, unreadable = unreadable + %s, echoes = echoes + %s, attempts = 0,
                cursor = %s::jsonb, source = %s, message = '',
                state = CASE WHEN %s THEN 'done' ELSE state END,
                ended_at = CASE WHEN %s THEN (SELECT hub_now()) END,
                due_at = CASE WHEN NOT %s THEN (SELECT hub_now()) + make_interval(secs => %s) END
            WHERE id = %s AND lease_owner = %s
            RETURNING (SELECT r.enabled FROM routes_route r WHERE r.id = route_id)
            """,
            [
                totals.read, totals.new, totals.changed, totals.unchanged, totals.unreadable, totals.echoes,
                receive.exact(cursor), run.source, last, last, last, settings.LEASE_SECONDS,
                run.pk, owner,
            ],
        )  # fmt: skip
        if cursor is not None and not run.window_from:
            cursors.move(run.route_id, cursor, run.source)
        enabled = moved.fetchone()
        if enabled is None:
            raise LeaseLost
    if last:
        failures.close_of_run(run.route_id, stage="receive", how="auto:retry_succeeded")
    return bool(enabled[0])


def _give_back(run: Run, owner: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_run SET due_at = (SELECT hub_now()), lease_owner = NULL WHERE id = %s AND lease_owner = %s",
            [run.pk, owner],
        )


def _wait(run: Run, owner: UUID, not_now: pages.NotNow) -> None:
    """Give a run back whose connection takes no request now, cursor unmoved; it is due when the connection says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_run SET state = 'waiting', lease_owner = NULL, message = %s,"
            " due_at = coalesce(%s, (SELECT hub_now()) + make_interval(secs => %s))"
            " WHERE id = %s AND lease_owner = %s",
            [not_now.message, not_now.until, PAUSED_SECONDS, run.pk, owner],
        )


def _stop(run: Run, owner: UUID, failure: ConnectorFailure) -> None:
    """Stop a run whose source failed, cursor unmoved: again by itself if that helps, else one item for a person."""
    made_for = run.route.connection
    with transaction.atomic(), connection.cursor() as cursor:
        if made_for is not None:
            pausing.failed(made_for, failure)
        wait = retry.delay(
            failure.category, run.attempts + 1, retry_after=failure.retry_after, told=failure.retry
        )  # fmt: skip
        cursor.execute(
            """
            UPDATE routes_run
            SET attempts = attempts + 1, message = %s, lease_owner = NULL,
                state = CASE WHEN %s::float8 IS NULL THEN 'stopped' ELSE state END,
                ended_at = CASE WHEN %s::float8 IS NULL THEN (SELECT hub_now()) END,
                due_at = (SELECT hub_now()) + make_interval(secs => %s::float8)
            WHERE id = %s AND lease_owner = %s RETURNING (SELECT hub_now())
            """,
            [failure.message, wait, wait, wait, run.pk, owner],
        )
        found = cursor.fetchone()
        if found is None or wait is not None:
            return
        problem = Problem("error", failure.category, "", None, failure.message)
        trouble = failures.Trouble(
            run.legal_entity_id,
            run.route_id,
            "receive",
            problem,
            run=run.pk,
            hint=failure.hint,
            connection_id=run.route.connection_id,
        )
        failures.write_down([trouble], at=found[0])
