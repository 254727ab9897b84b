"""One run: entries travel, processes die, the source changes its mind, and in the end everything has come to rest."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from chaos import books, firm, target
from chaos.firm import Way
from chaos.house import House
from chaos.mischief import Mischief
from chaos.options import Options
from chaos.progress import Display
from chaos.verdict import Verdict, judge
from sandbox.launch import Simulator

WAVES = 4  # how often the source changes entries that have been read
QUIET = 2  # how often in a row a run must look at rest: a nudge may be on its way


@dataclass
class Pair:
    """A way through the hub and the simulator at both its ends."""

    way: Way
    ledger: Simulator
    waves: int = 0
    resting: int = 0
    seconds: float = 0.0  # when it came to rest
    doubted: bool = False  # whether an outcome was unknown by now


def run(house: House, ledgers: dict[str, Simulator], classes: Sequence[str], options: Options) -> list[Verdict]:
    """Run some write classes side by side and return a verdict for each."""
    pairs = [Pair(firm.make(name, ledgers[name].url), ledgers[name]) for name in classes]
    for pair in pairs:
        target.misbehave(
            pair.ledger, times=options.times, seed=options.seed, share=options.share, latency=options.latency
        )
        _ask(pair)
    order = options.seed + options.classes.index(classes[0])  # each run gets an order of its own
    mischief = Mischief(house, seed=order, every=options.every, pause=options.times.pause)
    began = time.monotonic()
    mischief.start()
    try:
        _watch(pairs, mischief, options, began)
    finally:
        mischief.end()
    missing = house.answers()
    verdicts = [
        judge(p.way, p.ledger, mischief, seconds=p.seconds or time.monotonic() - began, settled=bool(p.seconds))
        for p in pairs
    ]
    for verdict in verdicts:
        verdict.troubles += [f"{name} is not up again" for name in missing]
    return verdicts


def _watch(pairs: list[Pair], mischief: Mischief, options: Options, began: float) -> None:
    with Display([p.way.write_class for p in pairs], options.entries) as display:
        while not all(p.seconds for p in pairs):
            gone = time.monotonic() - began
            if gone > options.limit:
                return
            if mischief.is_alive() and enough(pairs, options, gone):
                mischief.end()
                for pair in pairs:
                    pair.ledger.set_faults(latency=options.latency)
            for pair in pairs:
                if not pair.seconds:
                    standing = books.standing(pair.way)
                    pair.doubted = standing.unknowns > 0
                    display.show(pair.way.write_class, standing, mischief)
                    _go_on(pair, standing, options, gone)
            time.sleep(0.5)


def enough(pairs: Sequence[Pair], options: Options, gone: float) -> bool:
    """Tell whether the mischief may end after `gone` seconds: a run in which nothing was in doubt proves nothing.

    A slow machine may have sent little by the time that was chosen. Half of the whole time is the end in any case.
    """
    return gone > options.mischief and (all(pair.doubted for pair in pairs) or gone > options.limit / 2)


def _go_on(pair: Pair, standing: books.Standing, options: Options, gone: float) -> None:
    """Let the source change its mind when the last change was read, and note when all came to rest."""
    if standing.open_runs or standing.received < options.entries:
        return
    if pair.waves < WAVES:
        if gone > (pair.waves + 1) * options.mischief / (WAVES + 2):
            _change(pair, options)
        return
    at_rest = not standing.to_do and not pair.ledger.admin("GET", "state")["pending"]
    pair.resting = pair.resting + 1 if at_rest else 0
    if pair.resting >= QUIET:
        pair.seconds = gone


def _change(pair: Pair, options: Options) -> None:
    """Give some entries a later version and withdraw others; the next run reads them.

    Only between runs: this source numbers its pages, so a change while it is read would shift entries past the reader.
    """
    pair.waves += 1
    some = max(2, options.entries // 200)
    wanted = {"edit": some, "withdraw": some // 2, "seed": options.seed + pair.waves}
    pair.ledger.admin("POST", "changes", wanted)
    _ask(pair)


def _ask(pair: Pair) -> None:
    books.patiently(lambda: firm.ask_for_run(pair.way))
