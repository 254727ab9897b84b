"""When a transaction that the target refused is tried again: by failure category, one table.

Pure; the times are seconds. What is not in the table goes to a person at once.
"""

import random
from dataclasses import dataclass

from canonical.failure import Category


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how slowly the engine tries by itself."""

    attempts: int  # tries in all before a person gets it
    first: float  # seconds before the second try
    cap: float  # seconds at most between two tries
    counts: bool = True  # False: waiting for the system does not use up the record's tries


POLICIES: dict[Category, Policy] = {
    Category.TRANSIENT: Policy(attempts=8, first=2, cap=300),
    Category.THROTTLED: Policy(attempts=30, first=1, cap=120),
    Category.OUTAGE: Policy(attempts=0, first=5, cap=300, counts=False),
    Category.CREDENTIALS: Policy(attempts=0, first=5, cap=300, counts=False),
    Category.OUTCOME_UNKNOWN: Policy(attempts=50, first=1, cap=300),
    # What the target misses is often on its way there too (a person before the employee): some tries, then a person.
    Category.MISSING_REFERENCE: Policy(attempts=5, first=2, cap=60),
}

# What nobody foresaw is no record's fault and ends with a repair of the hub: the work keeps its place until then.
SLOWLY = Policy(attempts=0, first=60, cap=3600, counts=False)

# A subscriber that is away for a day costs some thirty tries.
EVENTS_OUT = Policy(attempts=0, first=5, cap=3600, counts=False)


def delay(
    category: Category, attempt: int, *, retry_after: float | None = None, told: bool | None = None
) -> float | None:
    """Return the seconds until the next try after `attempt` tries, None when a person must look.

    `told` is what the system's error table says of such an answer; None leaves it to the category.

    Full jitter over the upper half, so that a thousand records do not come back in one second; what the target asks for
    (`Retry-After`) is the least.
    """
    policy = None if told is False else POLICIES.get(category, POLICIES[Category.TRANSIENT] if told else None)
    if policy is None or (policy.counts and attempt >= policy.attempts):
        return None
    return max(_spread(policy, attempt), retry_after or 0.0)


def slowly(attempt: int) -> float:
    """Return the seconds until what met something unforeseen is tried again, after `attempt` tries."""
    return _spread(SLOWLY, attempt)


def events_out(attempt: int, *, retry_after: float | None = None) -> float:
    """Return the seconds until an event is sent again, after `attempt` tries; what the subscriber asks is the least."""
    return max(_spread(EVENTS_OUT, attempt), retry_after or 0.0)


def _spread(policy: Policy, attempt: int) -> float:
    ceiling = min(policy.cap, policy.first * 2 ** min(attempt - 1, 20))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # jitter, not a secret
