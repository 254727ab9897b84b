"""The list of records as they came: by key, kind, source, company, state and days."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import Connection
from governance.rights import Role
from routes.models import Record, Route
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]


def staff_of() -> Staff:
    """Return the staff, for tests that are rolled back."""
    germany, britain = company("HP-DE"), company("HP-GB")
    return Staff(
        person("Farid Amini", Role.FINANCE, germany),
        person("Clara Voss", Role.CONTROLLER),
        person("Viktor Lang", Role.VIEWER, germany),
        person("Ingrid Solheim", Role.INTEGRATION_ADMIN),
        person("Olga Petrenko", Role.OPERATOR),
        person("Grace Field", Role.FINANCE, britain),
    )


@pytest.fixture
def staff(db: None) -> Staff:
    return staff_of()


def keys(user: Any, query: str = "") -> list[str]:
    return [record.key for record in signed_in(user).get(f"/records/?{query}").context["records"]]


def test_records_are_listed_the_newest_first_and_lead_to_their_story(quick_world: Make, staff: Staff) -> None:
    world = quick_world()
    for each in (Connection, Route):
        each.objects.update(legal_entity=company("HP-DE"))  # of another company it would not be named
    world.take_in(entry(1))
    world.take_in(entry(2, status="submitted"))
    answer = signed_in(staff.farid).get("/records/")
    assert [record.key for record in answer.context["records"]] == ["TE-0000002", "TE-0000001"]
    words = text_of(answer)
    assert "TE-0000002 Time entry Time to ledger from Time HP-DE" in words
    newest = answer.context["records"][0]
    page = answer.content.decode()
    [address] = {part for part in page.split('"') if part.startswith("/records/") and len(part) > 12 and "?" not in part
                 and "TE-0000002" in text_of(signed_in(staff.farid).get(part))}  # fmt: skip
    assert f"{newest.key}, as it arrived" in text_of(signed_in(staff.farid).get(address))
    assert '<a href="/records/"' in page, "the list is in the navigation"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("key=TE-0000002", ["TE-0000002"]),
        ("key=TE-000000", []),
        ("kind=time_entry", ["TE-0000002", "TE-0000001"]),
        ("connection=time", ["TE-0000002", "TE-0000001"]),
        ("connection=time&route=other", []),
        ("stream=time_entries&state=routed", ["TE-0000002", "TE-0000001"]),
        ("state=failed", []),
        ("entity=HP-DE", ["TE-0000002", "TE-0000001"]),
        ("entity=HP-GB", []),
        ("until=2020-01-01", []),
        ("since=2020-01-01", ["TE-0000002", "TE-0000001"]),
        ("key=TE-0000002&entity=HP-GB", []),
    ],
)
def test_records_are_narrowed(quick_world: Make, staff: Staff, query: str, found: list[str]) -> None:
    world = quick_world()
    Route.objects.create(
        slug="other", name="Other", legal_entity=company("HP-DE"), connection=world.destination.connection,
        stream="projects", canonical_entity="project", mapping="ledger-time-in",
    )  # fmt: skip
    world.take_in(entry(1))
    world.take_in(entry(2))
    assert keys(staff.clara, query) == found


def test_others_records_are_not_listed(quick_world: Make, staff: Staff) -> None:
    quick_world().take_in(entry(1))
    assert keys(staff.farid) == ["TE-0000001"]
    assert keys(staff.stranger) == []
    assert keys(staff.stranger, "key=TE-0000001") == []


def test_list_goes_on_by_key_and_keeps_what_was_asked(quick_world: Make, staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.pages.records.SIZE", 2)
    quick_world().take_in(*(entry(n) for n in range(1, 6)))
    client, seen, address = signed_in(staff.farid), [], "/records/?kind=time_entry"
    while address:
        answer = client.get(address)
        seen += [record.pk for record in answer.context["records"]]
        more = [part for part in answer.content.decode().split('"') if part.startswith("?") and "after=" in part]
        address = f"/records/{more[0].replace('&amp;', '&')}" if more else ""
        assert not more or "kind=time_entry" in address
    assert seen == list(Record.objects.order_by("-pk").values_list("pk", flat=True))
    assert client.get("/records/?after=nonsense").status_code == 404


def test_days_in_the_wrong_order_are_told_beside_the_field(quick_world: Make, staff: Staff) -> None:
    quick_world().take_in(entry(1))
    answer = signed_in(staff.farid).get("/records/?since=2026-10-05&until=2026-10-01")
    assert "The last day is before the first. Exchange them." in text_of(answer)
    assert answer.context["records"] == []


def test_api_narrows_by_the_same(quick_world: Make, staff: Staff) -> None:
    quick_world().take_in(entry(1))
    client = signed_in(staff.ingrid)
    for query, number in (("connection=time", 1), ("connection=ledger", 0), ("stream=time_entries", 1),
                          ("entity=time_entry", 1), ("entity=project", 0)):  # fmt: skip
        answer = client.get(f"/api/system/v1/records?{query}")
        assert (answer.status_code, len(answer.json()["items"])) == (200, number), query
