"""What changed on a grouped record since it was posted: which hours, from what to what, in words for finance."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from routes.arrivals import decode
from routes.bulk import arrays

SHOWN = 5  # changed hours that are named; the record's page has them all

# The newest version may be "nothing": then it has no body.
BODIES = """
SELECT w.id, stands.body, wanted.body, e.reference
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS w(id, live, effect)
JOIN routes_transaction t ON t.id = w.id
JOIN routes_record r ON r.id = t.record_id
LEFT JOIN LATERAL routes_body(r.source_payload_id) wanted ON true
JOIN routes_transaction lt ON lt.id = w.live
JOIN routes_record lr ON lr.id = lt.record_id
CROSS JOIN LATERAL routes_body(lr.source_payload_id) stands
JOIN routes_effect e ON e.id = w.effect
"""


@dataclass(frozen=True, slots=True)
class Restatement:
    """A grouped record as it stands at the target, and as it should."""

    reference: str  # the target's own number
    stands: dict[str, dict[str, Any]]  # lines by key of the hour
    wanted: dict[str, dict[str, Any]]

    def __str__(self) -> str:
        told = [f"{key} {_said(self.stands.get(key))} → {_said(self.wanted.get(key))}" for key in self.changed]
        more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        number = f" as {self.reference}" if self.reference else ""
        should = _total(self.wanted) if self.wanted else "nothing"
        return (
            f"stands there{number} with {_total(self.stands)}, but should be {should} since hours on it have changed: "
            f"{'; '.join(told[:SHOWN])}{more}."
        )

    @property
    def changed(self) -> list[str]:
        """Return the keys of the hours that differ."""
        keys = sorted(self.stands.keys() | self.wanted.keys())
        return [key for key in keys if _money(self.stands.get(key)) != _money(self.wanted.get(key))]


def of(pairs: Sequence[tuple[UUID, UUID | None, UUID | None]]) -> dict[UUID, Restatement]:
    """Return, for transactions of grouped records with the transaction and effect that stand there, what changed."""
    with connection.cursor() as cursor:
        cursor.execute(BODIES, arrays(pairs, 3))
        return {id_: Restatement(ref, _lines(live), _lines(wanted)) for id_, live, wanted, ref in cursor.fetchall()}


def _lines(body: str | None) -> dict[str, dict[str, Any]]:
    return {line["business_key"]: line for line in decode(body)["lines"]} if body else {}


def _money(line: dict[str, Any] | None) -> tuple[Any, ...]:
    found = line or {}
    return found.get("hours"), found.get("amount"), found.get("currency")


def _said(line: dict[str, Any] | None) -> str:
    if line is None:
        return "nothing"
    hours, amount, currency = _money(line)
    said = [f"{Decimal(hours):f} h" if hours is not None else "", _amount(amount, currency)]
    return f"({', '.join(part for part in said if part)})"


def _amount(amount: Any, currency: str | None) -> str:
    return "" if amount is None else f"{currency or ''} {Decimal(amount):,.2f}".strip()


def _total(lines: dict[str, dict[str, Any]]) -> str:
    sums: dict[str, Decimal] = {}
    for _, amount, currency in map(_money, lines.values()):
        sums[currency or ""] = sums.get(currency or "", Decimal(0)) + Decimal(amount or 0)
    return " and ".join(_amount(amount, currency) for currency, amount in sorted(sums.items()))
