"""A record comes back from its bytes exactly, and equal records have equal bytes."""

import math
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from canonical import check, codec, json_schema
from canonical.entities import ENTITIES, INVOICE, TIME_ENTRY
from canonical.entity import Kind, Mask
from canonical.masking import HIDDEN, mask
from tests.canonical.records import records

any_record = st.sampled_from(list(ENTITIES.values())).flatmap(
    lambda entity: st.tuples(st.just(entity), records(entity))
)
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@given(any_record)
@quick
def test_record_round_trips_exactly(case) -> None:
    entity, record = case
    again = codec.loads(entity, codec.dumps(record))

    assert again == record
    for field in entity.fields:
        assert type(again.get(field.name)) is type(record.get(field.name))
        if field.kind in (Kind.DECIMAL, Kind.MONEY) and record.get(field.name) is not None:
            assert again[field.name].as_tuple() == record[field.name].as_tuple()  # 1.50 does not become 1.5


@given(any_record)
@quick
def test_order_of_fields_does_not_change_the_bytes(case) -> None:
    _, record = case

    assert codec.dumps(dict(reversed(record.items()))) == codec.dumps(record)


@given(any_record)
@quick
def test_what_is_made_for_an_entity_passes_check_and_its_json_schema(case) -> None:
    entity, record = case

    assert check(entity, record) == []
    Draft202012Validator(json_schema(entity)).validate(_json(codec.dumps(record)))


@given(any_record, st.sets(st.sampled_from(sorted(set(Mask) - {Mask.NONE}))))
@quick
def test_what_somebody_reads_of_a_record_passes_its_json_schema_whatever_is_hidden_from_them(case, allowed) -> None:
    entity, record = case
    shown = mask(entity, _json(codec.dumps(record)), allowed)

    Draft202012Validator(json_schema(entity)).validate(shown)


def test_json_schema_lets_the_mask_in_where_a_field_has_one_and_nowhere_else() -> None:
    for entity in ENTITIES.values():
        for field in entity.fields:
            if field.kind in (Kind.DECIMAL, Kind.MONEY, Kind.LINES):
                errors = Draft202012Validator(json_schema(entity)["properties"][field.name]).iter_errors(HIDDEN)
                assert bool(list(errors)) == (field.mask is Mask.NONE), f"{entity.name}.{field.name}"


def test_fields_the_entity_does_not_know_are_kept() -> None:
    assert codec.loads(TIME_ENTRY, codec.dumps({"entry_id": "1", "retired_field": "x"}))["retired_field"] == "x"


def test_numbers_keep_their_digits() -> None:
    assert codec.dumps({"hours": Decimal("7.50")}) == b'{"hours":"7.50"}'


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_damaged_data_is_refused_with_the_entity_named(data: bytes) -> None:
    with pytest.raises(ValueError, match="time_entry"):
        codec.loads(TIME_ENTRY, data)


@pytest.mark.parametrize("data", [b'{"hours":"seven"}', b'{"worked_on":"5.10.2026"}', b'{"approved_at":7}'])
def test_damaged_value_is_refused_with_the_field_named(data: bytes) -> None:
    name = data.decode().split('"')[1]
    with pytest.raises(ValueError, match=f"Field {name} of a stored time_entry"):
        codec.loads(TIME_ENTRY, data)


def test_damaged_line_is_refused() -> None:
    with pytest.raises(ValueError, match="invoice"):
        codec.loads(INVOICE, b'{"lines":["x"]}')


def test_what_is_no_value_of_a_record_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.dumps({"hours": object()})


def test_nan_does_not_come_back_as_a_number() -> None:
    # dumps writes what check has passed; should a NaN slip by, it is a missing value and never a number.
    assert codec.loads(TIME_ENTRY, codec.dumps({"hours": math.nan})) == {"hours": None}


def _json(data: bytes) -> object:
    import json

    return json.loads(data)
