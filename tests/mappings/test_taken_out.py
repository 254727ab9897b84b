"""Cross-references that were wrong: taken out, and given for another company."""

import pytest

from connectors.models import Connection
from governance.actor import ENGINE
from governance.models import AuditEntry, RoleGrant
from governance.rights import NotAllowed, Role
from mappings import cross_references
from mappings.cross_references import NewReference
from mappings.models import CrossReference
from mappings.tables import create_table
from tests.api.signing import post, token_of
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
TAKEN = {"reason": "it is another project"}


def made() -> tuple[NewReference, Connection]:
    """Return a cross-reference of the German company, and where its id is."""
    erp = Connection.objects.create(
        slug="erp", name="Our ERP", connector="ledger_target", legal_entity=company("HP-DE"), environment="sandbox"
    )
    new = NewReference(erp.pk, "project", "P-1", "17", company("HP-DE").pk, "PR-1")
    cross_references.upsert([new], by=ENGINE)
    return new, erp


def test_one_that_was_wrong_is_taken_out_with_a_reason_and_its_id_is_free_for_another() -> None:
    new, erp = made()
    clara = person("Clara Voss", Role.FINANCE, company("HP-DE"))
    with pytest.raises(NotAllowed):
        cross_references.unlink(new, by=person("Viktor Lang", Role.VIEWER, company("HP-DE")), reason="wrong")
    with pytest.raises(ValueError, match="needs a reason"):
        cross_references.unlink(new, by=clara, reason=" ")
    seen_earlier = NewReference(erp.pk, "project", "P-1", "16", None, "PR-1")
    with pytest.raises(cross_references.ReferenceGone):
        cross_references.unlink(seen_earlier, by=clara, reason="wrong")
    assert CrossReference.objects.exists()
    assert cross_references.unlink(new, by=clara, reason="another project").external_id == "17"
    entry = AuditEntry.objects.get(verb="unlink")
    assert (entry.thing_name, entry.before, entry.reason) == (
        "P-1", {"external_id": "17", "reference": "PR-1"}, "another project",
    )  # fmt: skip
    with pytest.raises(cross_references.ReferenceGone):
        cross_references.unlink(new, by=clara, reason="once more")
    other = NewReference(erp.pk, "project", "P-2", "17", company("HP-DE").pk)
    assert cross_references.upsert([other], by=clara) == [other]


def test_api_takes_one_out_as_it_was_read() -> None:
    made()
    at, body = "/api/process/v1/cross-reference-removals", {"entity": "project", "connection": "erp", "key": "P-1"}
    grace = token_of(person("Grace Field", Role.FINANCE, company("HP-GB")))
    clara = token_of(person("Clara Voss", Role.FINANCE, company("HP-DE")))
    whole = body | {"external_id": "17", "reference": "PR-1"} | TAKEN
    assert post(at, grace, whole).status_code == 404
    assert post(at, clara, whole | {"external_id": "18"}).status_code == 409
    assert CrossReference.objects.exists()
    answer = post(at, clara, whole)
    assert (answer.status_code, answer.json()["external_id"]) == (200, "17")
    assert not CrossReference.objects.exists()
    assert post(at, clara, whole).status_code == 404


def test_api_means_keys_and_ids_as_they_are_with_blanks_at_their_ends() -> None:
    made()
    clara = token_of(person("Clara Voss", Role.FINANCE, company("HP-DE")))
    link = {"entity": "project", "connection": "erp", "key": "P-1 ", "external_id": " 18", "reference": "PR-2 "}
    answer = post("/api/process/v1/cross-references", clara, link | {"legal_entity": "HP-DE"})
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("key", "external_id", "reference")} == {
        "key": "P-1 ", "external_id": " 18", "reference": "PR-2 ",
    }  # fmt: skip
    at = "/api/process/v1/cross-reference-removals"
    assert post(at, clara, link | {"external_id": "18"} | TAKEN).status_code == 409
    assert post(at, clara, link | TAKEN).status_code == 200
    assert post(at, clara, link | {"key": " "} | TAKEN).status_code == 422
    assert CrossReference.objects.get().canonical_key == "P-1"
    table = create_table(
        name="codes", title="Codes", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE,
        legal_entity=company("HP-DE"),
    )  # fmt: skip
    rows = {"rows": [{"key": ["Design "], "values": {"code": "T01"}}]}
    answer = post(f"/api/process/v1/tables/{table.pk}/rows", clara, rows)
    assert answer.json()["in_force"][0]["key"] == ["Design "]
    assert table.rows.get().key == ["Design "]


def test_page_takes_one_out_that_it_has_shown() -> None:
    _, erp = made()
    client = signed_in(person("Clara Voss", Role.FINANCE, company("HP-DE")))
    at = f"/cross-references/{CrossReference.objects.get().pk}/removals/"
    assert at in client.get("/cross-references/").content.decode()
    shown = client.get(at)
    assert "P-1" in text_of(shown)
    assert "17 (PR-1)" in text_of(shown)
    mark = shown.context["mark"]
    assert client.post(at, {"_seen": mark}).status_code == 422  # without a reason
    cross_references.upsert([NewReference(erp.pk, "project", "P-1", "18", company("HP-DE").pk)], by=ENGINE)
    refused = client.post(at, {"_seen": mark} | TAKEN)
    assert refused.status_code == 409
    assert CrossReference.objects.get().external_id == "18"
    assert client.post(at, {"_seen": refused.context["mark"]} | TAKEN).status_code == 302
    assert not CrossReference.objects.exists()
    assert client.get(at).status_code == 404


def test_one_that_is_another_companys_is_given_for_it_by_who_edits_both_and_by_nobody_else() -> None:
    _, erp = made()
    britain = company("HP-GB")
    moved = NewReference(erp.pk, "project", "P-1", "17", britain.pk, "PR-1")
    with pytest.raises(NotAllowed):
        cross_references.upsert([moved], by=person("Grace Field", Role.FINANCE, britain))
    assert cross_references.upsert([moved], by=ENGINE) == []  # where it is already is for people to decide
    both = person("Clara Voss", Role.FINANCE, britain)
    RoleGrant.objects.create(user=both, role=Role.FINANCE, legal_entity=company("HP-DE"), granted_by="engine:engine")
    client, typed = signed_in(both), {"entity": "project", "connection": "erp", "key": "P-1", "external_id": "17"}
    typed |= {"reference": "PR-1", "company": "HP-GB"}
    asked = client.post("/cross-references/new/", typed)
    assert asked.status_code == 422  # the page says of which company it is, before it is moved
    assert "HP-DE" in str(asked.context["form"].errors)
    mark = asked.context["form"]["_seen"].value()
    assert client.post("/cross-references/new/", typed | {"_seen": mark}).status_code == 302
    assert CrossReference.objects.get().legal_entity_id == britain.pk
    assert AuditEntry.objects.filter(verb="link", legal_entity_id=britain.pk).exists()
