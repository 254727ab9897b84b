"""Who sends an If-Match of something else is told the present state as GET tells it, and not a name more."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from governance.models import Version
from governance.rights import Role
from mappings.models import Mapping
from routes.models import Destination, Route
from tests.governance.people import company
from tests.rights.firm import Firm
from tests.rights.test_operations import OPERATIONS, _shape, names

__all__ = ["names"]
STALE = '"' + "0" * 32 + '"'
THEIRS = ("us-time", "us-ledger", "us-plan", "us-books", "us.mapping")


@pytest.fixture
def theirs(firm: Firm, names: dict[str, Any]) -> dict[str, Any]:
    """Let the German route, its draft and the subscription go by what belongs to another company."""
    states, germany = company("HP-US"), company("HP-DE")
    Connection.objects.create(slug="own", name="Own", connector="harvest", legal_entity=germany)
    read, written = Connection.objects.get(pk=firm.connection.pk), firm.route.destinations.get()
    for each, slug in ((read, "us-time"), (Connection.objects.get(pk=written.connection_id), "us-ledger")):
        Connection.objects.filter(pk=each.pk).update(slug=slug, name=slug, legal_entity=states)
    Mapping.objects.create(key="us.mapping", title="us.mapping", legal_entity=states, source="x y", target="time_entry")
    route = Route.objects.create(slug="us-plan", name="us-plan", legal_entity=states, canonical_entity="time_entry")
    place = Destination.objects.create(route=route, name="us-books", connection_id=written.connection_id, stream="x")
    type(firm.subscription).objects.update(routes=[route.pk, firm.route.pk], destinations=[place.pk, written.pk])
    for row in Version.objects.filter(kind="route", state="draft"):
        row.content |= {"connection": "us-time", "mapping": "us.mapping",
                        "upstream": {"route": "us-plan", "destination": "us-books"}}  # fmt: skip
        row.content["destinations"] = [each | {"connection": "us-ledger"} for each in row.content["destinations"]]
        Version.objects.filter(pk=row.pk).update(content=row.content)
    return names | {"connection": "own"}


def with_if_match() -> list[tuple[str, str, Any]]:
    """Return method, address and body of each operation on one thing that takes If-Match."""
    from hub.api.described import document

    takes = {
        (method, _shape(path))
        for path, methods in document()["paths"].items()
        for method, told in methods.items()
        if any(each["name"] == "If-Match" for each in told.get("parameters", ()))
    }
    found = [(method, address, body) for method, address, _, body in OPERATIONS if (method, _known(address)) in takes]
    missing = takes - {(method, _known(address)) for method, address, _ in found}
    assert {path for _, path in missing} <= {"/api/system/v1/configuration/order-of-exceptions/*"}
    return found


def _known(address: str) -> str:
    return _shape(address.replace("/versions/1", "/versions/{number}"))


def test_present_state_is_told_as_it_is_shown(firm: Firm, theirs: dict[str, Any]) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(firm.own[Role.INTEGRATION_ADMIN])
    wrong, told = [], ""
    for method, address, body in with_if_match():
        place = address.format(**theirs)
        shown = client.get(place if method != "post" else place.rpartition("/")[0])
        given = {} if method == "delete" else {"data": json.dumps(body), "content_type": "application/json"}
        answer: Any = getattr(client, method)(place, headers={"If-Match": STALE}, **given)
        if answer.status_code in (403, 422) and method != "delete":
            continue  # asked for before, and told nothing
        assert (shown.status_code, answer.status_code) == (200, 412), f"{method} {place}: {answer.content!r}"
        told += answer.content.decode()
        for name, value in answer.json()["current"].items():
            if not _same(shown.json().get(name, value), value):
                wrong.append(f"{method} {place}: {name}: {value}, not {shown.json()[name]}")
    assert wrong == []
    assert [name for name in THEIRS if name in told] == []
    assert "one of another company" in told


def _same(one: object, other: object) -> bool:
    """Return whether two values are the same; moments to the thousandth of a second."""
    try:
        apart = datetime.fromisoformat(str(one)) - datetime.fromisoformat(str(other))
    except (ValueError, TypeError):
        return one == other
    return abs(apart) <= timedelta(milliseconds=1)
