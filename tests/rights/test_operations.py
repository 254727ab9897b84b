"""Every operation × every role × own and foreign legal entity, and a token for another legal entity.

Who has the right gets past it (200, or what is wrong with the body or the state). Who lacks it in an entity that they
see gets 403. Who has no part in the entity gets 404, as for what does not exist.
"""

import json
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from exceptions_queue.models import ApprovalPolicy, CutOff, CutOffKind
from exceptions_queue.models.routing import FallbackTeam, RoutingRule, Team
from exceptions_queue.recurrence import Covers, Rule
from governance.actor import ENGINE
from governance.models import BusinessCalendar, RoleGrant, User
from governance.models.version import READING
from governance.roles import ROLE_RIGHTS, Right, Role
from routes import schedules
from tests.api.signing import token_of
from tests.rights.firm import Firm
from tests.rights.test_verbs import quiet
from tests.routes.world import INWARD

R = Right
WHY = {"reason": "agreed"}
ID = "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f"
ROW = {"key": ["Advisor", "EUR"], "values": {"rate": "250.00"}}
SYSTEM, PROCESS, ITEM = "/api/system/v1", "/api/process/v1", "/api/experience/v1/work-items/{item}"
VIEW = "/api/experience/v1/work-item-views/{view}"
APPROVAL = "/api/experience/v1/approval-requests/{approval}"
EMERGENCY, DEED = "/api/experience/v1/emergency-modes/{mode}", "/api/experience/v1/emergency-deeds/{deed}"
GROUPING = "/api/experience/v1/grouping-rules/{grouping}"
BULK = "/api/experience/v1/bulk-runs/{bulk}"
CORRECTION = "/api/experience/v1/corrections/{correction}"
VERSION = PROCESS + "/mappings/{mapping}/versions/1"
CHANGE = SYSTEM + "/configuration/changes/{change}"
SUBSCRIPTION, DELIVERY = PROCESS + "/subscriptions/{subscription}", PROCESS + "/deliveries/{delivery}"
OPERATIONS: list[tuple[str, str, Right, Any]] = [
    ("get", SYSTEM + "/connections/{connection}", R.VIEW, None),
    ("get", SYSTEM + "/connections/{connection}/streams", R.VIEW, None),
    ("post", SYSTEM + "/connections/{connection}/tests", R.EDIT_CONFIGURATION, {}),
    ("post", SYSTEM + "/connections/{connection}/pauses", R.OPERATE, WHY),
    ("post", SYSTEM + "/connections/{connection}/releases", R.OPERATE, {}),
    ("post", SYSTEM + "/connections/{connection}/probes", R.OPERATE, {}),
    *(
        (method, f"{SYSTEM}/configuration/{kind}/{{{name}}}", R.EDIT_CONFIGURATION, {})
        for kind, name in (
            ("connections", "connection"),
            ("routes", "route"),
            ("schedules", "route"),
            ("tables", "table_name"),
            ("legal-entities", "company"),
            ("calendars", "company"),
            ("cut-offs", "cut_off"),
            ("teams", "team"),
            ("fallback-teams", "fallback"),
            ("routing-rules", "routing"),
            ("approval-policies", "policy"),
        )
        for method in ("get", "put", "delete")
    ),
    ("get", CHANGE, R.APPROVE_CONFIGURATION, None),
    ("put", CHANGE, R.EDIT_CONFIGURATION, {"document": {}}),
    ("post", CHANGE + "/submissions", R.EDIT_CONFIGURATION, {}),
    ("post", CHANGE + "/approvals", R.APPROVE_CONFIGURATION, {}),
    ("post", CHANGE + "/returns", R.APPROVE_CONFIGURATION, WHY),
    ("post", CHANGE + "/withdrawals", R.EDIT_CONFIGURATION, {}),
    ("post", CHANGE + "/tests", R.EDIT_CONFIGURATION, {}),
    ("post", CHANGE + "/previews", R.EDIT_CONFIGURATION, {}),
    ("post", CHANGE + "/take-ups", R.EDIT_CONFIGURATION, {}),
    ("post", CHANGE + "/publications", R.PUBLISH_CONFIGURATION, {}),
    ("post", CHANGE + "/rollbacks", R.EDIT_CONFIGURATION, WHY),
    ("post", CHANGE + "/discards", R.EDIT_CONFIGURATION, {}),
    ("get", SUBSCRIPTION, R.EDIT_CONFIGURATION, None),
    ("put", SUBSCRIPTION, R.EDIT_CONFIGURATION, {}),
    ("delete", SUBSCRIPTION, R.EDIT_CONFIGURATION, None),
    ("post", SUBSCRIPTION + "/pauses", R.EDIT_CONFIGURATION, WHY),
    ("post", SUBSCRIPTION + "/releases", R.EDIT_CONFIGURATION, {}),
    ("post", SUBSCRIPTION + "/secrets", R.EDIT_CONFIGURATION, {}),
    ("post", SUBSCRIPTION + "/tests", R.EDIT_CONFIGURATION, {}),
    ("post", SUBSCRIPTION + "/redeliveries", R.EDIT_CONFIGURATION, {"since": "2026-01-01T00:00:00Z"}),
    ("get", DELIVERY, R.VIEW, None),
    ("post", DELIVERY + "/redeliveries", R.EDIT_CONFIGURATION, {}),
    ("post", DELIVERY + "/drops", R.EDIT_CONFIGURATION, WHY),
    ("get", SYSTEM + "/records/{record}", R.VIEW, None),
    ("get", PROCESS + "/routes/{route}", R.VIEW, None),
    ("get", PROCESS + "/routes/{route}/runs", R.VIEW, None),
    ("post", PROCESS + "/routes/{route}/runs", R.RESUBMIT, {}),
    ("post", PROCESS + "/routes/{route}/previews", R.EDIT_CONFIGURATION, {}),
    ("get", PROCESS + "/runs/{run}", R.VIEW, None),
    ("get", PROCESS + "/transactions/{transaction}", R.VIEW, None),
    ("post", "/api/experience/v1/transactions/{transaction}/questions", R.WORK_QUEUE, WHY),
    ("post", PROCESS + "/resubmissions", R.RESUBMIT, WHY | {"transactions": ["{transaction}"]}),
    ("get", PROCESS + "/tables/{table}/rows", R.VIEW, None),
    ("post", PROCESS + "/tables/{table}/rows", R.EDIT_TABLES, {"rows": [ROW]}),
    ("post", PROCESS + "/tables/{table}/row-approvals", R.APPROVE_TABLES, WHY | {"rows": [1]}),
    ("post", PROCESS + "/tables/{table}/row-refusals", R.APPROVE_TABLES, WHY | {"rows": [1]}),
    ("post", PROCESS + "/tables/{table}/row-withdrawals", R.EDIT_TABLES, WHY | {"rows": [1]}),
    ("post", PROCESS + "/tables/{table}/deletions", R.EDIT_CONFIGURATION, WHY),
    ("post", PROCESS + "/tables/{table}/deletion-approvals", R.APPROVE_TABLES, WHY),
    ("post", PROCESS + "/tables/{table}/deletion-refusals", R.APPROVE_TABLES, WHY),
    ("get", PROCESS + "/mappings/{mapping}", R.VIEW, None),
    ("get", PROCESS + "/mappings/{mapping}/samples", R.APPROVE_CONFIGURATION, None),  # or edit; who edits approves, too
    ("post", PROCESS + "/mappings/{mapping}/trials", R.APPROVE_CONFIGURATION, {"content": INWARD, "record": {}}),
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
    ("post", VERSION + "/discards", R.EDIT_CONFIGURATION, {}),
    ("get", APPROVAL, R.VIEW, None),
    ("post", APPROVAL + "/approvals", R.APPROVE, {}),
    ("post", APPROVAL + "/refusals", R.APPROVE, WHY),
    ("post", APPROVAL + "/withdrawals", R.WAIVE, {}),
    ("get", EMERGENCY, R.VIEW, None),
    ("post", EMERGENCY + "/endings", R.VIEW, {}),  # one's own: whoever has lost the right to it still ends it
    ("get", DEED, R.VIEW, None),
    ("post", DEED + "/confirmations", R.APPROVE, {"note": "seen"}),
    ("post", DEED + "/objections", R.APPROVE, {"note": "seen"}),
    ("post", DEED + "/questions", R.WORK_QUEUE, WHY),
    ("get", BULK, R.VIEW, None),
    ("get", BULK + "/members", R.VIEW, None),
    ("post", BULK + "/starts", R.WAIVE, {"plan": "x"}),
    ("post", BULK + "/approvals", R.APPROVE, {"plan": "x"}),
    ("post", BULK + "/refusals", R.APPROVE, WHY),
    ("post", BULK + "/pauses", R.WAIVE, WHY),
    ("post", BULK + "/resumptions", R.WAIVE, WHY),
    ("post", BULK + "/cancellations", R.WAIVE, WHY),
    ("post", BULK + "/plans", R.WAIVE, {}),
    ("get", ITEM, R.VIEW, None),
    ("get", ITEM + "/members", R.VIEW, None),
    ("get", ITEM + "/members/{failure}", R.VIEW, None),
    ("post", ITEM + "/members/{failure}/inquiries", R.WORK_QUEUE, {}),
    ("post", ITEM + "/members/{failure}/checks", R.EDIT_OVERLAY, {"field": "hours", "value": "7"}),
    ("post", ITEM + "/assignments", R.WORK_QUEUE, {}),
    ("post", ITEM + "/returns", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/waits", R.WORK_QUEUE, {"whom": "the client", "until": "2030-01-01T06:00:00Z"}),
    ("post", ITEM + "/priorities", R.WORK_QUEUE, WHY | {"priority": 80}),
    ("post", ITEM + "/priority-returns", R.WORK_QUEUE, {}),
    ("post", ITEM + "/rests", R.WORK_QUEUE, WHY | {"until": "2030-01-01T06:00:00Z"}),
    ("post", ITEM + "/resumptions", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/routings", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/comments", R.VIEW, {"text": "seen"}),
    ("post", ITEM + "/hints", R.WORK_QUEUE, {"text": "Ask the office."}),
    ("post", ITEM + "/tags", R.WORK_QUEUE, {"names": ["month-end"]}),
    ("post", ITEM + "/watchers", R.VIEW, {}),
    ("post", ITEM + "/merges", R.WORK_QUEUE, WHY | {"items": [10**9]}),
    ("post", ITEM + "/findings", R.WORK_QUEUE, {"cause_code": "late"}),
    ("post", ITEM + "/separations", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/splits", R.WORK_QUEUE, WHY | {"failures": [ID]}),
    ("post", ITEM + "/closures", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/reopenings", R.WORK_QUEUE, WHY),
    ("post", ITEM + "/trials", R.WORK_QUEUE, {}),
    ("post", ITEM + "/configurations", R.WORK_QUEUE, {}),
    ("post", ITEM + "/resubmissions", R.RESUBMIT, WHY),
    ("post", ITEM + "/waivers", R.WAIVE, WHY),
    ("post", ITEM + "/rule-waivers", R.WAIVE, WHY),
    ("post", ITEM + "/inquiries", R.RESUBMIT, WHY),
    ("post", ITEM + "/fetches", R.RESUBMIT, WHY),
    ("post", ITEM + "/links", R.RESUBMIT, WHY | {"external_id": "1"}),
    ("post", ITEM + "/approvals", R.APPROVE, WHY),
    ("post", ITEM + "/corrections", R.EDIT_OVERLAY, WHY | {"field": "hours", "value": "7.50"}),
    ("post", ITEM + "/period-moves", R.EDIT_OVERLAY, WHY),
    ("post", ITEM + "/source-returns", R.RETURN, WHY),
    ("post", ITEM + "/source-notices", R.RETURN, {**WHY, "told_to": "Max Berger", "told_on": "2026-11-27"}),
    ("post", ITEM + "/reversals", R.REVERSE, WHY),
    ("post", ITEM + "/outcomes", R.RESUBMIT, {"failure": ID, "happened": True, "reference": "4711"}),
    ("post", ITEM + "/cross-references", R.EDIT_TABLES, {"external_id": "8812"}),
    ("post", ITEM + "/look-ups", R.EDIT_TABLES, WHY),
    ("post", ITEM + "/sign-ins", R.EDIT_CONFIGURATION, {"typed": {"token": "x"}}),
    ("post", ITEM + "/table-rows", R.EDIT_TABLES, {"values": {"rate": "250.00"}}),
    ("post", ITEM + "/row-corrections", R.EDIT_TABLES, WHY | {"row": 1, "values": {"rate": "250.00"}}),
    ("post", ITEM + "/row-approvals", R.APPROVE_TABLES, WHY),
    ("post", ITEM + "/run-refusals", R.APPROVE, WHY),
    ("post", ITEM + "/row-refusals", R.APPROVE_TABLES, WHY),
    ("post", ITEM + "/probes", R.OPERATE, WHY),
    ("post", ITEM + "/tries", R.RESUBMIT, WHY),
    ("post", ITEM + "/readings", R.RESUBMIT, WHY),
    ("get", CORRECTION, R.VIEW, None),
    ("post", CORRECTION + "/withdrawals", R.EDIT_OVERLAY, WHY),
    ("get", GROUPING, R.VIEW, None),
    ("delete", GROUPING, R.WORK_QUEUE, None),
    ("get", VIEW, R.VIEW, None),
    ("put", VIEW, R.WORK_QUEUE, {"name": "Other"}),
    ("delete", VIEW, R.WORK_QUEUE, None),
    ("post", VIEW + "/sharings", R.WORK_QUEUE, {"legal_entity": "HP-DE"}),
]

# What is of all companies: the right has to be held in all of them, so those of one company get 403 whatever they are.
OF_ALL: list[tuple[str, str, Right, Any]] = [
    (method, f"{SYSTEM}/configuration/order-of-exceptions/{{order}}", R.EDIT_CONFIGURATION, {"of": "exceptions"})
    for method in ("get", "put", "delete")
] + [("post", "/api/experience/v1/order-trials", R.EDIT_CONFIGURATION, {"money": 60})]


@pytest.fixture
def names(firm: Firm) -> dict[str, Any]:
    """Return what the German company has, by the names in the addresses."""
    BusinessCalendar.objects.create(legal_entity=firm.germany, country="DE", time_zone="UTC")
    schedules.set_schedule(firm.route, by=ENGINE, every=timedelta(hours=1))
    CutOff.objects.create(
        legal_entity=firm.germany, name="Billing", kind=CutOffKind.BILLING, rule=Rule.WEEKLY, covers=Covers.UP_TO,
        weekday=0, at=time(18),
    )  # fmt: skip
    own = {"legal_entity": firm.germany, "name": "Ours"}
    Team.objects.create(**own, role=Role.FINANCE.value)
    FallbackTeam.objects.create(legal_entity=firm.germany, category="refused", team="billing")
    RoutingRule.objects.create(**own, team="billing")
    ApprovalPolicy.objects.create(**own, deeds=["corrections"], fields=["hours"])
    table = f"{firm.table.name} HP-DE"
    return {
        "team": "HP-DE Ours", "fallback": "refused HP-DE", "routing": "HP-DE Ours", "policy": "HP-DE Ours",
        "connection": firm.connection.slug, "route": firm.route.slug, "record": firm.record, "company": "HP-DE",
        "transaction": firm.transactions[0], "run": firm.run.pk, "table": firm.table.pk, "table_name": table,
        "mapping": "time-draft", "bulk": firm.bulk.pk, "item": firm.item.number, "subscription": firm.subscription.pk,
        "delivery": firm.delivery.pk, "change": firm.changes["draft"].pk,
        "view": firm.view.pk, "correction": firm.correction.pk, "approval": firm.approval.pk,
        "grouping": firm.grouping_rule.pk, "cut_off": "HP-DE Billing", "order": "exceptions",
        "failure": firm.item.failures()[0].pk,
        "deed": firm.emergency_deed.pk, "mode": firm.emergency_deed.emergency_id,
    }  # fmt: skip


def status(client: Client, operation: tuple[str, str, Right, Any], names: dict[str, Any], **headers: str) -> int:
    """Call an operation, undo what it did, and return its status."""
    method, address, _, body = operation
    given = (
        {}
        if method in ("get", "delete")
        else {"data": _named(json.dumps(body), names), "content_type": "application/json"}
    )
    with transaction.atomic():
        answer = getattr(client, method)(address.format(**names), headers={"If-Match": "*"} | headers, **given)
        transaction.set_rollback(True)
    return int(answer.status_code)


def _named(text: str, names: dict[str, Any]) -> str:
    return text.replace("{transaction}", str(names["transaction"]))


def test_every_operation_of_the_document_on_one_thing_is_in_the_matrix() -> None:
    from hub.api.described import document

    known = {(method, address.replace("/1", "/{number}") if "versions/1" in address else address)
             for method, address, _, _ in (*OPERATIONS, *OF_ALL)}  # fmt: skip
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


@pytest.mark.slow
def test_role_may_what_its_rights_say_and_nothing_elsewhere(
    firm: Firm, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet(monkeypatch)
    wrong = []
    for role in Role:
        own, foreign = Client(raise_request_exception=False), Client(raise_request_exception=False)
        own.force_login(firm.own[role])
        foreign.force_login(firm.foreign[role])
        for operation in OPERATIONS:
            method, address, right, _ = operation
            got = status(own, operation, names)
            allowed = got < 500 and got not in (401, 403, 404)
            expected = right in ROLE_RIGHTS[role]
            refused = 404 if address.startswith(CHANGE) and not ROLE_RIGHTS[role].intersection(READING) else 403
            if allowed != expected or (not expected and got != refused):  # a draft that they may not read is not there
                wrong.append(f"{role} own: {method} {address}: {got}")
            elsewhere = 403 if address.startswith(SUBSCRIPTION) and not expected else 404  # of any number, there or not
            if (got := status(foreign, operation, names)) != elsewhere:
                wrong.append(f"{role} foreign: {method} {address}: {got}")
    assert wrong == []


def test_what_is_of_all_companies_asks_for_the_right_in_all_of_them(firm: Firm, names: dict[str, Any]) -> None:
    wrong = []
    for role in Role:
        everywhere = User.objects.create(username=f"everywhere-{role}")
        RoleGrant.objects.create(user=everywhere, role=role, legal_entity=None, granted_by="engine:engine")
        for user, expected in ((everywhere, True), (firm.own[role], False), (firm.foreign[role], False)):
            client = Client(raise_request_exception=False)
            client.force_login(user)
            for operation in OF_ALL:
                got = status(client, operation, names)
                may = expected and operation[2] in ROLE_RIGHTS[role]
                if got >= 500 or (got == 403) == may:
                    wrong.append(f"{user}: {operation[0]} {operation[1]}: {got}")
    assert wrong == []


def test_token_for_another_entity_finds_nothing_though_the_roles_would(firm: Firm, names: dict[str, Any]) -> None:
    everything = User.objects.create(username="everybody")
    for role in Role:
        RoleGrant.objects.create(user=everything, role=role, legal_entity=None, granted_by="engine:engine")
    token = token_of(everything, "system:read", "system:write", "process:read", "process:write", "experience:read",
                     "experience:write", "entity:HP-US")  # fmt: skip
    client = Client(raise_request_exception=False)
    got = {(o[0], o[1]): status(client, o, names, Authorization=f"Bearer {token}") for o in OPERATIONS}
    assert {operation: found for operation, found in got.items() if found != 404} == {}
