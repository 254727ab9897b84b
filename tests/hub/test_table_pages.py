"""Tables in the browser: the grid with its gaps, rows added, corrected, ended, sheets, the probe, cross-references."""

import html
import re
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import Connection
from exceptions_queue import remedies
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import Role
from mappings import cross_references, shipped
from mappings.cross_references import NewReference
from mappings.ending import CannotEnd, end_row
from mappings.models import Approval, CrossReference, LookupTable
from mappings.tables import NewRow, RowErrors, add_rows, create_table
from tests.api.signing import get, token_of
from tests.door import MARK
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def rates(approval: str = Approval.AT_ONCE, **more: Any) -> LookupTable:
    made = create_table(
        name="bill_rates", title="Rate card", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE, **more
    )
    rows = [
        NewRow(("Analyst",), {"rate": "120"}, None, date(2026, 3, 31)),
        NewRow(("Analyst",), {"rate": "130"}, date(2026, 5, 1), None),
    ]
    add_rows(made, rows, by=ENGINE)
    LookupTable.objects.filter(pk=made.pk).update(approval=approval)
    made.refresh_from_db()
    return made


def farid() -> Client:
    return signed_in(person("Farid Amini", Role.FINANCE))


def test_grid_shows_rows_gaps_and_where_they_are_used() -> None:
    shipped.install()
    table, client = rates(), farid()

    words = text_of(client.get(f"/tables/{table.pk}/"))

    assert "No row holds from 2026-04-01 to 2026-04-30" in words
    assert "Harvest time to time entries" in words
    assert "Rate card" in text_of(client.get("/tables/"))
    assert "There is no such row" in text_of(client.get(f"/tables/{table.pk}/?find=nobody"))
    assert client.get(f"/tables/{table.pk}/?show=nonsense").status_code == 404
    assert client.get(f"/tables/{table.pk}/?after=nonsense").status_code == 404


@pytest.mark.parametrize(
    ("role", "day", "says"),
    [
        ("Analyst", "2026-03-31", "gives Rate 120 (since ever to 2026-03-31)"),
        ("Analyst", "2026-04-15", "gives nothing: its rows hold"),
        ("Analyst", "2026-05-01", "gives Rate 130"),
        ("analyst", "2026-05-01", "There is no row for analyst on any day"),
        ("Partner", "2026-05-01", "waits for a second person"),
        ("Analyst", "yesterday", "Enter a valid date"),
    ],
)
def test_probe_says_which_value_applies(role: str, day: str, says: str) -> None:
    table = rates(Approval.ALWAYS)
    add_rows(table, [NewRow(("Partner",), {"rate": "300"})], by=ENGINE)

    assert says in text_of(farid().get(f"/tables/{table.pk}/", {"key_0": role, "day": day}))


def test_row_is_added_corrected_and_ended_each_with_its_reason() -> None:
    table, client = rates(), farid()
    typed = {
        "key_0": "Partner",
        "value_rate": "-5",
        "valid_from": "2026-02-01",
        "valid_to": "2026-01-01",
        "reason": "x",
    }
    wrong = client.post(f"/tables/{table.pk}/rows/", typed)
    assert wrong.status_code == 422
    form = wrong.context["form"]
    assert "less than" in str(form.errors["value_rate"])
    assert "before the first" in str(form.errors["valid_to"])
    assert 'value="-5"' in wrong.content.decode()
    right = typed | {"value_rate": "300", "valid_to": ""}
    assert client.post(f"/tables/{table.pk}/rows/", right).status_code == 302
    row = table.rows.in_force().get(key=["Partner"])
    at = f"/tables/{table.pk}/rows/{row.pk}"
    corrected = {"value_rate": "310", "valid_from": "2026-06-01", "valid_to": "", "reason": "list"}
    assert client.post(f"{at}/corrections/", corrected).status_code == 302
    newest = table.rows.in_force().get(key=["Partner"], valid_from="2026-06-01")

    early = client.post(f"/tables/{table.pk}/rows/{newest.pk}/ends/", {"last_day": "2026-05-01", "reason": "over"})
    assert "The row begins on 2026-06-01 only" in str(early.context["form"].errors["last_day"])
    assert client.post(f"/tables/{table.pk}/rows/{newest.pk}/ends/", {"last_day": "2026-08-31"}).status_code == 422
    ended = client.post(f"/tables/{table.pk}/rows/{newest.pk}/ends/", {"last_day": "2026-08-31", "reason": "over"})

    assert ended.status_code == 302
    told = [(each.values["rate"], str(each.valid_to)) for each in table.rows.in_force().filter(key=["Partner"])]
    assert told == [("300", "2026-05-31"), ("310", "2026-08-31")]
    assert AuditEntry.objects.filter(verb="end", actor_name="Farid Amini", reason="over").exists()
    gone = client.post(f"/tables/{table.pk}/rows/{newest.pk}/ends/", {"last_day": "2026-07-31", "reason": "again"})
    assert "does not count any more" in text_of(gone)


