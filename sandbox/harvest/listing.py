"""Lists: filters, Harvest's fixed order, and its two paging schemes.

Order is newest first by creation (time entries by spent date), never by change. Cursor lists also take the deprecated
`page`, and their `next_page` is null after the first page although `links.next` goes on: follow the link.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web
from yarl import URL

from sandbox.faults import Fault
from sandbox.harvest.shapes import NOW_FORMAT, Resource, Shown
from sandbox.memory import Memory, Row
from sandbox.web import LIST_FAULT, Refusal

PAGE_MOST = 2000
_PAGING = {"page": "integer", "per_page": "integer"}
_CURSOR = {**_PAGING, "cursor": "text", "ref": "text"}
_AUTH = {"access_token": "text", "account_id": "text"}


def answer_list(
    memory: Memory, resource: Resource, request: web.Request, rows: Iterable[Row], *, cursor: bool | None = None
) -> dict[str, Any]:
    """Return one page of a list as the envelope that the request's query asks for; raises Refusal (422)."""
    by_cursor = resource.cursor if cursor is None else cursor
    query = _parse(request, {**resource.filters, **(_CURSOR if by_cursor else _PAGING), **_AUTH})
    per_page = query.get("per_page", PAGE_MOST)
    if not 1 <= per_page <= PAGE_MOST:
        raise Refusal(422, {"message": f"per_page must be between 1 and {PAGE_MOST}"})
    wanted = [row for row in rows if _wanted(memory, row, query)]
    wanted.sort(key=_order(resource), reverse=True)
    page = _Page(request, query, per_page, len(wanted))
    shown = page.by_cursor(wanted, _order(resource)) if by_cursor else page.by_number(wanted)
    if request.get(LIST_FAULT) is Fault.REPEATS:
        shown = shown[:3] + shown
    show = Shown(memory)
    return {resource.name: [show.row(resource.name, row) for row in shown], **page.envelope()}


class _Page:
    """Cuts one page out of a list and knows the addresses of the others."""

    def __init__(self, request: web.Request, query: dict[str, Any], per_page: int, total: int) -> None:
        self._url = request.url
        self._same = request.get(LIST_FAULT) is Fault.SAME_PAGE
        self._query, self._per_page, self._total = query, per_page, total
        self._pages = max(1, math.ceil(total / per_page))
        self._page = max(1, query.get("page", 1))
        self._next: dict[str, Any] | None = None
        self._next_page: int | None = None

    def by_number(self, rows: list[Row]) -> list[Row]:
        if self._page < self._pages:
            self._next_page = self._page + 1
            self._next = {"page": self._next_page}
        return rows[(self._page - 1) * self._per_page : self._page * self._per_page]

    def by_cursor(self, rows: list[Row], order: Callable[[Row], tuple[str, ...]]) -> list[Row]:
        if "cursor" not in self._query and "page" in self._query:
            return self.by_number(rows)
        if "cursor" in self._query:
            after = _decode_cursor(self._query["cursor"])
            rows = [row for row in rows if order(row) < after]
        elif len(rows) > self._per_page:
            self._next_page = 2  # deprecated, and stale from the second page on
        shown = rows[: self._per_page]
        if len(rows) > self._per_page:
            self._next = {"cursor": _encode_cursor(order(shown[-1])), "ref": "next_cursor"}
        return shown

    def envelope(self) -> dict[str, Any]:
        next_url = self._url if self._same else self._next and self._at(self._next)
        previous = self._page - 1 if self._page > 1 else None
        return {
            "per_page": self._per_page,
            "total_pages": self._pages,
            "total_entries": self._total,
            "next_page": self._next_page,
            "previous_page": previous,
            "page": self._page,
            "links": {
                "first": str(self._at({"page": 1})),
                "next": str(next_url) if next_url else None,
                "previous": str(self._at({"page": previous})) if previous else None,
                "last": str(self._at({"page": self._pages})),
            },
        }

    def _at(self, place: dict[str, Any]) -> URL:
        kept = {name: value for name, value in self._url.query.items() if name not in ("page", "cursor", "ref")}
        return self._url.with_query({**kept, "per_page": self._per_page, **place})


def parse_value(kind: str, name: str, text: str) -> Any:
    """Read one query value; raises Refusal (422) naming it."""
    try:
        match kind:
            case "integer":
                return int(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "date":
                return date.fromisoformat(text).isoformat()
            case "moment":
                moment = datetime.fromisoformat(text)
                aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                return aware.astimezone(UTC).strftime(NOW_FORMAT)
    except (ValueError, KeyError) as error:
        raise Refusal(422, {"message": f"{name} is invalid"}) from error
    return text


def _parse(request: web.Request, known: dict[str, str]) -> dict[str, Any]:
    unknown = sorted(request.query.keys() - known.keys())
    if unknown:
        raise Refusal(422, {"message": f"Unknown parameter: {', '.join(unknown)}"})
    return {name: parse_value(known[name], name, text) for name, text in request.query.items()}


def _wanted(memory: Memory, row: Row, query: dict[str, Any]) -> bool:
    for name, value in query.items():
        match name:
            case "page" | "per_page" | "cursor" | "ref" | "access_token" | "account_id":
                continue
            case "updated_since":
                fits = row["updated_at"] >= value
            case "from":
                fits = row["spent_date"] >= value
            case "to":
                fits = row["spent_date"] <= value
            case "external_reference_id":
                fits = (row["external_reference"] or {}).get("id") == value
            case "client_id" if "project_id" in row:
                fits = memory.table("projects")[row["project_id"]]["client_id"] == value
            case _:
                fits = row[name] == value
        if not fits:
            return False
    return True


def _order(resource: Resource) -> Callable[[Row], tuple[str, ...]]:
    if resource.name == "time_entries":
        return lambda row: (row["spent_date"], row["created_at"], f"{row['id']:012d}")
    return lambda row: (row["created_at"], f"{row['id']:012d}")


def _encode_cursor(place: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _decode_cursor(text: str) -> tuple[str, ...]:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except (binascii.Error, ValueError) as error:
        raise Refusal(422, {"message": "cursor is invalid"}) from error
