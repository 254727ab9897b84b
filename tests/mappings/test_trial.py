"""Trying a mapping writes nothing and shows before, after, problems and rows; a draft that cannot run is not kept."""

from decimal import Decimal

import pytest

from governance.actor import ENGINE
from governance.models import AuditEntry, Version
from governance.rights import NotAllowed, Role
from mappings import MappingErrors
from mappings.drafting import compiled, draft, revise
from mappings.models import Mapping, TableRow
from mappings.tables import NewRow, add_rows, create_table
from mappings.trial import try_on
from tests.governance.people import person

pytestmark = pytest.mark.django_db
CONTENT = {
    "name": "Time of Harvest",
    "from": {"system": "harvest", "stream": "time_entries"},
    "to": {"system": "netsuite", "stream": "timebill"},
    "fields": [{"to": "item", "formula": 'LOOKUP("task_codes", task)'}, {"to": "hours", "from": "hours"}],
    "rules": [{"name": "a day", "check": "hours <= 24", "message": "Too long.", "field": "hours"}],
}
WRONG = {**CONTENT, "fields": [{"to": "item", "formula": "NOSUCH(task)"}]}


def test_trial_shows_before_after_problems_and_rows_and_writes_nothing():
    table = create_table(
        name="task_codes", title="Task codes", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE
    )
    row = add_rows(table, [NewRow(("Design",), {"code": "T01"})], by=ENGINE).in_force[0]
    before = [model.objects.count() for model in (AuditEntry, Version, TableRow, Mapping)]
    samples = [{"task": "Design", "hours": Decimal(8)}, {"task": "New", "hours": Decimal(30)}]

    good, bad = try_on(CONTENT, samples)

    assert (good.before, good.after) == (samples[0], {"item": "T01", "hours": Decimal(8)})
    assert (good.problems, good.hits) == ([], [row.pk])
    assert [problem.category for problem in bad.problems] == ["unmapped_value", "validation"]
    assert [model.objects.count() for model in (AuditEntry, Version, TableRow, Mapping)] == before


def test_result_for_an_entity_is_checked_like_in_the_pipeline():
    fields = [{"to": name, "from": name} for name in ("legal_entity", "project_code", "task_code", "name")]
    content = {"name": "Tasks", "from": CONTENT["from"], "to": {"entity": "task"}, "fields": fields}

    [row] = try_on(content, [{"legal_entity": "HP-DE", "project_code": "P-1", "task_code": "T1"}])

    assert [problem.field for problem in row.problems] == ["name"]


def test_draft_is_kept_compiled_and_listed():
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)

    version = draft(key="harvest.own", content=CONTENT, by=ingrid)

    assert compiled(version) is compiled(version)
    assert Mapping.objects.get().source == "harvest time_entries"


def test_draft_that_cannot_run_is_not_kept():
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    with pytest.raises(MappingErrors):
        draft(key="harvest.own", content=WRONG, by=ingrid)
    assert not Version.objects.exists()

    version = draft(key="harvest.own", content=CONTENT, by=ingrid)
    with pytest.raises(MappingErrors):
        revise(version, content=WRONG, by=ingrid)
    assert Version.objects.get().content == CONTENT


def test_viewer_drafts_nothing():
    with pytest.raises(NotAllowed):
        draft(key="harvest.own", content=CONTENT, by=person("Viktor Lang", Role.VIEWER))
    assert not Mapping.objects.exists()
