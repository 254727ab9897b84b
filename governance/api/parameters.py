"""Parameters of addresses: read by a FilterSet, refused where nobody knows them, and described for the document."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django_filters import Filter, FilterSet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from governance.api.refusals import BAD_PARAMETER, ParameterError, Refused
from governance.filtering import Flag, Moment, One, Several, Text, Uuid, Whole

Row = TypeVar("Row", bound=models.Model)


def refuse_unknown(request: Request, names: Iterable[str]) -> None:
    """Raise Refused (400) when the address has parameters that are not among these, all of them at once."""
    known = sorted(names)
    accepted = f"one of {', '.join(known)}" if known else "no parameters"
    errors = [
        ParameterError(_sound(name), "This address has no such parameter.", accepted)
        for name in request.query_params
        if name not in known
    ]
    if errors:
        raise _refused(errors)


def filtered(request: Request, kind: type[FilterSet], rows: "models.QuerySet[Row]") -> "models.QuerySet[Row]":
    """Return the rows that the address asks for. Raises Refused (400) with everything that is wrong in it."""
    filters = kind.base_filters
    errors = []
    for name, values in request.query_params.lists():
        known = filters.get(name)
        if len(values) > 1 and not isinstance(known, Several):
            errors.append(ParameterError(name, "It stands there more than once.", "one value"))
        elif not all(map(str.strip, values)):  # blanks alone are no value: what they narrow would be told whole
            errors.append(
                ParameterError(name, "It is empty.", accepted(known) if known else "a value, or leave it out")
            )
    asked = kind(request.query_params, queryset=rows, request=request)
    if not asked.is_valid():
        for name, found in asked.errors.as_data().items():
            words = " ".join(words for each in found for words in _words(each))
            errors.append(ParameterError(name, words, accepted(filters[name])))
    if errors:
        raise _refused(errors)
    return cast("models.QuerySet[Row]", asked.qs)


def _words(error: ValidationError) -> list[str]:
    """Return in the API's words why a value is not taken; what the filters of the hub say is in them already."""
    value = str((error.params or {}).get("value", ""))[:60]
    if error.code == "invalid_choice":
        return [f"“{value}” is none of its values."]
    if error.code == "max_length":
        return ["The text is too long."]
    if error.code == "null_characters_not_allowed":
        return ["A NUL character stands in it."]
    return error.messages


def one(request: Request, name: str) -> str | None:
    """Return the only value of a parameter, None where it is not given. Raises Refused (400)."""
    values = request.query_params.getlist(name)
    if len(values) > 1 or not all(map(str.strip, values)):
        raise _refused([ParameterError(name, "It is empty or stands there more than once.", "one value")])
    return values[0] if values else None


def wrong(name: str, detail: str, accepted: str) -> Refused:
    """Return the refusal (400) of one parameter."""
    return _refused([ParameterError(name, detail, accepted)])


def _refused(errors: list[ParameterError]) -> Refused:
    first = errors[0]
    return Refused(BAD_PARAMETER, f"{first.parameter}: {first.detail} Accepted: {first.accepted}.", errors=errors)


def accepted(known: Filter) -> str:
    """Return in words what a parameter takes."""
    schema = schema_of(known)
    if schema.get("type") == "array":
        schema = schema["items"]
    if schema["type"] == "integer":
        return "a whole number from 1 on"
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    return {
        "uuid": "an id such as 0197a1c2-0000-7000-8000-000000000000",
        "date-time": "a time with its zone, such as 2026-10-05T16:30:00Z",
    }.get(schema.get("format", ""), f"a text of 1 to {schema.get('maxLength', 200)} characters")


def schema_of(known: Filter) -> dict[str, Any]:
    """Return the JSON Schema of a parameter."""
    if isinstance(known, Several):
        return {"type": "array", "items": {"type": "string", "enum": known.values}}
    if isinstance(known, One | Flag):
        return {"type": "string", "enum": known.values}
    if isinstance(known, Uuid):
        return {"type": "string", "format": "uuid"}
    if isinstance(known, Moment):
        return {"type": "string", "format": "date-time"}
    if isinstance(known, Whole):
        return {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
    assert isinstance(known, Text)
    return {"type": "string", "minLength": 1, "maxLength": known.longest, "pattern": r"^[^\x00]*\S[^\x00]*$"}


def described(kind: type[FilterSet]) -> list[OpenApiParameter]:
    """Return the parameters of a FilterSet for the API's document."""
    return [
        OpenApiParameter(
            name, schema_of(known), description=str(known.extra.get("help_text", "")),
            explode=True if isinstance(known, Several) else None,
        )
        for name, known in kind.base_filters.items()
    ]  # fmt: skip


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:80]
