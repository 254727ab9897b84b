"""What nobody foresaw: it reaches a person, keeps its place and is tried again slowly.

One cause is the kind of error and the place in the hub where it arose, never its text: that may quote a value or a
secret. The log has the trace. An outage of the database or the broker is nothing unforeseen: work pauses and resumes.
"""

import logging
from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from kombu.exceptions import OperationalError as BrokerAway

from canonical.failure import Category
from canonical.problem import Problem
from governance.actor import ENGINE
from governance.keys import KeysUnusable
from routes import failures, retry
from routes.models import Run
from routes.pages import NotNow
from routes.states import State, move

OUTAGES = (OperationalError, InterfaceError, BrokerAway)
FORESEEN = (NotNow,)  # has its own words and its own time
HOUSE = ("canonical", "governance", "connectors", "mappings", "routes")  # packages whose functions name a place
MOST = 10  # members of one batch that are set apart; with more of them the fault lies with the hub and not with them
KEPT = "The hub met something that it was not made for. Nothing is lost: {} Show this to whoever looks after the hub."
LATER = "it keeps its place and is tried again by itself, at least once an hour."
APART = "this is kept as it came, and all others went on. Send it again once the hub is put right."
KEYS = "encryption keys"  # the rule of a failure that tells of them
NO_KEYS = "{}. An operator of the hub has to do that; `manage.py doctor` tells the same. Nothing is lost: {}"
RETRIED = "the hub met something that it was not made for; it is tried again by itself"

log = logging.getLogger(__name__)
Member = TypeVar("Member")
Done = TypeVar("Done")
P = ParamSpec("P")


class Spoilt(Exception):
    """Some work on many members met something unforeseen; which of them it was is still to be found."""


def each_by_itself(what: str, *steps: Callable[[], object]) -> None:
    """Do the steps of a sweep in their order; one that meets something unforeseen keeps none of the others from theirs.

    `what` names the sweep in the log. Outages are raised: they end all of it, and the next sweep begins anew.
    """
    for step in steps:
        try:
            step()
        except OUTAGES:
            raise
        except Exception:
            log.exception("unforeseen in the sweep of %s", what)


def watched(work: Callable[P, Done]) -> Callable[P, Done]:
    """Return the same work, raising Spoilt where it meets something unforeseen; outages are raised as they are."""

    @wraps(work)
    def watch(*args: P.args, **kwargs: P.kwargs) -> Done:
        try:
            return work(*args, **kwargs)
        except (*OUTAGES, *FORESEEN):
            raise
        except Exception as error:
            log.exception("unforeseen with a batch: it is taken in halves")
            raise Spoilt from error

    return watch


def problem(error: Exception, what_happens: str = LATER) -> Problem:
    """Return the failure of an error that nobody foresaw, without any word of the error itself.

    Encryption keys that became unusable are foreseen; they stop the same work, and one cause tells what mends them.
    """
    if isinstance(error, KeysUnusable):
        words = NO_KEYS.format(str(error).rstrip("."), what_happens)
        return Problem("error", Category.CONFIGURATION, "", None, words, rule=KEYS)
    return Problem("error", Category.INTERNAL, "", None, KEPT.format(what_happens), rule=cause(error))


def is_tried_again(category: str, rule: str) -> bool:
    """Return whether what stops for a reason keeps its place and is tried again by itself, or at once by `try_now`."""
    return category == Category.INTERNAL or (category == Category.CONFIGURATION and rule == KEYS)


def cause(error: Exception) -> str:
    """Return what makes two unforeseen errors the same: "KeyError at routes.evaluation.normalise"."""
    place, frame = "", error.__traceback__
    while frame is not None:
        module = str(frame.tb_frame.f_globals.get("__name__", ""))
        if module.split(".")[0] in HOUSE and not module.startswith(__name__):
            place = f"{module}.{frame.tb_frame.f_code.co_qualname}"
        frame = frame.tb_next
    return f"{type(error).__qualname__} at {place or 'an unknown place'}"[:120]


def through(
    members: Sequence[Member], work: Callable[[Sequence[Member]], None], apart: Callable[[Member, Exception], None]
) -> None:
    """Do some work with all members, in halves where that fails, until only those are left that spoil it by themselves.

    `work` is atomic by itself and keeps the members' order; `apart` gets each member that spoils it, with its error.
    What more than MOST members spoil is raised: the fault lies elsewhere. Outages, and what is foreseen, are raised.
    """
    parts, spoilt = [list(members)] if members else [], 0
    while parts:
        part = parts.pop()
        try:
            work(part)
        except (*OUTAGES, *FORESEEN):
            raise
        except Exception as error:
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            log.exception("unforeseen, with one member of a batch")
            spoilt += 1
            if spoilt > MOST:
                raise
            apart(part[0], error)


def put_off_run(run: Run, *, owner: UUID, error: Exception) -> None:
    """Let a run wait where it stands, its cursor unmoved, and tell a person once for each cause."""
    wait = retry.slowly(run.attempts + 1)
    told = problem(error)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_run SET attempts = attempts + 1, message = %s, lease_owner = NULL,"
            " due_at = (SELECT hub_now()) + make_interval(secs => %s)"
            " WHERE id = %s AND lease_owner = %s RETURNING (SELECT hub_now())",
            [told.message, wait, run.pk, owner],
        )
        if (found := cursor.fetchone()) is None:
            return
    trouble = failures.Trouble(
        run.legal_entity_id, run.route_id, "receive", told, run=run.pk, connection_id=run.route.connection_id
    )
    failures.write_down_once(trouble, at=found[0])


