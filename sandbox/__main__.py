"""Starts simulators: `python -m sandbox <system> --port N --state FOLDER --seed N`; ends on Ctrl-C or SIGTERM.

When they answer, one line of JSON on standard output says on which ports: {"listening": {"harvest": 9701}}.
Each system is imported only when it is asked for, so that the ledger starts in a blink.
"""

import argparse
import asyncio
import json
import signal
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.firm.timesheets import Firm


def main() -> None:
    """Read the command line and serve until told to stop."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except OSError as error:
        # The last line is what a supervisor shows: thing, cause, remedy.
        sys.exit(f"The sandbox cannot start: {error}. Choose a free --port and a --state folder of its own.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    systems = parser.add_subparsers(required=True, metavar="system")
    _ledger(systems.add_parser("ledger", help="plain time source and fast write target for chaos and bench"))
    for name, words in (("harvest", "time tool: Harvest API v2"), ("netsuite", "ERP: NetSuite SuiteTalk REST")):
        system = systems.add_parser(name, help=words)
        _common(system)
        system.set_defaults(system=name, run=lambda arguments: asyncio.run(_run_site(arguments)))
    _everything(systems.add_parser("all", help="the demonstration: Harvest and NetSuite with the firm in them"))
    firm = systems.add_parser("firm", help="the demonstration firm's reference data")
    firm.add_argument("--print", action="store_true", required=True, help="write it as JSON")
    firm.add_argument("--state", type=Path, default=None, help="take first day and seed from this folder")
    _story(firm)
    firm.set_defaults(run=_print_firm)
    return parser


def _ledger(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--mode", choices=("idempotent", "look_up", "blind"), default="idempotent")
    parser.add_argument("--entries", type=int, default=20_000, help="how many time entries the source has")
    parser.add_argument("--trouble", type=float, default=0.0, help="share of entries with an unknown task code")
    parser.add_argument("--token", default="", help="bearer token that callers must send; empty: none")
    parser.set_defaults(run=lambda arguments: asyncio.run(_run_ledger(arguments)))


def _everything(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="first of the loopback ports; 0 takes free ones")
    parser.add_argument("--harvest-port", type=int, default=None, help="default: --port")
    parser.add_argument("--netsuite-port", type=int, default=None, help="default: --port + 1")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the memory")
    parser.add_argument("--acts", action="store_true", help="reject and correct some entries once they are posted")
    _story(parser)
    parser.set_defaults(run=lambda arguments: asyncio.run(_run_all(arguments)))


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the memory")
    parser.add_argument("--seed", type=int, default=1)


def _story(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--today", type=date.fromisoformat, default=None, help="first day of the story")
    parser.add_argument("--seed", type=int, default=1)


def _print_firm(arguments: argparse.Namespace) -> None:
    from sandbox.firm.reference import reference

    print(json.dumps(reference(_firm(arguments)), indent=1))


def _firm(arguments: argparse.Namespace) -> "Firm":
    from sandbox.firm.story import remembered_day
    from sandbox.firm.timesheets import Firm

    kept = remembered_day(arguments.state) if arguments.state else None
    if kept:
        return Firm(date.fromisoformat(kept["today"]), kept["seed"])
    return Firm(arguments.today or date.today(), arguments.seed)  # noqa: DTZ011 - the operator's calendar day


async def _run_ledger(arguments: argparse.Namespace) -> None:
    from sandbox.ledger import server
    from sandbox.ledger.book import Mode
    from sandbox.ledger.source import Source

    entries = Source(arguments.state, seed=arguments.seed, count=arguments.entries, trouble_share=arguments.trouble)
    ledger = server.Ledger(arguments.state, mode=Mode(arguments.mode), entries=entries, token=arguments.token)
    listening = await server.start(ledger, arguments.port)
    await _announce_and_wait({"ledger": listening.sockets[0].getsockname()[1]})


async def _run_site(arguments: argparse.Namespace) -> None:
    from sandbox.harvest.site import Harvest
    from sandbox.memory import Memory
    from sandbox.netsuite.site import NetSuite
    from sandbox.web import serve

    kind = {"harvest": Harvest, "netsuite": NetSuite}[arguments.system]
    runner, port = await serve(kind(Memory(arguments.state / f"{kind.name}.jsonl")), arguments.port)
    await _announce_and_wait({kind.name: port})
    await runner.cleanup()


async def _run_all(arguments: argparse.Namespace) -> None:
    from sandbox.firm.story import Story
    from sandbox.web import serve

    firm = _firm(arguments)
    story = Story(arguments.state, firm.today, firm.seed)
    first = arguments.port
    harvest, harvest_port = await serve(story.harvest, arguments.harvest_port or first)
    netsuite, netsuite_port = await serve(story.netsuite, arguments.netsuite_port or (first and first + 1))
    acts = asyncio.create_task(story.play()) if arguments.acts else None
    await _announce_and_wait({"harvest": harvest_port, "netsuite": netsuite_port})
    if acts is not None:
        acts.cancel()
    await harvest.cleanup()
    await netsuite.cleanup()


async def _announce_and_wait(ports: dict[str, int]) -> None:
    """Print the ports, the sign that the systems answer; return when told to stop."""
    print(json.dumps({"listening": ports}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    main()
