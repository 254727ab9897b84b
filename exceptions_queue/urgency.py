"""How urgent an item is, as a number that can be read aloud part by part. Pure: knows no row and no clock.

P = min(100, money·v + deadline·u + share·b + again·r), each of v, u, b and r from 0 to 1; the weights are the firm's.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import log
from typing import NamedTuple

MOST = 100


@dataclass(frozen=True, slots=True)
class Formula:
    """The weights, and between which amounts and days they are spread."""

    money: int = 40
    deadline: int = 35
    share: int = 15
    again: int = 10
    nothing_below: Decimal = Decimal(100)  # an amount up to which money does not count, in the reporting currency
    all_above: Decimal = Decimal(1_000_000)  # an amount from which it counts in full; between them by its logarithm
    days: int = 10  # working days before a deadline at which it begins to count


class Facts(NamedTuple):
    """What is known of one item."""

    worth: Decimal | None
    currency: str
    days_left: float | None  # working days until its deadline, 0 when it is past; None: it has none
    due_of: str
    share: float  # of what is stuck for the same billing run, 0 to 1
    again: int  # how often it came back


class Part(NamedTuple):
    """One part of the sum."""

    points: int
    most: int
    words: str


class Urgency(NamedTuple):
    """The number and what it is made of."""

    priority: int
    parts: tuple[Part, ...]


def urgency(facts: Facts, formula: Formula) -> Urgency:
    """Return how urgent an item is."""
    parts = (
        Part(_points(formula.money, _money(facts, formula)), formula.money, _money_words(facts)),
        Part(_points(formula.deadline, _deadline(facts, formula)), formula.deadline, _deadline_words(facts, formula)),
        Part(_points(formula.share, facts.share), formula.share, _share_words(facts)),
        Part(_points(formula.again, float(facts.again > 0)), formula.again, _again_words(facts)),
    )
    return Urgency(min(MOST, sum(part.points for part in parts)), parts)


def _points(weight: int, part: float) -> int:
    return round(weight * min(1.0, max(0.0, part)))


def _money(facts: Facts, formula: Formula) -> float:
    if facts.worth is None:
        return 1.0  # it may be any amount
    worth = abs(facts.worth)  # a credit that is stuck is as much money as an invoice
    if worth <= formula.nothing_below:
        return 0.0
    return log(worth / formula.nothing_below) / log(formula.all_above / formula.nothing_below)


def _deadline(facts: Facts, formula: Formula) -> float:
    return 0.0 if facts.days_left is None else 1 - facts.days_left / formula.days


def _money_words(facts: Facts) -> str:
    if facts.worth is None:
        return "for money at stake: nobody knows how much, so it may be any amount"
    return f"for {facts.currency} {facts.worth:,.0f} at stake"


def _deadline_words(facts: Facts, formula: Formula) -> str:
    if facts.days_left is None:
        return "for the deadline: there is none that the hub knows of"
    if facts.days_left <= 0:
        return f"for the deadline, which is past: {facts.due_of}"
    if facts.days_left >= formula.days:
        return f"for the deadline, which is {formula.days} working days away or more: {facts.due_of}"
    return f"for the deadline in {facts.days_left:.1f} working days: {facts.due_of}"


def _share_words(facts: Facts) -> str:
    if facts.share <= 0:
        return "for its share of a billing run: it blocks none"
    return f"for its share of what is stuck for the same billing run: {100 * min(1.0, facts.share):.0f} %"


def _again_words(facts: Facts) -> str:
    if not facts.again:
        return "for coming back: it has not"
    return f"for coming back {'once' if facts.again == 1 else f'{facts.again} times'} after it was resolved"
