"""XREF names other connections only for those who see them: what another company's systems call a record is theirs."""

from typing import Any

import pytest

from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings import MappingErrors, cross_references
from mappings.batch import references_seen_by, run_batch
from mappings.compiled import compile_mapping
from mappings.cross_references import NewReference
from mappings.drafting import draft, revise
from mappings.field_table import table_of
from mappings.models import Mapping
from mappings.reaching import unseen_in
from mappings.row_trial import Sample, try_rows
from mappings.trial import try_out
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
THEIRS = 'XREF("worker", worker_id, "us-ledger")'
OURS = 'XREF("worker", worker_id, "ledger")'
NOWHERE = 'XREF("worker", worker_id, "nowhere")'


def content(formula: str, **more: Any) -> dict[str, Any]:
    fields = [{"to": "hours", "formula": "hours"}, {"to": "employee", "formula": formula}]
    return {
        "name": "Time out", "from": {"entity": "time_entry"}, "to": {"system": "odoo", "stream": "t"}, "fields": fields,
    } | more  # fmt: skip


@pytest.fixture
def ingrid() -> User:
    """Return who edits in Germany, where there is a ledger, as there is one in America."""
    germany = company("HP-DE")
    for slug, place in (("ledger", germany), ("us-ledger", company("HP-US"))):
        row = Connection.objects.create(slug=slug, name=slug, connector="odoo", legal_entity=place)
        known = NewReference(row.pk, "worker", "W-1", f"{slug}-77", place.pk)
        cross_references.upsert([known], by=ENGINE)
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN, germany)


def said(formula: str, by: User, **more: Any) -> str:
    with pytest.raises(MappingErrors) as refused:
        draft(key="own.out", content=content(formula, **more), by=by, legal_entity=company("HP-DE"))
    (problem,) = refused.value.problems
    return f"{problem.path}: {problem.message}"


def test_connection_of_another_company_is_none_for_who_writes_a_mapping(ingrid: User) -> None:
    assert said(THEIRS, ingrid) == "fields[1].formula: There is no connection us-ledger that you may see."
    assert said(NOWHERE, ingrid) == said(THEIRS, ingrid).replace("us-ledger", "nowhere"), "which is which is not told"
    rule = {"name": "known", "check": f'{THEIRS} <> ""'.replace("worker_id", "source.worker_id"), "message": "Unknown."}
    assert said(OURS, ingrid, rules=[rule]).startswith("rules[0].check: There is no connection us-ledger")
    assert said(OURS, ingrid, on=f"IF({THEIRS} = 1, worked_on, worked_on)").startswith("on: There is no connection")
    assert not Mapping.objects.filter(key="own.out").exists()

    made = draft(key="own.out", content=content(OURS), by=ingrid, legal_entity=company("HP-DE"))
    with pytest.raises(MappingErrors):
        revise(made, content=content(f"{OURS} & {THEIRS}"), by=ingrid)
    everywhere = person("Ada Ruiz", Role.INTEGRATION_ADMIN)
    draft(key="own.out", content=content(THEIRS), by=everywhere, legal_entity=company("HP-DE"))


def test_what_stands_there_already_may_stay_and_no_more(ingrid: User) -> None:
    germany = company("HP-DE")
    versions.install(kind="mapping", object_key="own.out", content=content(THEIRS), legal_entity=germany)

    made = draft(key="own.out", content=content(THEIRS, name="Other"), by=ingrid, legal_entity=germany)

    with pytest.raises(MappingErrors):
        revise(made, content=content(THEIRS.replace("worker_id", '"W-1"')), by=ingrid)
    with pytest.raises(MappingErrors):
        draft(key="own.copy", content=content(THEIRS), by=ingrid, legal_entity=germany)


def test_trial_tells_nothing_of_another_companys_connection(ingrid: User) -> None:
    mapping = Mapping.objects.create(key="own.out", title="Out", legal_entity=company("HP-DE"))
    record = {"worker_id": "W-1", "hours": 8}

    def tried(formula: str, by: Any) -> str:
        (row,) = try_out(mapping, content=content(formula), samples=[record], by=by)
        shown = try_rows(mapping, table=table_of(content(formula)), by=by,
                         sample=Sample(record, legal_entity_id=mapping.legal_entity_id))  # fmt: skip
        return f"{row.after} {row.problems} {shown}"

    assert "ledger-77" in tried(OURS, ingrid)
    assert "us-ledger-77" in tried(THEIRS, ENGINE)
    told = tried(THEIRS, ingrid)
    assert "us-ledger-77" not in told
    assert "that you may not see" in told
    assert told.replace("us-ledger", "nowhere") == tried(NOWHERE, ingrid)
    assert "us-ledger-77" in tried(THEIRS, ENGINE), "nothing of a trial is kept"


def test_trial_tells_nothing_of_another_companys_records_at_ones_own_connection(ingrid: User) -> None:
    mapping = Mapping.objects.create(key="own.out", title="Out", legal_entity=company("HP-DE"))
    ledger = Connection.objects.get(slug="ledger")
    others = [NewReference(ledger.pk, "worker", "W-2", "us-2", company("HP-US").pk),
              NewReference(ledger.pk, "worker", "W-3", "firm-3")]  # fmt: skip
    cross_references.upsert(others, by=ENGINE)
    records = [{"worker_id": f"W-{number}", "hours": 8} for number in (1, 2, 3)]

    def tried(formula: str, by: Any) -> list[Any]:
        found = try_out(mapping, content=content(formula), samples=records, by=by, connection_id=ledger.pk)
        return [row.after.get("employee") for row in found]

    for formula in (OURS, 'XREF("worker", worker_id)'):
        assert tried(formula, ENGINE) == ["ledger-77", "us-2", "firm-3"]
        assert tried(formula, ingrid) == ["ledger-77", None, None]
        with references_seen_by(ingrid):  # as a draft is tried that names what stands
            made = run_batch(compile_mapping(content(formula)), records, connection_id=ledger.pk, legal_entity_id=None)
        assert [each.values.get("employee") for each in made] == ["ledger-77", None, None]
        assert tried(formula, ENGINE) == ["ledger-77", "us-2", "firm-3"], "nothing of a trial is kept"


def test_single_formulas_are_judged_alike(ingrid: User) -> None:
    assert unseen_in(f'{THEIRS} = "1"', by=ingrid) == unseen_in(THEIRS, by=ingrid) != []
    assert unseen_in(OURS, by=ingrid) == unseen_in("hours > 1", by=ingrid) == unseen_in("XREF(", by=ingrid) == []
