"""Each entry of each list of each kind's files mistyped: told, with all other mistakes, and nothing falls over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.configuration import folder, plan
from hub.configuration.folder import KINDS
from hub.configuration.mistakes import Mistakes, Place
from tests.hub.commands.widened import broken, written

LISTED = {"approval_policies", "calendars", "cut_offs", "routes", "routing_rules", "subscriptions", "tables", "teams"}
ODD: tuple[Any, ...] = ("waver", 7)
FREE = {"mappings": 2}  # below this depth a mapping's own checks judge, which have tests of their own


def _entries(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all entries of lists in a document."""
    steps: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(value, list):
            yield (*place, step)
        yield from _entries(inner, (*place, step))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_mistyped_entry_of_a_list_is_told_with_every_other_mistake(whole: Any, tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "firm" / "legal_entities" / "HP-XX.yaml"  # a mistake in another file, which stays told
    wrong: list[str] = []
    tried: set[Place] = set()
    for document, path in written(tmp_path / "firm", kind, plan.everything(whole.root)[kind]):
        elsewhere.parent.mkdir(exist_ok=True)
        elsewhere.write_text("code: HP-XX\nname: 7\n")
        for place in _entries(document):
            if place in tried or len(place) > FREE.get(kind, len(place)):
                continue
            tried.add(place)
            for odd in ODD:
                right = broken(path, document, place, odd)
                told = _told(tmp_path / "firm", whole.root)
                if ("legal_entities/HP-XX.yaml", "name") not in told or (odd == 7 and told.count(right) != 1):
                    wrong.append(f"{right} {odd!r}: {told[:6]}")
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
