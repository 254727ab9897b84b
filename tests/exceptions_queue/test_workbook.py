"""Workbooks that nobody saved in good faith: each is refused in words, with little memory, and none is believed."""

import io
import re
import tracemalloc
import zipfile
from decimal import Decimal

import pytest

from exceptions_queue.sheets import reading, stamps, workbook
from exceptions_queue.sheets.workbook import UnreadableSheet, rows_of
from exceptions_queue.sheets.writing import FORMS, written

BOOK = '<workbook xmlns:r="urn:r"><sheets><sheet name="Lines" sheetId="1" r:id="rId1"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>'


def packed(sheet: bytes, texts: bytes | None = None, **more: bytes) -> bytes:
    """Return a workbook of one sheet, packed as small as it gets."""
    parts = {"xl/workbook.xml": BOOK.encode(), "xl/_rels/workbook.xml.rels": RELATIONS.encode()}
    parts |= {"xl/worksheets/sheet1.xml": sheet} | ({} if texts is None else {"xl/sharedStrings.xml": texts}) | more
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return kept.getvalue()


def rows(*cells: str) -> bytes:
    return f"<worksheet><sheetData><row r='1'>{''.join(cells)}</row></sheetData></worksheet>".encode()


def read(content: bytes) -> list[list[workbook.Cell]]:
    return rows_of(content, most_rows=100, most_columns=10)


def test_small_workbook_is_read() -> None:
    texts = b"<sst><si><t>Hou</t><t>rs</t><rPh><t>aua</t></rPh></si></sst>"
    sheet = rows('<c r="A1" t="s"><v>0</v></c>', '<c r="C1"><v>7.5999999999999996</v></c>')
    assert read(packed(sheet, texts)) == [["Hours", None, Decimal("7.6")]]


@pytest.mark.parametrize("where", ["sheet", "texts"])
def test_file_that_grows_when_unpacked_is_refused_before_it_has_grown(where: str) -> None:
    """A file of some hundred kilobytes unpacks to 200 MB; no more than a part of it is ever held."""
    much = b"<sst>" + b"<si><t>" + b" " * (200 * 1024**2) + b"</t></si></sst>"
    bomb = packed(much) if where == "sheet" else packed(rows(), much)
    del much
    assert len(bomb) < 500_000
    tracemalloc.start()
    with pytest.raises(UnreadableSheet, match="more than 40 MB"):
        read(bomb)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 4 * workbook.MOST_UNPACKED


def test_entities_that_would_grow_are_not_looked_at() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><worksheet><row><c t="str"><v>&l9;</v></c></row></worksheet>'
    with pytest.raises(UnreadableSheet, match="cannot be read"):
        read(packed(sheet.encode()))
    outside = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + rows('<c t="str"><v>&f;</v></c>')
    with pytest.raises(UnreadableSheet, match="cannot be read"):
        read(packed(outside))


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        (b"<worksheet><row r='1048576'><c r='A1048576'><v>1</v></c></row></worksheet>", "more than 100 rows"),
        (rows('<c r="XFD1"><v>1</v></c>'), "more than 10 columns"),
        (rows('<c r="A1" t="s"><v>4</v></c>'), "cannot be read"),
        (rows('<c r="A1" t="s"><v>-1</v></c>'), "cannot be read"),
        (b"<worksheet><row>", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_cells_far_off_and_torn_parts_are_refused(sheet: bytes, said: str) -> None:
    with pytest.raises(UnreadableSheet, match=said):
        read(packed(sheet, b"<sst><si><t>one</t></si></sst>"))


def test_empty_row_far_below_costs_nothing() -> None:
    """Programs write the format of rows that hold nothing."""
    sheet = b"<worksheet><row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'/></worksheet>"
    assert read(packed(sheet)) == [[Decimal(1)]]


@pytest.mark.parametrize("number", ["1e999999999", "NaN", "Infinity", "9" * 5000, "0x10"])
def test_numbers_that_are_none_stay_texts(number: str) -> None:
    (row,) = read(packed(rows(f'<c r="A1"><v>{number}</v></c>')))
    assert row in ([number], [Decimal(0)]) or not isinstance(row[0], Decimal)


def test_lying_lengths_and_torn_files_are_refused() -> None:
    whole = packed(rows('<c r="A1"><v>1</v></c>'))
    for harmed in (
        whole[: len(whole) // 2],
        whole[:10] + b"\xff" * 40 + whole[50:],
        b"PK\x03\x04",
        b"PK" + b"\0" * 999,
    ):
        with pytest.raises(UnreadableSheet):
            read(harmed)
    with pytest.raises(UnreadableSheet, match="more than 5 MB"):
        reading.read(b"PK" + b"\0" * reading.MOST_BYTES)


def test_first_sheet_is_looked_for_inside_the_file_alone() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS.replace("worksheets/sheet1.xml", "../../../etc/hostname"))
    with pytest.raises(UnreadableSheet, match="cannot be read"):
        read(kept.getvalue())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [
    "a\r\nb", "x\x01y", "_x0041_", "a_x0000_b", "_xD83D_", "'+1 day", "''=1", "=1", "-2", "'", "'a",
    "x;=HYPERLINK(1)", "x;'=1", "a\t@b", "line\n=2", "a;-5;+6", "plain",
    "_x005F_x0041_", "_x0041\x01", "_x005F_x005F_x005f_", "<r>a & b</r>", "<r><t>a</t></r>", "a\rb",
])  # fmt: skip
def test_text_comes_back_as_it_went_out(form: str, text: str) -> None:
    [(_, [_, back])] = reading.read(written(form, ("Id", "Note"), [("m1", text)])).rows
    assert stamps.mark(str(back)) == stamps.mark(text)
    assert str(back).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_no_part_of_a_line_is_a_formula_where_a_program_splits_it_at_semicolons() -> None:
    content = written("csv", ("Id", "Note"), [("m1", text) for text in ("x;=1+1", "x;'=1", "a\n=2", "b;\t+3")]).decode()
    for line in content.splitlines():
        for part in re.split(r"[;\t,]", line):
            assert not part.strip('"').startswith(("=", "+", "-", "@")), line
