"""Values that no database and no sum takes: NUL in a text, numbers without end, amounts of absurd size."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from exceptions_queue.handling_forms import SnoozeForm
from exceptions_queue.models import ApprovalPolicy, Yardstick
from exceptions_queue.query.words import understood
from exceptions_queue.sheets.cells import plain_number
from governance.models import User
from governance.rights import Role
from mappings.field_table import FieldRow, constant_of, is_exact
from mappings.models import LookupTable, Mapping
from tests.api.test_tokens import told
from tests.door import marks
from tests.exceptions_queue.test_query import NOW
from tests.governance.people import company, person
from tests.routes.world import INWARD

pytestmark = pytest.mark.django_db
ODD = (
    "0e9999999999", "-0e9999999999", "1e400", "1e-400", "1e999999999999999999", "9" * 5000, "0." + "1" * 5000, "NaN",
    "Infinity", "-inf", "0e99999999999999999999", "1_000", "٣",
)  # fmt: skip
Send = Callable[[str, bytes], Any]


@pytest.fixture
def ingrid() -> User:
    company("HP-DE")
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True)


@pytest.fixture
def send(ingrid: User) -> Send:
    """Return a function that sends a body as it is written."""
    client = Client(raise_request_exception=False)
    client.force_login(ingrid)
    return lambda place, body: client.post(place, body, "application/json")


def content_with(field: dict[str, Any], **more: Any) -> bytes:
    fields = [field, *(each for each in INWARD["fields"] if each["to"] != field["to"])]
    return json.dumps({"content": INWARD | {"fields": fields} | more, "note": ""}).encode()


def test_mapping_holds_no_nul_and_no_number_without_end(send: Send) -> None:
    Mapping.objects.create(key=str(INWARD["name"]), title="In", source="ledger time_entries", target="time_entry")
    place = f"/api/process/v1/mappings/{INWARD['name']}/versions"
    first = INWARD["fields"][0]["to"]

    wrong = told(send(place, content_with({"to": first, "value": "a\0b"})), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/content/fields/0/value"]
    wrong = told(send(place, content_with(INWARD["fields"][0], meaning="\0")), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/content/meaning"]
    wrong = told(send(place, content_with({"to": first, "a\0/b~": 1})), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/content/fields/0"]
    for number in (b"1e999", b"-1e400", b"NaN", b"Infinity", b"9" * 5000):
        body = content_with({"to": first, "value": 7}).replace(b'"value": 7', b'"value": ' + number)
        told(send(place, body), 400, "unreadable-body")
    for number in (b"0.12345678901234567890", b"1e-400", b"-9007199254740993.0", b"1e-99999999999999999999"):
        body = content_with({"to": first, "value": 7}).replace(b'"value": 7', b'"value": ' + number)
        assert "more digits than are kept" in told(send(place, body), 400, "unreadable-body")["detail"]
    for number in (b"0.10", b"1.5e3", b"0.30000000000000004", b"-0.0"):
        body = content_with({"to": first, "value": 7}).replace(b'"value": 7', b'"value": ' + number)
        assert send(place, body).status_code in (201, 422), number[:20]
    for number in (b"1e308", b"9" * 4000, b"0e9999999999"):
        body = content_with({"to": first, "value": 7}).replace(b'"value": 7', b'"value": ' + number)
        assert send(place, body).status_code in (201, 422), number[:20]


def test_constant_that_people_type_is_a_number_only_where_it_is_kept_exactly() -> None:
    for text in (*ODD, "inf", "nan", "+Infinity"):
        assert not is_exact(text) or Decimal(text).is_finite(), text
        kept = constant_of(FieldRow(kind="constant", constant="number", source=text))
        json.dumps(kept, allow_nan=False)
    assert not is_exact("inf")
    assert is_exact("12.5")


@pytest.mark.parametrize("odd", ODD)
def test_amounts_of_forms(odd: str, ingrid: User) -> None:
    client = Client()
    client.force_login(ingrid)

    address = "/admin/exceptions_queue/approvalpolicy/add/"
    form = {"name": "Above", "deeds": ["waivers"], "amount_from": odd}
    assert client.post(address, marks(client, address) | form).status_code in (200, 302)
    assert ApprovalPolicy.objects.exists() == (odd in ("0e9999999999", "-0e9999999999", "1_000", "٣"))
    for row in ApprovalPolicy.objects.all():
        assert client.get(f"/admin/exceptions_queue/approvalpolicy/{row.pk}/change/").status_code == 200

    weights = {"money": "30", "deadline": "30", "share": "10", "again": "10", "days": "10", "currency": "EUR"}
    weights |= {"nothing_below": odd, "all_above": odd, "reason": "so", "keep": "1"}
    assert client.post("/queue/order/", marks(client, "/queue/order/") | weights).status_code in (200, 302, 409, 422)
    assert client.get("/queue/order/").status_code == 200
    assert Yardstick.objects.count() <= 1

    snooze = SnoozeForm({"until": "2030-01-01", "above_amount": odd, "reason": "x"})
    assert snooze.is_valid() == (snooze.errors == {})
    if "above_amount" not in snooze.errors:
        assert abs(snooze.cleaned_data["above_amount"]) < 10**16


@pytest.mark.parametrize("odd", ODD)
def test_amounts_of_tables(odd: str, ingrid: User) -> None:
    client = Client()
    client.force_login(ingrid)
    columns = {
        "column-TOTAL_FORMS": "2", "column-INITIAL_FORMS": "0", "column-0-name": "role", "column-0-kind": "key",
        "column-1-name": "rate", "column-1-kind": "money", "column-1-lowest": odd, "column-1-highest": odd,
    }  # fmt: skip
    form = {"title": "Odd", "name": "odd", "approval": "above_amount", "approval_column": "rate",
            "approval_amount": odd, "company": "", "reason": "x"} | columns  # fmt: skip
    answer = client.post("/tables/new/", marks(client, "/tables/new/") | form)
    assert answer.status_code in (200, 302, 422), answer.content[-500:]
    for row in LookupTable.objects.all():
        assert client.get(f"/tables/{row.pk}/definition/").status_code == 200

    document = {"name": "other", "title": "Other", "key_columns": ["role"], "value_columns": {"rate": "money"}}
    for lowest, amount in ((odd, "7"), ("0", odd)):
        asked = document | {
            "accepted": {"rate": {"lowest": lowest}}, "approval": "above_amount", "approval_column": "rate",
            "approval_amount": amount,
        }  # fmt: skip
        answer = client.post("/api/system/v1/configuration/tables", json.dumps(asked), "application/json")
        assert answer.status_code in (201, 409, 422), answer.content
        if odd in ("NaN", "Infinity", "-inf"):
            assert answer.status_code == 422


@pytest.mark.parametrize("odd", ODD)
def test_amounts_of_lines_sheets_and_the_api(odd: str, send: Send) -> None:
    for line in (f"amount:{odd}", f"amount:>{odd}", f"amount:{odd}..{odd}", f"worth:<{odd}"):
        assert understood(line, NOW).wrong or odd == "1_000", line
    assert len(plain_number(odd)) <= 5010

    for body in (
        {"currency": "EUR", "nothing_below": odd}, {"currency": "EUR", "all_above": odd},
    ):  # fmt: skip
        answer = send("/api/experience/v1/order-trials", json.dumps(body).encode())
        assert answer.status_code == 422 or odd in ("1_000", "٣"), answer.content
