"""What a grouping rule asks for: in words, drafted from an item that holds several causes, and tried on what was.

A rule is of one legal entity. What fits it is tried on the failures of the last days before it is kept: how many would
have come together, of how many causes, and what they amount to.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from canonical.entities import ENTITIES
from canonical.failure import CATEGORIES, Category
from canonical.masking import may_see, spoken
from exceptions_queue import naming, words
from exceptions_queue.models import GroupingRule, WorkItem
from exceptions_queue.parts import parts_of
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.placing import FITS
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.models import User
from routes.models import Failure, Route
from routes.newest import first_id

DAYS = dt.timedelta(days=30)
EXAMPLES = 8
CONDITIONS = ("connection_id", "route_id", "table", "field", "rule", "words")  # any of them, beside the kind

TRIED = f"""
WITH r AS (
    SELECT %(legal_entity)s::bigint AS legal_entity_id, %(category)s::text AS category,
        %(connection_id)s::bigint AS connection_id, %(route_id)s::bigint AS route_id, %(table)s::text AS "table",
        %(field)s::text AS field, %(rule)s::text AS rule, %(words)s::text AS words, %(unseen)s::text[] AS unseen
), fits AS MATERIALIZED (
    SELECT f.id, f.record_id, f.amount, f.currency, f.closed_at, f.message,
        coalesce(nullif(f.own_fingerprint, ''), f.fingerprint) AS own
    FROM r JOIN routes_failure f ON f.id >= %(since)s AND {FITS}
), once AS (
    SELECT DISTINCT ON (coalesce(record_id, id)) amount, currency FROM fits
    ORDER BY coalesce(record_id, id), amount DESC NULLS LAST
)
SELECT (SELECT count(*) FROM fits), (SELECT count(*) FROM fits WHERE closed_at IS NULL),
    (SELECT count(DISTINCT own) FROM fits),
    (SELECT coalesce(json_agg(json_build_array(currency, total)), '[]') FROM (
        SELECT currency, sum(amount)::text AS total FROM once WHERE amount IS NOT NULL GROUP BY 1 ORDER BY 1) s),
    (SELECT count(*) FROM once WHERE amount IS NULL),
    (SELECT coalesce(json_agg(json_build_array(own, n, said)), '[]') FROM (
        SELECT own, count(*) AS n, (array_agg(message ORDER BY id DESC))[1] AS said FROM fits GROUP BY own
        ORDER BY count(*) DESC, own LIMIT %(examples)s) e)
"""  # noqa: S608 - the condition is a constant


@dataclass(frozen=True, slots=True)
class Example:
    """One cause that a rule would have taken in."""

    number: int | None  # of the item that held it, where there is one
    said: str
    failures: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What a rule would have brought together in the last days."""

    failures: int
    open: int  # of these
    causes: int
    sums: dict[str, Decimal]  # by currency, no record twice
    without_amount: int
    examples: list[Example] = field(default_factory=list)


def tried(rule: GroupingRule, now: dt.datetime, user: User) -> Tried:
    """Return what a rule, kept or not, would have brought together in the last days. Three queries.

    Words are not looked for in what is told of a field that is hidden from somebody: that may quote its value.
    """
    asked: dict[str, Any] = {name: getattr(rule, name) for name in ("category", *CONDITIONS)}
    asked |= {"legal_entity": rule.legal_entity_id, "since": first_id(now - DAYS), "examples": EXAMPLES}
    asked["unseen"] = unseen_by(user, rule.legal_entity_id)
    with connection.cursor() as cursor:
        cursor.execute(TRIED, asked)
        failures, is_open, causes, sums, unknown, told = cursor.fetchone()
    told, sums = (msgspec.json.decode(each) if isinstance(each, str) else each for each in (told, sums))
    rows = WorkItem.objects.filter(fingerprint__in=[own for own, _, _ in told], legal_entity=rule.legal_entity_id)
    numbers = dict(rows.order_by("number").values_list("fingerprint", "number"))
    return Tried(
        failures, is_open, causes, {currency: Decimal(amount) for currency, amount in sums}, unknown,
        [Example(numbers.get(own), said, number) for own, number, said in told],
    )  # fmt: skip


