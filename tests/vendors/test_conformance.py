"""Harvest and NetSuite keep the rules that every connector keeps."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from connectors.conformance import RULES, Rule, Subject, hold
from connectors.engine import Engine
from sandbox.launch import Simulator
from tests.vendors.talking import ACCOUNT, assign_owner, harvest_spec, netsuite_spec

BY_NAME = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
NOT_FOR = {  # rules that the manifests or the ways to sign in leave out, so that none is left out unseen
    "harvest": {"repeated_write", "bad_row_alone"},
    "netsuite": {"throttling_honoured", "bad_row_alone"},
}


@BY_NAME
async def test_harvest_keeps_the_rule(harvest: Simulator, engine: Engine, rule: Rule) -> None:
    assign_owner(harvest)

    left_out = await hold(rule, _harvest(harvest), engine)

    assert bool(left_out) == (rule.name in NOT_FOR["harvest"])


@BY_NAME
async def test_netsuite_keeps_the_rule(
    netsuite: Simulator, engine: Engine, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = netsuite_spec(netsuite, auth="certificate")
    streams = spec.connector.manifest.streams
    stream = streams["projects"]
    assert stream.read is not None
    monkeypatch.setitem(streams, "projects", replace(stream, read=replace(stream.read, page_size=10)))

    left_out = await hold(rule, _netsuite(netsuite, spec), engine)

    assert bool(left_out) == (rule.name in NOT_FOR["netsuite"])


def _harvest(system: Simulator) -> Subject:
    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = system.admin("GET", f"rows/{table}", system="harvest")
        return found

    def entry(key: str, **more: Any) -> bytes:
        body = {"project_id": 41_200_001, "task_id": 20_700_001, "spent_date": "2026-11-20", "hours": 1}
        return json.dumps(body | {"external_reference": {"id": key, "group_id": "hub"}} | more).encode()

    async def expire() -> None:
        system.admin("POST", "tokens/expirations", system="harvest")

    async def logins() -> int:
        return sum(row["kind"] == "access" and row["expires_at"] is not None for row in rows("tokens"))

    async def throttle(seconds: float) -> None:
        system.set_faults(
            {"fault": "throttled", "times": 1, "seconds": seconds, "path": "/time_entries"}, system="harvest"
        )

    refresh = f"refresh-{uuid.uuid4().hex}"  # each works once, and every test signs in anew
    row = {"kind": "refresh", "token": refresh, "user_id": 1, "account_id": int(ACCOUNT), "expires_at": None}
    system.admin("POST", "rows/tokens", row, system="harvest")
    return Subject(
        harvest_spec(system, auth="oauth", refresh_token=refresh),
        records={"time_entries": len(rows("time_entries"))},
        write_stream="time_entries",
        body=entry,
        bad_body=lambda key: entry(key, spent_date=None),
        expire_token=expire,
        logins=logins,
        throttle=throttle,
    )


def _netsuite(system: Simulator, spec: Any) -> Subject:
    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = system.admin("GET", f"rows/{table}", system="netsuite")
        return found

    def time_of(**more: Any) -> bytes:
        return json.dumps({"employee": {"id": "2001"}, "hours": 1, "tranDate": "2026-11-20"} | more).encode()

    async def effects(key: str) -> int:
        return sum(row.get("externalId") == key for row in rows("timeBill"))

    async def expire() -> None:
        system.admin("POST", "tokens/expirations", system="netsuite")

    async def logins() -> int:
        return len(rows("tokens"))

    return Subject(
        spec,
        records={"projects": len(rows("job"))},
        write_stream="time_entries",
        body=lambda key: time_of(),
        bad_body=lambda key: time_of(tranDate="2026-07-15"),
        effects=effects,
        expire_token=expire,
        logins=logins,
    )
