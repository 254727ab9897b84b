"""Places in lists that we have never given: each list answers 400 (API) or 404 (page) for them, and never fails."""

import base64
import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from exceptions_queue.codes import code_of
from governance.api import paging
from governance.api.refusals import Refused
from mappings.models import LookupTable
from routes.models import Run
from tests.api.conftest import Staff
from tests.exceptions_queue import situations
from tests.routes.world import World

EDGES = ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00", "2026-01-01", "now"]
A_ROW = UUID("01990000-0000-7000-8000-000000000001")  # of nothing that is there; the same in every process
ID = str(A_ROW)
NASTY: list[Any] = [
    "\x00", "", "nonsense", *EDGES, 0, -1, 2**63, 10**30, -(10**30), 1.5, float("nan"), float("inf"), True, None, [],
    [[1]], {}, {"a": 1}, "\ud800", "NaN", "Infinity", "1e999", ID, "9" * 400,
]  # fmt: skip
KEYS: list[Any] = [
    ["\x00"], ["\ud800"], [10**30], [float("nan")], [[[1]]], [EDGES[0], ID], [EDGES[1], ID],
    ["2026-01-01T00:00:00", ID],
    ["2026-01-01T00:00:00+00:00", "\x00"], {},
]  # fmt: skip
KEYS_OF_ITEMS: list[Any] = [
    *([1000, each, 1] for each in (*EDGES, "\x00", 1)),
    *([each, "2026-01-01T00:00:00+00:00", 1] for each in ("1", "NaN", 2**63, -1, 1.5, 1e300, None)),
    *([1000, "2026-01-01T00:00:00+00:00", each] for each in ("1", 2**63, -1, 1e300, None, "\x00")),
]  # fmt: skip


def spelled(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


DEEP = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()
CURSORS = [*map(spelled, KEYS), DEEP, "é", "="]


def addresses(patterns: list[Any], before: str = "") -> list[str]:
    """Return every address of the API as it is written in its routes."""
    found = []
    for each in patterns:
        place = before + str(each.pattern)
        if isinstance(each, URLResolver):
            found += addresses(each.url_patterns, place)
        elif isinstance(each, URLPattern) and place.startswith("api/"):
            found.append("/" + place)
    return found


@pytest.fixture
def world(make_world: Any) -> World:
    return make_world()


def test_every_list_of_the_api_refuses_a_cursor_that_it_has_not_given(
    settings: Any, world: World, staff: Staff
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    item = situations.missing_rate(world)
    named = {"<int:number>": str(item.number), "<slug:slug>": world.route.slug}
    browser = Client(raise_request_exception=False)
    browser.force_login(staff.ingrid)
    lists = []
    for address in addresses(get_resolver().url_patterns):
        for name, value in named.items():
            address = address.replace(name, value)
        if "<" not in address and "/v1/" in address and browser.get(address, {"size": 1}).status_code == 200:
            lists.append(address)
    assert len(lists) >= 15, lists
    failed = []
    for address in lists:
        for cursor in CURSORS:
            answer = browser.get(f"{address}?cursor={quote(cursor)}")
            if answer.status_code == 400:
                if answer.json()["errors"][0]["parameter"] != "cursor":
                    failed.append((address, cursor, answer.json()))
            elif answer.status_code != 200:
                failed.append((address, cursor, answer.status_code))
    assert failed == []


@pytest.mark.parametrize("given", NASTY)
def test_cursor_that_the_columns_cannot_hold_is_refused(given: Any) -> None:
    with pytest.raises(Refused):
        paging._beyond(Run, ["-created_at", "-pk"], [given, ID])
    with pytest.raises(Refused):
        paging._beyond(Run, ["-created_at", "-pk"], ["2026-01-01T00:00:00+00:00", None if given == ID else given])


PLACES = [
    *EDGES, *(f"{each}~{code_of(A_ROW)}" for each in EDGES), "~", "2026-01-01T00:00:00+00:00~a", "\x00", "[" * 3000,
    '["\\ud800"]', "[1]", "9" * 5000, "é", "²", "-1", DEEP, *map(spelled, KEYS_OF_ITEMS[:1]),
]  # fmt: skip


def test_every_list_of_the_pages_knows_no_place_that_it_has_not_given(world: World, staff: Staff) -> None:
    item = situations.missing_rate(world)
    table = LookupTable.objects.earliest("pk")
    browser = Client(raise_request_exception=False)
    browser.force_login(staff.ingrid)
    lists = [
        "/runs/?before=", "/queue/?show=open&after=", "/queue/?show=resolved&after=", "/transactions/?after=",
        "/records/?after=", "/events-out/?after=", "/cross-references/?after=", f"/tables/{table.pk}/?after=",
        f"/queue/{item.number}/?after=",
    ]  # fmt: skip
    failed = []
    for address in lists:
        assert browser.get(address).status_code == 200, address
        for place in (*PLACES, *(map(spelled, KEYS_OF_ITEMS) if address.startswith("/queue/?") else ())):
            answer = browser.get(address + quote(place))
            if answer.status_code not in (200, 400 if "\x00" in place else 404, 404):
                failed.append((address, place, answer.status_code))
    assert failed == []
    assert browser.get(f"/queue/?show=open&after={spelled([1000, None, 1])}").status_code == 200, "due at no time"
    assert browser.get(f"/queue/?show=resolved&after={spelled([1000, None, 1])}").status_code == 404
    assert browser.get("/runs/?before=" + quote(EDGES[0])).status_code == 404
