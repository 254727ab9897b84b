"""What a line of a sheet said when it was taken: so that only what somebody has changed in it counts.

A stamp holds the newest correction of then and a few letters for each field. It proves nothing to an attacker, and
need not: whoever forges one may write the values as well.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from canonical.entity import Entity, Kind
from exceptions_queue.codes import code_of, id_of

LETTERS = 4  # of each field: one in sixteen million changes would be taken for none
MOST = 32_000  # characters of a text that are compared: a spreadsheet's cell holds little more
KEPT = 2_000  # characters of a text whose letters are kept for the next one like it
NONE = "-" * LETTERS  # of a field that is not in the sheet
FORM = re.compile(r"s([0-9]{1,18})\.([a-z_]{1,40})\.([A-Za-z0-9_-]*)")
MARK = "m"  # begins an id: no spreadsheet takes it for a number or a formula


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a line said, field by field."""

    newest: int  # the newest correction there was
    entity: str
    letters: Mapping[str, str]  # of the fields in the sheet


def mark(text: str) -> str:
    """Return the letters of a value's text, of which only as much counts as a cell holds.

    However its lines end: spreadsheets write the ends of lines in ways of their own.
    """
    text = text[:MOST].replace("\r\n", "\n").replace("\r", "\n")
    return _mark(text) if len(text) <= KEPT else _mark.__wrapped__(text)


@lru_cache(100_000)
def _mark(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.blake2s(text.encode(), digest_size=3).digest()).decode()


def stamp(newest: int, entity: Entity, texts: Mapping[str, str]) -> str:
    """Return the stamp of a line with these fields, as texts."""
    letters = "".join(mark(texts[name]) if name in texts else NONE for name in _names(entity))
    return f"s{newest}.{entity.name}.{letters}"


def read(text: str, entities: Mapping[str, Entity]) -> Stamp | None:
    """Return what a stamp says; None for what is none, also of another release's fields."""
    found = FORM.fullmatch(text)
    entity = entities.get(found[2]) if found else None
    if found is None or entity is None:
        return None
    names, letters = _names(entity), found[3]
    if len(letters) != LETTERS * len(names):
        return None
    parts = [letters[at : at + LETTERS] for at in range(0, len(letters), LETTERS)]
    return Stamp(int(found[1]), entity.name, {n: part for n, part in zip(names, parts, strict=True) if part != NONE})


def _names(entity: Entity) -> list[str]:
    return [each.name for each in entity.fields if each.kind is not Kind.LINES]


def id_text(failure: UUID) -> str:
    """Return how a sheet names a member."""
    return MARK + code_of(failure)


def failure_of(text: str) -> UUID | None:
    """Return the member that a sheet names; None for what is no name of one."""
    if not text.startswith(MARK) or len(text) != 23:
        return None
    try:
        return id_of(text[1:])
    except ValueError:
        return None
