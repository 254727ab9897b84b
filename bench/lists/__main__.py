"""`make bench-lists`: fill a database, ask every list for its time, write its section of docs/benchmarks.md."""

import argparse
import datetime as dt
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.supervisor.options import ROOT
from hub.supervisor.servers import Servers

MILLION = 1_000_000
MARK = "filled.json"  # what the database below STATE holds


def main() -> int:
    """Fill, measure, write; return 1 when a list takes longer than was promised."""
    arguments = _arguments()
    state = Path(os.environ.get("STATE", ROOT / ".state")).resolve() / "bench-lists"
    with _servers(state, arguments) as (servers, is_filled):
        from bench.lists import fill, measure, section, spread

        if not is_filled:
            now = dt.datetime.now(dt.UTC)
            seconds = fill.fill(arguments.transactions, now)
            told = {"transactions": arguments.transactions, "seconds": round(seconds), "days": spread.DAYS}
            (state / MARK).write_text(json.dumps(told))
        if arguments.fill_only:
            return 0
        filled = json.loads((state / MARK).read_text())
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


@contextmanager
def _servers(state: Path, arguments: argparse.Namespace) -> Iterator[tuple[Servers, bool]]:
    """Start servers, with an empty database or the one that is filled already, and set Django up on them."""
    is_filled = arguments.keep and (state / MARK).is_file()
    if not is_filled:
        (state / MARK).unlink(missing_ok=True)
        shutil.rmtree(state / "postgresql", ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711)  # the servers' own account walks through
    servers = Servers.below(state)
    servers.start()
    try:
        os.environ.update(servers.environment, STATE=str(state), DJANGO_SETTINGS_MODULE="hub.settings")
        os.environ["CONNECTOR_PATHS"] = str(ROOT / "bench" / "connectors")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        yield servers, is_filled
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main())
