"""Searching by name: what is configured is found by who may see it, and leads to where it is read or changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from exceptions_queue import named
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings.models import LookupTable, Mapping
from mappings.tables import create_table
from routes import schedules
from routes.models import Route
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
NAME = "Quartz"


@pytest.fixture(autouse=True)
def quartz(settings: Any, tmp_path: Any) -> dict[str, Any]:
    """Return one thing of each kind that has the name in it, in the German company."""
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    germany = company("HP-DE")
    system = Connection.objects.create(
        slug="quartz", name="Quartz ledger", connector="harvest", legal_entity=germany, environment="sandbox"
    )
    route = Route.objects.create(
        slug="q", name="Time to quartz", legal_entity=germany, canonical_entity="time_entry", connection=system
    )
    schedules.set_schedule(route, by=ENGINE, every=timedelta(minutes=15))
    table = create_table(
        name="rates", title="Quartz rates", key_columns=["a"], value_columns={"b": "text"}, by=ENGINE,
        legal_entity=germany,
    )  # fmt: skip
    mapping = Mapping.objects.create(
        key="quartz.time", title="Quartz time", source="quartz.time", target="time_entry", legal_entity=germany
    )
    wishes = Wishes("Quartz warehouse", "https://events.acme.example/", germany)
    return {
        "System": system, "Route": route, "Table": table, "Mapping": mapping,
        "Subscription": subscribing.subscribe(wishes, by=ENGINE)[0], "Person": person("Petra Quartz"),
    }  # fmt: skip


def kinds(user: User, text: str = NAME) -> list[str]:
    return [each.kind for each in named.find(text.lower(), user)]


SEEN = ["Route", "Schedule", "System", "Mapping", "Table"]


@pytest.mark.parametrize(
    ("role", "more", "sees"),
    [
        (Role.VIEWER, {}, SEEN),
        (Role.FINANCE, {"is_staff": True}, SEEN),
        (Role.CONTROLLER, {}, SEEN),
        (Role.INTEGRATION_ADMIN, {}, [*SEEN, "Subscription"]),
        (Role.OPERATOR, {}, [*SEEN, "Person"]),
        (None, {"is_superuser": True}, [*SEEN, "Subscription", "Person"]),
        (None, {}, []),
    ],
)
def test_each_finds_what_they_may_see_and_every_address_opens(role: Any, more: Any, sees: list[str]) -> None:
    user = person("Ingrid Solheim", role, company("HP-DE") if role else None, **more)
    assert kinds(user) == sees
    client = signed_in(user)
    for each in named.find(NAME, user):
        for address in filter(None, (each.address, each.settings)):
            assert client.get(address).status_code == 200, (each, address)


def test_things_of_another_company_are_not_found() -> None:
    assert kinds(person("Grace Field", Role.INTEGRATION_ADMIN, company("HP-GB"))) == []


def test_page_says_what_each_is_and_when_it_runs() -> None:
    words = text_of(signed_in(person("Viktor Lang", Role.VIEWER)).get("/search/", {"q": "quartz"}))
    assert "Time to quartz Schedule every 15 minutes" in words
    assert "Quartz time Mapping quartz.time" in words
    assert "Quartz rates Table HP-DE" in words
    assert "Settings" not in words, "the administration is closed to a viewer"


@pytest.mark.parametrize("text", ["petra quartz", "quartz petra", "PETRA", "petra"])
def test_people_are_found_by_first_and_last_name(text: str) -> None:
    found = named.find(text, person("Olga Petrenko", Role.OPERATOR))
    assert [each.title for each in found if each.kind == "Person"] == ["Petra Quartz"]


@pytest.mark.parametrize("text", ["quart%", "q_artz", "uartz\\"])
def test_characters_of_patterns_stand_for_themselves(text: str) -> None:
    assert kinds(person("Rosa Root", is_superuser=True), text) == []


def test_few_are_shown_of_each_and_many_ask_no_more_queries() -> None:
    root = person("Rosa Root", is_superuser=True)
    with CaptureQueriesContext(connection) as few:
        named.find(NAME, root)
    for number in range(named.SHOWN + 3):
        LookupTable.objects.create(
            name=f"q{number}", title=f"Quartz {number}", key_columns=["a"], value_columns={"b": "text"}
        )
        person(f"Quartz{number} Amini")
    with CaptureQueriesContext(connection) as many:
        found = named.find(NAME, root)
    assert [each.kind for each in found].count("Table") == named.SHOWN
    assert len(few) == len(many) <= 8
