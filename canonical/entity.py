"""How the hub describes a business record: entities, their fields, what kind of value each holds, who may see it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a field's value is in a record in flight."""

    TEXT = "text"  # str
    INTEGER = "integer"  # int, never bool
    DECIMAL = "decimal"  # Decimal, finite
    MONEY = "money"  # Decimal, finite; its currency stands in the record's field `currency`
    DATE = "date"  # datetime.date
    DATETIME = "datetime"  # datetime.datetime with a time zone
    BOOLEAN = "boolean"  # bool
    LINES = "lines"  # list of records of the entity that `references` names


class Mask(StrEnum):
    """The class of people a value is hidden from unless their role allows it."""

    NONE = "none"
    PAY = "pay"  # what somebody earns or costs
    PERSON = "person"  # who somebody is and how to reach them
    BANK = "bank"  # where money is paid to


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of an entity. Fields compare by identity: there is one object for each."""

    name: str
    kind: Kind
    meaning: str  # what it says about the business, in words for finance
    unit: str = ""  # hours, percent, currency per hour, ISO 4217 …; "" where the kind says it all
    mask: Mask = Mask.NONE
    required: bool = False
    references: str = ""  # the entity whose key this value is, or whose records the lines are
    choices: tuple[str, ...] = ()  # the closed list of accepted texts; empty: any
    pattern: str = ""  # regular expression that the whole text must match; "": any


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """One kind of business record in the hub's own words. `key` names the fields that make a record the same record."""

    name: str
    version: int  # rises with every change of the fields; payloads say which one they were written with
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    meaning: str
    by_name: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {each.name: each for each in self.fields}
        object.__setattr__(self, "by_name", by_name)
        if len(by_name) != len(self.fields):
            raise ValueError(f"Entity {self.name} declares a field twice; give each field its own name.")
        for name in self.key:
            if name not in by_name or not by_name[name].required:
                raise ValueError(f"Entity {self.name}: key field {name} must be a required field of the entity.")