def test_ending_asks_the_right_of_the_second_person_where_the_table_does() -> None:
    table = rates(Approval.ALWAYS)
    row = table.rows.in_force().get(valid_to=None)
    assert (
        farid().post(f"/tables/{table.pk}/rows/{row.pk}/ends/", {"last_day": "2026-08-31", "reason": "x"}).status_code
        == 403
    )
    with pytest.raises(CannotEnd, match="needs a reason"):
        end_row(table, row.pk, last_day=date(2026, 8, 31), by=ENGINE, reason=" ")
    assert end_row(table, row.pk, last_day=date(2026, 8, 31), by=ENGINE, reason="x").valid_to == date(2026, 8, 31)


def test_second_person_decides_about_a_row() -> None:
    table, client = rates(Approval.ALWAYS), farid()
    clara = signed_in(person("Clara Voss", Role.CONTROLLER))
    client.post(f"/tables/{table.pk}/rows/", {"key_0": "Analyst", "value_rate": "140", "reason": "list"})
    row = table.rows.waiting().get()
    assert "takes the place of 120" in text_of(client.get(f"/tables/{table.pk}/"))
    waiting = text_of(clara.get(f"/tables/{table.pk}/?show=waiting"))
    assert "takes the place of 120 to 2026-03-31; takes the place of 130 from 2026-05-01" in waiting
    asked = text_of(clara.get(f"/tables/{table.pk}/rows/{row.pk}/approvals/"))
    assert "Takes the place of 120 to 2026-03-31; 130 from 2026-05-01" in asked
    assert client.post(f"/tables/{table.pk}/rows/{row.pk}/approvals/", {"reason": ""}).status_code == 403

    assert clara.post(f"/tables/{table.pk}/rows/{row.pk}/approvals/", {"reason": "agreed"}).status_code == 302

    assert table.rows.in_force().get().values == {"rate": "140"}
    gone = clara.post(f"/tables/{table.pk}/rows/{row.pk}/approvals/", {"reason": ""})
    assert "no longer wait for approval" in text_of(gone)


def test_sheet_is_shown_before_it_counts_and_refused_as_a_whole() -> None:
    table, client = rates(), farid()
    at = f"/tables/{table.pk}/sheets/"
    wrong = client.post(at, {"text": "role,rate\nPartner,a lot\n,5", "reason": "list"})
    assert (wrong.status_code, "Line 2: Rate" in text_of(wrong), "Line 3: Role" in text_of(wrong)) == (422, True, True)
    assert "Partner,a lot" in wrong.content.decode(), "what was typed is kept"
    text = "role,rate\nPartner,300\nAnalyst,120"
    shown = client.post(at, {"text": text, "reason": "list"})
    assert shown.status_code == 200
    assert "2 rows would change" in text_of(shown)
    assert table.rows.in_force().count() == 2

    again = {"text": text, "reason": "list", "do": "add"}
    assert client.post(at, again).status_code == 422, "it does not say what it has shown"
    assert client.post(at, again | dict(MARK.findall(shown.content.decode()))).status_code == 302

    assert {(row.key[0], row.values["rate"]) for row in table.rows.in_force()} == {
        ("Partner", "300"),
        ("Analyst", "120"),
    }
    assert "Paste rows" in text_of(client.post(at, {"text": " ", "reason": "x"}))
    latin = SimpleUploadedFile("a.csv", "role,rate\nMüller,5".encode("cp1252"))
    assert "no UTF-8 text" in text_of(client.post(at, {"file": latin, "reason": "x"}))
    good = SimpleUploadedFile("a.csv", b"\xef\xbb\xbfrole;rate\nDirector;500\n")
    assert "Director" in text_of(client.post(at, {"file": good, "reason": "x"}))


