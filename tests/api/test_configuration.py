"""Configuration through the API: made, read, changed and taken out as documents, by those who edit it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from governance.calendars import NO_DAY
from governance.models import AuditEntry, LegalEntity, User, WeekdayHours
from governance.rights import Role
from hub.api.configuration import EXAMPLES
from mappings.models import LookupTable
from mappings.tables import NewRow, add_rows
from routes.models import Route
from tests.api.test_tokens import told
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
PLACE = "/api/system/v1/configuration"
SECRET = "1234567.pt.do-not-tell-anybody"
HARVEST = {
    "slug": "harvest", "name": "Harvest", "connector": "harvest", "legal_entity": "HP-DE", "auth": "token",
    "answers": {"account": "123456", "contact": "integration@halden-partner.example"},
    "windows": [{"reason": "backup", "weekday": "Sunday", "from_time": "02:00", "minutes": 90}],
}  # fmt: skip
Ask = Callable[..., Any]


def asking(user: User) -> Ask:
    """Return a function that calls the API as a person."""
    client = Client(raise_request_exception=False)
    client.force_login(user)

    def ask(method: str, place: str, body: Any = None, **headers: str) -> Any:
        given = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return getattr(client, method)(f"{PLACE}/{place}", headers=named, **given)

    return ask


@pytest.fixture
def ask() -> Ask:
    company("HP-DE")
    return asking(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))


def test_connection_is_made_read_changed_and_taken_out_and_its_secret_is_never_told(ask: Ask) -> None:
    made = ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    assert (made.status_code, made["Location"]) == (201, f"{PLACE}/connections/harvest"), made.content
    assert made.json() == HARVEST
    row = Connection.objects.get()
    assert row.kept_secrets() == {"token": SECRET}

    shown = ask("get", "connections/harvest")
    changed = ask("put", "connections/harvest", shown.json() | {"name": "Time"}, If_Match=shown["ETag"])
    assert (changed.status_code, changed.json()["name"]) == (200, "Time"), changed.content
    assert Connection.objects.get().kept_secrets() == {"token": SECRET}  # it was not sent and stays

    stale = told(ask("put", "connections/harvest", HARVEST, If_Match=shown["ETag"]), 412, "stale")
    assert stale["current"]["name"] == "Time"
    told(ask("put", "connections/harvest", HARVEST), 428, "if-match-needed")
    told(ask("delete", "connections/harvest"), 428, "if-match-needed")
    assert ask("delete", "connections/harvest", If_Match=changed["ETag"]).status_code == 204
    assert not Connection.objects.exists()
    entries = AuditEntry.objects.filter(thing_name__in=("Harvest", "Time")).order_by("pk")
    said = [(each.verb, each.channel, each.reason) for each in entries]
    assert said == [(verb, "api", "sent through the API") for verb in ("add", "change", "delete")]
    assert AuditEntry.objects.get(verb="change").after == {"name": "Time"}
    assert SECRET not in str(list(AuditEntry.objects.values())) + made.content.decode() + shown.content.decode()


def test_new_secret_takes_the_place_of_the_one_before(ask: Ask) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    answer = ask("put", "connections/harvest", HARVEST | {"secrets": {"token": "another one"}}, If_Match="*")
    assert answer.status_code == 200, answer.content
    assert Connection.objects.get().kept_secrets() == {"token": "another one"}
    entry = AuditEntry.objects.get(verb="change")
    assert "sent with the request" in str(entry.after)
    assert "another one" not in str(list(AuditEntry.objects.values()))


def test_kept_secret_does_not_follow_to_another_address(ask: Ask) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    moved = HARVEST | {"answers": HARVEST["answers"] | {"address": "https://elsewhere.example/v2"}}  # type: ignore[operator]

    refused = told(ask("put", "connections/harvest", moved, If_Match="*"), 422, "invalid-body")

    assert [(each["pointer"], each["detail"]) for each in refused["errors"]] == [
        ("/secrets/token", "Enter it again: the address has changed.")
    ]
    assert "address" not in Connection.objects.get().answers
    assert (
        ask("put", "connections/harvest", moved | {"secrets": {"token": "a new one"}}, If_Match="*").status_code == 200
    )
    assert Connection.objects.get().kept_secrets() == {"token": "a new one"}


@pytest.mark.parametrize("reference", ["env:HOME", "file:/etc/passwd"])
def test_caller_reads_neither_the_hubs_environment_nor_its_files(ask: Ask, reference: str) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": reference}})
    assert Connection.objects.get().kept_secrets() == {"token": reference}  # a text like any other
    told(ask("post", "connections", HARVEST | {"slug": "b", "secrets": {"token": {"secret": reference}}}),
         422, "invalid-body")  # fmt: skip


def test_everything_that_is_wrong_is_told_at_its_place(ask: Ask) -> None:
    wrong = HARVEST | {
        "legal_entity": "HP-XX", "auth": "tokn", "concurrency": 2, "secrets": {"tokn": "secret words"},
        "answers": {"accnt": "1"},
    }  # fmt: skip
    body = told(ask("post", "connections", wrong), 422, "invalid-body")
    places = {each["pointer"] for each in body["errors"]}
    secrets, answers = (
        {"/secrets/tokn", "/secrets/token"},
        {f"/answers/{name}" for name in ("accnt", "account", "contact")},
    )
    assert places == {"/legal_entity", "/auth"} | secrets | answers
    assert "secret words" not in json.dumps(body)
    assert not Connection.objects.exists()


def test_form_is_judged_before_meaning_and_secrets_are_not_repeated(ask: Ask) -> None:
    wrong = HARVEST | {"concurrency": 0, "colour": "red", "secrets": {"token": ["secret words"]}}
    body = told(ask("post", "connections", wrong), 422, "invalid-body")
    assert {each["pointer"] for each in body["errors"]} == {"/concurrency", "/colour", "/secrets/token"}
    assert "secret words" not in json.dumps(body)
    told(ask("post", "connections", []), 422, "invalid-body")
    told(ask("post", "connections", HARVEST | {"name": "a\0b"}), 422, "invalid-body")


def test_company_that_is_not_there_is_told_beside_faults_of_form(ask: Ask) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    wrong = HARVEST | {"concurrency": "a", "colour": "red", "legal_entity": "NOPE"}
    body = told(ask("put", "connections/harvest", wrong, If_Match="*"), 422, "invalid-body")
    accepted = {each["pointer"]: each["accepted"] for each in body["errors"]}
    assert accepted.keys() == {"/concurrency", "/colour", "/legal_entity"}
    assert accepted["/legal_entity"] == "one of HP-DE"
    assert "Known here: " in accepted["/colour"]


def test_what_is_there_already_is_not_made_again_and_not_renamed(ask: Ask) -> None:
    body = HARVEST | {"secrets": {"token": SECRET}}
    first = ask("post", "connections", body, Idempotency_Key="c-1")
    again = ask("post", "connections", body, Idempotency_Key="c-1")
    assert (again.status_code, again.content) == (201, first.content)
    told(ask("post", "connections", body), 409, "not-possible")
    told(ask("put", "connections/harvest", body | {"slug": "other"}, If_Match="*"), 422, "invalid-body")
    told(ask("put", "connections/other", body | {"slug": "other"}, If_Match="*"), 404, "not-found")


def test_route_schedule_and_calendar_are_set_up(ask: Ask) -> None:
    route = {"slug": "time-events", "name": "Time", "legal_entity": "HP-DE", "canonical_entity": "time_entry"}
    assert ask("post", "routes", route).json() == route
    off = ask("put", "routes/time-events", route | {"enabled": False}, If_Match="*")
    assert (off.json()["enabled"], Route.objects.get().enabled) == (False, False)
    refused = told(ask("post", "schedules", {"route": "time-events", "every_seconds": 60}), 422, "invalid-body")
    assert "reads nothing" in refused["errors"][0]["detail"]
    hours = {"Monday": {"opens": "09:00", "closes": "17:00"}}
    calendar = {"legal_entity": "HP-DE", "country": "DE", "time_zone": "Europe/Berlin", "hours": hours}
    assert ask("post", "calendars", calendar).json() == calendar
    assert ask("put", "calendars/HP-DE", calendar | {"subdivision": "BE"}, If_Match="*").json()["subdivision"] == "BE"
    wrong = told(ask("post", "routes", route | {"slug": "b", "canonical_entity": "nothing"}), 422, "invalid-body")
    assert [each["pointer"] for each in wrong["errors"]] == ["/canonical_entity"]


@pytest.mark.parametrize("hours", [{}, {"hours": {}}], ids=["left out", "empty"])
def test_calendar_has_one_working_day_of_the_week_at_least(ask: Ask, hours: dict[str, Any]) -> None:
    calendar = {"legal_entity": "HP-DE", "country": "DE", "time_zone": "Europe/Berlin"}
    worked = {"hours": {"Monday": {"opens": "09:00", "closes": "17:00"}}}
    [error] = told(ask("post", "calendars", calendar | hours), 422, "invalid-body")["errors"]
    assert (error["pointer"], error["detail"]) == ("/hours", NO_DAY)
    draft = ask("post", "changes", {"kind": "calendar", "document": calendar | hours})
    assert NO_DAY in " ".join(draft.json()["problems"])
    assert ask("post", "calendars", calendar | worked).status_code == 201
    [error] = told(ask("put", "calendars/HP-DE", calendar | hours, If_Match="*"), 422, "invalid-body")["errors"]
    assert error["pointer"] == "/hours"
    WeekdayHours.objects.all().delete()  # as one that was made before it was asked for
    assert ask("put", "calendars/HP-DE", calendar | hours, If_Match="*").status_code == 200


def test_table_is_redefined_without_touching_its_rows(ask: Ask) -> None:
    table = {"name": "service_items", "title": "Items", "key_columns": ["task"], "value_columns": {"item": "text"}}
    assert ask("post", "tables", table).json() == table
    row = LookupTable.objects.get()
    add_rows(row, [NewRow(("Build",), {"item": "SVC-BLD"})], by=User.objects.get(username="ingrid"))
    changed = ask("put", "tables/service_items", table | {"title": "Service items"}, If_Match="*")
    assert changed.json() == table | {"title": "Service items"}
    assert row.rows.in_force().count() == 1
    assert ask("delete", "tables/service_items", If_Match="*").status_code == 204
    told(ask("get", "tables/service_items"), 404, "not-found")
    assert row.rows.count() == 1, "they explain what was posted"


def test_address_of_what_was_made_can_be_asked_as_it_stands(ask: Ask) -> None:
    table = {
        "name": "codes", "legal_entity": "HP-DE", "title": "Codes", "key_columns": ["task"],
        "value_columns": {"item": "text"},
    }  # fmt: skip
    made = ask("post", "tables", table)
    assert made.status_code == 201, made.content
    assert made["Location"] == f"{PLACE}/tables/codes%20HP-DE"
    assert ask("get", made["Location"].removeprefix(f"{PLACE}/")).status_code == 200


def test_cut_off_of_a_company_whose_code_has_a_blank_keeps_its_address(ask: Ask) -> None:
    """Such codes are of older releases; people and programs have written down addresses by them."""
    for code in ("HP", "HP DE"):
        LegalEntity.objects.create(code=code, name=code, country="DE", currency="EUR")
    cut_off = {**EXAMPLES["cut_offs"], "legal_entity": "HP DE", "name": "Payroll"}
    place = "cut-offs/HP%20DE%20Payroll"
    made = ask("post", "cut-offs", cut_off)
    assert (made.status_code, made["Location"]) == (201, f"{PLACE}/{place}"), made.content
    again = told(ask("post", "cut-offs", cut_off), 409, "not-possible")
    assert again["detail"].startswith("A cut-off Payroll of HP DE is there already.")
    assert ask("get", place).json() == cut_off
    changed = ask("put", place, cut_off | {"number": 5}, If_Match=made["ETag"])
    assert (changed.status_code, changed.json()["number"]) == (200, 5), changed.content

    other = ask("post", "cut-offs", cut_off | {"legal_entity": "HP", "name": "DE Payroll"})
    assert other["Location"] == f"{PLACE}/{place}", "two could be meant: it is the one of that very name"
    assert ask("get", place).json()["legal_entity"] == "HP"
    apart = "cut-offs/Payroll%1FHP%20DE"
    assert ask("get", apart).json()["legal_entity"] == "HP DE"
    assert ask("delete", place, If_Match=other["ETag"]).status_code == 204
    assert ask("delete", place, If_Match=changed["ETag"]).status_code == 204
    told(ask("get", place), 404, "not-found")


def test_company_that_is_needed_stays(ask: Ask) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    kept = told(ask("delete", "legal-entities/HP-DE", If_Match="*"), 409, "not-possible")
    assert "is used by" in kept["detail"]


def test_list_goes_by_name_a_page_at_a_time(ask: Ask) -> None:
    for code in ("HP-GB", "HP-US"):
        company(code)
    first = ask("get", "legal-entities?size=2").json()
    assert [each["code"] for each in first["items"]] == ["HP-DE", "HP-GB"]
    rest = ask("get", first["next"].removeprefix(f"{PLACE}/")).json()
    assert ([each["code"] for each in rest["items"]], rest["next"]) == (["HP-US"], None)
    told(ask("get", "legal-entities?cursor=WzFd"), 400, "bad-parameter")


def test_others_read_and_change_nothing(ask: Ask) -> None:
    ask("post", "connections", HARVEST | {"secrets": {"token": SECRET}})
    viewer = asking(person("Viktor Lang", Role.VIEWER, company("HP-DE")))
    foreign = asking(person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-US")))
    for method in ("get", "put", "delete"):
        body = HARVEST if method == "put" else None
        told(viewer(method, "connections/harvest", body, If_Match="*"), 403, "not-allowed")
        told(foreign(method, "connections/harvest", body, If_Match="*"), 404, "not-found")
    told(viewer("get", "connections"), 403, "not-allowed")
    told(viewer("post", "connections", HARVEST | {"slug": "b"}), 403, "not-allowed")
    assert foreign("get", "connections").json() == {"items": [], "next": None}
    told(foreign("post", "connections", HARVEST | {"slug": "b"}), 422, "invalid-body")  # no such company for them
    own = HARVEST | {"slug": "b", "legal_entity": "HP-US", "secrets": {"token": SECRET}}
    assert foreign("post", "connections", own).status_code == 201
    told(foreign("put", "connections/b", own | {"legal_entity": "HP-DE"}, If_Match="*"), 422, "invalid-body")
