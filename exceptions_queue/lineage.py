"""Which field at the source, in the hub and at the target is the same value: read from the mappings of a snapshot.

Only plain copies are told; a value that a formula makes has no single origin. A target's field is hidden from somebody
when the canonical field that it copies is, or when its formula reads one that is.
"""

import re
from dataclasses import dataclass
from typing import Any

from canonical.entity import Entity, Mask
from canonical.masking import HIDDEN, may_see
from mappings.discreet import NAMED

NAME = re.compile(r"[A-Za-z_]\w*")
RESULT = re.compile(r"\bresult\s*\.\s*\[?([A-Za-z_]\w*)")
STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Copies:
    """The plain copies of a route's mappings."""

    source: dict[str, str]  # canonical field → path at the source
    target: dict[str, str]  # canonical field → path at the target
    reads: dict[str, frozenset[str]]  # path at the target → canonical fields that it is made of


def copies(content: dict[str, Any], destination: int | None) -> Copies:
    """Return the copies that a snapshot's content tells, for one of its destinations."""
    inward = _fields((content.get("normalise") or {}).get("content"))
    chosen = next((d for d in content.get("destinations", ()) if d["id"] == destination), None)
    outward = _fields(chosen["translate"]["content"]) if chosen else []
    return Copies(
        {rule["to"]: rule["from"] for rule in inward if rule.get("from")},
        {rule["from"]: rule["to"] for rule in outward if rule.get("from")},
        _reads(outward),
    )


def _reads(outward: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Return by path at the target what is read for it, by way of other fields of the result, too."""
    texts = {rule["to"]: str(rule.get("from") or rule.get("formula") or "") for rule in outward}
    found = {to: {*NAME.findall(text)} for to, text in texts.items()}
    by_result: dict[str, set[str]] = {}  # first step of a path at the target → what is read for all below it
    for to in texts:
        by_result.setdefault(next(iter(STEP.findall(to)), to), set()).add(to)
    for to, text in texts.items():
        open_, known = [*RESULT.findall(text)], set[str]()
        while open_:
            name = open_.pop()
            for other in by_result.get(name, set()) - known - {to}:
                known.add(other)
                found[to] |= {*NAME.findall(texts[other])}
                open_ += RESULT.findall(texts[other])
    return {to: frozenset(names) for to, names in found.items()}


def _fields(mapping: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [rule for rule in (mapping or {}).get("fields", ()) if "to" in rule]


def at(body: Any, path: str) -> Any:
    """Return what lies at a path such as `user.name` or `[class]`; None when nothing does."""
    for step in STEP.findall(path):
        if isinstance(body, list) and step.isdecimal() and int(step[:9]) < len(body):
            body = body[int(step)]
        elif isinstance(body, dict):
            body = body.get(step)
        else:
            return None
    return body


def canonical_name(found: Copies, name: str, entity: Entity | None) -> str:
    """Return the canonical field that a failing field is, "" when it is none of its own."""
    if entity is None or not name:
        return ""
    if name in entity.by_name:
        return name
    return next((ours for ours, theirs in found.target.items() if theirs == name and ours in entity.by_name), "")


def sent_shown(found: Copies, entity: Entity, path: str, value: Any, masks: frozenset[Mask]) -> Any:
    """Return a value of a request, hidden when a field that it is made of is hidden from the person."""
    return HIDDEN if value not in (None, "") and is_hidden(found, entity, path, masks) else value


def is_hidden(found: Copies, entity: Entity, path: str, masks: frozenset[Mask]) -> bool:
    """Return whether what stands at a path of a request is made of what is hidden from somebody, or of nobody knows
    what.
    """
    reads = found.reads.get(path)
    if reads is None or any(name in names for mask, names in NAMED.items() if mask not in masks for name in reads):
        return True  # such as a column of a table
    return not all(may_see(entity, name, masks) for name in reads if name in entity.by_name)
