"""Bodies of requests: JSON objects whose fields are read strictly. What is wrong is told all at once, by field."""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.request import Request

from governance.api import body
from governance.api.refusals import INVALID_BODY, UNREADABLE, FieldError, Refused
from governance.filtering import ID, MOMENT

REASON = "Kept in the history, for those who read this later."
MOST_BYTES = 1024 * 1024
WITHOUT_NUL = "texts without it"
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Form(serializers.Serializer[Any]):
    """A body. A field that it does not know is refused, not passed over."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the typed values. Raises ValidationError with everything that is wrong."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": ["An object is needed."]})
        unknown = {
            name: [f"There is no such field. There are: {', '.join(self.fields) or 'none'}."]
            for name in data
            if name not in self.fields
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**error.detail, **unknown}) from None  # type: ignore[dict-item]  # a dict here
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


class Text(serializers.CharField):
    """A text; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        """Return the text."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Exact(Text):
    """A text that something is found by: blanks at its ends are part of it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        """Refuse blanks alone, where a text is needed."""
        if isinstance(data, str) and data and not data.strip() and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)


class Yes(serializers.BooleanField):
    """true or false; words and numbers are neither."""

    def to_internal_value(self, data: Any) -> bool:
        """Return it."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Id(serializers.UUIDField):
    """The id of a row, as the API writes it."""

    def to_internal_value(self, data: Any) -> UUID:
        """Return the id."""
        if not isinstance(data, str) or not ID.fullmatch(data):
            self.fail("invalid", value=data)
        return UUID(data)


class Whole(serializers.IntegerField):
    """A whole number; a text is none."""

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time with its zone: "2026-10-05T16:30:00Z"."""

    def to_internal_value(self, value: Any) -> Any:
        """Return the time."""
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ssZ")
        return super().to_internal_value(value)


class Day(serializers.DateField):
    """A calendar day: "2026-10-05"."""

    def to_internal_value(self, value: Any) -> Any:
        """Return the day."""
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


@extend_schema_field({"type": "object", "additionalProperties": True})
class Anything(serializers.JSONField):
    """An object whose form something else decides."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the object."""
        if not isinstance(data, dict):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class Texts(serializers.DictField):
    """Texts by name."""

    child = Text(max_length=1000, allow_blank=True)


class ReasonBody(Form):
    """Why."""

    reason = Text(required=False, default="", max_length=500, allow_blank=True, help_text=REASON)


SAMPLES = {"reason": "as agreed with the client", "note": "Rates of 2027", "at": "2036-12-31T23:00:00Z"}


def sample(form: type[Form]) -> dict[str, str] | None:
    """Return an example of the body of a step, which says why and when; None where it has none."""
    return {str(name): SAMPLES[str(name)] for name in form().fields} or None


class MustReasonBody(Form):
    """Why; a reason is needed."""

    reason = Text(max_length=500, help_text=REASON)


def read(request: Request, form: type[Form], context: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Return a body's bytes and its values. Raises Refused (400, 411, 413, 415, 422)."""
    content, value = parsed(request)
    asked = form(data=value, context={"request": request, **context})
    if not asked.is_valid():
        errors = list(_told(asked, asked.errors))
        first = errors[0]
        raise Refused(INVALID_BODY, f"{first.pointer or 'The body'}: {first.detail} Nothing was done.", errors=errors)
    return content, dict(asked.validated_data)


def parsed(request: Request) -> tuple[bytes, Any]:
    """Return a body's bytes and what it says, {} where there is none. Raises Refused (400, 411, 413, 415, 422)."""
    content = b""
    if request.META.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in request.META:
        content = body.read(request._request, most=MOST_BYTES)
    return content, _parsed(content) if content else {}


def refused(errors: ValidationError, form: type[Form]) -> Refused:
    """Return the refusal (422) of what a verb finds wrong with the values of a body, each at its field.

    A name may be a path (`filter/state`); what is accepted at such a place, the words tell.
    """
    fields = form().fields
    told = errors.message_dict if hasattr(errors, "error_dict") else {"": errors.messages}
    found = [
        FieldError(
            "" if name in ("", NON_FIELD_ERRORS) else f"/{name}",
            words,
            _accepted(fields[name]) if name in fields else "" if "/" in name else _only(fields),
        )
        for name, several in told.items()
        for words in several
    ]
    return Refused(INVALID_BODY, f"{found[0].pointer or 'The body'}: {found[0].detail} Nothing was done.", errors=found)


def _is_kept(text: str, found: float) -> bool:
    """Return whether a number is the one that was written, and none that only comes near it."""
    try:
        return Decimal(text) == Decimal(repr(found))
    except ArithmeticError:  # an exponent without end
        return False


def _parsed(content: bytes) -> Any:
    def no_number(text: str) -> Any:
        raise ValueError(f"{text} is no number of JSON")

    def a_number(text: str) -> float:
        if not math.isfinite(found := float(text)):
            raise ValueError(f"{text[:40]} is larger than any number that is kept")
        if not _is_kept(text, found):
            raise ValueError(f"{text[:40]} has more digits than are kept; write fewer, or a text where one is taken")
        return found

    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"the name “{name[:80]}” stands more than once in one object")
            found[name] = value
        return found

    try:
        value = json.loads(
            content.decode(), parse_constant=no_number, parse_float=a_number, object_pairs_hook=once_each
        )
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
        body.check_levels(content, value)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused(
            UNREADABLE, f"The body cannot be read as JSON: {why[:200]}. Correct it and send it again."
        ) from None
    if b"\\u0000" in content and (place := _nul(value)) is not None:
        words = "A text holds the character NUL, which is part of no text."
        raise Refused(INVALID_BODY, f"{words} Nothing was done.", errors=[FieldError(place, words, WITHOUT_NUL)])
    return value


