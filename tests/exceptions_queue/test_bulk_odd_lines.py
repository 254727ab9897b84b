"""The page on which a bulk run begins, where the line that chooses is not understood."""

import pytest

from governance.roles import Role
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
LINES = ("is:nonsense", 'key:"', "amount:>x", "contract:nothing", "²:²", "(", "is:open or")


@pytest.mark.parametrize("line", LINES)
def test_line_that_is_not_understood_is_told_where_a_bulk_run_begins(line: str) -> None:
    farid = signed_in(person("Farid Amini", Role.FINANCE, company("HP-DE")))
    listed = farid.get("/queue/", {"q": line}).status_code
    sent = {"choice": "resubmissions", "reason": "agreed", "configuration": "now", "q": line, "all": "1"}
    for answer in (farid.get("/bulk-runs/new/", {"q": line, "all": "1"}), farid.post("/bulk-runs/new/", sent)):
        assert answer.status_code < 500, line
        if listed == 422 or line in LINES[:3]:
            assert answer.status_code == 422, line
            assert "is not understood" in text_of(answer)


def test_odd_names_of_a_filter_are_told_too() -> None:
    farid = signed_in(person("Farid Amini", Role.FINANCE, company("HP-DE")))
    for name, value in (("state", "x"), ("entity", "x"), ("category", "x"), ("show", "work"), ("due_before", "x")):
        assert farid.get("/bulk-runs/new/", {"all": "1", name: value}).status_code < 500, name
