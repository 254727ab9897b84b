"""The entities are declared consistently, and refuse inconsistent declarations."""

import pytest
from jsonschema import Draft202012Validator

from canonical import catalogue, json_schema
from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_entity_is_complete(entity: Entity) -> None:
    assert entity.meaning
    assert entity.key
    for field in entity.fields:
        assert field.meaning, field.name
        assert not field.references or field.references in ENTITIES, field.name
        assert field.kind is not Kind.MONEY or (field.unit.startswith("currency") and "currency" in entity.by_name)
        assert not field.pattern or field.unit, f"{field.name} needs a unit that says its form in words"
    Draft202012Validator.check_schema(json_schema(entity))


def test_every_entity_but_the_legal_entity_belongs_to_one() -> None:
    assert all(e.by_name["legal_entity"].required for name, e in ENTITIES.items() if name != "legal_entity")


def test_catalogue_lists_every_field_once() -> None:
    paths = [entry.path for entry in catalogue()]

    assert len(paths) == len(set(paths)) == sum(len(entity.fields) for entity in ENTITIES.values())
    assert "time_entry.hours" in paths
    assert {entry.path for entry in catalogue() if entry.is_key and entry.entity.name == "time_entry"} == {
        "time_entry.legal_entity",
        "time_entry.entry_id",
    }


def test_entity_refuses_a_field_twice_and_a_key_that_may_be_missing() -> None:
    field = Field("code", Kind.TEXT, "Code")
    with pytest.raises(ValueError, match="twice"):
        Entity("thing", 1, (), (field, field), "A thing")
    with pytest.raises(ValueError, match="required field"):
        Entity("thing", 1, ("code",), (field,), "A thing")
