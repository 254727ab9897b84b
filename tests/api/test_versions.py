"""Mappings through the API: versions go the same way as in the admin; nobody overwrites what they have not read."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance.models import Version
from tests.api.conftest import Staff
from tests.api.signing import get, post, token_of
from tests.api.test_tokens import told
from tests.routes.world import INWARD, World

PLACE = f"/api/process/v1/mappings/{INWARD['name']}/versions"
CHANGED = INWARD | {"meaning": "changed"}


@pytest.fixture
def draft(make_world: Callable[..., World], staff: Staff) -> tuple[str, dict[str, Any], str]:
    """Return the address of a draft, what it says, and its ETag."""
    from mappings.models import Mapping

    make_world()
    Mapping.objects.get_or_create(
        key=str(INWARD["name"]), defaults={"title": "Time in", "source": "ledger time_entries", "target": "time_entry"}
    )
    answer = post(PLACE, token_of(staff.ingrid), {"content": INWARD, "note": "first"})
    assert answer.status_code == 201, answer.content
    return answer["Location"], answer.json(), answer["ETag"]


def put(address: str, token: str, body: Any, **headers: str) -> Any:
    given = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return Client(raise_request_exception=False).put(address, json.dumps(body), "application/json", headers=given)


def test_edit_needs_the_state_that_was_read(draft: Any, staff: Staff) -> None:
    address, shown, tag = draft
    token = token_of(staff.ingrid)
    told(put(address, token, {"content": CHANGED}), 428, "if-match-needed")
    told(put(address, token, {"content": CHANGED}, If_Match="nonsense"), 400, "bad-header")
    stale = put(address, token, {"content": CHANGED}, If_Match='"0123456789abcdef0123456789abcdef"')
    assert told(stale, 412, "stale")["current"] == shown
    assert stale["ETag"] == tag
    done = put(address, token, {"content": CHANGED, "note": "second"}, If_Match=tag)
    assert done.status_code == 200, done.content
    assert done.json()["content"]["meaning"] == "changed"
    told(put(address, token, {"content": INWARD}, If_Match=tag), 412, "stale")
    assert get(address, token)["ETag"] == done["ETag"] != tag


def test_mapping_that_cannot_run_is_refused_with_every_problem(draft: Any, staff: Staff) -> None:
    count = Version.objects.count()
    answer = post(PLACE, token_of(staff.ingrid), {"content": {"name": "x", "nonsense": 1, "fields": "all"}})
    assert len(told(answer, 422, "invalid-body")["errors"]) > 1
    assert Version.objects.count() == count


def test_nobody_approves_another_state_than_they_have_read(draft: Any, staff: Staff) -> None:
    address, _, _ = draft
    ingrid, clara = token_of(staff.ingrid), token_of(staff.clara)
    post(f"{address}/submissions", ingrid, {"note": "x"})
    read = get(address, clara)["ETag"]
    back = post(f"{address}/withdrawals", ingrid, {})
    assert put(address, ingrid, {"content": CHANGED}, If_Match=back["ETag"]).status_code == 200
    sent = post(f"{address}/submissions", ingrid, {"note": "x"})
    stale = post(f"{address}/approvals", clara, {"reason": "read"}, **{"If-Match": read})
    assert told(stale, 412, "stale")["current"]["content"]["meaning"] == "changed"
    assert post(f"{address}/approvals", clara, {"reason": "read"}, **{"If-Match": sent["ETag"]}).status_code == 200


def test_version_goes_from_draft_to_published_by_two_people_and_no_client(draft: Any, staff: Staff) -> None:
    address, _, _ = draft
    ingrid, clara = token_of(staff.ingrid), token_of(staff.clara)
    told(post(f"{address}/publications", ingrid, {}), 409, "not-possible")
    assert post(f"{address}/submissions", ingrid, {"note": "please look"}).json()["state"] == "submitted"
    read = {"If-Match": get(address, clara)["ETag"]}
    told(post(f"{address}/approvals", ingrid, {}, **read), 403, "not-allowed")
    for nothing in ({}, {"If-Match": "*"}):
        told(post(f"{address}/approvals", clara, {"reason": "unread"}, **nothing), 428, "if-match-needed")
    assert post(f"{address}/approvals", clara, {"reason": "read"}, **read).json()["approved_by"] == "Clara Voss"
    past = post(f"{address}/publications", ingrid, {"at": "2025-12-31T23:00:00Z"})
    assert told(past, 422, "invalid-body")["errors"][0]["pointer"] == "/at"
    assert get(address, ingrid).json()["state"] == "approved", "a year that was mistyped puts nothing in force"
    assert post(f"{address}/publications", ingrid, {}).json()["state"] == "published"
    told(post(f"{address}/submissions", ingrid, {}), 409, "not-possible")
    told(post(f"{address}/submissions", token_of(staff.viktor), {}), 404, "not-found")
