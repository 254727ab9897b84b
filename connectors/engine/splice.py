"""Puts our ready bytes into a request body, byte for byte: they are never parsed or written again."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from connectors.outcome import WriteRequest
from connectors.template import Scope, Structure, TemplateError

MARK = "\ufdd0body\ufdd1"  # noncharacters: no vendor's JSON and no answer holds them
_ITEMS = "\ufdd0items\ufdd1"

_NAMES = ("key", "external_id", "idempotency_key")
_MARKS = {name: f"\ufdd0{name}\ufdd1" for name in _NAMES}
_PIECES = re.compile(f'("{MARK}")|{"|".join(f"({mark})" for mark in _MARKS.values())}'.encode())
_ORDINARY = re.compile(r"[ !#-\[\]-~]*").fullmatch  # stands for itself in a JSON text

Wrap = Callable[[WriteRequest, bytes], bytes]


def wrapper(structure: Structure, known: dict[str, Any]) -> Wrap:
    """Return what writes the structure around the bytes of a request; raises TemplateError where a value is absent.

    Everything but the request's own values is written once, here. A structure that does more with them than to show
    them is rendered for each request.
    """
    own = [each for each in structure.placeholders() if each.steps[0] not in known]
    if any(each.filters or each.optional or each.name not in ("body", *_NAMES) for each in own):
        return lambda request, body: wrapped(structure, {**known, **_values(request)}, body)
    rendered = structure.json({**known, **_MARKS, "body": MARK})
    texts, names = _cut(rendered)
    if any(MARK.encode() in text for text in texts):  # amid other words, where bytes cannot stand
        return lambda request, body: wrapped(structure, {**known, **_values(request)}, body)
    first, pairs = texts[0], tuple(zip(names, texts[1:], strict=True))

    def wrap(request: WriteRequest, body: bytes) -> bytes:
        pieces = [first]
        for name, text in pairs:
            pieces.append(_text(getattr(request, name), name) if name else body)
            pieces.append(text)
        return b"".join(pieces)

    return wrap


def _cut(rendered: bytes) -> tuple[list[bytes], list[str]]:
    """Return the texts between the marks, and the name that each mark stands for ("" is the body)."""
    texts, names, position = [], [], 0
    for match in _PIECES.finditer(rendered):
        texts.append(rendered[position : match.start()])
        names.append(("", *_NAMES)[(match.lastindex or 1) - 1])
        position = match.end()
    return [*texts, rendered[position:]], names


def _text(value: str | None, name: str) -> bytes:
    if value is None:
        raise TemplateError(f"{{{name}}} has no value here")
    return value.encode() if _ORDINARY(value) else msgspec.json.encode(value)[1:-1]


def _values(request: WriteRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in _NAMES}


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
