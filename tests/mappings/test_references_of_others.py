"""Cross-references of another company are neither told nor changed, whichever way somebody tries."""

import pytest

from connectors.models import Connection
from governance.actor import ENGINE
from governance.models import RoleGrant
from governance.rights import Role
from mappings import cross_references
from mappings.cross_references import NewReference
from mappings.models import CrossReference
from tests.api.signing import post, token_of
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def test_cross_references_of_another_company_are_neither_told_nor_changed() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    erp = Connection.objects.create(
        slug="erp", name="Our ERP", connector="ledger_target", legal_entity=britain, environment="sandbox"
    )
    cross_references.upsert([NewReference(erp.pk, "worker", "W-1060", "4711", germany.pk, "PR-1")], by=ENGINE)
    grace = person("Grace Field", Role.FINANCE, britain)
    client, token = signed_in(grace), token_of(grace)
    typed = {"entity": "worker", "connection": "erp"}

    for key, external_id, reference, status in (
        ("x", "4711", "", 409),  # its id
        ("W-1060", "1", "", 403),  # its key
        ("W-1060", "4711", "PR-1", 403),  # all of it, as somebody may guess
        ("W-1060", "4711", "PR-2", 403),
    ):
        ids = {"key": key, "external_id": external_id, "reference": reference}
        shown = client.post("/cross-references/new/", typed | ids | {"company": "HP-GB"})
        said = post("/api/process/v1/cross-references", token, typed | ids | {"legal_entity": "HP-GB"})
        assert (shown.status_code, said.status_code) == (422 if status == 409 else 403, status), ids
        for words in (str(shown.context["form"].errors), said.content.decode()):
            assert not any(each in words for each in {"W-1060", "4711", "PR-1", "HP-DE"} - set(ids.values())), words
        kept = CrossReference.objects.values_list("canonical_key", "external_id", "reference", "legal_entity")
        assert list(kept) == [("W-1060", "4711", "PR-1", germany.pk)]
    taken = NewReference(erp.pk, "worker", "W-2", "4711", britain.pk)
    with pytest.raises(cross_references.ReferenceConflict) as refused:  # is kept where those of HP-GB read it
        cross_references.upsert([taken], by=ENGINE)
    assert "W-1060" not in str(refused.value)
    both = person("Clara Voss", Role.FINANCE, britain)
    RoleGrant.objects.create(user=both, role=Role.FINANCE, legal_entity=germany, granted_by="engine:engine")
    with pytest.raises(cross_references.ReferenceConflict, match="4711 is W-1060, not W-2"):
        cross_references.upsert([taken], by=both)
    moved = NewReference(erp.pk, "worker", "W-1060", "4712", britain.pk)
    assert [each.legal_entity_id for each in cross_references.upsert([moved], by=ENGINE)] == [germany.pk]
    assert [each.legal_entity_id for each in cross_references.upsert([moved], by=both)] == [britain.pk]
