"""Lists a page at a time by the key of the last row: nothing is counted, and no page grows slower than the first."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db import models
from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from governance import places
from governance.api import parameters

Row = TypeVar("Row", bound=Model)
USUAL, MOST = 50, 200  # rows of a page
NAMES = ("cursor", "size")
DESCRIBED = [
    OpenApiParameter(
        "cursor", {"type": "string", "minLength": 1, "maxLength": 500, "pattern": "^[A-Za-z0-9_-]+$"},
        description="Where the page begins: as the answer before gives it in `next`. Never made by hand.",
    ),
    OpenApiParameter(
        "size", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
        description="How many rows a page has at most.",
    ),
]  # fmt: skip


def page(
    request: Request, rows: "QuerySet[Row]", order: Sequence[str], shown: Callable[[list[Row]], list[Any]]
) -> Response:
    """Return one page of rows in an order that ends in something unique, and the address of the next one."""
    size = size_of(request)
    if (cursor := parameters.one(request, "cursor")) is not None:
        rows = rows.filter(_beyond(rows.model, order, decoded(cursor)))
    newest = getattr(rows, "newest", None)  # rows that know how they are found by id, however they are narrowed
    by_id = newest is not None and list(order) == ["-pk"]
    found = newest(size + 1) if newest and by_id else list(rows.order_by(*order)[: size + 1])
    last = found[size - 1] if len(found) > size else None
    key = [_plain(getattr(last, name.lstrip("-"))) for name in order] if last is not None else None
    return answer(request, shown(found[:size]), encoded(key) if key else None)


def answer(request: Request, shown: list[Any], cursor: str | None) -> Response:
    """Return the answer for a page whose next one begins at a cursor; None at the end."""
    if cursor is None:
        return Response({"items": shown, "next": None})
    asked = request.query_params.copy()
    asked["cursor"] = cursor
    address = f"{request.path}?{asked.urlencode()}"
    return Response({"items": shown, "next": address}, headers={"Link": f'<{address}>; rel="next"'})


def size_of(request: Request) -> int:
    """Return how many rows a page may have. Raises Refused (400)."""
    text = parameters.one(request, "size")
    if text is None:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise parameters.wrong("size", f"“{text[:20]}” is no size of a page.", f"a whole number from 1 to {MOST}")
    return int(text)


def name_of(request: Request) -> str:
    """Return the name behind which a page of a list by name begins; "" for the first. Raises Refused (400)."""
    cursor = parameters.one(request, "cursor")
    key = [""] if cursor is None else decoded(cursor)
    if len(key) != 1 or not isinstance(key[0], str):
        raise unknown()
    return key[0]


def encoded(key: list[Any]) -> str:
    """Return a key as it stands in addresses."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decoded(cursor: str) -> list[Any]:
    """Return the key of a cursor. Raises Refused (400)."""
    try:
        key = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError, msgspec.DecodeError):
        raise unknown() from None
    if not isinstance(key, list):
        raise unknown()
    return key


def unknown() -> Exception:
    """Return the refusal (400) of a cursor that we have not given."""
    return parameters.wrong(
        "cursor", "This page is not known.", "what an answer gives in `next`, or none to begin anew"
    )


def _plain(value: Any) -> str | int:
    return value if isinstance(value, int) else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _value(field: Any, given: Any) -> Any:
    """Return what a cursor says of a column. Raises ValueError for what the column cannot hold."""
    if isinstance(field, models.IntegerField):
        return places.number(given)
    if isinstance(field, models.DateTimeField):
        return places.moment(given)
    return UUID(places.text(given)) if isinstance(field, models.UUIDField) else places.text(given)


def _beyond(model: type[Model], order: Sequence[str], key: list[Any]) -> Q:
    """Return what comes after a row in an order."""
    if len(key) != len(order):
        raise unknown()
    found, same = Q(), Q()
    for name, given in zip(order, key, strict=True):
        bare = name.lstrip("-")
        field = model._meta.pk if bare == "pk" else model._meta.get_field(bare)
        assert field is not None
        try:
            value = _value(field, given)
        except ValueError:
            raise unknown() from None
        found |= same & Q(**{f"{bare}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{bare: value})
    return found
