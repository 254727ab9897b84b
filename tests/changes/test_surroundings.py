"""What a draft refers to, or its own name, changes while it is open: nothing typed is lost, and there is a way on."""

from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Connection
from governance.models import LegalEntity, State, User, Version
from governance.rights import Role
from hub.changes import drafting, putting
from routes.models import Destination, Route
from tests.changes.looking import at, browser, newest, sent_by
from tests.changes.test_routes import drafted
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company, person
from tests.intake.firm import Firm

TYPED = "Typed for an hour"


def _edited(user: User, version: Version) -> tuple[str, dict[str, str]]:
    """Open a draft; return its address and what its form sends."""
    place = reverse("changes:edit", args=[version.pk])
    page = browser(user).get(place + f"?seen={version.content_hash}")
    assert page.status_code == 200, putting.problems(version)
    return place, sent_by(page) | {"_draft": "1"}


def _to_a_new_connection(firm: Firm, ingrid: User) -> tuple[Version, Connection]:
    """Return a draft of a new route that reads a connection which nothing else uses."""
    there = Connection.objects.get(slug="ledger")
    spare = Connection.objects.create(
        slug="spare", name="Spare", connector=there.connector, legal_entity=there.legal_entity, answers=there.answers
    )
    base = drafted(ingrid, firm.pushed, compare_days="30").content
    end = {**base["destinations"][0], "connection": "spare"}
    content = {**base, "slug": "to-spare", "name": "To spare", "destinations": [end]}
    return drafting.draft("route", "to-spare", content, by=ingrid), spare


def test_connection_that_gets_another_short_name_takes_nothing_of_what_is_typed(firm: Firm, ingrid: User) -> None:
    version, spare = _to_a_new_connection(firm, ingrid)
    place, sent = _edited(ingrid, version)
    spare.slug = "spare-two"
    spare.save()
    words = text_of(browser(ingrid).get(at(version)))
    assert "There is no connection spare any more." in words or "there is no connection spare any more." in words
    assert putting.GONE in words
    assert "is violated" not in words
    assert "connections/" not in words
    assert browser(ingrid).get(place).status_code == 200, "it opens"

    answer = browser(ingrid).post(place, sent | {"name": TYPED})

    assert answer.status_code == 302, text_of(answer)
    version.refresh_from_db()
    assert (version.content["name"], version.content["destinations"][0]["connection"]) == (TYPED, "spare-two")
    assert putting.problems(version) == []


def test_connection_that_is_removed_stands_in_the_form_until_another_is_chosen(firm: Firm, ingrid: User) -> None:
    version, spare = _to_a_new_connection(firm, ingrid)
    place, sent = _edited(ingrid, version)
    spare.delete()
    page = browser(ingrid).get(place)
    assert page.status_code == 200
    assert "There is no connection spare any more." in text_of(page)

    answer = browser(ingrid).post(place, sent | {"name": TYPED})

    assert answer.status_code == 302, text_of(answer)
    version.refresh_from_db()
    assert (version.content["name"], version.content["destinations"][0]["connection"]) == (TYPED, "spare")
    assert putting.problems(version)
    assert not Connection.objects.filter(slug="spare").exists()
    place, sent = _edited(ingrid, version)
    other = str(Connection.objects.get(slug="ledger").pk)
    assert browser(ingrid).post(place, sent | {"destinations-0-connection": other}).status_code == 302
    assert putting.problems(Version.objects.get(pk=version.pk)) == []


def test_route_to_take_up_from_that_is_not_there_any_more_is_left_to_be_chosen(firm: Firm, ingrid: User) -> None:
    base = drafted(ingrid, firm.pushed, compare_days="30").content
    content = {name: each for name, each in base.items() if name not in ("connection", "stream", "mapping")}
    content |= {"slug": "after", "name": "After", "upstream": {"route": "time-pushed", "destination": "Ledger"}}
    version = drafting.draft("route", "after", content, by=ingrid)
    place, sent = _edited(ingrid, version)
    Destination.objects.filter(route=firm.pushed).delete()
    page = browser(ingrid).get(place)
    assert page.status_code == 200
    assert "There is no destination Ledger of a route time-pushed any more" in text_of(page)

    answer = browser(ingrid).post(place, sent | {"name": TYPED})

    assert answer.status_code in (200, 409), "another one has to be chosen, beside the field"
    assert f'value="{TYPED}"' in answer.content.decode()


@pytest.mark.parametrize("thrown_away", [False, True])
def test_draft_whose_name_another_company_takes_meanwhile_becomes_one_of_another_name(
    firm: Firm, asking: LegalEntity, ingrid: User, thrown_away: bool
) -> None:
    gwen = person("Gwen Hughes", Role.INTEGRATION_ADMIN, company("HP-GB"), is_staff=True)
    page = browser(gwen).get("/admin/routes/route/add/")
    own = {"name": "GB push", "slug": "push-one", "legal_entity": str(company("HP-GB").pk), "_draft": "1"}
    made = browser(gwen).post("/admin/routes/route/add/", sent_by(page) | own | {"canonical_entity": "time_entry"})
    assert made.status_code == 302, text_of(made)
    version = newest(name="push-one")
    place, sent = _edited(gwen, version)
    theirs = Route.objects.create(
        slug="push-one", name="Very secret", legal_entity=company("HP-DE"), canonical_entity="time_entry"
    )
    if thrown_away:
        version.delete()

    refused = browser(gwen).post(place, sent | {"name": TYPED})

    body = refused.content.decode()
    assert refused.status_code in (200, 409), text_of(refused)
    assert f'value="{TYPED}"' in body
    assert "Very secret" not in body
    if thrown_away:
        return
    assert "The name push-one cannot be used" in text_of(refused)
    assert browser(gwen).get(place).status_code == 200, "and it opens"
    done = browser(gwen).post(place, sent | {"name": TYPED, "slug": "push-gb"})
    assert done.status_code == 302, text_of(done)
    last = newest(name="push-gb")
    assert (last.state, last.content["name"], last.legal_entity.code) == (State.DRAFT, TYPED, "HP-GB")
    assert done["Location"] == at(last)
    theirs.refresh_from_db()
    assert theirs.slug == "push-one"
    assert Version.objects.filter(pk=version.pk).exists()


def test_what_is_refused_when_it_is_kept_is_said_at_the_head_of_what_was_typed(
    firm: Firm, ingrid: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    place, sent = _edited(ingrid, version)

    def refuse(*_: Any, **__: Any) -> None:
        raise drafting.NotKept({("connection",): "it cannot be kept."})

    monkeypatch.setattr(drafting, "put_on_top", refuse)
    answer = browser(ingrid).post(place, sent | {"name": TYPED})

    assert answer.status_code == 409
    assert "it cannot be kept." in text_of(answer)
    assert f'value="{TYPED}"' in answer.content.decode()
