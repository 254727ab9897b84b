"""Writes a canonical record as bytes and reads it back, exactly.

One record has one form: keys sorted, no spaces, decimals as text with the digits they came with, dates and times in
ISO 8601. Equal records give equal bytes, so a hash of the bytes tells whether anything changed.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import msgspec

from canonical.entities import ENTITIES
from canonical.entity import Entity, Kind

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")
_decoder = msgspec.json.Decoder()

Reader = Callable[[Any], Any]


def dumps(values: dict[str, Any]) -> bytes:
    """Return a record as JSON in UTF-8. Takes the types of `Kind`; anything else is refused with TypeError."""
    return _encoder.encode(values)


def loads(entity: Entity, data: bytes | str) -> dict[str, Any]:
    """Return the record that `dumps` was given. Fields that the entity does not know stay as JSON has them.

    Raises ValueError, naming the entity and the field, when the data is not a record of this entity.
    """
    try:
        values = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"A stored {entity.name} cannot be read: {error}. It was damaged after it was written."
        ) from error
    return _typed(entity, values)


def _typed(entity: Entity, values: Any) -> dict[str, Any]:
    """Turn the texts of decimals, dates and times into what they stand for, in place."""
    if type(values) is not dict:
        raise ValueError(f"A stored {entity.name} is not a record but {type(values).__name__}.")
    readers = _READERS.get(entity) or _READERS.setdefault(entity, _readers(entity))
    for name, reader in readers:
        value = values.get(name)
        if value is not None:
            try:
                values[name] = reader(value)
            except (ValueError, TypeError, ArithmeticError) as error:
                raise ValueError(
                    f"Field {name} of a stored {entity.name} cannot be read: {value!r} is not of kind "
                    f"{entity.by_name[name].kind}."
                ) from error
    return cast("dict[str, Any]", values)


def _readers(entity: Entity) -> tuple[tuple[str, Reader], ...]:
    return tuple((each.name, _reader(each.kind, each.references)) for each in entity.fields if each.kind not in _AS_IS)


def _reader(kind: Kind, references: str) -> Reader:
    if kind is Kind.LINES:
        line = ENTITIES[references]
        return lambda lines: [_typed(line, values) for values in lines]
    return _READER_OF[kind]


_AS_IS = {Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN}
_READER_OF: dict[Kind, Reader] = {
    Kind.DECIMAL: Decimal,
    Kind.MONEY: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
}
_READERS: dict[Entity, tuple[tuple[str, Reader], ...]] = {}  # filled as entities are read; the same for ever
