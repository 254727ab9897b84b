"""Starts simulators: `python -m sandbox <system> --port N --state FOLDER --seed N`; ends on Ctrl-C or SIGTERM."""

import argparse
import asyncio
import json
import signal
from datetime import date
from pathlib import Path

from sandbox.firm.reference import reference
from sandbox.firm.story import Story, remembered_day
from sandbox.firm.timesheets import Firm
from sandbox.harvest.site import Harvest
from sandbox.ledger import server as ledger_server
from sandbox.ledger.book import Mode
from sandbox.ledger.source import Source
from sandbox.memory import Memory
from sandbox.netsuite.site import NetSuite
from sandbox.web import Site, serve


def main() -> None:
    """Read the command line and serve until told to stop."""
    arguments = _parser().parse_args()
    arguments.run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    systems = parser.add_subparsers(required=True, metavar="system")
    ledger = systems.add_parser("ledger", help="plain time source and fast write target for chaos and bench")
    _common(ledger)
    ledger.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.IDEMPOTENT)
    ledger.add_argument("--entries", type=int, default=20_000, help="how many time entries the source has")
    ledger.add_argument("--trouble", type=float, default=0.0, help="share of entries with an unknown task code")
    ledger.add_argument("--token", default="", help="bearer token that callers must send; empty: none")
    ledger.set_defaults(run=lambda arguments: asyncio.run(_run_ledger(arguments)))
    harvest = systems.add_parser("harvest", help="time tool: Harvest API v2")
    _common(harvest)
    harvest.set_defaults(run=lambda arguments: asyncio.run(_run_site(Harvest, arguments)))
    netsuite = systems.add_parser("netsuite", help="ERP: NetSuite SuiteTalk REST")
    _common(netsuite)
    netsuite.set_defaults(run=lambda arguments: asyncio.run(_run_site(NetSuite, arguments)))
    everything = systems.add_parser("all", help="the demonstration: Harvest and NetSuite with the firm in them")
    everything.add_argument("--port", type=int, default=0, help="first of the loopback ports; 0 takes free ones")
    everything.add_argument("--harvest-port", type=int, default=None, help="default: --port")
    everything.add_argument("--netsuite-port", type=int, default=None, help="default: --port + 1")
    everything.add_argument("--state", type=Path, required=True, help="folder that keeps the memory")
    _story(everything)
    everything.set_defaults(run=lambda arguments: asyncio.run(_run_all(arguments)))
    firm = systems.add_parser("firm", help="the demonstration firm's reference data")
    firm.add_argument("--print", action="store_true", required=True, help="write it as JSON")
    firm.add_argument("--state", type=Path, default=None, help="take first day and seed from this folder")
    _story(firm)
    firm.set_defaults(run=lambda arguments: print(json.dumps(reference(_firm(arguments)), indent=1)))
    return parser


def _story(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="first day of the story")
    parser.add_argument("--seed", type=int, default=1)


def _firm(arguments: argparse.Namespace) -> Firm:
    kept = remembered_day(arguments.state) if arguments.state else None
    if kept:
        return Firm(date.fromisoformat(kept["today"]), kept["seed"])
    return Firm(arguments.today or date.today(), arguments.seed)  # noqa: DTZ011 - the operator's calendar day


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the memory")
    parser.add_argument("--seed", type=int, default=1)


async def _run_ledger(arguments: argparse.Namespace) -> None:
    entries = Source(arguments.state, seed=arguments.seed, count=arguments.entries, trouble_share=arguments.trouble)
    ledger = ledger_server.Ledger(arguments.state, mode=arguments.mode, entries=entries, token=arguments.token)
    listening = await ledger_server.start(ledger, arguments.port)
    await _announce_and_wait({"ledger": listening.sockets[0].getsockname()[1]})


async def _run_site(kind: type[Site], arguments: argparse.Namespace) -> None:
    site = kind(Memory(arguments.state / f"{kind.name}.jsonl"))
    runner, port = await serve(site, arguments.port)
    await _announce_and_wait({kind.name: port})
    await runner.cleanup()


async def _run_all(arguments: argparse.Namespace) -> None:
    firm = _firm(arguments)
    story = Story(arguments.state, firm.today, firm.seed)
    first = arguments.port
    harvest, harvest_port = await serve(story.harvest, arguments.harvest_port or first)
    netsuite, netsuite_port = await serve(story.netsuite, arguments.netsuite_port or (first and first + 1))
    await _announce_and_wait({"harvest": harvest_port, "netsuite": netsuite_port})
    await harvest.cleanup()
    await netsuite.cleanup()


async def _announce_and_wait(ports: dict[str, int]) -> None:
    """Print one JSON line with the port of each system, the sign that they answer; return when told to stop."""
    print(json.dumps({"listening": ports}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    main()
