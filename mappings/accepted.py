"""What values a column of a lookup table accepts: a lowest and a highest number, or a closed list of texts.

A table says so in plain data: {"rate": {"lowest": "0", "highest": "900"}, "item": {"choices": ["SVC-BLD"]}}. An amount
of money is never negative unless its table says {"lowest": null}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from canonical.entity import Kind

NUMBERS = (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER)
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
    return None if written is None else Decimal(str(written))
