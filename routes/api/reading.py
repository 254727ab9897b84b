"""Reading the body of a pushed event: JSON text to canonical records, or everything that is wrong with it at once.

Pure: knows no request and no database. Numbers with a point are never made into floats; decimals are texts in the body,
as in the entity's JSON Schema, so that no digit is lost between sender and hub.
"""

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from canonical import check
from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind
from canonical.validity import accepted as accepted_in_words
from governance.api.body import check_levels
from governance.api.refusals import INVALID, UNREADABLE, FieldError, Refused
from routes.arrivals import KEY_LIMIT, joined

DIGITS = {Kind.MONEY: 14, Kind.DECIMAL: 8}  # most digits before the point, as the columns of amounts and hours hold
MOST_ERRORS = 500  # told at once; reading ends there, so that a hostile body costs little
DECIMALS = 10  # most digits after the point
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_ACCEPTED = {
    Kind.TEXT: "a text",
    Kind.INTEGER: "a whole number of at most 18 digits, without quotes",
    Kind.DECIMAL: 'a decimal number as text, such as "7.50", with at most 8 digits before the point and 10 after it',
    Kind.MONEY: 'an amount as text, such as "1250.00", with at most 14 digits before the point and 10 after it',
    Kind.DATE: 'a day as text, such as "2026-10-05"',
    Kind.DATETIME: 'a time with its zone as text, such as "2026-10-05T16:30:00Z"',
    Kind.BOOLEAN: "true or false",
    Kind.LINES: "a list of objects",
}


class Number(str):
    """A JSON number that is no small integer: kept as written, because nothing here takes one."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """Return what a body says in JSON (RFC 8259, UTF-8). Raises Refused with the position of what cannot be read."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("it is not text in UTF-8", body[: error.start].decode(), error.start) from None
    try:
        value = json.loads(
            text, parse_float=Number, parse_int=_integer, parse_constant=Number, object_pairs_hook=_object
        )
        check_levels(body, value)
    except json.JSONDecodeError as error:
        raise _unreadable(error.msg[:1].lower() + error.msg[1:], text[: error.pos], error.pos) from None
    except RecursionError:
        raise Refused(UNREADABLE, "The body is nested too deeply. Send records as flat objects.") from None
    return value


def _integer(text: str) -> int | Number:
    return int(text) if len(text.lstrip("-")) <= 18 else Number(text)


