"""What a firm's million transactions look like: how many stand where, since when, for whom, and why they stopped.

Deterministic: the same seed gives the same spread. Knows no database.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

SEED = 11
DAYS = 365
PAGE = 500  # records that a run reads at once
SCHEDULED_RUNS = 60_000  # of a million transactions: runs that found nothing new
STATES = {  # share of all transactions; what is left is posted
    "failed": 0.02, "parked": 0.005, "held": 0.001, "retrying": 0.0005, "unknown": 0.00005, "filtered": 0.02,
    "superseded": 0.015, "waived": 0.003, "reversed": 0.0002, "mended": 0.03,
}  # fmt: skip
UNDER_WAY = {"received": 2, "normalised": 3, "validated": 5, "ready": 200, "delivering": 20}  # of a million, the newest
CORRECTED = 0.01  # of what is posted: a newer version comes right after it
UNREADABLE, STOPPED = 0.0004, 0.0008  # of the records
LARGEST = 0.7  # share of what failed that has one and the same cause
CAUSES, MENDED_CAUSES = 800, 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """One route: its share of the runs, how many destinations it has, and the part of the year in which it ran."""

    slug: str
    name: str
    share: float
    destinations: int
    first: float = 0.0
    last: float = 1.0


WAYS = (
    Way("time", "Approved time to the ledger", 0.62, 1),
    Way("time-and-warehouse", "Approved time to the ledger and the warehouse", 0.28, 2),
    Way("expenses", "Approved expenses to the ledger", 0.0985, 1),
    Way("time-of-old", "Approved time of the former time tool", 0.0015, 1, last=0.1),  # switched off since
)
# Share of the records, and the part of the year from which on a company has none: one of them was sold.
COMPANIES = {"HP-DE": (0.745, 1.0), "HP-US": (0.252, 1.0), "HP-GB": (0.003, 0.45)}
CURRENCIES = {"HP-DE": "EUR", "HP-US": "USD", "HP-GB": "GBP"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One run that read something: which way, when, how far the year was (0 to 1), and how many records."""

    way: Way
    at: dt.datetime
    part: float
    records: int


def readings(transactions: int, until: dt.datetime) -> list[Reading]:
    """Return runs with that many transactions together, none of them doubtful, in order of their time."""
    chance = random.Random(SEED)  # noqa: S311 - rows that can be made again
    found: list[tuple[float, Way, int]] = []
    left = transactions
    while left > 0:
        part = chance.random() ** 0.85  # the firm grows
        ways = [way for way in WAYS if way.first <= part < way.last]
        way = chance.choices(ways, [way.share for way in ways])[0]
        records = min(_size(chance), -(-left // way.destinations))
        found.append((part, way, records))
        left -= records * way.destinations
    found.sort(key=lambda each: each[0])
    return [Reading(way, _moment(part, until, chance), part, records) for part, way, records in found]


def _size(chance: random.Random) -> int:
    kind = chance.random()
    return (
        chance.randint(1, 100)
        if kind < 0.8
        else chance.randint(100, 1000)
        if kind < 0.97
        else chance.randint(1000, 15_000)
    )


def _moment(part: float, until: dt.datetime, chance: random.Random) -> dt.datetime:
    """Return when: nobody works at weekends, and much is approved on a month's last days."""
    at = until - dt.timedelta(days=DAYS * (1 - part))
    if at.weekday() > 4 and chance.random() < 0.9:
        at -= dt.timedelta(days=at.weekday() - 4)
    if chance.random() < 0.3:
        month_end = (at.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
        at = month_end.replace(hour=at.hour, minute=at.minute, second=at.second)
    return min(at, until)


def states() -> Iterator[str]:
    """Yield a state for each transaction, without end."""
    chance = random.Random(SEED + 1)  # noqa: S311 - rows that can be made again
    names, sums = list(STATES), list(accumulate(STATES.values()))
    while True:
        kind = chance.random()
        yield (
            next((name for name, end in zip(names, sums, strict=True) if kind < end), "posted")
            if kind < sums[-1]
            else "posted"
        )


def under_way(transactions: int) -> list[str]:
    """Return the states of the newest transactions, the newest last; few, but at least one of each."""
    found = []
    for state in ("delivering", "ready", "validated", "normalised", "received"):
        found += [state] * max(1, round(UNDER_WAY[state] * transactions / 1_000_000))
    return found


def company(part: float, chance: random.Random) -> str:
    """Return whose a record is."""
    kind = chance.random()
    if kind < COMPANIES["HP-GB"][0] / COMPANIES["HP-GB"][1] and part < COMPANIES["HP-GB"][1]:
        return "HP-GB"
    return "HP-US" if kind < 0.255 else "HP-DE"


def cause(chance: random.Random) -> int:
    """Return the number of a cause: the first has most, the last have one or two."""
    return 0 if chance.random() < LARGEST else 1 + int((CAUSES - 1) * chance.random() ** 3)
