"""The admin's pages of subscriptions: a secret is shown once, problems stand at their fields, verbs are buttons."""

import re
from typing import Any

import pytest
from django.test import Client

from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import Role
from routes.models import Route, Subscription
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.api.test_changes import call
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
LIST = "/admin/routes/subscription/"
TYPED = {"name": "Data warehouse", "address": "https://events.acme.example/in"}
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


def signed_in(role: Role, where: str | None = "HP-DE", name: str = "Ines Brandt") -> Client:
    client = Browser()
    client.force_login(person(name, role, company(where) if where else None, is_staff=True))
    return client


@pytest.fixture
def ines() -> Client:
    return signed_in(Role.INTEGRATION_ADMIN)


def made(client: Client, **more: Any) -> Subscription:
    answer = client.post(f"{LIST}add/", TYPED | {"legal_entity": company("HP-DE").pk} | more)
    assert answer.status_code == 200, answer.content.decode()
    return Subscription.objects.get()


def test_page_of_a_subscription_opens_for_who_may_change_it_by_its_buttons(ines: Client) -> None:
    answer = ines.get(f"{LIST}{made(ines).pk}/change/")
    assert answer.status_code == 200
    assert "Data warehouse" in answer.content.decode()


def test_subscribing_shows_the_secret_this_once(ines: Client) -> None:
    answer = ines.post(f"{LIST}add/", TYPED | {"legal_entity": company("HP-DE").pk, "types": ["throughline.run.done"]})
    [secret] = set(SECRET.findall(answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    row = Subscription.objects.get()
    assert row.types == ["throughline.run.done"]
    for address in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/changes/"):
        page = ines.get(address)
        assert page.status_code == 200, address
        assert secret not in page.content.decode()


def test_problems_stand_at_their_fields_and_what_was_typed_is_kept(ines: Client) -> None:
    typed = TYPED | {"address": "http://events.acme.example/in", "legal_entity": company("HP-DE").pk}
    answer = ines.post(f"{LIST}add/", typed)
    assert answer.status_code == 422
    assert "https" in str(answer.context["form"].errors["address"])
    assert "http://events.acme.example/in" in answer.content.decode()


def test_every_company_is_offered_only_to_those_who_have_it(ines: Client) -> None:
    assert "every company" not in ines.get(f"{LIST}add/").content.decode()
    everywhere = signed_in(Role.INTEGRATION_ADMIN, None, "Ida Berg")
    assert "every company" in everywhere.get(f"{LIST}add/").content.decode()


def test_each_verb_has_a_page(ines: Client) -> None:
    row = made(ines)
    page = f"{LIST}{row.pk}/"
    shown = ines.get(f"{page}change/").content.decode()
    for words in ("Edit", "Try it", "New secret", "Pause", "Send again", "End"):
        assert words in shown
    answer = ines.post(f"{page}changes/", TYPED | {"name": "Lake", "legal_entity": company("HP-DE").pk}, follow=True)
    assert "Lake is changed." in answer.content.decode()
    assert SECRET.search(ines.post(f"{page}secrets/", {"hours": "2"}).content.decode())
    assert "is paused" in ines.post(f"{page}pauses/", {"reason": "Year-end close"}, follow=True).content.decode()
    assert "Resume" in ines.get(f"{page}change/").content.decode()
    assert "goes on" in ines.post(f"{page}releases/", follow=True).content.decode()
    answer = ines.post(f"{page}redeliveries/", {"since": "2026-11-28 06:00"})
    assert "Nothing that is still kept" in answer.content.decode()
    assert "is ended" in ines.post(f"{page}ends/", {"reason": "No longer needed"}, follow=True).content.decode()
    assert not Subscription.objects.exists()


def test_trial_that_fails_says_why(ines: Client, settings: Any) -> None:
    row = made(ines)
    Subscription.objects.update(address="https://127.0.0.1:9/")
    answer = ines.post(f"{LIST}{row.pk}/trials/")
    from connectors import loop

    loop.stop()
    assert answer.status_code == 422
    assert "address guard" in answer.content.decode()


@pytest.mark.parametrize("page", ["change/", "changes/", "secrets/", "pauses/", "releases/", "redeliveries/", "ends/"])
def test_what_is_foreign_is_not_there(ines: Client, page: str) -> None:
    row = made(ines)
    grace = signed_in(Role.INTEGRATION_ADMIN, "HP-US", "Grace Field")
    answer = grace.get(f"{LIST}{row.pk}/{page}")
    assert answer.status_code in (302, 404)
    assert "Data warehouse" not in answer.content.decode()
    assert "Data warehouse" not in grace.get(LIST).content.decode()


def test_those_without_the_right_see_no_addresses(ines: Client) -> None:
    made(ines)
    viktor = signed_in(Role.VIEWER, "HP-DE", "Viktor Lang")
    assert viktor.get(LIST).status_code == 403
    assert viktor.get(f"{LIST}add/").status_code == 403


def route(slug: str, code: str = "HP-DE") -> Route:
    made: Route = Route.objects.create(
        slug=slug, name=slug.title(), legal_entity=company(code), canonical_entity="time_entry"
    )
    return made


def of_a_route_that_is_deleted(*also: Route) -> tuple[Subscription, int]:
    """Return a subscription to a route that is gone, and to others; the route was deleted in the administration."""
    lost = route("own-plan")
    ids = (lost.pk, *(each.pk for each in also))
    row, _ = subscribing.subscribe(Wishes("Lake", TYPED["address"], company("HP-DE"), routes=ids), by=ENGINE)
    ida = signed_in(Role.INTEGRATION_ADMIN, None, "Ida Berg")
    answer = ida.post(f"/admin/routes/route/{lost.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302, answer.content.decode()
    return row, ids[0]


def test_filter_keeps_a_route_that_was_deleted_when_something_else_is_changed(ines: Client) -> None:
    row, lost = of_a_route_that_is_deleted()
    page = f"{LIST}{row.pk}/changes/"
    shown = ines.get(page).content.decode()
    assert f'<option value="{lost}" selected>a route that was deleted: Own-Plan</option>' in shown
    assert "lets nothing through" in shown
    assert "a route that was deleted: Own-Plan" in ines.get(f"{LIST}{row.pk}/change/").content.decode()
    sent = TYPED | {"name": "Sea", "routes": [lost]}
    assert ines.post(page, sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.routes) == ("Sea", [lost])


def test_last_route_of_a_filter_is_taken_out_only_by_who_says_so(ines: Client) -> None:
    row, lost = of_a_route_that_is_deleted()
    page = f"{LIST}{row.pk}/changes/"
    refused = ines.post(page, TYPED | {"name": "Sea"})
    assert refused.status_code == 422
    assert "events of every route go out" in str(refused.context["form"].errors["routes"])
    row.refresh_from_db()
    assert (row.name, row.routes) == ("Lake", [lost])
    assert ines.post(page, TYPED | {"everything": "on"}).status_code == 302
    row.refresh_from_db()
    assert row.routes == []
    entry = AuditEntry.objects.filter(verb="change", thing_kind="routes.subscription").latest("at")
    assert (entry.before["routes"], entry.after["routes"]) == ([f"one that was deleted ({lost})"], [])


def test_route_that_was_deleted_is_taken_out_beside_another_without_being_asked(ines: Client) -> None:
    other = route("other-plan")
    row, _ = of_a_route_that_is_deleted(other)
    assert ines.post(f"{LIST}{row.pk}/changes/", TYPED | {"routes": [other.pk]}).status_code == 302
    row.refresh_from_db()
    assert row.routes == [other.pk]


def test_name_of_a_deleted_route_of_another_company_is_not_told(ines: Client) -> None:
    lost = route("us-plan", "HP-US")
    wanted = Wishes("Lake", TYPED["address"], company("HP-DE"), routes=(lost.pk,))
    row, _ = subscribing.subscribe(wanted, by=ENGINE)
    ida = signed_in(Role.INTEGRATION_ADMIN, None, "Ida Berg")
    assert ida.post(f"/admin/routes/route/{lost.pk}/delete/", {"post": "yes"}).status_code == 302
    for page in ("change", "changes"):
        shown = ines.get(f"{LIST}{row.pk}/{page}/").content.decode()
        assert f"a route that was deleted ({lost.pk})" in shown
        assert "Us-Plan" not in shown


@pytest.mark.parametrize("ticked", [True, False])
def test_page_that_asks_whether_to_delete_a_route_names_who_hears_of_it(ines: Client, ticked: bool) -> None:
    own = route("own-plan")
    for name, code in (("Lake", "HP-DE"), ("Foreign sea", "HP-US")):
        subscribing.subscribe(Wishes(name, TYPED["address"], company(code), routes=(own.pk,)), by=ENGINE)
    subscribing.subscribe(Wishes("Pond", TYPED["address"], company("HP-DE")), by=ENGINE)
    page = "/admin/routes/route/"
    if ticked:
        answer = ines.post(page, {"action": "delete_selected", "_selected_action": own.pk})
    else:
        answer = ines.get(f"{page}{own.pk}/delete/")
    shown = answer.content.decode()
    assert "Subscriptions name it: “Lake”, 1 that you may not see." in shown
    assert "Foreign sea" not in shown
    assert "Pond" not in shown


def test_reason_of_a_pause_that_is_too_long_stands_at_its_field(ines: Client) -> None:
    answer = ines.post(f"{LIST}{made(ines).pk}/pauses/", {"reason": "x" * 301})
    assert answer.status_code == 422
    assert "300" in str(answer.context["form"].errors["reason"])


def test_filters_of_another_company_are_not_named_and_stay() -> None:
    own, theirs = (
        Route.objects.create(slug=slug, name=slug, legal_entity=company(code), canonical_entity="time_entry")
        for slug, code in (("own-plan", "HP-DE"), ("us-plan", "HP-US"))
    )
    ines = person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)
    wanted = Wishes("Data warehouse", TYPED["address"], company("HP-DE"), routes=(own.pk, theirs.pk))
    row, _ = subscribing.subscribe(wanted, by=ENGINE)
    one = f"/api/process/v1/subscriptions/{row.pk}"

    client = Browser()
    client.force_login(ines)
    page = client.get(f"{LIST}{row.pk}/change/").content.decode()
    answer = call(ines, "get", one)

    assert "own-plan" in page
    assert "us-plan" not in page
    assert answer.json()["routes"] == ["own-plan", "one of another company"]
    assert call(ines, "get", "/api/process/v1/subscriptions").json()["items"] == [answer.json()]
    body = {name: answer.json()[name] for name in ("address", "legal_entity", "types", "routes", "destinations")}
    changed = call(ines, "put", one, body | {"name": "Other"}, If_Match=answer["ETag"])
    assert (changed.status_code, changed.json()["name"]) == (200, "Other"), changed.content
    again = call(ines, "put", one, body | {"name": "Third", "routes": []}, If_Match=changed["ETag"])
    assert again.status_code == 200, again.content
    row.refresh_from_db()
    assert row.routes == [theirs.pk], "who does not see it does not take it out either"
    made = call(ines, "post", "/api/process/v1/subscriptions", body | {"name": "New"})
    assert made.status_code == 422, "where nothing stands it is no name"


def test_page_of_a_subscription_offers_nothing_to_save(ines: Client) -> None:
    shown = ines.get(f"{LIST}{made(ines).pk}/change/").content.decode()
    assert 'name="_save"' not in shown
    assert 'name="_continue"' not in shown
    assert "Try it" in shown


def test_moment_that_is_none_is_refused_with_an_example(ines: Client) -> None:
    answer = ines.post(f"{LIST}{made(ines).pk}/redeliveries/", {"since": "yesterday"})
    assert "such as 2026-11-28 06:00" in str(answer.context["form"].errors["since"])
