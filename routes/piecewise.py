"""Taking in a page that something unforeseen spoilt as a whole: in halves, until what spoils it stands alone.

That record is stored as it came, stopped, with a failure for people; all others go their way. A healthy page never
comes here.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from routes import collect, meeting, receive, storing, unforeseen
from routes.arrivals import UNREADABLE, Arrival, digest, exact, version_at
from routes.plan import Plan
from routes.receive import Totals

ONE = dt.timedelta(microseconds=1)  # between two records that have no version of their own, as in receive
AS_TEXT = 100_000  # characters that are kept of a record that cannot even be written as JSON
log = logging.getLogger(__name__)
Numbered = tuple[int, Mapping[str, Any]]  # place in the page, and the record


def take_in(plan: Plan, raws: Iterable[Mapping[str, Any]], *, run: UUID | None) -> Totals:
    """Take in a page and return how it was accounted for; in the caller's commit.

    Raises what was met when more records than unforeseen.MOST meet it: then the fault lies with the hub.
    """
    return take_in_of(plan, raws, run=run, correlation=None)[0]


def take_in_of(
    plan: Plan, raws: Iterable[Mapping[str, Any]], *, run: UUID | None, correlation: UUID | None
) -> tuple[Totals, list[Arrival]]:
    """Take in a page, or the records of one event, as `take_in` does; return its arrivals too, in order."""
    now = receive._now()
    totals, arrived = Totals(), []

    def work(part: Sequence[Numbered]) -> None:
        with transaction.atomic():
            arrivals = receive.arrive(plan, [raw for _, raw in part], now + part[0][0] * ONE)
            for arrival in arrivals:
                arrival.correlation = correlation or arrival.correlation
            found = receive.take_in_arrivals(plan, arrivals, run=run, now=now)
        totals.add(found)
        arrived.extend(arrivals)

    def apart(member: Numbered, error: Exception) -> None:
        found, arrival = _keep(plan, member, error, run=run, now=now, correlation=correlation)
        totals.add(found)
        arrived.append(arrival)

    unforeseen.through(list(enumerate(raws)), work, apart)
    return totals, arrived


def group(plan: Plan, *, run: UUID) -> Totals:
    """Group what is posted, as collect.take_in does, group by group where one spoils the others."""
    totals = Totals()
    found = collect.waiting(plan)
    if found is None:
        return totals

    def work(units: Sequence[collect.Unit]) -> None:
        with transaction.atomic():
            counted = collect.store(plan, found, units, run=run)
        totals.add(counted)

    def apart(unit: collect.Unit, error: Exception) -> None:
        with transaction.atomic():
            arrival = collect.arrive(plan, found, unit)
            totals.add(_store(plan, arrival, error, run=run, now=found.now))

    unforeseen.through(found.units, work, apart)
    return totals


def _keep(
    plan: Plan, member: Numbered, error: Exception, *, run: UUID | None, now: dt.datetime, correlation: UUID | None
) -> tuple[Totals, Arrival]:
    """Store a record that cannot be taken in; where not even its key or body can be had, its text."""
    number, raw = member
    try:
        with transaction.atomic():
            [arrival] = receive.arrive(plan, [raw], now + number * ONE)
            arrival.correlation = correlation or arrival.correlation
            return _store(plan, arrival, error, run=run, now=now), arrival
    except unforeseen.OUTAGES:
        raise
    except Exception:
        log.exception("unforeseen even with keeping the record as it came: its text is kept")
    with transaction.atomic():
        body = exact({"as it came": ascii(raw)[:AS_TEXT]})
        arrival = Arrival({}, body, digest(body), outcome="unreadable")
        arrival.key, arrival.version = f"{UNREADABLE}{arrival.content.hex()}", version_at(now)
        arrival.correlation = correlation or arrival.correlation
        return _store(plan, arrival, error, run=run, now=now), arrival


def _store(plan: Plan, arrival: Arrival, error: Exception, *, run: UUID | None, now: dt.datetime) -> Totals:
    totals = Totals(read=1, seen=[arrival.read_key or arrival.key])
    arrival.legal_entity, arrival.stage = plan.legal_entity_id, "receive"
    arrival.problems = [unforeseen.problem(error, unforeseen.APART)]
    fresh = receive._sort_out(plan, [arrival], meeting.known(plan, [arrival.key]), totals)
    if fresh:
        storing.store(plan, fresh, run=run, now=now)
    return totals
