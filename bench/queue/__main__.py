"""`make bench-queue`: fill 50,000 and 5,000,000 transactions, ask the queue for its times, write its section."""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import filling
from bench.queue import section
from hub.supervisor.options import ROOT

SMALL, LARGE = 50_000, 5_000_000


def main() -> int:
    """Fill and measure, one process for each size; write; return 1 when a promise is not kept."""
    arguments = _arguments()
    state = Path(os.environ.get("STATE", ROOT / ".state")).resolve()
    if arguments.one:
        _one(arguments, state / f"bench-queue-{arguments.one}")
        return 0
    results = []
    for size in (SMALL, arguments.transactions):
        command = [sys.executable, "-m", "bench.queue", "--one", str(size), "--rounds", str(arguments.rounds)]
        given = [*(["--keep"] if arguments.keep else []), "--only", arguments.only]
        subprocess.run([*command, *given], check=True)  # noqa: S603 - ourselves
        results.append(json.loads((state / f"bench-queue-{size}" / "measured.json").read_text()))
    text = section.render(*results)
    if arguments.quick or arguments.only or arguments.transactions != LARGE:
        print(text)
    else:
        section.put(text)
    return 1 if section.broken(*results) else 0


def _one(arguments: argparse.Namespace, state: Path) -> None:
    """Fill a database of one size, unless that is done, and measure it."""
    with filling.servers(state, keep=arguments.keep) as (servers, is_filled):
        from bench import machine
        from bench.lists import measure
        from bench.queue import addresses, fill, plans
        from bench.queue.size import STAFF, Size
        from exceptions_queue.query import kept

        size = Size.of(arguments.one)
        if not is_filled:
            seconds = fill.fill(size, dt.datetime.now(dt.UTC))
            fill.settle()
            (state / filling.MARK).write_text(json.dumps({"seconds": round(seconds)}))
        if arguments.fill_only:
            return
        found = addresses.find()
        asked = [each for each in addresses.all_of(found) if section.wanted(each.group, each.what, arguments.only)]
        usual, kept.MANY = kept.MANY, sys.maxsize  # each number is counted anew, as by the first who looks
        measured, _ = measure.in_process(asked, arguments.rounds, STAFF)
        kept.MANY = usual
        again = [each for each in addresses.again() if section.wanted(each.group, each.what, arguments.only)]
        measured += measure.in_process(again, arguments.rounds, STAFF)[0]
        if section.wanted("Bulk plan", "", arguments.only):
            measured += plans.measure(found, min(arguments.rounds, 5))
        told: dict[str, Any] = json.loads((state / filling.MARK).read_text())
        told |= {
            "transactions": size.transactions, "items": size.items, "members": size.members, "bodies": size.bodies,
            "at": dt.datetime.now(dt.UTC).strftime("%d %B %Y, %H:%M UTC"), "load": os.getloadavg()[0],
            "machine": machine.describe(servers.postgresql.url),
            "measured": [section.kept(each) for each in measured],
        }  # fmt: skip
        (state / "measured.json").write_text(json.dumps(told))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.queue", description=__doc__)
    parser.add_argument("--transactions", type=int, default=LARGE, help="how many the large database holds (5,000,000)")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is asked (15)")
    parser.add_argument("--keep", action="store_true", help="measure what an earlier call has filled")
    parser.add_argument("--only", default="", help="pattern of names of addresses; then --quick is meant, too")
    parser.add_argument("--quick", action="store_true", help="print the section; the page is left alone")
    parser.add_argument("--one", type=int, default=0, help="fill and measure one database with so many transactions")
    parser.add_argument("--fill-only", action="store_true", help="with --one: fill, and measure nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
