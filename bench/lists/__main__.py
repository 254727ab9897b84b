"""`make bench-lists`: fill a database, ask every list for its time, write its section of docs/benchmarks.md."""

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path

from bench import filling
from hub.supervisor.options import ROOT

MILLION = 1_000_000


def main() -> int:
    """Fill, measure, write; return 1 when a list takes longer than was promised."""
    arguments = _arguments()
    state = Path(os.environ.get("STATE", ROOT / ".state")).resolve() / "bench-lists"
    with filling.servers(state, keep=arguments.keep) as (servers, is_filled):
        from bench.lists import fill, measure, section, spread

        if not is_filled:
            now = dt.datetime.now(dt.UTC)
            seconds = fill.fill(arguments.transactions, now)
            told = {"transactions": arguments.transactions, "seconds": round(seconds), "days": spread.DAYS}
            (state / filling.MARK).write_text(json.dumps(told))
        if arguments.fill_only:
            return 0
        filled = json.loads((state / filling.MARK).read_text())
        filled["at"] = dt.datetime.now(dt.UTC).strftime("%d %B %Y, %H:%M UTC")
        found = measure.measure(arguments.rounds, servers, arguments.only)
        filled["load"] = os.getloadavg()[0]
        text = section.render(found, filled, servers.postgresql.url)
        if arguments.quick or arguments.only:
            print(text)
        else:
            section.put(text)
    return 1 if any(each.too_slow for each in found) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--transactions", type=int, default=MILLION, help="how many the database holds (1,000,000)")
    parser.add_argument("--rounds", type=int, default=15, help="how often each is asked (15)")
    parser.add_argument("--keep", action="store_true", help="measure what an earlier call has filled")
    parser.add_argument("--fill-only", action="store_true", help="fill, and measure nothing")
    parser.add_argument("--only", default="", help="pattern of names of addresses; then --quick is meant, too")
    parser.add_argument("--quick", action="store_true", help="print the section; the page is left alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