def _nul(value: Any, place: str = "") -> str | None:
    """Return the pointer of the first text with a NUL, or of the object with such a name; None where there is none."""
    if isinstance(value, str):
        return place if "\0" in value else None
    if isinstance(value, dict):
        if any("\0" in name for name in value):
            return place
        inner = ((pointed(name), each) for name, each in value.items())
    else:
        inner = ((str(number), each) for number, each in enumerate(value if isinstance(value, list) else ()))
    found = (_nul(each, f"{place}/{step}") for step, each in inner)
    return next((each for each in found if each is not None), None)


def pointed(name: object) -> str:
    """Return a name as it stands in a JSON Pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def _told(form: Any, errors: Any, pointer: str = "") -> Any:
    """Return what is wrong in a form, or in a list or an object within it, each with what its own place takes."""
    for name, found in errors.items():
        place = pointer if name == "non_field_errors" else f"{pointer}/{pointed(name)}"
        fields = getattr(form, "fields", {})
        known = fields.get(str(name)) if fields else getattr(form, "child", None)
        if isinstance(found, dict):
            yield from _told(known or form, found, place)
            continue
        accepted = _only(fields) if name == "non_field_errors" or known is None else _accepted(known)
        for message in found:
            yield FieldError(place, _words(message, known), accepted)


def _words(message: Any, field: Any) -> str:
    """Return in the API's words why a number or a choice is not taken; other messages as they are."""
    code = getattr(message, "code", "")
    if code == "invalid" and isinstance(field, Whole):
        return "This is no whole number."
    return {
        "min_value": f"The number is less than {getattr(field, 'min_value', '')}.",
        "max_value": f"The number is more than {getattr(field, 'max_value', '')}.",
        "max_string_length": "The number has too many digits.",
        "invalid_choice": "This is none of the values that it takes.",
    }.get(code, str(message))


def _only(fields: Mapping[str, Any]) -> str:
    return f"an object with the fields {', '.join(fields)}" if fields else "an empty object"


def _between(field: Any) -> str:
    """Return the bounds of a number in words: " from 1 to 500"; "" where there are none."""
    ends = (("from", getattr(field, "min_value", None)), ("to", getattr(field, "max_value", None)))
    return "".join(f" {word} {end}" for word, end in ends if end is not None)


def _accepted(field: serializers.Field[Any, Any, Any, Any]) -> str:
    """Return in words what a field takes."""
    if isinstance(field, serializers.ChoiceField):
        return f"one of {', '.join(map(str, field.choices))}"
    kinds: list[tuple[type, str]] = [
        (Yes, "true or false"), (Id, "an id as the API writes it"), (Day, 'a day such as "2026-10-05"'),
        (Moment, 'a time with its zone, such as "2026-10-05T16:30:00Z"'),
        (Whole, f"a whole number{_between(field)} without quotes"),
        (Texts, "an object of texts"), (Anything, "an object"),
        (serializers.ListField, "a list"),
        (Text, f"a text of at most {getattr(field, 'max_length', None) or 1000} characters"),
    ]  # fmt: skip
    words = next((words for kind, words in kinds if isinstance(field, kind)), "the form that the document says")
    return f"{words}: {field.help_text}" if field.help_text else words
