"""What names a route that was deleted is written so that it can be read back, and goes on meaning nothing else."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from exceptions_queue.models import CutOff, GroupingRule, RoutingRule
from tests.governance.people import company

GONE = 4711
CHANGED = {"routing_rules": {"position": 7}, "cut_offs": {"at": "09:15"}, "grouping_rules": {"words": "due"}}


@pytest.fixture
def named(firm) -> dict[str, Any]:
    """Make one of each kind that names a route which was deleted since."""
    germany = company("HP-DE")
    given = {"legal_entity": germany, "name": "What came by it"}
    return {
        "routing_rules": RoutingRule.objects.create(team="finance", routes=[GONE], **given),
        "cut_offs": CutOff.objects.create(
            kind="billing_run",
            rule="working_day",
            number=3,
            at=dt.time(17),
            covers="month_before",
            routes=[GONE],
            **given,
        ),
        "grouping_rules": GroupingRule.objects.create(
            category="unmapped_value",
            table="tasks",
            route_id=GONE,
            cause="0" * 64,
            reason="one cause",
            made_by="engine:engine",
            made_at=dt.datetime.now(dt.UTC),
            **given,
        ),
    }


def changed(folder: Path, kind: str, more: dict[str, Any]) -> dict[str, Any]:
    """Change the one file of a kind that names the deleted route, and return what it says then."""
    (path,) = [each for each in folder.rglob("*.yaml") if f"gone-{GONE}" in each.read_text()]
    said: dict[str, Any] = yaml.safe_load(path.read_text()) | more
    path.write_text(yaml.safe_dump(said))
    return said


@pytest.mark.parametrize("kind", CHANGED)
def test_route_that_was_deleted_comes_back_as_itself(named, give, tmp_path: Path, kind: str) -> None:
    folder, row = tmp_path / "firm", named[kind]
    assert give("config", "export", folder, "--only", kind).code == 0
    changed(folder, kind, CHANGED[kind])
    done = give("config", "apply", folder, "--by", "root", "--yes", "--only", kind)
    assert (done.code, done.err) == (0, "")
    row.refresh_from_db()
    assert (row.route_id if kind == "grouping_rules" else row.routes[0]) == GONE
    assert give("config", "diff", folder, "--exit-code", "--only", kind).code == 0, "and the change is there"


@pytest.mark.parametrize("kind", CHANGED)
def test_where_it_does_not_stand_it_is_no_name(named, give, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "firm"
    assert give("config", "export", folder, "--only", kind).code == 0
    named[kind].delete()
    done = give("config", "apply", folder, "--by", "root", "--yes", "--only", kind)
    assert done.code == 1
    assert f"gone-{GONE}" in done.err
