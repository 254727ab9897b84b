"""A connection that routes of several companies use is everybody's: a change of it concerns them all."""

import pytest

from connectors.models import Connection
from governance import second_person
from governance.models import LegalEntity, User, Version
from governance.rights import NotAllowed, Role
from governance.second_person import NeedsSecondPerson
from hub.changes import drafting, publishing, things
from hub.configuration.work import Work
from routes.models import Route
from tests.api.test_changes import call
from tests.changes.looking import at, browser, newest
from tests.changes.test_other_kinds import form, typed
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm

AT = "/api/system/v1/configuration/connections"


@pytest.fixture
def britain(firm: Firm) -> LegalEntity:
    """Return a company that asks, whose route reads and posts through connections of one that does not."""
    found = company("HP-GB")
    found.second_person = True
    found.save()
    Route.objects.filter(pk=firm.pushed.pk).update(legal_entity=found)
    return found


@pytest.mark.parametrize("slug", ["time", "ledger"])
def test_company_whose_route_uses_it_is_asked_in_the_form(
    firm: Firm, britain: LegalEntity, ingrid: User, slug: str
) -> None:
    row = Connection.objects.get(slug=slug)

    answer = browser(ingrid).post(form(row), typed(row, concurrency="4", environment="production"))

    assert answer.status_code == 302, text_of(answer)
    row.refresh_from_db()
    assert row.concurrency == 8, "it is kept as a draft"
    version = newest("connection", slug)
    assert version.content["concurrency"] == 4
    assert [each.code for each in publishing.asking(version)] == ["HP-GB"]
    page = " ".join(text_of(browser(ingrid).get(at(version))).split())
    assert "A second person has to agree, who may approve at another company" in page
    assert "HP-GB" not in page, "she does not see it"


def test_verbs_and_drafts_of_a_connection_ask_the_same_companies(
    firm: Firm, britain: LegalEntity, ingrid: User, clara: User
) -> None:
    row = Connection.objects.get(slug="ledger")
    content = things.document("connection", "ledger")
    version = drafting.draft("connection", "ledger", content | {"concurrency": 4}, by=ingrid)

    with pytest.raises(NeedsSecondPerson, match="Changes at another company"):
        publishing.publish_alone(version, by=ingrid)
    with pytest.raises(NeedsSecondPerson, match="Changes at another company"):
        Work(ingrid, prune=True).save(row, [row.legal_entity], content, content | {"concurrency": 4})
    assert {each.code for each in row.companies_concerned()} == {"HP-DE", "HP-GB"}
    assert {each.code for each in things.companies(version)} == {"HP-DE", "HP-GB"}

    version = drafting.submit(version, by=ingrid, note="x")
    with pytest.raises(NotAllowed, match="for a company that you do not see"):
        publishing.approve(version, by=clara)
    both = person("Cora Lind", Role.CONTROLLER)
    assert publishing.publish(publishing.approve(version, by=both), by=ingrid).published_at
    assert Connection.objects.get(slug="ledger").concurrency == 4


def test_api_keeps_it_as_a_draft(firm: Firm, britain: LegalEntity, ingrid: User) -> None:
    shown = call(ingrid, "get", f"{AT}/ledger")
    assert shown.status_code == 200, shown.content
    sent = shown.json() | {"concurrency": 4}

    answer = call(ingrid, "put", f"{AT}/ledger", sent, If_Match=shown["ETag"])

    assert answer.status_code in (202, 409), answer.content
    assert Connection.objects.get(slug="ledger").concurrency == 8


def test_companies_further_along_the_way_are_asked_and_others_are_not(firm: Firm, ingrid: User) -> None:
    britain, states = company("HP-GB"), company("HP-US")
    end = firm.pushed.destinations.get()
    invoices = Route.objects.create(
        slug="invoices", name="Invoices", legal_entity=britain, upstream=end, group_by="client",
        canonical_entity="invoice", mapping="x",
    )  # fmt: skip
    books = Connection.objects.create(slug="books", name="Books", connector="pushing", legal_entity=states)
    invoices.destinations.create(name="Books", connection=books, stream="x", mapping="x")

    def concerned(slug: str) -> set[str]:
        return {each.code for each in Connection.objects.get(slug=slug).companies_concerned()}

    assert concerned("time") == concerned("ledger") == concerned("books") == {"HP-DE", "HP-GB", "HP-US"}
    other = Connection.objects.create(slug="other", name="Other", connector="pushing", legal_entity=states)
    firm.pushed.destinations.create(name="Figures", connection=other, stream="x", mapping="x")
    assert concerned("other") == {"HP-DE", "HP-US"}, "invoices are not made of what goes there"
    unused = Connection.objects.create(slug="unused", name="Unused", connector="pushing", legal_entity=states)
    assert concerned("unused") == {"HP-US"}
    assert second_person.asks_for(ingrid, unused.companies_concerned()) is None
    assert not Version.objects.of("connection", "unused").exists()
