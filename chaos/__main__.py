"""`python -m chaos`: three runs, one for each write class; ends with a line of JSON, and fails if anything was lost."""

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from chaos import options as choices
from chaos import target
from chaos.house import House
from chaos.options import Options
from chaos.times import write_connectors
from hub.supervisor.options import ROOT
from sandbox.launch import Simulator

if TYPE_CHECKING:
    from chaos.verdict import Verdict


def main() -> int:
    """Do all runs; return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    options = choices.read()
    state = _folder(options)
    verdicts = _all_runs(state, options)
    from chaos.verdict import summary

    found = summary(verdicts, options.seed, at_once=options.at_once)
    if not found["ok"]:
        _tell(verdicts, state)
    elif options.state is None:
        shutil.rmtree(state, ignore_errors=True)
    print(json.dumps(found), flush=True)
    return 0 if found["ok"] else 1


def _all_runs(state: Path, options: Options) -> "list[Verdict]":
    with contextlib.ExitStack() as stack:
        ledgers = {
            name: stack.enter_context(target.start(name, state=state, entries=options.entries, seed=options.seed))
            for name in options.classes
        }
        write_connectors(ROOT / "sandbox" / "connectors", state / "connectors", options.times)
        house = House(state, options.times.environment | _addresses(state, ledgers))
        stack.callback(house.stop)
        house.start()
        os.environ.update({"STATE": str(state), "CONNECTOR_PATHS": str(state / "connectors")})
        return _in_turn(house, ledgers, options)


def _addresses(state: Path, ledgers: dict[str, Simulator]) -> dict[str, str]:
    return {
        "CONNECTOR_PATHS": str(state / "connectors"),
        "OUTBOUND_ALLOWED": ",".join(f"127.0.0.1:{ledger.port}" for ledger in ledgers.values()),
    }


def _in_turn(house: House, ledgers: dict[str, Simulator], options: Options) -> "list[Verdict]":
    os.environ["DJANGO_SETTINGS_MODULE"] = "hub.settings"
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # the supervisor has left the addresses of its own servers in STATE
    import django

    django.setup()
    from chaos.run import run  # only now: settings read the addresses of the running servers

    if options.at_once:
        return run(house, ledgers, options.classes, options)
    return [verdict for name in options.classes for verdict in run(house, ledgers, [name], options)]


def _folder(options: Options) -> Path:
    """Return the folder asked for, or a temporary one, which stays when something went wrong."""
    if options.state:
        options.state.mkdir(parents=True, exist_ok=True)
        return options.state.resolve()
    state = Path(tempfile.mkdtemp(prefix="chaos-"))
    state.chmod(0o711)  # the servers' own account walks through
    return state


def _tell(verdicts: "list[Verdict]", state: Path) -> None:
    for verdict in verdicts:
        for trouble in verdict.troubles:
            print(f"{verdict.write_class}: {trouble}", file=sys.stderr)
    print(f"Look into {state} for the logs and the target's own list.", file=sys.stderr)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
