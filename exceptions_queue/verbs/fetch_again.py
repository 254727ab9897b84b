"""Fetching members again from their source, now that it was put right there, instead of waiting for its next run."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from connectors.registry import UnknownConnector, registry
from exceptions_queue import naming
from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, chosen
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import runs
from routes.models import Record, Route, Run

MOST_DAYS = 31  # that one run reads again


@transaction.atomic
def fetch_again(item: WorkItem, *, by: By, reason: str = "", failures: Collection[UUID] | None = None) -> Run:
    """Ask for a run that reads the days of all members, or of the chosen ones, once more; return it.

    A record that has changed there comes as a newer version, which goes in the place of the one that stopped. Raises
    NotAllowed, and NotPossible where the stream cannot be read for days, or a member has none.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    route = Route.objects.select_related("connection", "legal_entity").filter(pk=item.route_id or 0).first()
    if route is None or route.connection is None:
        raise NotPossible("Its route reads no system that could be asked. Ask the sender to send it again.")
    _require_window(route, by)
    members = chosen(item, failures)
    first, last = _days([m.record_id for m in members if m.record_id])
    reason = reason.strip() or "put right at the source"
    try:
        run = runs.ask_for_run(route, by=by, trigger="person", window=(first, last))
    except runs.NothingToRead as error:
        raise NotPossible(str(error).replace(route.name, naming.name_of(route, by))) from error
    days = f"{first}" if first == last else f"{first} to {last}"
    note(item, by=by, verb="fetched again", reason=f"{len(members):,} of {days}: {reason}", to=State.IN_PROGRESS)
    audit.record(
        by=by, verb="fetch_again", thing=item, after={"from": str(first), "to": str(last)}, reason=reason,
        legal_entity=item.legal_entity_id,
    )  # fmt: skip
    return run


def _require_window(route: Route, by: By) -> None:
    assert route.connection is not None
    try:
        stream = registry.connector(route.connection.connector).manifest.streams.get(route.stream)
    except UnknownConnector as error:
        raise NotPossible(str(error)) from error
    if stream is None or stream.read is None or stream.read.window is None:
        raise NotPossible(
            f"{naming.beginning(route.connection, by)} can only be read on from where the last run ended, not for "
            "single days. What is put right there comes with the route's next run."
        )


def _days(ids: Collection[UUID]) -> tuple[dt.date, dt.date]:
    found = list(Record.objects.filter(pk__in=ids).values_list("occurred_on", flat=True))
    days = [day for day in found if day is not None]
    if not days or len(days) < len(found):
        raise NotPossible("Nobody knows on which day some of these were done, so these cannot be asked for.")
    first, last = min(days), max(days)
    if (last - first).days >= MOST_DAYS:
        raise NotPossible(f"These lie {(last - first).days + 1} days apart. Choose some within {MOST_DAYS} days.")
    return first, last
