"""Each entry of each list of each kind's files mistyped: told, with all other mistakes, and nothing falls over it."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from exceptions_queue.models import ApprovalPolicy, CutOff, Deed
from exceptions_queue.models.routing import RoutingRule, Team
from governance.models import LegalEntity
from hub.configuration import folder, places, plan
from hub.configuration.folder import KINDS
from hub.configuration.mistakes import Mistakes, Place, spoken

LISTED = {"approval_policies", "calendars", "cut_offs", "routes", "routing_rules", "subscriptions", "tables", "teams"}
ODD: tuple[Any, ...] = ("waver", 7)
HELD_BY = {("tables", "accepted"): 1}  # a column's values by what holds them
FREE = {"mappings": 2}  # below this depth a mapping's own checks judge, which have tests of their own


@pytest.fixture
def whole(firm: Any) -> Any:
    """Return the firm with lists in everything that has some, beyond what the commands' other tests need."""
    germany, route = LegalEntity.objects.get(code="HP-DE"), firm.routes[0]
    ApprovalPolicy.objects.create(
        name="Waivers", legal_entity=germany, deeds=[Deed.WAIVE, Deed.CORRECT], fields=["hours"],
        categories=["refused"], entities=["time_entry"], contract_types=["fixed_fee"],
    )  # fmt: skip
    CutOff.objects.create(
        legal_entity=germany, name="Billing", kind="billing_run", rule="dates", at=time(18), covers="month_before",
        dates=[date(2026, 12, 18)], entities=["time_entry"], routes=[route.pk],
    )  # fmt: skip
    Team.objects.create(name="tax", legal_entity=germany).members.add(firm.clara)
    RoutingRule.objects.create(
        name="Fixed fee", legal_entity=germany, categories=["refused"], entities=["time_entry"],
        contract_types=["fixed_fee"], clients=["C-1"], projects=["P-1"], workers=["W-1"], periods=["2026-11"],
        routes=[route.pk], team="tax", tags=["month-end"],
    )  # fmt: skip
    return firm


def _entries(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all entries of lists in a document."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(value, list):
            yield (*place, step)
        yield from _entries(inner, (*place, step))


def _put(document: Any, place: Place, value: Any) -> Any:
    made = inner = deepcopy(document)
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return made


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_mistyped_entry_of_a_list_is_told_with_every_other_mistake(whole: Any, tmp_path: Path, kind: str) -> None:
    everything = plan.everything(whole.root)
    folder.write(tmp_path / "firm", {kind: everything[kind]})
    elsewhere = tmp_path / "firm" / "legal_entities" / "HP-XX.yaml"  # a mistake in another file, which stays told
    elsewhere.parent.mkdir(exist_ok=True)
    elsewhere.write_text("code: HP-XX\nname: 7\n")
    wrong: list[str] = []
    tried: set[Place] = set()
    for name, document in everything[kind].items():
        path = tmp_path / "firm" / kind / places.file_name(name).rpartition("/")[2]
        text = path.read_text()
        for place in _entries(document):
            if place in tried or len(place) > FREE.get(kind, len(place)):
                continue
            tried.add(place)
            for odd in ODD:
                path.write_text(folder.text_of(_put(document, place, odd)))
                told = _told(tmp_path / "firm", whole.root)
                right = f"{kind}/{path.name}", spoken(place[: HELD_BY.get((kind, str(place[0])), len(place))])
                if ("legal_entities/HP-XX.yaml", "name") not in told or (odd == 7 and told.count(right) != 1):
                    wrong.append(f"{right} {odd!r}: {told[:6]}")
        path.write_text(text)
    assert not wrong, "\n".join(wrong)
    assert tried or kind not in LISTED


def _told(path: Path, by: Any) -> list[tuple[str, str]]:
    """Return where mistakes are told, as `apply` tells them before it asks, and once it is asked."""
    told = []
    for way in (
        lambda given: plan.plan(given, by=by, prune=False),
        lambda given: plan.apply(given, by=by, prune=False, expected=[]),
    ):
        with pytest.raises(Mistakes) as mistakes:
            way(folder.read(path))
        told.append([(each.file, each.path) for each in mistakes.value.found])
    assert sorted(told[0]) == sorted(told[1])
    return told[0]
