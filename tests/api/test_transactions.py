"""Transactions through the API: lists that are narrowed and paged by key, and the whole story of one."""

from collections.abc import Callable
from typing import Any

import pytest

from routes.models import Transaction
from tests.api.conftest import Staff
from tests.api.signing import get, token_of
from tests.api.test_tokens import told
from tests.routes.world import World, entry

LIST = "/api/process/v1/transactions"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.take_in(*(entry(number) for number in range(1, 6)))
    return made


def test_list_is_read_page_by_page_to_its_end(world: World, staff: Staff) -> None:
    token, seen, address = token_of(staff.viktor), [], f"{LIST}?size=2"
    while address:
        answer = get(address, token)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        assert len(page["items"]) <= 2
        seen += [each["id"] for each in page["items"]]
        address = page["next"]
    assert sorted(seen) == sorted(str(pk) for pk in Transaction.objects.values_list("pk", flat=True))
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("asked", "found"),
    [("route=time", 5), ("route=other", 0), ("state=ready", 5), ("state=posted&state=ready", 5), ("state=posted", 0),
     ("legal_entity=HP-DE", 5), ("legal_entity=HP-GB", 0), ("warned=false", 5), ("warned=true", 0),
     ("since=2020-01-01T00:00:00Z", 5), ("until=2020-01-01T00:00:00Z", 0),
     ("run=0197a1c2-0000-7000-8000-000000000000", 0)],
)  # fmt: skip
def test_list_is_narrowed(world: World, staff: Staff, asked: str, found: int) -> None:
    asked = asked.replace("route=time", f"route={world.route.slug}")
    assert len(get(f"{LIST}?{asked}", token_of(staff.clara)).json()["items"]) == found  # who sees its route, too


@pytest.mark.parametrize("address", [LIST, "/api/system/v1/records"])
@pytest.mark.parametrize(
    ("asked", "some"),
    [("since=0001-01-01T00:00:00Z", True), ("until=0001-01-01T00:00:00Z", False),
     ("since=9999-12-31T23:59:59Z", False), ("until=9999-12-31T23:59:59Z", True),
     ("since=1969-12-31T23:59:59.999Z", True)],
)  # fmt: skip
def test_first_and_last_moments_there_are_bound_the_list(
    world: World, staff: Staff, address: str, asked: str, some: bool
) -> None:
    answer = get(f"{address}?{asked}", token_of(staff.viktor))
    assert answer.status_code == 200, answer.content
    assert bool(answer.json()["items"]) is some


def test_key_is_found_whole_at_the_source_or_by_its_beginning_at_the_target(world: World, staff: Staff) -> None:
    token = token_of(staff.viktor)
    row = Transaction.objects.order_by("pk")[0]
    assert [each["key"] for each in get(f"{LIST}?key={row.key}", token).json()["items"]] == [row.key]
    assert len(get(f"{LIST}?key={row.key[:3]}", token).json()["items"]) == 5


@pytest.mark.parametrize(
    "asked",
    ["nonsense=1", "format=json", "state=asleep", "run=7", "since=yesterday", "size=0", "size=1000", "cursor=x", "key=",
     "warned=1", "route=a&route=b", "cursor=WyJ4Il0", "cursor=e30"],
)  # fmt: skip
def test_parameter_that_is_not_usable_is_named_with_what_is(world: World, staff: Staff, asked: str) -> None:
    [error] = told(get(f"{LIST}?{asked}", token_of(staff.viktor)), 400, "bad-parameter")["errors"]
    assert error["parameter"] == asked.partition("=")[0]
    assert error["accepted"]


def test_story_tells_values_and_every_change_of_state(world: World, staff: Staff) -> None:
    row = Transaction.objects.order_by("pk")[0]
    story = get(f"{LIST}/{row.pk}", token_of(staff.viktor)).json()
    assert story["state"] == "ready"
    assert [step["to_state"] for step in story["transitions"]][-1] == "ready"
    assert all(step["actor"] and step["at"] and step["reason"] for step in story["transitions"])
    assert _value(story, "hours") == {"name": "hours", "source": "8.00", "canonical": "8.00", "sent": "8.00"}


def _value(story: dict[str, Any], name: str) -> dict[str, Any]:
    return next(value for value in story["values"] if value["name"] == name)


def test_transaction_of_another_entity_is_not_there(world: World, staff: Staff) -> None:
    row = Transaction.objects.order_by("pk")[0]
    token = token_of(staff.stranger)
    assert get(LIST, token).json()["items"] == []
    told(get(f"{LIST}/{row.pk}", token), 404, "not-found")


def test_token_for_another_entity_sees_nothing_whatever_the_roles_are(world: World, staff: Staff) -> None:
    row = Transaction.objects.order_by("pk")[0]
    abroad = token_of(staff.clara, "process:read", "entity:HP-GB")
    assert get(LIST, abroad).json()["items"] == []
    told(get(f"{LIST}/{row.pk}", abroad), 404, "not-found")
    at_home = get(LIST, token_of(staff.ingrid, "process:read", "entity:HP-DE"))
    assert len(at_home.json()["items"]) == 5


def test_client_for_one_entity_cannot_widen_itself_by_leaving_the_scope_out(world: World, staff: Staff) -> None:
    token = token_of(staff.clara, "process:read", most=("process:read", "entity:HP-GB"))
    assert get(LIST, token).json()["items"] == []
