"""Writing sheets that no program takes for more than values: text stays text, whatever it begins with."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.packager import Packager
from xlsxwriter.sharedstrings import SharedStrings

Cell = str | int | Decimal | datetime | None
FORMS = {"csv": "text/csv; charset=utf-8",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip
# Where a program would read a formula in a text: at its beginning, and after what some programs take for its end. What
# begins so after apostrophes gets one more, so that each text comes back as it went out.
START = r"(?:\A|(?<=[;\t\r\n]))"
PLACES = re.compile(rf"{START}(?='*[=+\-@])|\A(?='*[\t\r\n])")
QUOTED = re.compile(rf"{START}(?='+[=+\-@])|\A(?='+[\t\r\n])")
GUARDS = re.compile(rf"{START}'(?='*[=+\-@])|\A'(?='*[\t\r\n])")
CONTROLS = "\x00-\x08\x0b-\x1f\ufffe\uffff"  # that no XML holds, and ends of lines that it changes
ESCAPED = re.compile(rf"[{CONTROLS}]|_(?=x[0-9A-Fa-f]{{4}}[_{CONTROLS}])")
EXACT = 15  # digits that a spreadsheet keeps of a number; longer ones are written as text
LONGEST = 32_767  # characters that a cell holds


def written(form: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "Exceptions") -> bytes:
    """Return a sheet in a form of FORMS; `title` is its name in a workbook."""
    return _csv(heads, rows) if form == "csv" else _xlsx(heads, rows, title)


def neutral(text: str) -> str:
    """Return a text of which no spreadsheet takes a part for a formula: with an apostrophe wherever one would begin."""
    return PLACES.sub("'", text)


def plain(text: str) -> str:
    """Return a text that comes back from a sheet without the apostrophes that were put into it there."""
    return GUARDS.sub("", text)


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


class _Texts(SharedStrings):  # type: ignore[misc]  # the library carries no types
    """The texts of a workbook, each as it is: the library takes `<r>…</r>` for marks of its own, and writes only every
    second of escapes that share a "_".
    """

    def _write_si(self, string: str) -> None:
        self._xml_si_element(_escaped(string), [("xml:space", "preserve")])


class _Packed(Packager):  # type: ignore[misc]  # as above
    """Puts the parts of a workbook together, with its texts as they are."""

    def _write_shared_strings_file(self) -> None:
        if self.workbook.str_table.count:
            texts = _Texts()
            texts.string_table = self.workbook.str_table
            texts._set_xml_writer(self._filename("xl/sharedStrings.xml"))
            texts._assemble_xml_file()


class _Workbook(xlsxwriter.Workbook):  # type: ignore[misc]  # as above
    """A workbook that writes its texts as they are."""

    def _get_packager(self) -> Packager:
        return _Packed()


def _escaped(text: str) -> str:
    """Return a text as workbooks write it: _x0007_ for what no XML holds, _x005F_ for a "_" that would begin such."""
    return ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _xlsx(heads: Sequence[str], rows: Iterable[Sequence[Cell]], title: str) -> bytes:
    place = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    book = _Workbook(place, options)
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
                sheet.write_string(number, column, QUOTED.sub("'", text)[:LONGEST])
    book.close()
    return place.getvalue()
