"""Asking for a second person: every verb obeys, and nobody gets out of it alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from governance import calendars, second_person
from governance.models import AuditEntry, LegalEntity, User, Version
from governance.rights import NotAllowed
from governance.scoping import grants_read_once
from governance.second_person import NeedsSecondPerson
from governance.versions import WrongState
from hub.changes import drafting, publishing, things
from routes import schedules, switching
from routes.models import Destination, Route
from tests.changes.looking import at, browser, go
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm


def test_every_verb_asks_and_stopping_is_never_held_up(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    with pytest.raises(NeedsSecondPerson, match="need a second person"):
        schedules.set_schedule(firm.pushed, by=ingrid, every=timedelta(hours=1))
    with pytest.raises(NeedsSecondPerson):
        calendars.set_up(legal_entity=asking, time_zone="UTC", by=ingrid)
    switching.switch(firm.pushed, on=False, by=ingrid)
    with pytest.raises(NeedsSecondPerson):
        switching.switch(firm.pushed, on=True, by=ingrid)
    assert not Route.objects.get(pk=firm.pushed.pk).enabled


def test_who_switches_it_off_stays_bound_until_another_agrees(
    firm: Firm, ingrid: User, iris: User, clara: User
) -> None:
    germany = firm.pushed.legal_entity
    germany = second_person.ask(germany, by=ingrid)
    germany = second_person.ask_no_more(germany, by=ingrid, reason="one person only this week")
    route = Route.objects.get(pk=firm.pushed.pk)

    with pytest.raises(NeedsSecondPerson, match="you have switched that off"):
        schedules.set_schedule(route, by=ingrid, every=timedelta(hours=1))
    schedules.set_schedule(route, by=iris, every=timedelta(hours=1))
    with pytest.raises(NotAllowed):
        second_person.agree(germany, by=ingrid)
    second_person.ask(germany, by=iris)
    germany = second_person.ask_no_more(germany, by=iris, reason="x")
    assert len(germany.loosened_by) == 2, "putting it back lifts nothing"
    second_person.agree(germany, by=clara, reason="fine")
    schedules.set_schedule(Route.objects.get(pk=route.pk), by=ingrid, every=timedelta(hours=2))
    with pytest.raises(WrongState):
        second_person.agree(germany, by=clara)
    verbs = AuditEntry.objects.filter(thing_kind="governance.legalentity").values_list("verb", flat=True)
    assert sorted(verbs) == ["approve", "switch_off", "switch_off", "switch_on", "switch_on"]


def test_company_is_asked_and_freed_in_the_browser(firm: Firm, ingrid: User, clara: User) -> None:
    at = f"/admin/governance/legalentity/{firm.pushed.legal_entity_id}"
    admin, other = browser(ingrid), browser(clara)
    assert admin.post(f"{at}/second-person/", {"reason": "month end"}).status_code == 302
    assert "need a second person" in text_of(admin.get(f"{at}/change/"))
    assert admin.post(f"{at}/one-person/", {"reason": "over"}).status_code == 302
    assert "but not those of Ingrid Solheim" in text_of(admin.get(f"{at}/change/"))
    assert "need no second person" in text_of(other.get("/"))
    assert admin.post(f"{at}/agreements/", {"reason": "me"}).status_code == 403
    assert other.post(f"{at}/agreements/", {"reason": "yes"}).status_code == 302
    assert LegalEntity.objects.get(code="HP-DE").loosened_by == []


def test_another_companys_route_to_its_connection_is_asked_about_too(
    firm: Firm, asking: LegalEntity, ingrid: User
) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=company("HP-GB"))
    with pytest.raises(NeedsSecondPerson):
        schedules.set_schedule(Route.objects.get(pk=firm.pushed.pk), by=everywhere, every=timedelta(hours=1))


def test_second_person_may_approve_at_every_company_that_asks(firm: Firm, asking: LegalEntity, clara: User) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    britain = company("HP-GB")
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=britain)
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, britain, is_staff=True)
    both = person("Cora Lind", Role.CONTROLLER, is_staff=True)
    document = things.document("route", "time-pushed")
    version = drafting.draft("route", "time-pushed", document | {"name": "Time"}, by=everywhere)
    page = text_of(browser(everywhere).get(at(version)))
    assert "A second person has to agree, who may approve at HP-DE Halden" in " ".join(page.split())
    assert "Put in force" not in page, "it would be refused"
    version = drafting.submit(version, by=everywhere, note="x")

    assert "Approve" not in text_of(browser(ursa).get(at(version))).split("How far it is")[1].split("Who did what")[0]
    assert go(ursa, version, "approvals") == 403
    with pytest.raises(NotAllowed, match="for a company that you do not see"):
        publishing.approve(version, by=ursa)
    assert publishing.publish(publishing.approve(version, by=both), by=everywhere).published_at


def test_consent_of_one_company_is_not_enough_once_another_asks(firm: Firm, clara: User) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    britain, germany = company("HP-GB"), company("HP-DE")
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=britain)
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN)
    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, britain)
    document = things.document("route", "time-pushed")
    version = drafting.draft("route", "time-pushed", document | {"name": "Time"}, by=everywhere)
    version = publishing.approve(drafting.submit(version, by=everywhere, note="x"), by=ursa)
    second_person.ask(germany, by=everywhere)
    with pytest.raises(WrongState, match="Ursa Bell may not approve there"):
        publishing.publish(version, by=everywhere)


COMPANY = {"code": "HP-DE", "name": "Halden & Partner GmbH", "country": "DE", "currency": "EUR"}


@pytest.mark.parametrize("sent", [{"country": "AT"}, {"currency": "CHF"}, {"code": "HP-AT"}])
def test_one_person_changes_no_code_country_or_currency(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, sent: dict[str, str]
) -> None:
    at = f"/admin/governance/legalentity/{asking.pk}/change/"
    answer = browser(ingrid).post(at, COMPANY | sent)
    assert answer.status_code == 200
    assert "need a second person, and this one is no draft" in text_of(answer)
    assert LegalEntity.objects.filter(**COMPANY).exists()
    assert browser(ingrid).post(at, COMPANY | {"name": "Halden AG"}).status_code == 302
    second_person.ask_no_more(asking, by=ingrid, reason="we move")
    assert browser(ingrid).post(at, COMPANY | sent).status_code == 200, "who switched it off stays bound"
    assert browser(iris).post(at, COMPANY | sent).status_code == 302


def test_code_stays_once_states_are_kept_under_it(firm: Firm, ingrid: User) -> None:
    at = f"/admin/governance/legalentity/{firm.pushed.legal_entity_id}/change/"
    assert "cannot change any more" not in text_of(browser(ingrid).get(at))
    drafting.draft("route", "time-pushed", things.document("route", "time-pushed") | {"name": "T"}, by=ingrid)
    assert "The code cannot change any more" in text_of(browser(ingrid).get(at))
    answer = browser(ingrid).post(at, COMPANY | {"code": "HP-AT"})
    assert answer.status_code == 200
    assert LegalEntity.objects.filter(code="HP-DE").exists()
    assert browser(ingrid).post(at, COMPANY | {"country": "AT"}).status_code == 302


def test_overview_leads_the_second_person_there_and_not_the_author(
    firm: Firm, asking: LegalEntity, ingrid: User, clara: User, django_assert_num_queries: Any
) -> None:
    from exceptions_queue.pages import approvals

    document = things.document("route", "time-pushed")
    version = drafting.submit(
        drafting.draft("route", "time-pushed", document | {"name": "Time"}, by=ingrid), by=ingrid, note="x"
    )
    with grants_read_once(), django_assert_num_queries(11):
        told = approvals.waiting_for(clara)
    assert [each.what for each in told] == [f"Route Time, version {version.number}"]
    assert told[0].at in browser(clara).get("/").content.decode()
    assert approvals.waiting_for(ingrid) == []


def test_list_of_changes_and_a_change_ask_a_constant_number_of_questions(
    firm: Firm, ingrid: User, django_assert_max_num_queries: Any
) -> None:
    document = things.document("route", "time-pushed")
    for number in range(8):
        version = drafting.draft("route", "time-pushed", document | {"name": f"T{number}"}, by=ingrid)
    client: Client = browser(ingrid)
    with django_assert_max_num_queries(12):
        assert text_of(client.get("/changes/")).count("Route T") == 8
    # The trial saves a route and its destinations, and undoes that; both the form and the save look whose source it is.
    with django_assert_max_num_queries(64):
        client.get(f"/changes/{_code(version.pk)}/")


def _code(id_: Any) -> str:
    from exceptions_queue.codes import code_of

    return code_of(id_)


def test_whole_way_of_a_route_is_asked_about_up_and_down(firm: Firm, asking: LegalEntity) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    britain, states = company("HP-GB"), company("HP-US")
    posted = firm.pushed.destinations.get()
    pushes, pays = firm.pushed.connection, posted.connection
    assert pushes is not None
    for row in (pushes, pays):
        type(row).objects.filter(pk=row.pk).update(legal_entity=states)
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=britain)
    invoices = Route.objects.create(
        slug="invoices", name="Invoices", legal_entity=britain, upstream=posted, group_by="client",
        canonical_entity="invoice", mapping="x",
    )  # fmt: skip

    def concerned(route: Route) -> set[str]:
        version = Version(kind="route", object_key=route.slug, content=things.document("route", route.slug))
        found = {each.code for each in Route.objects.get(pk=route.pk).companies_concerned()}
        assert {each.code for each in things.companies(version)} == found, "drafts and verbs ask the same ones"
        return found

    assert concerned(invoices) == concerned(firm.pushed) == {"HP-GB", "HP-US"}
    other = type(posted.connection).objects.create(
        slug="german", name="German", connector=pays.connector, legal_entity=asking, answers={}
    )
    ends = Destination.objects.create(route=invoices, name="Books", connection=other, stream="x", mapping="x")
    assert concerned(invoices) == concerned(firm.pushed) == {"HP-DE", "HP-GB", "HP-US"}
    with pytest.raises(NeedsSecondPerson, match="HP-DE"):  # its records go on into a system of Germany
        schedules.set_schedule(Route.objects.get(pk=firm.pushed.pk), by=everywhere, every=timedelta(hours=1))
    ends.delete()
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=asking)
    with pytest.raises(NeedsSecondPerson, match="HP-DE"):  # its records come by a route of Germany
        schedules.set_schedule(Route.objects.get(pk=invoices.pk), by=everywhere, every=timedelta(hours=1))
    beside = Route.objects.create(
        slug="beside", name="Beside", legal_entity=britain, upstream=posted, group_by="client",
        canonical_entity="invoice", mapping="x",
    )  # fmt: skip
    Destination.objects.create(route=beside, name="Elsewhere", connection=pays, stream="x", mapping="x")
    type(pays).objects.filter(pk=other.pk).update(legal_entity=company("HP-US"))
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=britain)
    type(pays).objects.filter(pk=pays.pk).update(legal_entity=states)
    beside_of = Destination.objects.create(route=beside, name="Books", connection=other, stream="y", mapping="x")
    type(pays).objects.filter(pk=other.pk).update(legal_entity=asking)
    assert "HP-DE" not in concerned(invoices), "what only begins at the same place is not touched"
    assert beside_of.pk


def test_draft_for_another_companys_upstream_needs_their_consent(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    britain = company("HP-GB")
    document = {
        "slug": "invoices", "name": "Invoices", "legal_entity": "HP-GB", "canonical_entity": "invoice",
        "upstream": {"route": "time-pushed", "destination": firm.pushed.destinations.get().name}, "destinations": [],
    }  # fmt: skip
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN)
    version = drafting.draft("route", "invoices", document, by=everywhere)
    assert [each.code for each in publishing.asking(version)] == ["HP-DE"]
    assert publishing.lacks(version, person("Ursa Bell", Role.INTEGRATION_ADMIN, britain)) == asking


def test_going_back_tells_nothing_of_the_company_that_has_the_name_by_now(firm: Firm) -> None:
    from connectors.models import Connection
    from governance import versions
    from governance.rights import Role
    from tests.governance.people import company, person

    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, company("HP-US"), is_staff=True)
    content = things.document("connection", "time") | {"legal_entity": "HP-US"}
    past = versions.keep(kind="connection", object_key="time", content=content, by=ursa, legal_entity=company("HP-US"))
    assert past is not None
    owner = Connection.objects.get(slug="time").legal_entity

    with pytest.raises(NotAllowed) as refused:
        drafting.go_back(past, by=ursa, reason="x")
    answer = browser(ursa).post(at(past, "rollbacks"), {"reason": "x"})

    assert str(refused.value) == "The name time cannot be used. Make a new draft with another one."
    assert answer.status_code == 403
    for words in (str(refused.value), answer.content.decode()):
        assert owner.code not in words
        assert owner.name not in words


@pytest.mark.parametrize("ticked", [True, False])
def test_company_with_a_history_is_not_deleted_and_says_what_to_do_instead(
    firm: Firm, ingrid: User, ticked: bool
) -> None:
    from django.db.models import ProtectedError

    from governance import versions
    from governance.rights import Role
    from tests.governance.people import person

    company = LegalEntity.objects.create(code="HP-AT", name="Halden Wien", country="AT", currency="EUR")
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    calendar = calendars.set_up(legal_entity=company, time_zone="UTC", by=everywhere)
    versions.keep(
        kind="calendar", object_key="HP-AT", content={"time_zone": "UTC"}, by=everywhere, legal_entity=company
    )
    calendar.delete()
    versions.keep(kind="calendar", object_key="HP-AT", content={}, by=everywhere)
    page = "/admin/governance/legalentity/" + ("" if ticked else f"{company.pk}/delete/")
    sent = {"post": "yes"} | ({"action": "delete_selected", "_selected_action": str(company.pk)} if ticked else {})

    answer = browser(everywhere).post(page, sent)

    words = " ".join(text_of(answer).split())
    assert answer.status_code == 200
    assert "HP-AT Halden Wien cannot be deleted: states of its configuration are kept under it" in words
    assert "does nothing any more once its routes are switched off" in words
    assert "version 1 (retired)" not in words
    with pytest.raises(ProtectedError, match="a history is never deleted"):
        company.delete()
    assert LegalEntity.objects.filter(pk=company.pk).exists()
    assert Version.objects.of("calendar", "HP-AT").exists()


def test_overview_lists_a_change_only_to_who_can_be_the_second_person_at_every_company_that_asks(
    firm: Firm, asking: LegalEntity, clara: User
) -> None:
    from exceptions_queue.pages import approvals
    from governance.rights import Role
    from tests.governance.people import company, person

    britain = company("HP-GB")
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=britain)
    everywhere = person("Ulla Voigt", Role.INTEGRATION_ADMIN, is_staff=True)
    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, britain, is_staff=True)
    both = person("Cora Lind", Role.CONTROLLER, is_staff=True)
    document = things.document("route", "time-pushed")
    drafting.submit(
        drafting.draft("route", "time-pushed", document | {"name": "Time"}, by=everywhere), by=everywhere, note="x"
    )
    assert approvals.waiting_for(ursa) == [], "HP-DE asks, and she has no say there"
    assert [each.what for each in approvals.waiting_for(both)] == ["Route Time, version 2"]
    second_person.ask_no_more(asking, by=other_admin(asking), reason="over")
    assert [each.what for each in approvals.waiting_for(ursa)] == ["Route Time, version 2"]


def other_admin(company_: LegalEntity) -> User:
    """Return somebody else who may switch it off."""
    from governance.rights import Role
    from tests.governance.people import person

    return person("Dora Falk", Role.INTEGRATION_ADMIN, company_)