class _Repeated(dict[str, Any]):
    """An object that names a field twice; which one is meant, nobody can tell."""

    names: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeated = _Repeated(made)
    seen: set[str] = set()
    repeated.names = tuple(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return repeated


def _unreadable(why: str, before: str, position: int) -> Refused:
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Refused(
        UNREADABLE,
        f"The body cannot be read as JSON: {why} in line {line}, column {column}. Correct it there and send it again.",
        more={"position": {"offset": position, "line": line, "column": column}},
    )


def records(entity: Entity, body: bytes, *, most: int) -> list[dict[str, Any]]:
    """Return the typed canonical records of a body {"records": […]}; raises Refused with all problems at once."""
    value = parse(body)
    if not isinstance(value, dict):
        raise _invalid([FieldError("", "The body is not an object.", 'an object such as {"records": […]}')])
    errors = _repeated(value, "")
    errors += [
        FieldError(f"/{_escaped(name)}", f"The body has no field {_shown(name)}.", "the field records")
        for name in value
        if name != "records"
    ]
    found = value.get("records")
    if not isinstance(found, list) or not 1 <= len(found) <= most:
        told = f"It holds {len(found)} records." if isinstance(found, list) else "There is no list of records."
        errors.append(FieldError("/records", told, f"a list of 1 to {most} records"))
        raise _invalid(errors)
    typed = []
    for number, each in enumerate(found):
        pointer = f"/records/{number}"
        values = _typed(entity, each, pointer, errors)
        if values is not None:
            _check_key(entity, values, pointer, errors)
            typed.append(values)
    if errors:
        raise _invalid(errors)
    return typed


def _invalid(errors: list[FieldError]) -> Refused:
    count = "One thing is" if len(errors) == 1 else f"{len(errors)} things are"
    them = "it" if len(errors) == 1 else "them"
    if len(errors) >= MOST_ERRORS:
        count = f"At least {count}"
    return Refused(
        INVALID, f"{count} not as agreed; nothing was stored. Correct {them} and send it again.", errors=errors
    )


def _typed(entity: Entity, value: Any, pointer: str, errors: list[FieldError]) -> dict[str, Any] | None:
    """Return an object's values in the types of the entity's fields; what cannot be goes to `errors`."""
    if not isinstance(value, dict):
        errors.append(FieldError(pointer, "This is not an object.", f"an object with the fields of a {entity.name}"))
        return None
    errors += _repeated(value, pointer)
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, given in value.items():
        if len(errors) >= MOST_ERRORS:
            raise _invalid(errors)
        place = f"{pointer}/{_escaped(name)}"
        field = entity.by_name.get(name)
        if field is None:
            errors.append(_unknown(entity, name, place))
        elif given is None:
            values[name] = None
        elif field.kind is Kind.LINES and isinstance(given, list):
            line = ENTITIES[field.references]
            lines = [_typed(line, each, f"{place}/{number}", errors) for number, each in enumerate(given)]
            values[name] = [each for each in lines if each is not None]
            wrong.add(name)  # the lines are checked one by one, above
        elif (read := _read(field, given)) is None:
            wrong.add(name)
            errors.append(FieldError(place, f"{_shown(given)} is not accepted here.", accepted(field)))
        else:
            values[name] = read
    errors += _checked(entity, values, wrong, pointer)
    return values


def _checked(entity: Entity, values: Mapping[str, Any], wrong: set[str], pointer: str) -> list[FieldError]:
    """Return what is missing and what closed lists and patterns refuse, fields that are wrong already left out."""
    return [
        FieldError(f"{pointer}/{_escaped(each.field)}", each.message, accepted(entity.by_name[each.field]))
        for each in check(entity, {name: value for name, value in values.items() if name not in wrong})
        if each.field not in wrong
    ]


def _check_key(entity: Entity, values: Mapping[str, Any], pointer: str, errors: list[FieldError]) -> None:
    key = joined([str(values.get(name, "")) for name in entity.key])
    if len(key) > KEY_LIMIT:
        form = f"texts that have at most {KEY_LIMIT - len(entity.key) + 1} characters together"
        detail = f"Its key ({', '.join(entity.key)}) has {len(key)} characters."
        errors.append(FieldError(f"{pointer}/{entity.key[-1]}", detail, form))


def accepted(field: Field) -> str:
    """Return in words what a field takes in a body."""
    return accepted_in_words(field) if field.choices or field.pattern else _ACCEPTED[field.kind]


def _read(field: Field, given: Any) -> Any:
    """Return the value in its type, None when it has not the form."""
    return _READERS[field.kind](field, given)


def _text(field: Field, given: Any) -> str | None:
    if type(given) is not str or "\x00" in given:
        return None
    try:
        given.encode()
    except UnicodeEncodeError:  # half a surrogate pair: no text
        return None
    return given


def _number(field: Field, given: Any) -> Decimal | None:
    if type(given) is not str or not _DECIMAL.fullmatch(given):
        return None
    whole, _, after = given.lstrip("-").partition(".")
    fits = len(whole.lstrip("0")) <= DIGITS[field.kind] and len(after) <= DECIMALS
    return Decimal(given) if fits else None


def _day(field: Field, given: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(given) if type(given) is str and _DATE.fullmatch(given) else None
    except ValueError:
        return None


def _moment(field: Field, given: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(given) if type(given) is str and _MOMENT.fullmatch(given) else None
        return moment if moment is None or moment.astimezone(dt.UTC) else None
    except (ValueError, OverflowError):
        return None


def _exactly(kind: type) -> Callable[[Field, Any], Any]:
    return lambda _, given: given if type(given) is kind else None


_READERS: dict[Kind, Callable[[Field, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _exactly(int),
    Kind.DECIMAL: _number,
    Kind.MONEY: _number,
    Kind.DATE: _day,
    Kind.DATETIME: _moment,
    Kind.BOOLEAN: _exactly(bool),
    Kind.LINES: lambda *_: None,
}


def _unknown(entity: Entity, name: str, place: str) -> FieldError:
    near = difflib.get_close_matches(name[:80], entity.by_name, n=1)
    meant = f"{near[0]}, or another field" if near else "a field"
    return FieldError(
        place, f"A {entity.name} has no field {_shown(name)}.", f"{meant} of the catalogue's {entity.name}"
    )


def _repeated(value: dict[str, Any], pointer: str) -> list[FieldError]:
    names = value.names if isinstance(value, _Repeated) else ()
    return [FieldError(f"{pointer}/{_escaped(n)}", f"{_shown(n)} stands here twice.", "each field once") for n in names]


def _escaped(name: str) -> str:
    return _sound(name).replace("~", "~0").replace("/", "~1")


def _shown(value: Any) -> str:
    if isinstance(value, Number):
        return value[:80]
    if isinstance(value, dict | list):
        return "An object" if isinstance(value, dict) else "A list"
    text = _sound(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 80 else f"{text[:79]}…"


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
