"""The answers of the ledger in bytes: refusals, faults, bad pages, and what it tells about itself."""

import math
from http import HTTPStatus
from typing import Any

import msgspec

from sandbox.faults import Fault, FaultRule
from sandbox.ledger import source
from sandbox.ledger.book import Line, Mode, Refusal

encode = msgspec.json.Encoder().encode


def reference() -> dict[str, Any]:
    """Return the codes that the source uses: what a hub's lookup tables must hold."""
    return {
        "legal_entities": source.CURRENCIES,
        "workers": source.WORKERS,
        "projects": source.PROJECTS,
        "tasks": source.TASKS,
        "unknown_task": source.UNKNOWN_TASK,
        "roles": source.ROLES,
        "modes": [mode.value for mode in Mode],
    }


def shown(line: Line) -> dict[str, Any]:
    """Return a committed line as look-ups show it."""
    return {**msgspec.to_builtins(line), "reference": f"LR-{line.id[1:]}", "version": line.id[1:].lstrip("0")}


def refused(refusal: Refusal) -> bytes:
    """Return the body of a refusal."""
    return encode({"error": {"code": refusal.code, "message": refusal.message}})


def bad_page(body: bytes, fault: Fault) -> bytes:
    """Make a page of the source point to itself, or show its first entries twice; other answers stay as they are."""
    page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if "time_entries" not in page:
        return body
    if fault is Fault.SAME_PAGE:
        return source.encode({**page, "next_page": page["page"]})
    entries = msgspec.json.decode(page["time_entries"], type=list[msgspec.Raw])
    return source.encode({**page, "time_entries": entries[:3] + entries})


def broken(status: int) -> tuple[int, bytes, bytes]:
    """Return status, body and extra header lines of an answer that says only its status."""
    words = HTTPStatus(status).phrase
    return status, refused(Refusal(status, words.lower().replace(" ", "_"), f"{words}.")), b""


def without_effect(rule: FaultRule) -> tuple[int, bytes, bytes]:
    """Return status, body and extra header lines for a fault that has no effect."""
    match rule.fault:
        case Fault.THROTTLED:
            status, body, _ = broken(429)
            return status, body, b"Retry-After: %d\r\n" % max(1, math.ceil(rule.seconds))
        case Fault.UNAVAILABLE:
            return broken(503)
        case Fault.EXPIRED:
            return broken(401)
        case Fault.EMPTY:
            return 200, b"", b""
        case _:
            return broken(500)
