"""What the clock times here, and what to do with it when the clock was set back. The caller knows by how much.

Slots need nothing: whoever takes one counts a lease that ends absurdly late as ended (`budget.take_slots`).
"""

from django.db import connection

from connectors.token_rows import RENEWAL_SECONDS

# A pause may be hours long, so nothing in its row says that it is absurd. A pause that was set between the step and its
# discovery ends early: then the system is asked once too soon, and says so.
SHIFTS = (
    "UPDATE connectors_connection SET slow_until = slow_until - make_interval(secs => %(back)s)"
    " WHERE slow_until > hub_now()",
    "UPDATE connectors_connection SET breaker_probe_at = breaker_probe_at - make_interval(secs => %(back)s)"
    " WHERE breaker_probe_at > hub_now()",
    # A renewal that may be alive is never overtaken: only those that end later than any that begins now.
    "UPDATE connectors_tokencache SET renewing_until = renewing_until - make_interval(secs => %(back)s)"
    " WHERE renewing_until > hub_now() + make_interval(secs => %(renewal)s)",
)


def bring_near(back: float) -> int:
    """Let what was written before the clock went back by `back` seconds end after its true wait; count them."""
    moved = 0
    with connection.cursor() as cursor:
        for shift in SHIFTS:
            cursor.execute(shift, {"back": back, "renewal": RENEWAL_SECONDS})
            moved += cursor.rowcount
    return moved
