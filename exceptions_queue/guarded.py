"""Connections with their health, those included whose calls the address guard refuses: nothing of theirs is away, but
none of their calls goes out, and a person has something else to do than to wait.

What is known of that: an address that is written as a number is judged as it stands; of a name, the refusal because of
which the hub leaves the connection alone counts, unless it is about to be tried again (the connection was changed, or
the time is over) or the operator has allowed the address by now.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings

from connectors.answered import origins
from connectors.guard import AddressRefused, Guard
from connectors.health import Health, now_by_database
from connectors.health import healths as told_by_rows
from connectors.models import BreakerState, Connection
from connectors.registry import registry

REFUSED = re.compile(r"refused by the address guard: (\S+) port (\d+)")  # as `AddressRefused` says it
PORTS = {"https": 443, "http": 80}


def healths(found: Sequence[Connection]) -> dict[int, Health]:
    """Return how connections are, by id. Two queries, and one more where a call was refused."""
    states, guard = told_by_rows(found), Guard(settings.OUTBOUND_ALLOWED)
    met = _met(found)
    for each in found:
        if not (states[each.pk].works or (each.pk in met and states[each.pk].kind == "bad")):
            continue
        asked = [*_written(each), *([met[each.pk]] if each.pk in met else [])]
        refused = next((one for one in asked if _refuses(guard, *one)), None)
        if refused is not None:
            states[each.pk] = _health(*refused)
    return states


def _met(found: Sequence[Connection]) -> dict[int, tuple[str, int]]:
    """Return the address and port because of which each connection is left alone for now, by id."""
    said = {
        each: met for each in found
        if each.breaker_state != BreakerState.CLOSED and (met := REFUSED.search(each.breaker_message))
        and each.connector in registry.connectors
    }  # fmt: skip
    now = now_by_database() if said else None
    return {
        each.pk: (met[1], int(met[2])) for each, met in said.items()
        if each.breaker_probe_at is not None and now is not None and each.breaker_probe_at > now
    }  # fmt: skip


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


def _refuses(guard: Guard, address: str, port: int) -> bool:
    """Return whether the guard refuses an address that is written as a number; of a name that is not known here."""
    try:
        guard.check("127.0.0.1" if address == "localhost" else address, port)
    except AddressRefused:
        return True
    except ValueError:
        return False
    return False
