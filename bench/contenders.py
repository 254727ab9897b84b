"""The two contenders that the hub is held against: the yardstick script and the Node-RED flow."""

import json
import os
import sys
from decimal import Decimal
from pathlib import Path

import psycopg

from bench import peer, work, yardstick
from bench.case import IN_FLIGHT, PAGE, Case, Result, Tally
from bench.crew import Crew
from bench.stub import Stub

PARTS = 2  # processes of the yardstick, as many as the hub has workers


class Yardstick:
    """The script, with a database of its own in the hub's PostgreSQL."""

    name = "yardstick"

    def __init__(self, stub: Stub, database: str, logs: Path) -> None:
        self.stub, self.database = stub, database
        commands = [[sys.executable, "-m", "bench.yardstick", str(part), str(PARTS)] for part in range(PARTS)]
        self.crew = Crew(commands, os.environ, logs / "yardstick.log")

    def start(self) -> None:
        """Start both processes."""
        self.crew.start()

    def run(self, case: Case) -> Result:
        """Do the work of a case."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(yardstick.SCHEMA)
        url = self.stub.prepare(case)
        task = {"url": url, "entries": case.entries, "batch": case.batch, "in_flight": IN_FLIGHT}
        seconds, _ = self.crew.race({**task, "database": self.database})
        return Result(seconds, self._tally())

    def stop(self) -> None:
        """End both processes."""
        self.crew.stop()

    def _tally(self) -> Tally:
        with psycopg.connect(self.database) as connection:
            rows = connection.execute(
                "SELECT state, currency, count(*), sum(amount) FROM yardstick_record GROUP BY state, currency"
            ).fetchall()
        amounts = {currency: amount for state, currency, _, amount in rows if state == "posted"}
        posted = sum(count for state, _, count, _ in rows if state == "posted")
        return Tally(posted, amounts, sum(count for state, _, count, _ in rows if state == "with_people"))


class NodeRed:
    """A headless Node-RED that does the same work and stores nothing."""

    def __init__(self, stub: Stub, cache: Path, logs: Path, *, scripted: bool = False) -> None:
        self.stub, self.name = stub, "node_red_scripted" if scripted else "node_red"
        folder = cache / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tables.json").write_text(json.dumps(work.TABLES))
        environment = {**os.environ, "BENCH_FOLDER": str(folder), "BENCH_SCRIPTED": "1" if scripted else ""}
        command = [str(peer.node(cache)), str(peer.script(cache))]
        self.crew = Crew([command], environment, logs / f"{self.name}.log")

    def start(self) -> None:
        """Start the process."""
        self.crew.start()

    def run(self, case: Case) -> Result:
        """Do the work of a case."""
        url = self.stub.prepare(case)
        pages = -(-case.entries // PAGE)
        task = {"url": url, "pages": pages, "page": PAGE, "batch": case.batch, "in_flight": IN_FLIGHT}
        seconds, (told,) = self.crew.race(task)
        amounts = {currency: Decimal(str(amount)) for currency, amount in told["amounts"].items()}
        return Result(seconds, Tally(told["posted"], amounts, told["with_people"]))

    def stop(self) -> None:
        """End the process."""
        self.crew.stop()
