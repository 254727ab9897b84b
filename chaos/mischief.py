"""Kills and stops processes of a running hub, in an order that depends on the seed only.

SIGKILL takes a process away at any moment; the supervisor starts it anew. SIGSTOP freezes it for longer than a lease,
so that others take its work over, and SIGCONT lets it go on as if nothing had happened.
"""

import contextlib
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chaos.house import NAMES, House
from hub.supervisor.processes import Seen

BACKEND = "postgresql backend"  # one connection's process: the server then restarts all of them, with recovery


@dataclass(frozen=True)
class Deed:
    """One thing done to one program."""

    target: str
    stops: bool  # SIGSTOP and SIGCONT, else SIGKILL

    def __str__(self) -> str:
        """Tell it in words."""
        return f"{self.target} {'stopped' if self.stops else 'killed'}"


DEEDS = (
    *(Deed(name, stops) for name in NAMES for stops in (False, True)),
    Deed(BACKEND, False),
    # the workers hold what can be lost, so they are hit twice as often
    *(Deed(name, stops) for name in ("worker-1", "worker-2") for stops in (False, True)),
)


def plan(seed: int) -> Iterator[Deed]:
    """Yield deeds for ever: every kind once, shuffled, then every kind again."""
    draw = random.Random(seed)  # noqa: S311 - a plan that can be repeated, not a secret
    for _ in itertools.count():
        yield from draw.sample(DEEDS, len(DEEDS))


class Mischief(threading.Thread):
    """A thread that does the deeds until told to stop. It never waits for the hub: what it froze it must also thaw."""

    def __init__(self, house: House, *, seed: int, every: float, pause: float) -> None:
        super().__init__(name="mischief", daemon=True)
        self.done: Counter[str] = Counter()  # by words, for example "redis killed"
        self._house, self._plan, self._every, self._pause = house, plan(seed), every, pause
        self._draw = random.Random(seed + 1)  # noqa: S311
        self._over = threading.Event()
        self._put_off: list[Deed] = []
        self._frozen: list[tuple[float, str, list[Seen]]] = []  # when to thaw whom

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(n for words, n in self.done.items() if words.endswith("killed"))

    @property
    def stops(self) -> int:
        """How many programs were stopped and continued."""
        return sum(n for words, n in self.done.items() if words.endswith("stopped"))

    def run(self) -> None:
        """Do a deed every few seconds."""
        due = time.monotonic() + self._every
        while not self._over.wait(0.05):
            self._thaw(time.monotonic())
            if time.monotonic() >= due:
                self._do_one()
                due = time.monotonic() + self._draw.uniform(0.5, 1.5) * self._every
        self._thaw(float("inf"))

    def end(self) -> None:
        """Do no more, let everything that was frozen go on, and return when that is done."""
        self._over.set()
        self.join()

    def _do_one(self) -> None:
        """Do the first deed that can be done now: those put off before, then the next of the plan."""
        self._put_off.append(next(self._plan))
        for deed in list(self._put_off):
            if self._do(deed):
                self._put_off.remove(deed)
                return

    def _do(self, deed: Deed) -> bool:
        """Do a deed, unless its program is frozen or on its way up; return whether it was done."""
        name = "postgresql" if deed.target == BACKEND else deed.target
        found = self._house.processes(name)
        if any(name == frozen for _, frozen, _ in self._frozen) or not found:
            return False
        if deed.stops:
            thaw_at = time.monotonic() + self._pause * self._draw.uniform(1.0, 1.2)
            self._frozen.append((thaw_at, name, found))
            _signal(found, signal.SIGSTOP)
        else:
            _signal([self._victim(deed.target, found)], signal.SIGKILL)
        self.done[str(deed)] += 1
        return True

    def _victim(self, target: str, found: list[Seen]) -> Seen:
        if target == BACKEND:
            backends = [each for each in found if "throughline" in each.command]
            return self._draw.choice(backends or found[1:] or found)
        # Of the web any process may die; of a server the first one, which is what its operator would call it.
        return self._draw.choice(found) if target == "web" else found[0]

    def _thaw(self, now: float) -> None:
        for frozen in [each for each in self._frozen if each[0] <= now]:
            _signal(frozen[2], signal.SIGCONT)
            self._frozen.remove(frozen)


def _signal(processes: list[Seen], number: int) -> None:
    for each in processes:
        if each.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, number)
