"""Exports an entity as JSON Schema (draft 2020-12), for those who send or read canonical records through the API."""

from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.masking import HIDDEN

_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?$"
_KINDS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.DECIMAL: {"type": "string", "pattern": _DECIMAL},
    Kind.MONEY: {"type": "string", "pattern": _DECIMAL},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.DATETIME: {"type": "string", "format": "date-time"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.LINES: {"type": "array"},
}


def json_schema(entity: Entity) -> dict[str, Any]:
    """Return the schema of one record as `codec.dumps` writes it. Decimals are texts, so that no digit is lost.

    A field that is masked may hold the mask instead: what is read is valid, whoever reads it.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:throughline:canonical:{entity.name}:{entity.version}",
        "title": entity.name,
        "description": entity.meaning,
        **_object(entity),
    }


def _object(entity: Entity) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {field.name: _property(field) for field in entity.fields},
        "required": [field.name for field in entity.fields if field.required],
        "additionalProperties": False,
        "x-key": list(entity.key),
    }


def _property(field: Field) -> dict[str, Any]:
    described = _described(field)
    if field.mask is Mask.NONE:
        return described
    about: dict[str, Any] = {
        name: described.pop(name) for name in ("description", "x-unit", "x-references") if name in described
    }
    return {"anyOf": [described, {"const": HIDDEN}], **about, "x-mask": field.mask.value}


def _described(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {**_KINDS[field.kind], "description": field.meaning}
    if field.kind is Kind.LINES:
        described["items"] = _object(ENTITIES[field.references])
    elif field.references:
        described["x-references"] = field.references
    if field.pattern:
        described["pattern"] = f"^({field.pattern})$"
    if field.required and field.kind is Kind.TEXT:
        described["minLength"] = 1
        described.setdefault("pattern", r"\S")  # more than blanks
    if field.unit:
        described["x-unit"] = field.unit
    choices: list[str | None] = list(field.choices)
    if not field.required:
        described["type"] = [described["type"], "null"]
        choices.append(None)
    return {**described, "enum": choices} if field.choices else described
