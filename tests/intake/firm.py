"""A route that takes events through our API, one that takes webhooks, and the people who send and look."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.models import Connection
from connectors.registry import load_connector, registry
from governance import versions
from governance.models import User
from governance.rights import Role
from routes.models import Destination, Route
from tests.governance.people import company, person
from tests.routes.world import INWARD, OUTWARD

SECRET = "s3cret-of-the-time-tool"
EVENTS = "/api/process/v1/routes/time-events/events"
HOOK = "/hooks/time/time_entries"
SIGNED = """webhooks:
  signature: {kind: hmac_sha256, header: X-Signature, secret: "{secrets.signing}", prefix: "v0=",
    signed: "v0:{timestamp}:{body}", timestamp_header: X-Time, tolerance_seconds: 300}
  handshake: {kind: echo_body, parameter: challenge}
  event_id: event_id
  records: entries
documentation:"""
TOKEN = """webhooks:
  signature: {kind: token, header: X-Token, secret: "{secrets.signing}"}
  handshake: {kind: echo_query, parameter: validationToken}
documentation:"""
SHIPPED = Path(__file__).resolve().parents[2] / "sandbox" / "connectors" / "ledger_look_up" / "manifest.yaml"


def connector(folder: Path, name: str, webhooks: str) -> None:
    """Write a connector that is the sandbox's ledger with webhooks, and let the registry know it."""
    place = folder / name
    place.mkdir(parents=True)
    text = SHIPPED.read_text().replace("name: ledger_look_up", f"name: {name}", 1)
    text = text.replace("documentation:", webhooks, 1)
    text = text.replace("auth:", '  signing: {title: Signing secret, secret: true, where: "in the settings"}\nauth:', 1)
    (place / "manifest.yaml").write_text(text)
    registry.connectors[name] = load_connector(place)


@dataclass
class Firm:
    """What a test needs of it."""

    events: Route
    pushed: Route
    farid: User  # may send for HP-DE
    viktor: User  # sees HP-DE, may not send
    ingrid: User  # may send for HP-GB, sees nothing of HP-DE


def make(folder: Path, webhooks: str = SIGNED) -> Firm:
    """Make the firm; its ledger is never asked."""
    germany, britain = company("HP-DE"), company("HP-GB")
    connector(folder, "pushing", webhooks)
    source = Connection.objects.create(
        slug="time", name="Time tool", connector="pushing", legal_entity=germany, environment="sandbox",
        answers={"base_url": "http://127.0.0.1:9"}, secrets={"signing": SECRET},
    )  # fmt: skip
    ledger = Connection.objects.create(
        slug="ledger", name="Ledger", connector="ledger_look_up", legal_entity=germany, environment="sandbox",
        answers={"base_url": "http://127.0.0.1:9"},
    )  # fmt: skip
    for content in (INWARD, OUTWARD):
        versions.install(kind="mapping", object_key=str(content["name"]), content=content)
    routes = [
        Route.objects.create(slug="time-events", name="Time", legal_entity=germany, canonical_entity="time_entry"),
        Route.objects.create(
            slug="time-pushed", name="Pushed time", legal_entity=germany, canonical_entity="time_entry",
            connection=source, stream="time_entries", mapping="ledger-time-in",
        ),
    ]  # fmt: skip
    for route in routes:
        Destination.objects.create(
            route=route, name="Ledger", connection=ledger, stream="entries", mapping="ledger-time-out",
            condition='approval_status = "approved"', correction="update",
        )  # fmt: skip
    people = [
        person("Farid Amini", Role.FINANCE, germany),
        person("Viktor Lang", Role.VIEWER, germany),
        person("Ingrid Solheim", Role.INTEGRATION_ADMIN, britain),
    ]
    return Firm(*routes, *people)


def record(number: int = 1, **more: Any) -> dict[str, Any]:
    """Return a canonical time entry as JSON says it."""
    return {
        "legal_entity": "HP-DE", "entry_id": f"TE-{number}", "worker_id": "W-001", "project_code": "P-001",
        "worked_on": "2026-10-05", "hours": "7.50", "amount": "750.00", "currency": "EUR", "billable": True,
        "approval_status": "approved", "changed_at": "2026-10-06T08:00:00Z",
    } | more  # fmt: skip


def body(*records: dict[str, Any]) -> bytes:
    return json.dumps({"records": list(records)}).encode()


def signed(content: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """Return the headers with which the time tool pushes a body."""
    stamp = f"{time.time() if at is None else at:.3f}"
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + content, hashlib.sha256).hexdigest()
    return {"X-Signature": f"v0={digest}", "X-Time": stamp}