def unseen_by(by: By, company: int) -> list[str]:
    """Return the fields, as "time_entry.cost_rate", that are hidden from somebody in a company; none from a program."""
    if not isinstance(by, User):
        return []
    masks = masks_by_entity(by, {company})[company]
    return [f"{e.name}.{f.name}" for e in ENTITIES.values() for f in e.fields if not may_see(e, f.name, masks)]


def drafted(item: WorkItem) -> GroupingRule:
    """Return a rule, not yet kept, of what the causes of an item have in common. Raises NotPossible."""
    held = [each.item for each in parts_of(item)]
    if len(held) < 2:
        raise NotPossible("It holds one cause only, so there is nothing to make a rule of. Merge another one into it.")
    if len({each.category for each in held}) > 1:
        raise NotPossible("Its causes are of different kinds. A rule brings causes of one kind together.")
    rule = GroupingRule(legal_entity=item.legal_entity, name="", category=held[0].category, cause=item.fingerprint)
    for name in ("connection_id", "route_id", "table", "field", "rule"):
        values = {getattr(each, name) for each in held}
        if len(values) == 1 and (value := values.pop()):
            setattr(rule, name, value)
    rule.words = _common([each.cause for each in held]) if not rule.table else ""
    return rule


def _common(texts: list[str]) -> str:
    """Return the longest run of whole words that stands in each of some texts, of those at their beginning or end."""
    split = [text.split() for text in texts]
    least = min(len(each) for each in split)
    start = next((n for n in range(least) if len({each[n] for each in split}) > 1), least)
    end = next((n for n in range(least) if len({each[-n - 1] for each in split}) > 1), least)
    found = " ".join(split[0][:start]) if start >= end else " ".join(split[0][len(split[0]) - end :])
    return found[:200].strip()


def check(rule: GroupingRule) -> None:
    """Raise NotPossible, in words, for a rule that cannot be."""
    rule.name = " ".join(rule.name.split())
    if not rule.name:
        raise NotPossible("Give the rule a name by which people know it again, such as “New services without a row”.")
    if rule.category not in list(Category):
        raise NotPossible("Choose the kind of cause that the rule is for.")
    if rule.category in (Category.OUTCOME_UNKNOWN, Category.APPROVAL_MISSING):
        raise NotPossible("What is decided one by one is not brought together. Choose another kind.")
    if not any(getattr(rule, name) for name in CONDITIONS):
        raise NotPossible("Say more than the kind: a route, a system, a field, a table, a rule or words. Else all of a "
                          "kind would be one.")  # fmt: skip


def conditions(rule: GroupingRule, by: By, routes: Mapping[int, Route] | None = None) -> list[tuple[str, str]]:
    """Return what a rule asks for, in words for somebody. One query where it names a route, unless `routes` has it."""
    told = [("Kind", CATEGORIES[Category(rule.category)].title)]
    if rule.route_id is not None:
        found = routes or Route.objects.in_bulk([rule.route_id])
        told.append(("Route", naming.name_of(found.get(rule.route_id), by) or "one that is gone"))
    if rule.connection is not None:
        told.append(("System", naming.name_of(rule.connection, by)))
    plain = [("Lacks a row or record of", words.plain(rule.table)), ("Field", words.plain(rule.field))]
    plain += [("Rule", rule.rule), ("Says", f"“{rule.words}”" if rule.words else "")]
    return [*told, *((name, value) for name, value in plain if value)]


def covered(rules: Iterable[GroupingRule], user: User) -> list[GroupingRule]:
    """Return copies to show: without anybody's address in what was typed, for those who may not see persons."""
    shown = [copy(each) for each in rules]
    masks = masks_by_entity(user, {each.legal_entity_id for each in shown})
    for each in shown:
        for name in ("name", "words", "reason"):
            setattr(each, name, spoken(getattr(each, name), (), masks[each.legal_entity_id]))
    return shown


def open_now(rule: GroupingRule) -> int:
    """Return how many members of the item that a rule gathers in are open. One query."""
    return Failure.objects.filter(fingerprint=rule.cause, closed_at=None).count()
