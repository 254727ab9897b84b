"""What stands in a cell, as text that a person would type in the field: however their spreadsheet writes it.

A number that may mean two things is not guessed at.
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from canonical.entity import Field, Kind
from exceptions_queue.sheets.workbook import Cell
from routes.right_values import NUMBERS

EMPTY = "(empty)"  # what a cell says to empty its field; an empty cell changes nothing
YES, NO = {"true", "wahr", "vrai", "yes", "ja", "oui", "x", "1"}, {"false", "falsch", "faux", "no", "nein", "non", "0"}
BEGIN = date(1899, 12, 30)  # the day from which spreadsheets count; right from 1900-03-01 on
DAYS = re.compile(r"[1-9][0-9]{4}(\.0+)?")  # a day as a spreadsheet counts it: from 1927 to 2173
DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
SLASHED = re.compile(r"[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}")
ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00)?)?")
GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+|-?[0-9]{1,3}(,[0-9]{3}){2,}")
GROUPED_BY_POINTS = re.compile(r"-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|-?[0-9]{1,3}(\.[0-9]{3}){2,}")
ONE_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
TWO_WAYS = {".": re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}"), ",": re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")}
BLANKS = str.maketrans("", "", " \u00a0\u202f'’")


class Doubtful(ValueError):
    """What stands in a cell may mean two things; the message says which."""


def text_of(spec: Field, value: Any) -> str:
    """Return a canonical value as it stands in a sheet and is compared with what comes back; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if spec.kind in NUMBERS:
        return plain_number(str(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value).strip()


def typed_text(spec: Field, cell: Cell, *, comma: bool) -> str:
    """Return what a cell says of a field, as a person would type it; "" for an empty one. Raises Doubtful.

    `comma`: the sheet's numbers have a comma for a point.
    """
    if cell is None or cell == "":
        return ""
    if spec.kind in NUMBERS:
        return str(cell) if isinstance(cell, bool) else _number(cell, comma)
    if spec.kind is Kind.BOOLEAN:
        return _yes(cell)
    if spec.kind is Kind.DATE:
        return _day(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else cell


def plain_number(text: str) -> str:
    """Return a plain number without zeros that say nothing; what is none as it is."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    if not number.is_finite() or abs(number.adjusted()) > 40:
        return text
    return f"{number.normalize():f}" if number else "0"


def _number(cell: str | Decimal, comma: bool) -> str:
    if isinstance(cell, Decimal):
        return plain_number(str(cell))
    text = cell.translate(BLANKS)
    if TWO_WAYS["," if comma else "."].fullmatch(text):
        other = text.replace(",", "").replace(".", "")
        raise Doubtful(f"“{cell}” may mean {text.replace(',', '.')} or {other}. Write it without a mark for thousands, "
                       f"such as {text.replace(',', '.')}0 or {other}.0.")  # fmt: skip
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif GROUPED_BY_POINTS.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif ONE_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return plain_number(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text, re.ASCII) else cell


def _yes(cell: str | Decimal | bool) -> str:
    word = str(cell).casefold()
    return "yes" if word in YES else "no" if word in NO else str(cell)


def _day(cell: str | Decimal | bool) -> str:
    text = str(cell)
    if DAYS.fullmatch(text):
        return (BEGIN + timedelta(days=int(text.partition(".")[0]))).isoformat()
    if ISO.fullmatch(text):
        return text[:10]
    if dotted := DOTTED.fullmatch(text):
        day, month, year = map(int, dotted.groups())
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            return text
    if SLASHED.fullmatch(text) and not ISO.fullmatch(text):
        raise Doubtful(f"“{text}” does not say which is the month. Write the day as 2026-10-05.")
    return text
