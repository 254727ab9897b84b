"""Specs for the simulated accounts, and short forms of what a test asks of the engine."""

import time
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec

from connectors.engine import Engine
from connectors.outcome import Page, WriteOutcome, WriteRequest
from connectors.registry import registry
from connectors.spec import ConnectionSpec
from sandbox.launch import Simulator

ACCOUNT, TOKEN = "1463201", "harvest-sandbox-token"


def harvest_spec(firm: Simulator, *, auth: str = "token", **more: Any) -> ConnectionSpec:
    """Return a connection to the simulated Harvest; `more` replaces answers or secrets by name."""
    address = f"http://127.0.0.1:{firm.ports['harvest']}"
    answers = {"account": ACCOUNT, "contact": "hub@halden-partner.example", "address": f"{address}/v2"}
    answers |= {"identity": address, "client_id": "harvest-sandbox-client"}
    secrets = {"token": TOKEN, "client_secret": "harvest-sandbox-secret", "refresh_token": "harvest-sandbox-refresh"}
    return _spec("harvest", auth, answers, secrets, more)


def netsuite_spec(firm: Simulator, *, auth: str = "token", **more: Any) -> ConnectionSpec:
    """Return a connection to the simulated NetSuite; `more` replaces answers or secrets by name."""
    known = firm.admin("GET", "credentials", system="netsuite")
    answers = {"account": "7481923-sb1", "address": f"http://127.0.0.1:{firm.ports['netsuite']}"}
    answers |= {"client_id": known["client_id"], "certificate": known["certificate_id"]}
    names = ("private_key", "consumer_key", "consumer_secret", "token_id", "token_secret")
    return _spec("netsuite", auth, answers, {name: known[name] for name in names}, more)


def _spec(
    name: str, auth: str, answers: dict[str, str], secrets: dict[str, str], more: dict[str, Any]
) -> ConnectionSpec:
    settings = {key: more.pop(key) for key in ("timeout", "concurrency") if key in more}
    given = answers | {key: value for key, value in more.items() if key in answers}
    hidden = secrets | {key: value for key, value in more.items() if key in secrets}
    spec = ConnectionSpec(f"{name} {auth} {sorted(more)}", name, registry.connector(name), given, hidden, auth)
    return replace(spec, **settings)


async def read(
    engine: Engine,
    spec: ConnectionSpec,
    stream: str,
    *,
    cursor: dict[str, Any] | None = None,
    window: tuple[date, date] | None = None,
) -> tuple[list[dict[str, Any]], list[Page]]:
    """Return all records from the cursor on, and the pages that they came in."""
    pages = [page async for page in engine.read_pages(spec, stream, cursor=cursor, window=window)]
    return [record for page in pages for record in page.records], pages


async def write(
    engine: Engine,
    spec: ConnectionSpec,
    stream: str,
    key: str,
    body: dict[str, Any] | None,
    *,
    operation: str = "create",
    external_id: str | None = None,
) -> WriteOutcome:
    """Write one record."""
    [outcome] = await engine.write(spec, stream, [request(key, body, operation=operation, external_id=external_id)])
    return outcome


def request(
    key: str, body: dict[str, Any] | None, *, operation: str = "create", external_id: str | None = None
) -> WriteRequest:
    """Return a request that may be sent for half a minute."""
    data = b"" if body is None else msgspec.json.encode(body)
    return WriteRequest(operation, key, f"idem-{key}", data, external_id, time.monotonic() + 30)


def assign_owner(system: Simulator) -> None:
    """Put the account's owner on the first project, as its manager would."""
    rows = system.admin("GET", "rows/user_assignments", system="harvest")
    if any(row["user_id"] == 1 for row in rows):
        return
    row = {"user_id": 1, "project_id": 41_200_001, "is_active": True, "hourly_rate": None, "budget": None}
    row |= {"is_project_manager": True, "use_default_rates": True}
    stamps = {"created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"}
    system.admin("POST", "rows/user_assignments", row | stamps, system="harvest")
