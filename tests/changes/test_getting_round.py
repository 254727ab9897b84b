"""Ways round the second person, and round who may read what, that were tried and are closed."""

from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from governance import versions
from governance.encrypted import LostSecrets
from governance.models import LegalEntity, ProposedSecrets, RoleGrant, User, Version
from governance.rights import NotAllowed, Role
from hub.changes import drafting, publishing, putting, things
from hub.changes.putting import NotPossible
from tests.api.test_changes import call
from tests.changes.looking import at, browser
from tests.governance.people import company, person
from tests.intake.firm import Firm

CHANGES = "/api/system/v1/configuration/changes"


@pytest.mark.parametrize("place", ["connection", "destination", "upstream"])
def test_draft_tells_nothing_of_another_companys_connection_or_route_that_it_names(
    firm: Firm, asking: LegalEntity, place: str
) -> None:
    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, company("HP-US"), is_staff=True)
    end = {"name": "Books", "stream": "x", "mapping": "x"}
    told = []
    for name in ("time", "nowhere") if place != "upstream" else ("time-pushed", "nowhere"):
        document: dict[str, Any] = {
            "slug": "spy", "name": "Spy", "legal_entity": "HP-US", "canonical_entity": "time_entry", "destinations": [],
        }  # fmt: skip
        document |= {
            "connection": {"connection": name, "stream": "x", "mapping": "x"},
            "destination": {"destinations": [end | {"connection": name}]},
            "upstream": {"upstream": {"route": name, "destination": "Ledger"}},
        }[place]
        answer = call(ursa, "post", CHANGES, {"kind": "route", "document": document})
        told.append((answer.status_code, answer.content.decode().replace(name, "NAME")))
        assert answer.status_code == 422, answer.content
        assert "HP-DE" not in answer.content.decode()
    assert told[0] == told[1], "what is there and what is not are told alike"
    assert not Version.objects.filter(object_key="spy").exists()


def test_route_names_a_connection_that_is_a_draft_of_ones_own(firm: Firm) -> None:
    ursa = person("Ursa Bell", Role.INTEGRATION_ADMIN, company("HP-US"), is_staff=True)
    content = things.document("connection", "time") | {"slug": "mine", "legal_entity": "HP-US"}
    drafting.draft("connection", "mine", content, by=ursa, secrets={"signing": "x"})
    document = {
        "slug": "own", "name": "Own", "legal_entity": "HP-US", "canonical_entity": "time_entry", "destinations": [],
        "connection": "mine", "stream": "x", "mapping": "",
    }  # fmt: skip
    made = drafting.draft("route", "own", document, by=ursa)
    assert "there is no connection mine" in "\n".join(putting.problems(made))


def test_secret_that_nobody_can_read_any_more_is_not_left_out_in_silence(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    document = things.document("connection", "time") | {"name": "Time, renewed"}
    version = drafting.draft("connection", "time", document, by=ingrid, secrets={"signing": "new"})
    version = publishing.approve(drafting.submit(version, by=ingrid), by=iris)
    before = Connection.objects.get(slug="time").kept_secrets()
    ProposedSecrets.objects.update(secrets=LostSecrets("v1.gone.gone", "its key is gone"))
    version = Version.objects.get(pk=version.pk)
    version.proposed_secrets.secrets = LostSecrets("v1.gone.gone", "its key is gone")
    assert "cannot be read" in putting.problems(version)[0]
    with pytest.raises(NotPossible, match="encryption key is gone"):
        publishing.publish(Version.objects.get(pk=version.pk), by=ingrid)
    assert Connection.objects.get(slug="time").kept_secrets() == before
    assert ProposedSecrets.objects.exists()


def test_company_that_asks_keeps_its_country_through_the_api_too(asking: LegalEntity, ingrid: User) -> None:
    place = "/api/system/v1/configuration/legal-entities/HP-DE"
    read = call(ingrid, "get", place)
    answer = call(ingrid, "put", place, read.json() | {"country": "AT"}, If_Match=read["ETag"])
    assert answer.status_code in (409, 422), answer.content
    assert LegalEntity.objects.get(code="HP-DE").country == "DE"


def test_step_is_not_taken_by_who_has_seen_nothing(firm: Firm, asking: LegalEntity, ingrid: User, iris: User) -> None:
    document = things.document("route", "time-pushed") | {"name": "Time"}
    version = drafting.submit(drafting.draft("route", "time-pushed", document, by=ingrid), by=ingrid)
    client: Client = browser(iris)
    for step in ("approvals", "publications-after-approval"):
        for sent in ({}, {"_seen": ""}, {"_seen": version.content_hash}):
            answer = client.post(at(version, step), {"reason": "fine"} | sent)
            assert answer.status_code == 409, (step, sent)
    assert "did not say what" in client.post(at(version, "approvals"), {"reason": "x"}).content.decode()
    assert Version.objects.get(pk=version.pk).state == "submitted"


def test_draft_of_a_secret_does_not_overwrite_one_that_was_entered_since(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    content = things.document("connection", "time")
    older = drafting.draft("connection", "time", content, by=ingrid, secrets={"signing": "older"})
    older = publishing.approve(drafting.submit(older, by=ingrid), by=iris)
    newer = drafting.draft("connection", "time", content, by=ingrid, secrets={"signing": "newer"})
    publishing.publish(publishing.approve(drafting.submit(newer, by=ingrid), by=iris), by=iris)

    with pytest.raises(publishing.Overtaken):
        publishing.publish(older, by=ingrid)
    assert Connection.objects.get(slug="time").kept_secrets() == {"signing": "newer"}
    assert "Its secrets were entered anew." in browser(iris).get(at(older)).content.decode()
    older = versions.withdraw(older, by=ingrid)
    older = drafting.submit(drafting.take_up(older, by=ingrid), by=ingrid)
    publishing.publish(publishing.approve(older, by=iris), by=iris)
    assert Connection.objects.get(slug="time").kept_secrets() == {"signing": "older"}, "it was looked at again"


def test_draft_is_not_handed_to_a_company_where_its_editor_only_looks(firm: Firm, ingrid: User) -> None:
    RoleGrant.objects.create(user=ingrid, role=Role.VIEWER, legal_entity=company("HP-US"), granted_by="engine:engine")
    content = things.document("connection", "time") | {"name": "Time, renewed"}
    version = drafting.draft("connection", "time", content, by=ingrid)
    with pytest.raises(NotAllowed, match="HP-US"):
        drafting.revise(version, content | {"legal_entity": "HP-US"}, by=ingrid)
    read = call(ingrid, "get", f"{CHANGES}/{version.pk}")
    sent = {"document": read.json()["document"] | {"legal_entity": "HP-US"}}
    assert call(ingrid, "put", f"{CHANGES}/{version.pk}", sent, If_Match=read["ETag"]).status_code == 403
