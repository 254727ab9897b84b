"""Puts our ready bytes into a request body, byte for byte: they are never parsed or written again."""

from collections.abc import Sequence
from typing import Any

from connectors.template import Scope, Structure

MARK = "\ufdd0body\ufdd1"  # noncharacters: no vendor's JSON and no answer holds them
_ITEMS = "\ufdd0items\ufdd1"


def wrapped(structure: Structure, scope: dict[str, Any], body: bytes) -> bytes:
    """Return the structure as JSON with our bytes where "{body}" stands."""
    return _replace(structure.json({**scope, "body": MARK}), MARK, body)


def spliced(rendered: bytes | None, body: bytes) -> bytes | None:
    """Return a body that was rendered with MARK for {body}, with our bytes in its place."""
    return None if rendered is None else _replace(rendered, MARK, body)


def listed(structure: Structure, scope: Scope, items: Sequence[bytes]) -> bytes:
    """Return the structure as JSON with the list of ready items where "{items}" stands."""
    return _replace(structure.json({**scope, "items": _ITEMS}), _ITEMS, b"[" + b",".join(items) + b"]")


def _replace(rendered: bytes, mark: str, data: bytes) -> bytes:
    before, found, after = rendered.partition(f'"{mark}"'.encode())
    return before + data + after if found else rendered
