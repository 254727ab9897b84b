"""What a routing rule would have done with the items of the last thirty days, before it is kept.

Each item is decided twice, by the rules as they are and with the one that is tried; nothing is written. The worth of
an item is the one that it has now, or had when it was resolved.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from exceptions_queue import routing
from exceptions_queue.closeness import fits
from exceptions_queue.models import RoutingRule, WorkItem
from exceptions_queue.routing import Decision, Firm
from governance.actor import as_actor
from governance.models import User

DAYS = 30
MOST = 20_000  # newest items that are tried
SHOWN = 8  # examples


@dataclass(slots=True)
class Went:
    """Where some items would go."""

    to: str
    count: int = 0
    worth: Decimal = Decimal(0)
    unknown: int = 0  # of which nobody knows the worth


@dataclass(frozen=True, slots=True)
class Example:
    """One item, where it goes now and where it would."""

    item: WorkItem
    now: str
    then: str


@dataclass(slots=True)
class Tried:
    """What came of trying a rule."""

    looked: int = 0  # items of the thirty days that the person sees
    cut: bool = False  # there were more
    decided: int = 0  # that the rule would decide
    moved: int = 0  # of these, that would go elsewhere than by the rules of now
    kept: int = 0  # of these, that a person has put somewhere: they would stay
    went: list[Went] = field(default_factory=list)
    beaten: list[tuple[str, int]] = field(default_factory=list)  # rules that fit more closely, and how often
    ties: list[tuple[str, int]] = field(default_factory=list)  # rules that fit as closely, and how often
    examples: list[Example] = field(default_factory=list)
    currency: str = ""
    lost: str = ""  # whom the rule names who may not work there, in words


def tried(rule: RoutingRule, user: User, now: dt.datetime) -> Tried:
    """Return what a rule, saved or not, would have done with the items that somebody sees. At most twenty queries."""
    others = [each for each in RoutingRule.objects.all() if each.pk != rule.pk]
    before = [*others, *RoutingRule.objects.filter(pk=rule.pk)] if rule.pk else others
    return compared(_items(user, now), rule, routing.firm(before), routing.firm([*others, rule]))


def compared(items: Sequence[WorkItem], rule: RoutingRule, was: Firm, would: Firm) -> Tried:
    """Return what a rule changes for some items. Pure but for the firms, which were read before."""
    found = Tried(
        min(len(items), MOST),
        len(items) > MOST,
        currency=next((each.worth_currency for each in items if each.worth_currency), would.currency),
    )
    went: dict[str, Went] = {}
    beaten: Counter[str] = Counter()
    ties: Counter[str] = Counter()
    for item in items[:MOST]:
        asked = routing.about(item)
        if not fits(rule, asked):
            continue
        then = routing.decide(asked, would)
        if then.chosen.rule is not rule:
            beaten[str(then.chosen.rule)] += 1
            continue
        found.decided += 1
        ties.update(each.name for each in then.chosen.ties)
        if routing.by_hand(item):
            found.kept += 1
            continue
        to = _to(then, would)
        one = went.setdefault(to, Went(to))
        one.count += 1
        one.worth += item.worth or 0
        one.unknown += item.worth is None
        before = routing.decide(asked, was)
        if (before.team, before.person) != (then.team, then.person):
            found.moved += 1
            if len(found.examples) < SHOWN:
                found.examples.append(Example(item, _to(before, was), to))
    found.went = sorted(went.values(), key=lambda each: -each.count)
    found.beaten, found.ties = beaten.most_common(), ties.most_common()
    found.lost = lost(rule, would)
    return found


def lost(rule: RoutingRule, by: Firm) -> str:
    """Return in words that a rule names somebody who may not work where it counts; "" where all is well."""
    if not rule.person_id:
        return ""
    places = [rule.legal_entity_id] if rule.legal_entity_id else list(by.companies)
    closed = [by.companies[each] for each in places if each and not by.teams.may_work(rule.person_id, each)]
    if not closed:
        return ""
    who = as_actor(rule.person).name if rule.person else "The person"
    to = rule.team or "the fallback team"
    return f"{who} may not work on items of {' and '.join(closed)}: there it comes to {to} alone."


def _items(user: User, now: dt.datetime) -> list[WorkItem]:
    """Return the newest items of the thirty days, one more than are tried."""
    rows = WorkItem.objects.visible_to(user).filter(opened_at__gte=now - dt.timedelta(days=DAYS))
    return list(rows.select_related("legal_entity").order_by("-opened_at", "-number")[: MOST + 1])


def _to(decided: Decision, by: Firm) -> str:
    return f"{decided.team}, {by.people[decided.person]}" if decided.person else decided.team
