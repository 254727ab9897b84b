"""What a routing rule says, and why an item came where it is, in words for people. Names are given, not asked."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from exceptions_queue.teams import title_of
from exceptions_queue.words import plain

SHOWN = 3  # values of one condition that are told; further ones are counted


def conditions_told(rule: Any, *, companies: Mapping[int, str], routes: Mapping[int, str], currency: str) -> str:
    """Return what a rule asks for: "client C-12, from 10,000.00 EUR in HP-DE"; "everything" where nothing."""
    told = [
        _listed("", [title_of(each) for each in rule.categories]),
        _listed("", [plain(each) for each in rule.entities]),
        _listed("client", rule.clients),
        _listed("project", rule.projects),
        _listed("billed as", [plain(each) for each in rule.contract_types]),
        _listed("worker", rule.workers),
        _listed("period", rule.periods),
        _listed("by", [routes.get(each, "a route that is gone") for each in rule.routes]),
        _amount(rule, currency),
    ]
    said = ", ".join(filter(None, told)) or "everything"
    place = companies.get(rule.legal_entity_id) if rule.legal_entity_id else None
    return f"{said} in {place}" if place else said


def result_told(rule: Any, person: str = "") -> str:
    """Return where a rule leads: "billing and Farid Amini, priority 80, tagged month-end"."""
    to = " and ".join(filter(None, (rule.team, person)))
    more = [f"priority {rule.priority}" if rule.priority is not None else "", _listed("tagged", rule.tags)]
    return ", ".join(filter(None, (to, *more)))


def ties_told(names: Sequence[str]) -> str:
    """Return in a sentence which rules fit as closely as the one that won; "" for none."""
    if not names:
        return ""
    quoted = " and ".join(f"“{name}”" for name in names)
    return f" {quoted} {'fits as closely and stands' if len(names) == 1 else 'fit as closely and stand'} after it."


def _listed(before: str, found: Sequence[str]) -> str:
    if not found:
        return ""
    shown = " or ".join(found[:SHOWN])
    more = f" or {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{before} {shown}{more}".strip()


def _amount(rule: Any, currency: str) -> str:
    least, most = rule.amount_from, rule.amount_below
    if least is None and most is None:
        return ""
    parts = [f"from {_money(least, currency)}" if least is not None else ""]
    parts.append(f"below {_money(most, currency)}" if most is not None else "")
    told = " and ".join(filter(None, parts))
    return f"{told} or of unknown amount" if rule.unknown_too else told


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}".strip()
