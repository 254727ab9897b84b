"""Each place of each kind's files with a value of another kind: told once, and there; nothing falls over."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from hub.configuration import folder, places, plan
from hub.configuration.folder import KINDS
from hub.configuration.mistakes import Mistakes, Place, spoken

HELD_BY = {  # at what holds them: a column's values by its table, and what may be a secret without a word of it
    ("connections", "secrets"): 2,
    ("subscriptions", "secret"): 1,
    ("tables", "accepted"): 1,
}
FREE = {"mappings": 3}  # below this depth a mapping's own checks judge, which have tests of their own


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of a document, of each list only its first entry."""
    if place:
        yield place
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*place, name))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*place, 0))


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


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
def test_value_of_another_kind_is_told_once_and_where_it_is(firm, tmp_path: Path, kind: str) -> None:
    things = plan.everything(firm.root)[kind]
    folder.write(tmp_path / "firm", {kind: things})
    seen: set[Place] = set()
    wrong = []
    for name, document in things.items():
        path = tmp_path / "firm" / kind / places.file_name(name).rpartition("/")[2]
        text = path.read_text()
        for place in _places(document):
            if place in seen or len(place) > FREE.get(kind, len(place)):
                continue
            seen.add(place)
            broken = deepcopy(document)
            _at(broken, place[:-1])[place[-1]] = _wrong(_at(broken, place))
            path.write_text(folder.text_of(broken))
            right = f"{kind}/{path.name}", spoken(place[: HELD_BY.get((kind, str(place[0])), len(place))])
            if (found := _told(tmp_path / "firm", firm.root)) != [right]:
                wrong.append(f"{right}: {found[:6]}")
        path.write_text(text)
    assert not wrong, "\n".join(wrong)
    assert seen or not things
