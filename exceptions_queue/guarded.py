"""Connections with their health, those included whose calls the address guard refuses: they are not left alone, since
nothing of theirs is away, but none of their calls goes out.

What is known of that: an address that is written as a number is judged as it stands; of a name, the last refusal that
is an open work item counts, unless the connection was changed since or the operator has allowed the address by now.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Max

from canonical.failure import Category
from connectors.answered import origins
from connectors.guard import AddressRefused, Guard
from connectors.health import Health
from connectors.health import healths as told_by_rows
from connectors.models import Connection
from connectors.registry import registry
from exceptions_queue.models import WorkItem

SAID = "refused by the address guard"
REFUSED = re.compile(SAID + r": (\S+) port (\d+)")  # as `AddressRefused` says it
PORTS = {"https": 443, "http": 80}


def healths(found: Sequence[Connection]) -> dict[int, Health]:
    """Return how connections are, by id. Three queries, and one more where a call was refused."""
    states, guard = told_by_rows(found), Guard(settings.OUTBOUND_ALLOWED)
    working = [each for each in found if states[each.pk].works]
    met = _met(working)
    for each in working:
        asked = [*_written(each), *([met[each.pk]] if each.pk in met else [])]
        refused = next((one for one in asked if _refuses(guard, *one)), None)
        if refused is not None:
            states[each.pk] = _health(*refused)
    return states


def _health(address: str, port: int) -> Health:
    entry = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return Health(
        "bad",
        "calls refused by the address guard",
        f"{address} port {port} is internal. The operator of the hub can add {entry} to the setting OUTBOUND_ALLOWED.",
    )


def _written(row: Connection) -> list[tuple[str, int]]:
    """Return the addresses that a connection is set up to call, as far as they stand there; names are kept as names."""
    found = []
    for origin in origins(registry.connector(row.connector).manifest, row.answers, {}).values():
        try:
            parts = urlsplit(origin)
            found.append((parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)))
        except ValueError:  # nobody can call it, which is told elsewhere
            continue
    return found


def _met(working: Sequence[Connection]) -> dict[int, tuple[str, int]]:
    """Return the address and port of the last refusal that still tells of each connection, by id."""
    items = WorkItem.objects.open().filter(category=Category.CONFIGURATION, cause__contains=SAID)
    rows = items.filter(connection__in=[each.pk for each in working]).order_by("last_seen")
    said = {
        connection: (found[1], int(found[2]), seen)
        for connection, cause, seen in rows.values_list("connection", "cause", "last_seen")
        if (found := REFUSED.search(cause))
    }
    if not said:
        return {}
    history = Connection.history.filter(id__in=said).order_by().values_list("id")
    changed = dict(history.annotate(at=Max("history_date")))
    return {
        pk: (address, port) for pk, (address, port, seen) in said.items() if pk not in changed or changed[pk] <= seen
    }


def _refuses(guard: Guard, address: str, port: int) -> bool:
    """Return whether the guard refuses an address that is written as a number; of a name that is not known here."""
    try:
        guard.check("127.0.0.1" if address == "localhost" else address, port)
    except AddressRefused:
        return True
    except ValueError:
        return False
    return False
