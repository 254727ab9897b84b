"""One mistake is told once, where it is: nothing that only comes of it is told beside it, nor in other files."""

import re
from pathlib import Path
from typing import Any

import pytest

from hub.configuration import folder, plan
from hub.configuration.mistakes import Mistakes


@pytest.fixture
def exported(firm, tmp_path: Path) -> Path:
    folder.write(tmp_path / "firm", plan.everything(firm.root))
    return tmp_path / "firm"


def told(path: Path, by: Any, *, prune: bool = False) -> list[Any]:
    """Return the mistakes of a folder."""
    try:
        plan.plan(folder.read(path), by=by, prune=prune)
    except Mistakes as mistakes:
        return mistakes.found
    return []


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert re.search(old, text, re.MULTILINE), old
    path.write_text(re.sub(old, new, text, count=1, flags=re.MULTILINE))


def test_source_of_the_wrong_kind_condemns_no_stream_or_mapping(firm, exported: Path) -> None:
    _edit(exported / "routes/time.yaml", r"^connection: .*", "connection: [1, 2]")
    assert [each.path for each in told(exported, firm.root)] == ["connection"]
    _edit(exported / "routes/time.yaml", r"^slug: .*", "slug: another")
    assert [each.path for each in told(exported, firm.root)] == ["connection"], "nor where the route is new"


@pytest.mark.parametrize("name", ["bill_rates", "new_rates"])
def test_column_of_the_wrong_kind_condemns_no_rows(firm, exported: Path, name: str) -> None:
    path = exported / "tables/bill_rates.yaml"
    _edit(path, r"^  rate: money", "  rate: [1, 2]")
    _edit(path, r"^name: .*", f"name: {name}")
    assert [each.path for each in told(exported, firm.root)] == ["value_columns.rate"]


def test_connector_that_is_not_there_is_told_where_it_is_named_only(firm, exported: Path) -> None:
    _edit(exported / "connections/harvest.yaml", r"^connector: .*", "connector: nope")
    found = told(exported, firm.root)
    assert [(each.file, each.path) for each in found] == [("connections/harvest.yaml", "connector")], found


def test_file_that_says_nothing_makes_what_names_its_thing_no_mistake(firm, exported: Path) -> None:
    new = exported / "connections/other.yaml"
    new.write_text((exported / "connections/harvest.yaml").read_text())
    _edit(new, r"^slug: .*", "slug: [")
    _edit(exported / "routes/time.yaml", r"^connection: .*", "connection: other")
    assert [each.file for each in told(exported, firm.root)] == ["connections/other.yaml"]


def test_thing_whose_file_cannot_be_read_is_not_removed(firm, exported: Path) -> None:
    _edit(exported / "connections/harvest.yaml", r"^slug: .*", "slug: [")
    assert [each.file for each in told(exported, firm.root, prune=True)] == ["connections/harvest.yaml"]


@pytest.mark.parametrize("ending", ["YAML", "Yml", "yaml.txt", "YAML.TXT"])
def test_ending_that_nobody_would_read_is_told(firm, exported: Path, ending: str) -> None:
    path = exported / "routes/time.yaml"
    path.rename(exported / f"routes/time.{ending}")
    (found,) = told(exported, firm.root, prune=True)
    assert str(found) == f"routes/time.{ending}: it would not be read. Name it routes/time.yaml."
    path.write_bytes((exported / f"routes/time.{ending}").read_bytes())
    (found,) = told(exported, firm.root)
    assert found.remedy == "Remove it: there is routes/time.yaml."
    (exported / f"routes/time.{ending}").unlink()
    (exported / "throughline.yaml").rename(exported / f"throughline.{ending}")
    (found,) = told(exported, firm.root)
    assert str(found) == f"throughline.{ending}: it would not be read. Name it throughline.yaml."
    (exported / f"throughline.{ending}").rename(exported / f"loose.{ending}")
    (found,) = told(exported, firm.root)
    assert found.message == "the file lies in no kind's folder."


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00", "2026-12-01T00:00:00"])
def test_window_that_no_calendar_holds_is_told(firm, exported: Path, moment: str) -> None:
    path = exported / "connections/harvest.yaml"
    window = f"windows:\n- ends_at: '{moment}'\n  reason: for ever\n  starts_at: '2026-12-01T00:00:00+00:00'\n"
    text = re.sub(r"^windows:.*\n((?:- |  ).*\n)*", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(text + window)
    (found,) = told(exported, firm.root)
    assert (found.path, "is no moment with its offset" in str(found)) == ("windows[1].ends_at", True)


def test_grouping_rule_without_a_reason_is_told_in_words(firm, exported: Path) -> None:
    (exported / "grouping_rules").mkdir(exist_ok=True)
    rule = "category: validation\nlegal_entity: HP-DE\nname: late ones\nreason: '  '\nwords: due\n"
    (exported / "grouping_rules/late ones.yaml").write_text(rule)
    (found,) = told(exported, firm.root)
    assert "reason" in str(found).lower()
