"""Reading a sheet that comes back, CSV or XLSX: rows of cells, and whether its numbers have a comma for a point."""

import csv
import io
from dataclasses import dataclass

from exceptions_queue.sheets.workbook import Cell, UnreadableSheet, rows_of
from exceptions_queue.sheets.writing import plain

MOST_BYTES = 5 * 1024 * 1024  # of a file
MOST_ROWS = 10_001  # the heads among them
MOST_COLUMNS = 100
LONGEST = 2000  # characters of a cell
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a sheet."""

    heads: list[str]
    rows: list[tuple[int, list[Cell]]]  # with their numbers as a spreadsheet counts them; empty ones are left out
    comma: bool = False  # its numbers have a comma for a point


def read(content: bytes) -> Grid:
    """Return the cells of a file. Raises UnreadableSheet with what to do."""
    if len(content) > MOST_BYTES:
        raise UnreadableSheet(f"The file has more than {MOST_BYTES // 1024**2} MB. Send it in parts.")
    if content.startswith(b"PK"):
        found, comma = rows_of(content, most_rows=MOST_ROWS, most_columns=MOST_COLUMNS), False
    else:
        found, comma = _csv(content)
    if not found:
        raise UnreadableSheet("The file is empty. Send the sheet with its heads.")
    heads = ["" if each is None else str(each).strip() for each in found[0]]
    rows = [
        (number, [_bare(each) for each in row])
        for number, row in enumerate(found[1:], start=2)
        if any(each not in (None, "") for each in row)
    ]
    return Grid(heads, rows, comma)


def _bare(cell: Cell) -> Cell:
    """Return a cell without the apostrophes that keep it from being a formula, and without blanks around it."""
    return plain(cell.strip()) if isinstance(cell, str) else cell


def _csv(content: bytes) -> tuple[list[list[Cell]], bool]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows: list[list[Cell]] = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if len(rows) >= MOST_ROWS and any(row):
                raise UnreadableSheet(f"The sheet has more than {MOST_ROWS:,} rows. Send it in parts.")
            if len(row) > MOST_COLUMNS:
                raise UnreadableSheet(f"The sheet has more than {MOST_COLUMNS} columns. Leave those of it only.")
            rows.append(list(row))
    except csv.Error as error:
        raise UnreadableSheet("The file cannot be read as CSV: a quote is not closed. Save it anew.") from error
    return rows, delimiter == ";"


def _decoded(content: bytes) -> str:
    """Return the text of a file. Raises UnreadableSheet: guessing an encoding would change names in silence."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableSheet(
            "The file is no text in UTF-8. In the spreadsheet, choose “CSV UTF-8” when you save it, or XLSX."
        ) from error
    if "\x00" in text:
        raise UnreadableSheet("The file is no sheet: save it as CSV or XLSX.")
    return text