def give_back(connection_id: int, lane: str, stream: str, *, owner: UUID) -> None:
    """Give back what a worker still holds of a lane, due at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_keyhead SET lease_owner = NULL, due_at = (SELECT hub_now())"
            " WHERE connection_id = %s AND lane = %s AND object = %s AND due_at IS NOT NULL AND lease_owner = %s",
            [connection_id, lane, stream, owner],
        )


# The wait grows with the time since the first failure, so that no counter has to be kept.
PUT_OFF = """
WITH mine AS (
    SELECT h.id, h.transaction_id FROM routes_keyhead h
    WHERE h.connection_id = %(connection)s AND h.lane = %(lane)s AND h.object = %(stream)s AND h.due_at IS NOT NULL
      AND (h.lease_owner = %(owner)s OR %(owner)s::uuid IS NULL AND h.due_at <= (SELECT hub_now()))
), told AS (
    SELECT f.transaction_id, f.opened_at FROM routes_failure f JOIN mine m ON m.transaction_id = f.transaction_id
    WHERE f.closed_at IS NULL AND (f.category = 'internal' OR f.category = 'configuration' AND f.rule = %(keys)s)
), waiting AS (
    UPDATE routes_keyhead h
    SET lease_owner = NULL, due_at = greatest(h.quiet_until, (SELECT hub_now()) + make_interval(secs =>
        least(%(cap)s, greatest(%(first)s, (SELECT extract(epoch FROM hub_now() - min(opened_at)) FROM told)))))
    FROM mine WHERE h.id = mine.id RETURNING h.connection_id, h.object, h.key, h.transaction_id
)
SELECT t.id, t.legal_entity_id, d.route_id, t.record_id, t.amount, t.currency, t.hours, (SELECT hub_now()),
    EXISTS (SELECT FROM told WHERE told.transaction_id = t.id),
    EXISTS (SELECT FROM routes_effect e WHERE e.connection_id = w.connection_id AND e.object = w.object
            AND e.key = w.key AND e.state IN ('sent', 'unknown'))
FROM waiting w JOIN routes_transaction t ON t.id = w.transaction_id JOIN routes_destination d ON d.id = t.destination_id
ORDER BY t.id LIMIT %(most)s
"""


def put_off(connection_id: int, lane: str, stream: str, *, owner: UUID | None, error: Exception) -> int:
    """Let heads of a lane wait where they stand: those that a worker holds, or without a worker all that are due.

    People are told once of each transaction, of MOST at a time; the failures are closed when they arrive. Returns how
    many of those that wait now they have been told of. In the caller's commit.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            PUT_OFF,
            {
                "connection": connection_id, "lane": lane, "stream": stream, "owner": owner, "most": MOST,
                "first": retry.SLOWLY.first, "cap": retry.SLOWLY.cap, "keys": KEYS,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    told = problem(error)
    certain = [row[0] for row in rows if not row[9]]  # what is in doubt stays so
    move(certain, frm=[State.READY, State.DELIVERING], to=State.RETRYING, by=ENGINE, reason=RETRIED)
    troubles = [
        failures.Trouble(
            entity, route, "deliver", told, record=record, transaction=id_, connection_id=connection_id,
            amount=amount, currency=currency, hours=hours,
        )
        for id_, entity, route, record, amount, currency, hours, _, known, _ in rows
        if not known
    ]  # fmt: skip
    if troubles:
        failures.write_down(troubles, at=rows[0][7])
    return len(rows)


TRY_NOW = (
    "UPDATE routes_run SET due_at = (SELECT hub_now()) WHERE state = 'running' AND lease_owner IS NULL AND id IN"
    " (SELECT run_id FROM routes_failure WHERE fingerprint = %s AND closed_at IS NULL)",
    "UPDATE routes_inboundevent SET due_at = (SELECT hub_now()) WHERE processed_at IS NULL AND route_id IN (SELECT"
    " route_id FROM routes_failure WHERE fingerprint = %s AND closed_at IS NULL AND stage = 'route')",
    "UPDATE routes_keyhead h SET due_at = greatest(h.quiet_until, (SELECT hub_now()))"
    " FROM routes_failure f JOIN routes_transaction t ON t.id = f.transaction_id"
    " JOIN routes_destination d ON d.id = t.destination_id"
    " WHERE f.fingerprint = %s AND f.closed_at IS NULL AND h.connection_id = d.connection_id AND h.object = d.stream"
    " AND h.key = t.key AND h.transaction_id = t.id AND h.lease_owner IS NULL AND h.due_at IS NOT NULL",
)


def try_now(fingerprint: str) -> int:
    """Make due now what waits in its place because of one cause; return how many runs, events and heads there were."""
    with connection.cursor() as cursor:
        found = 0
        for statement in TRY_NOW:
            cursor.execute(statement, [fingerprint])
            found += cursor.rowcount
        return found
