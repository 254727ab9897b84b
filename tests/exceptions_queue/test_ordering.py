"""The list's orders through the API: the same as the page's, page by page, and no place of one serves another."""

from typing import Any
from urllib.parse import urlencode

import pytest

from exceptions_queue.models import WorkItem
from exceptions_queue.pages.items import ordered
from exceptions_queue.query.words import understood
from tests.api.signing import get, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_query import NOW, items, staff

__all__ = ["items", "staff"]
LIST = "/api/experience/v1/work-items"


def walked(asked: dict[str, str], token: str) -> list[int]:
    """Return the numbers of a list, one row a page."""
    found, address = [], f"{LIST}?{urlencode(asked | {'size': '1'})}"
    while address:
        told = get(address, token).json()
        found += [each["number"] for each in told["items"]]
        assert len(found) < 50, "the list does not end"
        address = told["next"]
    return found


@pytest.mark.parametrize("sort", ["money", "oldest", "newest"])
def test_open_items_stand_in_the_page_s_order(items: dict[str, Any], staff: Staff, sort: str) -> None:
    wanted = [row.number for row in ordered(understood("is:open", NOW), staff.clara, sort)]
    assert len(wanted) > 3
    assert walked({"sort": sort}, token_of(staff.clara)) == wanted
    assert walked({"sort": sort, "state": "resolved"}, token_of(staff.clara)) == []


def test_resolved_items_stand_by_when_that_was_and_all_by_number(items: dict[str, Any], staff: Staff) -> None:
    for row in WorkItem.objects.open().order_by("number")[:2]:
        row.state, row.resolution, row.resolved_by, row.resolved_at = "resolved", "fixed", "engine:engine", NOW
        row.save()
    wanted = [row.number for row in ordered(understood("is:resolved", NOW), staff.clara)]
    assert len(wanted) > 1
    assert walked({"sort": "resolved"}, token_of(staff.clara)) == wanted
    everything = walked({}, token_of(staff.clara))
    assert everything == walked({"sort": "number"}, token_of(staff.clara)) == sorted(everything, reverse=True)
    assert set(wanted) < set(everything)


def test_place_of_one_order_is_none_of_another(items: dict[str, Any], staff: Staff) -> None:
    token = token_of(staff.clara)
    behind = get(f"{LIST}?sort=money&size=1", token).json()["next"]
    assert get(behind, token).status_code == 200
    assert get(behind.replace("sort=money", "sort=oldest"), token).status_code == 400
    assert get(f"{LIST}?cursor=W10", token).status_code == 400  # a list with nothing in it
    refused = get(f"{LIST}?sort=worth", token)
    assert refused.status_code == 400
    assert "money" in refused.json()["errors"][0]["accepted"]