def test_table_is_made_and_defined_column_by_column() -> None:
    ingrid = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    typed = {
        "title": "Service items", "name": "items", "meaning": "", "company": "", "approval": "above_amount",
        "column-TOTAL_FORMS": "2", "column-INITIAL_FORMS": "0", "column-0-name": "task", "column-0-kind": "key",
        "column-1-name": "price", "column-1-kind": "money", "column-1-lowest": "10", "column-1-highest": "5",
        "column-0-choices": "", "column-1-choices": "",
    }  # fmt: skip
    grown = ingrid.post("/tables/new/", typed | {"do": "add"})
    assert (grown.status_code, len(grown.context["columns"])) == (200, 3)
    wrong = ingrid.post("/tables/new/", typed)
    assert wrong.status_code == 422
    assert "Say which column and which amount decide." in text_of(wrong)
    assert "The lowest value is above the highest." in text_of(wrong)
    right = typed | {"approval": "always", "column-1-highest": "900"}
    assert ingrid.post("/tables/new/", right).status_code == 302
    table = LookupTable.objects.get(name="items")
    assert (table.key_columns, table.value_columns) == (["task"], {"price": "money"})
    assert table.accepted == {"price": {"lowest": "10", "highest": "900"}}
    assert "There is a table with this name" in text_of(ingrid.post("/tables/new/", right))

    at = f"/tables/{table.pk}/definition/"
    change = {"title": "Items", "meaning": "", "approval": "above_amount", "approval_column": "price",
              "approval_amount": "100", "reason": "Small prices",
              "column-TOTAL_FORMS": "1", "column-INITIAL_FORMS": "1", "column-0-lowest": "1",
              "column-0-highest": "", "column-0-choices": ""}  # fmt: skip
    assert ingrid.post(at, change).status_code == 302

    table.refresh_from_db()
    assert (table.title, table.accepted, table.approval_column) == ("Items", {"price": {"lowest": "1"}}, "price")
    assert AuditEntry.objects.filter(verb="change", thing_kind="mappings.lookuptable").exists()
    for client in (farid(), signed_in(person("Viktor Lang", Role.VIEWER))):
        assert client.post(at, change).status_code == 403
        assert client.post("/tables/new/", right).status_code == 403


def test_cross_reference_is_added_found_and_refused_where_its_id_is_taken() -> None:
    germany = company("HP-DE")
    Connection.objects.create(
        slug="erp", name="Our ERP", connector="ledger_target", legal_entity=germany, environment="sandbox"
    )
    client = farid()
    typed = {"entity": "project", "connection": "erp", "company": "HP-DE", "key": "P-1", "external_id": "17",
             "reference": ""}  # fmt: skip
    assert client.post("/cross-references/new/", typed | {"connection": "nonsense"}).status_code == 422
    assert client.post("/cross-references/new/", typed).status_code == 302
    taken = client.post("/cross-references/new/", typed | {"key": "P-2"})
    assert "17 is P-1" in str(taken.context["form"].errors["external_id"])
    assert 'value="P-2"' in taken.content.decode()
    assert CrossReference.objects.get().external_id == "17"
    assert "P-1" in text_of(client.get("/cross-references/?id=17"))
    listed = client.get("/cross-references/").content.decode()
    [correct] = re.findall(r'href="(/cross-references/new/[?][^"]+)">Correct', listed)
    form = client.get(html.unescape(correct)).context["form"]
    assert {name: form[name].value() for name in typed} == typed, "all of it stands in the form that puts it right"
    typed |= {"entity": "time_entry", "key": "TE-1", "external_id": "18"}
    assert client.post("/cross-references/new/", typed).status_code == 302
    assert "time entry Our ERP" in text_of(client.get("/cross-references/"))
    assert "There is no such cross-reference" in text_of(client.get("/cross-references/?key=P-9"))
    assert client.get("/cross-references/?after=x").status_code == 404
    viktor = signed_in(person("Viktor Lang", Role.VIEWER))
    assert viktor.post("/cross-references/new/", typed).status_code == 403


def test_tables_of_other_companies_are_not_there() -> None:
    table = rates(legal_entity=company("HP-DE"))
    grace = signed_in(person("Grace Field", Role.FINANCE, company("HP-GB")))
    row = table.rows.in_force().first()
    assert row is not None
    for address in ("", "rows/", "sheets/", "definition/", f"rows/{row.pk}/corrections/"):
        assert grace.get(f"/tables/{table.pk}/{address}").status_code == 404, address


