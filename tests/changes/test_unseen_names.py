"""Lists, histories and states of a route name nothing of companies that the person does not see."""

import re
from typing import Any

import pytest
from django.urls import reverse

from connectors import sampling
from connectors.models import Connection
from governance import audit
from governance.actor import ENGINE
from governance.models import AuditEntry, User
from governance.rights import Role
from hub.changes import drafting, things
from routes.models import Route
from tests.api.test_changes import call
from tests.changes.looking import at, browser
from tests.changes.test_routes import form
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm
from tests.routes.world import entry

UNSEEN = "one of another company"


@pytest.fixture
def route(firm: Firm, ingrid: User) -> Route:
    """Return a route of Ingrid's company that reads and writes through connections of another."""
    Connection.objects.filter(slug="time").update(slug="us-time", name="Time of Halden", legal_entity=company("HP-US"))
    ledger = Connection.objects.filter(slug="ledger")
    ledger.update(slug="us-ledger", name="Ledger of Halden", legal_entity=company("HP-US"))
    return firm.pushed


def test_lists_histories_and_states_do_not_name_them(firm: Firm, ingrid: User, route: Route) -> None:
    end = route.destinations.get()
    for row in (route, end):
        audit.record(by=ENGINE, verb="change", thing=row, before={"connection": "us-ledger"},
                     after={"connection": "Time of Halden"}, legal_entity=route.legal_entity)  # fmt: skip
    version = drafting.draft("route", route.slug, things.document("route", route.slug) | {"name": "Other"}, by=ingrid)
    gone = drafting.draft("route", "new", things.document("route", route.slug) | {"slug": "new"}, by=ENGINE)
    places = ["/admin/routes/route/", "/admin/routes/destination/", form(route).replace("change", "history")]
    places += [f"/admin/routes/destination/{end.pk}/history/", reverse("changes:states", args=["route", route.slug])]
    entries = AuditEntry.objects.filter(thing_kind__startswith="routes.", verb="change")
    trail = [reverse("admin:governance_auditentry_change", args=[each.pk]) for each in entries]
    assert len(trail) == 2

    for place in [*places, *trail, at(version), at(gone)]:
        answer = browser(ingrid).get(place)
        assert answer.status_code == 200
        words = text_of(answer)
        assert "us-time" not in words, place
        assert "us-ledger" not in words, place
        assert "of Halden" not in words, place
    for place in (*places[:4], *trail):
        assert UNSEEN in text_of(browser(ingrid).get(place)), place
    assert UNSEEN in text_of(browser(ingrid).get(at(gone)))
    told = call(ingrid, "get", f"/api/system/v1/configuration/changes/{gone.pk}").json()["differences"]
    assert UNSEEN in str(told)
    assert "us-" not in str(told)


def test_names_in_lists_of_what_was_made_are_covered(firm: Firm, ingrid: User, route: Route) -> None:
    made = {"name": "Made", "connection": "us-ledger", "stream": "time_entries"}
    theirs = Route.objects.create(slug="us-plan", name="Plan of Halden", legal_entity=company("HP-US"),
                                  canonical_entity="time_entry")  # fmt: skip
    place = {"route": theirs.slug, "destination": "Books of Halden"}
    after = {"destinations": [made], "deep": {"ends": [[made]]}, "hears": [place], "routes": [theirs.slug, route.slug]}
    end = route.destinations.get()
    for row in (route, end):
        audit.record(by=ENGINE, verb="add", thing=row, after=after, legal_entity=route.legal_entity)
    entries = AuditEntry.objects.filter(thing_kind__startswith="routes.", verb="add")
    trail = [reverse("admin:governance_auditentry_change", args=[each.pk]) for each in entries]
    pages = [form(route).replace("change", "history"), f"/admin/routes/destination/{end.pk}/history/"]
    assert len(trail) == 2

    for page in (*pages, *trail):
        words = text_of(browser(ingrid).get(page))
        assert UNSEEN in words, page
        assert [name for name in ("us-ledger", "us-plan", "of Halden") if name in words] == [], page


def test_lists_name_what_is_seen(firm: Firm, ingrid: User) -> None:
    assert "Time tool" in text_of(browser(ingrid).get("/admin/routes/route/"))
    assert "Ledger" in text_of(browser(ingrid).get("/admin/routes/destination/"))


def test_draft_of_ones_own_route_is_previewed_as_the_route_is(
    firm: Firm, ingrid: User, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[dict[str, Any]] = [entry(1)]
    monkeypatch.setattr(sampling, "read", lambda *_, **__: found)
    version = drafting.draft("route", route.slug, things.document("route", route.slug) | {"compare_days": 7}, by=ingrid)
    assert "Preview the next run" in text_of(browser(ingrid).get(at(version)))

    answer = browser(ingrid).post(reverse("changes:preview", args=[version.pk]))

    assert answer.status_code == 200, text_of(answer)


def test_nothing_is_told_by_the_same_dash_on_a_route_and_its_destinations(firm: Firm) -> None:
    """Whoever may not change them reads them; "-" stood where a destination has nothing."""
    reader = person("Clara Voss", Role.CONTROLLER, company("HP-DE"), is_staff=True)
    page = browser(reader).get(form(firm.pushed))
    assert page.status_code == 200
    words = [each.strip() for each in re.findall(r">([^<]*)<", page.content.decode())]
    assert "–" in words
    assert "-" not in words
