"""The admin's pages of subscriptions: a secret is shown once, problems stand at their fields, verbs are buttons."""

import re
from typing import Any

import pytest
from django.test import Client

from governance.actor import ENGINE
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
