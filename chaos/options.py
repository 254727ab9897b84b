"""What the person who starts a chaos run can choose."""

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

from chaos.times import Times

CLASSES = ("idempotent", "look_up", "blind")


@dataclass(frozen=True)
class Options:
    """The choices of one start."""

    entries: int  # of each run
    seed: int  # decides which entries are hurt and the order of the deeds
    classes: tuple[str, ...]
    at_once: bool  # all classes in one run, for a machine with little time
    every: float  # seconds between two deeds, on average
    mischief: float  # seconds of deeds and faults at most, per run; the rest of it is left in peace
    limit: float  # seconds that a run may take
    share: float  # of the writes that go wrong
    latency: float  # seconds that the target takes for each answer
    times: Times
    state: Path | None  # None: a temporary folder, removed at the end when all went well


def read(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="Kill everything while it works; nothing may be lost or doubled."
    )
    add = parser.add_argument
    add("--entries", type=int, default=20_000, help="time entries of each run (20000)")
    add("--seed", type=int, default=None, help="repeats a plan; without it a new one is drawn and printed")
    add("--classes", default=",".join(CLASSES), help="write classes to run, with commas")
    add("--at-once", action="store_true", help="one run with all classes side by side")
    add("--every", type=float, default=6.0, help="seconds between two deeds, on average (6)")
    add("--mischief", type=float, default=120.0, help="seconds of deeds and faults in each run, at most (120)")
    add("--limit", type=float, default=280.0, help="seconds that a run may take (280)")
    add("--share", type=float, default=0.008, help="share of the writes that go wrong (0.008)")
    add("--latency", type=float, default=0.1, help="seconds that the target takes for an answer (0.1)")
    add("--lease", type=float, default=10.0, help="seconds of a lease (10)")
    add("--timeout", type=float, default=4.0, help="seconds of a request, below half a lease (4)")
    add("--late", type=float, default=10.0, help="seconds after the timeout in which the target may commit (10)")
    add("--state", type=Path, default=None, help="folder to work in; without it a temporary one")
    found = parser.parse_args(arguments)
    classes = tuple(found.classes.split(","))
    if unknown := set(classes) - set(CLASSES):
        parser.error(f"unknown write class {', '.join(sorted(unknown))}; there are {', '.join(CLASSES)}")
    try:
        times = Times(found.lease, found.timeout, found.late)
    except ValueError as error:
        parser.error(str(error))
    seed = random.SystemRandom().randrange(1, 1_000_000) if found.seed is None else found.seed
    return Options(
        found.entries, seed, classes, found.at_once, found.every, found.mischief, found.limit, found.share,
        found.latency, times, found.state,
    )  # fmt: skip
