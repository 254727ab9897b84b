"""What values a column of a lookup table accepts: a lowest and a highest number, or a closed list of texts.

A table says so in plain data: {"rate": {"lowest": "0", "highest": "900"}, "item": {"choices": ["SVC-BLD"]}}. An amount
of money is never negative unless its table says {"lowest": null}.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from canonical.entity import Kind

NUMBERS = (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER)
VALUE_KINDS = [Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.BOOLEAN]
NAME = re.compile(r"[^\W\d][\w -]{0,59}\Z")
KEYS = {"lowest", "highest", "choices"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one column accepts."""

    lowest: Decimal | None = None
    highest: Decimal | None = None
    choices: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return it as a form's hint; "" when anything of the column's kind is accepted."""
        if self.choices:
            return f"One of: {', '.join(self.choices)}."
        parts = []
        if self.lowest is not None:
            parts.append(f"not less than {self.lowest:,}")
        if self.highest is not None:
            parts.append(f"not more than {self.highest:,}")
        return f"{' and '.join(parts).capitalize()}." if parts else ""

    def refusal(self, value: Decimal | int | str | date | bool) -> str:
        """Return what is wrong with a typed value in words, "" when it is accepted."""
        if self.choices and value not in self.choices:
            return f"{str(value)[:60]} is not accepted here."
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            if self.lowest is not None and value < self.lowest:
                return f"{value} is less than {self.lowest:,}."
            if self.highest is not None and value > self.highest:
                return f"{value} is more than {self.highest:,}."
        return ""


def accepted_of(kind: str, given: Mapping[str, Any] | None) -> Accepted:
    """Return what a column of a kind accepts, from what its table says about it."""
    said = {"lowest": "0"} if kind == Kind.MONEY else {}
    said |= dict(given or {})
    return Accepted(_number(said.get("lowest")), _number(said.get("highest")), tuple(said.get("choices") or ()))


def column_problems(key_columns: Any, value_columns: Any) -> dict[str, list[str]]:
    """Return the mistakes in a table's columns, by field: `key_columns` are names, `value_columns` name → kind."""
    found: dict[str, list[str]] = {}
    keys = key_columns if isinstance(key_columns, list) else []
    values = value_columns if isinstance(value_columns, dict) else {}
    if not keys:
        found["key_columns"] = ["A table has at least one key column. Name it, as in role."]
    if not values:
        kinds = ", ".join(VALUE_KINDS)
        found["value_columns"] = [f"A table gives at least one column. Name it with its kind, one of: {kinds}."]
    for field, names in (("key_columns", keys), ("value_columns", list(values))):
        said = [_name_problem(each) for each in names if not isinstance(each, str) or not NAME.match(each)]
        twice = {each for each in names if names.count(each) > 1 or (field == "value_columns" and each in keys)}
        said += [
            f"{str(each)[:60]}: two columns have this name. Give each its own." for each in sorted(map(str, twice))
        ]
        if said:
            found.setdefault(field, []).extend(said)
    for name, kind in values.items():
        if not isinstance(kind, str) or kind not in {each.value for each in VALUE_KINDS}:
            words = f"{str(name)[:60]}: there is no such kind of value. Use one of: {', '.join(VALUE_KINDS)}."
            found.setdefault("value_columns", []).append(words)
    return found


def _name_problem(name: object) -> str:
    return f"{str(name)[:60]!r} is no name of a column. Begin with a letter; use letters, digits, blank, _ and -."


def definition_problems(value_columns: Mapping[str, str], accepted: Any) -> list[str]:
    """Return every mistake in what a table says about its columns."""
    if not isinstance(accepted, dict):
        return ['Write {"column": {"lowest": "0", "highest": "900"}} or {"column": {"choices": ["A", "B"]}}.']
    found = []
    for column, given in accepted.items():
        if column not in value_columns:
            found.append(f"{column}: the table has no such column. Use one of: {', '.join(value_columns)}.")
        elif not isinstance(given, dict) or given.keys() - KEYS:
            found.append(f"{column}: only lowest, highest and choices are known. Remove the others.")
        else:
            found += [f"{column}: {words}" for words in _column_problems(value_columns[column], given)]
    return found


def _column_problems(kind: str, given: Mapping[str, Any]) -> list[str]:
    choices = given.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(each, str) and each for each in choices):
        return ['choices are a list of texts. Write ["A", "B"].']
    if choices and kind != Kind.TEXT:
        return ["only a text has choices. Give a lowest and a highest number instead."]
    ends = [given.get("lowest"), given.get("highest")]
    if any(end is not None for end in ends) and kind not in NUMBERS:
        return ["only a number has a lowest and a highest value. Remove them."]
    try:
        lowest, highest = map(_number, ends)
    except InvalidOperation:
        return ["lowest and highest are numbers. Write them in quotes, as in 12.50."]
    if lowest is not None and highest is not None and lowest > highest:
        return ["the lowest value is above the highest. Exchange them."]
    return []


def _number(written: Any) -> Decimal | None:
    """Return an end. Raises InvalidOperation for what is no number, or one that no column can hold."""
    if written is None:
        return None
    number = Decimal(str(written))
    if not number.is_finite() or (number and number.adjusted() > 28):
        raise InvalidOperation
    return number
