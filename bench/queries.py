"""(f) Queries per batch, counted by the server itself in its log: a large batch must cost as many as a small one."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.request import urlopen

import msgspec

from bench.case import Case
from bench.stub import Stub
from hub.supervisor.servers import Servers

SMALL, LARGE = 100, 500  # entries of three companies
STATEMENT = re.compile(rb"LOG:  (?:statement|execute)")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def measure(stub: Stub, servers: Servers, case: Case) -> dict[str, Any]:
    """Receive and deliver a small and a large batch; return the queries of each, and the largest growth."""
    from django.conf import settings
    from django.db import connection

    url = stub.prepare(case)
    allowed, settings.OUTBOUND_ALLOWED = settings.OUTBOUND_ALLOWED, [f"127.0.0.1:{stub.port}"]
    connection.ensure_connection()
    try:
        _batch(servers, case, url, SMALL, travels=False)  # what only the first batch of a process asks
        counts = {
            str(size): _batch(servers, case, url, size, travels=True) | _batch(servers, case, url, size, travels=False)
            for size in (SMALL, LARGE)
        }
    finally:
        settings.OUTBOUND_ALLOWED = allowed
        connection.close()
    small, large = counts[str(SMALL)], counts[str(LARGE)]
    return {"queries": counts, "ratio": max(large[step] / small[step] for step in small)}


def _batch(servers: Servers, case: Case, url: str, size: int, *, travels: bool) -> dict[str, int]:
    """Count the queries of a batch that travels in a consignment, or is queued record by record."""
    from django.conf import settings
    from django.db import transaction

    from bench import hub_setup
    from governance.actor import ENGINE
    from mappings import tables
    from mappings.models import LookupTable
    from routes import drafts
    from routes.deliver import deliver
    from routes.plan import current, plan
    from routes.receive import take_in

    route = hub_setup.make_route(case, url)
    made = plan(current(route).pk)
    with urlopen(f"{url}/time_entries?page=1&per_page={size}") as answer:  # noqa: S310 - our own stub
        records = _decode(answer.read())["time_entries"]

    def receive_page() -> None:
        with transaction.atomic():
            take_in(made, records, run=None, onward=drafts.open_for(made) if travels else None)

    # A changed table makes the batch read all its rows anew: rows that are kept would flatter the second one.
    table = LookupTable.objects.get(name="bench_tasks")
    tables.add_rows(table, [tables.NewRow((f"unused {route.pk}",), {"id": "none"})], by=ENGINE)
    to = made.destinations[0]
    settings.DELIVERY_BATCH = size
    way = "" if travels else ", queued"
    return {
        f"receive{way}": _count(servers, receive_page),
        f"deliver{way}": _count(
            servers, lambda: deliver(connection_id=to.connection_id, lane=to.lane, stream=to.stream)
        ),
    }


def _count(servers: Servers, work: Callable[[], object]) -> int:
    from django.db import connection

    log = servers.postgresql.log
    with connection.cursor() as cursor:
        cursor.execute("SET log_statement = 'all'")
    before = log.stat().st_size
    work()
    with connection.cursor() as cursor:
        cursor.execute("RESET log_statement")
    with log.open("rb") as file:
        file.seek(before)
        return len(STATEMENT.findall(file.read())) - 1  # the RESET itself
