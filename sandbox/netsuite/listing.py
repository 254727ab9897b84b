"""Lists of records: ids only, with the query language of the parameter `q`."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.memory import Row
from sandbox.netsuite.errors import refusal

MOST = 1000
_TERM = re.compile(r"\s*(\w+)\s+([A-Z_]+)\s*(\[[^\]]*\]|\"[^\"]*\"|[^\s]+)?\s*", re.ASCII)
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "IS": lambda found, value: found.lower() == value.lower(),
    "EQUAL": lambda found, value: float(found) == float(value),
    "GREATER": lambda found, value: float(found) > float(value),
    "LESS": lambda found, value: float(found) < float(value),
    "CONTAIN": lambda found, value: value.lower() in found.lower(),
    "START_WITH": lambda found, value: found.lower().startswith(value.lower()),
    "END_WITH": lambda found, value: found.lower().endswith(value.lower()),
    "ON": lambda found, value: found[:10] == value,
    "AFTER": lambda found, value: found[:10] > value,
    "BEFORE": lambda found, value: found[:10] < value,
    "ON_OR_AFTER": lambda found, value: found[:10] >= value,
    "ON_OR_BEFORE": lambda found, value: found[:10] <= value,
    "ANY_OF": lambda found, value: found in [one.strip().strip('"') for one in value.strip("[]").split(",")],
}


def page_of(query: dict[str, str]) -> tuple[int, int]:
    """Return limit and offset; raises Refusal (400) for what NetSuite does not take."""
    try:
        limit, offset = int(query.get("limit", MOST)), int(query.get("offset", 0))
    except ValueError as error:
        raise refusal(400, "INVALID_PARAMETER", "limit and offset must be numbers.", query="limit") from error
    if not 1 <= limit <= MOST:
        raise refusal(400, "INVALID_PARAMETER", f"The limit must be between 1 and {MOST}.", query="limit")
    if offset < 0 or offset % limit:
        raise refusal(400, "INVALID_PARAMETER", "The offset must be divisible by the limit.", query="offset")
    return limit, offset


def envelope(items: list[Any], total: int, limit: int, offset: int, url: str) -> dict[str, Any]:
    """Return one page in NetSuite's form."""
    more = offset + len(items) < total
    links = [{"rel": "self", "href": f"{url}?limit={limit}&offset={offset}"}]
    if more:
        links.append({"rel": "next", "href": f"{url}?limit={limit}&offset={offset + limit}"})
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }


def matching(rows: list[Row], text: str) -> list[Row]:
    """Return the rows for which every term of `q`, joined by AND, holds; raises Refusal (400) for anything else."""
    for term in re.split(r"\s+AND\s+", text) if text else []:
        found = _TERM.fullmatch(term)
        if found is None or found[2] not in _OPERATORS or found[3] is None:
            raise refusal(400, "INVALID_PARAMETER", f"Invalid query: {term}.", query="q")
        name, operator, value = found[1], _OPERATORS[found[2]], found[3].strip('"')
        rows = [row for row in rows if row.get(name) is not None and _holds(operator, str(row[name]), value)]
    return rows


def _holds(operator: Callable[[str, str], bool], found: str, value: str) -> bool:
    try:
        return operator(found, value)
    except ValueError as error:
        raise refusal(400, "INVALID_PARAMETER", f"Invalid value: {value}.", query="q") from error
