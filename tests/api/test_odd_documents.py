"""Whatever stands at a place of a document is judged by its form first: it is refused in words, and nothing falls."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from governance.rights import Role
from hub.api.configuration import EXAMPLES
from hub.api.documents import schema_of
from hub.changes import things
from hub.configuration.kinds import KINDS
from routes.models import Route
from tests.api.sound_documents import SOUND
from tests.governance.people import person
from tests.routes.world import World

pytestmark = pytest.mark.django_db
PLACE = "/api/system/v1/configuration"
ODD: tuple[Any, ...] = ([], 7, None, "", [{}])  # and {} and ["a"], which nothing can be looked up by


@pytest.fixture
def ingrid(quick_world: Callable[..., World]) -> Client:
    quick_world()
    client = Client(raise_request_exception=False)
    client.force_login(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    return client


def places(schema: dict[str, Any], value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place that a document has, or could have."""
    yield place
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in sorted({*known, *value}):
            yield from places(known.get(name, {}), value.get(name), (*place, name))
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(schema.get("items", {}), each, (*place, number))


def with_at(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """Return a document in which something else stands at a place."""
    if not place:
        return odd
    made = deepcopy(value)
    inner = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = odd
    return made


def asked(client: Client, method: str, place: str, body: Any, **headers: str) -> Any:
    """Return the answer to a request of which nothing stays."""
    with transaction.atomic():
        answer = client.generic(method, place, json.dumps(body), "application/json", headers=headers)
        transaction.set_rollback(True)
    return answer


@pytest.mark.parametrize("folder", EXAMPLES)
def test_nothing_falls_over_what_stands_anywhere_in_a_document(ingrid: Client, folder: str) -> None:
    upto = list(SOUND)[: list(SOUND).index(folder) + 1]
    for each in upto:
        made = ingrid.post(f"{PLACE}/{each.replace('_', '-')}", json.dumps(SOUND[each]), "application/json")
        assert made.status_code == 201 or each == "order_of_exceptions", made.content  # one is there from the first day
    kind, document, address = KINDS[folder], SOUND[folder], f"{PLACE}/{folder.replace('_', '-')}"
    one, wrong, draft = made.get("Location", f"{address}/exceptions"), [], ""
    changes = kind.one if kind in things.OF_KIND.values() else ""
    if changes:
        has_name = folder in ("connections", "routes")
        other = document | ({"name": "Other"} if has_name else {"time_zone": "Europe/Paris"})
        kept = ingrid.post(f"{PLACE}/changes", json.dumps({"kind": changes, "document": other}), "application/json")
        assert kept.status_code == 201, kept.content
        draft = f"{PLACE}/changes/{kept.json()['id']}"
    for number, place in enumerate(places(schema_of(folder, sent=True), document)):
        given = [with_at(document, place, odd) for odd in ({}, ["a"], ODD[number % len(ODD)])]
        answers = [asked(ingrid, "PUT", one, each, If_Match="*") for each in given]
        answers.append(asked(ingrid, "POST", address, given[2]))
        if changes:
            answers.append(asked(ingrid, "POST", f"{PLACE}/changes", {"kind": changes, "document": given[0]}))
            answers.append(asked(ingrid, "PUT", draft, {"document": given[number % 3]}, If_Match="*"))
        wrong += [(place, number % len(ODD), each.status_code) for each in answers if each.status_code >= 500]
    assert not wrong


@pytest.mark.parametrize("levels", [100, 101, 300, 480, 900, 5000])
def test_body_that_is_nested_too_deeply_is_refused_in_words(ingrid: Client, levels: int) -> None:
    Route.objects.create(
        slug="time-events", name="Time", canonical_entity="time_entry", legal_entity=Route.objects.get().legal_entity
    )
    for opened, closed in ("[", "]"), ('{"a":', "}"):
        body = f'{{"slug": "deep", "destinations": {opened * (levels - 1)}1{closed * (levels - 1)}}}'
        for place, text in (
            (f"{PLACE}/routes", body), (f"{PLACE}/changes", f'{{"kind": "route", "document": {body}}}'),
            ("/api/process/v1/mappings", body), ("/api/process/v1/routes/time-events/events", body),
        ):  # fmt: skip
            answer = ingrid.post(place, text, "application/json")
            assert answer.status_code in (400, 422), answer.content
            assert levels <= 100 or "nested too deeply" in answer.json()["detail"]
