"""The form of each kind's files, as its JSON Schema tells it: what is wrong with one, and its one canonical writing.

Beside the usual words the schema has some of ours: `x-key` (fields that make an entry of a list the same entry),
`x-one` (what such an entry is called), `x-part` (an entry that the file lacks goes without asking), `x-sorted` (a list
without an order of its own), `x-form: mapping` (the content of a mapping) and `x-written` (how a text is
written that people may write in several ways).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from connectors.manifest.words import remedy_of, words_of
from hub.configuration.mistakes import Place
from mappings.written import ordered

FILE = Path(__file__).with_name("schema.json")
Schema = dict[str, Any]
Data = dict[str, Any]
IN_CLEAR = "a secret does not stand in a file, and this is no reference to one."
BY_REFERENCE = (
    'Write where it lies: {secret: "env:NAME"} or {secret: "file:/its/path"}; replace the secret if it was real.'
)
NO_TEXT = "this is no text."


def _pattern(validator: Any, pattern: str, instance: Any, schema: Schema) -> Iterator[jsonschema.ValidationError]:
    """Yield what does not match; `$` is the very end here, not also the place before a last line break."""
    strict = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and not re.search(strict, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


STRICT: type[jsonschema.protocols.Validator] = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)


@cache
def schemas() -> dict[str, Schema]:
    """Return the schema of each kind, by the name of its folder."""
    found: dict[str, Schema] = json.loads(FILE.read_text(encoding="utf-8"))["$defs"]
    return found


@cache
def _validator(kind: str) -> jsonschema.protocols.Validator:
    return STRICT(schemas()[kind])


def faults(kind: str, value: Any) -> Iterator[tuple[Place, str, str]]:
    """Yield place, message and remedy of everything in a document that its schema does not accept."""
    for error in _validator(kind).iter_errors(value):
        place: Place = tuple(error.absolute_path)
        if kind == "subscriptions" and place[:1] == ("secret",):
            yield place[:1], IN_CLEAR, BY_REFERENCE
            continue
        if kind == "connections" and place[:1] in (("secrets",), ("answers",)):  # never a word of what stands there
            yield place[:2], *((IN_CLEAR, BY_REFERENCE) if place[0] == "secrets" else (NO_TEXT, remedy_of(error)))
            continue
        yield from placed(error)
    yield from doubles(kind, value)


def placed(error: jsonschema.ValidationError) -> Iterator[tuple[Place, str, str]]:
    """Yield place, message and remedy of an error; a key that is unknown or missing has its own place."""
    place: Place = tuple(error.absolute_path)
    names = _named(error)
    for name in names:
        yield (*place, name), *(_about(error, name) if len(names) > 1 else (words_of(error), remedy_of(error)))
    if not names:
        yield place, words_of(error), remedy_of(error)


def doubles(kind: str, value: Any) -> Iterator[tuple[Place, str, str]]:
    """Yield place, message and remedy where a list of a document holds the same entry twice."""
    yield from _doubles(schemas()[kind], value, ())


def _named(error: jsonschema.ValidationError) -> list[str]:
    """Return the keys that an error speaks of without being placed at them."""
    instance = error.instance if isinstance(error.instance, dict) else {}
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        return [name for name in instance if name not in error.schema.get("properties", {})]
    if error.validator == "required":
        required: Any = error.validator_value
        return [name for name in required if name not in instance and repr(name) in error.message]
    return []


def _about(error: jsonschema.ValidationError, name: str) -> tuple[str, str]:
    return f"{name!r} is not known here.", remedy_of(error)


def _doubles(schema: Schema, value: Any, place: Place) -> Iterator[tuple[Place, str, str]]:
    """Yield where a list holds the same entry twice."""
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            yield from _doubles(inner, value.get(name), (*place, name))
    elif isinstance(value, list) and "x-key" in schema:
        seen: set[tuple[str, ...]] = set()
        for number, entry in enumerate(value):
            key = entry_key(schema, entry)
            if key in seen:
                yield (*place, number), f"this {schema['x-one']} stands here twice.", "Keep one of the two."
            seen.add(key)


def entry_key(schema: Schema, entry: Any) -> tuple[str, ...]:
    """Return what makes an entry of a list the same entry, as sortable texts."""
    given = entry if isinstance(entry, dict) else {}
    return tuple("\x1f".join(map(str, v)) if isinstance(v := given.get(k), list) else str(v or "")
                 for k in schema["x-key"])  # fmt: skip


def emptied(kind: str, place: Place) -> Any:
    """Return an entry of a list that says nothing, in the form that its place asks for: a map, a list or a text."""
    schema = _of_place(kind, place)
    if "properties" in schema or schema.get("type") == "object":
        return {}
    return [] if schema.get("type") == "array" else ""


def is_closed_choice(kind: str, place: Place) -> bool:
    """Return whether one of some given values stands at a place."""
    return "enum" in _of_place(kind, place)


def _of_place(kind: str, place: Place) -> Schema:
    schema = schemas()[kind]
    for step in place:
        schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
    return schema


def written_time(value: time) -> str:
    """Return a time of day as the folder has it: to the minute, where it is one."""
    return value.isoformat("seconds" if value.second or value.microsecond else "minutes")


def plain(number: Decimal) -> str:
    """Return a number without noughts behind its last digit."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def tidy(name: object) -> str:
    """Return a name as the hub keeps those of teams and grouping rules: one blank between words."""
    return " ".join(str(name or "").split())


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return text if moment.tzinfo is None else moment.astimezone(UTC).isoformat()


# How what the hub keeps is written anew, so that a file at rest stays at rest, however its author wrote it.
WRITTEN: dict[str, Callable[[str], str]] = {
    "time": lambda text: written_time(time.fromisoformat(text)),
    "cents": lambda text: f"{Decimal(text):.2f}",
    "number": lambda text: plain(Decimal(text)),
    "moment": _moment,
    "name": tidy,
}


def canonical(kind: str, value: Data) -> Data:
    """Return a document in its one writing: keys in the schema's order, what is usual left out, lists sorted."""
    found: Data = _canonical(schemas()[kind], value)
    return found


def _canonical(schema: Schema, value: Any) -> Any:
    if schema.get("x-form") == "mapping" and isinstance(value, dict):
        return ordered(value)
    if isinstance(value, dict):
        return _map(schema, value)
    if isinstance(value, list):
        entries = [_canonical(schema.get("items", {}), entry) for entry in value]
        if "x-key" in schema:
            return sorted(entries, key=lambda entry: entry_key(schema, entry))
        return sorted(entries, key=lambda entry: json.dumps(entry)) if schema.get("x-sorted") else entries
    if isinstance(value, str) and "x-written" in schema and re.search(schema.get("pattern", ""), value):
        with suppress(ValueError, ArithmeticError, OverflowError):  # what is no such text is told where it is judged
            return WRITTEN[schema["x-written"]](value)
    return value


def _map(schema: Schema, value: Data) -> Data:
    known: Schema = schema.get("properties", {})
    others = schema.get("additionalProperties")
    inner = others if isinstance(others, dict) else {}
    made = {name: _canonical(known[name], value[name]) for name in known if name in value}
    made |= {name: _canonical(inner, value[name]) for name in sorted(value, key=str) if name not in known}
    return {name: each for name, each in made.items() if not _is_usual(known.get(name, {}), each)}


def _is_usual(schema: Schema, value: Any) -> bool:
    if value is None:
        return True
    usual = schema.get("default")
    return usual is not None and type(usual) is type(value) and usual == value
