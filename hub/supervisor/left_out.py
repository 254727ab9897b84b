"""Whether the demonstration may be in a database: where nothing is yet, or where it was loaded before.

The mark is in the database's audit trail, so that it comes along with a backup and a new STATE: the hub itself gave
the demonstration's people their roles, with a reason that it gives to nobody else.
"""

from contextlib import closing
from typing import Any

import psycopg

from hub.supervisor.problems import CannotStart

REASON = "demonstration"  # why the demonstration's people have their roles
LOADED = """EXISTS (SELECT FROM governance_auditentry WHERE thing_kind = 'governance.rolegrant' AND verb = 'grant'
            AND actor_kind = 'engine' AND reason = %s)"""
FOUND = f"""
SELECT
    {LOADED},
    ARRAY(SELECT slug FROM connectors_connection
          WHERE slug IN ('harvest', 'netsuite') AND (environment <> 'sandbox' OR connector <> slug) ORDER BY 1),
    (SELECT count(*) FROM governance_user), (SELECT count(*) FROM connectors_connection),
    (SELECT count(*) FROM routes_route)
"""  # noqa: S608 - a constant


def why(cursor: Any) -> str:
    """Return why the demonstration is left out, in half a sentence; "" where it may be.

    `cursor` is one of psycopg or of Django.
    """
    cursor.execute(FOUND, [REASON])
    loaded, real, people, connections, routes = cursor.fetchone()
    if loaded and not real:
        return ""
    if loaded:
        return f"its connection {real[0]} is no sandbox any more, and simulated systems must not take its place"
    counted = ((people, "person", "people"), (connections, "connection", "connections"), (routes, "route", "routes"))
    there = [f"{number:,} {one if number == 1 else more}" for number, one, more in counted if number]
    listed = " and ".join([", ".join(there[:-1]), there[-1]] if there[1:] else there)
    return f"this database has {listed} that the demonstration did not make" if there else ""


def is_loaded(cursor: Any) -> bool:
    """Return whether the demonstration was loaded into the database once: all of it then came with one commit."""
    cursor.execute(f"SELECT {LOADED}", [REASON])
    return bool(cursor.fetchone()[0])


def why_at(database_url: str) -> str:
    """Return the same for the database at this address; raise CannotStart when it does not answer."""
    try:
        with closing(psycopg.connect(database_url, connect_timeout=10)) as link, link.cursor() as cursor:
            return why(cursor)
    except psycopg.Error as error:
        told = (str(error).strip().splitlines() or ["it said nothing"])[0]
        raise CannotStart(
            "It cannot be seen whether the demonstration may be loaded", f"the database said: {told}.",
            "Mend that and start again, or start without the demonstration: make run DEMO=0",
        ) from error  # fmt: skip
