"""What the doctor looks at in the switchboard: rows that belong together, and work that should have moved on.

The hot tables refer to each other without enforced keys, so that nobody but this check would notice a lost parent.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from connectors.models import BreakerState, Connection
from routes import partitions
from routes.models import ClockStep, InboundEvent, Run
from routes.outbound import doctor as outbound

Wrong = tuple[str, str, str]  # thing, cause, remedy
LONG = "10 minutes"  # that due work may lie about before it is a sign of workers that are missing or stuck
RESTORE = "Restore the database from a backup of one moment, and show this to whoever looks after the hub."

# Only what is open or recent is looked at: the whole of a table of hundreds of millions of rows would take hours.
ORPHANS = (
    (
        "Work at the head of its key",
        "without its transaction",
        "SELECT count(*) FROM routes_keyhead h WHERE h.transaction_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM routes_transaction t WHERE t.id = h.transaction_id)",
    ),
    (
        "Transactions at the head of their key",
        "without their record",
        "SELECT count(*) FROM routes_keyhead h JOIN routes_transaction t ON t.id = h.transaction_id"
        " WHERE NOT EXISTS (SELECT FROM routes_record r WHERE r.id = t.record_id)",
    ),
    (
        "Open effects",
        "without the body that they send",
        "SELECT count(*) FROM routes_effect e WHERE e.state IN ('intended', 'sent', 'unknown')"
        " AND NOT EXISTS (SELECT FROM routes_body(e.payload_id))",
    ),
    (
        "Open effects",
        "without a transaction that they stand for",
        "SELECT count(*) FROM routes_effect e WHERE e.state IN ('intended', 'sent', 'unknown')"
        " AND NOT EXISTS (SELECT FROM routes_effectlink l JOIN routes_transaction t ON t.id = l.transaction_id"
        " WHERE l.effect_id = e.id)",
    ),
    (
        "Waiting",
        "without the transaction that waits",
        "SELECT count(*) FROM routes_wait w"
        " WHERE NOT EXISTS (SELECT FROM routes_transaction t WHERE t.id = w.transaction_id)",
    ),
    (
        "Open failures",
        "without what has failed",
        "SELECT count(*) FROM routes_failure f WHERE f.closed_at IS NULL"
        " AND (f.transaction_id IS NOT NULL AND NOT EXISTS"
        "       (SELECT FROM routes_transaction t WHERE t.id = f.transaction_id)"
        "   OR f.record_id IS NOT NULL AND NOT EXISTS (SELECT FROM routes_record r WHERE r.id = f.record_id))",
    ),
)


def orphans() -> Iterator[Wrong]:
    """What belongs together is together."""
    with connection.cursor() as cursor:
        for things, lack, statement in ORPHANS:
            cursor.execute(statement)
            (count,) = cursor.fetchone() or (0,)
            if count:
                yield (f"{things} {lack}: {count}", "rows were deleted by hand, or only a part was restored.", RESTORE)


SWITCHED_ON = "EXISTS (SELECT FROM routes_route r WHERE r.id = x.route_id AND r.enabled)"
OVERDUE = (
    ("write", "routes_keyhead", "TRUE"),
    ("consignment", "routes_consignment", "NOT x.set_apart"),
    ("run", "routes_run", SWITCHED_ON),
    ("pushed event", "routes_inboundevent", f"x.processed_at IS NULL AND {SWITCHED_ON}"),
)


def overdue() -> Iterator[Wrong]:
    """Nothing that is due lies about."""
    with connection.cursor() as cursor:
        for thing, table, condition in OVERDUE:
            cursor.execute(
                f"SELECT count(*), min(x.due_at) FROM {table} x WHERE {condition}"  # noqa: S608 - fixed texts
                " AND x.due_at < (SELECT hub_now()) - %s::interval",
                [LONG],
            )
            count, since = cursor.fetchone() or (0, None)
            if count:
                yield (
                    f"{count} {thing}{'s are' if count > 1 else ' is'} due and nobody takes "
                    f"{'them' if count > 1 else 'it'}, since {since:%Y-%m-%d %H:%M} UTC",
                    "no worker reads their lane, its connection is paused, or the broker is away.",
                    "Look at the breakers below and at the workers' logs in STATE/logs; start the hub when it is not.",
                )


def missing_partitions() -> Iterator[Wrong]:
    """The partitions of this month and the next are there."""
    with connection.cursor() as cursor:
        for name in partitions.names(timezone.now().date(), months_ahead=1):
            cursor.execute("SELECT to_regclass(%s) IS NULL", [name])
            (missing,) = cursor.fetchone() or (True,)
            if missing:
                yield (
                    f"The partition {name} is missing",
                    "the nightly task did not run; rows go to the default partition, which cannot be dropped by age.",
                    "Start the hub's clock (beat), or type: .venv/bin/python manage.py shell -c "
                    "'from routes.tasks import make_partitions as make; make()'",
                )


def breakers() -> Iterator[Wrong]:
    """No connection is paused after failures."""
    for each in Connection.objects.exclude(breaker_state=BreakerState.CLOSED).order_by("slug"):
        since = f" since {each.breaker_opened_at:%Y-%m-%d %H:%M} UTC" if each.breaker_opened_at else ""
        yield (
            f"The connection {each.name} is paused{since}",
            each.breaker_message or each.breaker_category or "it kept failing.",
            "Mend what the cause says; the hub tries again by itself, at once when the connection is edited.",
        )


def stopped_runs() -> Iterator[Wrong]:
    """The last run of every route went through."""
    last = Run.objects.filter(route__enabled=True).order_by("route_id", "-created_at").distinct("route_id")
    for run in last.select_related("route"):
        if run.state in ("stopped", "held"):
            yield (
                f"The last run of {run.route} is {run.get_state_display()}",
                run.message or "no reason was given.",
                "Its work item says what to do.",
            )


def misshapen_events() -> Iterator[Wrong]:
    """Pushed events of the last day could be read."""
    since = timezone.now() - timedelta(days=1)
    count = InboundEvent.objects.filter(received_at__gte=since).exclude(problem="").count()
    if count:
        yield (
            f"{count} pushed events of the last day could not be taken in",
            "they had not the agreed form, or met something unforeseen.",
            "Their work items say which; correct the sender.",
        )


TOLD_DAYS = 3  # that a step of the clock is told: over a weekend


def clock_steps() -> Iterator[Wrong]:
    """Nobody has set the database's clock lately."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now() - make_interval(days => %s)", [TOLD_DAYS])
        (since,) = cursor.fetchone() or (timezone.now(),)
    for step in ClockStep.objects.filter(noticed_at__gt=since).order_by("-pk")[:5]:
        way = "back" if step.seconds < 0 else "ahead"
        done = f"{step.moved} {'row' if step.moved == 1 else 'rows'} were brought near, so that nothing waits for it"
        yield (
            f"The database's clock was set {way} by {_spoken(abs(step.seconds))}; it then showed "
            f"{step.noticed_at:%Y-%m-%d %H:%M} UTC",
            "a person or a time service set the clock of the machine that runs PostgreSQL. Nothing was lost or sent "
            f"twice: {done if step.seconds < 0 else 'nothing had to be mended'}. Times in histories from before and "
            "after do not compare.",
            "Let a time service (chrony, ntpd) slew that machine's clock in place of setting it, and look at posting "
            f"dates that were chosen meanwhile. This is told for {TOLD_DAYS} days.",
        )


def _spoken(seconds: float) -> str:
    """Return a duration in words: "1 h 0 min", "1 min 30 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days {hours % 24} h"
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


CHECKS = (
    orphans, overdue, missing_partitions, breakers, stopped_runs, misshapen_events, clock_steps, *outbound.CHECKS,
)  # fmt: skip
