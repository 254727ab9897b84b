"""What a request would change, and nothing else: field, before, after, and for how many of its members."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import connection

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.masking import HIDDEN, may_see
from exceptions_queue.models import Deed
from exceptions_queue.templatetags.shown import money, value
from exceptions_queue.verbs.asking import Standing, Wish
from exceptions_queue.words import counted, plain
from routes.bulk import array
from routes.models import Failure

NOW = """
SELECT (replace(p.body, '\\u0000', '\\ufffd')::json) ->> %s, count(*)
FROM routes_record r CROSS JOIN LATERAL routes_body(r.canonical_payload_id) p
WHERE r.id = ANY(%s::uuid[]) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""
MOST = 20  # lines; further values of a field are not told apart
Difference = dict[str, Any]  # field, before, after, count; `words` where it is no field


def of(wish: Wish, stood: Standing) -> list[Difference]:
    """Return what a wish would change. At most one query; of a sheet, one for each field and value, up to a limit."""
    holds = counted(len(wish.members), wish.item.entity)
    if "rows" in wish.typed:
        return _rows(wish)
    if wish.deed == Deed.CORRECT:
        return _corrections(wish.typed["field"], wish.typed["value"], wish.members)
    if wish.deed == Deed.RESUBMIT:
        found = Counter((name, str(was), str(now)) for _, _, _, each, *_ in stood for name, now, was in each)
        lines = [
            {"field": name, "before": was, "after": now, "count": count}
            for (name, was, now), count in found.most_common(MOST)
        ]
        return [*lines, _words("", "stopped", f"{holds} sent again, so corrected")]
    if wish.deed == Deed.WAIVE:
        return [_words("", f"{holds} to be delivered", "not delivered")]
    if wish.deed == Deed.WAIVE_RULE:
        return [_words("", f"{holds} stopped by the rule {wish.item.rule}", "pass it once, and go on")]
    if wish.deed == Deed.LINK:
        return [_words("", f"{holds} not posted", f"counts as posted by {wish.typed['external_id']} there, not sent")]
    return [_words("", f"{holds} posted", "reversed")]


def shown(found: Sequence[Difference], entity: str, masks: frozenset[Mask]) -> list[Difference]:
    """Return differences as somebody may read them: hidden values are covered."""
    known, told = ENTITIES.get(entity), []
    for each in found:
        hidden = bool(each["field"]) and known is not None and not may_see(known, each["field"], masks)
        told.append(
            {
                "what": plain(each["field"]) if each["field"] else "",
                "before": HIDDEN if hidden else value(each["before"]),
                "after": HIDDEN if hidden else value(each["after"]),
                "count": each["count"],
            }
        )
    return told


def amounts(members: Sequence[Failure]) -> str:
    """Return what members come to, each record's money once: "10,320.00 EUR and 90.00 USD, and 3 of unknown amount"."""
    once = {member.record_id or member.pk: member for member in members}
    sums: dict[str, Any] = {}
    unknown = 0
    for member in once.values():
        if member.amount is None:
            unknown += 1
        else:
            sums[member.currency] = sums.get(member.currency, 0) + member.amount
    parts = [money(amount, currency) for currency, amount in sorted(sums.items())]
    return " and ".join([*parts, *([f"{unknown:,} of unknown amount"] if unknown else [])])[:200]


def _corrections(name: str, after: str, members: Sequence[Failure]) -> list[Difference]:
    records = [each.record_id for each in members if each.record_id]
    with connection.cursor() as cursor:
        cursor.execute(NOW, [name, array(records), MOST])
        return [
            {"field": name, "before": before, "after": after, "count": count} for before, count in cursor.fetchall()
        ]


def _rows(wish: Wish) -> list[Difference]:
    """Return what the rows of a sheet would change: each field and value for the members that get it."""
    of_value: dict[tuple[str, str], list[Failure]] = {}
    for member in wish.members:
        for name, after in wish.typed["rows"].get(str(member.pk), {}).items():
            of_value.setdefault((name, after), []).append(member)
    lines = [
        line for (name, after), members in list(of_value.items())[:MOST] for line in _corrections(name, after, members)
    ]
    return lines[:MOST]


def _words(field: str, before: str, after: str) -> Difference:
    return {"field": field, "before": before, "after": after, "count": None}
