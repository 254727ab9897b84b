"""Shipped mappings: loaded with every problem at once, held to their golden files, installed once."""

import json

import pytest

from governance.models import Version
from mappings import MappingErrors
from mappings.models import Mapping
from mappings.shipped import check_golden, install, load

GOOD = """\
name: Tasks
from: {system: harvest, stream: tasks}
to: {system: netsuite, stream: items}
fields:
  - {to: code, formula: 'LOOKUP("task_codes", name)'}
  - {to: project, formula: 'XREF("project", project_id)'}
  - to: hours
    formula: ROUND(hours, 1)
"""
GOLDEN = {
    "tables": {"task_codes": [{"key": ["Design"], "values": {"code": "T01"}}]},
    "references": {"project": {"17": "P-881"}},
    "cases": [
        {"input": {"name": "Design", "project_id": 17, "hours": 7.25},
         "expected": {"code": "T01", "project": "P-881", "hours": "7.3"}},
        {"input": {"name": "New", "project_id": 18}, "problems": ["unmapped_value code", "missing_reference project"]},
    ],
}  # fmt: skip


@pytest.fixture
def vendor(tmp_path):
    folder = tmp_path / "harvest"
    (folder / "mappings").mkdir(parents=True)
    (folder / "golden").mkdir()
    (folder / "mappings" / "tasks.yaml").write_text(GOOD)
    (folder / "golden" / "tasks.json").write_text(json.dumps(GOLDEN))
    return folder


def test_product_ships_mappings_that_do_what_their_golden_files_say():
    assert [difference for mapping in load() for difference in check_golden(mapping)] == []


def test_golden_file_is_held(vendor):
    [mapping] = load([vendor])

    assert mapping.key == "harvest.tasks"
    assert check_golden(mapping) == []


def test_difference_from_the_golden_file_is_told(vendor):
    GOLDEN_CHANGED = {**GOLDEN, "cases": [{"input": {"hours": 1}, "expected": {"hours": 2}}]}
    (vendor / "golden" / "tasks.json").write_text(json.dumps(GOLDEN_CHANGED))

    [mapping] = load([vendor])

    assert len(check_golden(mapping)) == 2


def test_mapping_without_golden_file_is_told(vendor):
    (vendor / "golden" / "tasks.json").unlink()

    assert "has no golden file" in check_golden(load([vendor])[0])[0]


def test_all_problems_of_all_files_come_at_once_with_file_and_line(vendor):
    broken = GOOD.replace("ROUND(hours, 1)", "ROUNDED(hours 1)").replace("to: code,", "to: code, mood: bad,")
    (vendor / "mappings" / "tasks.yaml").write_text(broken)
    (vendor / "mappings" / "other.yaml").write_text("name: [unclosed")
    (vendor / "mappings" / "third.yaml").write_text("name: x\nname: y\n")

    with pytest.raises(MappingErrors) as raised:
        load([vendor])

    told = [(each.file.rsplit("/", 1)[1], each.line) for each in raised.value.problems]
    assert "other.yaml" in {name for name, _ in told}
    assert ("third.yaml", 2) in told
    assert ("tasks.yaml", 5) in told
    assert ("tasks.yaml", 8) in told
    assert all(each.remedy for each in raised.value.problems)


@pytest.mark.django_db
def test_install_puts_in_force_once_and_leaves_the_firms_own_versions_alone(vendor):
    shipped = load([vendor])
    install(shipped)
    install(shipped)

    assert Mapping.objects.get().published().content["name"] == "Tasks"
    assert Version.objects.filter(kind="mapping", object_key="harvest.tasks").count() == 1
