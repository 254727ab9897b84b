"""The permanent record of what stopped work was sent again with: which configuration, since when, by whose choice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from governance.actor import By, as_actor
from routes.bulk import arrays
from routes.chosen_configuration import Configuration, named
from routes.models import ConfigurationChoice, Snapshot

WRITE = """
INSERT INTO routes_configurationchoice (legal_entity_id, transaction_id, before, at, snapshot, choice, actor_kind,
    actor_name)
SELECT w.*, hub_now(), %s, %s, %s, %s
FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[]) AS w(legal_entity_id, transaction_id, before)
"""


def write(rows: Iterable[tuple[int, UUID, int]], *, snapshot: int | None, configuration: Configuration, by: By) -> None:
    """Write down, in the commit that sends them, what transactions go with now; one query, none where nothing differs.

    `rows` are legal entity, transaction and the snapshot of until then; `snapshot` is the one of since, None where what
    was made then goes once more as it is.
    """
    chosen = configuration != "now"
    told = [row for row in rows if chosen or snapshot not in (None, row[2])]
    if not told:
        return
    actor = as_actor(by)
    for one in {row[2] for row in told} if snapshot is None else {snapshot}:
        mine = [row for row in told if snapshot is not None or row[2] == one]
        with connection.cursor() as cursor:
            cursor.execute(
                WRITE, [one, named(configuration)[:220], actor.kind.value, actor.name[:200], *arrays(mine, 3)]
            )


@dataclass(frozen=True, slots=True)
class Told:
    """One choice, as a page tells it."""

    at: datetime
    who: str
    before: str  # "ledger-time-in version 1, ledger-time-out version 1"
    after: str
    how: str  # "as it was then", "with version 2 of “ledger-time-out”"


class Used:
    """With which configuration one transaction was worked out at any time, for one of its route's destinations."""

    def __init__(self, rows: Sequence[ConfigurationChoice], *, now: int, destination: int) -> None:
        """Take its choices, the oldest first, and the snapshot that it names now. One query."""
        self._rows, self._now = rows, now
        found = Snapshot.objects.in_bulk({now, *(r.before for r in rows), *(r.snapshot for r in rows)})
        self._words = {pk: _words(each.content, destination) for pk, each in found.items()}

    def at(self, moment: datetime) -> str:
        """Return in words what it was made with at a moment, and who had chosen that."""
        row = next((each for each in reversed(self._rows) if each.at <= moment), None)
        number = row.snapshot if row else self._rows[0].before if self._rows else self._now
        words = self._words.get(number, "")
        return f"{words}, {_how(row)}, by {row.actor_name}" if row and words else words

    def told(self) -> list[Told]:
        """Return its choices in words, the oldest first."""
        return [
            Told(row.at, row.actor_name, self._words.get(row.before, ""), self._words.get(row.snapshot, ""), _how(row))
            for row in self._rows
        ]


def _words(content: Mapping[str, Any], destination: int) -> str:
    used = [content["normalise"], *(d["translate"] for d in content["destinations"] if d["id"] == destination)]
    return ", ".join(f"{each['name']} version {each['version']}" for each in used if each)


def _how(row: ConfigurationChoice) -> str:
    if "@" not in row.choice:
        return {"then": "as it was then", "now": "as it was in force"}.get(row.choice, row.choice)
    name, _, number = row.choice.rpartition("@")
    return f"with version {number} of “{name}”"


def used_by(transaction: UUID, *, now: int, destination: int) -> Used:
    """Return with what a transaction was worked out, at any time. Two queries."""
    rows = ConfigurationChoice.objects.filter(transaction_id=transaction).order_by("pk")
    return Used(list(rows), now=now, destination=destination)
