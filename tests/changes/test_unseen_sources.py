"""What a route has of a company that the person does not see stays as it is, whatever else they change."""

from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, User
from hub.changes import publishing, things
from routes.models import Destination, Route
from tests.api.test_changes import call
from tests.changes.looking import browser, newest
from tests.changes.test_routes import form
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company
from tests.intake.firm import Firm
from tests.intake.test_route_forms import typed

ROUTES = "/api/system/v1/configuration/routes"
UNSEEN = "one of another company"


@pytest.fixture
def route(firm: Firm, ingrid: User) -> Route:
    """Return a route of Ingrid's company whose connections are of another one, which she does not see."""
    Connection.objects.update(legal_entity=company("HP-US"))
    return firm.pushed


def sent(route: Route, **more: str) -> dict[str, Any]:
    """Return what a browser sends of its form: nothing of what cannot be changed."""
    given = typed(route, route.destinations.get())
    return {name: each for name, each in given.items() if name.split("-")[-1] not in ("connection", "upstream")} | more


def took(route: Route) -> tuple[Any, ...]:
    row = Route.objects.get(pk=route.pk)
    return row.name, row.connection_id, row.upstream_id, [each.connection_id for each in row.destinations.all()]


def test_form_keeps_connections_that_are_not_seen(firm: Firm, ingrid: User, route: Route) -> None:
    before = took(route)
    page = browser(ingrid).get(form(route)).content.decode()
    assert page.count(UNSEEN) == 2, "its source and its destination"
    assert ">Time tool<" not in page

    answer = browser(ingrid).post(form(route), sent(route, name="Other"))

    assert answer.status_code == 302, text_of(answer)
    assert took(route) == ("Other", *before[1:])
    answer = browser(ingrid).post(form(route), sent(route, name="Third", connection="", upstream=""))
    assert answer.status_code == 302, text_of(answer)
    assert took(route) == ("Third", *before[1:])


def test_form_keeps_an_upstream_that_is_not_seen(firm: Firm, ingrid: User, route: Route) -> None:
    theirs = firm.events.destinations.get()
    Route.objects.filter(pk=firm.events.pk).update(legal_entity=company("HP-US"))
    Route.objects.filter(pk=route.pk).update(connection=None, stream="", mapping="", upstream=theirs)
    route.refresh_from_db()
    page = browser(ingrid).get(form(route)).content.decode()
    assert page.count(UNSEEN) == 2

    answer = browser(ingrid).post(form(route), sent(route, name="Other", stream="", mapping=""))

    assert answer.status_code == 302, text_of(answer)
    assert took(route)[:3] == ("Other", None, theirs.pk)
    at = f"{ROUTES}/time-pushed"
    shown = call(ingrid, "get", at)
    done = call(ingrid, "put", at, shown.json() | {"name": "Third"}, If_Match=shown["ETag"])
    assert done.status_code == 200, done.content
    assert took(route)[:3] == ("Third", None, theirs.pk)


def test_destinations_own_page_keeps_it_too(firm: Firm, ingrid: User, route: Route) -> None:
    end = route.destinations.get()
    place = f"/admin/routes/destination/{end.pk}/change/"
    page = browser(ingrid).get(place)
    assert page.content.decode().count(UNSEEN) == 1
    given = {name.removeprefix("destinations-0-"): each for name, each in sent(route).items() if "-0-" in name}
    more = {"route": str(route.pk), "batch_size": "77", "window": "50", "delta_fields": ""}

    answer = browser(ingrid).post(place, given | more)

    assert answer.status_code == 302, text_of(answer)
    done = Destination.objects.get(pk=end.pk)
    assert (done.batch_size, done.connection_id) == (77, end.connection_id)


def test_api_takes_what_is_there_and_nothing_else_that_is_not_seen(firm: Firm, ingrid: User, route: Route) -> None:
    before, at = took(route), f"{ROUTES}/time-pushed"
    shown = call(ingrid, "get", at)

    done = call(ingrid, "put", at, shown.json() | {"name": "Other"}, If_Match=shown["ETag"])

    assert done.status_code == 200, done.content
    assert took(route) == ("Other", *before[1:])
    swapped = shown.json() | {"connection": "ledger"}
    refused = call(ingrid, "put", at, swapped, If_Match=done["ETag"])
    assert refused.status_code == 422, refused.content
    assert "there is no connection ledger" in refused.content.decode()
    assert took(route) == ("Other", *before[1:])


def test_draft_keeps_it_and_is_put_in_force(firm: Firm, ingrid: User, route: Route, asking: LegalEntity) -> None:
    asking.second_person = False
    asking.save()
    before = took(route)

    answer = browser(ingrid).post(form(route), sent(route, name="Other", _draft="1"))

    assert answer.status_code == 302, text_of(answer)
    version = newest()
    assert version.content["connection"] == "time"
    place = reverse("changes:edit", args=[version.pk])
    assert browser(ingrid).get(place).content.decode().count(UNSEEN) == 2
    edited = browser(ingrid).post(place, sent(route, name="Third"))
    assert edited.status_code == 302, text_of(edited)
    version.refresh_from_db()
    assert version.content == things.document("route", "time-pushed") | {"name": "Third"}
    publishing.publish_alone(version, by=ingrid)
    assert took(route) == ("Third", *before[1:])
    document = things.document("route", "time-pushed")
    changes = "/api/system/v1/configuration/changes"
    for wanted, status in (({"name": "Fourth"}, 201), ({"connection": "ledger"}, 422)):
        made = call(ingrid, "post", changes, {"kind": "route", "document": document | wanted})
        assert made.status_code == status, made.content
