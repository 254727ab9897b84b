"""Says in words what is different between two writings of one thing: what is here, and what a file wants."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.configuration import form
from hub.configuration.form import Data, Schema

SHOWN = 70  # characters of a value
BEFORE = 12  # characters that are shown before the first that differs


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference in words."""

    words: str  # long values are cut
    lacks: bool = False  # something here that the folder does not have: it goes only when asked to
    whole: str = ""  # the same with nothing cut; empty where nothing is
    values: tuple[str, str] | None = None  # both values with nothing cut, where `words` cut one of them

    def __str__(self) -> str:
        return self.words


def differences(kind: str, here: Data, wanted: Data) -> list[Difference]:
    """Return one line for each difference: "shrink limit percent: 10 → 20"."""
    return list(_walk(form.schemas()[kind], here, wanted, ""))


def _walk(schema: Schema, here: Any, wanted: Any, path: str) -> Iterator[Difference]:
    if isinstance(here, dict) and isinstance(wanted, dict):
        yield from _maps(schema, here, wanted, path)
    elif isinstance(here, list) and isinstance(wanted, list) and (by := _by_key(schema, here, wanted)):
        yield from _entries(schema, *by, path)
    elif here != wanted or type(here) is not type(wanted):
        short, both = _shown(here, wanted), (written(here), written(wanted))
        if short == both:
            yield Difference(f"{path}: {' → '.join(short)}")
        else:
            yield Difference(f"{path}: {' → '.join(short)}", whole=f"{path}: {' → '.join(both)}", values=both)


def _maps(schema: Schema, here: Data, wanted: Data, path: str) -> Iterator[Difference]:
    known: Schema = schema.get("properties", {})
    others = schema.get("additionalProperties")
    names = [*known, *sorted((here.keys() | wanted.keys()) - known.keys())]
    for name in names:
        inner = known.get(name, others if isinstance(others, dict) else {})
        usual = inner.get("default")
        old, new = here.get(name, usual), wanted.get(name, usual)
        yield from _walk(inner, old, new, f"{path}, {spoken(name)}" if path else spoken(name))


def _entries(schema: Schema, here: Data, wanted: Data, path: str) -> Iterator[Difference]:
    for key in sorted(here.keys() | wanted.keys()):
        title = f"{schema.get('x-one', 'entry')} {called(key)}"
        if key not in here:
            short, whole = (f"{title}: not here yet{_details(schema, wanted[key], say)}" for say in (shown, written))
            yield Difference(short, whole="" if whole == short else whole)
        elif key not in wanted:
            yield Difference(f"{title}: not in the folder", lacks="x-key" in schema and not schema.get("x-part"))
        else:
            yield from _walk(schema.get("items", {}), here[key], wanted[key], title)


def _by_key(schema: Schema, here: list[Any], wanted: list[Any]) -> tuple[Data, Data] | None:
    """Return both lists by what makes an entry the same; None where they have no such thing, or not reliably."""
    if "x-one" in schema and "x-key" not in schema:  # an entry is what it says, all of it
        found = tuple(
            {entry if isinstance(entry, str) else written(entry): entry for entry in each} for each in (here, wanted)
        )
        return None if (len(found[0]), len(found[1])) != (len(here), len(wanted)) else (found[0], found[1])
    keyed = schema if "x-key" in schema else _mapping_entries(here, wanted)
    if keyed is None:
        return None
    made = tuple({"\x1f".join(form.entry_key(keyed, entry)): entry for entry in each} for each in (here, wanted))
    return None if (len(made[0]), len(made[1])) != (len(here), len(wanted)) else (made[0], made[1])


def _mapping_entries(here: list[Any], wanted: list[Any]) -> Schema | None:
    """Return by what the entries of a mapping's lists are told apart: fields by their target, rules by their name."""
    for key in ("to", "name"):
        if all(isinstance(entry, dict) and isinstance(entry.get(key), str) for entry in (*here, *wanted)):
            return {"x-key": [key]}
    return None


def called(key: str) -> str:
    """Return an entry's key in words: "Principal / GBP from 2026-01-01"."""
    return " / ".join(part for part in key.split("\x1f") if part)


def _details(schema: Schema, entry: Any, say: Callable[[Any], str]) -> str:
    if "x-one" in schema and "x-key" not in schema:
        return ""
    left = {name: value for name, value in entry.items() if name not in schema.get("x-key", ())}
    return f" ({', '.join(f'{spoken(name)} {say(value)}' for name, value in left.items())})" if left else ""


def spoken(name: str) -> str:
    """Return a field's name as people read it."""
    return str(name).replace("_", " ")


def shown(value: Any) -> str:
    """Return a value as people read it, on one line and cut where it is long."""
    told = written(value)
    text = told[1:-1] if isinstance(value, str) and value else told
    text = " ".join(text.split())
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return f"“{text}”" if isinstance(value, str) and value else text


def written(value: Any) -> str:
    """Return a value as people read it, all of it."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_flat(value):
        text = ", ".join(f"{spoken(name)} {each}" for name, each in value.items())
    elif isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        text = ", ".join(written(each) for each in value)
    elif isinstance(value, list) and all(_is_flat(each) for each in value):
        text = "; ".join(written(each) for each in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"“{text}”" if isinstance(value, str) else text


def _is_flat(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(each, dict | list) for each in value.values())


def _shown(here: Any, wanted: Any) -> tuple[str, str]:
    """Return both values; of long texts that begin alike, the part where they part."""
    if not (isinstance(here, str) and isinstance(wanted, str)) or max(len(here), len(wanted)) <= SHOWN:
        return shown(here), shown(wanted)
    same = next((n for n, pair in enumerate(zip(here, wanted, strict=False)) if pair[0] != pair[1]), 0)
    same = same or min(len(here), len(wanted)) * here.startswith(wanted[: len(here)])
    start = max(0, same - BEFORE)
    mark = "…" if start else ""
    return shown(mark + here[start:]), shown(mark + wanted[start:])