def test_pages_ask_the_same_queries_for_few_and_many_rows() -> None:
    shipped.install()
    table, client = rates(), farid()
    counts: dict[str, list[int]] = {}
    for size in (1, 60):
        add_rows(table, [NewRow((f"Role {size} {n}",), {"rate": "5"}) for n in range(size)], by=ENGINE)
        for address in ("/tables/", f"/tables/{table.pk}/", "/cross-references/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.setdefault(address, []).append(len(queries))
    assert all(len(set(found)) == 1 for found in counts.values()), counts
    assert max(max(found) for found in counts.values()) <= 16, counts


def test_grid_goes_on_by_key_and_shows_each_row_once(monkeypatch: Any) -> None:
    monkeypatch.setattr("hub.table_pages.grid.SIZE", 5)
    table, client = rates(), farid()
    add_rows(table, [NewRow((f"Role {n:02d}",), {"rate": "5"}) for n in range(12)], by=ENGINE)
    seen, after = [], ""
    for _ in range(10):
        answer = client.get(f"/tables/{table.pk}/", {"after": after} if after else {})
        seen += [line.row.pk for line in answer.context["lines"] if line.row]
        after = answer.context["after"]
        if not after:
            break
    assert sorted(seen) == sorted(table.rows.in_force().values_list("pk", flat=True))


BROKEN = {  # as an older release let tables be saved, and whether saying anew what is accepted mends it
    "a limit that is no number": ({"accepted": {"rate": {"lowest": "cheap"}}}, True),
    "what is accepted as a list": ({"accepted": ["rate"]}, True),
    "a kind that there is not": ({"value_columns": {"rate": "cash"}}, False),
    "columns as a list": ({"value_columns": ["rate"]}, False),
    "columns as a number": ({"value_columns": 7}, False),
}


@pytest.mark.parametrize(("saved", "mendable"), BROKEN.values(), ids=BROKEN.keys())
def test_table_that_an_older_release_broke_says_so_and_what_mends_it(saved: dict[str, Any], mendable: bool) -> None:
    table = rates()
    LookupTable.objects.filter(pk=table.pk).update(**saved)
    ingrid = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    row = table.rows.first()
    addresses = [reverse("tables:table", args=[table.pk]), reverse("tables:sheet", args=[table.pk])]
    addresses += [reverse("tables:add", args=[table.pk]), reverse("tables:change", args=[table.pk, row.pk, "ends"])]
    for address in addresses:
        answer = ingrid.get(address)
        assert answer.status_code == 409, address
        assert "Rate card cannot be used" in text_of(answer)
        assert ("Say what it accepts" if mendable else "New table") in text_of(answer)
    assert "Rate card" in text_of(ingrid.get("/tables/"))
    definition = ingrid.get(reverse("tables:definition", args=[table.pk]))
    assert definition.status_code == (200 if mendable else 409)
    table.refresh_from_db()
    with pytest.raises(RowErrors, match="Rate card cannot take rows"):
        add_rows(table, [NewRow(("Partner",), {"rate": "300"}, None, None)], by=ENGINE)


def test_broken_table_works_again_once_what_it_accepts_is_said_anew() -> None:
    table = rates()
    LookupTable.objects.filter(pk=table.pk).update(accepted={"rate": {"lowest": "cheap"}})
    ingrid = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    typed = {
        "title": "Rate card", "approval": "at_once", "column-TOTAL_FORMS": "1", "column-INITIAL_FORMS": "1",
        "column-0-highest": "900",
    }  # fmt: skip

    mended = ingrid.post(reverse("tables:definition", args=[table.pk]), typed)

    assert mended.status_code == 302
    assert "Analyst" in text_of(ingrid.get(mended.url))


def test_looking_for_a_person_finds_none_for_who_may_not_see_people() -> None:
    germany = company("HP-DE")
    table = create_table(
        name="items", title="Items", key_columns=["who", "worker_name", "code"], value_columns={"item": "text"},
        legal_entity=germany, by=ENGINE,
    )  # fmt: skip
    row = NewRow(("jane.doe@acme.example", "Jane Doe", "C-7"), {"item": "9"})
    add_rows(table, [row], by=ENGINE, reason="Jane Doe asked for it")
    source = Connection.objects.create(slug="hr", name="HR", connector="odoo", legal_entity=germany)
    cross_references.upsert(
        [NewReference(source.pk, "worker", "jane.doe@acme.example", "E-1", germany.pk)], by=ENGINE
    )  # fmt: skip
    delia = person("Delia Marsh", Role.VIEWER, germany)
    finance = person("Farid Amini", Role.FINANCE, germany)

    def found(user: Any, place: str) -> bool:
        words = text_of(signed_in(user).get(place))
        return "C-7" in words or "E-1" in words

    def listed(user: Any, place: str) -> int:
        return len(get(place, token_of(user)).json()["items"])

    at, api = f"/tables/{table.pk}/", f"/api/process/v1/tables/{table.pk}/rows"
    for place in (f"{at}?find=jane.doe@acme", f"{at}?find=jane", f"{at}?find=Jane+D", f"{at}?find=acme",
                  "/cross-references/?key=jane.doe@acme.example"):  # fmt: skip
        assert (found(finance, place), found(delia, place)) == (True, False), place
    for place in (f"{at}?find=c-7", "/cross-references/?id=E-1", "/cross-references/?key="):
        assert found(finance, place), place
        assert found(delia, place), place
    assert "asked for it" in get(api, token_of(delia)).content.decode()
    for text in (get(api, token_of(delia)).content.decode(), text_of(signed_in(delia).get(at))):
        assert "Jane" not in text
    assert "Jane Doe asked for it" in get(api, token_of(finance)).content.decode()
    references = "/api/process/v1/cross-references"
    for place in (f"{api}?key=jane.doe@acme.example", f"{references}?key=jane.doe@acme.example"):
        assert (listed(finance, place), listed(delia, place)) == (1, 0), place
    for place in (api, references, f"{references}?external_id=E-1"):
        assert (listed(finance, place), listed(delia, place)) == (1, 1), place
    olga = person("Olga Petrenko", Role.OPERATOR, germany, is_staff=True)
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, germany, is_staff=True)
    links = "/admin/mappings/crossreference/?q="
    assert [found(ingrid, links + each) for each in ("jane", "E-1")] == [True, True]
    assert [found(olga, links + each) for each in ("jane", "e-1", "")] == [False, True, True]
    probe = f"{at}?day=2026-05-01&key_0=jane.doe@acme.example&key_1=Jane+Doe&key_2="
    for code in ("C-7", "C-8"):
        assert "so nothing is told of it" in text_of(signed_in(delia).get(probe + code))
    assert "gives" in text_of(signed_in(finance).get(probe + "C-7"))


