"""The list as a file: exact, without a formula, in what its reader may see, and written down."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

from exceptions_queue.models import WorkItem
from exceptions_queue.pages import items as list_page
from exceptions_queue.sheets.writing import neutral
from governance.models import AuditEntry
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_pages import signed_in
from tests.exceptions_queue.test_query import items, staff

__all__ = ["items", "staff"]


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def test_sheet_says_what_the_list_says_to_its_reader(items: dict[str, WorkItem], staff: Staff) -> None:
    told = {}
    for name in ("clara", "viktor", "stranger"):
        answer = signed_in(getattr(staff, name)).get('/queue/sheets/csv/?q=is:open -worker:"Bo"')
        assert answer["Content-Disposition"].endswith('.csv"')
        told[name] = {row["No."]: row for row in rows(answer)}
    assert [len(each) for each in told.values()] == [5, 4, 1]
    number = str(items["d"].number)
    assert "Ana Ruiz" in told["clara"][number]["What is wrong"]
    assert "Ana Ruiz" not in str(told["viktor"])
    assert "95.00" not in str(told["viktor"])
    assert (told["clara"][number]["Amount"], told["clara"][number]["Currency"]) == ("5000.00", "EUR")
    assert told["clara"][number]["Further amounts"] == "1.00 CHF"
    entry = AuditEntry.objects.filter(verb="export").latest("at")
    assert entry.after == {"line": "is:open -worker:•••", "lines": 1, "form": "csv"}


def test_no_cell_is_taken_for_a_formula(items: dict[str, WorkItem], staff: Staff) -> None:
    WorkItem.objects.filter(pk=items["a"].pk).update(
        title='=HYPERLINK("http://evil.example","x")', worth=Decimal("1234567890123456.7891")
    )
    browser = signed_in(staff.clara)
    [row] = rows(browser.get(f"/queue/sheets/csv/?q={items['a'].number}"))
    assert row["What is wrong"] == '\'=HYPERLINK("http://evil.example","x")'
    assert row["Worth"] == "1234567890123456.7891"
    book = zipfile.ZipFile(io.BytesIO(browser.get(f"/queue/sheets/xlsx/?q={items['a'].number}").content))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    texts = book.read("xl/sharedStrings.xml").decode()
    assert "=HYPERLINK(" in texts
    assert "1234567890123456.7891</t>" in texts
    assert re.search(r"<v>500(\.0+)?</v>", sheet)
    assert not any("hyperlink" in name.lower() for name in book.namelist())
    for text in ("=1", "+1", "-1", "@x", "\tx", "\rx"):
        assert neutral(text) == f"'{text}"


def test_sheet_is_bounded_and_says_so(items: dict[str, WorkItem], staff: Staff, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.sheets.exporting.MOST_EXPORTED", 2)
    answer = signed_in(staff.clara).get("/queue/sheets/csv/?q=is:open")
    assert len(rows(answer)) == 2
    assert f"-first-{list_page.MOST_EXPORTED}.csv" in answer["Content-Disposition"]
    assert "at most 10,000 lines" in signed_in(staff.clara).get("/queue/").content.decode()


def test_sheet_of_a_line_that_is_not_understood_is_none(items: dict[str, WorkItem], staff: Staff) -> None:
    answer = signed_in(staff.clara).get("/queue/sheets/csv/?q=clas:x")
    assert answer.status_code == 422
    assert "Did you mean “class”?" in answer.content.decode()
    assert signed_in(staff.clara).get("/queue/sheets/pdf/?q=").status_code == 404
    assert not AuditEntry.objects.filter(verb="export").exists()
