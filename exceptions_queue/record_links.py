"""One click from a record to where it stands: in the system that it came from, and in the one that it went to."""

from dataclasses import dataclass
from typing import Any

from connectors import record_links
from connectors.models import Connection
from exceptions_queue import naming
from governance.actor import By
from routes.models import Effect, Route, Transaction


@dataclass(frozen=True, slots=True)
class Link:
    """A way into another system."""

    words: str  # "Open in Harvest"
    address: str  # "" where a record has no page there: the words say where it is found


def to_source(route: Route, raw: dict[str, Any], by: By) -> list[Link]:
    """Return the link to a record where it came from: none where its system has no screens that we know, or is of a
    company that they do not see.
    """
    if route.connection is None:
        return []
    return _link(route.connection, route.stream, record_links.link_of(route.connection, route.stream, record=raw), by)


def to_target(row: Transaction | None, by: By, external_id: str = "") -> list[Link]:
    """Return the link to what stands for a transaction at its target; at most one query."""
    if row is None:
        return []
    id_ = external_id or (
        Effect.objects.filter(transaction_id=row.pk, state="confirmed").exclude(external_id="")
        .order_by("-number").values_list("external_id", flat=True).first()
    )  # fmt: skip
    to = row.destination
    if not id_:
        return []
    return _link(to.connection, to.stream, record_links.link_of(to.connection, to.stream, id_=id_), by)


def _link(connection: Connection, stream: str, address: str, by: By) -> list[Link]:
    if not naming.sees(connection, by):
        return []  # its address would tell what is named nowhere
    if address:
        return [Link(f"Open in {connection.name}", address)]
    why = record_links.without(connection, stream)
    return [Link(f"{connection.name}: {why}", "")] if why else []
