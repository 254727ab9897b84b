"""Samples that a mapping can be tried on: the vendor's recorded replies, or canonical records of a golden file."""

import json
from collections.abc import Mapping as Dict
from decimal import Decimal
from typing import Any

import msgspec

from canonical.entities import ENTITIES
from connectors import paths
from connectors.registry import registry
from mappings.models import Mapping

JSON = msgspec.json.Decoder(float_hook=Decimal)
ENCODER = msgspec.json.Encoder(decimal_format="number")
MOST = 3  # that a form begins with
NOT_READABLE = "This cannot be read as JSON"
EXAMPLE = 'A record looks like {"hours": 7.5, "project": {"code": "P-881"}}.'
WORDS = {  # what Python says, and what people do
    "Expecting property name": "a name in double quotes is needed here",
    "Expecting value": "a value is needed here: a text in double quotes, a number, true, false, null, {…} or […]",
    "Expecting ':'": "a colon is needed here",
    "Expecting ','": "a comma or the closing bracket is needed here",
    "Illegal trailing comma": "nothing follows this comma; take it out",
    "Extra data": "something stands here after the end of the record",
    "Unterminated string": "the text that begins here has no closing quote",
    "Invalid control character": "a text ends on its own line; write a line break as \\n",
    "Invalid \\": "a backslash stands here before a character that needs none; write it twice",
}


class UnreadableSample(ValueError):  # reads as what happened
    """What was typed is no record; the message says where and why."""


def samples_of(mapping: Mapping) -> list[dict[str, Any]]:
    """Return some records of the form that a mapping reads; none where no connector ships any."""
    return samples_between(_side(mapping.source), _side(mapping.target), mapping.key)


def samples_between(source: Dict[str, Any], target: Dict[str, Any], key: str = "") -> list[dict[str, Any]]:
    """Return some records that can be read at a source; `key` is the name of a mapping that is asked first."""
    if not source.get("entity"):
        return recorded(source)
    vendor, _, stem = key.partition(".")
    for system, name in ((vendor, stem), (str(target.get("system")), str(target.get("stream")))):
        found = [each for each in _golden(system, name) if _is_one(each, str(source["entity"]))]
        if found:
            return found[:MOST]
    return []


def recorded(side: Dict[str, Any]) -> list[dict[str, Any]]:
    """Return some records of a connector's stream, as the vendor sent them."""
    connector = registry.connectors.get(str(side.get("system")))
    stream = connector.manifest.streams.get(str(side.get("stream"))) if connector else None
    if connector is None or connector.folder is None or stream is None or stream.read is None:
        return []
    file = connector.folder / "samples" / f"{stream.name}.json"
    found = paths.find(JSON.decode(file.read_bytes()), stream.read.records) if file.exists() else None
    return [each for each in found or [] if isinstance(each, dict)][:MOST]


def read_samples(text: str) -> list[dict[str, Any]]:
    """Return typed samples; numbers with a decimal point stay exact. Raises UnreadableSample with the place."""
    try:
        found = JSON.decode(text)
    except msgspec.DecodeError:
        raise UnreadableSample(f"{NOT_READABLE}: {_place(text)}. {EXAMPLE}") from None
    except RecursionError:
        raise UnreadableSample(f"{NOT_READABLE}: it is nested too deep to be a record. Paste one record.") from None
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise UnreadableSample('This is JSON, but no record: write {"name": value, …}, or a list of such records.')
    return found


def written(value: Any) -> str:
    """Return a record as JSON that people read; exact numbers keep their digits."""
    return msgspec.json.format(ENCODER.encode(value), indent=2).decode()


def _place(text: str) -> str:
    """Return where a text is no JSON, and why: the standard library says the very character."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        why = next((words for said, words in WORDS.items() if error.msg.startswith(said)), error.msg.lower())
        return f"line {error.lineno}, character {error.colno}: {why}"
    except RecursionError:
        return "it is nested too deep"
    return "a number or a text in it is none that can be kept"


def _golden(system: str, stem: str) -> list[dict[str, Any]]:
    connector = registry.connectors.get(system)
    if connector is None or connector.folder is None or not stem:
        return []
    file = connector.folder / "golden" / f"{stem}.json"
    if "/" in stem or not file.exists():
        return []
    return [case["input"] for case in JSON.decode(file.read_bytes()).get("cases", [])]


def _is_one(record: dict[str, Any], entity: str) -> bool:
    return set(record) <= {*ENTITIES[entity].by_name, "hub"} if entity in ENTITIES else False


def _side(written: str) -> dict[str, Any]:
    """Return a side as the list of mappings writes it: "harvest time_entries", or "time_entry"."""
    system, _, stream = written.partition(" ")
    return {"system": system, "stream": stream} if stream else {"entity": written}
