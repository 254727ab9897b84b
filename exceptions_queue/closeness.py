"""Which routing rule fits an item most closely. Pure: knows no row and no clock.

A rule has conditions; one that says nothing fits everything. Of the rules that fit, the one with the most conditions
wins; of those with as many, the one that stands first in the list, and the others are told beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar


@dataclass(frozen=True, slots=True)
class About:
    """What of an item rules look at."""

    company: int
    category: str
    entity: str = ""  # canonical entity of what it holds
    client: str = ""
    project: str = ""
    period: str = ""
    route: int | None = None
    worth: Decimal | None = None  # in the reporting currency; None: nobody knows
    contract_type: str = ""  # how all that it holds is billed
    worker: str = ""  # number of whose time all of it is


R = TypeVar("R")
Rule: TypeAlias = Any  # a `RoutingRule`, or anything that has its fields
LISTS = (  # field of a rule, field of what it is compared with
    ("categories", "category"), ("entities", "entity"), ("clients", "client"), ("projects", "project"),
    ("contract_types", "contract_type"), ("workers", "worker"), ("periods", "period"), ("routes", "route"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen(Generic[R]):
    """The rule that wins, and those that fit as closely."""

    rule: R | None = None
    ties: Sequence[R] = field(default=())


def fits(rule: Rule, about: About) -> bool:
    """Return whether all conditions of a rule hold."""
    if rule.legal_entity_id is not None and rule.legal_entity_id != about.company:
        return False
    for listed, asked in LISTS:
        wanted = getattr(rule, listed)
        if wanted and getattr(about, asked) not in wanted:
            return False
    return _amount_fits(rule, about.worth)


def conditions(rule: Rule) -> int:
    """Return how many conditions a rule has; an amount from and below is one."""
    listed = sum(bool(getattr(rule, name)) for name, _ in LISTS)
    return listed + (rule.legal_entity_id is not None) + _asks_amount(rule)


def closest(rules: Iterable[R], about: About) -> Chosen[R]:
    """Return the rule that wins for an item, with its ties."""
    found = sorted((rule for rule in rules if fits(rule, about)), key=_place)
    if not found:
        return Chosen()
    first = found[0]
    return Chosen(first, [each for each in found[1:] if conditions(each) == conditions(first)])


def _place(rule: Rule) -> tuple[int, int, int]:
    return -conditions(rule), rule.position, rule.pk or 0


def limits(rules: Iterable[Rule]) -> list[Decimal]:
    """Return the amounts at which another rule may fit, in order."""
    return sorted({each for rule in rules for each in (rule.amount_from, rule.amount_below) if each is not None})


def crossed(before: Decimal | None, now: Decimal | None, at: Sequence[Decimal]) -> bool:
    """Return whether a worth that has changed may be another rule's by now."""
    if before == now or not at:
        return False
    if before is None or now is None:
        return True
    low, high = sorted((abs(before), abs(now)))
    return any(low < limit <= high for limit in at)


def _asks_amount(rule: Rule) -> bool:
    return rule.amount_from is not None or rule.amount_below is not None


def _amount_fits(rule: Rule, worth: Decimal | None) -> bool:
    if not _asks_amount(rule):
        return True
    if worth is None:
        return bool(rule.unknown_too)
    much = abs(worth)  # a credit is as much money as an invoice
    enough = rule.amount_from is None or much >= rule.amount_from
    return bool(enough and (rule.amount_below is None or much < rule.amount_below))