def test_pages_of_a_row_tell_no_pay_and_no_people_to_who_may_not_see_them() -> None:
    germany = company("HP-DE")
    table = create_table(
        name="costs", title="Costs", key_columns=["address"], value_columns={"cost_rate": "money"},
        legal_entity=germany, by=ENGINE,
    )  # fmt: skip
    (row,) = add_rows(table, [NewRow(("jane.doe@acme.example",), {"cost_rate": "71.5"})], by=ENGINE).in_force
    viewer, finance = (person(name, role, germany) for name, role in
                       (("Viktor Blum", Role.VIEWER), ("Farid Amini", Role.FINANCE)))  # fmt: skip
    clara = person("Clara Voss", Role.CONTROLLER, germany)
    steps = ("approvals", "refusals", "ends", "withdrawals", "corrections")

    for step in steps:
        place = f"/tables/{table.pk}/rows/{row.pk}/{step}/"
        answers = {user: signed_in(user).get(place) for user in (viewer, finance, clara)}
        assert "jane.doe" not in answers[viewer].content.decode(), step
        assert answers[viewer].status_code == 403
        assert answers[finance].status_code == (200 if step in ("ends", "withdrawals") else 403), step
        assert "71.5" not in answers[finance].content.decode(), step
        assert "71.5" in answers[clara].content.decode() or step == "corrections", step
        assert answers[clara].status_code == 200
    sheet = {"text": "address,cost_rate\njane.doe@acme.example,80\n", "reason": "as agreed"}
    shown = {user: text_of(signed_in(user).post(f"/tables/{table.pk}/sheets/", sheet)) for user in (finance, clara)}
    assert ("71.5" in shown[finance], "71.5" in shown[clara]) == (False, True)
    assert "80" in shown[finance]
    told = {user: dict(remedies.told([row], user)) for user in (viewer, finance, clara)}
    assert [each["cost_rate"] for each in told.values()] == ["•••", "•••", "71.5"]
    assert [each["address"] for each in told.values()] == ["•••", "jane.doe@acme.example", "jane.doe@acme.example"]
