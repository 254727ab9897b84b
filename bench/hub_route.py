"""The hub as a contender: the real route, worked on by two worker processes and a beat as in production."""

import os
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.case import IN_FLIGHT, Case, Result, Tally
from bench.stub import Stub
from hub.supervisor import parts
from hub.supervisor.child import Child
from hub.supervisor.options import Options
from hub.supervisor.servers import Servers

CONNECTORS = Path(__file__).resolve().parent / "connectors"
PATIENCE = 900.0  # seconds; a run that takes longer has got stuck
LOOK = 0.005, 0.25  # seconds between two looks whether the run is over: at its end, and at most

OVER = """
SELECT state FROM routes_run WHERE id = %(run)s AND state IN ('done', 'stopped', 'held')
AND NOT EXISTS (
    SELECT FROM routes_keyhead h JOIN routes_destination d ON d.connection_id = h.connection_id
    WHERE d.route_id = %(route)s AND h.due_at IS NOT NULL)
AND NOT EXISTS (SELECT FROM routes_consignment WHERE route_id = %(route)s)
"""
TALLY = """
SELECT state, currency, count(*), sum(amount) FROM routes_transaction
WHERE destination_id IN (SELECT id FROM routes_destination WHERE route_id = %s) GROUP BY state, currency
"""
HISTORY = """
SELECT count(*) FROM routes_history x JOIN routes_transaction t ON t.id = x.subject_id
WHERE t.destination_id IN (SELECT id FROM routes_destination WHERE route_id = %s)
"""
CHANGES_POSTED = 6  # received, normalised, validated, ready, delivering, posted
CHANGES_FAILED = 3  # received, normalised, failed


class Hub:
    """Two Celery workers and a beat on the servers that the bench started."""

    name = "hub"

    def __init__(self, stub: Stub, servers: Servers) -> None:
        self.stub, self.servers = stub, servers
        options = Options.of({**os.environ, "STATE": str(servers.places.state), "DEMO": "0"})
        environment = parts.environment(options, servers.environment, {"ledger": stub.port})
        environment["CONNECTOR_PATHS"] = str(CONNECTORS)
        # The operator's setting for a target that takes so many calls at once: each of two batches uses its share.
        environment["DELIVERY_AT_ONCE"] = str(IN_FLIGHT // 2)
        self.workers = parts.workers(options, servers.places, environment)
        self.children: list[Child] = [*self.workers, parts.beat(servers.places, environment)]

    def start(self) -> None:
        """Start the processes and wait until both workers listen."""
        from hub.celery import app

        for child in self.children:
            child.start()
        end = time.monotonic() + 60
        while len(app.control.ping(timeout=0.5) or []) < len(self.workers):
            if time.monotonic() > end:
                raise RuntimeError(f"The workers do not start. Their last words are in {self.workers[0].log}")

    def run(self, case: Case) -> Result:
        """Do the work of a case."""
        from bench import hub_setup
        from governance.actor import ENGINE
        from routes import runs

        url = self.stub.prepare(case)
        route = hub_setup.make_route(case, url)
        with psycopg.connect(self.servers.postgresql.url, autocommit=True) as database:
            began = time.perf_counter()
            run = runs.ask_for_run(route, by=ENGINE, trigger="api")
            self._wait(database, case, {"run": run.pk, "route": route.pk})
            seconds = time.perf_counter() - began
            return Result(seconds, tally(database, route.pk))

    def stop(self) -> None:
        """End the processes."""
        for child in self.children:
            child.ask_to_stop()
        for child in self.children:
            child.stop()

    def _wait(self, database: "psycopg.Connection[Any]", case: Case, which: dict[str, Any]) -> None:
        """Look at the stub first, which is the cheaper question, and at the database once the stub has everything.

        A look costs the stub and this process some milliseconds which the other contenders do not pay: there are few.
        """
        began, wanted = time.monotonic(), self.stub.truth(case).posted
        while (posted := self.stub.received(case).posted) < wanted or not self._over(database, which):
            elapsed = time.monotonic() - began
            if elapsed > PATIENCE or not all(child.running for child in self.children):
                raise RuntimeError(f"The hub does not finish. Its logs are in {self.servers.places.logs}")
            seconds_left = elapsed * (wanted - posted) / max(posted, 1)
            time.sleep(min(max(seconds_left / 4, LOOK[0]), LOOK[1]))

    def _over(self, database: "psycopg.Connection[Any]", which: dict[str, Any]) -> bool:
        found = database.execute(OVER, which).fetchone()
        if found and found[0] != "done":
            raise RuntimeError(f"The run is {found[0]}. The hub's logs are in {self.servers.places.logs}")
        return found is not None


def tally(database: "psycopg.Connection[Any]", route: int) -> Tally:
    """Return what the hub says it did; raises AssertionError when a change of state is missing from the history."""
    rows = database.execute(TALLY, [route]).fetchall()
    counts = {state: sum(row[2] for row in rows if row[0] == state) for state, *_ in rows}
    posted, failed = counts.pop("posted", 0), counts.pop("failed", 0)
    assert not counts, f"left over: {counts}"
    history = database.execute(HISTORY, [route]).fetchone()
    assert history is not None
    assert history[0] == CHANGES_POSTED * posted + CHANGES_FAILED * failed, f"{history[0]} changes of state"
    return Tally(posted, {currency: amount for state, currency, _, amount in rows if state == "posted"}, failed)
