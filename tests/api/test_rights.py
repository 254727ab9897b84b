"""Every operation × every role × own and foreign legal entity, and a token for another legal entity.

Who has the right gets past it (200, or what is wrong with the body or the state). Who lacks it in an entity that they
see gets 403. Who has no part in the entity gets 404, as for what does not exist.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from connectors.models import Connection
from governance import versions
from governance.actor import ENGINE
from governance.models import RoleGrant, User
from governance.roles import ROLE_RIGHTS, Right, Role
from mappings.models import LookupTable, Mapping
from routes.models import Record, Route, Run, Transaction
from tests.api.conftest import Staff
from tests.api.signing import token_of
from tests.exceptions_queue import situations
from tests.governance.people import company, person
from tests.routes.world import INWARD, World

R = Right
WHY = {"reason": "agreed"}
ID = "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"
ROW = {"key": ["Advisor", "EUR"], "values": {"rate": "250.00"}}
SYSTEM, PROCESS, ITEM = "/api/system/v1", "/api/process/v1", "/api/experience/v1/work-items/{item}"
VERSION = PROCESS + "/mappings/{mapping}/versions/1"
OPERATIONS: list[tuple[str, str, Right, Any]] = [
    ("get", SYSTEM + "/connections/{connection}", R.VIEW, None),
    ("get", SYSTEM + "/connections/{connection}/streams", R.VIEW, None),
    ("post", SYSTEM + "/connections/{connection}/tests", R.EDIT_CONFIGURATION, {}),
    ("get", SYSTEM + "/records/{record}", R.VIEW, None),
    ("get", PROCESS + "/routes/{route}", R.VIEW, None),
    ("get", PROCESS + "/routes/{route}/runs", R.VIEW, None),
    ("post", PROCESS + "/routes/{route}/runs", R.RESUBMIT, {}),
    ("get", PROCESS + "/runs/{run}", R.VIEW, None),
    ("get", PROCESS + "/transactions/{transaction}", R.VIEW, None),
    ("post", PROCESS + "/resubmissions", R.RESUBMIT, WHY | {"transactions": ["{transaction}"]}),
    ("get", PROCESS + "/tables/{table}/rows", R.VIEW, None),
    ("post", PROCESS + "/tables/{table}/rows", R.EDIT_TABLES, {"rows": [ROW]}),
    ("post", PROCESS + "/tables/{table}/row-approvals", R.APPROVE_TABLES, WHY | {"rows": [1]}),
    ("post", PROCESS + "/tables/{table}/row-refusals", R.APPROVE_TABLES, WHY | {"rows": [1]}),
    ("post", PROCESS + "/tables/{table}/row-withdrawals", R.EDIT_TABLES, WHY | {"rows": [1]}),
    ("get", PROCESS + "/mappings/{mapping}/versions", R.VIEW, None),
    ("post", PROCESS + "/mappings/{mapping}/versions", R.EDIT_CONFIGURATION, {"content": INWARD}),
    ("get", VERSION, R.VIEW, None),
    ("put", VERSION, R.EDIT_CONFIGURATION, {"content": INWARD}),
    ("post", VERSION + "/submissions", R.EDIT_CONFIGURATION, {}),
    ("post", VERSION + "/approvals", R.APPROVE_CONFIGURATION, {}),
    ("post", VERSION + "/returns", R.APPROVE_CONFIGURATION, WHY),
    ("post", VERSION + "/withdrawals", R.EDIT_CONFIGURATION, {}),
    ("post", VERSION + "/publications", R.PUBLISH_CONFIGURATION, {}),
    ("post", VERSION + "/rollbacks", R.PUBLISH_CONFIGURATION, WHY),
    ("post", VERSION + "/retirements", R.PUBLISH_CONFIGURATION, WHY),
    ("get", ITEM, R.VIEW, None),
    ("get", ITEM + "/members", R.VIEW, None),
    ("post", ITEM + "/assignments", R.WORK_QUEUE, {}),
    ("post", ITEM + "/resubmissions", R.RESUBMIT, WHY),
    ("post", ITEM + "/waivers", R.WAIVE, WHY),
    ("post", ITEM + "/approvals", R.APPROVE, WHY),
    ("post", ITEM + "/corrections", R.EDIT_OVERLAY, WHY | {"field": "hours", "value": "7.50"}),
    ("post", ITEM + "/period-moves", R.EDIT_OVERLAY, WHY),
    ("post", ITEM + "/outcomes", R.RESUBMIT, {"failure": ID, "happened": True, "reference": "4711"}),
    ("post", ITEM + "/cross-references", R.EDIT_TABLES, {"external_id": "8812"}),
    ("post", ITEM + "/table-rows", R.EDIT_TABLES, {"values": {"rate": "250.00"}}),
    ("post", ITEM + "/row-corrections", R.EDIT_TABLES, WHY | {"row": 1, "values": {"rate": "250.00"}}),
    ("post", ITEM + "/row-approvals", R.APPROVE_TABLES, WHY),
    ("post", ITEM + "/row-refusals", R.APPROVE_TABLES, WHY),
    ("post", ITEM + "/probes", R.OPERATE, WHY),
    ("post", ITEM + "/tries", R.RESUBMIT, WHY),
    ("post", ITEM + "/readings", R.RESUBMIT, WHY),
]


@pytest.fixture
def names(make_world: Callable[..., World], staff: Staff) -> dict[str, Any]:
    """Return what the German company has, by the names in the addresses."""
    germany, world = company("HP-DE"), make_world()
    Route.objects.update(legal_entity=germany)
    Connection.objects.update(legal_entity=germany)
    item = situations.missing_rate(world)
    LookupTable.objects.update(legal_entity=germany)
    Mapping.objects.create(
        key="time-in", title="Time in", legal_entity=germany, source="ledger time_entries", target="time_entry"
    )
    versions.draft(kind="mapping", object_key="time-in", content=INWARD, by=ENGINE, legal_entity=germany)
    run = Run.objects.create(
        route=world.route, legal_entity=germany, created_at=item.first_seen, ended_at=item.first_seen, state="done"
    )
    return {
        "connection": world.route.connection.slug,
        "route": world.route.slug,
        "record": Record.objects.all()[0].pk,
        "transaction": Transaction.objects.all()[0].pk,
        "run": run.pk,
        "table": LookupTable.objects.get().pk,
        "mapping": "time-in",
        "item": item.number,
    }


def status(client: Client, operation: tuple[str, str, Right, Any], names: dict[str, Any], **headers: str) -> int:
    """Call an operation, undo what it did, and return its status."""
    method, address, _, body = operation
    given = {} if method == "get" else {"data": _named(json.dumps(body), names), "content_type": "application/json"}
    with transaction.atomic():
        answer = getattr(client, method)(address.format(**names), headers={"If-Match": "*"} | headers, **given)
        transaction.set_rollback(True)
    return int(answer.status_code)


def _named(text: str, names: dict[str, Any]) -> str:
    return text.replace("{transaction}", str(names["transaction"]))


def test_every_operation_of_the_document_on_one_thing_is_in_the_matrix() -> None:
    from hub.api.described import document

    known = {(method, address.replace("/1", "/{number}") if "versions/1" in address else address)
             for method, address, _, _ in OPERATIONS}  # fmt: skip
    known = {(method, _shape(address)) for method, address in known}
    there = {
        (method, _shape(path))
        for path, methods in document()["paths"].items()
        for method in methods
        if "{" in path and not path.endswith("/events") and "/events/" not in path
    }
    assert there - known == set()


def _shape(address: str) -> str:
    return "/".join("*" if part.startswith("{") else part for part in address.split("/"))


@pytest.mark.parametrize("role", list(Role))
def test_role_may_what_its_rights_say_and_nothing_elsewhere(names: dict[str, Any], role: Role, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    own, foreign = Client(raise_request_exception=False), Client(raise_request_exception=False)
    own.force_login(person("Anna Own", role, company("HP-DE")))
    foreign.force_login(person("Fred Foreign", role, company("HP-US")))
    wrong = []
    for operation in OPERATIONS:
        method, address, right, _ = operation
        got = status(own, operation, names)
        allowed = got < 500 and got not in (401, 403, 404)
        expected = right in ROLE_RIGHTS[role]
        if allowed != expected or (not expected and got != 403):
            wrong.append(f"own: {method} {address}: {got}")
        if (got := status(foreign, operation, names)) != 404:
            wrong.append(f"foreign: {method} {address}: {got}")
    assert wrong == []


def test_token_for_another_entity_finds_nothing_though_the_roles_would(names: dict[str, Any], settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    everything = User.objects.create(username="everybody")
    for role in Role:
        RoleGrant.objects.create(user=everything, role=role, legal_entity=None, granted_by="engine:engine")
    token = token_of(everything, "system:read", "system:write", "process:read", "process:write", "experience:read",
                     "experience:write", "entity:HP-US")  # fmt: skip
    client = Client(raise_request_exception=False)
    got = {(o[0], o[1]): status(client, o, names, Authorization=f"Bearer {token}") for o in OPERATIONS}
    assert {operation: found for operation, found in got.items() if found != 404} == {}
