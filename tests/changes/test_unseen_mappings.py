"""Mappings of companies that a person does not see are neither offered nor named, and nothing is built on them."""

from typing import Any

import pytest
from django.urls import reverse

from governance import versions
from governance.models import LegalEntity, User, Version
from governance.rights import Role
from hub.changes import drafting, publishing, things
from hub.changes.drafting import NotKept
from mappings import drafting as mappings
from mappings.models import Mapping
from routes.models import Destination, Route
from tests.api.test_changes import call
from tests.changes.looking import at, browser, newest
from tests.changes.test_routes import form
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm
from tests.intake.test_route_forms import typed
from tests.routes.world import INWARD, OUTWARD

ROUTES = "/api/system/v1/configuration/routes"
CHANGES = "/api/system/v1/configuration/changes"
IN, OUT = "us.secret_project_atlas", "us.atlas_books"
UNSEEN = "one of another company"


@pytest.fixture(autouse=True)
def theirs(firm: Firm) -> None:
    """Let another company have published mappings that would fit."""
    for key, content in ((IN, INWARD), (OUT, OUTWARD)):
        states = company("HP-US")
        versions.install(kind="mapping", object_key=key, content=content, legal_entity=states)
        Mapping.objects.create(key=key, legal_entity=states, **mappings.listed(content))


def refused(answer: Any) -> tuple[Any, Any]:
    """Return what stands beside the two fields of the page of a route."""
    rows = answer.context["inline_admin_formsets"][0].formset
    return answer.context["adminform"].form.errors.get("mapping"), rows.errors[0].get("mapping")


def sent(route: Route, **more: str) -> dict[str, Any]:
    return {name: each for name, each in typed(route, route.destinations.get()).items()
            if name.split("-")[-1] != "mapping"} | more  # fmt: skip


def took() -> tuple[Any, ...]:
    row = Route.objects.get(slug="time-pushed")
    return row.name, row.mapping, row.destinations.get().mapping


def test_forms_neither_offer_nor_name_nor_take_them(firm: Firm, ingrid: User) -> None:
    end = firm.pushed.destinations.get()
    own = f"/admin/routes/destination/{end.pk}/change/"
    for page in (form(firm.pushed), own, "/admin/routes/route/add/"):
        assert "atlas" not in browser(ingrid).get(page).content.decode()
        assert "ledger-time-" in browser(ingrid).get(page).content.decode()
    said = []
    for wrong in (("nosuch", "nosuch.out"), (IN, OUT)):
        given = typed(firm.pushed, end, **{"mapping": wrong[0], "destinations-0-mapping": wrong[1]})
        answer = browser(ingrid).post(form(firm.pushed), given)
        assert answer.status_code == 200
        said.append([each and each[0].replace(name, "…") for each, name in zip(refused(answer), wrong, strict=True)])
        assert "ledger-time-in" in said[-1][0]
    assert said[0] == said[1]
    assert "atlas" not in str(said)
    given = {name.removeprefix("destinations-0-"): each for name, each in typed(firm.pushed, end).items()}
    given |= {"route": str(firm.pushed.pk), "batch_size": "7", "window": "5", "delta_fields": "", "mapping": OUT}
    assert "There is no published mapping" in text_of(browser(ingrid).post(own, given))
    assert took() == ("Pushed time", "ledger-time-in", "ledger-time-out")


def test_api_and_drafts_do_not_take_them(firm: Firm, ingrid: User) -> None:
    place, document = f"{ROUTES}/time-pushed", things.document("route", "time-pushed")
    shown = call(ingrid, "get", place)
    end = document["destinations"][0]
    said = []
    for name, other in (("us.nosuch_atlas", "us.nosuch_atlas"), (IN, OUT)):
        for wanted in ({"mapping": name}, {"destinations": [end | {"mapping": other}]}):
            answer = call(ingrid, "put", place, shown.json() | wanted, If_Match=shown["ETag"])
            assert answer.status_code == 422, answer.content
            made = call(ingrid, "post", CHANGES, {"kind": "route", "document": document | wanted})
            assert made.status_code == 422, made.content
            said.append([each.content.decode().replace(name, "").replace(other, "") for each in (answer, made)])
            with pytest.raises(NotKept, match="that you may see"):
                drafting.draft("route", "time-pushed", document | wanted, by=ingrid)
    assert said[:2] == said[2:]
    assert "atlas" not in str(said)
    assert took() == ("Pushed time", "ledger-time-in", "ledger-time-out")


def test_what_is_wrong_with_a_draft_names_none_of_them(firm: Firm, ingrid: User, asking: LegalEntity) -> None:
    document = things.document("route", "time-pushed")
    mine = mappings.draft(key="de.time", content=INWARD, by=ingrid, legal_entity=asking)
    version = drafting.draft("route", "time-pushed", document | {"mapping": mine.object_key}, by=ingrid)

    page = text_of(browser(ingrid).get(at(version)))

    assert "There is no published mapping called" in page
    assert "atlas" not in page


def test_whoever_sees_them_may_use_them(firm: Firm) -> None:
    everywhere = person("Ada Lund", Role.INTEGRATION_ADMIN, is_staff=True)
    assert IN in browser(everywhere).get(form(firm.pushed)).content.decode()

    given = typed(firm.pushed, firm.pushed.destinations.get(), **{"mapping": IN, "destinations-0-mapping": OUT})
    answer = browser(everywhere).post(form(firm.pushed), given)

    assert answer.status_code == 302, text_of(answer)
    assert took()[1:] == (IN, OUT)


def test_what_stands_stays(firm: Firm, ingrid: User, asking: LegalEntity) -> None:
    LegalEntity.objects.update(second_person=False)
    Route.objects.filter(pk=firm.pushed.pk).update(mapping=IN)
    Destination.objects.filter(route=firm.pushed).update(mapping=OUT)
    page = browser(ingrid).get(form(firm.pushed)).content.decode()
    assert page.count(UNSEEN) == 2, "the route's and the destination's"
    assert "atlas" not in page

    answer = browser(ingrid).post(form(firm.pushed), sent(firm.pushed, name="Other"))
    assert answer.status_code == 302, text_of(answer)
    assert took() == ("Other", IN, OUT)
    place = f"{ROUTES}/time-pushed"
    shown = call(ingrid, "get", place)
    done = call(ingrid, "put", place, shown.json() | {"name": "Third"}, If_Match=shown["ETag"])
    assert done.status_code == 200, done.content
    assert took() == ("Third", IN, OUT)

    answer = browser(ingrid).post(form(firm.pushed), sent(firm.pushed, name="Fourth", _draft="1"))
    assert answer.status_code == 302, text_of(answer)
    version: Version = newest()
    edit = reverse("changes:edit", args=[version.pk])
    assert browser(ingrid).get(edit).content.decode().count(UNSEEN) == 2
    assert browser(ingrid).post(edit, sent(firm.pushed, name="Fifth")).status_code == 302
    version.refresh_from_db()
    publishing.publish_alone(version, by=ingrid)
    assert took() == ("Fifth", IN, OUT)
