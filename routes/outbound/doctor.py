"""What the doctor looks at in events out: whether what happened is told, and whether subscribers take it."""

from collections.abc import Iterator

from django.db import connection

from routes.models import Subscription
from routes.models.outbound import SubscriptionState

Wrong = tuple[str, str, str]  # thing, cause, remedy
LATE = 600.0  # seconds that something may wait to be told
FAILING = 3600.0  # seconds that an address may fail before it is said here
UNTOLD = """
SELECT min(x.at) FROM routes_tap t JOIN routes_transition x ON x.xid >= t.horizon
WHERE x.at < (SELECT hub_now()) - make_interval(secs => %s)
"""


def untold() -> Iterator[Wrong]:
    """What happened is told to those who subscribe."""
    with connection.cursor() as cursor:
        cursor.execute(UNTOLD, [LATE])
        (since,) = cursor.fetchone() or (None,)
    if since is not None:
        yield (
            f"What happened since {since:%Y-%m-%d %H:%M} UTC is not told to subscribers yet",
            "no worker reads the lane analytics, the telling fails, or a transaction on the database server has been "
            "open that long: what began after it waits for its end.",
            "Start a worker with the lane analytics and look at the workers' logs in STATE/logs; an open transaction "
            "stands in pg_stat_activity with its backend_xid.",
        )


def failing_subscriptions() -> Iterator[Wrong]:
    """Every subscriber takes its events."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now() - make_interval(secs => %s)", [FAILING])
        (since,) = cursor.fetchone()
    for row in Subscription.objects.defer("secrets").order_by("name"):
        if row.state == SubscriptionState.DISABLED:
            yield (
                f"The subscription {row} is switched off",
                row.state_reason,
                "Put its receiver right, then choose Resume on its page in the administration: nothing is lost before "
                "EVENT_KEEP_DAYS are over.",
            )
        elif row.failing_since is not None and row.failing_since < since:
            yield (
                f"Nothing has arrived at the subscription {row} since {row.failing_since:%Y-%m-%d %H:%M} UTC",
                row.last_answer,
                "See to its receiver. The hub tries again by itself and sends everything in order.",
            )


CHECKS = (untold, failing_subscriptions)
