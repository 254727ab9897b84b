"""Turns the findings of the JSON Schema into words for connector authors: what is wrong, what would be right."""

import json
from typing import Any

from jsonschema import ValidationError


def words_of(error: ValidationError) -> str:
    """Return what is wrong."""
    kind, value = str(error.validator), error.instance
    wanted: Any = error.validator_value
    if kind == "additionalProperties":
        return f"{_unknown(error)} is not known here."
    if kind == "required":
        return f"{_missing(error)!r} is missing."
    if kind == "propertyNames" or (kind == "pattern" and "propertyNames" in error.schema_path):
        return f"{value!r} is not a usable name."
    texts = {
        "type": f"{_short(value)} is not {_article(wanted)}.",
        "enum": f"{_short(value)} is not one of the possible values.",
        "const": f"{_short(value)} is not {_short(wanted)}.",
        "pattern": f"{_short(value)} does not have the right form.",
        "minLength": "the text is too short." if value else "the text is empty.",
        "maxLength": f"the text is longer than {wanted} characters.",
        "minItems": "the list is empty.",
        "minProperties": "nothing stands here.",
        "maxProperties": "more than one stands here.",
        "minimum": f"{_short(value)} is below {wanted}.",
        "maximum": f"{_short(value)} is above {wanted}.",
        "exclusiveMinimum": f"{_short(value)} is not above {wanted}.",
        "anyOf": "something that belongs here is missing.",
        "oneOf": f"{_short(value)} fits none of the possible forms, or more than one.",
    }
    return texts.get(kind, error.message)


def remedy_of(error: ValidationError) -> str:
    """Return what would be right."""
    kind, schema = str(error.validator), error.schema
    wanted: Any = error.validator_value
    described = schema.get("description", "") if isinstance(schema, dict) else ""
    if kind == "additionalProperties" and isinstance(schema, dict):
        return f"Known here: {', '.join(sorted(schema.get('properties', {})))}."
    if kind == "required" and isinstance(schema, dict):
        about = schema.get("properties", {}).get(_missing(error), {}).get("description", "")
        return f"Add it{': ' + about if about else ''}."
    if kind == "enum":
        return f"One of: {', '.join(map(str, wanted))}."
    if kind == "pattern":
        return f"It must match {wanted}" + (f" ({described})." if described else ".")
    if kind in ("anyOf", "oneOf"):
        return f"Give {_choices(wanted)}." if _choices(wanted) else _sentence(described)
    return _sentence(described)


def _unknown(error: ValidationError) -> str:
    known = set(error.schema.get("properties", {})) if isinstance(error.schema, dict) else set()
    unknown = [name for name in error.instance if name not in known] if isinstance(error.instance, dict) else []
    return ", ".join(repr(name) for name in unknown)


def _missing(error: ValidationError) -> str:
    instance = error.instance if isinstance(error.instance, dict) else {}
    required: Any = error.validator_value
    named = [name for name in required if name not in instance and f"{name!r} is a required" in error.message]
    return str(named[0]) if named else str(required[0])


def _choices(options: object) -> str:
    if not isinstance(options, list):
        return ""
    needs = [
        " and ".join(option["required"]) for option in options if isinstance(option, dict) and "required" in option
    ]
    return " or ".join(needs)


def _article(wanted: object) -> str:
    words = {
        "string": "a text",
        "object": "a map",
        "array": "a list",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
    }
    kinds = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(words.get(str(kind), str(kind)) for kind in kinds)


def _short(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def _sentence(described: str) -> str:
    return f"{described[0].upper()}{described[1:]}." if described else "See docs/connector-authors.md."
