"""Connections, routes and runs through the API: without secrets, with books that add up, and marked when they leave."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.utils import timezone

from connectors.models import Connection
from governance.models import AuditEntry
from routes import cursors, spans
from routes.models import Run, StreamCursor
from tests.api.conftest import Staff
from tests.api.signing import get, post, token_of
from tests.api.test_tokens import told
from tests.routes.world import World

CONNECTIONS = "/api/system/v1/connections"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def test_connection_tells_no_secret_and_no_answer(world: World, staff: Staff) -> None:
    Connection.objects.filter(slug="time").update(answers={"base_url": "http://inside.example"})
    row = Connection.objects.get(slug="time")
    row.secrets = {"token": "s3cret-of-the-time-tool"}
    row.save()
    token = token_of(staff.ingrid)
    for place in (CONNECTIONS, f"{CONNECTIONS}/time", f"{CONNECTIONS}/time/streams"):
        answer = get(place, token)
        assert answer.status_code == 200
        assert "s3cret" not in answer.content.decode()
        assert "inside.example" not in answer.content.decode()
    streams = {each["name"]: each for each in get(f"{CONNECTIONS}/time/streams", token).json()["items"]}
    assert "read" in streams["time_entries"]["capabilities"]


def test_trying_a_connection_says_in_words_what_came_of_it(world: World, staff: Staff) -> None:
    answer = post(f"{CONNECTIONS}/time/tests", token_of(staff.ingrid), {})
    assert answer.json()["ok"] is False
    assert answer.json()["message"]
    assert AuditEntry.objects.get(verb="test").channel == "api"


def test_connection_is_paused_and_goes_on(world: World, staff: Staff) -> None:
    token = token_of(staff.olga)
    paused = post(f"{CONNECTIONS}/time/pauses", token, {"reason": "release of the ERP"})
    assert (paused.json()["paused"], paused.json()["paused_reason"]) == (True, "release of the ERP"), paused.content
    told(post(f"{CONNECTIONS}/time/pauses", token, {"reason": "again"}), 409, "not-possible")
    told(post(f"{CONNECTIONS}/time/pauses", token, {}), 422, "invalid-body")
    assert post(f"{CONNECTIONS}/time/releases", token, {}).json()["paused"] is False
    told(post(f"{CONNECTIONS}/time/releases", token, {}), 409, "not-possible")
    told(post(f"{CONNECTIONS}/time/probes", token, {}), 409, "not-possible")  # the hub does not leave it alone
    told(post(f"{CONNECTIONS}/time/pauses", token_of(staff.clara), {"reason": "mine"}), 403, "not-allowed")
    assert [each.channel for each in AuditEntry.objects.filter(verb__in=("pause", "resume"))] == ["api", "api"]


def test_run_is_asked_for_once_and_read_with_its_books(world: World, staff: Staff) -> None:
    token, place = token_of(staff.ingrid), f"/api/process/v1/routes/{world.route.slug}/runs"
    answer = post(place, token, {})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting"), answer.content
    assert post(place, token, {}).json()["id"] == answer.json()["id"]
    assert Run.objects.get().trigger == "api"
    shown = get(answer["Location"], token).json()
    assert (shown["balanced"], shown["books"][0]["destination"], shown["books"][0]["difference"]) == (True, "Ledger", 0)


DAYS = {"window_from": "2026-10-01", "window_to": "2026-10-31"}


@pytest.mark.parametrize(
    ("open_", "asked", "told_of"),
    [({}, DAYS, "on from where the last one ended"), (DAYS, {}, "from 2026-10-01 to 2026-10-31."),
     (DAYS, DAYS | {"window_to": "2026-10-30"}, "from 2026-10-01"),
     (DAYS | {"compares": True}, DAYS, "looks for what has vanished"), (DAYS, DAYS | {"compares": True}, "10-31.")],
)  # fmt: skip
def test_run_that_reads_other_days_than_the_open_one_is_refused_and_not_dropped(
    world: World, staff: Staff, monkeypatch: pytest.MonkeyPatch, open_: Any, asked: Any, told_of: str
) -> None:
    monkeypatch.setattr(spans, "_reads_days", lambda route: True)
    token, place = token_of(staff.ingrid), f"/api/process/v1/routes/{world.route.slug}/runs"
    first = post(place, token, open_)
    assert post(place, token, open_).json()["id"] == first.json()["id"], "it reads the same"
    detail = told(post(place, token, asked, Idempotency_Key="october"), 409, "not-possible")["detail"]
    assert "is under way already" in detail
    assert told_of in detail
    Run.objects.update(state="done", due_at=None, ended_at=timezone.now())
    made = post(place, token, asked, Idempotency_Key="october").json()
    assert (made["window_from"], made["window_to"]) == (asked.get("window_from"), asked.get("window_to"))
    assert Run.objects.count() == 2


def test_run_reads_from_the_start_where_it_is_asked_so(world: World, staff: Staff) -> None:
    cursors.move(world.route.pk, {"since": "2031-01-01T00:00:00Z"}, "")
    place = f"/api/process/v1/routes/{world.route.slug}/runs"
    assert post(place, token_of(staff.ingrid), {"from_start": True}).status_code == 202
    assert not StreamCursor.objects.exists()


def test_run_of_a_route_that_is_switched_off_is_refused_in_words(world: World, staff: Staff) -> None:
    token, place = token_of(staff.ingrid), f"/api/process/v1/routes/{world.route.slug}/runs"
    assert post(place, token, {}).status_code == 202
    type(world.route).objects.filter(pk=world.route.pk).update(enabled=False)
    assert "is switched off" in told(post(place, token, {}), 409, "not-possible")["detail"]
    told(post(place, token_of(staff.olga), {}), 403, "not-allowed")
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"window_from": "2026-10-01"}, "/window_to"), ({"compares": True}, "/compares"),
     ({"window_from": "2026-10-02", "window_to": "2026-10-01"}, "/window_to"), ({"compares": "yes"}, "/compares"),
     (DAYS | {"from_start": True}, "/from_start")],
)  # fmt: skip
def test_window_that_is_none_is_told_by_field(world: World, staff: Staff, body: dict[str, Any], pointer: str) -> None:
    answer = post(f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid), body)
    assert [each["pointer"] for each in told(answer, 422, "invalid-body")["errors"]] == [pointer]
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("first", "last", "pointer"),
    [("0001-01-01", "9999-12-31", "/window_from"), ("1969-12-31", "2026-10-01", "/window_from"),
     ("2026-10-01", "9999-12-31", "/window_to")],
)  # fmt: skip
def test_days_that_nothing_can_be_read_of_are_told_when_asked(
    world: World, staff: Staff, first: str, last: str, pointer: str
) -> None:
    body = {"window_from": first, "window_to": last}
    answer = post(f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid), body)
    assert [each["pointer"] for each in told(answer, 422, "invalid-body")["errors"]] == [pointer]
    assert not Run.objects.exists()


def test_stream_that_is_not_read_by_days_is_told_when_asked(
    world: World, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, token = f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid)
    days = {"window_from": "2026-10-01", "window_to": "2026-10-31"}
    monkeypatch.setattr(spans, "_reads_days", lambda route: False)
    errors = told(post(place, token, days), 422, "invalid-body")["errors"]
    assert [each["pointer"] for each in errors] == ["/window_from"]
    assert "cannot be asked for by days" in errors[0]["detail"]
    told(post(place, token_of(staff.olga), days), 403, "not-allowed")
    assert not Run.objects.exists()
    assert post(place, token, {}).status_code == 202


def test_name_that_stands_twice_in_a_body_is_refused(world: World, staff: Staff) -> None:
    place, token = f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid)
    answer = post(place, token, '{"compares": false, "compares": false}')
    assert "“compares”" in told(answer, 400, "unreadable-body")["detail"]
    assert not Run.objects.exists()


def test_operation_that_leaves_says_when_and_what_to_use_instead(world: World, staff: Staff) -> None:
    from hub.api.described import document

    answer = get(f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid))
    assert answer.status_code == 200
    assert answer["Deprecation"] == "@1796083200"
    assert parsedate_to_datetime(answer["Sunset"]).isoformat() == "2027-06-01T00:00:00+00:00"
    assert '</api/process/v1/runs>; rel="successor-version"' in answer["Link"]
    assert document()["paths"]["/api/process/v1/routes/{slug}/runs"]["get"]["deprecated"] is True


def test_operation_that_leaves_says_so_where_it_refuses_too(world: World, staff: Staff) -> None:
    from hub.api.described import document

    place, token = f"/api/process/v1/routes/{world.route.slug}/runs", token_of(staff.ingrid)
    refused = [
        get(f"{place}?bogus=1", token),
        get("/api/process/v1/routes/nowhere/runs", token),
        get(place, "no-token"),
    ]
    assert [each.status_code for each in refused] == [400, 404, 401]
    for answer in refused:
        assert answer["Deprecation"] == "@1796083200"
        assert "Sunset" in answer.headers
        assert 'rel="successor-version"' in answer["Link"]
    assert "Deprecation" not in post(place, token, {"compares": "x"}).headers
    told_of = document()["paths"]["/api/process/v1/routes/{slug}/runs"]
    assert all("Deprecation" in each["headers"] for each in told_of["get"]["responses"].values())
    assert not any("Deprecation" in each["headers"] for each in told_of["post"]["responses"].values())
