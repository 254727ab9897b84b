"""Each place of each kind's files with a value of another kind: told once, and there; nothing falls over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.configuration import folder, plan
from hub.configuration.folder import KINDS
from hub.configuration.mistakes import Mistakes, Place
from tests.hub.commands.widened import broken, written

FREE = {"mappings": 3}  # below this depth a mapping's own checks judge, which have tests of their own


def _places(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield the places of a document with what stands there, of each list only its first entry."""
    if place:
        yield place, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*place, name))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*place, 0))


def _wrong(value: Any) -> Any:
    """Return what is of another kind: a list for a text or a number, else a text."""
    return [1, 2] if isinstance(value, str | int) and not isinstance(value, bool) else "nope"


def _told(path: Path, by: Any) -> list[tuple[str, str]]:
    try:
        plan.plan(folder.read(path), by=by, prune=False)
    except Mistakes as mistakes:
        return [(each.file, each.path) for each in mistakes.found]
    return []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_value_of_another_kind_is_told_once_and_where_it_is(whole: Any, tmp_path: Path, kind: str) -> None:
    seen: set[Place] = set()
    wrong = []
    for document, path in written(tmp_path / "firm", kind, plan.everything(whole.root)[kind]):
        for place, value in _places(document):
            if place in seen or len(place) > FREE.get(kind, len(place)):
                continue
            seen.add(place)
            right = broken(path, document, place, _wrong(value))
            if (found := _told(tmp_path / "firm", whole.root)) != [right]:
                wrong.append(f"{right}: {found[:6]}")
    assert not wrong, "\n".join(wrong)
    assert seen, "the firm has none of them"
