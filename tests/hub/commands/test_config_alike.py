"""Things whose names come close to each other: each keeps a file of its own, and none is taken for the other."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from exceptions_queue.models import ApprovalPolicy, CutOff, GroupingRule, RoutingRule, Team
from governance.models import LegalEntity
from hub.configuration import folder, plan
from hub.configuration.kinds import KINDS
from hub.configuration.places import file_name, marked
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
ADDRESS = "https://events.acme.example/throughline"


@pytest.fixture
def root():
    company("HP-DE")
    return person("Root Solheim", is_superuser=True)


def subscriptions(*names: str) -> dict[str, dict[str, dict]]:
    secret = {"secret": "env:SUBSCRIPTION_SECRET"}
    return {"subscriptions": {each: {"name": each, "address": ADDRESS, "secret": secret} for each in names}}


def named(path: Path, kind: str) -> dict[str, str]:
    """Return the place of each thing by its name, as the folder is read."""
    found = folder.read(path, [kind])
    assert not found.mistakes
    return {file.name: file.place for file in found.files[kind]}


@pytest.mark.parametrize(
    ("kind", "model", "more"),
    [
        ("approval_policies", ApprovalPolicy, {"deeds": ["waivers"]}), ("teams", Team, {"role": "finance"}),
        ("routing_rules", RoutingRule, {"tags": ["large"]}),
    ],
)  # fmt: skip
def test_name_that_ends_in_a_companys_code_is_not_that_companys(root, tmp_path: Path, kind, model, more) -> None:
    """“Large” of HP-DE and “Large HP-DE” of all companies are two."""
    germany = LegalEntity.objects.get(code="HP-DE")
    for owner, name in ((germany, "Large"), (None, "Large HP-DE")):
        model.objects.create(legal_entity=owner, name=name, **more)
    folder.write(tmp_path / "firm", plan.everything(root, (kind,)))
    assert len(named(tmp_path / "firm", kind)) == 2
    assert {step.action for step in plan.compare(folder.read(tmp_path / "firm", [kind]), by=root)} == {"leave"}

    gone = named(tmp_path / "firm", kind)[KINDS[kind].name_of({"name": "Large HP-DE"})]
    (tmp_path / "firm" / gone).unlink()
    read = folder.read(tmp_path / "firm", [kind])
    plan.apply(read, by=root, prune=True, expected=plan.plan(read, by=root, prune=True))
    assert [(row.name, row.legal_entity) for row in model.objects.all()] == [("Large", germany)]


CUT_OFF = {"kind": "payroll_run", "rule": "working_day", "number": 3, "at": dt.time(17), "covers": "month_before"}
GROUPING = {"category": "unmapped_value", "reason": "one cause", "made_by": "engine:engine", "table": "tasks"}


@pytest.mark.parametrize(
    ("kind", "model", "more"), [("cut_offs", CutOff, CUT_OFF), ("grouping_rules", GroupingRule, GROUPING)]
)
def test_name_that_begins_as_a_code_with_a_blank_ends_is_not_that_companys(
    root, tmp_path: Path, kind: str, model: Any, more: dict[str, Any]
) -> None:
    """“DE Payroll” of HP and “Payroll” of HP DE, a code that an older release let be, are two."""
    owners = [
        LegalEntity.objects.create(code=each, name=each, country="DE", currency="EUR") for each in ("HP", "HP DE")
    ]
    for number, (owner, name) in enumerate(zip(owners, ("DE Payroll", "Payroll"), strict=True)):
        made = {"cause": f"{number}" * 64, "made_at": dt.datetime.now(dt.UTC)} if model is GroupingRule else {}
        model.objects.create(legal_entity=owner, name=name, **more, **made)
    folder.write(tmp_path / "firm", plan.everything(root, (kind,)))
    places = named(tmp_path / "firm", kind)
    assert len(places) == 2
    assert {step.action for step in plan.compare(folder.read(tmp_path / "firm", [kind]), by=root)} == {"leave"}

    gone = places[KINDS[kind].name_of({"legal_entity": "HP DE", "name": "Payroll"})]
    (tmp_path / "firm" / gone).unlink()
    read = folder.read(tmp_path / "firm", [kind])
    plan.apply(read, by=root, prune=True, expected=plan.plan(read, by=root, prune=True))
    assert [(row.name, row.legal_entity) for row in model.objects.all()] == [("DE Payroll", owners[0])]


def test_names_that_come_to_the_same_file_have_one_each(tmp_path: Path) -> None:
    alike = ("Data warehouse", "Data@warehouse", "data warehouse")  # the last: where files tell no capitals apart
    folder.write(tmp_path / "firm", subscriptions(*alike))
    places = named(tmp_path / "firm", "subscriptions")
    assert places == {each: f"subscriptions/{marked(each)}" for each in alike}
    assert len({place.casefold() for place in places.values()}) == 3


def test_file_that_describes_a_thing_keeps_it(tmp_path: Path) -> None:
    """Also when another comes that would have the same, or when somebody has given it a name of their own."""
    place = tmp_path / "firm"
    folder.write(place, subscriptions("Data warehouse", "Ledger"))
    (place / "subscriptions" / "Ledger.yaml").rename(place / "subscriptions" / "of-the-ledger.yaml")
    done = folder.write(place, subscriptions("Data warehouse", "Data@warehouse", "Ledger"))
    assert done.new == [f"subscriptions/{marked('Data@warehouse')}"]
    assert (done.changed, done.left) == ([], [])
    assert named(place, "subscriptions") == {
        "Data warehouse": f"subscriptions/{file_name('Data warehouse')}",
        "Data@warehouse": f"subscriptions/{marked('Data@warehouse')}",
        "Ledger": "subscriptions/of-the-ledger.yaml",
    }


def test_file_of_what_is_not_here_is_not_written_over(tmp_path: Path) -> None:
    place = tmp_path / "firm"
    folder.write(place, subscriptions("Data@warehouse"))
    done = folder.write(place, subscriptions("Data warehouse"))
    assert done.left == ["subscriptions/Data@warehouse.yaml"]
    assert sorted(named(place, "subscriptions")) == ["Data warehouse", "Data@warehouse"]


def test_file_that_cannot_be_read_is_not_taken_for_one_that_is_missing(root, tmp_path: Path) -> None:
    Team.objects.create(legal_entity=LegalEntity.objects.get(code="HP-DE"), name="Large", role="finance")
    folder.write(tmp_path / "firm", plan.everything(root, ("teams",)))
    (tmp_path / "firm" / "teams" / "Large@HP-DE.yaml").write_text("name: [\n")
    read = folder.read(tmp_path / "firm", ["teams"])
    [name] = KINDS["teams"].kept(root)
    assert read.is_lost("teams", name)
