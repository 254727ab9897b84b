"""`make bench`: measure everything in one run on this machine, write docs/benchmarks.md, end with one line of JSON."""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import machine, mapping, page, peer, sections
from bench.case import BATCH, SLOW_SECONDS, Case, Contender
from bench.contenders import NodeRed, Yardstick
from bench.stub import Stub
from bench.verdict import Measured, checks
from hub.supervisor.options import ROOT
from hub.supervisor.servers import Servers

PAGE = ROOT / "docs" / "benchmarks.md"
ALL = "abcdef"  # the promises, by the letters of bench.verdict
LARGER = 10  # times the entries, for the peak of memory
ONCE = ("node_red_scripted",)  # measured in one round only, for information
SLOW = ("hub", "yardstick")  # who meets the slow target


def main() -> int:
    """Measure; return 1 when a promise does not hold."""
    arguments = _arguments()
    state = Path(os.environ.get("STATE", ROOT / ".state")).resolve() / "bench"
    with ExitStack() as stack:
        servers = stack.enter_context(_servers(state))
        stub = Stub(_emptied(state / "ledger"))
        stack.callback(stub.stop)
        report = _measure(arguments, state, servers, stub)
    measured, found = report.pop("measured"), report.pop("checks")
    if not arguments.quick and set(arguments.only) >= set(ALL):  # a part would leave the page saying "not measured"
        before = PAGE.read_text() if PAGE.exists() else ""
        others = [sections.of(before, name) for name in ("lists", "queue")]  # what other commands have written
        PAGE.write_text("\n".join(filter(None, (page.render(report, measured, found), *others))))
    rates = {
        case: {name: round(measured.median(case, name) or 0) for name in by} for case, by in measured.rates.items()
    }
    report |= {"rates": rates, "checks": {f"{c.letter}: {c.what}": c.shown() for c in found}}
    report["passed"] = all(c.passed for c in found) and machine.is_durable(report["machine"])
    print(json.dumps(report))
    return 0 if report["passed"] or arguments.quick else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 entries, one run; the page is left alone")
    parser.add_argument("--entries", type=int, default=0, help="time entries of a run (20,000)")
    parser.add_argument("--runs", type=int, default=0, help="interleaved runs (5)")
    parser.add_argument("--only", default=ALL, help="letters of the promises to measure; the page is left alone")
    arguments = parser.parse_args()
    arguments.entries = arguments.entries or (2_000 if arguments.quick else 20_000)
    arguments.runs = arguments.runs or (1 if arguments.quick else 5)
    return arguments


def _measure(arguments: argparse.Namespace, state: Path, servers: Servers, stub: Stub) -> dict[str, Any]:
    from bench import hub_setup, memory, queries
    from bench.hub_route import Hub

    only, entries = arguments.only, arguments.entries
    report: dict[str, Any] = {"at": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"), "entries": entries}
    report |= {"runs": arguments.runs, "machine": machine.describe(servers.postgresql.url)}
    measured, one = Measured(), Case("one", entries)
    if "a" in only:
        report["mapping"] = mapping.run()
        _say(f"mapping: {report['mapping']['ratio']} of the same by hand")
    hub_setup.lay_the_ground()
    cases = {"b": one, "c": Case("slow", entries, latency=SLOW_SECONDS), "d": Case("batch", entries, batch=BATCH)}
    chosen = [case for letter, case in cases.items() if letter in only]
    if chosen:
        cache = state / "peer"
        peer.install(cache)
        report["machine"]["versions"] |= peer.versions(cache)
        contenders: list[Contender] = [Hub(stub, servers)]
        contenders.append(Yardstick(stub, servers.postgresql.url_of("yardstick"), servers.places.logs))
        contenders += [NodeRed(stub, cache, servers.places.logs, scripted=scripted) for scripted in (False, True)]
        _race(contenders, chosen, arguments.runs, stub, measured)
    if "f" in only:
        report["queries"] = queries.measure(stub, servers, one)
        _say(f"queries: {report['queries']}")
    if "e" in only:
        sizes = [Case("memory", entries), Case("memory", entries * LARGER)]
        report["memory"] = memory.measure(Hub(stub, servers), sizes, Measured())
        _say(f"memory: {report['memory']}")
    values = {name: report.get(name, {}).get("ratio") for name in ("mapping", "memory", "queries")}
    return report | {"measured": measured, "checks": checks(measured, **values)}


def _race(contenders: list[Contender], cases: list[Case], runs: int, stub: Stub, measured: Measured) -> None:
    """Let the contenders take turns; round 0 warms all of them up and does not count."""
    with ExitStack() as stack:
        for contender in contenders:
            stack.callback(contender.stop)
            contender.start()
        for case in cases:
            for turn in range(runs + 1):
                order = contenders[turn % len(contenders) :] + contenders[: turn % len(contenders)]
                for contender in order:
                    if (contender.name in ONCE and turn > 1) or (case.latency and contender.name not in SLOW):
                        continue
                    _checkpoint()
                    result = contender.run(case)
                    counted = measured if turn else Measured()
                    rate = counted.add(case, contender.name, result, stub.received(case), stub.truth(case))
                    _say(f"{case.name}, {f'run {turn}' if turn else 'warming up'}: {contender.name} {rate:,.0f}/s")


def _checkpoint() -> None:
    """Let nobody pay for what the one before has left to write."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CHECKPOINT")


@contextmanager
def _servers(state: Path) -> Iterator[Servers]:
    """Start servers with an empty database, and set Django up on them."""
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o711)  # the servers' own account walks through
    shutil.rmtree(state / "postgresql", ignore_errors=True)
    servers = Servers.below(state)
    servers.start()
    try:
        os.environ.update(servers.environment, STATE=str(state), DJANGO_SETTINGS_MODULE="hub.settings")
        os.environ["CONNECTOR_PATHS"] = str(ROOT / "bench" / "connectors")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        with psycopg.connect(servers.postgresql.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE yardstick")
        yield servers
    finally:
        servers.stop()


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
