"""What a transaction was worked out with: mappings with their versions, and the rows of tables that it read."""

from dataclasses import dataclass
from typing import Any

from governance.models import User
from governance.scoping import grants_read_once
from mappings import discreet
from mappings.models import TableRow
from routes import bodies
from routes.models import Record, Transaction


@dataclass(frozen=True, slots=True)
class Used:
    """A transaction's configuration, as it was processed with."""

    mappings: list[tuple[str, str, int]]  # what it does, its name, its version
    rows: list[TableRow]  # of lookup tables, as they counted then, to be shown only


def used(row: Transaction, record: Record, content: dict[str, Any], user: User, *, tables: bool) -> Used:
    """Return what a transaction was worked out with, as somebody may read it; `content` is its snapshot's.

    Rows of tables, whose keys may name people, are for those who keep `tables`. At most three queries.
    """
    if not tables:
        return Used(_mappings(content, row.destination_id), [])
    wanted = (record.canonical_payload_id, row.canonical_payload_id, row.request_payload_id)
    hits = sorted({hit for body in bodies.read(id_ for id_ in wanted if id_).values() for hit in body.hits})
    rows = TableRow.objects.filter(pk__in=hits).select_related("table").order_by("table__title", "key_hash")
    found = list(rows) if hits else []
    with grants_read_once():
        for each in found:
            masks = discreet.masks_of_table(each.table, user)
            each.key = discreet.key_shown(each.table, each.key, masks)
            each.values = discreet.values_shown(each.values, masks)
    return Used(_mappings(content, row.destination_id), found)


def _mappings(content: dict[str, Any], destination: int) -> list[tuple[str, str, int]]:
    found = [("from the source into the hub's words", content.get("normalise"))]
    found += [("for the target", d["translate"]) for d in content.get("destinations", ()) if d["id"] == destination]
    return [(does, each["name"], each["version"]) for does, each in found if each]
