"""Changes through the API: a draft by one, consent by another, and the documents' own addresses obey, too."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors import outcome, trying
from connectors.models import Connection
from governance import versions
from governance.models import LegalEntity, ProposedSecrets, User, Version
from governance.rights import Role
from hub.api import changes
from hub.changes import drafting, publishing, putting
from tests.api.test_configuration import HARVEST, SECRET
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
PLACE = "/api/system/v1/configuration"
CHANGES = f"{PLACE}/changes"


def call(user: User, method: str, place: str, body: Any = None, **headers: str) -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    given = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return getattr(client, method)(place, headers=named, **given)


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"))


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER, company("HP-DE"))


@pytest.fixture
def asking() -> LegalEntity:
    germany = company("HP-DE")
    germany.second_person = True
    germany.save()
    return germany


def drafted(ingrid: User, **more: Any) -> Any:
    document = HARVEST | {"secrets": {"token": SECRET}} | more
    return call(ingrid, "post", CHANGES, {"kind": "connection", "document": document, "note": "time tool"})


def test_document_is_refused_where_a_second_person_is_asked_for(asking: LegalEntity, ingrid: User) -> None:
    answer = call(ingrid, "post", f"{PLACE}/connections", HARVEST | {"secrets": {"token": SECRET}})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:throughline:problem:not-possible")
    assert "need a second person" in answer.json()["detail"]
    assert not Connection.objects.exists()


def test_connection_is_made_by_two_people_and_its_secret_is_never_told(
    asking: LegalEntity, ingrid: User, clara: User
) -> None:
    made = drafted(ingrid)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["name"], told["state"], told["secrets"], told["problems"]) == ("harvest", "draft", ["token"], [])
    assert SECRET not in made.content.decode()
    at = made["Location"]

    assert call(ingrid, "post", f"{at}/publications", {}).status_code == 409
    read = call(ingrid, "post", f"{at}/submissions", {"note": "time tool"})["ETag"]
    assert call(ingrid, "post", f"{at}/approvals", {}, If_Match=read).status_code == 403
    unread = [call(clara, "post", f"{at}/approvals", {"reason": "fine"}, **more) for more in ({}, {"If_Match": "*"})]
    assert [each.status_code for each in unread] == [428, 428]
    assert "Read it first, and send the header If-Match" in unread[0].json()["detail"]
    assert call(clara, "post", f"{at}/approvals", {"reason": "fine"}, If_Match=read).status_code == 200
    assert call(clara, "post", f"{at}/publications", {}).status_code == 403
    assert call(ingrid, "post", f"{at}/publications", {"at": "2025-12-31T23:00:00Z"}).status_code == 422
    done = call(ingrid, "post", f"{at}/publications", {})
    assert (done.status_code, done.json()["state"], done.json()["approved_by"]) == (200, "published", "Clara Voss")
    assert Connection.objects.get().kept_secrets() == {"token": SECRET}
    assert not ProposedSecrets.objects.exists()


def test_draft_is_changed_with_what_was_read_and_taken_up_again(ingrid: User, clara: User) -> None:
    at = drafted(ingrid)["Location"]
    shown = call(ingrid, "get", at)
    document = shown.json()["document"] | {"name": "Time"}
    assert call(ingrid, "put", at, {"document": document}).status_code == 428
    changed = call(ingrid, "put", at, {"document": document}, If_Match=shown["ETag"])
    assert (changed.status_code, changed.json()["document"]["name"]) == (200, "Time"), changed.content
    stale = call(ingrid, "put", at, {"document": document}, If_Match=shown["ETag"])
    assert (stale.status_code, stale.json()["current"]["document"]["name"]) == (412, "Time")
    other = call(ingrid, "put", at, {"document": document | {"slug": "x"}}, If_Match=changed["ETag"])
    assert other.status_code == 422
    assert call(ingrid, "post", f"{at}/publications", {}).status_code == 200, "nobody is asked for here"
    assert Connection.objects.get().name == "Time"
    assert call(ingrid, "post", f"{at}/discards", {}).status_code == 409


def test_secret_of_a_draft_does_not_follow_to_another_host(ingrid: User) -> None:
    at = drafted(ingrid)["Location"]
    dede = person("Dede Brandt", Role.INTEGRATION_ADMIN, company("HP-DE"))
    moved = HARVEST | {"answers": HARVEST["answers"] | {"address": "https://elsewhere.example/v2"}}  # type: ignore[operator]

    refused = call(dede, "put", at, {"document": moved}, If_Match="*")

    assert refused.status_code == 422, refused.content
    assert [(each["pointer"], each["detail"]) for each in refused.json()["errors"]] == [
        ("/document/secrets/token", "Enter it again: the address has changed.")
    ]
    version = Version.objects.get()
    assert "address" not in version.content["answers"]
    assert putting.secrets_of(version) == {"token": SECRET}
    own = call(dede, "put", at, {"document": moved | {"secrets": {"token": "of-dede"}}}, If_Match="*")
    assert own.status_code == 200, own.content
    assert putting.secrets_of(Version.objects.get()) == {"token": "of-dede"}


def test_secret_that_another_connector_does_not_ask_for_is_forgotten(ingrid: User) -> None:
    version = Version.objects.get(pk=drafted(ingrid).json()["id"])
    elsewhere = version.content | {"connector": "netsuite", "auth": "", "answers": {}}

    version = drafting.revise(version, elsewhere, by=ingrid)
    drafting.revise(version, version.content | {"name": "Time"}, by=ingrid)

    assert not ProposedSecrets.objects.exists()


@pytest.mark.parametrize("value", [SECRET, {"deep": SECRET}])
def test_secret_among_the_answers_is_refused_and_nothing_of_it_is_kept_or_told(ingrid: User, value: Any) -> None:
    at = drafted(ingrid)["Location"]
    before = Version.objects.get().content
    wrong = HARVEST | {"answers": HARVEST["answers"] | {"token": value}}  # type: ignore[operator]

    sent = {"kind": "connection", "document": wrong | {"slug": "other"}}
    answers = [call(ingrid, "post", CHANGES, sent), call(ingrid, "put", at, {"document": wrong}, If_Match="*")]

    for refused in answers:
        assert refused.status_code == 422, refused.content
        assert {each["pointer"] for each in refused.json()["errors"]} == {"/document/answers/token"}
        assert SECRET not in refused.content.decode()
    assert Version.objects.get().content == before


def test_answers_of_a_connector_that_is_not_here_are_not_kept(ingrid: User) -> None:
    for more in ({"connector": "nowhere"}, {"answers": {"tokken": SECRET}}):
        refused = drafted(ingrid, **more)
        assert refused.status_code == 422, refused.content
        assert SECRET not in refused.content.decode()
    assert not Version.objects.exists()


def test_step_is_refused_to_who_has_read_another_state(asking: LegalEntity, ingrid: User, clara: User) -> None:
    at = drafted(ingrid)["Location"]
    call(ingrid, "post", f"{at}/submissions", {})
    read = call(clara, "get", at)["ETag"]
    draft = call(ingrid, "post", f"{at}/withdrawals", {})
    document = draft.json()["document"] | {"name": "Another"}
    assert call(ingrid, "put", at, {"document": document}, If_Match=draft["ETag"]).status_code == 200
    sent = call(ingrid, "post", f"{at}/submissions", {})

    stale = call(clara, "post", f"{at}/approvals", {"reason": "fine"}, If_Match=read)

    assert (stale.status_code, stale.json()["current"]["document"]["name"]) == (412, "Another")
    assert stale["ETag"] == sent["ETag"]
    assert call(clara, "post", f"{at}/approvals", {"reason": "fine"}, If_Match=sent["ETag"]).status_code == 200


def test_etag_is_another_one_once_a_secret_was_entered_anew(asking: LegalEntity, ingrid: User, clara: User) -> None:
    at = drafted(ingrid)["Location"]
    first = call(ingrid, "get", at)
    document = first.json()["document"]
    same = call(ingrid, "put", at, {"document": document}, If_Match=first["ETag"])
    assert (same.status_code, same["ETag"]) == (200, first["ETag"]), "no secret was entered"
    for value in ("another", "another", SECRET):
        other = call(ingrid, "put", at, {"document": document | {"secrets": {"token": value}}}, If_Match=same["ETag"])
        assert other.status_code == 200
        assert other["ETag"] != same["ETag"], "also of an equal one, so that nobody finds out by trying"
        stale = call(ingrid, "put", at, {"document": document}, If_Match=same["ETag"])
        assert (stale.status_code, value in stale.content.decode()) == (412, False)
        same = other
    call(ingrid, "post", f"{at}/submissions", {})
    read = call(clara, "get", at)["ETag"]
    page = call(clara, "get", f"{at_page(Version.objects.get())}approvals/").content.decode()
    (shown,) = re.findall(r'name="_seen" value="([^"]+)"', page)
    call(ingrid, "post", f"{at}/withdrawals", {})
    version = Version.objects.get()
    drafting.revise(version, version.content, by=ingrid, secrets={"token": "swapped"})
    version = drafting.submit(version, by=ingrid)
    assert version.shown.split()[2] != shown.split()[2], "not only since it was sent in anew"

    assert call(clara, "post", f"{at}/approvals", {"reason": "fine"}, If_Match=read).status_code == 412
    with pytest.raises(versions.ChangedMeanwhile):
        publishing.approve(version, by=clara, seen=shown)


def test_etag_of_a_connection_in_force_changes_with_its_secrets(ingrid: User) -> None:
    document = HARVEST | {"secrets": {"token": SECRET}}
    assert call(ingrid, "post", f"{PLACE}/connections", document).status_code == 201
    at = f"{PLACE}/connections/harvest"
    read = call(ingrid, "get", at)["ETag"]
    other = HARVEST | {"secrets": {"token": "another"}}
    assert call(ingrid, "put", at, other, If_Match=read).status_code == 200
    assert call(ingrid, "put", at, document, If_Match=read).status_code == 412
    assert call(ingrid, "put", at, document, If_Match=call(ingrid, "get", at)["ETag"]).status_code == 200


def test_every_mistake_is_told_at_its_place(ingrid: User) -> None:
    wrong = call(ingrid, "post", CHANGES, {"kind": "connection", "document": {"slug": "x", "colour": "red"}})
    assert wrong.status_code == 422
    pointers = {each["pointer"] for each in wrong.json()["errors"]}
    assert {"/document/colour", "/document/name", "/document/connector", "/document/legal_entity"} <= pointers
    foreign = call(ingrid, "post", CHANGES, {"kind": "connection", "document": HARVEST | {"legal_entity": "HP-US"}})
    assert (foreign.status_code, foreign.json()["errors"][0]["pointer"]) == (422, "/document/legal_entity")
    nothing = call(ingrid, "post", CHANGES, {"kind": "route", "name": "nowhere"})
    assert (nothing.status_code, nothing.json()["errors"][0]["pointer"]) == (422, "/name")
    assert call(ingrid, "post", CHANGES, {"kind": "role", "document": {}}).status_code == 422


def test_draft_that_cannot_be_put_in_force_says_why_and_is_not_sent_in(ingrid: User) -> None:
    made = drafted(ingrid, answers={})
    assert made.status_code == 201
    assert made.json()["problems"], "an answer is missing"
    refused = call(ingrid, "post", f"{made['Location']}/submissions", {})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "\n".join(made.json()["problems"])


def test_list_pages_and_shows_nothing_of_other_companies(ingrid: User) -> None:
    for number in range(3):
        assert drafted(ingrid, slug=f"harvest-{number}").status_code == 201
    with CaptureQueriesContext(connection) as few:
        call(ingrid, "get", f"{CHANGES}?size=1")
    with CaptureQueriesContext(connection) as many:
        assert len(call(ingrid, "get", CHANGES).json()["items"]) == 3
    assert len(many) == len(few), "as many questions for one change as for three"
    first = call(ingrid, "get", f"{CHANGES}?size=2&state=draft").json()
    assert [each["name"] for each in first["items"]] == ["harvest-2", "harvest-1"]
    assert [each["name"] for each in call(ingrid, "get", first["next"]).json()["items"]] == ["harvest-0"]
    gus = person("Gus Grant", Role.INTEGRATION_ADMIN, company("HP-GB"))
    assert call(gus, "get", CHANGES).json()["items"] == []
    assert call(gus, "get", f"{CHANGES}/{Version.objects.all()[0].pk}").status_code == 404


def test_documents_are_read_by_who_edits_or_approves_and_not_by_everybody_who_sees(ingrid: User, clara: User) -> None:
    at = drafted(ingrid)["Location"]
    assert call(ingrid, "post", f"{at}/publications", {}).status_code == 200
    version = Version.objects.get()
    pages = ("/changes/of/connection/harvest/", at_page(version))
    for role in (Role.VIEWER, Role.FINANCE):
        other = person(f"{role} Other", role, company("HP-DE"), is_staff=True)
        assert call(other, "get", f"{PLACE}/connections/harvest").status_code == 403
        assert call(other, "get", at).status_code == 404, "nor that it is there"
        assert call(other, "get", CHANGES).json()["items"] == []
        assert [call(other, "get", each).status_code for each in pages] == [403, 403]
        assert "123456" not in call(other, "get", f"/admin/governance/version/{version.pk}/change/").content.decode()
    assert [call(clara, "get", each).status_code for each in (at, *pages)] == [200, 200, 200]


def test_draft_is_told_nothing_of_another_companys_thing_of_its_name(ingrid: User) -> None:
    ursa = person("Ursa Lind", Role.INTEGRATION_ADMIN, company("HP-US"), is_staff=True)
    sent = {"kind": "connection", "document": HARVEST | {"legal_entity": "HP-US", "secrets": {"token": "of-ursa"}}}
    at = call(ursa, "post", CHANGES, sent)["Location"]
    foreign = HARVEST | {"name": "Germany's own", "secrets": {"token": SECRET}}
    assert call(ingrid, "post", f"{PLACE}/connections", foreign).status_code == 201

    shown, mine = call(ursa, "get", at), Version.objects.get(legal_entity__code="HP-US")

    assert shown.json()["problems"] == ["The name harvest cannot be used. Make a new draft with another one."]
    assert call(ursa, "post", f"{at}/take-ups", {}).status_code == 409
    assert call(ursa, "post", f"{at}/publications", {}).status_code == 409
    edit = reverse("changes:edit", args=[mine.pk])  # where another short name can be given
    for place in (at, at_page(mine), "/changes/of/connection/harvest/", edit):
        answer = call(ursa, "get", place)
        assert answer.status_code == 200
        assert "Germany" not in answer.content.decode(), place
        assert place == edit or "/admin/connectors/connection/" not in answer.content.decode(), place
    form = f"/admin/connectors/connection/{Connection.objects.get().pk}/change/"
    assert at_page(mine) not in call(ingrid, "get", form).content.decode()


def at_page(version: Version) -> str:
    return reverse("changes:change", args=[version.pk])


def test_draft_is_tested_with_the_secret_that_came_with_it(
    asking: LegalEntity, ingrid: User, clara: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    report = outcome.TestReport(True, "Connected.")
    monkeypatch.setattr(trying, "_report", lambda row, **_: asked.append((row.pk, row.spec().secrets)) or report)
    at = drafted(ingrid)["Location"]

    done = call(ingrid, "post", f"{at}/tests", {})

    assert (done.status_code, done.json()) == (200, {"ok": True, "message": "Connected.", "remedy": ""})
    assert asked == [(None, {"token": SECRET})]
    assert not Connection.objects.exists()
    assert call(clara, "post", f"{at}/tests", {}).status_code == 403
    moved = HARVEST | {"slug": "second"}
    at = call(ingrid, "post", CHANGES, {"kind": "connection", "document": moved})["Location"]
    refused = call(ingrid, "post", f"{at}/tests", {})
    assert refused.status_code == 409
    assert "no secret is kept" in refused.json()["detail"] or "is needed" in refused.json()["detail"]


def test_draft_that_is_thrown_away_twice_is_not_there_the_second_time(
    ingrid: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = drafted(ingrid)["Location"]
    version = Version.objects.get()
    monkeypatch.setattr(changes, "lock", lambda: Version.objects.all().delete())  # another one was quicker
    assert call(ingrid, "post", f"{at}/discards", {}).status_code == 404
    Version.objects.all().delete()
    with pytest.raises(versions.WrongState, match="was thrown away meanwhile"):
        drafting.revise(version, version.content, by=ingrid)
