"""Writing sheets that no program takes for more than values: text stays text, whatever it begins with."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import xlsxwriter

Cell = str | int | Decimal | datetime | None
FORMS = {"csv": "text/csv; charset=utf-8",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip
BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for a formula, at the beginning of a text
EXACT = 15  # digits that a spreadsheet keeps of a number; longer ones are written as text
LONGEST = 32_767  # characters that a cell holds


def written(form: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "Exceptions") -> bytes:
    """Return a sheet in a form of FORMS; `title` is its name in a workbook."""
    return _csv(heads, rows) if form == "csv" else _xlsx(heads, rows, title)


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it, where it looks like one."""
    return f"'{text}" if text.startswith(BEGINS) else text


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    place = io.StringIO()
    writer = csv.writer(place, lineterminator="\r\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([neutral(each) if isinstance(each, str) else _plain(each) for each in row])
    return ("\ufeff" + place.getvalue()).encode()  # the mark by which spreadsheets know UTF-8


def _plain(each: int | Decimal | datetime | None) -> str:
    if isinstance(each, Decimal):
        return f"{each:f}"
    return "" if each is None else each.isoformat() if isinstance(each, datetime) else str(each)


def _xlsx(heads: Sequence[str], rows: Iterable[Sequence[Cell]], title: str) -> bytes:
    place = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    book = xlsxwriter.Workbook(place, options)
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 1)
    head = book.add_format({"bold": True})
    for column, text in enumerate(heads):
        sheet.write_string(0, column, text, head)
    for number, row in enumerate(rows, start=1):
        for column, each in enumerate(row):
            if each is None or each == "":
                continue
            if isinstance(each, int) or (isinstance(each, Decimal) and len(each.as_tuple().digits) <= EXACT):
                sheet.write_number(number, column, each)
            else:
                text = each if isinstance(each, str) else _plain(each)
                sheet.write_string(number, column, text[:LONGEST])
    book.close()
    return place.getvalue()
