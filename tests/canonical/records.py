"""Makes records of any entity for property tests: every kind of value, every field present, absent or empty."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
# ISO 8601 has no seconds in an offset, and no calendar of ours needs them.
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - hypothesis wants naive bounds
    timezones=st.one_of(st.just(UTC), zones),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def records(entity: Entity) -> st.SearchStrategy[dict[str, Any]]:
    """Return records that `check` accepts."""
    required = {field.name: values(field) for field in entity.fields if field.required}
    optional = {field.name: st.none() | values(field) for field in entity.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(_with_currency(entity))


def values(field: Field) -> st.SearchStrategy[Any]:
    """Return values that a field accepts."""
    if field.choices:
        return st.sampled_from(field.choices)
    if field.pattern:
        return st.from_regex(field.pattern, fullmatch=True)
    return {
        Kind.TEXT: texts.filter(str.strip if field.required else bool),
        Kind.INTEGER: st.integers(-(2**53), 2**53),
        Kind.DECIMAL: decimals,
        Kind.MONEY: decimals,
        Kind.DATE: st.dates(),
        Kind.DATETIME: moments,
        Kind.BOOLEAN: st.booleans(),
        Kind.LINES: st.lists(st.deferred(lambda: records(ENTITIES[field.references])), max_size=2),
    }[field.kind]


def _with_currency(entity: Entity):
    def complete(record: dict[str, Any]) -> dict[str, Any]:
        if "currency" in entity.by_name and not record.get("currency"):
            record["currency"] = "EUR"
        return record

    return complete
