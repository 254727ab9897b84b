"""The API names nothing of companies that the caller does not see in documents of routes, and takes them back."""

from typing import Any

import pytest

from connectors.models import Connection
from governance.models import User
from hub.changes import drafting, things
from routes.models import Destination, Route
from tests.api.test_changes import call
from tests.changes.test_unseen_names import UNSEEN, route
from tests.governance.people import company
from tests.intake.firm import Firm

__all__ = ["route"]  # a fixture of these tests, too
PLACE = "/api/system/v1/configuration"


def shown(user: User, place: str) -> Any:
    answer = call(user, "get", place)
    assert answer.status_code == 200, answer.content
    assert "us-" not in answer.content.decode()
    return answer


def test_documents_of_a_route_hide_what_pages_hide_and_keep_it_when_sent_back(
    firm: Firm, ingrid: User, route: Route
) -> None:
    Route.objects.filter(pk=route.pk).update(mapping="us-mapping")
    _own_mapping("us-mapping")
    one = f"{PLACE}/routes/{route.slug}"
    answer, told = shown(ingrid, one), shown(ingrid, one).json()
    assert [told["mapping"], told["destinations"][0]["connection"]] == [UNSEEN, UNSEEN]
    assert told in shown(ingrid, f"{PLACE}/routes").json()["items"]
    process = shown(ingrid, f"/api/process/v1/routes/{route.slug}").json()
    assert process["destinations"][0]["connection"] == process["mapping"] == UNSEEN
    shown(ingrid, "/api/process/v1/routes")

    again = call(ingrid, "put", one, told | {"compare_days": 0, "name": "Other"}, If_Match=answer["ETag"])

    assert again.status_code == 200, again.content
    assert "us-" not in again.content.decode()
    row = Route.objects.get(pk=route.pk)
    assert (row.name, row.mapping, row.destinations.get().connection.slug) == ("Other", "us-mapping", "us-ledger")
    etag = again["ETag"]
    Destination.objects.filter(route=row).update(connection=_another())
    stale = call(ingrid, "put", one, told | {"name": "Third"}, If_Match=etag)
    assert stale.status_code == 412, "also what is not told changes the ETag"
    moved = told | {"destinations": [told["destinations"][0] | {"name": "Elsewhere"}]}
    etag = shown(ingrid, one)["ETag"]
    assert call(ingrid, "put", one, moved, If_Match=etag).status_code == 422, "a covered name is none of its own"


def test_drafts_hide_and_keep_the_same(firm: Firm, ingrid: User, route: Route) -> None:
    whole = things.document("route", route.slug)
    told = shown(ingrid, f"{PLACE}/routes/{route.slug}").json()

    made = call(ingrid, "post", f"{PLACE}/changes", {"kind": "route", "document": told | {"name": "Other"}})

    assert made.status_code == 201, made.content
    assert "us-" not in made.content.decode()
    assert made.json()["document"]["destinations"][0]["connection"] == UNSEEN
    version = drafting.Version.objects.get(pk=made.json()["id"])
    assert version.content == whole | {"name": "Other"}
    one = f"{PLACE}/changes/{version.pk}"
    again = call(ingrid, "put", one, {"document": made.json()["document"] | {"name": "Third"}},
                 If_Match=shown(ingrid, one)["ETag"])  # fmt: skip
    assert again.status_code == 200, again.content
    version.refresh_from_db()
    assert version.content == whole | {"name": "Third"}
    assert made.json()["id"] in shown(ingrid, f"{PLACE}/changes").content.decode()


def test_renamed_connection_of_another_company_is_told_from_none(firm: Firm, ingrid: User, route: Route) -> None:
    content = things.document("route", route.slug) | {"slug": "new", "name": "New"}
    version = drafting.draft("route", "new", content, by=drafting.things.ENGINE)
    row = Connection.objects.get(slug="us-ledger")
    for slug in (row.slug, "us-moved"):  # each is kept in its history
        row.slug = slug
        row.save()
    now = {**content, "destinations": [{**content["destinations"][0], "connection": "us-moved"}]}

    made = drafting.revise(version, now, by=ingrid)  # as its form sends it, with the name that it has now

    assert made.content == now
    place = f"{PLACE}/changes/{version.pk}"
    shown(ingrid, place)
    drafting.Version.objects.filter(pk=version.pk).update(content=content)  # as it was written before
    shown(ingrid, place)
    other = {**content, "destinations": [{**content["destinations"][0], "name": "Elsewhere", "connection": "us-moved"}]}
    with pytest.raises(drafting.NotKept):
        drafting.revise(version, other, by=ingrid)


@pytest.mark.parametrize("name", ["condition", "key_formula", "approval_formula"])
def test_formula_of_a_route_names_no_connection_of_another_company(
    firm: Firm, ingrid: User, route: Route, name: str
) -> None:
    whole = things.document("route", route.slug)
    formula = 'XREF("worker", worker_id, "us-time", default: "") = "77"'
    wrong = {**whole, "destinations": [{**whole["destinations"][0], name: formula}]}
    answers = [
        call(ingrid, "post", f"{PLACE}/changes", {"kind": "route", "document": wrong}),
        call(ingrid, "put", f"{PLACE}/routes/{route.slug}", wrong,
             If_Match=shown(ingrid, f"{PLACE}/routes/{route.slug}")["ETag"]),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code == 422, answer.content
        assert "There is no connection us-time that you may see" in answer.content.decode()


def _another() -> Connection:
    there = Connection.objects.get(slug="us-ledger")
    return Connection.objects.create(
        slug="us-other", name="Other", connector=there.connector, legal_entity=there.legal_entity, answers=there.answers
    )


def _own_mapping(key: str) -> None:
    from governance import versions
    from mappings.models import Mapping

    standing = versions.published("mapping", "ledger-time-in").content
    versions.install(kind="mapping", object_key=key, content=standing, legal_entity=company("HP-US"))
    Mapping.objects.create(key=key, title="Theirs", legal_entity=company("HP-US"))
